/* step.h -- a batch at hand: forward, backward and its loss. */
#ifndef GRADUS_STEP_H
#define GRADUS_STEP_H

#include "gradus_layer.h"

/* gradus_forward, in training or not.  If index is NULL, it takes rows from ..
 * from+n-1. */
int gradus_run_forward(gradus_graph *g, const int *index, int from, int n,
                       bool training);

/* gradus_backward, with parts of at most tile_rows rows (see cut.h). */
int gradus_run_backward(gradus_graph *g, bool add, int tile_rows);

/* Has every data node what a forward of these rows needs, and is it right?
 * Gathers and checks labels and weights, and computes nothing else. */
int gradus_prepare(gradus_graph *g, const int *index, int from, int n,
                   bool training);

/* Has the graph a loss?  If not, an error: all gradients would be 0, and
 * training would do nothing, in silence. */
int gradus_need_loss(const gradus_graph *g);

/* A loss node's part of the batch's loss, divided and weighted. */
double gradus_loss_of(const gradus_loss_node *l, int rows);

#endif
