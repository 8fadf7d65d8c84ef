/* dense.c -- fully connected layer.
 *
 *   Y = X W' + 1 b'             X [B,in]   W [out,in]   b [out]   Y [B,out]
 *
 *   dX += dY W                  dW = dY' X              db = dY' 1
 */
#include "gradus.h"

#include <string.h>

/* Of `rows` rows and `units` units, both from the given first ones on. */
static void compute(gradus_node *n, int row, int rows, int unit, int units)
{
    size_t out = (size_t)n->units, in = (size_t)n->in[0]->size;
    const gradus_real *W = n->param[0].w + (size_t)unit * in;
    const gradus_real *b = n->param[1].w + unit;
    const gradus_real *X = n->in[0]->y + (size_t)row * in;
    gradus_real *Y = n->y + (size_t)row * out + unit;

    for (int i = 0; i < rows; i++)                           /* Y  = 1 b'  */
        memcpy(Y + (size_t)i * out, b, (size_t)units * sizeof *b);
    gradus_gemm(GRADUS_N, GRADUS_T, rows, units, (int)in, X, (int)in, W,
                (int)in, 1, Y, (int)out);                    /* Y += X W'  */
}

static void forward(gradus_node *n, gradus_rows r)
{
    compute(n, r.from, r.n, 0, n->units);
}

static void forward_units(gradus_node *n, gradus_tile t)
{
    compute(n, t.row, t.rows, t.from, t.n);
}

static void backward(gradus_node *n, gradus_rows r)
{
    int out = n->units, in = n->in[0]->size;
    const gradus_real *W = n->param[0].w;
    const gradus_real *dY = gradus_row(n->dy, r, out);
    gradus_real *dX = gradus_row(n->in[0]->dy, r, in);

    gradus_gemm(GRADUS_N, GRADUS_N, r.n, in, out, dY, out, W, in, 1, dX,
                in);                                         /* dX += dY W */
}

static void gradient(gradus_node *n, gradus_tile t)
{
    int out = n->units, in = n->in[0]->size;
    const gradus_real *X = n->in[0]->y + (size_t)t.row * (size_t)in;
    const gradus_real *dY = n->dy + (size_t)t.row * (size_t)out + t.from;
    gradus_real *dW = n->param[0].dw + (size_t)t.from * in;
    gradus_real *db = n->param[1].dw + t.from;

    gradus_gemm(GRADUS_T, GRADUS_N, t.n, in, t.rows, dY, out, X, in,
                t.add ? 1 : 0, dW, in);                      /* dW = dY' X */
    if (!t.add)
        memset(db, 0, (size_t)t.n * sizeof *db);             /* db = dY' 1 */
    for (int i = 0; i < t.rows; i++, dY += out)
        for (int o = 0; o < t.n; o++)
            db[o] += dY[o];
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    (void)g;
    return gradus_dense(n_in ? in[0] : NULL, gradus_attr_int(a, "units", 0));
}

const gradus_op gradus_dense_op = {
    .name = "dense", .forward = forward, .forward_units = forward_units,
    .backward = backward, .gradient = gradient, .make = make,
};

gradus_node *gradus_dense(gradus_node *x, int units)
{
    gradus_node *n = gradus_append(NULL, &gradus_dense_op, sizeof *n, 1, &x);

    if (n && units < 1)
        return gradus_fail(n, "%d units, at least 1 wanted", units);
    n = gradus_set_attr(n, "units", 1, &(double){ units });
    n = gradus_shape(n, 1, &units);
    n = gradus_add_param(n, "weight", 2, (int[]){ units, x ? x->size : 0 },
                         GRADUS_HE, 0);
    return gradus_add_param(n, "bias", 1, &units, GRADUS_ZERO, 0);
}
