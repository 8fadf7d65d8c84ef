/* step.h -- the batch at hand: its forward pass, its backward pass and its
 * loss.  These are the calls of gradus.h with the options that fit, evaluate
 * and the gradient check need.  An int is 0, or -1 with a message. */
#ifndef GRADUS_STEP_H
#define GRADUS_STEP_H

#include "gradus_layer.h"

/* Like gradus_forward, but with layers as in training or as in inference.  The
 * batch consists of the n fed rows index[0..n-1], or from .. from+n-1 if index
 * is NULL. */
int gradus_run_forward(gradus_graph *g, const int *index, int from, int n,
                       bool training);

/* Like gradus_backward, or gradus_backward_add if `add` is set.  Phase 2 takes
 * the batch in parts of at most tile_rows rows (see GRADUS_TILE_ROWS). */
int gradus_run_backward(gradus_graph *g, bool add, int tile_rows);

/* Gathers the labels and row weights of a batch, given as above, and checks
 * that every data node has been fed those rows and that labels and weights are
 * valid.  Computes no values apart from the divisors of the losses.
 * Afterwards there is no batch at hand (batch.rows is 0). */
int gradus_prepare(gradus_graph *g, const int *index, int from, int n,
                   bool training);

/* Returns 0 if the graph has a loss, else -1 with a message.  Without a loss
 * all gradients would be 0, and training would silently do nothing. */
int gradus_need_loss(const gradus_graph *g);

/* What loss node l contributes to the loss of the batch at hand, which has
 * `rows` rows:  weight (loss[0] + .. + loss[rows-1]) / D,  where D is
 * l->divisor, or 1 if that is 0. */
double gradus_loss_of(const gradus_loss_node *l, int rows);

#endif
