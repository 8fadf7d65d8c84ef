/* csv.c -- loads a table of numbers, with labels or targets, from a CSV file.
 *
 * The text is cut into cells first; then the columns and classes are found
 * out, and every cell goes to its place in the dataset. */
#define _POSIX_C_SOURCE 200809L
#include "data/csv.h"

#include "base/error.h"
#include "base/locale.h"

#include <stdlib.h>

/* Refuses an empty cell where a number belongs.  store would refuse it, too,
 * but a file of commas alone must not get memory for all its numbers first. */
static int check_empty(const gradus_csv *c)
{
    const char *cell = c->data;

    for (size_t i = c->header; i < c->rows; i++)
        for (int k = 0; k < c->columns; k++, cell = gradus_csv_skip(cell, 1))
            if (*cell == '\0' && c->role[k] >= GRADUS_CSV_VALUE)
                return gradus_csv_refuse(c, cell, "be a number");
    return 0;
}

/* Stores all cells in the dataset: the values of a row in the order of their
 * columns.  Labels that are numbers also set the number of classes, which is
 * the largest label + 1. */
static int store(const gradus_csv *c, gradus_loaded *l)
{
    const char *cell = c->data;
    gradus_real *x = l->x;
    size_t targets = 0; /* those of the rows so far */

    for (size_t s = 0; s < l->d.n; s++, targets += (size_t)c->targets)
        for (int k = 0; k < c->columns; k++, cell = gradus_csv_skip(cell, 1)) {
            int role = c->role[k];
            if (role == GRADUS_CSV_LABEL) {
                l->labels[s] = gradus_csv_label(c, cell);
                if (l->labels[s] < 0)
                    return -1;
                if (l->labels[s] >= l->d.classes)
                    l->d.classes = l->labels[s] + 1;
            }
            if (role == GRADUS_CSV_VALUE &&
                gradus_csv_number(c, cell, x++))
                return -1;
            if (role >= GRADUS_CSV_TARGET &&
                gradus_csv_number(c, cell,
                                  &l->targets[targets + (size_t)role]))
                return -1;
        }
    return 0;
}

/* Loads the file into a new dataset.  Returns NULL on error. */
static gradus_dataset *load(gradus_csv *c)
{
    if (gradus_csv_read(c) || gradus_csv_read_columns(c) ||
        (c->has_empty && check_empty(c)) ||
        (c->o.label && gradus_csv_read_classes(c)))
        return NULL;
    gradus_dataset like = {
        .n = c->rows - c->header, .size = c->values,
        .positions = c->o.label != NULL, .target_size = c->targets,
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
    if (gradus_class_names_check("gradus_load_csv", o->class_names,
                                 o->classes))
        return -1;
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
    if (!d && c.separator)
        gradus_error_set("%s; its rows seem to be separated by %s: set "
                         "separator", gradus_error(),
                         c.separator == '\t'
                             ? "tabs" : (char[]){ '"', c.separator, '"', 0 });
    free(c.text);
    free(c.role);
    free(c.names);
    free(c.class);
    return d;
}
