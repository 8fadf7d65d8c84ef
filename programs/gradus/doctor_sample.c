/* doctor_sample.c -- rows of data: copied, shuffled, and how far apart they
 * are. */
#include "doctor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Returns a copy of some elements of `bytes` bytes; NULL if `from` is NULL. */
static void *copy(const void *from, const size_t *row, size_t n, size_t bytes,
                  int *failed)
{
    char *to = from ? malloc(n * bytes + 1) : NULL;

    *failed |= from && !to;
    if (!to)
        return NULL;
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * bytes, (const char *)from + row[i] * bytes, bytes);
    return to;
}

int take_rows(const gradus_dataset *d, const size_t *row, size_t n,
              gradus_dataset *to)
{
    const size_t size = (size_t)d->size, targets = (size_t)d->target_size;
    int failed = 0;

    *to = *d;
    to->n = n;
    to->owned = NULL;
    to->x = copy(d->x, row, n, size * sizeof *d->x, &failed);
    to->pixels = copy(d->pixels, row, n, size, &failed);
    to->labels = copy(d->labels, row, n, sizeof *d->labels, &failed);
    to->targets = copy(d->targets, row, n, targets * sizeof *d->targets,
                       &failed);
    to->weights = NULL;
    return failed ? -1 : 0;
}

void free_rows(gradus_dataset *d)
{
    free((void *)d->x);
    free((void *)d->pixels);
    free((void *)d->labels);
    free((void *)d->targets);
    *d = (gradus_dataset){ .n = 0 };
}

int sample_rows(const gradus_dataset *d, size_t most, gradus_dataset *to)
{
    const size_t n = d->n < most ? d->n : most;
    size_t *row = malloc((n + 1) * sizeof *row);

    if (!row)
        return -1;
    for (size_t i = 0; i < n; i++)
        row[i] = (size_t)((double)i * (double)d->n / (double)n);
    const int failed = take_rows(d, row, n, to);
    free(row);
    return failed ? -1 : 0;
}

/* The squared distance of two rows of d, but for what is missing. */
static double distance(const gradus_dataset *d, size_t i, size_t j)
{
    const size_t size = (size_t)d->size;
    double sum = 0;

    for (size_t k = 0; k < size; k++) {
        const double v = d->x ? (double)d->x[i * size + k] -
                                    (double)d->x[j * size + k]
                              : d->pixels[i * size + k] -
                                    d->pixels[j * size + k];
        sum += isnan(v) ? 0 : v * v;
    }
    return sum;
}

/* After row 0, always that of the first FROM rows is taken whose distance from
 * the nearest of those that were taken is the largest. */
int spread_rows(const gradus_dataset *d, int most, gradus_dataset *to)
{
    enum { FROM = 64 };
    const size_t from = d->n < FROM ? d->n : FROM;
    const int fit = d->size == 1 ? SMALL_ROWS / 2 : SMALL_ROWS;
    const int all = most < fit ? most : fit;
    double near[FROM], farthest = 1;
    size_t row[SMALL_ROWS] = { 0 };
    int n = 1;

    for (size_t i = 0; i < from; i++)
        near[i] = INFINITY;
    while (n < all && farthest > 0) {
        farthest = 0;
        for (size_t i = 0; i < from; i++) {
            near[i] = fmin(near[i], distance(d, i, row[n - 1]));
            if (near[i] > farthest) {
                farthest = near[i];
                row[n] = i;
            }
        }
        n += farthest > 0;
    }
    return take_rows(d, row, (size_t)n, to);
}

/* Makes *to a copy of the rows of d that have another label. */
static int leave_out(const gradus_dataset *d, int label, gradus_dataset *to)
{
    size_t *row = malloc((d->n + 1) * sizeof *row), n = 0;

    for (size_t i = 0; row && i < d->n; i++)
        if (d->labels[i] != label)
            row[n++] = i;
    int failed = !row || take_rows(d, row, n, to);
    free(row);
    return failed ? -1 : 0;
}

int divide_rows(const gradus_dataset *d, const int *ignored,
                gradus_dataset *train, gradus_dataset *valid)
{
    gradus_dataset kept = { .n = 0 }, most = { .n = 0 }, rest = { .n = 0 };
    int failed = (ignored && leave_out(d, *ignored, &kept)) ||
                 gradus_split(ignored ? &kept : d, 0.2, 1, NULL, &most,
                              &rest) ||
                 sample_rows(&most, TRAIN_ROWS, train) ||
                 sample_rows(&rest, VALID_ROWS, valid);

    train->class_names = valid->class_names = d->class_names; /* d lives on */
    free_rows(&kept);
    gradus_dataset_free(&most);
    gradus_dataset_free(&rest);
    return failed ? -1 : 0;
}

void shuffled(int *index, int n, uint64_t seed)
{
    gradus_random random;

    gradus_random_init(&random, seed, 0, 0);
    for (int i = 0; i < n; i++)
        index[i] = i;
    for (int i = n - 1; i > 0; i--) { /* Fisher, Yates */
        const int j = (int)gradus_random_below(&random, (uint32_t)i + 1);
        const int kept = index[i];
        index[i] = index[j];
        index[j] = kept;
    }
}

double variance(const gradus_dataset *d, size_t j)
{
    const size_t size = (size_t)d->target_size;
    double mean = 0, sum = 0;

    for (size_t i = 0; i < d->n; i++)
        mean += d->targets[i * size + j] / (double)d->n;
    for (size_t i = 0; i < d->n; i++) {
        const double v = d->targets[i * size + j] - mean;
        sum += v * v / (double)d->n;
    }
    return sum;
}
