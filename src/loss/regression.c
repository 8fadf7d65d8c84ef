/* regression.c -- squared error and Huber's loss (1964), over all elements.
 *
 *   L = 1/D sum w_i c l(y_ik - t_ik)                   over rows, elements
 *   l(d) = d^2 / 2                   where |d| <= delta
 *          delta (|d| - delta / 2)   elsewhere
 *        = m (|d| - m / 2),          m = min(|d|, delta)
 *   dy_ik += w_i c / D max(-delta, min(delta, d_ik))
 *
 *   squared error: c = 2, delta = inf; Huber: c = 1
 *   y, t [B,size]; w_i the row's weight;
 *   D: size times the weights of the rows, or B size, or 1
 */
#include "loss/loss.h"

#include <math.h>
#include <string.h>

typedef struct {
    gradus_node node;
    double c, delta;
} regression;

/* The elements are added up in so many sums: one would wait for itself. */
enum { SUMS = 8 };

static double element(double y, double t, double delta)
{
    double d = fabs(y - t), m = d < delta ? d : delta;

    return m * (d - m / 2);
}

/* sum_k l(y_k - t_k) */
static double sum_elements(const gradus_real *y, const gradus_real *t, int n,
                           double delta)
{
    double sum[SUMS] = { 0 }, all = 0;
    int k = 0;

    for (; k + SUMS <= n; k += SUMS)
        for (int j = 0; j < SUMS; j++)
            sum[j] += element(y[k + j], t[k + j], delta);
    for (; k < n; k++)
        all += element(y[k], t[k], delta);
    for (int j = 0; j < SUMS; j++)
        all += sum[j];
    return all;
}

static void forward(gradus_node *n, gradus_rows r)
{
    const regression *l = (const regression *)n;
    size_t size = (size_t)n->size;

    memcpy(gradus_row(n->y, r, n->size), gradus_row(n->in[0]->y, r, n->size),
           (size_t)r.n * size * sizeof *n->y);
    for (int i = r.from; n->loss && i < r.from + r.n; i++)
        n->loss[i] = gradus_loss_row_weight(n, i) * l->c *
                     sum_elements(n->y + i * size, n->in[1]->y + i * size,
                                  n->size, l->delta);
}

/* dy += a max(-delta, min(delta, y - t)) */
static void add_gradient(const gradus_real *y, const gradus_real *t,
                         gradus_real *dy, int n, gradus_real a,
                         gradus_real delta)
{
    for (int k = 0; k < n; k++) {
        gradus_real d = y[k] - t[k];
        d = d > delta ? delta : d;
        d = d < -delta ? -delta : d;
        dy[k] += a * d;
    }
}

static void backward(gradus_node *n, gradus_rows r)
{
    const regression *l = (const regression *)n;
    double scale = n->weight * l->c / (n->divisor > 0 ? n->divisor : 1);
    size_t size = (size_t)n->size;

    for (int i = r.from; i < r.from + r.n; i++)
        add_gradient(n->y + i * size, n->in[1]->y + i * size,
                     n->in[0]->dy + i * size, n->size,
                     (gradus_real)(scale * gradus_loss_row_weight(n, i)),
                     (gradus_real)l->delta);
}

/* Why the loss of a row is not finite. */
static int diagnose(gradus_node *n, int row)
{
    const gradus_real *y = n->y + (size_t)row * n->size;
    const gradus_real *t = n->in[1]->y + (size_t)row * n->size;

    for (int k = 0; k < n->size; k++) {
        if (!isfinite(y[k]))
            return gradus_fail(n, "row %d: value %d, predicted, is %g", row, k,
                               (double)y[k]), 1;
        if (!isfinite(t[k]))
            return gradus_fail(n, "row %d: target %d is %g, a finite one "
                               "wanted", row, k, (double)t[k]), 1;
    }
    return 0;
}

static gradus_regression_options read_options(gradus_node *const *in, int n_in,
                                              const gradus_attr *a)
{
    return (gradus_regression_options){
        .reduction = (gradus_reduction)gradus_attr_int(a, "reduction", 0),
        .delta = gradus_attr_double(a, "delta", 0),
        .row_weight = n_in > 2 ? in[2] : NULL,
    };
}

static gradus_node *make_mse(gradus_graph *g, gradus_node *const *in, int n_in,
                             const gradus_attr *a)
{
    gradus_regression_options o = read_options(in, n_in, a);

    (void)g;
    return gradus_mse(n_in ? in[0] : NULL, n_in > 1 ? in[1] : NULL, &o);
}

static gradus_node *make_huber(gradus_graph *g, gradus_node *const *in,
                               int n_in, const gradus_attr *a)
{
    gradus_regression_options o = read_options(in, n_in, a);

    (void)g;
    return gradus_huber(n_in ? in[0] : NULL, n_in > 1 ? in[1] : NULL, &o);
}

const gradus_op gradus_mse_op = {
    .name = "mse", .prepare = gradus_loss_prepare, .forward = forward,
    .backward = backward, .diagnose = diagnose, .make = make_mse,
};

const gradus_op gradus_huber_op = {
    .name = "huber", .prepare = gradus_loss_prepare, .forward = forward,
    .backward = backward, .diagnose = diagnose, .make = make_huber,
};

static gradus_node *new_loss(const gradus_op *op, gradus_node *y,
                             gradus_node *t, gradus_regression_options o)
{
    gradus_node *n =
        gradus_loss_new(op, sizeof(regression), y, t, o.row_weight);

    if (!n || !gradus_loss_elements(n))
        return NULL;
    return gradus_loss_reduce(n, o.reduction);
}

gradus_node *gradus_mse(gradus_node *y, gradus_node *t,
                        const gradus_regression_options *options)
{
    gradus_regression_options o = { 0 };
    if (options)
        o = *options;
    gradus_node *n = new_loss(&gradus_mse_op, y, t, o);

    if (!n)
        return NULL;
    ((regression *)n)->c = 2;
    ((regression *)n)->delta = INFINITY;
    if (o.delta != 0)
        return gradus_fail(n, "delta is %g, but a squared error has none",
                           o.delta);
    return n;
}

gradus_node *gradus_huber(gradus_node *y, gradus_node *t,
                          const gradus_regression_options *options)
{
    gradus_regression_options o = { 0 };
    if (options)
        o = *options;
    gradus_node *n = new_loss(&gradus_huber_op, y, t, o);

    if (!n)
        return NULL;
    ((regression *)n)->c = 1;
    ((regression *)n)->delta = o.delta != 0 ? o.delta : 1;
    if (o.delta == 0)
        return n;
    if (!(o.delta >= 1e-30 && o.delta <= 1e30))
        return gradus_fail(n, "delta is %g, 1e-30 to 1e30, or 0 for 1, wanted",
                           o.delta);
    return gradus_set_attr(n, "delta", 1, &o.delta);
}
