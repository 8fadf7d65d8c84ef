/* shape.c -- what constructors of several layers do with shapes. */
#include "layers/shape.h"

#include <limits.h>
#include <stdio.h>

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

/* Writes the shape of n's value, such as "[B,3,4]". */
static const char *shape_text(const gradus_node *n, char text[64])
{
    int at = snprintf(text, 64, "[B");

    for (int i = 0; i < n->rank; i++)
        at += snprintf(text + at, 64 - (size_t)at, ",%d", n->shape[i]);
    snprintf(text + at, 64 - (size_t)at, "]");
    return text;
}

gradus_node *gradus_same_axes(gradus_node *n, const gradus_node *a,
                              const gradus_node *b, int first)
{
    char of_a[64], of_b[64];
    bool same = a->rank == b->rank;

    for (int i = first; same && i < a->rank; i++)
        same = a->shape[i] == b->shape[i];
    if (same)
        return n;
    return gradus_fail(n, "%s is %s and %s %s; must be equal%s", a->name,
                       shape_text(a, of_a), b->name, shape_text(b, of_b),
                       first ? " but for the first number after B" : "");
}
