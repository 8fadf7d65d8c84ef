/* loss.h -- what losses share: their operands, which are z, targets t and
 * perhaps row weights, and what the sum over the batch is divided by. */
#ifndef GRADUS_LOSS_H
#define GRADUS_LOSS_H

#include "gradus.h"

/* A loss of z's shape with these operands; row_weight may be NULL. */
gradus_node *gradus_loss_new(const gradus_op *op, size_t bytes, gradus_node *z,
                             gradus_node *t, gradus_node *row_weight);

/* Checks the reduction and the row weights, and notes the reduction; like the
 * next one, n or NULL with a message. */
gradus_node *gradus_loss_reduce(gradus_node *n, gradus_reduction reduction);

/* Checks and notes weights for K classes; w may be NULL: none. */
gradus_node *gradus_loss_class_weight(gradus_node *n, int K, const double *w);

/* Sets D: `valid`, the weight that counts, or `all`, or 1. */
void gradus_loss_divide(gradus_node *n, double valid, double all);

/* For losses that are sums over the elements of z: checks that t is an input
 * of z's size; and their prepare, which counts elements. */
gradus_node *gradus_loss_elements(gradus_node *n);
int gradus_loss_prepare(gradus_node *n, gradus_rows r);

/* The weight of row i of the batch. */
static inline double gradus_loss_row_weight(const gradus_node *n, int i)
{
    return n->n_in > 2 ? n->in[2]->y[i] : 1;
}

#endif
