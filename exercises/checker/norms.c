/* norms.c -- exercises 12 and 13: the gradient of x through batch
 * normalisation and through layer normalisation.
 *
 *   y = g x^ + b     x^ = (x - mean) / sqrt(var + eps)     u = g dy
 *
 *   dx += (u - mean(u) - x^ mean(u x^)) / sqrt(var + eps)
 *
 * The means are over the values that are normalised together: the m values of
 * a channel in the batch, or the D values of a position.
 */
#include "check.h"

#include <math.h>

static const double eps = 1e-5; /* the library's */

enum { RIGHT, CONSTANT, NO_MEAN, NO_SLOPE, PLUS, NO_SCALE, NO_G, NOT_CENTRED,
       SUMS, SETS, ADDS, NO_RELU, FIRST_CHANNEL, NO_REST, BY_DY, MASK_LATE,
       MISTAKES };

/* n values that are normalised together, and dy and g of each; or, if g_step
 * is 0, one g of all. */
typedef struct {
    int n, g_step;
    const double *x, *dy, *g;
} values;

/* dx += (u - mean(u) - x^ mean(u x^)) / sqrt(var + eps).  In batch
 * normalisation, the factor that NO_SCALE forgets has g in it. */
static void add_dx(int how, values v, bool add, double *dx)
{
    double mean = 0, var = 0, u = 0, ux = 0;
    const double m = how == SUMS ? 1 : v.n;

    for (int i = 0; i < v.n; i++)
        mean += v.x[i] / v.n;
    for (int i = 0; i < v.n; i++)
        var += (v.x[i] - mean) * (v.x[i] - mean) / v.n;
    const double scale = 1 / sqrt(var + eps);
    for (int i = 0; i < v.n; i++) {
        double g = how == NO_G ? 1 : v.g[i * v.g_step];
        u += g * v.dy[i];
        ux += g * v.dy[i] * (v.x[i] - mean) * scale;
    }
    const bool keep = how == ADDS || (add && how != SETS);
    for (int i = 0; i < v.n; i++) {
        double g = how == NO_G ? 1 : v.g[i * v.g_step];
        double centred = v.x[i] - (how == NOT_CENTRED ? 0 : mean);
        double slope = centred * scale * ux / m;
        double d = g * v.dy[i];
        d -= how == CONSTANT || how == NO_MEAN ? 0 : u / m;
        d -= how == CONSTANT || how == NO_SLOPE ? 0
             : how == PLUS                      ? -slope
                                                : slope;
        dx[i] = (keep ? dx[i] : 0) + d * (how != NO_SCALE ? scale
                                          : v.g_step      ? 1
                                                          : 1 / *v.g);
    }
}

/* ---- 12: batch normalisation ------------------------------------------ */

static const mistake of_batch[] = {
    [CONSTANT] = { "statistics-constant",
        "the mean and the variance are taken to be constants.  They are "
        "computed from x, and x gets two terms more through them." },
    [NO_MEAN] = { "mean-forgotten",
        "the mean of dy is not subtracted: f.mean_dy[c].  That is what comes "
        "back to x through the mean." },
    [NO_SLOPE] = { "variance-forgotten",
        "the term (x - mean) slope is missing.  That is what comes back to x "
        "through the variance." },
    [PLUS] = { "variance-sign",
        "the term (x - mean) slope has the wrong sign: a larger deviation "
        "makes the variance larger and all of x^ smaller." },
    [NO_SCALE] = { "not-scaled",
        "the factor f.scale[c], which is g / sqrt(var + eps), is missing." },
    [NO_G] = { "no-g",
        "g has no part in it.  y is g x^, so dx^ is g dy." },
    [NOT_CENTRED] = { "not-centred",
        "x itself is multiplied by the slope, and not x - mean." },
    [SUMS] = { "sums",
        "the sums are subtracted, and not the means." },
    [SETS] = { "overwrites",
        "where f.set is false, dx is added to: another layer has passed its "
        "gradient back before." },
    [ADDS] = { "adds-to-rubbish",
        "where f.set is true, what dx holds means nothing, and is replaced." },
    [NO_RELU] = { "relu-forgotten",
        "where there is a z, a ReLU behind the layer is computed here: dy "
        "counts as 0 where z is not above 0." },
    [FIRST_CHANNEL] = { "first-channel",
        "every number is treated as one of the first channel.  c moves on by "
        "`step` from one number to the next." },
    [NO_REST] = { "rest-forgotten",
        "f.rest[c] is not subtracted with f.mean[c].  The mean is the sum of "
        "both: as a float, one number would be too short for it." },
    [BY_DY] = { "mask-of-dy",
        "the sign of dy decides on what passes through the ReLU.  It is z "
        "that does; dy may have any sign." },
    [MASK_LATE] = { "mask-too-late",
        "nothing goes to dx where z is not above 0.  Only dy is 0 there: the "
        "ReLU stands behind the normalisation, so back it comes first, and "
        "such an x has a part in the mean and in the variance all the "
        "same." },
};

/* The shape of a case: C channels of P positions, in B rows. */
typedef struct {
    int B, C, P;
    size_t n;
} shape;

/* What the check takes from the mean of channel c and puts into the rest,
 * which is 0 in double. */
static double rest_of(int c)
{
    return (c + 1) / 8.;
}

/* dx, channel by channel. */
static void batch_dx(int how, shape h, const double *x, const double *dy,
                     const double *z, const double *g, bool add, double *dx)
{
    double *d = copy_of(dy, h.n);

    for (size_t i = 0; i < h.n; i++)
        d[i] = z && z[i] <= 0 ? 0 : d[i];
    for (int c = 0; c < h.C; c++) {
        /* the channel's numbers of all rows, side by side */
        const int m = h.B * h.P;
        double *xs = zeros((size_t)m), *ds = zeros((size_t)m);
        double *dxs = zeros((size_t)m);
        for (int i = 0; i < m; i++) {
            int at = (i / h.P * h.C + c) * h.P + i % h.P;
            xs[i] = x[at];
            ds[i] = d[at];
            dxs[i] = dx[at];
        }
        add_dx(how, (values){ m, 0, xs, ds, g + c }, add, dxs);
        for (int i = 0; i < m; i++)
            dx[(i / h.P * h.C + c) * h.P + i % h.P] = dxs[i];
    }
}

/* dx by those mistakes that are the dx of no normalisation: what is wrong in
 * dx is not so in the sums that it needs, or those of another channel are
 * used.  So all is written out here. */
static void odd_dx(int how, shape h, const double *x, const double *dy,
                   const double *z, const double *g, bool add, double *dx)
{
    for (int c = 0; c < h.C; c++) {
        const int from = how == FIRST_CHANNEL && h.P == 1 ? 0 : c;
        const int m = h.B * h.P;
        double mean = 0, var = 0, sum = 0, sum_x = 0;
        for (int i = 0; i < m; i++)
            mean += x[(i / h.P * h.C + from) * h.P + i % h.P] / m;
        for (int i = 0; i < m; i++) {
            int at = (i / h.P * h.C + from) * h.P + i % h.P;
            double d = z && z[at] <= 0 ? 0 : dy[at];
            var += (x[at] - mean) * (x[at] - mean) / m;
            sum += d / m;
            sum_x += d * (x[at] - mean) / m;
        }
        const double scale = 1 / sqrt(var + eps);
        mean -= how == NO_REST ? rest_of(c) : 0;
        for (int i = 0; i < m; i++) {
            int at = (i / h.P * h.C + c) * h.P + i % h.P;
            const bool off = z && (how == BY_DY ? dy : z)[at] <= 0;
            double d = off && how != NO_RELU && how != MASK_LATE ? 0 : dy[at];
            d -= sum + (x[at] - mean) * scale * scale * sum_x;
            d = off && how == MASK_LATE ? 0 : d;
            dx[at] = (add ? dx[at] : 0) + g[from] * scale * d;
        }
    }
}

/* Leaves a part of each mean to the rest.  A node's `kept` begins with the
 * means [C] and the rests [C]. */
static void split_means(gradus_node *n)
{
    for (int c = 0; c < n->units; c++) {
        n->kept[c] -= rest_of(c);
        n->kept[n->units + c] += rest_of(c);
    }
}

/* The sums of the batch are those of the functions beside the learner's, which
 * the library calls in this order. */
static void try_batch(sheet *s, shape h, bool relu, bool add, const char *when)
{
    gradus_graph *graph = must(gradus_graph_new(1));
    gradus_node *x = h.P > 1 ? gradus_image(graph, h.C, 1, h.P)
                             : gradus_input(graph, h.C);
    gradus_node *n = must(gradus_batchnorm(x)), *r = must(gradus_relu(n));
    gradus_part p = part_of(n, 0, h.B);
    const double *before = numbers(h.n, 3);

    begin_case(when);
    n->result = relu ? r : n;
    x->y = numbers(h.n, 1);
    n->result->dy = numbers(h.n, 2);
    n->result->y = zeros(h.n);
    n->param[0].w = numbers((size_t)h.C, 4);
    n->param[1].w = zeros((size_t)h.C); /* so z is 0 about half of the time */
    n->param[0].dw = zeros((size_t)h.C);
    n->param[1].dw = zeros((size_t)h.C);
    n->kept = zeros(n->keep);
    n->sums = zeros((size_t)n->n_sums);
    n->first[0] = !add;
    x->dy = copy_of(before, h.n);
    n->op->mixing->sum(n, p);
    n->op->mixing->unite(n, 1);
    split_means(n);
    n->op->forward(n, p);
    n->op->mixing->sum_back(n, p);
    n->op->mixing->unite_back(n, 1, false);
    n->op->backward(n, p);
    array *dx = record(s, "dx", h.P > 1 ? 3 : 2, (int[]){ h.B, h.C, h.P },
                       before, x->dy, add);
    for (int k = 0; k < s->mistakes; k++)
        (k >= NO_RELU ? odd_dx : batch_dx)(
            k, h, x->y, n->result->dy, relu ? r->y : NULL, n->param[0].w, add,
            dx->answer[k]);
}

void check_batchnorm(sheet *s)
{
    s->mistake = of_batch;
    s->mistakes = MISTAKES;
    try_batch(s, (shape){ 5, 3, 1, 15 }, false, false, "5 rows, 3 channels");
    try_batch(s, (shape){ 2, 2, 4, 16 }, false, true,
              "2 rows, 2 channels of 4 positions, added");
    try_batch(s, (shape){ 8, 3, 1, 24 }, true, false,
              "8 rows, 3 channels, with a ReLU behind it");
    try_batch(s, (shape){ 2, 2, 8, 32 }, true, true,
              "2 rows, 2 channels of 8 positions, with a ReLU, added");
}

/* ---- 13: layer normalisation ------------------------------------------ */

static const mistake of_layer[] = {
    [CONSTANT] = { "statistics-constant",
        "the mean and the variance are taken to be constants.  They are "
        "computed from x, and x gets two terms more through them." },
    [NO_MEAN] = { "mean-forgotten",
        "mean(u) is not subtracted.  That is what comes back to x through the "
        "mean." },
    [NO_SLOPE] = { "variance-forgotten",
        "the term x^ mean(u x^) is missing.  That is what comes back to x "
        "through the variance." },
    [PLUS] = { "variance-sign",
        "the term x^ mean(u x^) has the wrong sign: a larger deviation makes "
        "the variance larger and all of x^ smaller." },
    [NO_SCALE] = { "not-scaled",
        "the factor `scale`, which is 1 / sqrt(var + eps), is missing." },
    [NO_G] = { "no-g",
        "g has no part in it.  y is g x^, so dx^ is u = g dy." },
    [NOT_CENTRED] = { "not-centred",
        "x is used where x^, from which the mean is subtracted, belongs." },
    [SUMS] = { "sums",
        "the sums of u and of u x^ are subtracted.  Divide them by D: it is "
        "their means that come back." },
    [SETS] = { "overwrites",
        "dx is set, and has to be added to: another layer has passed its "
        "gradient back before." },
    [ADDS] = { "", "" }, /* it always adds */
};

enum { D = 4 };

static void try_layer(sheet *s, int B, int S, const char *when)
{
    gradus_graph *graph = must(gradus_graph_new(1));
    gradus_node *in = gradus_input(graph, S * D);
    gradus_node *x = S > 1 ? gradus_reshape(in, 2, (int[]){ S, D }) : in;
    gradus_node *n = must(gradus_layernorm(x));
    const size_t count = (size_t)(B * S * D);
    const double *before = numbers(count, 3);

    begin_case(when);
    x->y = numbers(count, 1);
    n->dy = numbers(count, 2);
    n->param[0].w = numbers(D, 4);
    n->param[1].w = numbers(D, 5);
    n->share[0] = zeros(D);
    n->share[1] = zeros(D);
    x->dy = copy_of(before, count);
    n->op->backward(n, part_of(n, 0, B));
    array *dx = S > 1 ? record(s, "dx", 3, (int[]){ B, S, D }, before, x->dy,
                               true)
                      : record(s, "dx", 2, (int[]){ B, D }, before, x->dy,
                               true);
    for (int k = 0; k < s->mistakes; k++)
        for (int i = 0; i < B * S; i++)
            add_dx(k, (values){ D, 1, x->y + i * D, n->dy + i * D,
                                n->param[0].w },
                   true, dx->answer[k] + i * D);
}

void check_layernorm(sheet *s)
{
    s->mistake = of_layer;
    s->mistakes = ADDS;
    try_layer(s, 3, 1, "3 rows of 4 values");
    try_layer(s, 2, 3, "2 rows of 3 positions of 4 values");
}
