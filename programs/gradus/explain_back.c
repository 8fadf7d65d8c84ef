/* explain_back.c -- where the gradient of one number of a node's value comes
 * from: of the nodes that use it, which dy times the derivative of which y. */
#include "explain.h"

#include "common.h"

#include <math.h>
#include <stdlib.h>

/* Adds the term of number `at` of u's dy in that row. */
static int add(derivation *d, const gradus_node *u, int row, size_t at,
               double slope)
{
    return add_term(d, (term){ .of = u, .row = row, .at = at, .x = slope });
}

/* The term of dy times number `from_at` of u's weight. */
static int add_weight(derivation *d, const gradus_node *u, size_t at,
                      size_t from_at)
{
    const gradus_param *W = &u->param[0];

    return add_term(d, (term){ .of = u, .row = d->row, .at = at, .weight = W,
                               .from_at = from_at, .x = W->w[from_at] });
}

/* Number `at` of u's value, in the row that is asked for. */
static double value_at(const derivation *d, const gradus_node *u, size_t at)
{
    return u->y[(size_t)d->row * (size_t)u->size + at];
}

/* dx[k] = sum_o dy[o] W[o,k];  W [units,in] */
static int dense_back(derivation *d, const gradus_node *u, int operand)
{
    const size_t in = (size_t)u->in[operand]->size;
    int failed = 0;

    for (size_t o = 0; o < (size_t)u->size && !failed; o++)
        failed = add_weight(d, u, o, o * in + d->entry);
    return failed;
}

/* ---- one number of y for one of x --------------------------------------- */

/* The derivative of an activation function, of those that `layers` below has,
 * at x, where its value is y. */
static double slope_of(const gradus_node *u, double x, double y)
{
    const double s = 1 / (1 + exp(-x)), pi = 4 * atan(1);

    if (is_op(u, "relu"))
        return y > 0 ? 1 : 0;
    if (is_op(u, "leaky_relu"))
        return x > 0 ? 1 : gradus_attr_double(u->attr, "slope", 0);
    if (is_op(u, "sigmoid"))
        return y * (1 - y);
    if (is_op(u, "tanh"))
        return (1 - y) * (1 + y);
    if (is_op(u, "gelu")) /* y = x P(x), with the normal distribution P */
        return erfc(-x / sqrt(2)) / 2 + x * exp(-x * x / 2) / sqrt(2 * pi);
    return is_op(u, "silu") ? s * (1 + x * (1 - s)) : 0; /* y = x s */
}

static int activation_back(derivation *d, const gradus_node *u, int operand)
{
    return add(d, u, d->row, d->entry,
               slope_of(u, value_at(d, u->in[operand], d->entry),
                        value_at(d, u, d->entry)));
}

/* dx = m dy / (1 - p) */
static int dropout_back(derivation *d, const gradus_node *u, int operand)
{
    const double x = value_at(d, u->in[operand], d->entry);

    if (u != d->dropout && x == 0) {
        complain("%s: the value is 0, so that it cannot be told whether it is "
                 "set to 0", u->name);
        return -1;
    }
    return add(d, u, d->row, d->entry,
               u == d->dropout ? d->kept : value_at(d, u, d->entry) / x);
}

/* y has the numbers of x, behind those of the operands before it. */
static int copy_back(derivation *d, const gradus_node *u, int operand)
{
    size_t before = 0;

    for (int j = 0; j < operand && is_op(u, "concat"); j++)
        before += (size_t)u->in[j]->size;
    return add(d, u, d->row, before + d->entry, 1);
}

/* ---- windows ------------------------------------------------------------ */

/* A number x[c,line,column], and windows of k x k numbers. */
typedef struct {
    int c, line, column;
    int k, stride, padding;
} windows;

static windows windows_of(const derivation *d, const gradus_node *u, int k)
{
    const int *shape = d->node->shape, entry = (int)d->entry;

    return (windows){ .c = entry / (shape[1] * shape[2]),
                      .line = entry / shape[2] % shape[1],
                      .column = entry % shape[2], .k = k,
                      .stride = gradus_attr_int(u->attr, "stride", 1),
                      .padding = gradus_attr_int(u->attr, "padding", 0) };
}

/* Where the number is in window [i,j], counted line by line; -1: it is not. */
static int place_in(const windows *w, int i, int j)
{
    const int line = w->line + w->padding - w->stride * i;
    const int column = w->column + w->padding - w->stride * j;

    return line >= 0 && line < w->k && column >= 0 && column < w->k
               ? line * w->k + column
               : -1;
}

/* dx[c,si+u-p,sj+v-p] += dy[o,i,j] W[o,c,u,v];  W [K,C/groups,k,k] */
static int conv_back(derivation *d, const gradus_node *u, int operand)
{
    const int *W = u->param[0].shape, S = u->shape[1] * u->shape[2];
    const windows w = windows_of(d, u, W[2]);
    const int outputs = W[0] / (u->in[operand]->shape[0] / W[1]);
    const int first = w.c / W[1] * outputs; /* of the group of channel c */
    int failed = 0;

    for (int at = first * S; at < (first + outputs) * S && !failed; at++) {
        const int place = place_in(&w, at / u->shape[2] % u->shape[1],
                                   at % u->shape[2]);
        const int kernel = at / S * W[1] + w.c % W[1]; /* of o, for c */
        const int from_at = kernel * W[2] * W[3] + place;
        if (place >= 0)
            failed = add_weight(d, u, (size_t)at, (size_t)from_at);
    }
    return failed;
}

/* Is the number the first in window [i,j] that is not below y? */
static int is_maximum(const derivation *d, const windows *w, int i, int j,
                      double y)
{
    const int *shape = d->node->shape, place = place_in(w, i, j);

    for (int t = 0; t < place; t++) {
        const int line = w->stride * i + t / w->k - w->padding;
        const int column = w->stride * j + t % w->k - w->padding;
        const int at = (w->c * shape[1] + line) * shape[2] + column;
        if (line >= 0 && line < shape[1] && column >= 0 &&
            column < shape[2] && value_at(d, d->node, (size_t)at) >= y)
            return 0;
    }
    return value_at(d, d->node, d->entry) >= y;
}

/* dx = dy at the first of the largest of a window, or dx += dy / k^2 */
static int pool_back(derivation *d, const gradus_node *u, int operand)
{
    const windows w = windows_of(d, u, gradus_attr_int(u->attr, "size", 1));
    const int S = u->shape[1] * u->shape[2];
    size_t at = (size_t)w.c * (size_t)S;
    int failed = 0;

    (void)operand; /* there is one */
    for (int s = 0; s < S && !failed; s++, at++) {
        const int i = s / u->shape[2], j = s % u->shape[2];
        if (place_in(&w, i, j) >= 0)
            failed = add(d, u, d->row, at,
                         is_op(u, "avgpool") ? 1. / (w.k * w.k)
                         : is_maximum(d, &w, i, j, value_at(d, u, at)));
    }
    return failed;
}

/* dx = dy / HW */
static int channel_back(derivation *d, const gradus_node *u, int operand)
{
    const size_t HW = (size_t)u->in[operand]->size / (size_t)u->size;

    return add(d, u, d->row, d->entry / HW, 1 / (double)HW);
}

/* ---- numbers that are computed together --------------------------------- */

/* dx_k = sum_i dy_i y_k ([i is k] - y_i) over the last axis */
static int softmax_back(derivation *d, const gradus_node *u, int operand)
{
    const size_t C = (size_t)u->shape[u->rank - 1], k = d->entry;
    int failed = 0;

    (void)operand; /* there is one */
    for (size_t i = k / C * C; i < k / C * C + C && !failed; i++)
        failed = add(d, u, d->row, i,
                     value_at(d, u, k) * ((i == k) - value_at(d, u, i)));
    return failed;
}

/* Numbers that are normalised together: `count` from `at` on, in each of the
 * rows; and their mean, and r = 1 / sqrt(var + eps). */
typedef struct {
    int row, rows;
    size_t at, count;
    double mean, r;
} together;

/* Those of batch normalisation are a channel's in all rows, and those of layer
 * normalisation the last axis's. */
static together together_of(const explanation *e, const gradus_node *u)
{
    const size_t units = (size_t)u->units, S = (size_t)u->size / units;

    if (is_op(u, "batchnorm"))
        return (together){ .rows = e->rows, .count = S,
                           .at = e->of.entry / S * S };
    return (together){ .row = e->of.row, .rows = 1, .count = units,
                       .at = e->of.entry / units * units };
}

/* Sets mean and r; x [B,size]. */
static void normalise(together *t, const gradus_real *x, size_t size)
{
    const double n = (double)t->rows * (double)t->count, eps = 1e-5;
    double var = 0;

    for (int row = t->row; row < t->row + t->rows; row++)
        for (size_t i = t->at; i < t->at + t->count; i++)
            t->mean += x[(size_t)row * size + i] / n;
    for (int row = t->row; row < t->row + t->rows; row++)
        for (size_t i = t->at; i < t->at + t->count; i++)
            var += pow(x[(size_t)row * size + i] - t->mean, 2) / n;
    t->r = 1 / sqrt(var + eps);
}

/* dx_k = sum_i dy_i g_i r ([i is k] - 1/n - x^_i x^_k / n), over the n numbers
 * that are normalised together */
static int norm_back(explanation *e, const gradus_node *u)
{
    derivation *d = &e->of;
    const size_t size = (size_t)u->size;
    const gradus_real *x = d->node->y, *g = u->param[0].w;
    together t = together_of(e, u);
    int failed = 0;

    normalise(&t, x, size);
    const double n = (double)t.rows * (double)t.count;
    const double x_k = (*number_of(d) - t.mean) * t.r;
    for (int row = t.row; row < t.row + t.rows; row++)
        for (size_t i = t.at; i < t.at + t.count && !failed; i++) {
            const double x_i = (x[(size_t)row * size + i] - t.mean) * t.r;
            const int same = row == d->row && i == d->entry;
            const size_t unit = is_op(u, "batchnorm") ? i / t.count
                                                      : i - t.at;
            failed = add(d, u, row, i,
                         g[unit] * t.r * (same - 1 / n - x_i * x_k / n));
        }
    return failed;
}

/* ---- the loss, and which of these it is --------------------------------- */

static int loss_back(explanation *e, const gradus_node *u)
{
    derivation *d = &e->of;

    if (u != output_of(e->g))
        return refuse_op(u);
    return add(d, u, d->row, d->entry,
               loss_gradient(loss_of(e), d->row, (int)d->entry));
}

static const struct {
    const char *op;
    int (*back)(derivation *d, const gradus_node *u, int operand);
} layers[] = {
    { "dense", dense_back },      { "conv", conv_back },
    { "relu", activation_back },  { "leaky_relu", activation_back },
    { "sigmoid", activation_back }, { "tanh", activation_back },
    { "gelu", activation_back },  { "silu", activation_back },
    { "dropout", dropout_back },  { "add", copy_back },
    { "concat", copy_back },      { "reshape", copy_back },
    { "maxpool", pool_back },     { "avgpool", pool_back },
    { "global_avgpool", channel_back }, { "softmax", softmax_back },
};

enum { LAYERS = sizeof layers / sizeof *layers };

/* The terms that come back from u, of which the node is an operand. */
static int back(explanation *e, const gradus_node *u, int operand)
{
    int i = 0;

    if (u->op->loss)
        return loss_back(e, u);
    if (is_op(u, "batchnorm") || is_op(u, "layernorm"))
        return norm_back(e, u);
    while (i < LAYERS && !is_op(u, layers[i].op))
        i++;
    return i == LAYERS ? refuse_op(u) : layers[i].back(&e->of, u, operand);
}

int find_terms_back(explanation *e)
{
    int failed = 0;

    for (int i = e->of.node->id + 1; i < gradus_node_count(e->g); i++) {
        const gradus_node *u = gradus_node_at(e->g, i);
        for (int j = 0; j < u->n_in && !failed; j++)
            if (u->in[j] == e->of.node)
                failed = back(e, u, j);
    }
    return failed;
}
