/* loss.h -- what losses share: their operands, which are z, the targets t and
 * perhaps row weights, and D, by which the sum over the batch is divided. */
#ifndef GRADUS_LOSS_H
#define GRADUS_LOSS_H

#include "gradus_layer.h"

/* A loss of z's shape with these operands; row_weight may be NULL. */
gradus_loss_node *gradus_loss_new(const gradus_op *op, size_t bytes,
                                  gradus_node *z, gradus_node *t,
                                  gradus_node *row_weight);

/* Checks the reduction and the row weights, and records the reduction.
 * Returns whether all is well; else there is a message. */
bool gradus_loss_reduce(gradus_loss_node *l, gradus_reduction reduction);

/* Checks and records weights w [K] of classes; NULL: none.  Returns as above;
 * *kept points to the recorded weights, or is NULL. */
bool gradus_loss_class_weight(gradus_loss_node *l, int K, const double *w,
                              const double **kept);

/* The weights of K classes in the settings of a model file; *w is NULL if there
 * are none.  Returns as above, with a message that names the op. */
bool gradus_loss_saved_weight(const char *op, const gradus_attr *a, int K,
                              const double **w);

/* D: the weight `valid` of what counts, or `all`, or 1, as the reduction
 * says. */
double gradus_loss_divisor(const gradus_loss_node *l, double valid,
                           double all);

/* For losses that are sums over the elements of z: checks that t is an input
 * of z's size.  Returns as above. */
bool gradus_loss_elements(gradus_loss_node *l);
/* Their rule's divisor, which counts elements. */
double gradus_loss_count_elements(const gradus_node *n, gradus_part all);

/* weight / D, by which backward multiplies the gradient. */
static inline double gradus_loss_scale(const gradus_loss_node *l)
{
    return l->weight / (l->divisor > 0 ? l->divisor : 1);
}

/* The weight of row i of the batch. */
static inline double gradus_loss_row_weight(const gradus_node *n, int i)
{
    return n->n_in > 2 ? n->in[2]->y[i] : 1;
}

#endif
