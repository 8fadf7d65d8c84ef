/* activations.c -- smooth functions of each number by itself.
 *
 *   sigmoid   y = s(x) = 1 / (1 + exp(-x))     y' = y (1 - y)
 *   tanh      y = tanh(x)                      y' = 1 - y^2
 *   gelu      y = x P(x)                       y' = P(x) + x p(x)
 *   silu      y = x s(x)                       y' = s(x) (1 + x (1 - s(x)))
 *
 *   P and p are the normal distribution and its density:
 *   P(x) = erfc(-x / sqrt 2) / 2,  p(x) = exp(-x^2 / 2) / sqrt(2 pi)
 *
 *   dx += dy y'                                x, y of one shape
 *
 * No finite x makes a NaN: where exp(-x) overflows, s(x) is 0.  erfc keeps the
 * digits of P below 0, which 1 + erf would lose.
 */
#include "gradus.h"

#include <math.h>
#include <tgmath.h> /* exp of a gradus_real, float or double */

/* y = f(x) of these rows; f is known where this is inlined. */
static inline void apply(gradus_node *n, gradus_rows r,
                         gradus_real (*f)(gradus_real x))
{
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->size);
    gradus_real *y = gradus_row(n->y, r, n->size);

    for (size_t i = 0; i < (size_t)r.n * n->size; i++)
        y[i] = f(x[i]);
}

/* dx += dy f', a function of x or of y, here v. */
static inline void chain(gradus_node *n, gradus_rows r, const gradus_real *v,
                         gradus_real (*derivative)(gradus_real v))
{
    const gradus_real *dy = gradus_row(n->dy, r, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, r, n->size);

    for (size_t i = 0; i < (size_t)r.n * n->size; i++)
        dx[i] += dy[i] * derivative(v[i]);
}

static const gradus_real *x_of(const gradus_node *n, gradus_rows r)
{
    return gradus_row(n->in[0]->y, r, n->size);
}

static const gradus_real *y_of(const gradus_node *n, gradus_rows r)
{
    return gradus_row(n->y, r, n->size);
}

/* A node of x's shape. */
static gradus_node *new_node(const gradus_op *op, gradus_node *x)
{
    gradus_node *n = gradus_append(NULL, op, sizeof *n, 1, &x);

    return n ? gradus_shape(n, x->rank, x->shape) : NULL;
}

/* ---- sigmoid --------------------------------------------------------- */

static gradus_real sigmoid(gradus_real x)
{
    return 1 / (1 + exp(-x));
}

static gradus_real sigmoid_derivative(gradus_real y)
{
    return y * (1 - y);
}

static void sigmoid_forward(gradus_node *n, gradus_rows r)
{
    apply(n, r, sigmoid);
}

static void sigmoid_backward(gradus_node *n, gradus_rows r)
{
    chain(n, r, y_of(n, r), sigmoid_derivative);
}

static gradus_node *make_sigmoid(gradus_graph *g, gradus_node *const *in,
                                 int n_in, const gradus_attr *a)
{
    (void)g, (void)a;
    return gradus_sigmoid(n_in ? in[0] : NULL);
}

const gradus_op gradus_sigmoid_op = {
    .name = "sigmoid", .forward = sigmoid_forward,
    .backward = sigmoid_backward, .make = make_sigmoid,
};

gradus_node *gradus_sigmoid(gradus_node *x)
{
    return new_node(&gradus_sigmoid_op, x);
}

/* ---- tanh ------------------------------------------------------------ */

static gradus_real hyperbolic(gradus_real x)
{
    return tanh(x);
}

static gradus_real tanh_derivative(gradus_real y)
{
    return (1 - y) * (1 + y);
}

static void tanh_forward(gradus_node *n, gradus_rows r)
{
    apply(n, r, hyperbolic);
}

static void tanh_backward(gradus_node *n, gradus_rows r)
{
    chain(n, r, y_of(n, r), tanh_derivative);
}

static gradus_node *make_tanh(gradus_graph *g, gradus_node *const *in,
                              int n_in, const gradus_attr *a)
{
    (void)g, (void)a;
    return gradus_tanh(n_in ? in[0] : NULL);
}

const gradus_op gradus_tanh_op = {
    .name = "tanh", .forward = tanh_forward, .backward = tanh_backward,
    .make = make_tanh,
};

gradus_node *gradus_tanh(gradus_node *x)
{
    return new_node(&gradus_tanh_op, x);
}

/* ---- gelu ------------------------------------------------------------ */

static gradus_real normal(gradus_real x)
{
    return (gradus_real)0.5 * erfc(x * (gradus_real)-0.70710678118654752440);
}

static gradus_real gelu(gradus_real x)
{
    return x * normal(x);
}

static gradus_real gelu_derivative(gradus_real x)
{
    gradus_real density = (gradus_real)0.39894228040143267794 *
                          exp((gradus_real)-0.5 * x * x);

    return normal(x) + x * density;
}

static void gelu_forward(gradus_node *n, gradus_rows r)
{
    apply(n, r, gelu);
}

static void gelu_backward(gradus_node *n, gradus_rows r)
{
    chain(n, r, x_of(n, r), gelu_derivative);
}

static gradus_node *make_gelu(gradus_graph *g, gradus_node *const *in,
                              int n_in, const gradus_attr *a)
{
    (void)g, (void)a;
    return gradus_gelu(n_in ? in[0] : NULL);
}

const gradus_op gradus_gelu_op = {
    .name = "gelu", .forward = gelu_forward, .backward = gelu_backward,
    .make = make_gelu,
};

gradus_node *gradus_gelu(gradus_node *x)
{
    return new_node(&gradus_gelu_op, x);
}

/* ---- silu ------------------------------------------------------------ */

static gradus_real silu(gradus_real x)
{
    return x * sigmoid(x);
}

static gradus_real silu_derivative(gradus_real x)
{
    gradus_real s = sigmoid(x);

    return s * (1 + x * (1 - s));
}

static void silu_forward(gradus_node *n, gradus_rows r)
{
    apply(n, r, silu);
}

static void silu_backward(gradus_node *n, gradus_rows r)
{
    chain(n, r, x_of(n, r), silu_derivative);
}

static gradus_node *make_silu(gradus_graph *g, gradus_node *const *in,
                              int n_in, const gradus_attr *a)
{
    (void)g, (void)a;
    return gradus_silu(n_in ? in[0] : NULL);
}

const gradus_op gradus_silu_op = {
    .name = "silu", .forward = silu_forward, .backward = silu_backward,
    .make = make_silu,
};

gradus_node *gradus_silu(gradus_node *x)
{
    return new_node(&gradus_silu_op, x);
}
