/* csv_columns.c -- what each column of a CSV file is for.
 *
 * The caller names the columns of labels, targets and of nothing; all others
 * hold values. */
#include "data/csv.h"

#include "base/error.h"
#include "base/number.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The first row, header or not, has as many fields as all others must have. */
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

/* A header of numbers is most likely a row of data, so it has to be asked
 * for. */
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

/* "5" is the fifth column, "-1" the last; their numbers from 0, or -1. */
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

/* The column that the caller calls `text`, by name or by number; -1, with a
 * message, if that is no column or if two have the name. */
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

/* Every column holds values until it gets another role, which it may get once.
 */
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

/* The same for a list of columns that a NULL ends, or for none. */
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

/* Values are in x in the order of their columns, targets in the caller's. */
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
