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

static void forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);
    size_t C = (size_t)n->shape[n->rank - 1];
    gradus_real max;

    for (size_t i = 0; i < r.n; i += C)
        gradus_softmax_of(r.x + i, r.y + i, (int)C, 1, &max);
}

static void backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);
    size_t C = (size_t)n->shape[n->rank - 1];

    for (size_t i = 0; i < r.n; i += C) {
        double dot = 0;
        for (size_t k = i; k < i + C; k++)
            dot += (double)r.dy[k] * r.y[k];
        gradus_real mean = (gradus_real)dot; /* of dy, weighted by y */
        for (size_t k = i; k < i + C; k++)
            r.dx[k] += r.y[k] * (r.dy[k] - mean); /* (S8) */
    }
}

const gradus_op gradus_softmax_op = {
    .name = "softmax", .forward = forward, .backward = backward,
    .unary = gradus_softmax, .mask = GRADUS_MASK_TAKEN,
};

gradus_node *gradus_softmax(gradus_node *x)
{
    gradus_node *n = gradus_append_alike(&gradus_softmax_op, x);

    if (n && x->shape[x->rank - 1] < 2 && x->kind != GRADUS_KIND_LABELS)
        return gradus_fail(n, "the last axis of %s is 1, so that every value "
                           "would be 1; take gradus_sigmoid for yes or no",
                           x->name);
    return n;
}
