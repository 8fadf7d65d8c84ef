/* csv.c -- loads a table of numbers, with labels or targets, from a CSV file.
 *
 * The text is cut into cells first; then the columns and classes are found
 * out, and every cell goes to its place in the dataset. */
#define _POSIX_C_SOURCE 200809L
#include "data/csv.h"

#include "base/error.h"
#include "base/locale.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>

/* Stores the numbers of sample s: the values, in the order of their columns,
 * and the targets.  They are rounded to a float where gradus_real is one. */
static int store_sample(const gradus_csv *c, gradus_loaded *l, size_t s)
{
    gradus_real *x = l->x + s * (size_t)l->d.size; /* [size] */
    size_t i = c->header + s, target = s * (size_t)l->d.target_size;
    const char *cell = c->row[i];
    double v;

    for (int k = 0; k < c->columns; k++, cell = gradus_csv_next(cell)) {
        gradus_csv_column column = c->column[k];
        if (column.role == GRADUS_CSV_LABEL ||
            column.role == GRADUS_CSV_IGNORED)
            continue;
        if (gradus_number_parse(cell, &v))
            return gradus_csv_refuse(c, i, k, "be a number");
        if (!isfinite((gradus_real)v))
            return gradus_csv_refuse(c, i, k, "be in the range of "
                                     "gradus_real");
        if (column.role == GRADUS_CSV_VALUE)
            *x++ = (gradus_real)v;
        else
            l->targets[target + (size_t)column.target] = (gradus_real)v;
    }
    return 0;
}

/* Stores all numbers and labels in the dataset. */
static int store(const gradus_csv *c, gradus_loaded *l)
{
    for (size_t s = 0; s < l->d.n; s++)
        if (store_sample(c, l, s))
            return -1;
    return l->labels ? gradus_csv_store_labels(c, l) : 0;
}

/* Loads the file into a new dataset.  Returns NULL on error. */
static gradus_dataset *load(gradus_csv *c)
{
    if (gradus_csv_read(c) || gradus_csv_read_columns(c) ||
        (c->o.label && gradus_csv_read_classes(c)))
        return NULL;
    gradus_dataset like = {
        .n = c->rows - c->header, .size = c->count[GRADUS_CSV_VALUE],
        .positions = c->count[GRADUS_CSV_LABEL],
        .target_size = c->count[GRADUS_CSV_TARGET],
        .classes = c->o.classes, .class_names = c->o.class_names,
    };
    gradus_loaded *l = gradus_loaded_new(c->path, &like, true, false);
    if (!l)
        return NULL;
    if (store(c, l))
        return gradus_dataset_free(&l->d), NULL;
    return &l->d;
}

/* Checks the path and the options.  Those that contradict each other are
 * refused, since one of them would have to be ignored. */
static int check(const char *path, const gradus_csv_options *o)
{
    char s = o->separator;

    if (!path)
        return gradus_error_set("gradus_load_csv: path is NULL");
    if (!strchr(",;|:\t", s))
        return gradus_error_set("gradus_load_csv: separator is character %d; "
                                "must be one of , ; | : and tab", s);
    if ((unsigned)o->header > GRADUS_CSV_NO_HEADER)
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
    gradus_csv c = { .path = path };
    gradus_c_locale locale;

    if (options)
        c.o = *options;
    if (!c.o.separator)
        c.o.separator = ',';
    if (check(path, &c.o) || gradus_c_locale_enter(&locale))
        return NULL;
    gradus_dataset *d = load(&c);
    gradus_c_locale_leave(&locale);
    free(c.text);
    free(c.row);
    free(c.column);
    free(c.names);
    free(c.class);
    return d;
}
