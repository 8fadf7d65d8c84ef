/* explain_terms.c -- where the gradient of one entry of a parameter comes
 * from: which row, and which dy times which x. */
#include "explain.h"

#include "common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int add_term(derivation *d, term t)
{
    if ((d->n & (d->n + 1)) == 0) { /* there is room for 1, 3, 7, .. */
        term *longer = realloc(d->term, (2 * d->n + 1) * sizeof *longer);
        if (!longer) {
            complain("out of memory for %zu terms", 2 * d->n + 1);
            return -1;
        }
        d->term = longer;
    }
    t.dy = t.of->op->loss
               ? gradus_as_loss(t.of)->weight
               : t.of->dy[(size_t)t.row * (size_t)t.of->size + t.at];
    d->term[d->n++] = t;
    return 0;
}

/* Adds the term of number `at` of the node's dy in that row, times x, which is
 * number from_at of the value of `from`. */
static int add(derivation *d, int row, size_t at, const gradus_node *from,
               size_t from_at, double x)
{
    return add_term(d, (term){ .of = d->node, .row = row, .at = at,
                               .from = from, .from_at = from_at, .x = x });
}

/* The term of dy times a value of the operand. */
static int add_x(derivation *d, int row, size_t at, size_t from_at)
{
    const gradus_node *x = d->node->in[0];

    return add(d, row, at, x, from_at,
               x->y[(size_t)row * (size_t)x->size + from_at]);
}

/* The term of a bias, whose factor is 1. */
static int add_1(derivation *d, int row, size_t at)
{
    return add(d, row, at, NULL, 0, 1);
}

static int is_bias(const derivation *d)
{
    return strcmp(d->param->name, "bias") == 0;
}

/* dW[o,k] = sum dy[o] x[k],  db[o] = sum dy[o];  W [units,in], b [units] */
static int dense_terms(derivation *d, int row)
{
    const size_t in = (size_t)d->node->in[0]->size;

    return is_bias(d) ? add_1(d, row, d->entry)
                      : add_x(d, row, d->entry / in, d->entry % in);
}

/* The number of [channel,line,column] in a row of an image. */
static size_t place(const gradus_node *n, int channel, int line, int column)
{
    const size_t height = (size_t)n->shape[1], width = (size_t)n->shape[2];

    return ((size_t)channel * height + (size_t)line) * width + (size_t)column;
}

/* dW[o,c,u,v] = sum dy[o,i,j] x[c, s i + u - p, s j + v - p] over all i, j for
 * which that lies in x [C,H,W]; W is [K,C/groups,k,k].  db[o] is the sum of
 * dy[o,i,j]. */
static int conv_terms(derivation *d, int row)
{
    const gradus_node *n = d->node, *x = n->in[0];
    const int *W = n->param[0].shape, entry = (int)d->entry;
    const int s = gradus_attr_int(n->attr, "stride", 1);
    const int p = gradus_attr_int(n->attr, "padding", 0);
    const int v = entry % W[3], u = entry / W[3] % W[2];
    const int o = is_bias(d) ? entry : entry / (W[1] * W[2] * W[3]);
    const int group = o / (W[0] / (x->shape[0] / W[1]));
    const int c = group * W[1] + entry / (W[2] * W[3]) % W[1];
    int failed = 0;

    for (int i = 0; i < n->shape[1] && !failed; i++)
        for (int j = 0; j < n->shape[2] && !failed; j++) {
            const int line = s * i + u - p, column = s * j + v - p;
            const size_t at = place(n, o, i, j);
            if (is_bias(d))
                failed = add_1(d, row, at);
            else if (line >= 0 && line < x->shape[1] && column >= 0 &&
                     column < x->shape[2])
                failed = add_x(d, row, at, place(x, c, line, column));
        }
    return failed;
}

/* y = g x^ + b, so dg = sum dy x^ and db = sum dy, at one number of a row; x^
 * is found from y. */
static int scale_term(derivation *d, int row, size_t at)
{
    const gradus_node *n = d->node;
    const double g = n->param[0].w[d->entry], b = n->param[1].w[d->entry];
    const double y = n->y[(size_t)row * (size_t)n->size + at];

    if (is_bias(d))
        return add_1(d, row, at);
    if (g != 0)
        return add(d, row, at, n, at, (y - b) / g);
    complain("%s.%s: number %zu is 0, so that the normalised x cannot be told "
             "from y", n->name, d->param->name, d->entry);
    return -1;
}

/* Batch normalisation has a scale for each channel, which comes first. */
static int batchnorm_terms(derivation *d, int row)
{
    const size_t S = (size_t)(d->node->size / d->node->units);
    int failed = 0;

    for (size_t s = 0; s < S && !failed; s++)
        failed = scale_term(d, row, d->entry * S + s);
    return failed;
}

/* Layer normalisation has one for each number of the last axis. */
static int layernorm_terms(derivation *d, int row)
{
    int failed = 0;

    for (size_t at = d->entry; at < (size_t)d->node->size && !failed;
         at += (size_t)d->node->units)
        failed = scale_term(d, row, at);
    return failed;
}

static const struct {
    const char *op;
    int (*terms)(derivation *d, int row);
} layers[] = {
    { "dense", dense_terms },
    { "conv", conv_terms },
    { "batchnorm", batchnorm_terms },
    { "layernorm", layernorm_terms },
};

enum { LAYERS = sizeof layers / sizeof *layers };

static double size_of(const term *t)
{
    return fabs(t->dy * t->x);
}

static int largest_first(const void *a, const void *b)
{
    const term *x = a, *y = b;

    if (x->of != y->of)
        return x->of->id - y->of->id;
    if (size_of(x) != size_of(y))
        return size_of(x) < size_of(y) ? 1 : -1;
    if (x->row != y->row)
        return x->row - y->row;
    return (x->at > y->at) - (x->at < y->at);
}

int refuse_op(const gradus_node *n)
{
    complain("%s: how its gradient is computed is not known here",
             gradus_node_op(n));
    return -1;
}

/* Finds those of an entry of a parameter. */
static int find_terms_of_entry(explanation *e)
{
    derivation *d = &e->of;
    int i = 0, failed = 0;

    while (i < LAYERS && !is_op(d->node, layers[i].op))
        i++;
    if (i == LAYERS)
        return refuse_op(d->node);
    for (int row = 0; row < e->rows && !failed; row++)
        failed = layers[i].terms(d, row);
    return failed;
}

int find_terms(explanation *e)
{
    derivation *d = &e->of;

    if (d->param ? find_terms_of_entry(e) : find_terms_back(e))
        return -1;
    d->gradient = d->param ? d->param->dw[d->entry]
                           : d->node->dy[number_of(d) - d->node->y];
    for (size_t i = 0; i < d->n; i++)
        d->sum += d->term[i].dy * d->term[i].x;
    if (d->n)
        qsort(d->term, d->n, sizeof *d->term, largest_first);
    return 0;
}
