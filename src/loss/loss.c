/* loss.c -- what all losses share: making the node, checking its operands and
 * weights, and D, the number by which the sum over the batch is divided. */
#include "loss/loss.h"

#include <math.h>

void *gradus_loss_new(const gradus_op *op, size_t bytes, gradus_node *z,
                      gradus_node *t, gradus_node *row_weight,
                      gradus_reduction reduction)
{
    gradus_node *in[] = { z, t, row_weight };
    gradus_node *n = gradus_append(NULL, op, bytes, row_weight ? 3 : 2, in);

    if (!n || !gradus_set_shape(n, z->rank, z->shape))
        return NULL;
    if (row_weight && row_weight->kind != GRADUS_KIND_WEIGHTS)
        return gradus_fail(n, "row_weight is %s; must be a gradus_row_weights "
                           "node", row_weight->name);
    if ((unsigned)reduction > GRADUS_REDUCE_SUM)
        return gradus_fail(n, "the reduction is %d; must be 0 to %d",
                           reduction, GRADUS_REDUCE_SUM);
    gradus_as_loss(n)->reduction = reduction;
    if (reduction) /* not the default */
        n = gradus_set_attr(n, "reduction", 1, &(double){ reduction });
    return n;
}

gradus_node *gradus_loss_of_elements(gradus_node *n)
{
    if (!n)
        return NULL;
    const gradus_node *z = n->in[0], *t = n->in[1];
    if (t->kind != GRADUS_KIND_VALUES || t->wants_gradient)
        return gradus_fail(n, "the targets come from %s; must be an input "
                           "that wants no gradient", t->name);
    if (t->size != z->size)
        return gradus_fail(n, "a row of %s has size %d; must be %d, as of %s",
                           t->name, t->size, z->size, z->name);
    return n;
}

/* K, the number of classes that have a weight.  Where y is not a distribution
 * over classes, these are its first axis. */
static int weighted_classes(const gradus_node *n)
{
    int classes = gradus_as_loss(n)->classes;

    return classes ? classes : n->shape[0];
}

gradus_node *gradus_loss_set_class_weight(gradus_node *n, const double *w)
{
    if (!n || !w)
        return n;
    int K = weighted_classes(n);
    for (int k = 0; k < K; k++)
        if (!(w[k] >= 0 && isfinite(w[k])))
            return gradus_fail(n, "class_weight[%d] is %g; must be finite and "
                               "at least 0", k, w[k]);
    n = gradus_set_attr(n, "class_weight", K, w);
    if (n)
        gradus_as_loss(n)->class_weight =
            gradus_attr_values(n->attr, "class_weight", &(int){ 0 });
    return n;
}

gradus_node *gradus_loss_saved_class_weight(gradus_node *n,
                                            const gradus_attr *a)
{
    int count;
    const double *w = gradus_attr_values(a, "class_weight", &count);

    if (n && w && count != weighted_classes(n))
        return gradus_fail(n, "got %d class weights; must be %d, one a class",
                           count, weighted_classes(n));
    return gradus_loss_set_class_weight(n, w);
}

double gradus_loss_divisor(const gradus_loss_node *l, double valid, double all)
{
    const double D[] = { [GRADUS_REDUCE_MEAN_VALID] = valid,
                         [GRADUS_REDUCE_MEAN_BATCH] = all,
                         [GRADUS_REDUCE_SUM] = 1 };

    return D[l->reduction];
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

bool gradus_loss_diagnose(gradus_node *n, int row)
{
    for (int j = 0; j < 2; j++) {
        const gradus_node *x = n->in[j];
        for (int k = 0; k < n->size; k++) {
            double v = x->y[(size_t)row * (size_t)n->size + (size_t)k];
            if (!isfinite(v))
                return gradus_fail(n, "row %d: value %d of %s is %g; must be "
                                   "finite", row, k, x->name, v), true;
        }
    }
    return false;
}
