/* relu.c -- rectified linear unit.
 *
 *   y = max(0, x)               x, y of one shape; a NaN stays a NaN
 *
 *   dx += dy [x > 0]
 */
#include "gradus.h"

static void forward(gradus_node *n, gradus_rows r)
{
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->size);
    gradus_real *y = gradus_row(n->y, r, n->size);

    for (size_t i = 0; i < (size_t)r.n * n->size; i++)
        y[i] = x[i] < 0 ? 0 : x[i];
}

static void backward(gradus_node *n, gradus_rows r)
{
    const gradus_real *y = gradus_row(n->y, r, n->size);
    const gradus_real *dy = gradus_row(n->dy, r, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, r, n->size);

    for (size_t i = 0; i < (size_t)r.n * n->size; i++) {
        gradus_real d = dy[i]; /* read always: then no branch is needed */
        dx[i] += y[i] > 0 ? d : 0;
    }
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    (void)g, (void)a;
    return gradus_relu(n_in ? in[0] : NULL);
}

const gradus_op gradus_relu_op = {
    .name = "relu", .forward = forward, .backward = backward, .make = make,
};

gradus_node *gradus_relu(gradus_node *x)
{
    gradus_node *n = gradus_append(NULL, &gradus_relu_op, sizeof *n, 1, &x);

    return n ? gradus_shape(n, x->rank, x->shape) : NULL;
}
