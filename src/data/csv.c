/* csv.c -- a table of numbers, with labels or targets, from a CSV file.
 *
 * The text is walked over several times, each field as often: what is first
 * (its columns), how many rows there are, which names the labels are, and then
 * the numbers, each into its place in the dataset. */
#define _POSIX_C_SOURCE 200809L
#include "data/data.h"

#include "base/error.h"
#include "base/locale.h"
#include "base/number.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    enum { VALUE, LABEL, TARGET, IGNORED } role;
    int slot;              /* of values and targets, in their row            */
    gradus_csv_field name; /* where there is a header                        */
} column;

typedef struct {
    gradus_csv_field name;
    int32_t label;
} class;

typedef struct {
    gradus_csv_text text;
    gradus_csv_options o;
    int columns, header; /* header: non-zero, the first row is one          */
    column *column;      /* [columns]                                       */
    int values, targets, label; /* columns of them; the label's, or -1      */
    size_t rows;
    int text_labels;
    class *class;        /* [classes], by name, where labels are text       */
    size_t classes;
    const char **names;  /* [classes], of the classes that were found       */
    gradus_loaded *l;
} csv;

/* What to do with a field of column k of data row `row`. */
typedef int (*visitor)(csv *c, size_t row, int k, const gradus_csv_field *f);

/* "path:17: column 3 ("age"): ..."; k is -1 for a whole row. */
static int fail(const csv *c, int k, const char *format, ...)
{
    char what[256], where[128] = "";
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (k >= 0 && c->header)
        snprintf(where, sizeof where, " column %d (\"%.*s\"):", k + 1,
                 (int)(c->column[k].name.length < 64
                           ? c->column[k].name.length : 64),
                 c->column[k].name.begin);
    else if (k >= 0)
        snprintf(where, sizeof where, " column %d:", k + 1);
    return gradus_error_set("%s:%zu:%s %s", c->text.path, c->text.row, where,
                            what);
}

/* That a field is not what is wanted. */
static int refuse(const csv *c, int k, const gradus_csv_field *f,
                  const char *what)
{
    if (f->length == 0)
        return fail(c, k, "empty, which %s", what);
    return fail(c, k, "\"%.*s\" %s", (int)(f->length < 40 ? f->length : 40),
                f->begin, what);
}

/* One row; each field to visit, if that is not NULL. */
static int walk_row(csv *c, size_t row, visitor visit, int *fields)
{
    gradus_csv_field f;
    int last = 0;

    c->text.column = -1;
    for (*fields = 0; !last; ++*fields) {
        if (*fields == INT_MAX)
            return fail(c, -1, "too many columns");
        if (gradus_csv_next(&c->text, &f, &last))
            return -1;
        if (visit && *fields < c->columns && visit(c, row, *fields, &f))
            return -1;
    }
    return 0;
}

/* The rows of data, each of as many columns. */
static int walk(csv *c, visitor visit)
{
    int fields;

    gradus_csv_rewind(&c->text);
    if (c->header && walk_row(c, 0, NULL, &fields))
        return -1;
    for (c->rows = 0; c->text.at < c->text.end; c->rows++) {
        if (walk_row(c, c->rows, visit, &fields))
            return -1;
        if (fields != c->columns)
            return fail(c, -1, "%d column%s, the first row has %d", fields,
                        fields == 1 ? "" : "s", c->columns);
    }
    return 0;
}

/* ---- columns ------------------------------------------------------------ */

static int note_name(csv *c, size_t row, int k, const gradus_csv_field *f)
{
    double v;

    (void)row;
    c->column[k].name = *f;
    if (c->o.header == GRADUS_CSV_NAMES &&
        gradus_number_parse(f->begin, f->length, &v) == 0)
        return refuse(c, k, f, "is a number where a name is expected: say in "
                      "the options' header whether there is one");
    return 0;
}

static int read_first_row(csv *c)
{
    int fields;

    if (walk_row(c, 0, NULL, &c->columns))
        return -1;
    c->column = calloc((size_t)c->columns, sizeof *c->column);
    if (!c->column)
        return gradus_error_set("%s: out of memory for %d columns",
                                c->text.path, c->columns);
    gradus_csv_rewind(&c->text);
    if (c->o.header == GRADUS_CSV_NO_HEADER)
        return 0;
    if (walk_row(c, 0, note_name, &fields))
        return -1;
    c->header = 1;
    return 0;
}

/* "5" or "-1" as a column from 0; -1 where it is none. */
static int by_number(const csv *c, const char *text)
{
    double v;

    if (gradus_number_parse(text, strlen(text), &v))
        return -1;
    if (v >= 1 && v <= c->columns)
        return v == (int)v ? (int)v - 1 : -1;
    if (v <= -1 && v >= -c->columns)
        return v == (int)v ? c->columns + (int)v : -1;
    return -1;
}

/* The column that the caller calls so, or -1 with a message. */
static int find(const csv *c, const char *text)
{
    gradus_csv_field name = { .begin = text, .length = strlen(text) };
    int found = -1;

    for (int k = 0; c->header && k < c->columns; k++) {
        if (gradus_csv_compare(&c->column[k].name, &name))
            continue;
        if (found >= 0)
            return gradus_error_set("%s: columns %d and %d are both called "
                                    "\"%.64s\"", c->text.path, found + 1,
                                    k + 1, text);
        found = k;
    }
    if (found < 0)
        found = by_number(c, text);
    if (found < 0)
        return gradus_error_set("%s: no column \"%.64s\" among its %d; %s",
                                c->text.path, text, c->columns,
                                c->header ? "a name, a number from 1 or, from "
                                            "the last, -1 wanted"
                                          : "a number from 1 or, from the "
                                            "last, -1 wanted");
    return found;
}

static int set_role(csv *c, const char *text, int role, int slot)
{
    int k = find(c, text);

    if (k < 0)
        return -1;
    if (c->column[k].role != VALUE)
        return gradus_error_set("%s: column %d is asked for twice, here as "
                                "\"%.64s\"", c->text.path, k + 1, text);
    c->column[k].role = role;
    c->column[k].slot = slot;
    if (role == LABEL)
        c->label = k;
    return 0;
}

static int set_roles(csv *c)
{
    const char *const *ignore = c->o.ignore, *const *targets = c->o.targets;

    c->label = -1;
    for (; ignore && *ignore; ignore++)
        if (set_role(c, *ignore, IGNORED, 0))
            return -1;
    if (c->o.label && set_role(c, c->o.label, LABEL, 0))
        return -1;
    for (; targets && *targets; targets++)
        if (set_role(c, *targets, TARGET, c->targets++))
            return -1;
    for (int k = 0; k < c->columns; k++)
        if (c->column[k].role == VALUE)
            c->column[k].slot = c->values++;
    if (c->values == 0)
        return gradus_error_set("%s: no column is left for values",
                                c->text.path);
    return 0;
}

/* ---- labels ------------------------------------------------------------- */

/* The first row's decides whether labels are numbers or names. */
static int look_at_label(csv *c, size_t row, int k, const gradus_csv_field *f)
{
    double v;

    if (row == 0 && k == c->label && !c->text_labels)
        c->text_labels = gradus_number_parse(f->begin, f->length, &v) != 0;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const class *x = a, *y = b;
    return gradus_csv_compare(&x->name, &y->name);
}

static int collect(csv *c, size_t row, int k, const gradus_csv_field *f)
{
    if (k != c->label)
        return 0;
    if (f->length == 0)
        return refuse(c, k, f, "is no label");
    c->class[row].name = *f;
    return 0;
}

/* The names of the classes that were found as strings, in one block. */
static int set_names(csv *c)
{
    size_t bytes = c->classes * sizeof *c->names;

    for (size_t i = 0; i < c->classes; i++)
        bytes += c->class[i].name.length + 1;
    c->names = malloc(bytes);
    if (!c->names)
        return gradus_error_set("%s: out of memory for the names of %zu "
                                "classes", c->text.path, c->classes);
    char *text = (char *)(c->names + c->classes);
    for (size_t i = 0; i < c->classes; i++) {
        c->names[i] = text;
        text = gradus_csv_copy(text, &c->class[i].name);
    }
    return 0;
}

/* The names that occur, sorted, are classes 0, 1, .. . */
static int find_classes(csv *c)
{
    if (walk(c, collect))
        return -1;
    qsort(c->class, c->rows, sizeof *c->class, by_name);
    for (size_t i = 0; i < c->rows; i++) {
        if (c->classes && !by_name(&c->class[c->classes - 1], &c->class[i]))
            continue;
        c->class[c->classes] = c->class[i];
        c->class[c->classes].label = (int32_t)c->classes;
        c->classes++;
    }
    return set_names(c);
}

/* Those that the caller names, sorted to be found. */
static int take_classes(csv *c)
{
    c->classes = (size_t)c->o.classes;
    for (size_t i = 0; i < c->classes; i++) {
        const char *name = c->o.class_names[i];
        c->class[i].name = (gradus_csv_field){ .begin = name,
                                               .length = strlen(name) };
        c->class[i].label = (int32_t)i;
    }
    qsort(c->class, c->classes, sizeof *c->class, by_name);
    for (size_t i = 1; i < c->classes; i++)
        if (!by_name(&c->class[i - 1], &c->class[i]))
            return gradus_error_set("gradus_load_csv: class %d and class %d "
                                    "are both called \"%.64s\"",
                                    (int)c->class[i - 1].label,
                                    (int)c->class[i].label,
                                    c->class[i].name.begin);
    return 0;
}

static int read_classes(csv *c)
{
    size_t room = c->o.class_names ? (size_t)c->o.classes : c->rows;

    if (!c->text_labels)
        return 0;
    if (room > INT_MAX || !(c->class = calloc(room, sizeof *c->class)))
        return gradus_error_set("%s: out of memory for %zu labels",
                                c->text.path, room);
    return c->o.class_names ? take_classes(c) : find_classes(c);
}

/* ---- numbers ------------------------------------------------------------ */

static int store_number(csv *c, int k, const gradus_csv_field *f,
                        gradus_real *to)
{
    double v;

    if (gradus_number_parse(f->begin, f->length, &v))
        return refuse(c, k, f, "is no number");
    *to = (gradus_real)v;
    return isfinite(*to) ? 0 : refuse(c, k, f, "is out of range");
}

static int store_name(csv *c, int k, const gradus_csv_field *f, int32_t *to)
{
    class key = { .name = *f };
    const class *found = bsearch(&key, c->class, c->classes, sizeof key,
                                 by_name);

    if (!found)
        return refuse(c, k, f, "is none of the class names");
    *to = found->label;
    return 0;
}

static int store_label(csv *c, int k, const gradus_csv_field *f, int32_t *to)
{
    double v;

    if (c->text_labels)
        return store_name(c, k, f, to);
    if (gradus_number_parse(f->begin, f->length, &v) ||
        !(v >= 0 && v < INT32_MAX && v == floor(v)))
        return refuse(c, k, f, "is no label: a whole number from 0 wanted, "
                      "or set text_labels");
    *to = (int32_t)v;
    if (*to >= c->l->d.classes)
        c->l->d.classes = *to + 1;
    return 0;
}

static int store(csv *c, size_t row, int k, const gradus_csv_field *f)
{
    size_t slot = (size_t)c->column[k].slot;

    if (c->column[k].role == VALUE)
        return store_number(c, k, f,
                            c->l->x + row * (size_t)c->values + slot);
    if (c->column[k].role == TARGET)
        return store_number(c, k, f,
                            c->l->targets + row * (size_t)c->targets + slot);
    if (c->column[k].role == LABEL)
        return store_label(c, k, f, &c->l->labels[row]);
    return 0;
}

/* ---- all of it ---------------------------------------------------------- */

static int load(csv *c)
{
    if (read_first_row(c) || set_roles(c))
        return -1;
    c->text_labels = c->label >= 0 && (c->o.text_labels || c->o.class_names);
    if (walk(c, look_at_label))
        return -1;
    if (c->rows == 0)
        return gradus_error_set("%s: no rows after the header", c->text.path);
    if (read_classes(c))
        return -1;
    gradus_parts parts = {
        .n = c->rows, .size = c->values, .real = 1,
        .positions = c->label >= 0, .target_size = c->targets,
        .classes = (int)c->classes,
        .class_names = c->names ? c->names : c->o.class_names,
    };
    c->l = gradus_loaded_new(c->text.path, &parts);
    if (!c->l)
        return -1;
    return walk(c, store);
}

static int check_options(csv *c)
{
    const gradus_csv_options *o = &c->o;
    char s = o->separator;

    if (s && !strchr(",;|:\t", s))
        return gradus_error_set("gradus_load_csv: the separator is character "
                                "%d; one of , ; | : and tab wanted", s);
    if (o->header < GRADUS_CSV_NAMES || o->header > GRADUS_CSV_NO_HEADER)
        return gradus_error_set("gradus_load_csv: header is %d", o->header);
    if (!o->class_names != !o->classes || o->classes < 0)
        return gradus_error_set("gradus_load_csv: %d classes, but class_names "
                                "is %s", o->classes,
                                o->class_names ? "there" : "NULL");
    if (!o->label && (o->class_names || o->text_labels))
        return gradus_error_set("gradus_load_csv: %s without a label column",
                                o->class_names ? "class_names"
                                               : "text_labels");
    return 0;
}

gradus_dataset *gradus_load_csv(const char *path,
                                const gradus_csv_options *options)
{
    csv c = { 0 };
    gradus_c_locale locale;

    if (options)
        c.o = *options;
    if (!path) {
        gradus_error_set("gradus_load_csv: the path is NULL");
        return NULL;
    }
    if (check_options(&c) || gradus_c_locale_enter(&locale))
        return NULL;
    int status = gradus_csv_open(&c.text, path,
                                 c.o.separator ? c.o.separator : ',') ||
                 load(&c);
    gradus_c_locale_leave(&locale);
    gradus_csv_close(&c.text);
    free(c.column);
    free(c.class);
    free(c.names);
    if (!status)
        return &c.l->d;
    free(c.l);
    return NULL;
}
