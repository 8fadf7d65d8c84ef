/* table.c -- a table's columns: learnt from one file, and found again in
 * others by their names.
 *
 * A row of x has a value for each column of numbers, and one for each category
 * of a text.  What is missing is NaN in x, in all values of its column; which
 * number that is taken for is found in the training data (fit.c). */
#define _POSIX_C_SOURCE 200809L
#include "table/table.h"

#include "base/error.h"
#include "base/locale.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>

/* ---- the object -------------------------------------------------------- */

gradus_table *gradus_table_allocate(int columns)
{
    gradus_table *t = calloc(1, sizeof *t);

    if (t)
        t->column = calloc((size_t)columns, sizeof *t->column);
    if (!t || !t->column) {
        free(t);
        return gradus_no_memory("a table of %d columns", columns), NULL;
    }
    t->columns = columns;
    return t;
}

void gradus_table_free(gradus_table *t)
{
    if (!t)
        return;
    for (int k = 0; k < t->columns; k++) {
        gradus_column *c = &t->column[k];
        for (int i = 0; i < c->categories; i++)
            free(c->category[i]);
        free(c->category);
        free(c->fault);
        free(c->name);
    }
    free(t->column);
    free(t->mean); /* std and missing lie behind it */
    free(t);
}

int gradus_column_values(const gradus_column *c)
{
    const int indicator = c->indicator;

    return c->kind == GRADUS_COLUMN_NUMBER ? 1 + indicator
           : c->kind == GRADUS_COLUMN_TEXT ? c->categories + indicator
                                           : 0;
}

void gradus_table_number(gradus_table *t)
{
    t->values = t->targets = 0;
    for (int k = 0; k < t->columns; k++) {
        gradus_column *c = &t->column[k];
        if (c->kind == GRADUS_COLUMN_TARGET)
            c->first = t->targets++;
        else
            c->first = t->values;
        t->values += gradus_column_values(c);
    }
}

/* ---- reading a file ------------------------------------------------------ */

/* Reads the cells of a file.  If no separator is set, and the first line has
 * none, the one that it has is taken. */
static int read_cells(gradus_csv *c)
{
    const bool guess = !c->o.separator;

    if (guess)
        c->o.separator = ',';
    if (gradus_csv_read(c) && !(guess && c->separator))
        return -1;
    if (!guess || !c->separator)
        return 0;
    c->o.separator = c->separator;
    free(c->text);
    c->text = NULL;
    c->rows = 0;
    c->separator = '\0';
    return gradus_csv_read(c);
}

static void free_cells(gradus_csv *c)
{
    free(c->text);
    free(c->role);
}

/* Do two columns have one name? */
static int check_names(const gradus_table *t, const char *path)
{
    for (int k = 0; k < t->columns; k++)
        for (int i = 0; i < k; i++)
            if (strcmp(t->column[i].name, t->column[k].name) == 0)
                return gradus_error_set("%s: columns %d and %d are both "
                                        "called \"%.64s\"; must have "
                                        "different names", path, i + 1, k + 1,
                                        t->column[k].name);
    return 0;
}

static gradus_table *learn(gradus_csv *c, const gradus_table_options *o)
{
    if (read_cells(c) || gradus_csv_read_columns(c))
        return NULL;
    gradus_table *t = gradus_table_allocate(c->columns);
    if (!t)
        return NULL;
    t->separator = c->o.separator;
    t->header = c->header;
    t->fill = o->missing;
    if (gradus_columns_learn(t, c, o) || check_names(t, c->path)) {
        gradus_table_free(t);
        return NULL;
    }
    gradus_table_number(t);
    return t;
}

gradus_table *gradus_table_new(const char *path,
                               const gradus_table_options *options)
{
    gradus_table_options o = { 0 };
    gradus_c_locale locale;

    if (options)
        o = *options;
    gradus_csv c = { .path = path, .o = {
        .separator = o.separator, .header = o.header, .label = o.label,
        .targets = o.targets, .ignore = o.ignore, .max_bytes = o.max_bytes } };
    if (!path)
        return gradus_error_set("gradus_table_new: path is NULL"), NULL;
    if (!strchr(",;|:\t", o.separator) ||
        (unsigned)o.header > GRADUS_CSV_NO_HEADER ||
        (unsigned)o.missing > GRADUS_MISSING_MOST_FREQUENT)
        return gradus_error_set("gradus_table_new: separator is %d, header %d "
                                "and missing %d; must be one of , ; | : and "
                                "tab, a gradus_csv_header and a "
                                "gradus_missing", o.separator, o.header,
                                o.missing), NULL;
    if (gradus_c_locale_enter(&locale))
        return NULL;
    gradus_table *t = learn(&c, &o);
    gradus_c_locale_leave(&locale);
    free_cells(&c);
    return t;
}

/* ---- finding the columns in a file ---------------------------------------- */

/* Appends a name in quotes to a list in text, if there is room for it. */
static void list(char text[512], const char *name)
{
    const size_t n = strlen(text);

    snprintf(text + n, 512 - n, "%s\"%.64s\"", n ? ", " : "", name);
}

/* Sets at[k] to the number of the file's column of the same name as column k
 * of t, or -1 if there is none.  A column whose values are needed must be
 * there, and the file must have no others than those of t. */
static int find_columns(const gradus_table *t, const gradus_csv *c, int *at)
{
    char lacks[512] = "", extra[512] = "";
    const char *name = c->text;

    for (int k = 0; k < t->columns; k++)
        at[k] = t->header ? -1 : k;
    for (int i = 0; t->header && i < c->columns; i++) {
        int k = 0;
        while (k < t->columns && strcmp(t->column[k].name, name) != 0)
            k++;
        if (k == t->columns)
            list(extra, name);
        else if (at[k] >= 0)
            return gradus_error_set("%s: columns %d and %d are both called "
                                    "\"%.64s\"", c->path, at[k] + 1, i + 1,
                                    name);
        else
            at[k] = i;
        name = gradus_csv_skip(name, 1);
    }
    for (int k = 0; k < t->columns; k++)
        if (at[k] < 0 && gradus_column_values(&t->column[k]))
            list(lacks, t->column[k].name);
    if (*lacks || *extra)
        return gradus_error_set("%s: %s%s%s%s%s; must have the columns that "
                                "the table was made from, in any order",
                                c->path, *lacks ? "has no column " : "", lacks,
                                *lacks && *extra ? "; " : "", *extra
                                ? "has other columns: " : "", extra);
    if (!t->header && c->columns != t->columns)
        return gradus_error_set("%s: has %d columns; must have %d", c->path,
                                c->columns, t->columns);
    return 0;
}

/* ---- values ---------------------------------------------------------------- */

int gradus_find_category(const gradus_column *c, const char *text)
{
    for (int i = 0; i < c->categories; i++)
        if (strcmp(c->category[i], text) == 0)
            return i;
    return -1;
}

static int store_number(const gradus_csv *c, const char *field,
                        gradus_real *to)
{
    double v;

    if (gradus_number_parse(field, &v))
        return gradus_csv_refuse(c, field, "be a number");
    *to = (gradus_real)v;
    return isfinite(*to) ? 0 : gradus_csv_refuse(c, field, "be in the range "
                                                 "of gradus_real");
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
        return store_number(c, field, x);
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
            error = store_number(c, field[i],
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

/* Stores the file's columns, one after the other, where at says. */
static int store(const gradus_table *t, const gradus_csv *c, const int *at,
                 gradus_loaded *l)
{
    const char **field = gradus_fields_begin(c);
    int error = !field;

    for (int i = 0; i < c->columns && !error; i++) {
        for (int k = 0; k < t->columns && !error; k++)
            if (at[k] == i)
                error = store_column(c, &t->column[k], field, l);
        gradus_fields_next(c, field);
    }
    free(field);
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
    free_cells(&c);
    free(at);
    return d;
}
