/* sweep.h -- a batch's way through the graph. */
#ifndef GRADUS_SWEEP_H
#define GRADUS_SWEEP_H

#include "gradus.h"

/* gradus_forward, for training or not; of rows from .. from+n-1 where index is
 * NULL. */
int gradus_sweep_forward(gradus_graph *g, const int *index, int from, int n,
                         int training);

/* Has every data node what a forward needs for these rows, and is it right?
 * Gathers and checks labels and weights; computes nothing. */
int gradus_sweep_prepare(gradus_graph *g, const int *index, int from, int n,
                         int training);

/* An error where the graph has no loss: all gradients would be 0, and training
 * a loop that does nothing, in silence. */
int gradus_sweep_check_loss(const gradus_graph *g);

/* Rows a slice of a batch of n, the pieces of phase 1; and the most slices
 * that a batch of up to max_batch rows has. */
int gradus_sweep_slice(int n);
int gradus_sweep_slices(int max_batch);

/* Does the node's backward make its parameters' gradients, in shares? */
int gradus_sweep_shares(const gradus_node *n);

/* A loss node's part of the batch's loss, divided and weighted. */
double gradus_sweep_loss(const gradus_node *loss, int rows);

#endif
