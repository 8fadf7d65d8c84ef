/* global_avgpool.c -- global average pooling: the mean of each channel, over
 * all positions of an image.
 *
 *   y = 1/HW sum x              x [B,C,H,W]   y [B,C]
 *   dx += dy / HW
 */
#include "gradus_layer.h"

#include "kernels/sums.h"

/* HW is the number of positions; the channels of all rows lie one after the
 * other in both x and y. */
static void forward(gradus_node *n, gradus_part p)
{
    const int HW = n->in[0]->size / n->size;
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, p, n->size);

    for (size_t c = 0; c < gradus_count(p, n->size); c++, x += HW)
        y[c] = gradus_sum(x, HW) / (gradus_real)HW;             /* (P5) */
}

static void backward(gradus_node *n, gradus_part p)
{
    const int HW = n->in[0]->size / n->size;
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->in[0]->size);
    const gradus_real *dy = gradus_row(n->dy, p, n->size);

    for (size_t c = 0; c < gradus_count(p, n->size); c++, dx += HW) {
        gradus_real d = dy[c] / (gradus_real)HW;
        for (int i = 0; i < HW; i++)
            dx[i] += d;                                         /* (P6) */
    }
}

const gradus_op gradus_global_avgpool2d_op = {
    .name = "global_avgpool", .forward = forward, .backward = backward,
    .unary = gradus_global_avgpool2d,
};

gradus_node *gradus_global_avgpool2d(gradus_node *x)
{
    gradus_node *n =
        gradus_append(NULL, &gradus_global_avgpool2d_op, sizeof *n, 1, &x);

    if (!n)
        return NULL;
    if (x->rank != 3)
        return gradus_fail(n, "%s has rank %d; must be 3, as "
                           "[channels,height,width]", x->name, x->rank);
    return gradus_set_shape(n, 1, x->shape);
}
