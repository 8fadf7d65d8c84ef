/* batchnorm.c -- batch normalisation, of each channel.
 *
 *   y = g x^ + b                x^ = (x - mean) / sqrt(var + eps)
 *
 *   dg = sum dy x^              db = sum dy
 *   dx += g (dy - db / m - x^ dg / m) / sqrt(var + eps)
 *
 * Ioffe, Szegedy: Batch Normalization (2015).  In training, mean and var are
 * those of the m values that the channel has in the batch, so it is a layer
 * that mixes rows: each slice of the batch is summed by itself, and the sums
 * are united, before forward and again before backward.
 * Otherwise they are running ones, to which each step adds a tenth of the
 * batch's, the variance with m - 1 below it, as in PyTorch.
 */
#include "gradus_layer.h"

#include <limits.h>
#include <math.h>

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };

static const double eps = 1e-5, momentum = 0.1;

/* Of the batch, for each channel: five arrays in n->kept. */
typedef enum {
    MEAN,
    SCALE,      /* 1 / sqrt(var + eps) */
    VAR,        /* unbiased */
    MEAN_DY,    /* db / m */
    MEAN_DY_X,  /* dg / m */
    ARRAYS
} array;

static gradus_real *batch(const gradus_node *n, array a)
{
    return n->kept + (size_t)a * (size_t)n->units;
}

/* Of a slice: how many values a channel has, and two numbers of each channel,
 * in n->sums. */
enum { SUMS_OF_CHANNEL = 2 };

/* Values of a channel that lie side by side, one row's. */
static int positions(const gradus_node *n) { return n->size / n->units; }

/* ---- sums of channels ------------------------------------------------- */

/* Rows are summed in lanes, in a fixed order: of every sixteenth value of a
 * channel; or, where it has but one in a row, of sixteen channels. */
enum { LANES = 16 };

typedef struct {
    int first, count; /* channels: one, or up to LANES */
    int width;        /* their values side by side in a row */
} group;

/* The one from this channel on; after the last channel its count is 0. */
static group group_at(const gradus_node *n, int first)
{
    int left = n->units - first < LANES ? n->units - first : LANES;

    return positions(n) > 1 && left ? (group){ first, 1, positions(n) }
                                    : (group){ first, left, left };
}

static group after(const gradus_node *n, group g)
{
    return group_at(n, g.first + g.count);
}

/* A group's values of row i in an array of n's shape. */
static gradus_real *row(const gradus_node *n, gradus_real *a, int i, group g)
{
    return a + ((size_t)i * n->units + g.first) * positions(n);
}

/* The sum of the how many-th channel of the group. */
static double total(group g, const double *lane, int channel)
{
    double sum = 0;

    for (int l = 0; g.count == 1 && l < LANES; l++)
        sum += lane[l];
    return g.count == 1 ? sum : lane[channel];
}

/* lane += x */
static inline void add_up(double *lane, const gradus_real *x, int width)
{
    for (; width >= LANES; width -= LANES, x += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += x[l];
    for (int l = 0; l < width; l++)
        lane[l] += x[l];
}

/* lane += (x - a) (y - b); a and b of each lane */
static inline void add_up_products(double *lane, const gradus_real *x,
                                   const double *a, const gradus_real *y,
                                   const double *b, int width)
{
    for (; width >= LANES; width -= LANES, x += LANES, y += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += (x[l] - a[l]) * (y[l] - b[l]);
    for (int l = 0; l < width; l++)
        lane[l] += (x[l] - a[l]) * (y[l] - b[l]);
}

/* ---- forward --------------------------------------------------------- */

/* The mean of each channel, and its sum of (x - mean)^2. */
static void sum(gradus_node *n, gradus_part r)
{
    const double m = (double)r.rows * positions(n);
    double *to = gradus_sums(n, r);

    *to++ = m;
    for (group g = group_at(n, 0); g.count; g = after(n, g)) {
        double lane[LANES] = { 0 }, square[LANES] = { 0 }, mean[LANES];
        for (int i = r.row; i < r.row + r.rows; i++)
            add_up(lane, row(n, n->in[0]->y, i, g), g.width);
        for (int l = 0; l < LANES; l++)
            mean[l] = total(g, lane, l) / m;
        for (int i = r.row; i < r.row + r.rows; i++) {
            const gradus_real *x = row(n, n->in[0]->y, i, g);
            add_up_products(square, x, mean, x, mean, g.width);
        }
        for (int k = 0; k < g.count; k++) {
            *to++ = mean[k];
            *to++ = total(g, square, k);
        }
    }
}

/* Slice by slice: Chan, Golub, LeVeque: Updating formulae and a pairwise
 * algorithm for computing sample variances (1979). */
static void unite(gradus_node *n, int slices)
{
    for (int c = 0; c < n->units; c++) {
        double m = 0, mean = 0, square = 0;
        for (int i = 0; i < slices; i++) {
            const double *all = n->sums + (size_t)i * (size_t)n->n_sums;
            const double *of = all + 1 + SUMS_OF_CHANNEL * c;
            double more = m + *all, delta = of[0] - mean;
            mean += delta * *all / more;
            square += of[1] + delta * delta * m * *all / more;
            m = more;
        }
        batch(n, MEAN)[c] = (gradus_real)mean;
        batch(n, SCALE)[c] = (gradus_real)(1 / sqrt(square / m + eps));
        batch(n, VAR)[c] = (gradus_real)(square / (m - 1));
    }
}

/* y of the group in these rows. */
static void normalise(const gradus_node *n, gradus_part r, group g,
                      const gradus_real *mean, const gradus_real *scale)
{
    const gradus_real *w = n->param[WEIGHT].w + g.first;
    const gradus_real *b = n->param[BIAS].w + g.first;

    for (int i = r.row; i < r.row + r.rows; i++) {
        const gradus_real *x = row(n, n->in[0]->y, i, g);
        gradus_real *restrict y = row(n, n->y, i, g);
        for (int p = 0; g.count == 1 && p < g.width; p++)
            y[p] = *w * ((x[p] - *mean) * *scale) + *b;
        for (int k = 0; g.count > 1 && k < g.count; k++)
            y[k] = w[k] * ((x[k] - mean[k]) * scale[k]) + b[k];
    }
}

/* In training with the moments of the batch, else with the running ones. */
static void forward(gradus_node *n, gradus_part r)
{
    for (group g = group_at(n, 0); g.count; g = after(n, g)) {
        gradus_real scale[LANES];
        if (r.batch->training) {
            normalise(n, r, g, batch(n, MEAN) + g.first,
                      batch(n, SCALE) + g.first);
            continue;
        }
        for (int k = 0; k < g.count; k++) {
            double var = n->param[RUNNING_VAR].w[g.first + k];
            scale[k] = (gradus_real)(1 / sqrt(var + eps));
        }
        normalise(n, r, g, n->param[RUNNING_MEAN].w + g.first, scale);
    }
}

/* ---- back ------------------------------------------------------------ */

/* Of each channel sum dy (x - mean) and sum dy. */
static void sum_back(gradus_node *n, gradus_part r)
{
    const double zero[LANES] = { 0 };
    double *to = gradus_sums(n, r);

    *to++ = (double)r.rows * positions(n);
    for (group g = group_at(n, 0); g.count; g = after(n, g)) {
        double mean[LANES], products[LANES] = { 0 }, lane[LANES] = { 0 };
        for (int l = 0; l < LANES; l++)
            mean[l] = batch(n, MEAN)[g.first + l % g.count];
        for (int i = r.row; i < r.row + r.rows; i++) {
            const gradus_real *dy = row(n, n->dy, i, g);
            add_up_products(products, dy, zero, row(n, n->in[0]->y, i, g),
                            mean, g.width);
            add_up(lane, dy, g.width);
        }
        for (int k = 0; k < g.count; k++) {
            *to++ = total(g, products, k);
            *to++ = total(g, lane, k);
        }
    }
}

static void unite_back(gradus_node *n, int slices, bool add)
{
    gradus_real *dw = n->param[WEIGHT].dw, *dbias = n->param[BIAS].dw;

    for (int c = 0; c < n->units; c++) {
        double m = 0, dg = 0, db = 0;
        for (int i = 0; i < slices; i++) {
            const double *all = n->sums + (size_t)i * (size_t)n->n_sums;
            m += *all;
            dg += all[1 + SUMS_OF_CHANNEL * c];
            db += all[2 + SUMS_OF_CHANNEL * c];
        }
        dg *= batch(n, SCALE)[c];
        dw[c] = (add ? dw[c] : 0) + (gradus_real)dg;
        dbias[c] = (add ? dbias[c] : 0) + (gradus_real)db;
        batch(n, MEAN_DY)[c] = (gradus_real)(db / m);
        batch(n, MEAN_DY_X)[c] = (gradus_real)(dg / m);
    }
}

/* dx += scale (dy - a - (x - mean) b), of each channel */
typedef struct {
    gradus_real scale[LANES], a[LANES], mean[LANES], b[LANES];
} slope;

static slope slope_of(const gradus_node *n, group g)
{
    slope s = { { 0 }, { 0 }, { 0 }, { 0 } };

    for (int k = 0, c = g.first; k < g.count; k++, c++) {
        s.scale[k] = n->param[WEIGHT].w[c] * batch(n, SCALE)[c];
        s.a[k] = batch(n, MEAN_DY)[c];
        s.mean[k] = batch(n, MEAN)[c];
        s.b[k] = batch(n, SCALE)[c] * batch(n, MEAN_DY_X)[c];
    }
    return s;
}

static void backward(gradus_node *n, gradus_part r)
{
    for (group g = group_at(n, 0); g.count; g = after(n, g)) {
        const slope s = slope_of(n, g);
        for (int i = r.row; i < r.row + r.rows; i++) {
            const gradus_real *x = row(n, n->in[0]->y, i, g);
            const gradus_real *dy = row(n, n->dy, i, g);
            gradus_real *restrict dx = row(n, n->in[0]->dy, i, g);
            for (int p = 0; g.count == 1 && p < g.width; p++)
                dx[p] += *s.scale *
                         (dy[p] - *s.a - (x[p] - *s.mean) * *s.b);
            for (int k = 0; g.count > 1 && k < g.count; k++)
                dx[k] += s.scale[k] *
                         (dy[k] - s.a[k] - (x[k] - s.mean[k]) * s.b[k]);
        }
    }
}

static void stepped(gradus_node *n)
{
    gradus_real *mean = n->param[RUNNING_MEAN].w;
    gradus_real *var = n->param[RUNNING_VAR].w;

    for (int c = 0; c < n->units; c++) {
        mean[c] += (gradus_real)(momentum * (batch(n, MEAN)[c] - mean[c]));
        var[c] += (gradus_real)(momentum * (batch(n, VAR)[c] - var[c]));
    }
}

static int check(gradus_node *n, gradus_part r)
{
    if (r.batch->training && (double)r.rows * positions(n) < 2)
        return gradus_fail(n, "a batch of one value a channel has no "
                           "variance; at least 2 rows wanted"), -1;
    return 0;
}

static const gradus_mixing mixing = {
    .sum = sum, .unite = unite, .sum_back = sum_back,
    .unite_back = unite_back, .stepped = stepped,
};

const gradus_op gradus_batchnorm_op = {
    .name = "batchnorm", .forward = forward, .backward = backward,
    .unary = gradus_batchnorm, .mixing = &mixing, .check = check,
};

gradus_node *gradus_batchnorm(gradus_node *x)
{
    gradus_node *n = gradus_append(NULL, &gradus_batchnorm_op, sizeof *n, 1,
                                   &x);

    n = n ? gradus_shape(n, x->rank, x->shape) : NULL;
    if (!n)
        return NULL;
    n->keep = ARRAYS * (size_t)x->shape[0];
    if (x->shape[0] > (INT_MAX - 1) / SUMS_OF_CHANNEL)
        return gradus_fail(n, "%d channels are too many", x->shape[0]);
    n->n_sums = 1 + SUMS_OF_CHANNEL * x->shape[0];
    n = gradus_add_param(n, "weight", 1, x->shape, GRADUS_CONSTANT, 1);
    n = gradus_add_param(n, "bias", 1, x->shape, GRADUS_ZERO, 0);
    n = gradus_add_buffer(n, "running_mean", x->shape[0], 0);
    return gradus_add_buffer(n, "running_var", x->shape[0], 1);
}
