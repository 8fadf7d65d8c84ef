/* input.c -- where data enters: the batch's rows of what was fed.
 *
 *   y = (v - mean[c]) / std[c]      v real, or u8 / 255;  y [B,size]
 *
 * Gathering is part of the forward sweep, so each worker gathers its own rows,
 * and a pixel is converted on the one pass that moves it.
 */
#include "layers/augment.h"

#include "gradus.h"

#include <math.h>
#include <string.h>

typedef struct {
    gradus_node node;
    int channels;
    const double *mean, *std; /* [channels], of the node's settings, or NULL */
    int augmented;
    gradus_augmentation augmentation;
} input_node;

enum { AUGMENTATION = 1 << 17 }; /* stream of random numbers, first node's */

static void gather_u8(const uint8_t *v, gradus_real *y, int n, double mean,
                      double std)
{
    gradus_real a = (gradus_real)(1 / (255 * std));
    gradus_real b = (gradus_real)(-mean / std);

    for (int i = 0; i < n; i++)
        y[i] = a * v[i] + b;
}

static void gather_real(const gradus_real *v, gradus_real *y, int n,
                        double mean, double std)
{
    /* in double: v may lie close to a large mean */
    for (int i = 0; i < n; i++)
        y[i] = (gradus_real)((v[i] - mean) / std);
}

/* Shuffled rows come from all over the memory, so u8 rows are asked for two
 * rows ahead: a step of 784-128-10 took 7 % less time. */
static void prefetch_row(const gradus_node *n, gradus_rows r, int i)
{
#ifdef __GNUC__
    if (!n->fed.u8 || i >= r.from + r.n)
        return;
    const uint8_t *v = n->fed.u8 + (size_t)r.index[i] * (size_t)n->size;
    for (int k = 0; k < n->size; k += 64)
        __builtin_prefetch(v + k);
#endif
}

/* One sample, as it was fed. */
static void gather(const input_node *x, size_t row, gradus_real *y)
{
    const gradus_fed *fed = &x->node.fed;
    int m = x->node.size / x->channels;
    size_t from = row * (size_t)x->node.size;

    for (int c = 0; c < x->channels; c++, from += (size_t)m, y += m) {
        double mean = x->mean ? x->mean[c] : 0;
        double std = x->std ? x->std[c] : 1;
        if (fed->u8)
            gather_u8(fed->u8 + from, y, m, mean, std);
        else if (x->mean)
            gather_real(fed->x + from, y, m, mean, std);
        else
            memcpy(y, fed->x + from, (size_t)m * sizeof *y);
    }
}

static void gather_augmented(const input_node *x, gradus_rows r, size_t row,
                             gradus_real *y)
{
    gradus_real *image = r.scratch, *outside = image + x->node.size;
    gradus_random random;

    gradus_random_init(&random, r.seed, AUGMENTATION + (uint32_t)x->node.id,
                       r.pass << 32 | (uint32_t)row);
    for (int c = 0; c < x->channels; c++)
        outside[c] = (gradus_real)(x->mean ? -x->mean[c] / x->std[c] : 0);
    gather(x, row, image);
    gradus_augment_image(&x->augmentation, &random, x->node.shape, image,
                         outside, y, outside + x->channels);
}

static void forward(gradus_node *n, gradus_rows r)
{
    const input_node *x = (const input_node *)n;

    for (int i = r.from; i < r.from + r.n; i++) {
        size_t row = (size_t)r.index[i];
        gradus_real *y = n->y + (size_t)i * n->size;
        prefetch_row(n, r, i + 2);
        if (x->augmented && r.training)
            gather_augmented(x, r, row, y);
        else
            gather(x, row, y);
    }
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    int rank, means, stds;
    const double *shape = gradus_attr_values(a, "shape", &rank);
    const double *mean = gradus_attr_values(a, "mean", &means);
    const double *std = gradus_attr_values(a, "std", &stds);
    int s[GRADUS_MAX_RANK] = { 0 };
    gradus_node *n = NULL;

    (void)in, (void)n_in;
    for (int i = 0; i < rank && i < GRADUS_MAX_RANK; i++)
        s[i] = shape[i] >= 1 && shape[i] <= 1e9 ? (int)shape[i] : 0;
    if (rank == 1)
        n = gradus_input(g, s[0]);
    else if (rank == 3)
        n = gradus_image(g, s[0], s[1], s[2]);
    else
        return gradus_fail(NULL, "input: a shape of %d numbers, 1 or 3 wanted",
                           rank);
    if (n && mean) {
        int channels = ((input_node *)n)->channels;
        if (means != channels || stds != channels)
            return gradus_fail(n, "%d means and %d standard deviations for %d "
                               "channels", means, stds, channels);
        if (gradus_normalise(n, mean, std))
            return NULL;
    }
    return n;
}

const gradus_op gradus_input_op = {
    .name = "input", .forward = forward, .make = make,
};

static gradus_node *new_input(gradus_graph *g, int channels, int rank,
                              const int *shape)
{
    gradus_node *n =
        gradus_append(g, &gradus_input_op, sizeof(input_node), 0, NULL);
    double attr[GRADUS_MAX_RANK];

    if (!gradus_shape(n, rank, shape))
        return NULL;
    n->kind = GRADUS_VALUES;
    ((input_node *)n)->channels = channels;
    for (int i = 0; i < rank; i++)
        attr[i] = shape[i];
    return gradus_set_attr(n, "shape", rank, attr);
}

gradus_node *gradus_input(gradus_graph *g, int size)
{
    return new_input(g, 1, 1, &size);
}

gradus_node *gradus_image(gradus_graph *g, int channels, int height, int width)
{
    return new_input(g, channels, 3, (int[]){ channels, height, width });
}

int gradus_normalise(gradus_node *n, const double *mean, const double *std)
{
    if (!n || n->op != &gradus_input_op || !mean || !std)
        return gradus_fail(n, "gradus_normalise: an input, its means and its "
                           "standard deviations wanted"), -1;
    if (gradus_max_batch(n->graph))
        return gradus_fail(n, "gradus_normalise comes before compile"), -1;
    input_node *x = (input_node *)n;
    for (int c = 0; c < x->channels; c++)
        if (!(fabs(mean[c]) < 1e30 && std[c] > 1e-30 && std[c] < 1e30))
            return gradus_fail(n, "channel %d: mean %g, standard deviation "
                               "%g; finite ones, the second positive, "
                               "wanted", c, mean[c], std[c]), -1;
    int count, status = !gradus_set_attr(n, "mean", x->channels, mean) ||
                        !gradus_set_attr(n, "std", x->channels, std);
    x->mean = gradus_attr_values(n->attr, "mean", &count);
    x->std = gradus_attr_values(n->attr, "std", &count);
    return status ? -1 : 0;
}

int gradus_augment(gradus_node *n, const gradus_augmentation *a)
{
    if (!n || n->op != &gradus_input_op || n->rank != 3 || !a)
        return gradus_fail(n, "gradus_augment: an input of images and what to "
                           "do wanted"), -1;
    if (gradus_max_batch(n->graph))
        return gradus_fail(n, "gradus_augment comes before compile"), -1;
    if (gradus_augment_fault(a))
        return gradus_fail(n, "%s", gradus_augment_fault(a)), -1;
    input_node *x = (input_node *)n;
    x->augmented = 1;
    x->augmentation = *a;
    n->scratch = (size_t)n->size + (size_t)x->channels +
                 3 * (size_t)(n->size / x->channels);
    return 0;
}
