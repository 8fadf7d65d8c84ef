/* global_avgpool.c -- the mean of each channel.
 *
 *   y = 1/HW sum x              x [B,C,H,W]   y [B,C]
 *   dx += dy / HW
 */
#include "kernels/sums.h"

static void forward(gradus_node *n, gradus_rows r)
{
    const int HW = n->in[0]->size / n->size;
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, r, n->size);

    for (size_t c = 0; c < (size_t)r.n * n->size; c++, x += HW)
        y[c] = gradus_sum(x, HW) / (gradus_real)HW;
}

static void backward(gradus_node *n, gradus_rows r)
{
    const int HW = n->in[0]->size / n->size;
    gradus_real *dx = gradus_row(n->in[0]->dy, r, n->in[0]->size);
    const gradus_real *dy = gradus_row(n->dy, r, n->size);

    for (size_t c = 0; c < (size_t)r.n * n->size; c++, dx += HW) {
        gradus_real d = dy[c] / (gradus_real)HW;
        for (int i = 0; i < HW; i++)
            dx[i] += d;
    }
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    (void)g, (void)a;
    return gradus_global_avgpool(n_in ? in[0] : NULL);
}

const gradus_op gradus_global_avgpool_op = {
    .name = "global_avgpool", .forward = forward, .backward = backward,
    .make = make,
};

gradus_node *gradus_global_avgpool(gradus_node *x)
{
    gradus_node *n = gradus_append(NULL, &gradus_global_avgpool_op, sizeof *n,
                                   1, &x);

    if (!n)
        return NULL;
    if (x->rank != 3)
        return gradus_fail(n, "%s has %d %s, [channels,height,width] wanted",
                           x->name, x->rank, x->rank == 1 ? "axis" : "axes");
    return gradus_shape(n, 1, x->shape);
}
