/* softmax.c -- softmax over the last axis, as a layer.
 *
 *   y_k = exp(x_k - m) / sum_j exp(x_j - m),  m = max_j x_j
 *
 *   dx_k += y_k (dy_k - sum_j dy_j y_j)
 *
 *   x, y [B,..,C]: one softmax over C at each position; -inf masks a number,
 *   which then is 0 and has no gradient.
 */
#include "gradus.h"

#include <math.h>
#include <tgmath.h> /* exp of a gradus_real, float or double */

static int last_axis(const gradus_node *n)
{
    return n->shape[n->rank - 1];
}

static void softmax(const gradus_real *x, gradus_real *y, int C)
{
    gradus_real m = x[0];
    double sum = 0;

    for (int k = 1; k < C; k++)
        m = x[k] > m ? x[k] : m;
    for (int k = 0; k < C; k++)
        sum += y[k] = exp(x[k] - m);
    gradus_real scale = (gradus_real)(1 / sum);
    for (int k = 0; k < C; k++)
        y[k] *= scale;
}

static void softmax_back(const gradus_real *y, const gradus_real *dy,
                         gradus_real *dx, int C)
{
    double dot = 0;

    for (int k = 0; k < C; k++)
        dot += (double)dy[k] * y[k];
    gradus_real mean = (gradus_real)dot; /* of dy, under y */
    for (int k = 0; k < C; k++)
        dx[k] += y[k] * (dy[k] - mean);
}

static void forward(gradus_node *n, gradus_rows r)
{
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->size);
    gradus_real *y = gradus_row(n->y, r, n->size);
    int C = last_axis(n);

    for (size_t i = 0; i < (size_t)r.n * n->size; i += C)
        softmax(x + i, y + i, C);
}

static void backward(gradus_node *n, gradus_rows r)
{
    const gradus_real *y = gradus_row(n->y, r, n->size);
    const gradus_real *dy = gradus_row(n->dy, r, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, r, n->size);
    int C = last_axis(n);

    for (size_t i = 0; i < (size_t)r.n * n->size; i += C)
        softmax_back(y + i, dy + i, dx + i, C);
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    (void)g, (void)a;
    return gradus_softmax(n_in ? in[0] : NULL);
}

const gradus_op gradus_softmax_op = {
    .name = "softmax", .forward = forward, .backward = backward, .make = make,
};

gradus_node *gradus_softmax(gradus_node *x)
{
    gradus_node *n = gradus_append(NULL, &gradus_softmax_op, sizeof *n, 1, &x);

    return n ? gradus_shape(n, x->rank, x->shape) : NULL;
}
