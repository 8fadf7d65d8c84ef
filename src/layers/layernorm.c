/* layernorm.c -- layer normalisation.  At each position by itself, the values
 * of the last axis are brought to a mean of 0 and a variance of 1, and then
 * scaled by g and shifted by b, both learned.
 *
 *   y = g x^ + b                x^ = (x - mean) / sqrt(var + eps)
 *
 *   dg += sum dy x^             db += sum dy             u = g dy
 *   dx += (u - mean(u) - x^ mean(u x^)) / sqrt(var + eps)
 *
 *   x, y [B,..,D]   g, b [D]
 *
 * All means are over the D values of the axis, and var is their variance,
 * divided by D.  Backward computes x^ again rather than keep it.
 * Ba, Kiros, Hinton: Layer Normalization (2016).
 */
#include "kernels/sums.h"
#include "layers/shape.h"

#include <math.h>

static const double eps = 1e-5; /* added to a variance */

/* Computes x^ [D] of x [D].  Returns 1 / sqrt(var + eps).  As a float, a mean
 * far from 0 would be wrong by much of the deviations from it, so what is lost
 * in rounding it is subtracted as well. */
static gradus_real normalise(const gradus_real *x, int D, gradus_real *x_hat)
{
    const double mean = gradus_sum_double(x, D) / D;
    const double square = gradus_sum_squares(x, mean, D);
    const gradus_real shift = (gradus_real)mean;
    const gradus_real rest = (gradus_real)(mean - shift);
    const gradus_real scale = (gradus_real)(1 / sqrt(square / D + eps));
    for (int k = 0; k < D; k++)
        x_hat[k] = (x[k] - shift - rest) * scale;
    return scale;
}

static void forward(gradus_node *n, gradus_part p)
{
    const int D = n->units;
    const gradus_real *g = n->param[0].w, *b = n->param[1].w;
    gradus_rows r = gradus_rows_of(n, p);

    for (gradus_real *y = r.y; y < r.y + r.n; y += D, r.x += D) {
        normalise(r.x, D, y);
        for (int k = 0; k < D; k++)
            y[k] = g[k] * y[k] + b[k];
    }
}

/* dx += (u - mean(u) - x^ mean(u x^)) scale (N8), for x^, dy and dx [D] of one
 * position; u = g dy. */
static void add_gradient(int D, const gradus_real *g, const gradus_real *x_hat,
                         const gradus_real *dy, gradus_real scale,
                         gradus_real *dx)
{
    double u = 0, ux = 0;

    for (int k = 0; k < D; k++) {
        u += g[k] * dy[k];
        ux += g[k] * dy[k] * x_hat[k];
    }
    gradus_real mean_u = (gradus_real)(u / D), mean_ux = (gradus_real)(ux / D);
    for (int k = 0; k < D; k++)
        dx[k] += scale * (g[k] * dy[k] - mean_u - x_hat[k] * mean_ux);
}

/* The scratch memory [D] holds x^.  An operand without a dx wants no gradient,
 * but g and b still do. */
static void backward(gradus_node *n, gradus_part p)
{
    const int D = n->units;
    gradus_real *dg = gradus_share(n, 0, p), *db = gradus_share(n, 1, p);
    gradus_real *x_hat = p.scratch;
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i += (size_t)D) {
        const gradus_real *dy = r.dy + i;
        gradus_real scale = normalise(r.x + i, D, x_hat);
        for (int k = 0; k < D; k++) {
            dg[k] += dy[k] * x_hat[k];
            db[k] += dy[k];
        }
        if (r.dx)
            add_gradient(D, n->param[0].w, x_hat, dy, scale, r.dx + i);
    }
}

const gradus_op gradus_layernorm_op = {
    .name = "layernorm", .forward = forward, .backward = backward,
    .unary = gradus_layernorm,
};

gradus_node *gradus_layernorm(gradus_node *x)
{
    gradus_node *n = gradus_append_alike(&gradus_layernorm_op, x);

    if (!n)
        return NULL;
    const int *D = &x->shape[x->rank - 1];
    if (*D < 2)
        return gradus_fail(n, "the last axis is %d; must be at least 2", *D);
    n->scratch = (size_t)*D;
    n = gradus_add_param(n, "weight", 1, D, GRADUS_INIT_CONSTANT, 1);
    return gradus_add_param(n, "bias", 1, D, GRADUS_INIT_ZERO, 0);
}
