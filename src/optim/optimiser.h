/* optimiser.h -- what an optimiser is made of. */
#ifndef GRADUS_OPTIMISER_H
#define GRADUS_OPTIMISER_H

#include "gradus.h"

#include <float.h>

/* A struct that begins with this is an optimiser.  It makes the direction d of
 * a range of parameters, theta -= lr d is done for it, and it never sees a
 * layer. */
struct gradus_optimiser {
    const char *name;
    gradus_graph *graph;
    double learning_rate, weight_decay;
    int decay_matrices_only;
    double max_norm, max_value;   /* of clipping; 0: none */
    double *square;               /* [tiles], sums of squared gradients */
    double norm, clip_scale;      /* of the last step; norm may be NAN */
    uint64_t steps; /* begun by this optimiser; 1 in the first */
    /* Once a step, before the directions; may be NULL. */
    void (*begin)(gradus_optimiser *o);
    /* d[0..n-1] of theta and grad from `from` on, with weight decay `decay`;
     * several ranges run at once. */
    void (*direction)(gradus_optimiser *o, size_t from, size_t n, double decay,
                      gradus_real *d);
    gradus_real *state; /* the direction's memory, such as velocity */
};

/* What state keeps of a value that fades: 0 once it is too small to move a
 * parameter.  Without it the momentum of a weight whose pixel is never lit
 * ends below the smallest normal number, where it stays (0.9 of the very last
 * number rounds to itself) and where many processors take some hundred cycles
 * a product: on one of Intel's a step of 784-128-10 took 1.4 times as long.
 * The factor leaves room for the learning rate. */
#ifdef GRADUS_DOUBLE
#define GRADUS_FADED (DBL_MIN / DBL_EPSILON)
#else
#define GRADUS_FADED (FLT_MIN / FLT_EPSILON)
#endif

static inline gradus_real gradus_unfaded(gradus_real v)
{
    return v > -GRADUS_FADED && v < GRADUS_FADED ? 0 : v;
}

/* An optimiser of `bytes` bytes, zeroed but for its graph, learning rate and
 * `states` arrays of one number a parameter; or NULL with a message. */
gradus_optimiser *gradus_optimiser_new(gradus_graph *g, const char *name,
                                       size_t bytes, double learning_rate,
                                       int states);

/* The weight decay of node n's parameter p. */
double gradus_optimiser_decay(const gradus_optimiser *o, const gradus_node *n,
                              const gradus_param *p);

/* Clipping, once a step: by value, returning the sum of squares, for pieces of
 * the gradient that together are all of it; then the norm, from o->square;
 * then by norm, for the same pieces. */
double gradus_clip_part(const gradus_optimiser *o, gradus_real *g, size_t n);
void gradus_clip_sum(gradus_optimiser *o);
void gradus_clip_scale(const gradus_optimiser *o, gradus_real *g, size_t n);

/* theta[from..to-1] -= lr d; several ranges run at once. */
void gradus_optimiser_update(gradus_optimiser *o, size_t from, size_t to,
                             double lr, double decay);

/* Is a setting finite and at least 0; 0 to below 1; 0 (for the default) or
 * finite and above 0 as a gradus_real too?  Else a message. */
int gradus_optimiser_amount(const char *name, const char *what, double value);
int gradus_optimiser_fraction(const char *name, const char *what,
                              double value);
int gradus_optimiser_epsilon(const char *name, double value);

#endif
