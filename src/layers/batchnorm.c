/* batchnorm.c -- batch normalisation, of each channel.
 *
 *   y = g x^ + b                x^ = (x - mean) / sqrt(var + eps)
 *
 *   dg = sum dy x^              db = sum dy
 *   dx += g (dy - db / m - x^ dg / m) / sqrt(var + eps)
 *
 * Ioffe, Szegedy: Batch Normalization (2015).  In training, mean and var are
 * those of the m values that the channel has in the batch, so it is a layer
 * that mixes rows: the sweep calls it channel by channel, with all rows there.
 * Otherwise they are running ones, to which each step adds a tenth of the
 * batch's, the variance with m - 1 below it, as in PyTorch.
 */
#include "gradus.h"

#include <math.h>

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };

static const double eps = 1e-5, momentum = 0.1;

/* Of the batch, for each channel; n->kept is three such arrays. */
static gradus_real *batch_mean(const gradus_node *n) { return n->kept; }

static gradus_real *batch_scale(const gradus_node *n) /* 1/sqrt(var + eps) */
{
    return n->kept + n->units;
}

static gradus_real *batch_var(const gradus_node *n) /* unbiased */
{
    return n->kept + 2 * n->units;
}

/* Values of a channel that lie side by side, one row's. */
static int positions(const gradus_node *n) { return n->size / n->units; }

/* A channel of row i in an array of n's shape. */
static gradus_real *channel(const gradus_node *n, gradus_real *a, int i, int c)
{
    return a + ((size_t)i * n->units + c) * positions(n);
}

/* Rows are summed in lanes of every sixteenth value, in a fixed order: one sum
 * alone would have to wait for each addition before the next. */
enum { LANES = 16 };

static double total(const double *lane)
{
    double sum = 0;

    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    return sum;
}

/* sum_p x */
static inline double sum_of(const gradus_real *x, int n)
{
    double lane[LANES] = { 0 }, rest = 0;
    int p = 0;

    for (; p + LANES <= n; p += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += x[p + l];
    for (; p < n; p++)
        rest += x[p];
    return n < LANES ? rest : total(lane) + rest;
}

/* sum_p (x - a) (y - b) */
static inline double sum_of_products(const gradus_real *x, double a,
                                     const gradus_real *y, double b, int n)
{
    double lane[LANES] = { 0 }, rest = 0;
    int p = 0;

    for (; p + LANES <= n; p += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += (x[p + l] - a) * (y[p + l] - b);
    for (; p < n; p++)
        rest += (x[p] - a) * (y[p] - b);
    return n < LANES ? rest : total(lane) + rest;
}

static void set_moments(gradus_node *n, int c, int rows)
{
    const int P = positions(n);
    const double m = (double)rows * P;
    double sum = 0, square = 0;

    for (int i = 0; i < rows; i++)
        sum += sum_of(channel(n, n->in[0]->y, i, c), P);
    for (int i = 0; i < rows; i++) {
        const gradus_real *x = channel(n, n->in[0]->y, i, c);
        square += sum_of_products(x, sum / m, x, sum / m, P);
    }
    batch_mean(n)[c] = (gradus_real)(sum / m);
    batch_scale(n)[c] = (gradus_real)(1 / sqrt(square / m + eps));
    batch_var(n)[c] = (gradus_real)(square / (m - 1));
}

static void normalise(const gradus_node *n, int i, int c, gradus_real mean,
                      gradus_real scale)
{
    const gradus_real *x = channel(n, n->in[0]->y, i, c);
    gradus_real *y = channel(n, n->y, i, c);
    const gradus_real g = n->param[WEIGHT].w[c], b = n->param[BIAS].w[c];

    for (int p = 0; p < positions(n); p++)
        y[p] = g * ((x[p] - mean) * scale) + b;
}

static void forward_units(gradus_node *n, gradus_tile t)
{
    for (int c = t.from; c < t.from + t.n; c++) {
        set_moments(n, c, t.rows);
        for (int i = 0; i < t.rows; i++)
            normalise(n, i, c, batch_mean(n)[c], batch_scale(n)[c]);
    }
}

/* Not in training: with the running moments. */
static void forward(gradus_node *n, gradus_rows r)
{
    for (int c = 0; c < n->units; c++) {
        double var = n->param[RUNNING_VAR].w[c];
        gradus_real scale = (gradus_real)(1 / sqrt(var + eps));
        for (int i = r.from; i < r.from + r.n; i++)
            normalise(n, i, c, n->param[RUNNING_MEAN].w[c], scale);
    }
}

static void backward_parameters(const gradus_node *n, int c, int rows,
                                double *dg, double *db)
{
    const int P = positions(n);

    *dg = *db = 0;
    for (int i = 0; i < rows; i++) {
        const gradus_real *x = channel(n, n->in[0]->y, i, c);
        const gradus_real *dy = channel(n, n->dy, i, c);
        *dg += sum_of_products(dy, 0, x, batch_mean(n)[c], P);
        *db += sum_of(dy, P);
    }
    *dg *= batch_scale(n)[c];
}

static void backward_operand(const gradus_node *n, int c, int rows, double dg,
                             double db)
{
    const double m = (double)rows * positions(n);
    const gradus_real mean = batch_mean(n)[c], scale = batch_scale(n)[c];
    const gradus_real g = n->param[WEIGHT].w[c];
    const gradus_real a = (gradus_real)(db / m), b = (gradus_real)(dg / m);

    for (int i = 0; i < rows; i++) {
        const gradus_real *x = channel(n, n->in[0]->y, i, c);
        const gradus_real *dy = channel(n, n->dy, i, c);
        gradus_real *dx = channel(n, n->in[0]->dy, i, c);
        for (int p = 0; p < positions(n); p++)
            dx[p] += g * scale * (dy[p] - a - (x[p] - mean) * scale * b);
    }
}

static void backward_units(gradus_node *n, gradus_tile t)
{
    for (int c = t.from; c < t.from + t.n; c++) {
        double dg, db;
        backward_parameters(n, c, t.rows, &dg, &db);
        gradus_real *to[] = { n->param[WEIGHT].dw + c, n->param[BIAS].dw + c };
        *to[0] = (t.add ? *to[0] : 0) + (gradus_real)dg;
        *to[1] = (t.add ? *to[1] : 0) + (gradus_real)db;
        if (n->in[0]->dy)
            backward_operand(n, c, t.rows, dg, db);
    }
}

static void stepped(gradus_node *n)
{
    gradus_real *mean = n->param[RUNNING_MEAN].w;
    gradus_real *var = n->param[RUNNING_VAR].w;

    for (int c = 0; c < n->units; c++) {
        mean[c] += (gradus_real)(momentum * (batch_mean(n)[c] - mean[c]));
        var[c] += (gradus_real)(momentum * (batch_var(n)[c] - var[c]));
    }
}

static int prepare(gradus_node *n, gradus_rows r)
{
    if (r.training && (double)r.n * positions(n) < 2)
        return gradus_fail(n, "a batch of one value a channel has no "
                           "variance; at least 2 rows wanted"), -1;
    return 0;
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    (void)g, (void)a;
    return gradus_batchnorm(n_in ? in[0] : NULL);
}

const gradus_op gradus_batchnorm_op = {
    .name = "batchnorm", .prepare = prepare, .forward = forward,
    .forward_units = forward_units, .backward_units = backward_units,
    .stepped = stepped, .make = make,
};

gradus_node *gradus_batchnorm(gradus_node *x)
{
    gradus_node *n = gradus_append(NULL, &gradus_batchnorm_op, sizeof *n, 1,
                                   &x);

    n = n ? gradus_shape(n, x->rank, x->shape) : NULL;
    if (!n)
        return NULL;
    n->keep = 3 * (size_t)x->shape[0];
    n = gradus_add_param(n, "weight", 1, x->shape, GRADUS_CONSTANT, 1);
    n = gradus_add_param(n, "bias", 1, x->shape, GRADUS_ZERO, 0);
    n = gradus_add_buffer(n, "running_mean", x->shape[0], 0);
    return gradus_add_buffer(n, "running_var", x->shape[0], 1);
}
