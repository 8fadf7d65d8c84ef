/* table.c -- a table: its memory, its values' numbers, its columns' names, and
 * making one from a CSV file. */
#define _POSIX_C_SOURCE 200809L
#include "table/table.h"

#include "base/error.h"
#include "base/locale.h"

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

void gradus_table_ignore_answers(gradus_table *t)
{
    for (int k = 0; t && k < t->columns; k++)
        if (t->column[k].kind == GRADUS_COLUMN_LABEL ||
            t->column[k].kind == GRADUS_COLUMN_TARGET)
            t->column[k].kind = GRADUS_COLUMN_IGNORED;
    if (t)
        t->targets = 0;
}

int gradus_table_number(gradus_table *t, const char *who)
{
    size_t values = 0, targets = 0;

    for (int k = 0; k < t->columns; k++) {
        gradus_column *c = &t->column[k];
        const bool target = c->kind == GRADUS_COLUMN_TARGET;
        c->first = (int)(target ? targets : values);
        targets += target;
        values += (size_t)gradus_column_values(c);
        if (values > GRADUS_MOST_VALUES || targets > GRADUS_MOST_VALUES)
            return gradus_error_set("%s: the columns up to \"%.64s\" become "
                                    "%zu values and %zu targets; must be at "
                                    "most %d each: leave columns of many "
                                    "categories out with ignore", who, c->name,
                                    values, targets, GRADUS_MOST_VALUES);
    }
    t->values = (int)values;
    t->targets = (int)targets;
    return 0;
}

/* ---- names -------------------------------------------------------------- */

/* Compares two columns by name, and those of one name by their order. */
static int by_name(const void *a, const void *b)
{
    const gradus_column *x = *(const gradus_column *const *)a;
    const gradus_column *y = *(const gradus_column *const *)b;
    const int order = strcmp(x->name, y->name);

    return order ? order : (x > y) - (x < y);
}

const gradus_column **gradus_table_sorted(const gradus_table *t)
{
    const gradus_column **c = malloc((size_t)t->columns * sizeof *c);

    if (!c)
        return gradus_no_memory("the names of %d columns", t->columns), NULL;
    for (int k = 0; k < t->columns; k++)
        c[k] = &t->column[k];
    qsort(c, (size_t)t->columns, sizeof *c, by_name);
    return c;
}

int gradus_table_check_names(const gradus_table *t, const char *who)
{
    const gradus_column **c = gradus_table_sorted(t);
    int error = c ? 0 : -1;

    for (int k = 1; k < t->columns && !error; k++)
        if (strcmp(c[k - 1]->name, c[k]->name) == 0)
            error = gradus_error_set("%s: columns %d and %d are both called "
                                     "\"%.64s\"; must have different names",
                                     who, (int)(c[k - 1] - t->column) + 1,
                                     (int)(c[k] - t->column) + 1, c[k]->name);
    free(c);
    return error;
}

/* ---- reading a file ----------------------------------------------------- */

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
    if (gradus_columns_learn(t, c, o) ||
        gradus_table_check_names(t, c->path) ||
        gradus_table_number(t, c->path)) {
        gradus_table_free(t);
        return NULL;
    }
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
