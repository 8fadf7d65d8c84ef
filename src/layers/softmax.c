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
#include "gradus_layer.h"

#include "kernels/softmax.h"

/* Returns C, the length of the last axis. */
static int last_axis(const gradus_node *n)
{
    return n->shape[n->rank - 1];
}

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
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    gradus_real *y = gradus_row(n->y, p, n->size), max;
    int C = last_axis(n);

    for (size_t i = 0; i < gradus_count(p, n->size); i += (size_t)C)
        gradus_softmax_of(x + i, y + i, C, 1, &max);
}

static void backward(gradus_node *n, gradus_part p)
{
    const gradus_real *y = gradus_row(n->y, p, n->size);
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->size);
    int C = last_axis(n);

    for (size_t i = 0; i < gradus_count(p, n->size); i += (size_t)C)
        softmax_back(y + i, dy + i, dx + i, C);
}

const gradus_op gradus_softmax_op = {
    .name = "softmax", .forward = forward, .backward = backward,
    .unary = gradus_softmax,
};

gradus_node *gradus_softmax(gradus_node *x)
{
    gradus_node *n = gradus_append(NULL, &gradus_softmax_op, sizeof *n, 1, &x);

    return n ? gradus_set_shape(n, x->rank, x->shape) : NULL;
}
