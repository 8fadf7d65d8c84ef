/* loss.c -- what all losses share: making the node, checking its operands and
 * weights, and D, the number by which the sum over the batch is divided. */
#include "loss/loss.h"

#include <math.h>

gradus_loss_node *gradus_loss_new(const gradus_op *op, size_t bytes,
                                  gradus_node *z, gradus_node *t,
                                  gradus_node *row_weight)
{
    gradus_node *in[] = { z, t, row_weight };
    gradus_node *n = gradus_append(NULL, op, bytes, 2 + !!row_weight, in);

    if (!n || !gradus_set_shape(n, z->rank, z->shape))
        return NULL;
    return gradus_as_loss(n);
}

/* row_weight, if there is one, is operand 2. */
bool gradus_loss_reduce(gradus_loss_node *l, gradus_reduction reduction)
{
    gradus_node *n = &l->node;

    if ((unsigned)reduction > GRADUS_REDUCE_SUM)
        return gradus_fail(n, "the reduction is %d; must be 0 to %d",
                           reduction, GRADUS_REDUCE_SUM);
    if (n->n_in > 2 && n->in[2]->kind != GRADUS_KIND_WEIGHTS)
        return gradus_fail(n, "row_weight is %s; must be a gradus_row_weights "
                           "node", n->in[2]->name);
    l->reduction = reduction;
    if (reduction) /* not the default */
        n = gradus_set_attr(n, "reduction", 1, &(double){ reduction });
    return n != NULL;
}

bool gradus_loss_class_weight(gradus_loss_node *l, int K, const double *w,
                              const double **kept)
{
    int count;

    *kept = NULL;
    if (!w)
        return true;
    for (int k = 0; k < K; k++)
        if (!(w[k] >= 0 && isfinite(w[k])))
            return gradus_fail(&l->node, "class_weight[%d] is %g; must be "
                               "finite and at least 0", k, w[k]);
    if (!gradus_set_attr(&l->node, "class_weight", K, w))
        return false;
    *kept = gradus_attr_values(l->node.attr, "class_weight", &count);
    return true;
}

bool gradus_loss_saved_weight(const char *op, const gradus_attr *a, int K,
                              const double **w)
{
    int count;

    /* w points into the settings a, and is valid as long as they are. */
    *w = gradus_attr_values(a, "class_weight", &count);
    if (!*w || count == K)
        return true;
    return gradus_fail(NULL, "%s: got %d class weights; must be %d, one a "
                       "class", op, count, K);
}

double gradus_loss_divisor(const gradus_loss_node *l, double valid, double all)
{
    return l->reduction == GRADUS_REDUCE_MEAN_VALID   ? valid
           : l->reduction == GRADUS_REDUCE_MEAN_BATCH ? all
                                               : 1;
}

bool gradus_loss_elements(gradus_loss_node *l)
{
    const gradus_node *z = l->node.in[0], *t = l->node.in[1];

    if (t->kind != GRADUS_KIND_VALUES || t->wants_gradient)
        return gradus_fail(&l->node, "the targets come from %s; must be an "
                           "input that wants no gradient", t->name);
    if (t->size != z->size)
        return gradus_fail(&l->node, "a row of %s has size %d; must be %d, as "
                           "of %s", t->name, t->size, z->size, z->name);
    return true;
}

/* `valid` counts the elements of a row by the row's weight; `all` counts each
 * element as 1. */
double gradus_loss_count_elements(const gradus_node *n, gradus_part all)
{
    double rows = 0;

    for (int i = all.row; i < all.row + all.rows; i++)
        rows += gradus_loss_row_weight(n, i);
    return gradus_loss_divisor(gradus_as_loss(n), rows * n->size,
                               (double)all.rows * n->size);
}
