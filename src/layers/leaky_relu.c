/* leaky_relu.c -- rectified linear unit with a slope below 0.
 *
 *   y = x where x >= 0, a x elsewhere      x, y of one shape; a the slope
 *
 *   dx += dy (x > 0 ? 1 : a)               as in PyTorch, a at 0
 */
#include "gradus.h"

#include <math.h>

static gradus_real slope_of(const gradus_node *n)
{
    return (gradus_real)gradus_attr_double(n->attr, "slope", 0);
}

static void forward(gradus_node *n, gradus_rows r)
{
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->size);
    gradus_real *y = gradus_row(n->y, r, n->size), a = slope_of(n);

    for (size_t i = 0; i < (size_t)r.n * n->size; i++)
        y[i] = x[i] < 0 ? a * x[i] : x[i];
}

static void backward(gradus_node *n, gradus_rows r)
{
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->size);
    const gradus_real *dy = gradus_row(n->dy, r, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, r, n->size), a = slope_of(n);

    for (size_t i = 0; i < (size_t)r.n * n->size; i++)
        dx[i] += dy[i] * (x[i] > 0 ? 1 : a);
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    (void)g;
    return gradus_leaky_relu(n_in ? in[0] : NULL,
                             gradus_attr_double(a, "slope", NAN));
}

const gradus_op gradus_leaky_relu_op = {
    .name = "leaky_relu", .forward = forward, .backward = backward,
    .make = make,
};

gradus_node *gradus_leaky_relu(gradus_node *x, double slope)
{
    gradus_node *n =
        gradus_append(NULL, &gradus_leaky_relu_op, sizeof *n, 1, &x);

    if (n && !isfinite((gradus_real)slope))
        return gradus_fail(n, "slope %g, a finite one wanted", slope);
    n = gradus_set_attr(n, "slope", 1, &slope);
    return n ? gradus_shape(n, x->rank, x->shape) : NULL;
}
