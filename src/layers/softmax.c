/* softmax.c -- softmax over the last axis, as a layer.  The loss softmax_ce
 * does not need it: it takes logits, and computes their softmax itself.
 *
 *   y_k = exp(x_k - m) / sum_j exp(x_j - m),  m = max_j x_j
 *
 *   dx_k += y_k (dy_k - sum_j dy_j y_j)
 *
 *   x, y, dx, dy [B,..,C]: at each position there is one softmax over the C
 *   numbers of the last axis.  An x of -inf is masked: its y is 0, and no
 *   gradient is added to it.
 */
#include "kernels/softmax.h"
#include "layers/shape.h"

/* dx_k += y_k (dy_k - sum_j dy_j y_j) at one position: y, dy, dx [C]. */
static void softmax_back(const gradus_real *y, const gradus_real *dy,
                         gradus_real *dx, int C)
{
    double dot = 0;

    for (int k = 0; k < C; k++)
        dot += (double)dy[k] * y[k];
    gradus_real mean = (gradus_real)dot; /* of dy, weighted by y */
    for (int k = 0; k < C; k++)
        dx[k] += y[k] * (dy[k] - mean);
}

static void forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);
    int C = n->shape[n->rank - 1];
    gradus_real max;

    for (size_t i = 0; i < r.n; i += (size_t)C)
        gradus_softmax_of(r.x + i, r.y + i, C, 1, &max);
}

static void backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);
    int C = n->shape[n->rank - 1];

    for (size_t i = 0; i < r.n; i += (size_t)C)
        softmax_back(r.y + i, r.dy + i, r.dx + i, C);
}

const gradus_op gradus_softmax_op = {
    .name = "softmax", .forward = forward, .backward = backward,
    .unary = gradus_softmax,
};

gradus_node *gradus_softmax(gradus_node *x)
{
    return gradus_append_alike(&gradus_softmax_op, x);
}
