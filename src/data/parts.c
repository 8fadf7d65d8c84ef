/* parts.c -- decides which samples of a dataset are for training, and which
 * are for validation.
 *
 * The samples are shuffled, and then sorted by class or by group, so that
 * those of one class are still in a random order.  Where neither is asked for,
 * all are of one class.  Then each sample gets the number of its part, and
 * those of the training parts are put before the others. */
#include "data/data.h"

#include "base/error.h"
#include "base/shuffle.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
    int32_t key; /* what the samples are sorted by: a class or a group; at
                    last 1 if the sample is for validation, else 0 */
    int place;   /* its place among the shuffled samples */
    int sample;  /* its row in the dataset */
    int part;    /* the number of its part, from 0 */
} entry;

typedef struct {
    int n;
    entry *s;   /* [n], sorted */
    int *order; /* [n]: the samples, shuffled; then where in s each group
                   begins, shuffled; at last the result */
} parts;

static int by_key(const void *a, const void *b)
{
    const entry *s = a, *t = b;

    if (s->key != t->key)
        return s->key < t->key ? -1 : 1;
    return s->place < t->place ? -1 : 1;
}

/* Shuffles the samples and sorts them, all into part 0. */
static int begin(parts *p, const gradus_dataset *d, uint64_t seed,
                 const gradus_split_options *o)
{
    const int32_t *key = o->stratified ? d->labels : o->groups;

    *p = (parts){ .n = (int)d->n, .s = calloc(d->n, sizeof *p->s),
                  .order = malloc(d->n * sizeof *p->order) };
    if (!p->s || !p->order) {
        free(p->s);
        free(p->order);
        return gradus_no_memory("the order of %zu samples", d->n), -1;
    }
    for (int i = 0; i < p->n; i++)
        p->order[i] = i;
    gradus_shuffle(p->order, p->n, seed, GRADUS_SHUFFLE_SPLIT, 0);
    for (int i = 0; i < p->n; i++) {
        int sample = p->order[i];
        p->s[i] = (entry){ .key = key ? key[sample] : 0, .place = i,
                           .sample = sample };
    }
    qsort(p->s, d->n, sizeof *p->s, by_key);
    return 0;
}

/* Returns the samples, those of `part` last, and sets *n_valid to how many
 * these are.  Both the others and these are in the order in which the samples
 * were shuffled.  Returns NULL if the status is not 0. */
static int *end(parts *p, int status, int part, int *n_valid)
{
    *n_valid = 0;
    for (int i = 0; i < p->n; i++) {
        p->s[i].key = p->s[i].part == part;
        *n_valid += p->s[i].key;
    }
    qsort(p->s, (size_t)p->n, sizeof *p->s, by_key);
    for (int i = 0; i < p->n; i++)
        p->order[i] = p->s[i].sample;
    free(p->s);
    if (!status)
        return p->order;
    free(p->order);
    return NULL;
}

/* Returns where the class or the group that begins at s[i] ends. */
static int end_of(const parts *p, int i)
{
    int32_t key = p->s[i].key;

    while (i < p->n && p->s[i].key == key)
        i++;
    return i;
}

/* Gives the samples s[from..to-1] to a part.  Returns how many these are. */
static int give(parts *p, int from, int to, int part)
{
    for (int i = from; i < to; i++)
        p->s[i].part = part;
    return to - from;
}

/* Finds the groups, puts them into a random order, and sets p->order[g] to
 * where group g begins.  Returns how many groups there are. */
static int shuffle_groups(parts *p, uint64_t seed)
{
    int groups = 0;

    for (int i = 0; i < p->n; i = end_of(p, i))
        p->order[groups++] = i;
    gradus_shuffle(p->order, groups, seed, GRADUS_SHUFFLE_SPLIT, 1);
    return groups;
}

/* ----- two parts --------------------------------------------------------- */

/* Of a class that is s[a..b-1], part 1 gets the last
 *
 *     round(fraction b) - round(fraction a)
 *
 * samples.  For all classes together, that makes round(fraction n).  But the
 * first sample of each class stays in part 0. */
static int split_classes(parts *p, double fraction)
{
    int taken = 0;

    for (int a = 0, b; a < p->n; a = b) {
        b = end_of(p, a);
        int count = (int)(floor(fraction * b + 0.5) -
                          floor(fraction * a + 0.5));
        taken += give(p, count < b - a ? b - count : a + 1, b, 1);
    }
    if (taken)
        return 0;
    return gradus_error_set("gradus_split: fraction %g of %d samples, "
                            "stratified, is 0; must leave at least 1 in each "
                            "part, and the only sample of a class is for "
                            "training", fraction, p->n);
}

/* Part 1 gets groups for as long as that brings its number of samples nearer
 * to fraction n; but at least one group, and not all. */
static int split_groups(parts *p, double fraction, uint64_t seed)
{
    int groups = shuffle_groups(p, seed), taken = 0;
    double wanted = fraction * p->n;

    if (groups < 2)
        return gradus_error_set("gradus_split: all samples are of group %d; "
                                "must be of at least 2 groups",
                                (int)p->s[0].key);
    for (int g = 0; g < groups - 1; g++) {
        int from = p->order[g], to = end_of(p, from);
        if (g > 0 && fabs(taken + (to - from) - wanted) >=
                     fabs(taken - wanted))
            break;
        taken += give(p, from, to, 1);
    }
    return 0;
}

int *gradus_split_order(const gradus_dataset *d, double fraction,
                        uint64_t seed, const gradus_split_options *o,
                        int *n_valid)
{
    parts p;

    if (begin(&p, d, seed, o))
        return NULL;
    int status = o->groups ? split_groups(&p, fraction, seed)
                           : split_classes(&p, fraction);
    return end(&p, status, 1, n_valid);
}

/* ----- folds ------------------------------------------------------------- */

/* As those of one class stand together, dealing the samples in turn gives
 * each fold the same number of each class, and of all, to a sample. */
static void fold_classes(parts *p, int folds)
{
    for (int i = 0; i < p->n; i++)
        p->s[i].part = i % folds;
}

/* Returns the first fold of those with the fewest samples. */
static int smallest(const int *size, int folds)
{
    int least = 0;

    for (int f = 1; f < folds; f++)
        if (size[f] < size[least])
            least = f;
    return least;
}

/* Each group goes to the fold that has the fewest samples so far.  So each
 * fold gets a group, and no two differ by more than the largest group. */
static int fold_groups(parts *p, int folds, uint64_t seed)
{
    int groups = shuffle_groups(p, seed);

    if (groups < folds)
        return gradus_error_set("gradus_fold: folds is %d; must be 2 or more, "
                                "and at most %d, the number of groups", folds,
                                groups);
    int *size = calloc((size_t)folds, sizeof *size);
    if (!size)
        return gradus_no_memory("the sizes of %d folds", folds);
    for (int g = 0; g < groups; g++) {
        int from = p->order[g], f = smallest(size, folds);
        size[f] += give(p, from, end_of(p, from), f);
    }
    free(size);
    return 0;
}

int *gradus_fold_order(const gradus_dataset *d, int folds, int fold,
                       uint64_t seed, const gradus_split_options *o,
                       int *n_valid)
{
    parts p;
    int status = 0;

    if (begin(&p, d, seed, o))
        return NULL;
    if (o->groups)
        status = fold_groups(&p, folds, seed);
    else
        fold_classes(&p, folds);
    return end(&p, status, fold, n_valid);
}
