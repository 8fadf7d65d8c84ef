/* csv.c -- loads a table of numbers, with labels or targets, from a CSV file.
 *
 * The text is read up to four times: the first row, to find the columns;
 * all rows, to count them; if labels are names that the options do not
 * list, all rows again, to collect the names; and finally all rows for
 * their values, each of which goes to its place in the dataset. */
#define _POSIX_C_SOURCE 200809L
#include "data/csv.h"

#include "base/error.h"
#include "base/locale.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sets *to to the number in the field, rounded to a float where gradus_real
 * is one. */
static int store_number(gradus_csv *c, int k, const gradus_csv_field *f,
                        gradus_real *to)
{
    double v;

    if (gradus_number_parse(f->begin, f->length, &v))
        return gradus_csv_refuse(c, k, f, "be a number");
    *to = (gradus_real)v;
    if (!isfinite(*to))
        return gradus_csv_refuse(c, k, f, "be in the range of gradus_real");
    return 0;
}

/* A visitor: stores a field in the dataset, in the array that its column's
 * role calls for. */
static int store(gradus_csv *c, int k, const gradus_csv_field *f)
{
    size_t slot = (size_t)c->column[k].slot;

    switch (c->column[k].role) {
    case GRADUS_CSV_VALUE: /* x[row,slot] */
        return store_number(c, k, f,
                            c->l->x + c->rows * (size_t)c->values + slot);
    case GRADUS_CSV_TARGET: /* targets[row,slot] */
        return store_number(c, k, f, c->l->targets +
                                         c->rows * (size_t)c->targets + slot);
    case GRADUS_CSV_LABEL:
        return gradus_csv_store_label(c, k, f, &c->l->labels[c->rows]);
    case GRADUS_CSV_IGNORED:
        break;
    }
    return 0;
}

/* Loads the open text into a new dataset, c->l.  The number of rows must be
 * known before the dataset can be allocated. */
static int load(gradus_csv *c)
{
    if (gradus_csv_read_columns(c) || gradus_csv_walk(c, gradus_csv_see_label))
        return -1;
    if (c->rows == 0)
        return gradus_error_set("%s: no rows after the header", c->text.path);
    if (gradus_csv_read_classes(c))
        return -1;
    gradus_dataset like = {
        .n = c->rows, .size = c->values,
        .positions = c->o.label != NULL, .target_size = c->targets,
        .classes = (int)c->classes,
        .class_names = c->names ? c->names : c->o.class_names,
    };
    c->l = gradus_loaded_new(c->text.path, &like, true, false);
    return c->l ? gradus_csv_walk(c, store) : -1;
}

/* Checks the options.  Those that contradict each other are refused, since
 * one of them would have to be ignored. */
static int check_options(const gradus_csv_options *o)
{
    char s = o->separator;

    if (s && !strchr(",;|:\t", s))
        return gradus_error_set("gradus_load_csv: separator is character %d; "
                                "must be one of , ; | : and tab", s);
    if (o->header < GRADUS_CSV_NAMES || o->header > GRADUS_CSV_NO_HEADER)
        return gradus_error_set("gradus_load_csv: header is %d; must be a "
                                "gradus_csv_header", o->header);
    if (!o->class_names != !o->classes || o->classes < 0)
        return gradus_error_set("gradus_load_csv: classes is %d, but "
                                "class_names is %sNULL; set both or neither",
                                o->classes, o->class_names ? "not " : "");
    if (!o->label && (o->class_names || o->text_labels))
        return gradus_error_set("gradus_load_csv: %s without a label column; "
                                "set label", o->class_names ? "class_names"
                                                            : "text_labels");
    return 0;
}

/* The C locale is entered for strtod, which would otherwise expect the
 * decimal point of the program's locale, a comma in some. */
gradus_dataset *gradus_load_csv(const char *path,
                                const gradus_csv_options *options)
{
    gradus_csv c = { 0 };
    gradus_c_locale locale;

    if (options)
        c.o = *options;
    if (!path) {
        gradus_error_set("gradus_load_csv: path is NULL");
        return NULL;
    }
    if (check_options(&c.o) || gradus_c_locale_enter(&locale))
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
    if (c.l)
        gradus_dataset_free(&c.l->d);
    return NULL;
}
