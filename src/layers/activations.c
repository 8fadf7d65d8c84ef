/* activations.c -- activation functions: each number of y is a function of the
 * number of x in the same place.
 *
 *   relu        y = max(0, x)                  y' = 1 where x > 0, else 0
 *   leaky_relu  y = x where x >= 0, else a x   y' = 1 where x > 0, else a
 *   sigmoid     y = s(x) = 1 / (1 + exp(-x))   y' = y (1 - y)
 *   tanh        y = tanh(x)                    y' = 1 - y^2
 *   gelu        y = x P(x)                     y' = P(x) + x p(x)
 *   silu        y = x s(x)                     y' = s(x) (1 + x (1 - s(x)))
 *
 *   P is the cumulative distribution function of the standard normal
 *   distribution, and p is its density:
 *   P(x) = erfc(-x / sqrt 2) / 2,  p(x) = exp(-x^2 / 2) / sqrt(2 pi)
 *
 *   dx += dy y'                                x, y [B,size] of one shape
 *
 * A NaN in x gives a NaN in y, but a finite x never gives one: where exp(-x)
 * overflows to infinity, s(x) is 0.  Where an infinite x would be hidden, as y
 * has a finite limit, y is NaN: the term 0 x is.  (relu's is in
 * kernels/relu.h.  Fused with a convolution and maxima, it comes after them,
 * and does not see a -inf that they leave out.)  For x below 0, erfc keeps the
 * digits of P that 1 + erf would lose.  At x = 0 the derivative of relu is
 * taken to be 0 and that of leaky_relu to be a, as in PyTorch.
 */
#include "kernels/functions.h"
#include "kernels/relu.h"
#include "layers/layers.h"
#include "layers/shape.h"

#include <math.h>

/* How many numbers are computed at once where they are not kept. */
enum { SOME = 256 };

/* ---- relu --------------------------------------------------------------- */

static void relu_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        r.y[i] = gradus_rectify(r.x[i]);
}

/* Reads y in place of x: y is above 0 exactly where x is. */
static void relu_backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++) {
        gradus_real d = r.dy[i]; /* always read, so no branch is needed */
        gradus_pass(&r, i, r.y[i] > 0 ? d : 0); /* (B6) */
    }
}

const gradus_op gradus_relu_op = {
    .name = "relu", .forward = relu_forward, .backward = relu_backward,
    .unary = gradus_relu, .sets_dx = true,
};

gradus_node *gradus_relu(gradus_node *x)
{
    return gradus_append_alike(&gradus_relu_op, x);
}

bool gradus_with_relu(const gradus_node *n)
{
    return n->result != n;
}

bool gradus_fuse_relu(gradus_node *n, const gradus_node *user)
{
    return user->op == &gradus_relu_op && !gradus_with_relu(n);
}

/* ---- leaky_relu --------------------------------------------------------- */

/* a of the equation, which gradus_leaky_relu has recorded in the settings. */
static gradus_real slope_of(const gradus_node *n)
{
    return (gradus_real)gradus_attr_double(n->attr, "slope", 0);
}

static void leaky_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);
    gradus_real a = slope_of(n);

    for (size_t i = 0; i < r.n; i++)
        r.y[i] = r.x[i] < 0 ? a * r.x[i] : r.x[i];
}

static void leaky_backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);
    const gradus_real a = slope_of(n);

    for (size_t i = 0; i < r.n; i++)
        gradus_pass(&r, i, r.dy[i] * (r.x[i] > 0 ? 1 : a));
}

/* A model file without a slope is refused, as NaN is not finite. */
static gradus_node *make_leaky(const gradus_saved *s)
{
    return gradus_leaky_relu(s->in[0],
                             gradus_attr_double(s->attr, "slope", NAN));
}

const gradus_op gradus_leaky_relu_op = {
    .name = "leaky_relu", .forward = leaky_forward, .backward = leaky_backward,
    .make = make_leaky, .sets_dx = true,
};

gradus_node *gradus_leaky_relu(gradus_node *x, double slope)
{
    gradus_node *n = gradus_append_alike(&gradus_leaky_relu_op, x);

    if (n && !isfinite((gradus_real)slope))
        return gradus_fail(n, "slope is %g; must be finite as a gradus_real",
                           slope);
    return gradus_set_attr(n, "slope", 1, &slope);
}

/* ---- sigmoid ------------------------------------------------------------ */

/* y = s(x) for n numbers */
static void sigmoids(size_t n, const gradus_real *x, gradus_real *y)
{
    gradus_compute(gradus_simd_here(), GRADUS_SIGMOID, n, x, y, NULL);
    for (size_t i = 0; i < n; i++)
        y[i] += 0 * x[i];
}

static void sigmoid_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    sigmoids(r.n, r.x, r.y);
}

static void sigmoid_backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        gradus_pass(&r, i, r.dy[i] * (r.y[i] * (1 - r.y[i])));
}

const gradus_op gradus_sigmoid_op = {
    .name = "sigmoid", .forward = sigmoid_forward,
    .backward = sigmoid_backward, .unary = gradus_sigmoid, .sets_dx = true,
};

gradus_node *gradus_sigmoid(gradus_node *x)
{
    return gradus_append_alike(&gradus_sigmoid_op, x);
}

/* ---- tanh --------------------------------------------------------------- */

static void tanh_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    gradus_compute(gradus_simd_here(), GRADUS_TANH, r.n, r.x, r.y, NULL);
    for (size_t i = 0; i < r.n; i++)
        r.y[i] += 0 * r.x[i];
}

/* 1 - y^2 is factored, which is more accurate where |y| is near 1. */
static void tanh_backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        gradus_pass(&r, i, r.dy[i] * ((1 - r.y[i]) * (1 + r.y[i])));
}

const gradus_op gradus_tanh_op = {
    .name = "tanh", .forward = tanh_forward, .backward = tanh_backward,
    .unary = gradus_tanh, .sets_dx = true,
};

gradus_node *gradus_tanh(gradus_node *x)
{
    return gradus_append_alike(&gradus_tanh_op, x);
}

/* ---- gelu --------------------------------------------------------------- */

static void gelu_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    gradus_compute(gradus_simd_here(), GRADUS_NORMAL, r.n, r.x, r.y, NULL);
    for (size_t i = 0; i < r.n; i++)
        r.y[i] *= r.x[i];
}

/* P and p are not kept, but computed again, a few numbers at a time. */
static void gelu_backward(gradus_node *n, gradus_part p)
{
    const gradus_rows r = gradus_rows_of(n, p);
    gradus_real P[SOME], density[SOME];

    for (size_t from = 0, count; from < r.n; from += count) {
        count = r.n - from < SOME ? r.n - from : SOME;
        const gradus_real *x = r.x + from, *dy = r.dy + from;
        gradus_compute(gradus_simd_here(), GRADUS_NORMAL, count, x, P,
                       density);
        for (size_t i = 0; i < count; i++)
            gradus_pass(&r, from + i, dy[i] * (P[i] + x[i] * density[i]));
    }
}

const gradus_op gradus_gelu_op = {
    .name = "gelu", .forward = gelu_forward, .backward = gelu_backward,
    .unary = gradus_gelu, .sets_dx = true,
};

gradus_node *gradus_gelu(gradus_node *x)
{
    return gradus_append_alike(&gradus_gelu_op, x);
}

/* ---- silu --------------------------------------------------------------- */

static void silu_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    sigmoids(r.n, r.x, r.y);
    for (size_t i = 0; i < r.n; i++)
        r.y[i] *= r.x[i];
}

static void silu_backward(gradus_node *n, gradus_part p)
{
    const gradus_rows r = gradus_rows_of(n, p);
    gradus_real s[SOME];

    for (size_t from = 0, count; from < r.n; from += count) {
        count = r.n - from < SOME ? r.n - from : SOME;
        const gradus_real *x = r.x + from, *dy = r.dy + from;
        sigmoids(count, x, s);
        for (size_t i = 0; i < count; i++)
            gradus_pass(&r, from + i,
                        dy[i] * (s[i] * (1 + x[i] * (1 - s[i]))));
    }
}

const gradus_op gradus_silu_op = {
    .name = "silu", .forward = silu_forward, .backward = silu_backward,
    .unary = gradus_silu, .sets_dx = true,
};

gradus_node *gradus_silu(gradus_node *x)
{
    return gradus_append_alike(&gradus_silu_op, x);
}
