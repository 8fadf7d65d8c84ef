/* shape.c -- what constructors of several layers do with shapes. */
#include "layers/shape.h"

#include <limits.h>

gradus_node *gradus_append_alike(const gradus_op *op, gradus_node *x)
{
    gradus_node *n = gradus_append(NULL, op, sizeof *n, 1, &x);

    return n ? gradus_set_shape(n, x->rank, x->shape) : NULL;
}

gradus_node *gradus_set_saved_shape(gradus_node *n, int rank, const int *shape)
{
    double axis[GRADUS_MAX_RANK];

    if (!gradus_set_shape(n, rank, shape))
        return NULL;
    for (int i = 0; i < rank; i++)
        axis[i] = shape[i];
    return gradus_set_attr(n, "shape", rank, axis);
}

int gradus_saved_shape(const gradus_attr *a, int shape[GRADUS_MAX_RANK])
{
    int rank;
    const double *axis = gradus_attr_values(a, "shape", &rank);

    for (int i = 0; i < GRADUS_MAX_RANK; i++)
        shape[i] = i < rank && axis[i] >= 1 && axis[i] <= INT_MAX
                       ? (int)axis[i] : 0;
    return rank;
}

gradus_node *gradus_same_axes(gradus_node *n, const gradus_node *a,
                              const gradus_node *b, int first)
{
    if (a->rank != b->rank)
        return gradus_fail(n, "%s has rank %d and %s rank %d; must be the "
                           "same", a->name, a->rank, b->name, b->rank);
    for (int i = first; i < a->rank; i++)
        if (a->shape[i] != b->shape[i])
            return gradus_fail(n, "axis %d of %s is %d and of %s %d; must be "
                               "the same", i, a->name, a->shape[i], b->name,
                               b->shape[i]);
    return n;
}
