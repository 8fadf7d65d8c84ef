/* csv_columns.c -- finds out what each column of a CSV file is for.
 *
 * The options name the columns that hold labels or targets and those to be
 * ignored; all other columns hold values. */
#include "data/csv.h"

#include "base/error.h"
#include "base/number.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Counts the fields of the first row, whether or not it is the header: all
 * other rows must have as many.  Allocates column [columns]. */
static int count_columns(gradus_csv *c)
{
    gradus_csv_field f;
    bool last = false;

    while (!last) {
        if (c->columns == INT_MAX)
            return gradus_error_set("%s: the first row has more than %d "
                                    "columns", c->text.path, INT_MAX);
        if (gradus_csv_next(&c->text, &f, &last))
            return -1;
        c->columns++;
    }
    gradus_csv_rewind(&c->text);
    c->column = calloc((size_t)c->columns, sizeof *c->column);
    if (!c->column)
        return gradus_no_memory("the %d columns of %s", c->columns,
                                c->text.path);
    return 0;
}

/* Reads the names of the columns, and makes the next row the first.  A
 * header made of numbers is most likely a row of data, so it is accepted
 * only if the options ask for it. */
static int read_header(gradus_csv *c)
{
    bool last;
    double v;

    for (int k = 0; k < c->columns; k++) {
        gradus_csv_field *f = &c->column[k].name;
        if (gradus_csv_next(&c->text, f, &last))
            return -1;
        if (c->o.header == GRADUS_CSV_NAMES &&
            gradus_number_parse(f->begin, f->length, &v) == 0)
            return gradus_csv_refuse(c, k, f, "be a name: set the options' "
                                     "header to GRADUS_CSV_HEADER if it is "
                                     "one, to GRADUS_CSV_NO_HEADER if the "
                                     "first row is data");
    }
    c->header = true;
    gradus_csv_begin_here(&c->text);
    return 0;
}

/* Returns the index, from 0, of the column whose number is in text: "5" is
 * the fifth column, "-1" the last.  Returns -1 if there is no such column. */
static int by_number(const gradus_csv *c, const char *text)
{
    double v;

    if (gradus_number_parse(text, strlen(text), &v) || v != floor(v))
        return -1;
    if (v >= 1 && v <= c->columns)
        return (int)v - 1;
    if (v <= -1 && v >= -c->columns)
        return c->columns + (int)v;
    return -1;
}

/* Returns the index of the column that the caller calls `text`, by its name
 * in the header or by its number; -1, with a message, if no column is
 * called that or if two are. */
static int find(const gradus_csv *c, const char *text)
{
    gradus_csv_field name = { .begin = text, .length = strlen(text) };
    int found = -1;

    if (c->header) {
        for (int k = 0; k < c->columns; k++) {
            if (gradus_csv_compare(&c->column[k].name, &name))
                continue;
            if (found >= 0)
                return gradus_error_set("%s: columns %d and %d are both "
                                        "called \"%.64s\"; use the number of "
                                        "one", c->text.path, found + 1, k + 1,
                                        text);
            found = k;
        }
    }
    if (found < 0)
        found = by_number(c, text);
    if (found < 0)
        return gradus_error_set("%s: has no column \"%.64s\"; must be %sa "
                                "number from 1 to %d, or from -1 (the last) "
                                "to -%d", c->text.path, text,
                                c->header ? "a name in its header, " : "",
                                c->columns, c->columns);
    return found;
}

/* Gives the column called `text` its role.  Every column holds values at
 * first, and may get another role only once. */
static int set_role(gradus_csv *c, const char *text, gradus_csv_role role,
                    int slot)
{
    int k = find(c, text);

    if (k < 0)
        return -1;
    if (c->column[k].role != GRADUS_CSV_VALUE)
        return gradus_error_set("%s: column %d is asked for twice, here as "
                                "\"%.64s\"", c->text.path, k + 1, text);
    c->column[k].role = role;
    c->column[k].slot = slot;
    return 0;
}

/* Gives the role to each column in a list that ends with NULL, in this
 * order; the list may also be NULL, which names none. */
static int set_role_of_all(gradus_csv *c, const char *const *text,
                           gradus_csv_role role)
{
    if (!text)
        return 0;
    for (int i = 0; text[i]; i++)
        if (set_role(c, text[i], role, i))
            return -1;
    return 0;
}

/* Counts the columns of values and of targets.  Values are stored in the
 * order of their columns, so their slots are set here; targets are stored
 * in the order of the options, and have theirs already. */
static int count_roles(gradus_csv *c)
{
    for (int k = 0; k < c->columns; k++) {
        if (c->column[k].role == GRADUS_CSV_VALUE)
            c->column[k].slot = c->values++;
        if (c->column[k].role == GRADUS_CSV_TARGET)
            c->targets++;
    }
    if (c->values == 0)
        return gradus_error_set("%s: no column is left for values",
                                c->text.path);
    return 0;
}

int gradus_csv_read_columns(gradus_csv *c)
{
    if (count_columns(c))
        return -1;
    if (c->o.header != GRADUS_CSV_NO_HEADER && read_header(c))
        return -1;
    if (set_role_of_all(c, c->o.ignore, GRADUS_CSV_IGNORED))
        return -1;
    if (c->o.label && set_role(c, c->o.label, GRADUS_CSV_LABEL, 0))
        return -1;
    if (set_role_of_all(c, c->o.targets, GRADUS_CSV_TARGET))
        return -1;
    return count_roles(c);
}
