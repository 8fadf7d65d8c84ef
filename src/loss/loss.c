/* loss.c -- what losses share: operands, weights, divisor. */
#include "loss/loss.h"

#include <math.h>

gradus_node *gradus_loss_new(const gradus_op *op, size_t bytes, gradus_node *z,
                             gradus_node *t, gradus_node *row_weight)
{
    gradus_node *in[] = { z, t, row_weight };
    gradus_node *n = gradus_append(NULL, op, bytes, 2 + !!row_weight, in);

    if (!n || !gradus_shape(n, z->rank, z->shape))
        return NULL;
    n->is_loss = 1;
    return n;
}

gradus_node *gradus_loss_reduce(gradus_node *n, gradus_reduction reduction)
{
    if ((unsigned)reduction > GRADUS_SUM)
        return gradus_fail(n, "no reduction has the number %d", reduction);
    if (n->n_in > 2 && n->in[2]->kind != GRADUS_WEIGHTS)
        return gradus_fail(n, "row_weight: a gradus_row_weights node wanted");
    n->reduction = reduction;
    if (reduction) /* not the default */
        n = gradus_set_attr(n, "reduction", 1, &(double){ reduction });
    return n;
}

gradus_node *gradus_loss_class_weight(gradus_node *n, int K, const double *w)
{
    for (int k = 0; w && k < K; k++)
        if (!(w[k] >= 0 && isfinite(w[k])))
            return gradus_fail(n, "class_weight[%d] is %g, finite and at "
                               "least 0 wanted", k, w[k]);
    return w ? gradus_set_attr(n, "class_weight", K, w) : n;
}

void gradus_loss_divide(gradus_node *n, double valid, double all)
{
    n->divisor = n->reduction == GRADUS_MEAN_VALID   ? valid
                 : n->reduction == GRADUS_MEAN_BATCH ? all
                                                     : 1;
}

gradus_node *gradus_loss_elements(gradus_node *n)
{
    const gradus_node *z = n->in[0], *t = n->in[1];

    if (t->kind != GRADUS_VALUES || t->wants_gradient)
        return gradus_fail(n, "targets come from an input node that wants no "
                           "gradient, not from %s", t->name);
    if (t->size != z->size)
        return gradus_fail(n, "%d targets a sample from %s, but %s has %d "
                           "values", t->size, t->name, z->name, z->size);
    return n;
}

int gradus_loss_prepare(gradus_node *n, gradus_rows r)
{
    double rows = 0;

    for (int i = r.from; i < r.from + r.n; i++)
        rows += gradus_loss_row_weight(n, i);
    gradus_loss_divide(n, rows * n->size, (double)r.n * n->size);
    return 0;
}
