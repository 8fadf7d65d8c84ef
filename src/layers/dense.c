/* dense.c -- a fully connected (linear) layer.  A row of X is all numbers of a
 * sample, whatever the operand's shape is.
 *
 *   Y = X W' + 1 b'             X [B,in]   W [out,in]   b [out]   Y [B,out]
 *
 *   dX += dY W                  dW = dY' X              db = dY' 1
 *
 * ' is the transpose, and 1 is a column of B ones.  Row i of X is sample i of
 * the batch, and unit o has the row W[o,:] and the bias b[o].
 * docs/backprop.md derives these equations.
 */
#include "gradus_layer.h"

#include <string.h>

/* Computes the columns of Y [rows,out] that belong to the units of p: all of
 * them, or only some, since the op is by_units. */
static void forward(gradus_node *n, gradus_part p)
{
    size_t out = (size_t)n->units, in = (size_t)n->in[0]->size;
    const gradus_real *W = n->param[0].w + (size_t)p.unit * in;
    const gradus_real *b = n->param[1].w + p.unit;
    const gradus_real *X = gradus_row(n->in[0]->y, p, (int)in);
    gradus_real *Y = gradus_row(n->y, p, (int)out) + p.unit;

    for (int i = 0; i < p.rows; i++)                    /* Y  = 1 b'  (B2) */
        memcpy(Y + (size_t)i * out, b, (size_t)p.units * sizeof *b);
    gradus_gemm(GRADUS_GEMM_N, GRADUS_GEMM_T, p.rows, p.units, (int)in, X,
                (int)in, W, (int)in, 1, Y, (int)out);   /* Y += X W'  (B2) */
}

/* Adds to dX [rows,in], or sets it, from dY [rows,out], for the rows of p. */
static void backward(gradus_node *n, gradus_part p)
{
    int out = n->units, in = n->in[0]->size;
    const gradus_real *W = n->param[0].w;
    const gradus_real *dY = gradus_row(n->dy, p, out);
    gradus_real *dX = gradus_row(n->in[0]->dy, p, in);

    gradus_gemm(GRADUS_GEMM_N, GRADUS_GEMM_N, p.rows, in, out, dY, out, W, in,
                n->first[0] ? 0 : 1, dX, in);           /* dX += dY W (B5) */
}

/* Computes dW [units,in] and db [units] of the units of p over the rows of p,
 * and replaces what was there or, if p.add is set, adds to it. */
static void gradient(gradus_node *n, gradus_part p)
{
    int out = n->units, in = n->in[0]->size;
    const gradus_real *X = gradus_row(n->in[0]->y, p, in);
    const gradus_real *dY = gradus_row(n->dy, p, out) + p.unit;
    gradus_real *dW = n->param[0].dw + (size_t)p.unit * (size_t)in;
    gradus_real *db = n->param[1].dw + p.unit;

    gradus_gemm(GRADUS_GEMM_T, GRADUS_GEMM_N, p.units, in, p.rows, dY, out, X,
                in, p.add ? 1 : 0, dW, in);             /* dW = dY' X (B3) */
    if (!p.add)
        memset(db, 0, (size_t)p.units * sizeof *db);
    for (int i = 0; i < p.rows; i++, dY += out)         /* db = dY' 1 (B4) */
        for (int o = 0; o < p.units; o++)
            db[o] += dY[o];
}

static gradus_node *make(const gradus_saved *s)
{
    return gradus_dense(s->in[0], gradus_attr_int(s->attr, "units", 0));
}

const gradus_op gradus_dense_op = {
    .name = "dense", .forward = forward, .backward = backward,
    .gradient = gradient, .make = make, .by_units = true,
    .sets_dx = true,
};

gradus_node *gradus_dense(gradus_node *x, int units)
{
    gradus_node *n = gradus_append(NULL, &gradus_dense_op, sizeof *n, 1, &x);

    if (n && units < 1)
        return gradus_fail(n, "units is %d; must be at least 1", units);
    n = gradus_set_attr(n, "units", 1, &(double){ units });
    n = gradus_set_shape(n, 1, &units);
    n = gradus_add_param(n, "weight", 2, (int[]){ units, x ? x->size : 0 },
                         GRADUS_INIT_HE, 0);
    return gradus_add_param(n, "bias", 1, &units, GRADUS_INIT_ZERO, 0);
}
