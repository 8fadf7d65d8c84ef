/* doctor_batches.h -- steps of a training that is only tried. */
#ifndef DOCTOR_BATCHES_H
#define DOCTOR_BATCHES_H

#include "doctor.h"

/* Copies all parameters and buffers of the graph to kept, or back if `back` is
 * set.  Returns how many there are; kept may be NULL. */
size_t copy_weights(gradus_graph *g, gradus_real *kept, int back);

/* Batches of rows in a random order, again and again. */
typedef struct {
    int *index; /* [rows], owned */
    int rows, batch, from, passes;
} batches;

/* Feeds d to the graph, and begins with batches of at most `most` rows.
 * Returns -1 on error. */
int begin_batches(batches *b, patient *p, const gradus_dataset *d, int most);

/* A step on the next batch; -1 on error. */
int next_step(batches *b, gradus_optimiser *o);

/* Adam with a learning rate that does not depend on the options; NULL on
 * error. */
gradus_optimiser *steady(patient *p);

#endif
