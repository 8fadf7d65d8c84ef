/* add.c -- the sum of two nodes of the same shape, as in a residual connection
 * (skip connection).
 *
 *   y = a + b                   a, b, y [B,size] of one shape
 *
 *   da += dy    db += dy
 *
 * A ReLU behind the sum is computed with it: z = max(0, y) is then what is
 * kept, and dy is dz where z is above 0, and 0 elsewhere.
 */
#include "kernels/relu.h"
#include "layers/layers.h"
#include "layers/shape.h"

static void forward(gradus_node *n, gradus_part p)
{
    const bool relu = gradus_with_relu(n);
    const gradus_real *a = gradus_row(n->in[0]->y, p, n->size);
    const gradus_real *b = gradus_row(n->in[1]->y, p, n->size);
    gradus_real *y = gradus_row(n->result->y, p, n->size);

    for (size_t i = 0; i < gradus_count(p, n->size); i++) {
        gradus_real sum = a[i] + b[i];
        y[i] = relu ? gradus_rectify(sum) : sum;
    }
}

/* An operand without a dx wants no gradient. */
static void backward(gradus_node *n, gradus_part p)
{
    const bool relu = gradus_with_relu(n);
    const gradus_real *y = gradus_row(n->result->y, p, n->size);
    const gradus_real *dy = gradus_row(n->result->dy, p, n->size);

    for (int j = 0; j < 2; j++) {
        gradus_real *dx = gradus_row(n->in[j]->dy, p, n->size);
        if (!dx)
            continue;
        for (size_t i = 0; i < gradus_count(p, n->size); i++) {
            gradus_real d = dy[i]; /* always read, so no branch is needed */
            d = !relu || y[i] > 0 ? d : 0;
            dx[i] = (n->first[j] ? 0 : dx[i]) + d;
        }
    }
}

static gradus_node *make(const gradus_saved *s)
{
    return gradus_add(s->in[0], s->in[1]);
}

const gradus_op gradus_add_op = {
    .name = "add", .forward = forward, .backward = backward, .make = make,
    .sets_dx = true, .fuse = gradus_fuse_relu,
    .mask = GRADUS_MASK_KEPT,
};

gradus_node *gradus_add(gradus_node *a, gradus_node *b)
{
    gradus_node *in[] = { a, b };
    gradus_node *n = gradus_append(NULL, &gradus_add_op, sizeof *n, 2, in);

    if (!n || !gradus_same_axes(n, a, b, 0))
        return NULL;
    return gradus_set_shape(n, a->rank, a->shape);
}
