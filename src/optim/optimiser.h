/* optimiser.h -- what an optimiser is made of. */
#ifndef GRADUS_OPTIMISER_H
#define GRADUS_OPTIMISER_H

#include "gradus_layer.h"

#include <float.h>
#include <stdbool.h>

enum { GRADUS_MAX_STATES = 2 };

/* Parameters that lie one after the other and share a weight decay.  Every
 * array is [n], and belongs to one thread while a direction is computed. */
typedef struct {
    size_t n;
    const gradus_real *theta, *grad;
    gradus_real *state[GRADUS_MAX_STATES]; /* what the rule remembers of each
                        parameter, 0 before the first step: a velocity, say */
    double decay;                          /* lambda */
    gradus_real *d; /* the result: theta -= lr d is done by the caller */
} gradus_span;

/* How an optimiser turns gradients into a direction.  It sees spans of
 * numbers, and never a layer. */
typedef struct {
    const char *name;     /* of the optimiser, for messages */
    double learning_rate; /* the default */
    int states;           /* arrays that a span has, up to GRADUS_MAX_STATES */
    /* Called once a step, before any direction.  May be NULL. */
    void (*begin)(gradus_optimiser *o);
    /* Computes s->d; called for different spans by several threads at once. */
    void (*direction)(const gradus_optimiser *o, const gradus_span *s);
} gradus_rule;

/* A struct that begins with this is an optimiser; what follows is its own
 * settings. */
struct gradus_optimiser {
    const gradus_rule *rule;
    gradus_graph *graph; /* borrowed; it outlives the optimiser */
    double learning_rate, weight_decay; /* of nodes whose scales are 1 */
    bool decay_matrices_only;
    uint64_t steps;     /* begun by this optimiser: t, 1 in the first step */
    gradus_real *state; /* [rule->states,parameters] */

    /* Clipping, see clip.c. */
    double max_norm, max_value; /* 0: off */
    double *square;    /* [tiles], what each has added to |g|^2 in this step;
                          all 0 between steps */
    double norm;       /* |g| in the last step; NAN where it was not wanted */
    double clip_scale; /* of this step: each gradient is multiplied by it */
};

/* Replaces a decaying value of state by 0 once it is too small to move a
 * parameter.  Otherwise the momentum of a weight whose pixel is never lit
 * ends below the smallest normal number and stays there (0.9 of the very last
 * number rounds to itself), where many processors take some hundred cycles
 * for each product: on one of Intel's a step of 784-128-10 took 1.4 times as
 * long.  The factor 1 / epsilon leaves room for the learning rate. */
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

/* Makes the optimiser that `like` describes, a struct of `bytes` bytes with
 * its rule, learning rate (0: the rule's), weight decay and own settings; all
 * else in it is 0.  NULL, with a message, where one of these or the graph will
 * not do. */
gradus_optimiser *gradus_optimiser_new(gradus_graph *g,
                                       const gradus_optimiser *like,
                                       size_t bytes);

/* The next three check a setting called `what` of the optimiser `name`: 0, or
 * -1 with a message. */

/* Accepts values from 0 to 1e30. */
int gradus_need_amount(const char *name, const char *what, double value);

/* Accepts values from 0 up to, but not including, 1, as a gradus_real too. */
int gradus_need_fraction(const char *name, const char *what, double value);

/* Accepts 0, which stands for the default, and values up to 1e30 that are
 * above 0 as a gradus_real too. */
int gradus_need_epsilon(const char *name, double value);

/* ---- for a step, in this order --------------------------------------- */

/* Clips grad[from .. from+n-1], a part of a tile, by value, and counts it for
 * the norm.  Called for all parts of all tiles that are not frozen, where
 * max_norm or max_value is above 0.  Different tiles may run at once. */
void gradus_clip_part(gradus_optimiser *o, int tile, size_t from, size_t n);

/* Begins a step, on the calling thread: finds the norm of what was clipped,
 * and counts the step. */
void gradus_optimiser_begin(gradus_optimiser *o);

/* Clips by norm and updates theta[from .. from+count-1], which is all or a
 * piece of node n's parameter p.  Different pieces may run at once. */
void gradus_optimiser_update(const gradus_optimiser *o, const gradus_node *n,
                             const gradus_param *p, size_t from, size_t count);

/* ---- within this folder ---------------------------------------------- */

/* Sets norm and clip_scale from what gradus_clip_part has counted. */
void gradus_clip_sum(gradus_optimiser *o);

/* g[0..n-1] times this step's clip_scale. */
void gradus_clip_scale(const gradus_optimiser *o, gradus_real *g, size_t n);

#endif
