/* input.c -- where data enters the graph: y is the rows of the data fed that
 * make up the mini-batch, normalised channel by channel.
 *
 *   y = (v - mean[c]) / std[c]      y [B,size];  v is a real number as it was
 *                                   fed, or a pixel of 8 bits (u8) over 255
 *
 * An input that is not an image may instead have a mean and a standard
 * deviation for each value k of a row, and a number that a NaN is taken for:
 *
 *   y[k] = (v[k] - mean[k]) / std[k]      v[k] = missing[k] where NaN was fed
 *
 * Forward gathers the rows, so that each thread gathers those that it computes
 * with, and a pixel is converted in the same pass over memory that moves it.
 * In the same pass infinite numbers become NaN, which no layer that reads them
 * hides: sigmoid would make 1 of infinity, and a maximum would leave out -inf.
 */
#include "layers/augment.h"
#include "layers/shape.h"

#include <math.h>
#include <string.h>

/* Settings are changed before compile only.  A row is `channels` pieces of the
 * same size, one after the other; an input that is not an image has one
 * channel.  Either both of mean and std are NULL, which stands for 0 and 1, or
 * neither is; the node's settings own them. */
typedef struct {
    gradus_node node;
    int channels;
    const double *mean, *std; /* [channels] */
    const double *centre, *scale, *missing; /* [size], of gradus_standardise:
                                 the first two or none, and the last or NULL */
    bool augmented;           /* whether training images are changed */
    gradus_augment_options augmentation; /* valid if `augmented` */
} input_node;

/* The node with the id i draws its random numbers from stream STREAM + i.  Why
 * so many values may be standardised, base/json.c says. */
enum { STREAM = 1 << 17, MOST_STANDARDISED = 1 << 16 };

/* y [n] = (v / 255 - mean) / std, for v [n] of one channel. */
static void gather_u8(const uint8_t *v, gradus_real *y, int n, double mean,
                      double std)
{
    gradus_real a = (gradus_real)(1 / (255 * std));
    gradus_real b = (gradus_real)(-mean / std);

    for (int i = 0; i < n; i++)
        y[i] = a * v[i] + b;
}

/* y [n] = v [n], but NaN where v is infinite, as 0 v is NaN there. */
static void gather_finite(const gradus_real *restrict v,
                          gradus_real *restrict y, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = v[i] + 0 * v[i];
}

/* y [n] = (v - mean) / std, for v [n] of one channel.  This is computed in
 * double: in float, the difference of v and a mean close to it, rounded, would
 * lose digits.  An infinite v gives NaN, as 0 v is NaN. */
static void gather_real(const gradus_real *v, gradus_real *y, int n,
                        double mean, double std)
{
    for (int i = 0; i < n; i++)
        y[i] = (gradus_real)((v[i] - mean) / std + 0 * v[i]);
}

/* y [size] = (v - mean) / std, of a row of values that have their own.  A fed
 * NaN, which only x can have, is taken for the missing value. */
static void gather_standardised(const input_node *x, size_t from,
                                gradus_real *y)
{
    const gradus_fed *fed = &x->node.fed;

    for (int k = 0; k < x->node.size; k++) {
        double v = fed->u8 ? fed->u8[from + (size_t)k] / 255.
                           : (double)fed->x[from + (size_t)k];
        if (isnan(v) && x->missing)
            v = x->missing[k];
        y[k] = (gradus_real)((v - x->centre[k]) / x->scale[k] + 0 * v);
    }
}

/* Prefetches the u8 pixels of row i of the batch into the cache, if there are
 * any: shuffled rows come from all over memory.  Called two rows ahead, this
 * made a step of 784-128-10 take 7 % less time. */
static void prefetch_row(const gradus_node *n, gradus_part p, int i)
{
#ifdef __GNUC__
    if (!n->fed.u8 || i >= p.row + p.rows)
        return;
    const uint8_t *v = n->fed.u8 +
                       (size_t)p.batch->index[i] * (size_t)n->size;
    for (int k = 0; k < n->size; k += 64)
        __builtin_prefetch(v + k);
#endif
}

/* y [size] = row `row` of the data fed, converted and normalised. */
static void gather(const input_node *x, size_t row, gradus_real *y)
{
    const gradus_fed *fed = &x->node.fed;
    int m = x->node.size / x->channels;
    size_t from = row * (size_t)x->node.size;

    if (x->centre) {
        gather_standardised(x, from, y);
        return;
    }
    for (int c = 0; c < x->channels; c++, from += (size_t)m, y += m)
        if (fed->u8)
            gather_u8(fed->u8 + from, y, m, x->mean ? x->mean[c] : 0,
                      x->mean ? x->std[c] : 1);
        else if (x->mean)
            gather_real(fed->x + from, y, m, x->mean[c], x->std[c]);
        else if (x->node.finite)
            gather_finite(fed->x + from, y, m);
        else /* -inf may be a mask */
            memcpy(y, fed->x + from, (size_t)m * sizeof *y);
}

/* y [size] = row `row` of the data fed, converted, normalised, and changed at
 * random.  The scratch memory holds the unchanged image [size], the values
 * outside of it [channels], each a fed 0 normalised, and the scratch memory of
 * gradus_augment_image. */
static void gather_augmented(const input_node *x, gradus_part p, size_t row,
                             gradus_real *y)
{
    const gradus_batch *b = p.batch;
    gradus_real *image = p.scratch, *outside = image + x->node.size;
    gradus_random random;

    gradus_random_init(&random, b->seed, STREAM + (uint32_t)x->node.id,
                       b->pass << 32 | (uint32_t)row);
    for (int c = 0; c < x->channels; c++)
        outside[c] = (gradus_real)(x->mean ? -x->mean[c] / x->std[c] : 0);
    gather(x, row, image);
    gradus_augment_image(&x->augmentation, &random, x->node.shape, image,
                         outside, y, outside + x->channels);
}

/* Images are augmented in training only. */
static void forward(gradus_node *n, gradus_part p)
{
    const input_node *x = (const input_node *)n;

    for (int i = p.row; i < p.row + p.rows; i++) {
        size_t row = (size_t)p.batch->index[i];
        gradus_real *y = n->y + (size_t)i * (size_t)n->size;
        prefetch_row(n, p, i + 2);
        if (x->augmented && p.batch->training)
            gather_augmented(x, p, row, y);
        else
            gather(x, row, y);
    }
}

/* Gives n the means, standard deviations and missing values of a model file,
 * if there are any: one for each of its values. */
static int standardise_saved(gradus_node *n, const gradus_attr *a)
{
    int centres, scales, all;
    const double *centre = gradus_attr_values(a, "centre", &centres);
    const double *scale = gradus_attr_values(a, "scale", &scales);
    const double *missing = gradus_attr_values(a, "missing", &all);

    if (!centre)
        return 0;
    if (centres != n->size || scales != n->size || (missing && all != n->size))
        return gradus_fail(n, "has %d centres, %d scales and %d missing "
                           "values; must be %d each, one a value", centres,
                           scales, all, n->size), -1;
    return gradus_standardise(n, centre, scale, missing);
}

/* Builds the node from the settings of a model file: a shape of rank 1, or of
 * rank 3 for an image, and as many means and standard deviations as there are
 * channels, or none; or as there are values; and the options of an
 * augmentation, or none. */
static gradus_node *make(const gradus_saved *s)
{
    int shape[GRADUS_MAX_RANK], means, stds, options;
    int rank = gradus_saved_shape(s->attr, shape);
    const double *mean = gradus_attr_values(s->attr, "mean", &means);
    const double *std = gradus_attr_values(s->attr, "std", &stds);
    const double *a = gradus_attr_values(s->attr, "augment", &options);

    if (rank != 1 && rank != 3)
        return gradus_fail(NULL, "input: the shape has rank %d; must be 1 or "
                           "3", rank);
    gradus_node *n =
        rank == 1 ? gradus_input(s->graph, *shape)
                  : gradus_image(s->graph, shape[0], shape[1], shape[2]);
    int channels = n ? ((input_node *)n)->channels : 0;
    if (n && mean && (means != channels || stds != channels))
        return gradus_fail(n, "has %d means and %d standard deviations; must "
                           "be %d each, one a channel", means, stds, channels);
    if (!n || (mean && gradus_normalise(n, mean, std)) ||
        standardise_saved(n, s->attr))
        return NULL;
    if (a && options != 6)
        return gradus_fail(n, "has %d options of augmentation; must be 6",
                           options);
    return a && gradus_augment(n, &(gradus_augment_options){
        a[0], a[1], a[2], a[3], a[4], a[5] != 0 }) ? NULL : n;
}

const gradus_op gradus_input_op = {
    .name = "input", .forward = forward, .make = make,
};

/* Makes an input whose rows have this shape [rank]; rank 3 is an image's. */
static gradus_node *new_input(gradus_graph *g, int rank, const int *shape)
{
    gradus_node *n =
        gradus_append(g, &gradus_input_op, sizeof(input_node), 0, NULL);

    n = gradus_set_saved_shape(n, rank, shape);
    if (!n)
        return NULL;
    n->kind = GRADUS_KIND_VALUES;
    ((input_node *)n)->channels = rank == 3 ? shape[0] : 1;
    return n;
}

gradus_node *gradus_input(gradus_graph *g, int size)
{
    return new_input(g, 1, &size);
}

gradus_node *gradus_image(gradus_graph *g, int channels, int height, int width)
{
    return new_input(g, 3, (int[]){ channels, height, width });
}

/* ---- settings ----------------------------------------------------------- */

/* Returns true if n is an input of a graph that is not compiled yet; otherwise
 * false, with a message that names the function. */
static bool can_set(gradus_node *n, const char *function)
{
    if (!n || n->op != &gradus_input_op)
        return gradus_fail(n, "%s: the node is %s; must be an input", function,
                           n ? "something else" : "NULL"), false;
    if (gradus_max_batch(n->graph))
        return gradus_fail(n, "%s comes before gradus_compile", function),
               false;
    return true;
}

int gradus_augment(gradus_node *n, const gradus_augment_options *a)
{
    if (!can_set(n, "gradus_augment"))
        return -1;
    if (n->rank != 3)
        return gradus_fail(n, "gradus_augment: the input has rank %d; must be "
                           "an image", n->rank), -1;
    if (!a)
        return gradus_fail(n, "gradus_augment: the options are NULL"), -1;
    if (gradus_augment_refused(n, a))
        return -1;
    if (!gradus_set_attr(n, "augment", 6,
                         (double[]){ a->shift, a->rotate, a->scale, a->elastic,
                                     a->sigma, a->flip }))
        return -1;
    input_node *x = (input_node *)n;
    x->augmented = true;
    x->augmentation = *a;
    /* for gather_augmented, which says what it holds */
    n->scratch = (size_t)n->size + (size_t)x->channels +
                 gradus_augment_scratch(n->shape);
    return 0;
}

/* Checks the means and standard deviations of n's parts, [count] each, for the
 * function that was called; `part` is "channel" or "value". */
static int check_scales(gradus_node *n, const char *function, const char *part,
                        int count, const double *mean, const double *std)
{
    if (!mean || !std)
        return gradus_fail(n, "%s: the %s are NULL", function,
                           mean ? "standard deviations" : "means"), -1;
    for (int c = 0; c < count; c++) {
        if (!(fabs(mean[c]) < 1e30))
            return gradus_fail(n, "%s %d: the mean is %g; must be above "
                               "-1e30 and below 1e30", part, c, mean[c]), -1;
        if (!(std[c] > 1e-30 && std[c] < 1e30))
            return gradus_fail(n, "%s %d: the standard deviation is %g; "
                               "must be above 1e-30 and below 1e30", part, c,
                               std[c]), -1;
    }
    return 0;
}

int gradus_standardise(gradus_node *n, const double *mean, const double *std,
                       const double *missing)
{
    if (!can_set(n, "gradus_standardise"))
        return -1;
    input_node *x = (input_node *)n;
    if (n->rank != 1 || x->mean || x->centre)
        return gradus_fail(n, "gradus_standardise: the input is %s; must be a "
                           "gradus_input that has no scales yet",
                           x->mean ? "normalised" : x->centre
                           ? "standardised" : "an image"), -1;
    if (n->size > MOST_STANDARDISED)
        return gradus_fail(n, "gradus_standardise: the input has %d values; "
                           "must be at most %d, to be saved", n->size,
                           MOST_STANDARDISED), -1;
    if (check_scales(n, "gradus_standardise", "value", n->size, mean, std))
        return -1;
    for (int k = 0; missing && k < n->size; k++)
        if (!(fabs(missing[k]) < 1e30))
            return gradus_fail(n, "value %d: what is missing is taken for %g; "
                               "must be above -1e30 and below 1e30", k,
                               missing[k]), -1;
    if (!gradus_set_attr(n, "centre", n->size, mean) ||
        !gradus_set_attr(n, "scale", n->size, std) ||
        (missing && !gradus_set_attr(n, "missing", n->size, missing)))
        return -1;
    x->centre = gradus_attr_values(n->attr, "centre", NULL);
    x->scale = gradus_attr_values(n->attr, "scale", NULL);
    x->missing = gradus_attr_values(n->attr, "missing", NULL);
    return 0;
}

/* Augmentation is set again, so that it always stands last in model files. */
int gradus_normalise(gradus_node *n, const double *mean, const double *std)
{
    if (!can_set(n, "gradus_normalise"))
        return -1;
    input_node *x = (input_node *)n;
    if (x->centre)
        return gradus_fail(n, "gradus_normalise: is standardised already"), -1;
    if (check_scales(n, "gradus_normalise", "channel", x->channels, mean, std))
        return -1;
    if (!gradus_set_attr(n, "mean", x->channels, mean) ||
        !gradus_set_attr(n, "std", x->channels, std))
        return -1;
    x->mean = gradus_attr_values(n->attr, "mean", &(int){ 0 });
    x->std = gradus_attr_values(n->attr, "std", &(int){ 0 });
    return x->augmented ? gradus_augment(n, &x->augmentation) : 0;
}
