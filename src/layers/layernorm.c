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
 * divided by D.  Backward computes mean and var again rather than keep them.
 * Ba, Kiros, Hinton: Layer Normalization (2016).
 */
#include "layers/shape.h"

#include <math.h>

static const double eps = 1e-5; /* added to a variance */

/* Sets *mean to the mean of x [D], and *scale to 1 / sqrt(var + eps). */
static void moments(const gradus_real *x, int D, gradus_real *mean,
                    gradus_real *scale)
{
    double sum = 0, square = 0;

    for (int i = 0; i < D; i++)
        sum += x[i];
    sum /= D;
    for (int i = 0; i < D; i++)
        square += (x[i] - sum) * (x[i] - sum);
    *mean = (gradus_real)sum;
    *scale = (gradus_real)(1 / sqrt(square / D + eps));
}

static void forward(gradus_node *n, gradus_part p)
{
    const int D = n->units;
    const gradus_real *g = n->param[0].w, *b = n->param[1].w;
    gradus_rows r = gradus_rows_of(n, p);
    gradus_real mean, scale;

    for (size_t i = 0; i < r.n; i += (size_t)D) {
        const gradus_real *x = r.x + i;
        gradus_real *y = r.y + i;
        moments(x, D, &mean, &scale);
        for (int k = 0; k < D; k++)
            y[k] = g[k] * ((x[k] - mean) * scale) + b[k];
    }
}

/* dg += dy x^ and db += dy, for x and dy [D] of one position.  dg and db [D]
 * are the shares of the slice of p. */
static void backward_parameters(const gradus_node *n, gradus_part p,
                                const gradus_real *x, const gradus_real *dy,
                                gradus_real mean, gradus_real scale)
{
    gradus_real *dg = gradus_share(n, 0, p);
    gradus_real *db = gradus_share(n, 1, p);

    for (int k = 0; k < n->units; k++) {
        dg[k] += dy[k] * ((x[k] - mean) * scale);
        db[k] += dy[k];
    }
}

/* dx += (u - mean(u) - x^ mean(u x^)) scale, for x, dy and dx [D] of one
 * position; u = g dy. */
static void backward_operand(const gradus_node *n, const gradus_real *x,
                             const gradus_real *dy, gradus_real *dx,
                             gradus_real mean, gradus_real scale)
{
    const int D = n->units;
    const gradus_real *g = n->param[0].w;
    double u = 0, ux = 0;

    for (int k = 0; k < D; k++) {
        u += g[k] * dy[k];
        ux += g[k] * dy[k] * ((x[k] - mean) * scale);
    }
    gradus_real mean_u = (gradus_real)(u / D), mean_ux = (gradus_real)(ux / D);
    for (int k = 0; k < D; k++)
        dx[k] += scale * (g[k] * dy[k] - mean_u -
                          (x[k] - mean) * scale * mean_ux);
}

/* An operand without a dx wants no gradient, but g and b still do. */
static void backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);
    gradus_real mean, scale;

    for (size_t i = 0; i < r.n; i += (size_t)n->units) {
        moments(r.x + i, n->units, &mean, &scale);
        backward_parameters(n, p, r.x + i, r.dy + i, mean, scale);
        if (r.dx)
            backward_operand(n, r.x + i, r.dy + i, r.dx + i, mean, scale);
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
    n = gradus_add_param(n, "weight", 1, D, GRADUS_INIT_CONSTANT, 1);
    return gradus_add_param(n, "bias", 1, D, GRADUS_INIT_ZERO, 0);
}
