/* loss.h -- what all losses share.  The operands of a loss are z (logits, or
 * the predictions of a regression), the targets t and, if wanted, a node of
 * row weights.  The loss is a sum over the batch divided by a number D, which
 * the reduction determines. */
#ifndef GRADUS_LOSS_H
#define GRADUS_LOSS_H

#include "gradus_layer.h"

/* ---- for constructors: NULL, with a message, if something is wrong; a node
 * that is NULL is passed on ----------------------------------------------- */

/* Makes a loss node with the shape of z, and these operands; row_weight may be
 * NULL.  Checks row_weight and the reduction, which it records in the node's
 * settings unless it is the default.  `bytes` is the size of the struct, which
 * begins with a gradus_loss_node, and is returned. */
void *gradus_loss_new(const gradus_op *op, size_t bytes, gradus_node *z,
                      gradus_node *t, gradus_node *row_weight,
                      gradus_reduction reduction);

/* Returns n, a loss that is a sum over the elements of z, if its targets are
 * an input that wants no gradient, with as many numbers in a row as z. */
gradus_node *gradus_loss_of_elements(gradus_node *n);

/* Records the class weights w [K], which must be finite and at least 0, in the
 * settings of the loss n.  Where w is NULL, classes have no weights.  Returns
 * n. */
gradus_node *gradus_loss_set_class_weight(gradus_node *n, const double *w);
/* The same with the weights in the settings `a` of a model file, if they are
 * there; there must be K. */
gradus_node *gradus_loss_saved_class_weight(gradus_node *n,
                                            const gradus_attr *a);

/* ---- rules -------------------------------------------------------------- */

/* Returns D as the reduction says: `valid`, the sum of the weights of what
 * counts (mean over what counts); `all`, the number of all of it (mean over
 * the batch); or 1 (sum). */
double gradus_loss_divisor(const gradus_loss_node *l, double valid,
                           double all);

/* The `divisor` in the rule of a sum over elements: returns D of the batch
 * `all`, in which elements, and not rows, are counted. */
double gradus_loss_count_elements(const gradus_node *n, gradus_part all);

/* The `diagnose` in the rule of a sum over elements. */
bool gradus_loss_diagnose(gradus_node *n, int row);

/* Returns weight / D, by which backward multiplies the gradient; `weight` is
 * that of this loss among the losses of the graph.  A D of 0 counts as 1. */
static inline double gradus_loss_scale(const gradus_loss_node *l)
{
    return l->weight / (l->divisor > 0 ? l->divisor : 1);
}

/* ---- weights ------------------------------------------------------------ */

/* The weight of row i of the batch, 1 if the loss has no row weights. */
static inline double gradus_loss_row_weight(const gradus_node *n, int i)
{
    return n->n_in > 2 ? n->in[2]->y[i] : 1;
}

/* The weight of class k, 1 if the loss has no class weights. */
static inline double gradus_loss_class_weight(const gradus_loss_node *l, int k)
{
    return l->class_weight ? l->class_weight[k] : 1;
}

#endif
