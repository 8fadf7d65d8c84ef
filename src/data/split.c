/* split.c -- splits a dataset at random in two: samples to train on, and
 * samples to validate with, which are a fraction or a fold.
 *
 * parts.c puts the samples into an order of which the last n_valid go to the
 * second part and the others to the first.  Both parts are copies. */
#include "data/data.h"

#include "base/error.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Checks all that the code below relies on, since the dataset may have been
 * made by the caller rather than by a loader. */
static int check_dataset(const char *who, const gradus_dataset *d)
{
    if (!d->x == !d->pixels)
        return gradus_error_set("%s: the dataset has %s; must have either x "
                                "or pixels", who,
                                d->x ? "both x and pixels" : "no values");
    if (d->n < 1 || d->n > INT_MAX || d->size < 1)
        return gradus_error_set("%s: the dataset has %zu samples of %d "
                                "values; must have 1..%d samples of at least "
                                "1", who, d->n, d->size, INT_MAX);
    if (d->positions < 0 || d->classes < 0)
        return gradus_error_set("%s: positions is %d and classes is %d; must "
                                "be at least 0", who, d->positions,
                                d->classes);
    for (int k = 0; d->class_names && k < d->classes; k++)
        if (!d->class_names[k])
            return gradus_error_set("%s: class_names[%d] is NULL", who, k);
    if (d->targets && d->target_size < 1)
        return gradus_error_set("%s: the dataset has targets, but target_size "
                                "is %d; must be at least 1", who,
                                d->target_size);
    return 0;
}

static int check_options(const char *who, const gradus_dataset *d,
                         const gradus_split_options *o)
{
    if (!o->stratified)
        return 0;
    if (o->groups)
        return gradus_error_set("%s: stratified is set and groups is not "
                                "NULL; must be one of them", who);
    if (!d->labels)
        return gradus_error_set("%s: stratified is set, but labels is NULL; "
                                "must be there", who);
    if (d->positions > 1)
        return gradus_error_set("%s: stratified is set, but positions is %d; "
                                "must be 1", who, d->positions);
    return 0;
}

/* Checks all but the numbers, and empties the two parts in case of an
 * error. */
static int check(const char *who, const gradus_dataset *d,
                 const gradus_split_options *o, gradus_dataset *train,
                 gradus_dataset *valid)
{
    if (!d || !train || !valid)
        return gradus_error_set("%s: a dataset is NULL", who);
    if (train == d || valid == d || train == valid)
        return gradus_error_set("%s: two of its datasets are the same; must "
                                "be three", who);
    *train = *valid = (gradus_dataset){ 0 };
    return check_dataset(who, d) || check_options(who, d, o) ? -1 : 0;
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
static int copy(const char *who, const gradus_dataset *d, const int *order,
                size_t n, gradus_dataset *to)
{
    size_t real = sizeof(gradus_real), size = (size_t)d->size;
    int positions = d->positions ? d->positions : 1;
    gradus_dataset like = *d;

    like.n = n;
    like.positions = d->labels ? positions : 0;
    like.target_size = d->targets ? d->target_size : 0;
    gradus_loaded *l = gradus_loaded_new(who, &like, d->x, d->weights);
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

/* Copies the last n_valid samples of the order to *valid and the others to
 * *train, and frees the order, which is NULL after an error. */
static int cut(const char *who, const gradus_dataset *d, int *order,
               int n_valid, gradus_dataset *train, gradus_dataset *valid)
{
    if (!order)
        return -1;
    size_t n_train = d->n - (size_t)n_valid;
    int status = copy(who, d, order, n_train, train) ||
                 copy(who, d, order + n_train, (size_t)n_valid, valid);
    if (status)
        gradus_dataset_free(train);
    free(order);
    return status ? -1 : 0;
}

/* The number of samples in *valid is rounded, half a sample upwards: 0.25
 * of 50 samples is 13. */
int gradus_split(const gradus_dataset *d, double fraction, uint64_t seed,
                 const gradus_split_options *options, gradus_dataset *train,
                 gradus_dataset *valid)
{
    gradus_split_options o =
        options ? *options : (gradus_split_options){ 0 };
    int n_valid;

    if (check("gradus_split", d, &o, train, valid))
        return -1;
    double part = floor(fraction * (double)d->n + 0.5);
    if (!(part >= 1 && part < (double)d->n)) /* it may be NaN */
        return gradus_error_set("gradus_split: fraction %g of %zu samples is "
                                "%g; must be between 0 and 1, and leave at "
                                "least 1 in each part", fraction, d->n, part);
    int *order = gradus_split_order(d, fraction, seed, &o, &n_valid);
    return cut("gradus_split", d, order, n_valid, train, valid);
}

int gradus_fold(const gradus_dataset *d, int folds, int fold, uint64_t seed,
                const gradus_split_options *options, gradus_dataset *train,
                gradus_dataset *valid)
{
    gradus_split_options o =
        options ? *options : (gradus_split_options){ 0 };
    int n_valid;

    if (check("gradus_fold", d, &o, train, valid))
        return -1;
    if (folds < 2 || (size_t)folds > d->n)
        return gradus_error_set("gradus_fold: folds is %d; must be 2 or more, "
                                "and at most %zu, the number of samples",
                                folds, d->n);
    if (fold < 0 || fold >= folds)
        return gradus_error_set("gradus_fold: fold is %d; must be 0..%d", fold,
                                folds - 1);
    int *order = gradus_fold_order(d, folds, fold, seed, &o, &n_valid);
    return cut("gradus_fold", d, order, n_valid, train, valid);
}
