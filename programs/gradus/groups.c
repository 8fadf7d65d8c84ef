/* groups.c -- which rows of a table belong together: those that have the same
 * text in a column. */
#define _DEFAULT_SOURCE
#include "groups.h"

#include "common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which column the text means, by its name or its number; the table has been
 * made with it, so there is one. */
static int find_column(const gradus_table *t, const char *text)
{
    const int n = gradus_table_columns(t);

    for (int k = 0; k < n; k++)
        if (strcmp(gradus_column_name(t, k), text) == 0)
            return k;
    const double number = strtod(text, NULL);
    return (int)(number < 0 ? n + number : number - 1);
}

/* Do all rows have a number in column k? */
static int is_full(const source *s, int k)
{
    const gradus_dataset *d = s->data;
    const size_t first = (size_t)gradus_column_span(s->table, k, NULL);

    for (size_t i = 0; i < d->n; i++)
        if (isnan(d->x[i * (size_t)d->size + first]))
            return 0;
    return 1;
}

/* The first column of numbers without gaps, as gradus_load_csv reads groups
 * beside numbers alone; -1 if there is none. */
static int find_numbers(const source *s)
{
    for (int k = 0; k < gradus_table_columns(s->table); k++) {
        const char *use = gradus_column_use(s->table, k);
        if (strcmp(use, "target") == 0 ||
            (strcmp(use, "number") == 0 && is_full(s, k)))
            return k;
    }
    return -1;
}

/* Reads the groups.  `ignore` holds the n columns that are neither groups nor
 * numbers, and has room for two more pointers. */
static gradus_dataset *load(const source *s, const source_options *o,
                            const char **ignore, int n, const char *group)
{
    gradus_csv_options how = { .ignore = ignore, .header =
        o->no_header ? GRADUS_CSV_NO_HEADER : GRADUS_CSV_NAMES };
    gradus_dataset *numbers = NULL;

    /* the separator is the one with which the numbers can be read */
    ignore[n] = group;
    for (const char *c = ",\t;|:"; *c && !numbers; c++) {
        how.separator = *c;
        numbers = gradus_load_csv(s->path, &how);
    }
    gradus_dataset_free(numbers);
    ignore[n] = NULL;
    how.label = group;
    how.text_labels = true;
    gradus_dataset *d = gradus_load_csv(s->path, &how);
    if (!d)
        complain("%s, by which --group divides the rows", gradus_error());
    return d;
}

/* Refuses groups that leave nothing to divide, or do not matter. */
static int refuse_groups(const gradus_dataset *d, const char *path,
                         const char *group)
{
    if (d->classes > 1 && (size_t)d->classes < d->n)
        return 0;
    complain("%s: --group %s: %s; must be a column of which %s", path, group,
             d->classes > 1 ? "has another text in each row"
                            : "has the same text in all rows",
             d->classes > 1 ? "some rows have the same text"
                            : "there are at least two texts");
    return -1;
}

gradus_dataset *load_groups(const source *s, const source_options *o)
{
    const int columns = gradus_table_columns(s->table);
    const int group = find_column(s->table, o->group);
    const int numbers = find_numbers(s);
    const char **ignore = calloc((size_t)columns + 2, sizeof *ignore);
    gradus_dataset *d = NULL;
    int n = 0;

    for (int k = 0; ignore && k < columns; k++)
        if (k != group && k != numbers)
            ignore[n++] = gradus_column_name(s->table, k);
    if (!ignore)
        complain("out of memory");
    else if (numbers < 0)
        complain("%s: --group needs a column of numbers without empty fields, "
                 "too, and there is none", s->path);
    else
        d = load(s, o, ignore, n, gradus_column_name(s->table, group));
    free(ignore);
    if (d && refuse_groups(d, s->path, o->group)) {
        gradus_dataset_free(d);
        return NULL;
    }
    return d;
}
