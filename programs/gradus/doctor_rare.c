/* doctor_rare.c -- rows with the same input that chance does not explain.
 *
 * In a table of few different values some rows are the same by chance, which
 * is no fault.  A group of equal rows counts only if so few rows like it are
 * expected: if the columns were independent of each other among the rows with
 * its label, their number would be
 *
 *     the number of these rows, times
 *     the share of them that has the group's value, for each column
 *
 * For the shares, each different input counts once, or an input with many
 * copies would explain itself.  Of a group with several labels the largest
 * number is taken. */
#include "doctor_rare.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE = 5000,  /* shares are of at most so many inputs, evenly spread */
    CLASS_ROWS = 30 /* of smaller classes, shares say nothing: all labels are
                       then taken as one */
};

/* A group counts if fewer rows like it are expected. */
static const double RARE = 0.1;

/* Rows for each different input, on average, from which on the table is one of
 * few things that are described again and again. */
static const double FEW_INPUTS = 5;

/* ---- how many rows are expected -------------------------------------- */

/* A row's value in a column, DBL_MAX where it is missing, and its label. */
typedef struct {
    int label;
    double value;
} field;

/* What a column of the table is in x: a number, or one number for each category
 * of a text, of which the row's own is 1. */
typedef struct {
    int first, count, is_text;
    int with_labels; /* or all labels are taken as one */
} column;

static field field_of(const row *r, const column *c)
{
    const gradus_dataset *d = r->d;
    const size_t i = r->hash.row;
    const gradus_real *x = d->x + i * (size_t)d->size + (size_t)c->first;
    field f = { .label = c->with_labels ? d->labels[i] : 0, .value = *x };

    for (int k = 0; c->is_text && k < c->count; k++)
        if (x[k] == 1)
            f.value = k;
    if (isnan(*x))
        f.value = DBL_MAX;
    return f;
}

static int compare(const void *a, const void *b)
{
    const field *x = a, *y = b;

    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

/* The first of f [n], sorted, that is not below the key; n if all are. */
static size_t lower_bound(const field *f, size_t n, field key)
{
    size_t low = 0, high = n;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (compare(f + middle, &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How many of f [n], sorted, have the label of `own`. */
static size_t with_label(const field *f, size_t n, field own)
{
    return lower_bound(f, n, (field){ own.label + 1, -INFINITY }) -
           lower_bound(f, n, (field){ own.label, -INFINITY });
}

/* How many of them have its value, too. */
static size_t like(const field *f, size_t n, field own)
{
    const field next = { own.label, nextafter(own.value, INFINITY) };

    return lower_bound(f, n, next) - lower_bound(f, n, own);
}

/* Multiplies what is expected of r [n] by the share of its value in a column,
 * of which f [m], sorted, is a sample. */
static void multiply_by_shares(const column *c, const field *f, size_t m,
                               row *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const field own = field_of(r + i, c);
        r[i].expected *= fmax((double)like(f, m, own), 1) /
                         fmax((double)with_label(f, m, own), 1);
    }
}

/* Copies a sample of the different inputs of all [n] to `sample`.  Returns how
 * many these are. */
static size_t take_sample(const row *all, size_t n, size_t inputs, row *sample)
{
    size_t seen = 0, m = 0;

    for (size_t i = 0; i < n; i++)
        if (i == 0 || all[i].hash.input != all[i - 1].hash.input) {
            if (inputs <= SAMPLE || seen * SAMPLE / inputs >= m)
                sample[m++] = all[i];
            if (m == SAMPLE)
                break;
            seen++;
        }
    return m;
}

/* Sets what is expected of r [n], which are some of all [count] rows. */
static int set_expected(const patient *p, const row *all, size_t count,
                        size_t inputs, row *r, size_t n)
{
    const gradus_dataset *d = p->whole;
    row *sample = malloc(SAMPLE * sizeof *sample);
    field *f = calloc(SAMPLE, sizeof *f);
    const size_t m = sample ? take_sample(all, count, inputs, sample) : 0;
    column c = { .with_labels = d->labels && d->n >= (size_t)CLASS_ROWS *
                                                     (size_t)d->classes };
    int failed = !sample || !f;

    for (size_t i = 0; i < n; i++)
        r[i].expected = (double)count;
    for (int k = 0; k < gradus_table_columns(p->table) && !failed; k++) {
        const char *use = gradus_column_use(p->table, k);
        c.first = gradus_column_span(p->table, k, &c.count);
        c.is_text = strcmp(use, "text") == 0;
        if (!c.is_text && strcmp(use, "number") != 0)
            continue;
        for (size_t i = 0; i < m; i++)
            f[i] = field_of(sample + i, &c);
        qsort(f, m, sizeof *f, compare);
        multiply_by_shares(&c, f, m, r, n);
    }
    for (size_t i = 0; i < n && !failed && c.with_labels; i++)
        r[i].expected *= (double)with_label(f, m, field_of(r + i, &c)) /
                         (double)m;
    free(sample);
    free(f);
    return failed ? -1 : 0;
}

/* ---- groups ---------------------------------------------------------- */

size_t group_end(const row *r, size_t n, size_t from)
{
    size_t to = from + 1;

    while (to < n && r[to].hash.input == r[from].hash.input)
        to++;
    return to;
}

/* The rows of both that are not ignored, sorted by their hashes, to be freed;
 * *n becomes their number.  NULL if memory runs out. */
static row *sort_rows(const patient *p, const gradus_dataset *const both[2],
                      size_t *n)
{
    const size_t most = both[0]->n + (both[1] ? both[1]->n : 0);
    row *r = calloc(most + 1, sizeof *r);

    *n = 0;
    if (!r)
        return NULL;
    for (int k = 0; k < 2 && both[k]; k++)
        for (size_t i = 0; i < both[k]->n; i++)
            if (!p->ignored || both[k]->labels[i] != *p->ignored)
                r[(*n)++] = (row){ .hash = hash_row(both[k], i),
                                   .d = both[k] };
    qsort(r, *n, sizeof *r, by_hash);
    return r;
}

/* Copies those of r [n] whose input others have, too, to `same`.  Returns how
 * many these are, and sets *inputs to how many inputs there are in all. */
static size_t take_groups(const row *r, size_t n, row *same, size_t *inputs)
{
    size_t kept = 0;

    *inputs = 0;
    for (size_t from = 0, to; from < n; from = to, ++*inputs) {
        to = group_end(r, n, from);
        for (size_t i = from; i < to && to - from > 1; i++)
            same[kept++] = r[i];
    }
    return kept;
}

/* Keeps those of r [n] that are hardly expected.  Returns how many they are. */
static size_t keep_rare(row *r, size_t n)
{
    size_t kept = 0;

    for (size_t from = 0, to; from < n; from = to) {
        double expected = 0;
        to = group_end(r, n, from);
        for (size_t i = from; i < to; i++)
            expected = fmax(expected, r[i].expected);
        for (size_t i = from; i < to && expected < RARE; i++)
            r[kept++] = r[i];
    }
    return kept;
}

size_t find_rare(patient *p, const gradus_dataset *const both[2], row **rare,
                 size_t *all)
{
    row *r = sort_rows(p, both, all);
    size_t n = 0, inputs;

    *rare = malloc((*all + 1) * sizeof **rare);
    p->failed |= !r || !*rare;
    if (r && *rare)
        n = take_groups(r, *all, *rare, &inputs);
    if (n && p->table && (double)*all >= FEW_INPUTS * (double)inputs)
        n = 0;
    if (n && p->table)
        p->failed |= set_expected(p, r, *all, inputs, *rare, n) != 0;
    free(r);
    return p->failed || !n ? 0 : keep_rare(*rare, n);
}
