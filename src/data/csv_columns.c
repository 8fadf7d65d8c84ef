/* csv_columns.c -- finds out what each column of a CSV file is for.
 *
 * The options name the columns that hold labels or targets and those to be
 * ignored; all other columns hold values. */
#include "data/csv.h"

#include "base/error.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>

/* A header made of numbers is most likely a row of data, so it is accepted
 * only if the options ask for it. */
static int check_header(const gradus_csv *c)
{
    const char *name = c->text;
    double v;

    for (int k = 0; k < c->columns; k++, name = gradus_csv_skip(name, 1))
        if (gradus_number_parse(name, &v) == 0)
            return gradus_csv_refuse(c, name, "be a name: set the option "
                                     "header to GRADUS_CSV_HEADER if it is "
                                     "one, else to GRADUS_CSV_NO_HEADER");
    return 0;
}

/* Returns the index, from 0, of the column whose number is in text: "5" is
 * the fifth column, "-1" the last.  Returns -1 if there is no such column. */
static int by_number(const gradus_csv *c, const char *text)
{
    double v;

    if (gradus_number_parse(text, &v) || v != floor(v))
        return -1;
    if (v < 0)
        v += c->columns + 1.;
    return v >= 1 && v <= c->columns ? (int)v - 1 : -1;
}

/* Returns the index of the column that the caller calls `text`, by its name
 * in the header or by its number; -1, with a message, if no column is
 * called that or if two are. */
static int find(const gradus_csv *c, const char *text)
{
    const char *name = c->text;
    int found = -1, names = c->header ? c->columns : 0;

    for (int k = 0; k < names; k++) {
        if (strcmp(name, text) == 0 && found >= 0)
            return gradus_error_set("%s: columns %d and %d are both called "
                                    "\"%.64s\"; use the number of one",
                                    c->path, found + 1, k + 1, text);
        if (strcmp(name, text) == 0)
            found = k;
        name = gradus_csv_skip(name, 1);
    }
    if (found < 0)
        found = by_number(c, text);
    if (found < 0)
        return gradus_error_set("%s: has no column \"%.64s\"; must be %sa "
                                "number from 1 to %d, or from -1 (the last) "
                                "to -%d", c->path, text,
                                c->header ? "a name in its header, " : "",
                                c->columns, c->columns);
    return found;
}

/* Gives the role to each column in a list that ends with NULL; the list may
 * also be NULL, which names none.  Every column holds values at first, and
 * may get another role only once.  Targets are stored in the order of the
 * list. */
static int set_roles(gradus_csv *c, const char *const *text, int role)
{
    for (; text && *text; text++) {
        int k = find(c, *text);
        if (k < 0)
            return -1;
        if (c->role[k] != GRADUS_CSV_VALUE)
            return gradus_error_set("%s: column %d is asked for twice, here "
                                    "as \"%.64s\"", c->path, k + 1, *text);
        c->role[k] = role == GRADUS_CSV_TARGET ? c->targets++ : role;
        c->values--;
        if (role == GRADUS_CSV_LABEL)
            c->label = k;
    }
    return 0;
}

int gradus_csv_read_columns(gradus_csv *c)
{
    const char *const label[] = { c->o.label, NULL };

    if (c->o.header == GRADUS_CSV_NAMES && check_header(c))
        return -1;
    c->header = c->o.header != GRADUS_CSV_NO_HEADER;
    c->data = gradus_csv_skip(c->text, c->header ? c->columns : 0);
    c->role = malloc((size_t)c->columns * sizeof *c->role);
    if (!c->role)
        return gradus_no_memory("the %d columns of %s", c->columns, c->path);
    for (int k = 0; k < c->columns; k++)
        c->role[k] = GRADUS_CSV_VALUE;
    c->values = c->columns;
    if (set_roles(c, c->o.ignore, GRADUS_CSV_IGNORED) ||
        set_roles(c, label, GRADUS_CSV_LABEL) ||
        set_roles(c, c->o.targets, GRADUS_CSV_TARGET))
        return -1;
    if (c->values == 0)
        return gradus_error_set("%s: no column holds values; must leave at "
                                "least 1 that is not a label, a target or "
                                "ignored", c->path);
    if (c->rows == c->header)
        return gradus_error_set("%s: no rows after the header", c->path);
    return 0;
}
