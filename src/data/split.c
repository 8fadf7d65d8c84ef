/* split.c -- splits a dataset at random in two: samples to train on, and
 * samples to validate with.
 *
 * The samples are shuffled; the last n_valid of them go to the second part
 * and the others to the first.  Both parts are copies. */
#include "data/data.h"

#include "base/error.h"
#include "base/shuffle.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Checks all that the code below relies on, since the dataset may have been
 * made by the caller rather than by a loader. */
static int check(const gradus_dataset *d)
{
    if (!d->x == !d->pixels)
        return gradus_error_set("gradus_split: the dataset has %s; must have "
                                "either x or pixels",
                                d->x ? "both x and pixels" : "no values");
    if (d->n < 1 || d->n > INT_MAX || d->size < 1)
        return gradus_error_set("gradus_split: the dataset has %zu samples of "
                                "%d values; must have 1..%d samples of at "
                                "least 1", d->n, d->size, INT_MAX);
    if (d->positions < 0 || d->classes < 0)
        return gradus_error_set("gradus_split: positions is %d and classes is "
                                "%d; must be at least 0", d->positions,
                                d->classes);
    for (int k = 0; d->class_names && k < d->classes; k++)
        if (!d->class_names[k])
            return gradus_error_set("gradus_split: class_names[%d] is NULL",
                                    k);
    if (d->targets && d->target_size < 1)
        return gradus_error_set("gradus_split: the dataset has targets, but "
                                "target_size is %d; must be at least 1",
                                d->target_size);
    return 0;
}

/* Sets to[i] = from[order[i]] for i < n, rows of `bytes` bytes; does
 * nothing where `to` is NULL, as the dataset then lacks that array. */
static void copy_rows(void *to, const void *from, const int *order, size_t n,
                      size_t bytes)
{
    if (!to)
        return;
    for (size_t i = 0; i < n; i++)
        memcpy((char *)to + i * bytes,
               (const char *)from + (size_t)order[i] * bytes, bytes);
}

/* Sets *to to a copy of the samples order[0..n-1] of d. */
static int copy(const gradus_dataset *d, const int *order, size_t n,
                gradus_dataset *to)
{
    size_t real = sizeof(gradus_real), size = (size_t)d->size;
    int positions = d->positions ? d->positions : 1;
    gradus_dataset like = *d;

    like.n = n;
    like.positions = d->labels ? positions : 0;
    like.target_size = d->targets ? d->target_size : 0;
    gradus_loaded *l =
        gradus_loaded_new("gradus_split", &like, d->x, d->weights);
    if (!l)
        return -1;
    copy_rows(l->x, d->x, order, n, size * real);
    copy_rows(l->pixels, d->pixels, order, n, size);
    copy_rows(l->labels, d->labels, order, n,
              (size_t)l->d.positions * sizeof *l->labels);
    copy_rows(l->targets, d->targets, order, n,
              (size_t)l->d.target_size * real);
    copy_rows(l->weights, d->weights, order, n, real);
    *to = l->d;
    return 0;
}

/* The number of samples in *valid is rounded, half a sample upwards: 0.25
 * of 50 samples is 13. */
int gradus_split(const gradus_dataset *d, double fraction, uint64_t seed,
                 gradus_dataset *train, gradus_dataset *valid)
{
    if (!d || !train || !valid)
        return gradus_error_set("gradus_split: a dataset is NULL");
    if (train == d || valid == d || train == valid)
        return gradus_error_set("gradus_split: two of its datasets are the "
                                "same; must be three");
    *train = *valid = (gradus_dataset){ 0 }; /* in case of error */
    if (check(d))
        return -1;
    size_t n = d->n;
    double part = floor(fraction * (double)n + 0.5);
    if (!(part >= 1 && part < (double)n)) /* it may be NaN */
        return gradus_error_set("gradus_split: fraction %g of %zu samples is "
                                "%g; must be between 0 and 1, and leave at "
                                "least 1 in each part", fraction, n, part);
    size_t n_train = n - (size_t)part;
    int *order = malloc(n * sizeof *order);
    if (!order)
        return gradus_no_memory("the order of %zu samples", n);
    for (int i = 0; i < (int)n; i++)
        order[i] = i;
    gradus_shuffle(order, (int)n, seed, GRADUS_SHUFFLE_SPLIT, 0);
    int status = copy(d, order, n_train, train) ||
                 copy(d, order + n_train, n - n_train, valid);
    if (status)
        gradus_dataset_free(train);
    free(order);
    return status ? -1 : 0;
}
