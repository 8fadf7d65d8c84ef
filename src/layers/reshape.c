/* reshape.c -- the same numbers in the same order, but in another shape; and
 * flatten, which gives them a single axis.
 *
 *   y = x                       a row of y has as many numbers as one of x
 *
 *   dx += dy
 */
#include "layers/shape.h"

#include <string.h>

static void forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    memcpy(r.y, r.x, r.n * sizeof *r.y);
}

static void backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        r.dx[i] += r.dy[i];
}

static gradus_node *make(const gradus_saved *s)
{
    int shape[GRADUS_MAX_RANK];

    return gradus_reshape(s->in[0], gradus_saved_shape(s->attr, shape), shape);
}

const gradus_op gradus_reshape_op = {
    .name = "reshape", .forward = forward, .backward = backward, .make = make,
    .mask = GRADUS_MASK_KEPT,
};

/* Sets s [rank] to the shape [rank], with the length of an axis given as -1
 * filled in.  Returns n, or NULL with a message. */
static gradus_node *infer_shape(gradus_node *n, int rank, const int *shape,
                                int *s)
{
    const gradus_node *x = n->in[0];
    int unknown = -1;   /* the axis given as -1 */
    int left = x->size; /* divided by the product of the other axes; 0 if that
                           is not a whole number */

    for (int i = 0; i < rank; i++) {
        s[i] = shape[i];
        if (s[i] == -1 && unknown >= 0)
            return gradus_fail(n, "axis %d is a second -1; only one axis can "
                               "be inferred", i);
        if (s[i] == -1)
            unknown = i;
        else if (s[i] < 1)
            return gradus_fail(n, "axis %d is %d; must be at least 1, or -1 "
                               "to be inferred", i, s[i]);
        else
            left = left % s[i] ? 0 : left / s[i];
    }
    if (unknown >= 0 && !left)
        return gradus_fail(n, "axis %d is -1, but the others do not divide "
                           "the %d values of %s", unknown, x->size, x->name);
    if (unknown >= 0)
        s[unknown] = left;
    return n;
}

gradus_node *gradus_reshape(gradus_node *x, int rank, const int *shape)
{
    gradus_node *n = gradus_append(NULL, &gradus_reshape_op, sizeof *n, 1, &x);
    int s[GRADUS_MAX_RANK];

    if (!n)
        return NULL;
    if (rank < 1 || rank > GRADUS_MAX_RANK || !shape)
        return gradus_set_shape(n, rank, shape); /* which refuses it */
    n = gradus_set_saved_shape(infer_shape(n, rank, shape, s), rank, s);
    if (n && n->size != x->size)
        return gradus_fail(n, "the shape has %d values, but %s has %d",
                           n->size, x->name, x->size);
    return n;
}

gradus_node *gradus_flatten(gradus_node *x)
{
    return gradus_reshape(x, 1, &(int){ -1 });
}
