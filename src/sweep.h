/* sweep.h -- a batch's way through the graph. */
#ifndef GRADUS_SWEEP_H
#define GRADUS_SWEEP_H

#include "gradus.h"

/* gradus_forward, for training or not. */
int gradus_sweep_forward(gradus_graph *g, const int *index, int n,
                         int training);

/* Has every data node what prepare needs for these rows, and is it right?
 * Reads labels and weights; computes nothing. */
int gradus_sweep_prepare(gradus_graph *g, const int *index, int n);

/* Rows a slice of a batch of n, the pieces of phase 1. */
int gradus_sweep_slice(int n);

/* A loss node's part of the batch's loss, divided and weighted. */
double gradus_sweep_loss(const gradus_node *loss, int rows);

#endif
