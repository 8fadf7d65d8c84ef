/* fit.c -- finds in the training data, and there alone, how a table's values
 * are standardised and what missing ones are taken for; and sets a graph's
 * inputs by that.
 *
 *   numbers, targets:  mean and standard deviation (of the whole: over n)
 *   categories:        stay 0 and 1
 *   missing:           a number's mean or most frequent value; the most
 *                      frequent category */
#include "table/table.h"

#include "base/error.h"
#include "base/mode.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>

/* ---- one column of an array [n,size] ------------------------------------ */

/* Sets mean and std to those of v [n], whose numbers are `step` apart, but
 * for NaN; std is 1 if all are equal.  Returns how many are not NaN. */
static size_t moments(const gradus_real *v, size_t n, size_t step,
                      double *mean, double *std)
{
    double first = 0, sum = 0, squares = 0;
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i * step])) {
            first = count++ ? first : v[i * step];
            sum += v[i * step] - first; /* exactly 0 if all are equal */
        }
    *mean = count ? first + sum / (double)count : 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i * step])) {
            const double d = v[i * step] - *mean;
            squares += d * d;
        }
    *std = count ? sqrt(squares / (double)count) : 0;
    if (!(*std > 1e-12 * fabs(*mean))) /* of equal numbers, up to rounding */
        *std = 1;
    return count;
}

static int compare(const void *a, const void *b)
{
    const gradus_real x = *(const gradus_real *)a, y = *(const gradus_real *)b;

    return (x > y) - (x < y);
}

/* Sets *value to the most frequent of v [n], as above, of which there is one;
 * to the lowest of several.  Returns 0, or -1 if memory runs out. */
static int most_frequent(const gradus_real *v, size_t n, size_t step,
                         double *value)
{
    gradus_real *sorted = malloc(n * sizeof *sorted);
    size_t count = 0, most = 0;

    if (!sorted)
        return gradus_no_memory("%zu values of a column", n);
    for (size_t i = 0; i < n; i++)
        if (!isnan(v[i * step]))
            sorted[count++] = v[i * step];
    qsort(sorted, count, sizeof *sorted, compare);
    for (size_t i = 0, from = 0; i < count; i++) {
        if (sorted[i] != sorted[from])
            from = i;
        if (i - from + 1 > most) {
            most = i - from + 1;
            *value = sorted[i];
        }
    }
    free(sorted);
    return 0;
}

/* Returns which of the categories of a text is the most frequent in x, whose
 * first row begins at v; -1 if none occurs. */
static int most_frequent_category(const gradus_column *c, const gradus_real *v,
                                  size_t n, size_t size)
{
    size_t most = 0;
    int which = -1;

    for (int k = 0; k < c->categories; k++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++)
            count += v[i * size + (size_t)k] == 1;
        if (count > most) {
            most = count;
            which = k;
        }
    }
    return which;
}

/* ---- a column of the table ---------------------------------------------- */

static int has_no_value(const gradus_column *c)
{
    return gradus_error_set("gradus_table_fit: column \"%.64s\" has no value "
                            "in the training data; must have one", c->name);
}

/* Checks that gradus_standardise takes these. */
static int check_moments(const gradus_column *c, double mean, double std)
{
    const bool small = std <= 1e-30;

    if (fabs(mean) < 1e30 && std < 1e30 && !small)
        return 0;
    return gradus_error_set("gradus_table_fit: column \"%.64s\" has a mean of "
                            "%g and a standard deviation of %g; %s: %s its "
                            "numbers", c->name, mean, std, small
                            ? "the latter must be above 1e-30"
                            : "both must be below 1e30",
                            small ? "multiply" : "divide");
}

static int fit_number(gradus_table *t, const gradus_column *c,
                      const gradus_dataset *d)
{
    const gradus_real *v = d->x + c->first;
    const size_t size = (size_t)d->size;
    const int k = c->first;

    if (!moments(v, d->n, size, &t->mean[k], &t->std[k]))
        return has_no_value(c);
    if (check_moments(c, t->mean[k], t->std[k]))
        return -1;
    t->missing[k] = t->mean[k];
    return c->missing && t->fill == GRADUS_MISSING_MOST_FREQUENT
               ? most_frequent(v, d->n, size, &t->missing[k]) : 0;
}

static int fit_text(gradus_table *t, const gradus_column *c,
                    const gradus_dataset *d)
{
    int k = most_frequent_category(c, d->x + c->first, d->n, (size_t)d->size);

    if (k < 0)
        return has_no_value(c);
    t->missing[c->first + k] = 1;
    return 0;
}

static int fit_target(gradus_table *t, const gradus_column *c,
                      const gradus_dataset *d)
{
    const int k = t->values + c->first;

    if (!moments(d->targets + c->first, d->n, (size_t)t->targets,
                 &t->mean[k], &t->std[k]))
        return has_no_value(c);
    return check_moments(c, t->mean[k], t->std[k]);
}

static int fit_all(gradus_table *t, const gradus_dataset *d)
{
    for (int i = 0; i < t->values + t->targets; i++) {
        t->mean[i] = 0;
        t->std[i] = 1;
    }
    for (int i = 0; i < t->values; i++)
        t->missing[i] = 0;
    for (int k = 0; k < t->columns; k++) {
        const gradus_column *c = &t->column[k];
        if ((c->kind == GRADUS_COLUMN_NUMBER && fit_number(t, c, d)) ||
            (c->kind == GRADUS_COLUMN_TEXT && fit_text(t, c, d)) ||
            (c->kind == GRADUS_COLUMN_TARGET && fit_target(t, c, d)))
            return -1;
    }
    return 0;
}

int gradus_table_fit(gradus_table *t, const gradus_dataset *d)
{
    gradus_mode mode;

    if (!t || !d)
        return gradus_error_set("gradus_table_fit: the %s is NULL",
                                t ? "dataset" : "table");
    if (!d->x || d->n < 1 || d->size != t->values ||
        (t->targets && (!d->targets || d->target_size != t->targets)))
        return gradus_error_set("gradus_table_fit: got %zu rows of %d values "
                                "and %d targets; must be rows that "
                                "gradus_table_load has read, of %d values and "
                                "%d targets", d->n, d->size,
                                d->targets ? d->target_size : 0, t->values,
                                t->targets);
    const size_t both = (size_t)t->values + (size_t)t->targets;
    double *scales = malloc((2 * both + (size_t)t->values) * sizeof *scales);
    if (!scales)
        return gradus_no_memory("the scales of %zu values", both);
    free(t->mean);
    t->mean = scales;
    t->std = scales + both;
    t->missing = scales + 2 * both;
    gradus_mode_enter(&mode);
    int error = fit_all(t, d);
    gradus_mode_leave(&mode);
    if (error) {
        free(t->mean);
        t->mean = NULL;
    }
    return error;
}

/* ---- a graph ------------------------------------------------------------ */

/* May values of t be missing? */
static bool may_miss(const gradus_table *t)
{
    for (int k = 0; k < t->columns; k++)
        if (t->column[k].missing && gradus_column_values(&t->column[k]))
            return true;
    return false;
}

int gradus_set_table(gradus_node *x, gradus_node *target,
                     const gradus_table *t)
{
    if (!t || !t->mean)
        return gradus_error_set("gradus_set_table: the table is %s",
                                t ? "not fitted yet; call gradus_table_fit "
                                    "first" : "NULL");
    if (!x)
        return gradus_error_set("gradus_set_table: the input is NULL");
    if (gradus_node_size(x) != t->values ||
        (target && gradus_node_size(target) != t->targets))
        return gradus_error_set("gradus_set_table: got inputs of %d values "
                                "and of %d targets; must be %d and %d",
                                gradus_node_size(x),
                                target ? gradus_node_size(target) : 0,
                                t->values, t->targets);
    if (target && target->graph != x->graph)
        return gradus_error_set("gradus_set_table: the inputs are of two "
                                "graphs; must be of one");
    return gradus_standardise(x, t->mean, t->std,
                              may_miss(t) ? t->missing : NULL) ||
           (target && gradus_standardise(target, t->mean + t->values,
                                         t->std + t->values, NULL)) ||
           gradus_table_save(t, x);
}
