/* doctor_copies.c -- rows with the same input: copies, and contradictions.
 *
 * In a table of few different values some rows are the same by chance, which
 * is no fault.  A group of equal rows counts if chance hardly gives one such
 * row: if the columns were independent of each other among the rows with its
 * label, the product of
 *
 *     the number of these rows, and
 *     for each column, the share of them that has the group's value
 *
 * would be the number of rows like it. */
#include "doctor_copies.h"
#include "hashes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 5000 }; /* shares are of at most so many rows, evenly spread */

static const disease duplicates = {
    "duplicates",
    "copies of one row fall on both sides of the split, so the validation "
    "rows are not new to the net, and its score is too good",
    "keep one of each, or keep copies on one side (train --valid OTHER)",
    "docs/doctor.md" };

static const disease contradictions = {
    "contradictions",
    "no net can be right on both, so the loss cannot fall to 0",
    "find out which answer is right, or which column tells them apart and is "
    "left out",
    "docs/doctor.md" };

/* Fractions of the rows, or of the variance of a target.  A tenth of copies
 * may move an accuracy by several percent; Fashion-MNIST and iris have less
 * than 1 %. */
static const double MANY_COPIES = 0.1, MANY_CONTRADICTIONS = 0.02;

/* A group counts if chance gives fewer rows like it. */
static const double RARE = 0.1;

/* Rows of the same input stand next to each other, and among them those of the
 * same answer. */
typedef struct {
    row_hash hash;
    double chance; /* how many rows of its input and label chance gives */
} row;

/* ---- what chance gives ----------------------------------------------- */

/* A row's value in a column, INFINITY where it is missing, and its label, 0
 * where there are none. */
typedef struct {
    int label;
    double value;
} field;

static field field_of(const gradus_dataset *d, size_t i, int column)
{
    const gradus_real v = d->x[i * (size_t)d->size + (size_t)column];

    return (field){ d->labels ? d->labels[i] : 0,
                    isnan(v) ? INFINITY : (double)v };
}

static int compare(const void *a, const void *b)
{
    const field *x = a, *y = b;

    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* How many of f [n], sorted, lie from `least` to `greatest`. */
static size_t count_between(const field *f, size_t n, field least,
                            field greatest)
{
    size_t below[2];

    for (int k = 0; k < 2; k++) {
        size_t low = 0, high = n;
        while (low < high) {
            const size_t middle = (low + high) / 2;
            if (k ? compare(f + middle, &greatest) <= 0
                  : compare(f + middle, &least) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        below[k] = low;
    }
    return below[1] - below[0];
}

/* Multiplies the chance of each of r [n] by the share of its value in a column,
 * as the sample has it.  Where the column is a category of a text, only rows of
 * this category have a value.  The first column brings the number of rows of
 * each label. */
static void multiply(const gradus_dataset *d, int column, int text,
                     const gradus_dataset *sample, field *f, row *r, size_t n)
{
    for (size_t i = 0; i < sample->n; i++)
        f[i] = field_of(sample, i, column);
    qsort(f, sample->n, sizeof *f, compare);
    for (size_t i = 0; i < n; i++) {
        const field own = field_of(d, r[i].hash.row, column);
        const size_t all = count_between(
            f, sample->n, (field){ own.label, -INFINITY },
            (field){ own.label, INFINITY });
        const size_t like = count_between(f, sample->n, own, own);
        if (column == 0)
            r[i].chance *= (double)all / (double)sample->n;
        if ((!text || own.value == 1) && all)
            r[i].chance *= fmax((double)like, 1) / (double)all;
    }
}

/* Sets the chance of each of r [n]; 0 where there is no table. */
static int set_chances(const patient *p, row *r, size_t n)
{
    gradus_dataset sample = { .n = 0 };
    field *f = NULL;

    for (size_t i = 0; i < n; i++)
        r[i].chance = p->table ? (double)p->whole->n : 0;
    if (!p->table)
        return 0;
    if (!sample_rows(p->whole, ROWS, &sample))
        f = malloc((sample.n + 1) * sizeof *f);
    for (int k = 0; f && k < gradus_table_columns(p->table); k++) {
        const char *use = gradus_column_use(p->table, k);
        const int text = strcmp(use, "text") == 0;
        int count, first = gradus_column_span(p->table, k, &count);
        for (int c = 0; c < count && (text || strcmp(use, "number") == 0); c++)
            multiply(p->whole, first + c, text, &sample, f, r, n);
    }
    const int failed = !f;
    free(f);
    free_rows(&sample);
    return failed ? -1 : 0;
}

/* ---- groups ---------------------------------------------------------- */

/* The end of the group that begins at r[from]. */
static size_t group_end(const row *r, size_t n, size_t from)
{
    size_t to = from + 1;

    while (to < n && r[to].hash.input == r[from].hash.input)
        to++;
    return to;
}

/* Keeps the groups of two rows and more, of rows that are not ignored.  Returns
 * how many rows these are. */
static size_t keep_groups(const patient *p, row *r, size_t n)
{
    const gradus_dataset *d = p->whole;
    size_t labelled = 0, kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!p->ignored || d->labels[r[i].hash.row] != *p->ignored)
            r[labelled++] = r[i];
    for (size_t from = 0, to; from < labelled; from = to) {
        to = group_end(r, labelled, from);
        for (size_t i = from; i < to && to - from > 1; i++)
            r[kept++] = r[i];
    }
    return kept;
}

/* Keeps the groups that chance hardly gives. */
static size_t keep_rare(row *r, size_t n)
{
    size_t kept = 0;

    for (size_t from = 0, to; from < n; from = to) {
        double chance = 0;
        to = group_end(r, n, from);
        for (size_t i = from; i < to; i++)
            chance = fmax(chance, r[i].chance);
        for (size_t i = from; i < to && chance < RARE; i++)
            r[kept++] = r[i];
    }
    return kept;
}

static size_t count_copies(const row *r, size_t n)
{
    size_t copies = 0;

    for (size_t i = 1; i < n; i++)
        copies += r[i].hash.input == r[i - 1].hash.input &&
                  r[i].hash.answer == r[i - 1].hash.answer;
    return copies;
}

/* Finds two rows that contradict each other. */
static int find_contradiction(const row *r, size_t n, size_t pair[2])
{
    for (size_t i = 1; i < n; i++)
        if (r[i].hash.input == r[i - 1].hash.input &&
            r[i].hash.answer != r[i - 1].hash.answer) {
            pair[0] = r[i - 1].hash.row;
            pair[1] = r[i].hash.row;
            return 1;
        }
    return 0;
}

/* The rows whose answer is not the most frequent one of their group: no net can
 * be right on them and on the others. */
static size_t count_wrong(const row *r, size_t n)
{
    size_t wrong = 0;

    for (size_t from = 0, to; from < n; from = to) {
        size_t run = 0, most = 0;
        to = group_end(r, n, from);
        for (size_t i = from; i < to; i++) {
            run = i > from && r[i].hash.answer == r[i - 1].hash.answer
                ? run + 1 : 1;
            most = run > most ? run : most;
        }
        wrong += to - from - most;
    }
    return wrong;
}

/* The squared distances of target k from its mean: of all rows. */
static double squares(const gradus_dataset *d, size_t k)
{
    const size_t step = (size_t)d->target_size;
    double mean = 0, sum = 0;

    for (size_t i = 0; i < d->n; i++)
        mean += (double)d->targets[i * step + k] / (double)d->n;
    for (size_t i = 0; i < d->n; i++)
        sum += pow((double)d->targets[i * step + k] - mean, 2);
    return sum;
}

/* The same from the mean of each group: a net that gives each group its mean
 * still has this error. */
static double squares_in_groups(const gradus_dataset *d, size_t k,
                                const row *r, size_t n)
{
    const size_t step = (size_t)d->target_size;
    double sum = 0;

    for (size_t from = 0, to; from < n; from = to) {
        double mean = 0;
        to = group_end(r, n, from);
        for (size_t i = from; i < to; i++)
            mean += (double)d->targets[r[i].hash.row * step + k] /
                    (double)(to - from);
        for (size_t i = from; i < to; i++)
            sum += pow((double)d->targets[r[i].hash.row * step + k] - mean, 2);
    }
    return sum;
}

/* ---- what is found --------------------------------------------------- */

static void judge_contradictions(patient *p, const row *r, size_t n,
                                 size_t rows)
{
    const gradus_dataset *d = p->whole;
    const size_t wrong = count_wrong(r, n);
    double share = 0;
    size_t pair[2];

    if (!find_contradiction(r, n, pair))
        return;
    for (size_t k = 0; d->targets && k < (size_t)d->target_size; k++)
        share = fmax(share, squares_in_groups(d, k, r, n) / squares(d, k));
    if (d->targets && share > MANY_CONTRADICTIONS)
        found(p, &contradictions, "rows of the same input differ by %.0f %% of "
              "the variance of a target, such as samples %zu and %zu (counted "
              "from 0): no net can have an R2 above %.2f", 100 * share,
              pair[0], pair[1], 1 - share);
    else if (d->labels && (double)wrong > MANY_CONTRADICTIONS * (double)rows)
        found(p, &contradictions, "%zu of %zu rows have the input of another "
              "row but another answer, such as samples %zu and %zu (counted "
              "from 0)", wrong, rows, pair[0], pair[1]);
}

void look_at_copies(patient *p)
{
    const size_t rows = p->whole->n - p->unlabelled;
    row_hash *all = hash_rows(p->whole);
    row *r = malloc((p->whole->n + 1) * sizeof *r);
    size_t n = 0, copies;

    p->failed |= !all || !r;
    for (size_t i = 0; all && r && i < p->whole->n; i++)
        r[i] = (row){ .hash = all[i] };
    if (all && r)
        n = keep_groups(p, r, p->whole->n);
    p->failed |= n && set_chances(p, r, n);
    n = p->failed ? 0 : keep_rare(r, n);
    copies = count_copies(r, n);
    if ((double)copies > MANY_COPIES * (double)rows)
        found(p, &duplicates, "%zu of %zu rows are copies of others, in the "
              "columns that are used; chance explains none of them", copies,
              rows);
    judge_contradictions(p, r, n, rows);
    free(all);
    free(r);
}
