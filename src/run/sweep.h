/* sweep.h -- a batch through the graph, piece by piece, on all threads. */
#ifndef GRADUS_SWEEP_H
#define GRADUS_SWEEP_H

#include "gradus.h"

enum { GRADUS_FORWARD = 1, GRADUS_BACKWARD = 2 };

/* Rows a slice of a batch of n, the pieces of phase 1; and the most slices
 * that a batch of up to max_batch rows has. */
int gradus_sweep_slice(int n);
int gradus_sweep_slices(int max_batch);

/* Does the node's backward make its parameters' gradients, in shares? */
int gradus_sweep_shares(const gradus_node *n);

/* Phase 1 of the batch at hand: forward, backward, or both in one. */
void gradus_sweep_rows(gradus_graph *g, int what, int add);

/* Phase 2: the parameters' gradients.  An error if one is not finite. */
int gradus_sweep_tiles(gradus_graph *g, int add);

/* Are all gradients finite?  Else an error that names one. */
int gradus_sweep_check(gradus_graph *g);

/* The optimiser's step. */
void gradus_sweep_update(gradus_optimiser *o);

#endif
