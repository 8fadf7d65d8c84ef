/* loss.h -- what all losses share.  The operands of a loss are z (logits, or
 * the predictions of a regression), the targets t and, if wanted, a node of
 * row weights.  The loss is a sum over the batch divided by a number D, which
 * the reduction determines.
 *
 * The functions that return a bool return true if all is well, and otherwise
 * false, after setting an error message. */
#ifndef GRADUS_LOSS_H
#define GRADUS_LOSS_H

#include "gradus_layer.h"

/* Makes a loss node with the shape of z and these operands; row_weight may be
 * NULL.  `bytes` is the size of the struct, which begins with a
 * gradus_loss_node.  Returns NULL, with a message, if it cannot be made. */
gradus_loss_node *gradus_loss_new(const gradus_op *op, size_t bytes,
                                  gradus_node *z, gradus_node *t,
                                  gradus_node *row_weight);

/* Checks the reduction, and that operand 2, if there is one, is a node of row
 * weights.  Sets the reduction, and records it in the node's settings unless
 * it is the default. */
bool gradus_loss_reduce(gradus_loss_node *l, gradus_reduction reduction);

/* Checks the class weights w [K], which must be finite and at least 0, and
 * records them in the node's settings.  Sets *kept to the recorded copy, which
 * the settings own, or to NULL if w is NULL: classes then have no weights. */
bool gradus_loss_class_weight(gradus_loss_node *l, int K, const double *w,
                              const double **kept);

/* Sets *w to the class weights [K] in the settings `a` of a model file, which
 * own them, or to NULL if there are none.  Fails, with a message that names
 * the op, if there are weights but not K of them. */
bool gradus_loss_saved_weight(const char *op, const gradus_attr *a, int K,
                              const double **w);

/* Returns D as the reduction says: `valid`, the sum of the weights of what
 * counts (mean over what counts); `all`, the number of all of it (mean over
 * the batch); or 1 (sum). */
double gradus_loss_divisor(const gradus_loss_node *l, double valid,
                           double all);

/* The next two are for losses that are sums over the elements of z. */

/* Checks that the targets are an input that wants no gradient, with as many
 * numbers in a row as z. */
bool gradus_loss_elements(gradus_loss_node *l);
/* The `divisor` of such a loss's rule: returns D of the batch `all`, in which
 * elements, and not rows, are counted. */
double gradus_loss_count_elements(const gradus_node *n, gradus_part all);

/* Returns weight / D, by which backward multiplies the gradient; `weight` is
 * that of this loss among the losses of the graph.  A D of 0 counts as 1. */
static inline double gradus_loss_scale(const gradus_loss_node *l)
{
    return l->weight / (l->divisor > 0 ? l->divisor : 1);
}

/* The weight of row i of the batch, 1 if the loss has no row weights. */
static inline double gradus_loss_row_weight(const gradus_node *n, int i)
{
    return n->n_in > 2 ? n->in[2]->y[i] : 1;
}

#endif
