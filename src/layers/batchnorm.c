/* batchnorm.c -- batch normalisation: each channel is brought to a mean of 0
 * and a variance of 1, and then scaled by g and shifted by b, both learned.
 *
 *   y = g x^ + b                x^ = (x - mean) / sqrt(var + eps)
 *
 *   dg = sum dy x^              db = sum dy
 *   dx += g (dy - db / m - x^ dg / m) / sqrt(var + eps)
 *
 *   x, y [B,C,positions]        g, b, mean, var [C]
 *   m = B positions, the number of values that a channel has in the batch
 *
 * Ioffe, Szegedy: Batch Normalization (2015).  In training, mean and var are
 * those of the channel's m values in the batch, so this layer mixes rows: each
 * slice of the batch is summed by itself, and then the sums of all slices are
 * combined, before forward and again before backward.
 * In inference they are the running mean and the running variance.  Each step
 * moves these a tenth of the way to the mean and the variance of its batch.
 * For this, the batch's variance is divided by m - 1, as in PyTorch; where it
 * normalises, it is divided by m.
 *
 * As a float, a mean far from 0 would be wrong by much of the deviations from
 * it.  The batch's mean is therefore the sum of two numbers, the second of
 * which is what was lost in rounding the first.
 *
 * A ReLU behind the normalisation is computed with it: z = max(0, y) is then
 * what is kept, and dy is dz where z is above 0, and 0 elsewhere.
 */
#include "kernels/relu.h"
#include "kernels/sums.h"
#include "layers/layers.h"
#include "layers/shape.h"

#include <limits.h>
#include <math.h>

/* The node's parameters, in this order; all are [C].  The last two are not
 * trained, but saved with the model. */
enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };

/* eps is added to a variance.  momentum is how far the running mean and
 * variance move in a step, as a part of the way to those of the batch. */
static const double eps = 1e-5, momentum = 0.1;

/* The arrays [C] that n->kept holds, one after the other.  The first three are
 * valid once unite has run for a batch, the other two once unite_back has. */
typedef enum {
    MEAN,
    REST,    /* the mean is MEAN + REST */
    SCALE,   /* 1 / sqrt(var + eps), with the variance divided by m */
    VAR,     /* the variance divided by m - 1, for the running one */
    MEAN_DY, /* the mean of dy: db / m */
    SLOPE,   /* dg / m times SCALE: the factor of x - mean in dx */
    ARRAYS
} array;

/* Returns one of the arrays, [C]. */
static gradus_real *batch(const gradus_node *n, array a)
{
    return n->kept + (size_t)a * (size_t)n->units;
}

/* The number of values that a channel has in one row. */
static int positions(const gradus_node *n)
{
    return n->size / n->units;
}

/* The shape of the rows of p in x, y and dy. */
static gradus_channels channels(const gradus_node *n, gradus_part p)
{
    return (gradus_channels){ p.rows, n->units, positions(n) };
}

/* ---- forward --------------------------------------------------------- */

/* For each slice, n->sums holds the numbers [1 + 2 C] of kernels/sums.h: how
 * many values a channel has in the slice, and two sums for each channel. */
static void sum(gradus_node *n, gradus_part p)
{
    gradus_sum_deviations(channels(n, p), gradus_row(n->in[0]->y, p, n->size),
                          (double *)p.scratch, gradus_sums(n, p));
}

/* Computes the mean and the variance of the whole batch.  One slice after the
 * other, the mean and the sum of squared deviations of the m values so far are
 * combined with those of the k values of the slice:
 *
 *   delta = slice's mean - mean      mean += delta k / (m + k)
 *   square += slice's square + delta^2 m k / (m + k)
 *
 * Chan, Golub, LeVeque: Updating formulae and a
 * pairwise algorithm for computing sample variances (1979). */
static void unite(gradus_node *n, int slices)
{
    for (int c = 0; c < n->units; c++) {
        double m = 0, mean = 0, square = 0;
        const double *slice = n->sums;
        for (int i = 0; i < slices; i++, slice += n->n_sums) {
            const double k = slice[0], slice_mean = slice[1 + 2 * c];
            const double slice_square = slice[2 + 2 * c];
            double total = m + k, delta = slice_mean - mean;
            mean += delta * k / total;                              /* (N6) */
            square += slice_square + delta * delta * m * k / total; /* (N6) */
            m = total;
        }
        batch(n, MEAN)[c] = (gradus_real)mean;
        batch(n, REST)[c] = (gradus_real)(mean - batch(n, MEAN)[c]);
        batch(n, SCALE)[c] =
            (gradus_real)(1 / sqrt(square / m + eps)); /* var of (N1) */
        batch(n, VAR)[c] = (gradus_real)(square / (m - 1));
        /* Refuse a batch that would make a running moment infinite: two means
         * may be as far apart as twice the larger one. */
        if (!isfinite(batch(n, VAR)[c]) || !isfinite(2 * batch(n, MEAN)[c]))
            batch(n, MEAN)[c] = NAN;
    }
}

/* Numbers of each channel, all [C]: those that normalise x forward, or those
 * that dx depends on.  In the forward pass scale is 1 / sqrt(var + eps); in
 * the backward pass it is g times that. */
typedef struct {
    const gradus_real *mean, *rest, *scale, *g, *b, *mean_dy, *slope;
    bool relu; /* a ReLU follows that is computed here too */
    bool set;  /* dx is set, not added to */
} factors;

/* g x^ + b (N3) for a number of channel c, with x^ of (N2). */
static inline gradus_real normal(factors f, int c, gradus_real x)
{
    return f.g[c] * ((x - f.mean[c] - f.rest[c]) * f.scale[c]) + f.b[c];
}

/* y = g x^ + b for the values x [width] and y [width], which lie side by side.
 * With a step of 0 all belong to channel c; with a step of 1 each belongs to
 * the next channel.  The step is a constant wherever this is inlined. */
static inline void normalise(factors f, int c, int step, int width,
                             const gradus_real *x, gradus_real *restrict y)
{
    if (f.relu)
        for (int i = 0; i < width; i++, c += step)
            y[i] = gradus_rectify(normal(f, c, x[i]));
    else
        for (int i = 0; i < width; i++, c += step)
            y[i] = normal(f, c, x[i]);
}

/* Normalises x with the mean and variance of the batch in training, and with
 * the running ones otherwise.  In inference the scratch memory [2,C] holds the
 * scales, and zeros in place of REST. */
static void forward(gradus_node *n, gradus_part p)
{
    const int C = n->units, P = positions(n);
    const bool training = p.batch->training;
    const factors f = {
        .mean = training ? batch(n, MEAN) : n->param[RUNNING_MEAN].w,
        .rest = training ? batch(n, REST) : p.scratch + C,
        .scale = training ? batch(n, SCALE) : p.scratch,
        .g = n->param[WEIGHT].w, .b = n->param[BIAS].w,
        .relu = gradus_with_relu(n) };
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    gradus_real *y = gradus_row(n->result->y, p, n->size);

    if (!training)
        for (int c = 0; c < C; c++) {
            double var = n->param[RUNNING_VAR].w[c];
            p.scratch[c] = (gradus_real)(1 / sqrt(var + eps));
            p.scratch[C + c] = 0;
        }
    for (int i = 0; i < p.rows; i++, x += n->size, y += n->size)
        if (P == 1)
            normalise(f, 0, 1, C, x, y);
        else
            for (int c = 0; c < C; c++)
                normalise(f, c, 0, P, x + c * P, y + c * P);
}

/* ---- back ------------------------------------------------------------ */

/* The rows of p of the ReLU's output, if it is computed here; else NULL. */
static const gradus_real *relu_of(const gradus_node *n, gradus_part p)
{
    return gradus_with_relu(n) ? gradus_row(n->result->y, p, n->size) : NULL;
}

static void sum_back(gradus_node *n, gradus_part p)
{
    gradus_sum_gradients(channels(n, p), gradus_row(n->in[0]->y, p, n->size),
                         batch(n, MEAN), batch(n, REST),
                         gradus_row(n->result->dy, p, n->size), relu_of(n, p),
                         (double *)p.scratch, gradus_sums(n, p));
}

/* Adds up the sums of all slices: dg and db (N4).  They replace the gradients
 * of g and b or, if `add` is set, are added to them; MEAN_DY and SLOPE are set
 * for backward. */
static void unite_back(gradus_node *n, int slices, bool add)
{
    gradus_real *dw = n->param[WEIGHT].dw, *dbias = n->param[BIAS].dw;

    for (int c = 0; c < n->units; c++) {
        double m = 0, dg = 0, db = 0;
        const double *all = n->sums;
        for (int i = 0; i < slices; i++, all += n->n_sums) {
            m += *all;
            dg += all[1 + 2 * c];
            db += all[2 + 2 * c];
        }
        dg *= batch(n, SCALE)[c];
        dw[c] = (add ? dw[c] : 0) + (gradus_real)dg;
        dbias[c] = (add ? dbias[c] : 0) + (gradus_real)db;
        batch(n, MEAN_DY)[c] = (gradus_real)(db / m);
        batch(n, SLOPE)[c] = batch(n, SCALE)[c] * (gradus_real)(dg / m);
    }
}

/* dx += scale (dy - db / m - (x - mean) slope) (N5) for x, dy and dx [width],
 * whose channels go by `step` as in normalise. */
static inline void add_gradient(factors f, int c, int step, int width,
                                const gradus_real *x, const gradus_real *dy,
                                const gradus_real *z, gradus_real *restrict dx)
{
    for (int i = 0; i < width; i++, c += step) {
        gradus_real d = dy[i]; /* always read, so no branch is needed */
        d = !z || z[i] > 0 ? d : 0;
        d = f.scale[c] * (d - f.mean_dy[c] -
                          (x[i] - f.mean[c] - f.rest[c]) * f.slope[c]);
        dx[i] = (f.set ? 0 : dx[i]) + d;
    }
}

/* Computes dx for the rows of p.  The scratch memory [C] holds the factor of
 * each channel. */
static void backward(gradus_node *n, gradus_part p)
{
    const int C = n->units, P = positions(n);
    const factors f = { .mean = batch(n, MEAN), .rest = batch(n, REST),
                        .scale = p.scratch,
                        .mean_dy = batch(n, MEAN_DY),
                        .slope = batch(n, SLOPE), .set = n->first[0] };
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
    const gradus_real *dy = gradus_row(n->result->dy, p, n->size);
    const gradus_real *z = relu_of(n, p);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->size);

    for (int c = 0; c < C; c++)
        p.scratch[c] = n->param[WEIGHT].w[c] * batch(n, SCALE)[c];
    for (int i = 0; i < p.rows; i++) {
        if (P == 1)
            add_gradient(f, 0, 1, C, x, dy, z, dx);
        else
            for (int c = 0; c < C; c++)
                add_gradient(f, c, 0, P, x + c * P, dy + c * P,
                             z ? z + c * P : NULL, dx + c * P);
        x += n->size, dy += n->size, dx += n->size;
        z = z ? z + n->size : NULL;
    }
}

/* Moves the running mean and the running variance towards the batch's (N7). */
static void stepped(gradus_node *n)
{
    gradus_real *mean = n->param[RUNNING_MEAN].w;
    gradus_real *var = n->param[RUNNING_VAR].w;

    for (int c = 0; c < n->units; c++) {
        mean[c] += (gradus_real)(momentum * (batch(n, MEAN)[c] - mean[c]));
        var[c] += (gradus_real)(momentum * (batch(n, VAR)[c] - var[c]));
    }
}

/* Refuses a training batch in which a channel has one value only: m - 1 would
 * be 0. */
static int check(gradus_node *n, gradus_part p)
{
    if (p.batch->training && (double)p.rows * positions(n) < 2)
        return gradus_fail(n, "the batch has one row with one value per "
                           "channel, and so no variance; choose batches that "
                           "leave no single row over"), -1;
    return 0;
}

static const gradus_mixing mixing = {
    .sum = sum, .unite = unite, .sum_back = sum_back,
    .unite_back = unite_back, .stepped = stepped,
};

const gradus_op gradus_batchnorm_op = {
    .name = "batchnorm", .forward = forward, .backward = backward,
    .unary = gradus_batchnorm, .mixing = &mixing, .check = check,
    .sets_dx = true, .fuse = gradus_fuse_relu,
};

gradus_node *gradus_batchnorm(gradus_node *x)
{
    gradus_node *n = gradus_append_alike(&gradus_batchnorm_op, x);

    if (!n)
        return NULL;
    n->keep = ARRAYS * (size_t)x->shape[0];
    if (x->shape[0] > INT_MAX / 2)
        return gradus_fail(n, "there are %d channels; must be at most %d",
                           x->shape[0], INT_MAX / 2);
    n->n_sums = 1 + 2 * x->shape[0];
    n->scratch = 2 * (size_t)x->shape[0] +
                 gradus_channel_lanes(x->shape[0], n->size / x->shape[0]) *
                     sizeof(double) / sizeof(gradus_real);
    n = gradus_add_param(n, "weight", 1, x->shape, GRADUS_INIT_CONSTANT, 1);
    n = gradus_add_param(n, "bias", 1, x->shape, GRADUS_INIT_ZERO, 0);
    n = gradus_add_buffer(n, "running_mean", x->shape[0], 0);
    return gradus_add_buffer(n, "running_var", x->shape[0], 1);
}
