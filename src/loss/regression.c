/* regression.c -- squared error and Huber's loss (1964), over all elements.
 * Both are one loss l with different constants c and delta.  Forward copies
 * the operand, which is the prediction, to y and sums up the loss of each row.
 *
 *   L = 1/D sum w_i c l(y_ik - t_ik)                   over rows, elements
 *   l(d) = d^2 / 2                   where |d| <= delta
 *          delta (|d| - delta / 2)   elsewhere
 *        = m (|d| - m / 2),          m = min(|d|, delta)
 *   dy_ik += w_i c / D max(-delta, min(delta, d_ik))
 *
 *   squared error: c = 2, delta = inf; Huber: c = 1
 *   y, dy and the targets t are [B,size]; w_i is the weight of row i.
 *   D is size times the sum of the rows' weights, or B size, or 1, as the
 *   reduction says.
 */
#include "loss/loss.h"

#include <math.h>
#include <string.h>

/* The constructor sets c and delta, as in the equation, and nothing changes
 * them afterwards.  Beyond delta, which is in units of y, l is linear. */
typedef struct {
    gradus_loss_node loss;
    double c, delta;
} regression_node;

/* The number of running sums in a sum over elements.  With a single one, every
 * addition would have to wait for the one before. */
enum { SUMS = 8 };

/* Returns l(y - t) of one element, in the form with m, which holds for an
 * infinite delta too. */
static double element(double y, double t, double delta)
{
    double d = fabs(y - t), m = d < delta ? d : delta;

    return m * (d - m / 2);
}

/* Returns sum_k l(y_k - t_k) over y [n] and t [n]. */
static double sum_elements(const gradus_real *y, const gradus_real *t, int n,
                           double delta)
{
    double sum[SUMS] = { 0 }, all = 0;
    int k = 0;

    for (; n - k >= SUMS; k += SUMS)
        for (int j = 0; j < SUMS; j++)
            sum[j] += element(y[k + j], t[k + j], delta);
    for (; k < n; k++)
        all += element(y[k], t[k], delta);
    for (int j = 0; j < SUMS; j++)
        all += sum[j];
    return all;
}

/* In inference the predictions are in the units in which the targets were fed:
 * y = y std + mean, if those are standardised. */
static void restore_units(gradus_node *n, gradus_part p)
{
    const gradus_attr *a = n->in[1]->attr;
    const double *mean = gradus_attr_values(a, "centre", NULL);
    const double *std = gradus_attr_values(a, "scale", NULL);
    gradus_real *y = gradus_row(n->y, p, n->size);

    for (int i = 0; mean && i < p.rows; i++, y += n->size)
        for (int k = 0; k < n->size; k++)
            y[k] = (gradus_real)(y[k] * std[k] + mean[k]);
}

/* Copies the prediction to y, and sets loss[i] to w_i c sum_k l(y_ik - t_ik),
 * which is not divided by D, if the loss is wanted. */
static void forward(gradus_node *n, gradus_part p)
{
    const regression_node *r = (const regression_node *)n;
    gradus_real *y = gradus_row(n->y, p, n->size);

    memcpy(y, gradus_row(n->in[0]->y, p, n->size),
           gradus_count(p, n->size) * sizeof *y);
    if (!r->loss.loss) {
        restore_units(n, p);
        return;
    }
    const gradus_real *t = gradus_row(n->in[1]->y, p, n->size);
    for (int i = p.row; i < p.row + p.rows; i++, y += n->size, t += n->size)
        r->loss.loss[i] = gradus_loss_row_weight(n, i) * r->c *
                          sum_elements(y, t, n->size, r->delta);
}

/* dy += a max(-delta, min(delta, y - t)), where a is w_i c / D times the
 * weight of this loss. */
static void backward(gradus_node *n, gradus_part p)
{
    const regression_node *r = (const regression_node *)n;
    double scale = gradus_loss_scale(&r->loss) * r->c;
    const gradus_real delta = (gradus_real)r->delta;
    const gradus_real *y = gradus_row(n->y, p, n->size);
    const gradus_real *t = gradus_row(n->in[1]->y, p, n->size);
    gradus_real *dy = gradus_row(n->in[0]->dy, p, n->size);

    for (int i = p.row; i < p.row + p.rows;
         i++, y += n->size, t += n->size, dy += n->size) {
        gradus_real a = (gradus_real)(scale * gradus_loss_row_weight(n, i));
        for (int k = 0; k < n->size; k++) {
            gradus_real d = y[k] - t[k];
            d = d > delta ? delta : d;
            d = d < -delta ? -delta : d;
            dy[k] += a * d;
        }
    }
}

/* make_mse and make_huber build the node from the settings of a model file. */
static gradus_node *make_mse(const gradus_saved *s)
{
    return gradus_mse(s->in[0], s->in[1], &(gradus_mse_options){
        .reduction = gradus_attr_int(s->attr, "reduction", 0),
        .row_weight = s->in[2] });
}

static gradus_node *make_huber(const gradus_saved *s)
{
    return gradus_huber(s->in[0], s->in[1], &(gradus_huber_options){
        .reduction = gradus_attr_int(s->attr, "reduction", 0),
        .delta = gradus_attr_double(s->attr, "delta", 0),
        .row_weight = s->in[2] });
}

static const gradus_loss_rule rule = { .divisor = gradus_loss_count_elements,
                                       .diagnose = gradus_loss_diagnose };

const gradus_op gradus_mse_op = {
    .name = "mse", .forward = forward, .backward = backward, .make = make_mse,
    .loss = &rule,
};

const gradus_op gradus_huber_op = {
    .name = "huber", .forward = forward, .backward = backward,
    .make = make_huber, .loss = &rule,
};

/* Makes a loss of the prediction y and the targets t, with the constants c and
 * delta of the equation.  Returns NULL, with a message, if it cannot be. */
static gradus_node *new_loss(const gradus_op *op, gradus_node *y,
                             gradus_node *t, gradus_node *row_weight,
                             gradus_reduction reduction, double c,
                             double delta)
{
    regression_node *r =
        gradus_loss_new(op, sizeof *r, y, t, row_weight, reduction);

    if (!gradus_loss_of_elements((gradus_node *)r))
        return NULL;
    r->c = c;
    r->delta = delta;
    return &r->loss.node;
}

gradus_node *gradus_mse(gradus_node *y, gradus_node *t,
                        const gradus_mse_options *options)
{
    gradus_mse_options o = options ? *options : (gradus_mse_options){ 0 };

    return new_loss(&gradus_mse_op, y, t, o.row_weight, o.reduction, 2,
                    INFINITY);
}

gradus_node *gradus_huber(gradus_node *y, gradus_node *t,
                          const gradus_huber_options *options)
{
    gradus_huber_options o = options ? *options : (gradus_huber_options){ 0 };
    gradus_node *n = new_loss(&gradus_huber_op, y, t, o.row_weight,
                              o.reduction, 1, o.delta != 0 ? o.delta : 1);

    if (!n || o.delta == 0)
        return n;
    if (!(o.delta >= 1e-30 && o.delta <= 1e30))
        return gradus_fail(n, "delta is %g; must be 1e-30 to 1e30, or 0 for 1",
                           o.delta);
    return gradus_set_attr(n, "delta", 1, &o.delta);
}
