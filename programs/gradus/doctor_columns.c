/* doctor_columns.c -- what in the columns of a table keeps a net from
 * learning. */
#include "doctor_columns.h"

#include "common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 5000,   /* at most so many are looked at, evenly spread */
    SHOWN = 5      /* names of columns in a message */
};

/* A field, and the answer of its row. */
typedef struct {
    double value, target; /* target: of the only target, else 0 */
    int label;            /* 0 where there are no labels */
} field;

/* Columns that have something in common. */
typedef struct {
    int count;
    char text[400];
} names;

static void add_name(names *l, const char *name)
{
    const size_t used = strlen(l->text);

    if (l->count++ < SHOWN)
        snprintf(l->text + used, sizeof l->text - used, "%s\"%.60s\"",
                 used ? ", " : "", printable(name));
    else if (l->count == SHOWN + 1)
        snprintf(l->text + used, sizeof l->text - used, ", ..");
}

/* ---- diseases -------------------------------------------------------- */

static const disease mostly_empty = {
    "mostly-empty",
    "most of what the net sees there is one number that was made up",
    "leave the column out (--ignore), or add --indicators, so that the net "
    "knows which fields are empty",
    "docs/doctor.md" };

static const disease constant_columns = {
    "constant-columns",
    "a column that has one value says nothing; so many of them mean that "
    "something went wrong before: a wrong join, a wrong filter, a lost unit",
    "look at where the columns come from, or leave them out (--ignore)",
    "docs/doctor.md" };

const disease outliers = {
    "outliers",
    "numbers are divided by their standard deviation, which a few far-out "
    "values decide: the others then all look alike to the net",
    "mend them, if they stand for something missing, such as -999; else take "
    "logarithms, or cut them off",
    "docs/numbers.md" };

static const disease leaking_column = {
    "leaking-column",
    "a column that decides the answer by itself is often the answer in other "
    "words, known only afterwards: the net learns nothing else, and fails "
    "where the column is not known yet",
    "leave it out (--ignore), unless it will be known when the net is used",
    "docs/doctor.md" };

/* More than half of the fields. */
static const double MOSTLY = 0.5;

/* Fractions of the columns.  A few constant ones do no harm: scikit-learn's
 * digits have 5 %. */
static const double MANY_CONSTANT = 0.1;

/* A value that is so many times the distance between the quartiles away from
 * the median.  Of normal numbers none of a million is beyond 4, of log-normal
 * ones (sigma 1) none beyond 80. */
static const double FAR_OUT = 100;

/* Fractions of the rows that a leak may be wrong in, and the correlation with
 * a target above which a column is one. */
static const double LEAK_ERRORS = 0.001, LEAK_CORRELATION = 0.9999;

/* Rows, at least, or a column may be constant or a leak by chance: of 10 rows
 * of each of two classes, two orders in 184,756 have one class first. */
enum { LEAST_ROWS = 10 };

/* ---- a column -------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    const field *x = a, *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->label > y->label) - (x->label < y->label);
}

/* How many different values f [n], sorted, has. */
static int different(const field *f, int n)
{
    int count = n > 0;

    for (int i = 1; i < n; i++)
        count += f[i].value != f[i - 1].value;
    return count;
}

/* How far the farthest value is from the median of f [n], sorted, in distances
 * between the quartiles; 0 where these are equal. */
static double farthest(const field *f, int n, double *value)
{
    const double middle = f[n / 2].value;
    const double width = f[n - 1 - n / 4].value - f[n / 4].value;
    const double low = middle - f[0].value, high = f[n - 1].value - middle;

    *value = low > high ? f[0].value : f[n - 1].value;
    return width > 0 ? fmax(low, high) / width : 0;
}

/* In how many of f [n], sorted by numbers, the class is not that of the one
 * before: classes - 1 where cuts between numbers tell all classes. */
static int changes(const field *f, int n)
{
    int count = 0;

    for (int i = 1; i < n; i++)
        count += f[i].label != f[i - 1].label;
    return count;
}

/* How many of f [n], sorted, are not of the class that is most frequent among
 * those of their value. */
static int exceptions(const field *f, int n)
{
    int wrong = 0;

    for (int from = 0, to; from < n; from = to) {
        int most = 0, run = 0;
        for (to = from; to < n && f[to].value == f[from].value; to++) {
            run = to > from && f[to].label == f[to - 1].label ? run + 1 : 1;
            most = run > most ? run : most;
        }
        wrong += to - from - most;
    }
    return wrong;
}

static double correlation(const field *f, int n)
{
    double x = 0, t = 0, xx = 0, tt = 0, xt = 0;

    for (int i = 0; i < n; i++) {
        x += f[i].value / n;
        t += f[i].target / n;
    }
    for (int i = 0; i < n; i++) {
        xx += (f[i].value - x) * (f[i].value - x);
        tt += (f[i].target - t) * (f[i].target - t);
        xt += (f[i].value - x) * (f[i].target - t);
    }
    return xx > 0 && tt > 0 ? xt / sqrt(xx * tt) : 0;
}

/* ---- all columns ----------------------------------------------------- */

/* What is counted over the columns of x. */
typedef struct {
    const gradus_dataset *d; /* a sample */
    field *f;                /* [d->n] */
    int columns, text;       /* of x; is the one at hand a text? */
    int classes, rarest;     /* in the sample; rows of the rarest class */
    names empty, constant, far, leak;
    double far_value, far_width;
} tally;

/* Takes the fields of the column at x[.,first], or of its categories.  Returns
 * how many there are that are not missing; they are sorted. */
static int take_fields(tally *t, const gradus_real *x, size_t step, int first,
                       int count)
{
    const gradus_dataset *d = t->d;
    int n = 0;

    for (size_t i = 0; i < d->n; i++) {
        const gradus_real *at = x + i * step + first;
        double v = *at;
        for (int c = 0; t->text && c < count && !isnan(*at); c++)
            v = at[c] == 1 ? c : v;
        t->f[n] = (field){
            .value = v, .label = d->labels ? d->labels[i] : 0,
            .target = d->target_size == 1 ? d->targets[i] : 0 };
        n += !isnan(v);
    }
    qsort(t->f, (size_t)n, sizeof *t->f, by_value);
    return n;
}

/* Do the fields of the column decide the answer? */
static int leaks(const tally *t, int n)
{
    const int few = (int)(LEAK_ERRORS * n);

    if (t->d->targets)
        return !t->text && t->d->target_size == 1 && n >= 2 * LEAST_ROWS &&
               fabs(correlation(t->f, n)) > LEAK_CORRELATION;
    if (t->classes < 2 || t->rarest < LEAST_ROWS || few > t->rarest / 10)
        return 0;
    if (exceptions(t->f, n) > few)
        return 0;
    return t->text ? different(t->f, n) <= n / 10
                   : changes(t->f, n) <= t->classes - 1 + few;
}

static void look_at_column(tally *t, const gradus_table *table, int k)
{
    const char *name = gradus_column_name(table, k),
               *use = gradus_column_use(table, k);
    const int is_target = strcmp(use, "target") == 0;
    int count, first = gradus_column_span(table, k, &count);
    double value = 0, width;

    t->text = strcmp(use, "text") == 0;
    if (!t->text && !is_target && strcmp(use, "number") != 0)
        return;
    const int n = is_target
        ? take_fields(t, t->d->targets, (size_t)t->d->target_size, first, 1)
        : take_fields(t, t->d->x, (size_t)t->d->size, first, count);
    if (n < (1 - MOSTLY) * (double)t->d->n)
        add_name(&t->empty, name);
    if (!n)
        return;
    width = t->text ? 0 : farthest(t->f, n, &value);
    if (width > FAR_OUT) {
        add_name(&t->far, name);
        if (t->far.count == 1) {
            t->far_value = value;
            t->far_width = width;
        }
    }
    if (is_target)
        return;
    t->columns++;
    if (different(t->f, n) == 1)
        add_name(&t->constant, name);
    else if (leaks(t, n))
        add_name(&t->leak, name);
}

static void judge(patient *p, const tally *t)
{
    if (t->empty.count)
        found(p, &mostly_empty, "more than half of the fields are empty in "
              "%s", t->empty.text);
    if (t->d->n >= LEAST_ROWS &&
        t->constant.count > MANY_CONSTANT * t->columns)
        found(p, &constant_columns, "%d of %d columns have one value each: %s",
              t->constant.count, t->columns, t->constant.text);
    if (t->far.count)
        found(p, &outliers, "%s: the first has the value %g, which is %.0f "
              "times the distance between the quartiles away from the median",
              t->far.text, t->far_value, t->far_width);
    if (t->leak.count && t->columns > 1)
        found(p, &leaking_column, "%s: by itself it decides the %s of all but "
              "at most one in a thousand rows", t->leak.text,
              t->d->labels ? "class" : "target");
}

/* Counts the classes of the sample, and the rows of the rarest. */
static void count_classes(tally *t)
{
    t->rarest = (int)t->d->n;
    for (int k = 0; k < t->d->classes && t->d->labels; k++) {
        int rows = 0;
        for (size_t i = 0; i < t->d->n; i++)
            rows += t->d->labels[i] == k;
        t->classes += rows > 0;
        t->rarest = rows && rows < t->rarest ? rows : t->rarest;
    }
}

void look_at_columns(patient *p)
{
    gradus_dataset d = { .n = 0 };
    tally t = { .d = &d };

    if (!sample_rows(p->whole, ROWS, &d))
        t.f = malloc((d.n + 1) * sizeof *t.f);
    if (t.f) {
        count_classes(&t);
        for (int k = 0; k < gradus_table_columns(p->table); k++)
            look_at_column(&t, p->table, k);
        judge(p, &t);
    }
    p->failed |= !t.f;
    free(t.f);
    free_rows(&d);
}
