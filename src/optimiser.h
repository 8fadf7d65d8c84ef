/* optimiser.h -- what an optimiser is made of. */
#ifndef GRADUS_OPTIMISER_H
#define GRADUS_OPTIMISER_H

#include "gradus.h"

/* A struct that begins with this is an optimiser; it is a loop over a range of
 * parameters and never sees a layer. */
struct gradus_optimiser {
    const char *name;
    gradus_graph *graph;
    double learning_rate;
    /* theta[from..to-1] by grad[from..to-1]; several ranges run at once. */
    void (*update)(gradus_optimiser *o, size_t from, size_t to);
    gradus_real *state; /* the update's memory, such as velocity */
};

/* An optimiser of `bytes` bytes, zeroed but for its graph, learning rate and
 * `states` arrays of one number a parameter; or NULL with a message. */
gradus_optimiser *gradus_optimiser_new(gradus_graph *g, const char *name,
                                       size_t bytes, double learning_rate,
                                       int states);

#endif
