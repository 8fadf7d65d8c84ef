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
 * overflows to infinity, s(x) is 0.  For x below 0, erfc keeps the digits of P
 * that 1 + erf would lose.  At x = 0 the derivative of relu is taken to be 0
 * and that of leaky_relu to be a, as in PyTorch.
 */
#include "gradus_layer.h"

#include "layers/layers.h"

#include <math.h>
#include <tgmath.h> /* exp of a gradus_real, float or double */

/* y = f(x) for the rows of p.  This is inlined where it is called, so that the
 * compiler knows f and can inline that, too. */
static inline void apply(gradus_node *n, gradus_part p,
                         gradus_real (*f)(gradus_real x))
{
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    gradus_real *y = gradus_row(n->y, p, n->size);

    for (size_t i = 0; i < gradus_count(p, n->size); i++)
        y[i] = f(x[i]);
}

/* dx += dy y'(v) for the rows of p (the chain rule).  v [B,size] is x or y,
 * whichever makes the formula of the derivative y' simpler. */
static inline void chain(gradus_node *n, gradus_part p, gradus_real *v,
                         gradus_real (*derivative)(gradus_real v))
{
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->size);

    v = gradus_row(v, p, n->size);
    for (size_t i = 0; i < gradus_count(p, n->size); i++)
        dx[i] += dy[i] * derivative(v[i]);
}

/* Makes a node with the operand x and x's shape; NULL, with a message, if it
 * cannot be made. */
static gradus_node *new_node(const gradus_op *op, gradus_node *x)
{
    gradus_node *n = gradus_append(NULL, op, sizeof *n, 1, &x);

    return n ? gradus_set_shape(n, x->rank, x->shape) : NULL;
}

/* ---- relu --------------------------------------------------------------- */

static gradus_real relu(gradus_real x)
{
    return x < 0 ? 0 : x;
}

static void relu_forward(gradus_node *n, gradus_part p)
{
    apply(n, p, relu);
}

/* Reads y in place of x: y is above 0 exactly where x is. */
static void relu_backward(gradus_node *n, gradus_part p)
{
    const gradus_real *y = gradus_row(n->y, p, n->size);
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->size);

    for (size_t i = 0; i < gradus_count(p, n->size); i++) {
        gradus_real d = dy[i]; /* always read, so no branch is needed */
        dx[i] += y[i] > 0 ? d : 0;
    }
}

const gradus_op gradus_relu_op = {
    .name = "relu", .forward = relu_forward, .backward = relu_backward,
    .unary = gradus_relu,
};

gradus_node *gradus_relu(gradus_node *x)
{
    return new_node(&gradus_relu_op, x);
}

/* ---- leaky_relu --------------------------------------------------------- */

/* a of the equation, which gradus_leaky_relu has recorded in the settings. */
static gradus_real slope_of(const gradus_node *n)
{
    return (gradus_real)gradus_attr_double(n->attr, "slope", 0);
}

static void leaky_forward(gradus_node *n, gradus_part p)
{
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    gradus_real *y = gradus_row(n->y, p, n->size), a = slope_of(n);

    for (size_t i = 0; i < gradus_count(p, n->size); i++)
        y[i] = x[i] < 0 ? a * x[i] : x[i];
}

static void leaky_backward(gradus_node *n, gradus_part p)
{
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->size), a = slope_of(n);

    for (size_t i = 0; i < gradus_count(p, n->size); i++)
        dx[i] += dy[i] * (x[i] > 0 ? 1 : a);
}

/* A model file without a slope is refused, as NaN is not finite. */
static gradus_node *make_leaky(gradus_graph *g, gradus_node *const *in,
                               int n_in, const gradus_attr *a)
{
    (void)g;
    return gradus_leaky_relu(n_in ? in[0] : NULL,
                             gradus_attr_double(a, "slope", NAN));
}

const gradus_op gradus_leaky_relu_op = {
    .name = "leaky_relu", .forward = leaky_forward, .backward = leaky_backward,
    .make = make_leaky,
};

gradus_node *gradus_leaky_relu(gradus_node *x, double slope)
{
    gradus_node *n = new_node(&gradus_leaky_relu_op, x);

    if (n && !isfinite((gradus_real)slope))
        return gradus_fail(n, "slope is %g; must be finite", slope);
    return gradus_set_attr(n, "slope", 1, &slope);
}

/* ---- sigmoid ------------------------------------------------------------ */

static gradus_real sigmoid(gradus_real x)
{
    return 1 / (1 + exp(-x));
}

/* y' as a function of y, not of x. */
static gradus_real sigmoid_derivative(gradus_real y)
{
    return y * (1 - y);
}

static void sigmoid_forward(gradus_node *n, gradus_part p)
{
    apply(n, p, sigmoid);
}

static void sigmoid_backward(gradus_node *n, gradus_part p)
{
    chain(n, p, n->y, sigmoid_derivative);
}

const gradus_op gradus_sigmoid_op = {
    .name = "sigmoid", .forward = sigmoid_forward,
    .backward = sigmoid_backward, .unary = gradus_sigmoid,
};

gradus_node *gradus_sigmoid(gradus_node *x)
{
    return new_node(&gradus_sigmoid_op, x);
}

/* ---- tanh --------------------------------------------------------------- */

/* The hyperbolic tangent of one number. */
static gradus_real tangent(gradus_real x)
{
    return tanh(x);
}

/* y' as a function of y: 1 - y^2, factored. */
static gradus_real tangent_derivative(gradus_real y)
{
    return (1 - y) * (1 + y);
}

static void tanh_forward(gradus_node *n, gradus_part p)
{
    apply(n, p, tangent);
}

static void tanh_backward(gradus_node *n, gradus_part p)
{
    chain(n, p, n->y, tangent_derivative);
}

const gradus_op gradus_tanh_op = {
    .name = "tanh", .forward = tanh_forward, .backward = tanh_backward,
    .unary = gradus_tanh,
};

gradus_node *gradus_tanh(gradus_node *x)
{
    return new_node(&gradus_tanh_op, x);
}

/* ---- gelu --------------------------------------------------------------- */

/* P(x); the constant is -1 / sqrt 2. */
static gradus_real normal_cdf(gradus_real x)
{
    return (gradus_real)0.5 * erfc(x * (gradus_real)-0.70710678118654752440);
}

static gradus_real gelu(gradus_real x)
{
    return x * normal_cdf(x);
}

/* y' as a function of x; the constant in p(x) is 1 / sqrt(2 pi). */
static gradus_real gelu_derivative(gradus_real x)
{
    gradus_real density = (gradus_real)0.39894228040143267794 *
                          exp((gradus_real)-0.5 * x * x);

    return normal_cdf(x) + x * density;
}

static void gelu_forward(gradus_node *n, gradus_part p)
{
    apply(n, p, gelu);
}

static void gelu_backward(gradus_node *n, gradus_part p)
{
    chain(n, p, n->in[0]->y, gelu_derivative);
}

const gradus_op gradus_gelu_op = {
    .name = "gelu", .forward = gelu_forward, .backward = gelu_backward,
    .unary = gradus_gelu,
};

gradus_node *gradus_gelu(gradus_node *x)
{
    return new_node(&gradus_gelu_op, x);
}

/* ---- silu --------------------------------------------------------------- */

static gradus_real silu(gradus_real x)
{
    return x * sigmoid(x);
}

/* y' as a function of x. */
static gradus_real silu_derivative(gradus_real x)
{
    gradus_real s = sigmoid(x);

    return s * (1 + x * (1 - s));
}

static void silu_forward(gradus_node *n, gradus_part p)
{
    apply(n, p, silu);
}

static void silu_backward(gradus_node *n, gradus_part p)
{
    chain(n, p, n->in[0]->y, silu_derivative);
}

const gradus_op gradus_silu_op = {
    .name = "silu", .forward = silu_forward, .backward = silu_backward,
    .unary = gradus_silu,
};

gradus_node *gradus_silu(gradus_node *x)
{
    return new_node(&gradus_silu_op, x);
}
