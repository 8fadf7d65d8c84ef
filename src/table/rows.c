/* rows.c -- reads the rows of a CSV file, whose columns are found by the names
 * of a table's.
 *
 * A row of x has a value for each column of numbers, and one for each category
 * of a text.  What is missing is NaN in x, in all values of its column; which
 * number that is taken for is found in the training data (fit.c). */
#define _POSIX_C_SOURCE 200809L /* locale_t */
#include "table/table.h"

#include "base/error.h"
#include "base/locale.h"

#include <math.h>
#include <stdlib.h>

enum { LIST = 320 }; /* bytes of a list in a message */

/* ---- finding the columns in a file -------------------------------------- */

/* Returns the number of the column of this name; -1 if there is none. */
static int find_name(const gradus_table *t, const gradus_column **by_name,
                     const char *name)
{
    int from = 0, to = t->columns;

    while (from < to) {
        const int at = from + (to - from) / 2;
        const int order = strcmp(by_name[at]->name, name);
        if (order == 0)
            return (int)(by_name[at] - t->column);
        if (order < 0)
            from = at + 1;
        else
            to = at;
    }
    return -1;
}

/* Appends a name in quotes to a list in text; or, once, two points if there is
 * no room. */
static void list(char text[LIST], const char *name)
{
    const size_t n = strlen(text);

    if (n + strlen(", \"\", ..") + 64 < LIST)
        snprintf(text + n, LIST - n, "%s\"%.64s\"", n ? ", " : "", name);
    else if (text[n - 1] != '.')
        strcat(text, ", ..");
}

/* Sets at[k] to the number of the file's column of the same name as column k
 * of t, or -1 if there is none, and lists the others. */
static int match(const gradus_table *t, const gradus_csv *c, int *at,
                 char extra[LIST])
{
    const gradus_column **sorted = gradus_table_sorted(t);
    const char *name = c->text;
    int error = sorted ? 0 : -1;

    for (int i = 0; i < c->columns && !error; i++) {
        const int k = find_name(t, sorted, name);
        if (k < 0)
            list(extra, name);
        else if (at[k] >= 0)
            error = gradus_error_set("%s: columns %d and %d are both called "
                                     "\"%.64s\"; must have different names",
                                     c->path, at[k] + 1, i + 1, name);
        else
            at[k] = i;
        name = gradus_csv_skip(name, 1);
    }
    free(sorted);
    return error;
}

/* Sets at[k] to the number of the file's column that is column k of t, or -1
 * if there is none.  A column whose values are needed must be there, and the
 * file must have no others than those of t. */
static int find_columns(const gradus_table *t, const gradus_csv *c, int *at)
{
    char lacks[LIST] = "", extra[LIST] = "";

    if (!t->header && c->columns != t->columns)
        return gradus_error_set("%s: has %d columns; must have %d, as the "
                                "table has no names for them", c->path,
                                c->columns, t->columns);
    for (int k = 0; k < t->columns; k++)
        at[k] = t->header ? -1 : k;
    if (t->header && match(t, c, at, extra))
        return -1;
    for (int k = 0; k < t->columns; k++)
        if (at[k] < 0 && gradus_column_values(&t->column[k]))
            list(lacks, t->column[k].name);
    if (!*lacks && !*extra)
        return 0;
    return gradus_error_set("%s: %s%s%s%s%s; must have the columns that the "
                            "table was made from, in any order", c->path,
                            *lacks ? "has no column " : "", lacks,
                            *lacks && *extra ? "; " : "",
                            *extra ? "has other columns: " : "", extra);
}

/* ---- values ------------------------------------------------------------- */

int gradus_find_category(const gradus_column *c, const char *text)
{
    for (int i = 0; i < c->categories; i++)
        if (strcmp(c->category[i], text) == 0)
            return i;
    return -1;
}

static int refuse_category(const gradus_csv *c, const gradus_column *column,
                           const char *field)
{
    char known[512] = "be one of ";

    for (int i = 0; i < column->categories && strlen(known) < 400; i++)
        snprintf(known + strlen(known), sizeof known - strlen(known),
                 "%s\"%.64s\"", i ? ", " : "", column->category[i]);
    if (strlen(known) >= 400)
        strcat(known, ", ..");
    return gradus_csv_refuse(c, field, known);
}

/* Stores a field in its values of a row of x. */
static int store_values(const gradus_csv *c, const gradus_column *column,
                        const char *field, gradus_real *x)
{
    const int n = gradus_column_values(column) - column->indicator;
    const bool missing = gradus_is_missing(field);

    if (missing && !column->missing)
        return gradus_csv_refuse(c, field, "have a value, as it had in all "
                                 "rows that the table was made from");
    if (column->indicator)
        x[n] = missing;
    for (int i = 0; i < n; i++)
        x[i] = missing ? (gradus_real)NAN : 0;
    if (missing)
        return 0;
    if (column->kind == GRADUS_COLUMN_NUMBER)
        return gradus_csv_number(c, field, x);
    int i = gradus_find_category(column, field);
    if (i < 0)
        return refuse_category(c, column, field);
    x[i] = 1;
    return 0;
}

/* Stores all fields of a column.  field [rows] are the file's. */
static int store_column(const gradus_csv *c, const gradus_column *column,
                        const char **field, gradus_loaded *l)
{
    if (column->kind == GRADUS_COLUMN_TARGET && !l->targets)
        return 0;
    for (size_t i = 0; i < l->d.n; i++) {
        int error = 0;
        switch (column->kind) {
        case GRADUS_COLUMN_LABEL:
            l->labels[i] = gradus_find_category(column, field[i]);
            error = l->labels[i] < 0 &&
                    refuse_category(c, column, field[i]);
            break;
        case GRADUS_COLUMN_TARGET:
            error = gradus_csv_number(c, field[i],
                                 l->targets + i * (size_t)l->d.target_size +
                                     column->first);
            break;
        case GRADUS_COLUMN_NUMBER:
        case GRADUS_COLUMN_TEXT:
            error = store_values(c, column, field[i],
                                 l->x + i * (size_t)l->d.size +
                                     column->first);
            break;
        default:
            break;
        }
        if (error)
            return -1;
    }
    return 0;
}

/* Stores the file's columns, one after the other: column at[k] is k of t. */
static int store(const gradus_table *t, const gradus_csv *c, const int *at,
                 gradus_loaded *l)
{
    const gradus_column **of = calloc((size_t)c->columns, sizeof *of);
    const char **field = of ? gradus_fields_begin(c) : NULL;
    int error = field ? 0 : -1;

    if (!of)
        return gradus_no_memory("%d columns of %s", c->columns, c->path);
    for (int k = 0; k < t->columns && field; k++)
        if (at[k] >= 0)
            of[at[k]] = &t->column[k];
    for (int i = 0; i < c->columns && !error; i++) {
        error = store_column(c, of[i], field, l);
        gradus_fields_next(c, field);
    }
    free(field);
    free(of);
    return error;
}

/* The dataset without its arrays.  The classes are there where the file has a
 * column of labels, and the targets where it has all of them. */
static gradus_dataset like(const gradus_table *t, const gradus_csv *c,
                           const int *at)
{
    gradus_dataset d = { .n = c->rows - c->header, .size = t->values,
                         .target_size = t->targets };

    for (int k = 0; k < t->columns; k++) {
        const gradus_column *column = &t->column[k];
        if (column->kind == GRADUS_COLUMN_LABEL) {
            d.classes = column->categories;
            d.class_names = (const char *const *)column->category;
            d.positions = at[k] >= 0;
        }
        if (column->kind == GRADUS_COLUMN_TARGET && at[k] < 0)
            d.target_size = 0;
    }
    return d;
}

static gradus_dataset *load(const gradus_table *t, gradus_csv *c, int *at)
{
    if (gradus_csv_read(c))
        return NULL;
    c->header = t->header;
    c->data = gradus_csv_skip(c->text, t->header ? c->columns : 0);
    if (c->rows == c->header)
        return gradus_error_set("%s: no rows after the header", c->path),
               NULL;
    if (find_columns(t, c, at))
        return NULL;
    gradus_dataset d = like(t, c, at);
    gradus_loaded *l = gradus_loaded_new(c->path, &d, true, false);
    if (!l)
        return NULL;
    if (store(t, c, at, l))
        return gradus_dataset_free(&l->d), NULL;
    return &l->d;
}

gradus_dataset *gradus_table_load(const gradus_table *t, const char *path,
                                  size_t max_bytes)
{
    gradus_c_locale locale;

    if (!t || !path)
        return gradus_error_set("gradus_table_load: the %s is NULL",
                                t ? "path" : "table"), NULL;
    gradus_csv c = { .path = path, .o = { .separator = t->separator,
                                          .header = GRADUS_CSV_HEADER,
                                          .max_bytes = max_bytes } };
    int *at = malloc((size_t)t->columns * sizeof *at);
    if (!at)
        return gradus_no_memory("%d columns of %s", t->columns, path), NULL;
    if (gradus_c_locale_enter(&locale))
        return free(at), NULL;
    gradus_dataset *d = load(t, &c, at);
    gradus_c_locale_leave(&locale);
    if (!d && c.separator)
        gradus_error_set("%s; its fields must be separated by %s, as those "
                         "of the table, and the first line has none",
                         gradus_error(), c.o.separator == '\t' ? "tabs"
                             : (char[]){ '"', c.o.separator, '"', 0 });
    free(c.text);
    free(at);
    return d;
}
