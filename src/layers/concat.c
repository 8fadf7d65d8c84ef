/* concat.c -- the concatenation of nodes along the first axis of a row, which
 * is the channels of an image.  All other axes must be the same.
 *
 *   y = [x_1; x_2; ..]          x_j [B,c_j,..]   y [B,c_1 + c_2 + ..,..]
 *
 *   dx_j += the columns of dy to which x_j was copied
 */
#include "layers/shape.h"

#include <limits.h>
#include <string.h>

/* A row of y is the rows of all operands, one after the other. */
static void forward(gradus_node *n, gradus_part p)
{
    gradus_real *y = gradus_row(n->y, p, n->size);

    for (int i = p.row; i < p.row + p.rows; i++)
        for (int j = 0; j < n->n_in; j++) {
            size_t m = (size_t)n->in[j]->size;
            memcpy(y, n->in[j]->y + (size_t)i * m, m * sizeof *y);
            y += m;
        }
}

/* An operand without a dx wants no gradient; its columns are skipped. */
static void backward(gradus_node *n, gradus_part p)
{
    const gradus_real *dy = gradus_row(n->dy, p, n->size);

    for (int i = p.row; i < p.row + p.rows; i++)
        for (int j = 0; j < n->n_in; dy += n->in[j++]->size) {
            size_t m = (size_t)n->in[j]->size;
            gradus_real *dx = n->in[j]->dy;
            if (!dx)
                continue;
            for (size_t k = 0; k < m; k++)
                dx[(size_t)i * m + k] += dy[k];
        }
}

static gradus_node *make(const gradus_saved *s)
{
    return gradus_concat(s->n_in, s->in);
}

const gradus_op gradus_concat_op = {
    .name = "concat", .forward = forward, .backward = backward, .make = make,
    .mask = GRADUS_MASK_KEPT,
};

gradus_node *gradus_concat(int count, gradus_node *const *nodes)
{
    int shape[GRADUS_MAX_RANK];

    if (!nodes || count < 1 || count > GRADUS_MAX_OPERANDS)
        return gradus_fail(nodes && count > 0 ? nodes[0] : NULL,
                           "concat: got %d operands; must be 1 to %d",
                           nodes ? count : 0, GRADUS_MAX_OPERANDS);
    gradus_node *n =
        gradus_append(NULL, &gradus_concat_op, sizeof *n, count, nodes);
    if (!n)
        return NULL;
    memcpy(shape, nodes[0]->shape, sizeof shape);
    for (int j = 1; j < count; j++) {
        if (!gradus_same_axes(n, nodes[j], nodes[0], 1))
            return NULL;
        if (shape[0] > INT_MAX - nodes[j]->shape[0])
            return gradus_fail(n, "axis 0 would be longer than %d", INT_MAX);
        shape[0] += nodes[j]->shape[0];
    }
    return gradus_set_shape(n, nodes[0]->rank, shape);
}
