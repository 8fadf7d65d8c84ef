/* optimiser.h -- what an optimiser is made of.  The rule of an optimiser (SGD,
 * Adam, ..) turns gradients, weight decay and its own state into a direction
 * d.  All optimisers share the rest: clipping of the gradients, the memory,
 * and theta -= lr d for the parameters theta and the learning rate lr. */
#ifndef GRADUS_OPTIMISER_H
#define GRADUS_OPTIMISER_H

#include "gradus_layer.h"

#include <float.h>

/* A rule may remember at most this many numbers of each parameter. */
enum { GRADUS_MAX_STATES = 2 };

/* Some parameters that lie one after the other in memory and have the same
 * weight decay.  Every array is [n] and borrowed: theta and grad from the
 * graph, state from the optimiser, and d from the caller.  While a direction
 * is computed, no other thread uses these parts of them. */
typedef struct {
    size_t n;                        /* number of parameters */
    const gradus_real *theta, *grad; /* the parameters and their gradients */
    gradus_real *state[GRADUS_MAX_STATES]; /* what the rule remembers of each
                        parameter, such as a velocity; 0 before the first
                        step.  The first `states` pointers are set */
    double decay;   /* lambda, the coefficient of the weight decay */
    gradus_real *d; /* where the rule writes the direction; the caller then
                       computes theta -= lr d */
} gradus_span;

/* How an optimiser of one kind turns gradients into a direction.  A rule is
 * constant, and sees spans of numbers, but never a layer. */
typedef struct {
    const char *name;     /* the optimiser's name in messages */
    double learning_rate, weight_decay; /* the defaults */
    const char *settings[5]; /* the names of the numbers that `own` begins
                             with, then NULL: those that a training which is
                             resumed must have again */
    int states;           /* state arrays, 0 to GRADUS_MAX_STATES */
    /* Called once in each step, before any direction is computed, to prepare
     * what depends on o->steps alone.  It may be NULL. */
    void (*begin)(gradus_optimiser *o);
    /* Computes s->d and updates s->state.  Several threads call it at once,
     * each for a different span. */
    void (*direction)(const gradus_optimiser *o, const gradus_span *s);
} gradus_rule;

/* What all optimisers have.  An optimiser owns state and square, and allocates
 * both when it is made. */
struct gradus_optimiser {
    const gradus_rule *rule;
    void *own; /* what the rule alone knows: its options, with their defaults
                  filled in, which follow the optimiser in memory */
    gradus_graph *graph; /* borrowed; it has to outlive the optimiser */
    double learning_rate, weight_decay; /* lr per step, and lambda, of nodes
                            whose lr_scale and decay_scale are 1 */
    bool decay_matrices_only; /* no decay of parameters with a single axis */
    uint64_t steps;     /* t, the steps that this optimiser has begun: 1 from
                           the beginning of the first */
    gradus_real *state; /* [rule->states,parameters] */
    bool large;         /* the state may have numbers above 1e24, or theta
                           above 1e12, which can make a step overflow */

    /* Clipping, see clip.c. */
    double max_norm, max_value; /* the bounds; 0 switches one off */
    double *square;    /* [tiles], the part of |g|^2 that each tile has added
                          in this step; all 0 between steps */
    double norm;       /* |g| in the last step; NAN before the first, and where
                          max_norm is 0 */
    double clip_scale; /* the factor of every gradient in this step, 0 to 1 */
};

/* Returns v, a decaying number of the state, or 0 once it is too small to move
 * a parameter.  Otherwise the momentum of a weight whose pixel is never lit
 * would sink below the smallest normal number and stay there, as 0.9 times the
 * smallest number of all rounds to that number again.  Many processors take
 * some hundred cycles for a product of such (subnormal) numbers: on one of
 * Intel's, a step of 784-128-10 took 1.4 times as long.  The limit is the
 * smallest normal number over the machine epsilon, which leaves room for a
 * multiplication by the learning rate. */
#ifdef GRADUS_DOUBLE
#define GRADUS_FADED (DBL_MIN / DBL_EPSILON)
#else
#define GRADUS_FADED (FLT_MIN / FLT_EPSILON)
#endif

static inline gradus_real gradus_unfaded(gradus_real v)
{
    return v > -GRADUS_FADED && v < GRADUS_FADED ? 0 : v;
}

/* ---- for the rules' constructors ------------------------------------- */

/* Makes an optimiser of the graph g with this rule and a copy of `own`, which
 * is `bytes` bytes.  A learning rate or weight decay of 0 stands for the
 * rule's.  Returns NULL, with a message, if one of the two rates is out of
 * bounds, if the graph is not compiled or has no parameters, or if memory runs
 * out. */
gradus_optimiser *gradus_optimiser_new(gradus_graph *g,
                                       const gradus_rule *rule,
                                       const void *own, size_t bytes,
                                       double learning_rate,
                                       double weight_decay);

/* The next three check the value of a setting of the optimiser `name`; `what`
 * is what the message calls it.  They return 0, or -1 with a message.  The
 * last two first replace a value of 0, which stands for the default, by it. */

/* Accepts values from 0 to 1e30. */
int gradus_need_amount(const char *name, const char *what, double value);

/* Accepts values from 0 up to, but not including, 1.  A value that becomes 1
 * when it is rounded to a gradus_real is refused, too. */
int gradus_need_fraction(const char *name, const char *what, double *value,
                         double otherwise);

/* Accepts values above 0 up to 1e30.  A value that becomes 0 when it is
 * rounded to a gradus_real is refused. */
int gradus_need_positive(const char *name, const char *what, double *value,
                         double otherwise);

/* ---- for a step, in this order --------------------------------------- */

/* Clips grad[from .. from+n-1], a part of the tile, by value, and adds its
 * squares to square[tile]; does each only if max_value or max_norm,
 * respectively, is above 0.  If either is, this is called for each part of
 * each tile whose node is not frozen.  Several threads may call it at once,
 * for different tiles. */
void gradus_clip_part(gradus_optimiser *o, int tile, size_t from, size_t n);

/* Begins a step: computes the norm of all gradients, which have been clipped
 * by value, and the factor that clips by norm; adds 1 to steps; and calls the
 * rule's begin.  One thread calls it. */
void gradus_optimiser_begin(gradus_optimiser *o);

/* Clips grad[from .. from+count-1] by norm, and updates the same range of
 * theta, which is the parameter p of node n, or a piece of it.  Several
 * threads may call it at once, for different pieces. */
void gradus_optimiser_update(const gradus_optimiser *o, const gradus_node *n,
                             const gradus_param *p, size_t from, size_t count);

/* ---- within this folder ---------------------------------------------- */

/* Sets norm and clip_scale from the sums in square [tiles], and then sets
 * the sums to 0 for the next step. */
void gradus_clip_sum(gradus_optimiser *o);

/* Multiplies the gradients g [n] by this step's clip_scale. */
void gradus_clip_scale(const gradus_optimiser *o, gradus_real *g, size_t n);

#endif
