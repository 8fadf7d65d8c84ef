/* csv_labels.c -- the labels of a CSV file: whole numbers from 0, or names.
 *
 * Names that the options list are the classes 0, 1, .. in that order.
 * Without a list, the names that occur in the file are the classes, sorted
 * by their bytes. */
#include "data/csv.h"

#include "base/error.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>

/* Collects the names of all rows, sorts them, and keeps one of each, as if
 * the options had listed them in this order. */
static int find_names(gradus_csv *c)
{
    size_t n = c->rows - c->header;
    const char *row = c->data;
    const char **name = c->names = calloc(n, sizeof *name);

    if (!name)
        return gradus_no_memory("%zu labels of %s", n, c->path);
    for (size_t i = 0; i < n; i++, row = gradus_csv_skip(row, c->columns)) {
        name[i] = gradus_csv_skip(row, c->label);
        if (*name[i] == '\0')
            return gradus_csv_refuse(c, name[i], "be a label");
    }
    qsort(name, n, sizeof *name, gradus_by_name);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(name[c->o.classes - 1], name[i]) != 0)
            name[c->o.classes++] = name[i];
    c->o.class_names = name;
    return 0;
}

/* If the first label is a number, and the options do not say otherwise,
 * labels are taken for numbers, and gradus_csv_label refuses any later name.
 */
int gradus_csv_read_classes(gradus_csv *c)
{
    const char *first = gradus_csv_skip(c->data, c->label);
    double v;

    if (!c->o.text_labels && !c->o.class_names &&
        gradus_number_parse(first, &v) == 0)
        return 0;
    if (!c->o.class_names)
        return find_names(c);
    c->class = gradus_classes_sort("gradus_load_csv", c->o.class_names,
                                   c->o.classes);
    return c->class ? 0 : -1;
}

/* Names are looked up among those that were found, where their order is that
 * of the classes, or among the sorted classes of the options. */
int32_t gradus_csv_label(const gradus_csv *c, const char *cell)
{
    double v;

    if (c->class) {
        int32_t label = gradus_class_find(c->class, c->o.classes, cell);
        return label >= 0 ? label
                          : gradus_csv_refuse(c, cell, "be one of the class "
                                              "names");
    }
    if (c->names) {
        const char **name = bsearch(&cell, c->names, (size_t)c->o.classes,
                                    sizeof *name, gradus_by_name);
        return (int32_t)(name - c->names);
    }
    if (gradus_number_parse(cell, &v) ||
        !(v >= 0 && v < INT32_MAX && v == floor(v)))
        return gradus_csv_refuse(c, cell, "be a label, a whole number from 0; "
                                 "set text_labels if labels are names");
    return (int32_t)v;
}
