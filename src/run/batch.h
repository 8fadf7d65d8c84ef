/* batch.h -- a batch at hand: its rows, its labels, its loss. */
#ifndef GRADUS_BATCH_H
#define GRADUS_BATCH_H

#include "gradus.h"

/* gradus_forward, for training or not; of rows from .. from+n-1 where index is
 * NULL. */
int gradus_batch_forward(gradus_graph *g, const int *index, int from, int n,
                         int training);

/* Has every data node what a forward needs for these rows, and is it right?
 * Gathers and checks labels and weights; computes nothing. */
int gradus_batch_prepare(gradus_graph *g, const int *index, int from, int n,
                         int training);

/* An error where the graph has no loss: all gradients would be 0, and training
 * a loop that does nothing, in silence. */
int gradus_batch_check_loss(const gradus_graph *g);

/* A loss node's part of the batch's loss, divided and weighted. */
double gradus_batch_loss(const gradus_node *loss, int rows);

#endif
