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
 * has a finite limit, y is NaN: the terms x - x and 0 x are.  For x below 0,
 * erfc keeps the digits of P that 1 + erf would lose.  At x = 0 the derivative
 * of relu is taken to be 0 and that of leaky_relu to be a, as in PyTorch.
 */
#include "layers/layers.h"
#include "layers/shape.h"

#include <tgmath.h> /* exp of a gradus_real, float or double */

/* ---- relu --------------------------------------------------------------- */

static void relu_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        r.y[i] = (r.x[i] < 0 ? 0 : r.x[i]) + 0 * r.x[i];
}

/* Reads y in place of x: y is above 0 exactly where x is. */
static void relu_backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++) {
        gradus_real d = r.dy[i]; /* always read, so no branch is needed */
        r.dx[i] = (n->first[0] ? 0 : r.dx[i]) + (r.y[i] > 0 ? d : 0);
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
        r.dx[i] += r.dy[i] * (r.x[i] > 0 ? 1 : a);
}

/* A model file without a slope is refused, as NaN is not finite. */
static gradus_node *make_leaky(const gradus_saved *s)
{
    return gradus_leaky_relu(s->in[0],
                             gradus_attr_double(s->attr, "slope", NAN));
}

const gradus_op gradus_leaky_relu_op = {
    .name = "leaky_relu", .forward = leaky_forward, .backward = leaky_backward,
    .make = make_leaky,
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

/* s(x) */
static gradus_real sigmoid(gradus_real x)
{
    return 1 / (1 + exp(-x)) + 0 * x;
}

static void sigmoid_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        r.y[i] = sigmoid(r.x[i]);
}

static void sigmoid_backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        r.dx[i] += r.dy[i] * (r.y[i] * (1 - r.y[i]));
}

const gradus_op gradus_sigmoid_op = {
    .name = "sigmoid", .forward = sigmoid_forward,
    .backward = sigmoid_backward, .unary = gradus_sigmoid,
};

gradus_node *gradus_sigmoid(gradus_node *x)
{
    return gradus_append_alike(&gradus_sigmoid_op, x);
}

/* ---- tanh --------------------------------------------------------------- */

static void tanh_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        r.y[i] = tanh(r.x[i]) + 0 * r.x[i];
}

/* 1 - y^2 is factored, which is more accurate where |y| is near 1. */
static void tanh_backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        r.dx[i] += r.dy[i] * ((1 - r.y[i]) * (1 + r.y[i]));
}

const gradus_op gradus_tanh_op = {
    .name = "tanh", .forward = tanh_forward, .backward = tanh_backward,
    .unary = gradus_tanh,
};

gradus_node *gradus_tanh(gradus_node *x)
{
    return gradus_append_alike(&gradus_tanh_op, x);
}

/* ---- gelu --------------------------------------------------------------- */

/* P(x); the constant is -1 / sqrt 2. */
static gradus_real normal_cdf(gradus_real x)
{
    return (gradus_real)0.5 * erfc(x * (gradus_real)-0.70710678118654752440);
}

static void gelu_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        r.y[i] = r.x[i] * normal_cdf(r.x[i]);
}

/* The constant in p(x) is 1 / sqrt(2 pi). */
static void gelu_backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++) {
        gradus_real x = r.x[i], density = (gradus_real)0.39894228040143267794 *
                                          exp((gradus_real)-0.5 * x * x);
        r.dx[i] += r.dy[i] * (normal_cdf(x) + x * density);
    }
}

const gradus_op gradus_gelu_op = {
    .name = "gelu", .forward = gelu_forward, .backward = gelu_backward,
    .unary = gradus_gelu,
};

gradus_node *gradus_gelu(gradus_node *x)
{
    return gradus_append_alike(&gradus_gelu_op, x);
}

/* ---- silu --------------------------------------------------------------- */

static void silu_forward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++)
        r.y[i] = r.x[i] * sigmoid(r.x[i]);
}

static void silu_backward(gradus_node *n, gradus_part p)
{
    gradus_rows r = gradus_rows_of(n, p);

    for (size_t i = 0; i < r.n; i++) {
        gradus_real s = sigmoid(r.x[i]);
        r.dx[i] += r.dy[i] * (s * (1 + r.x[i] * (1 - s)));
    }
}

const gradus_op gradus_silu_op = {
    .name = "silu", .forward = silu_forward, .backward = silu_backward,
    .unary = gradus_silu,
};

gradus_node *gradus_silu(gradus_node *x)
{
    return gradus_append_alike(&gradus_silu_op, x);
}
