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

/* Compares two names, or two classes, which begin with their names, for
 * qsort and bsearch. */
static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Collects the names of all rows, sorts them, and keeps one of each, as if
 * the options had listed them in this order. */
static int find_names(gradus_csv *c)
{
    size_t n = c->rows - c->header;
    const char **name = c->names = calloc(n, sizeof *name);

    if (!name)
        return gradus_no_memory("%zu labels of %s", n, c->path);
    for (size_t i = 0; i < n; i++) {
        name[i] = gradus_csv_cell(c, c->header + i, c->label);
        if (*name[i] == '\0')
            return gradus_csv_refuse(c, c->header + i, c->label, "be a label");
    }
    qsort(name, n, sizeof *name, by_name);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(name[c->o.classes - 1], name[i]) != 0)
            name[c->o.classes++] = name[i];
    c->o.class_names = name;
    return 0;
}

/* Sorts the classes by their names, for bsearch; each keeps its place in
 * the list as its label. */
static int sort_classes(gradus_csv *c)
{
    size_t n = (size_t)c->o.classes;
    gradus_csv_class *class = c->class = calloc(n, sizeof *class);

    if (!class)
        return gradus_no_memory("%zu classes of %s", n, c->path);
    for (size_t i = 0; i < n; i++) {
        class[i] = (gradus_csv_class){ c->o.class_names[i], (int32_t)i };
        if (!class[i].name)
            return gradus_error_set("gradus_load_csv: class_names[%zu] is "
                                    "NULL", i);
    }
    qsort(class, n, sizeof *class, by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(class[i - 1].name, class[i].name) == 0)
            return gradus_error_set("gradus_load_csv: classes %d and %d are "
                                    "both called \"%.64s\"",
                                    (int)class[i - 1].label,
                                    (int)class[i].label, class[i].name);
    return 0;
}

/* If the first label is a number, and the options do not say otherwise,
 * labels are taken for numbers, and find_label refuses any later name. */
int gradus_csv_read_classes(gradus_csv *c)
{
    const char *first = gradus_csv_cell(c, c->header, c->label);
    double v;

    if (!c->o.text_labels && !c->o.class_names &&
        gradus_number_parse(first, &v) == 0)
        return 0;
    if (!c->o.class_names && find_names(c))
        return -1;
    return sort_classes(c);
}

/* Returns the label of row i; -1, with a message, if there is none. */
static int32_t find_label(const gradus_csv *c, size_t i)
{
    const char *cell = gradus_csv_cell(c, i, c->label);
    double v;

    if (c->class) {
        const gradus_csv_class *found =
            bsearch(&cell, c->class, (size_t)c->o.classes, sizeof *found,
                    by_name);
        return found ? found->label
                     : gradus_csv_refuse(c, i, c->label,
                                         "be one of the class names");
    }
    if (gradus_number_parse(cell, &v) ||
        !(v >= 0 && v < INT32_MAX && v == floor(v)))
        return gradus_csv_refuse(c, i, c->label, "be a label, a whole number "
                                 "from 0; set text_labels if labels are "
                                 "names");
    return (int32_t)v;
}

/* Labels that are numbers also set the number of classes of the dataset:
 * the largest label + 1. */
int gradus_csv_store_labels(const gradus_csv *c, gradus_loaded *l)
{
    for (size_t s = 0; s < l->d.n; s++) {
        l->labels[s] = find_label(c, c->header + s);
        if (l->labels[s] < 0)
            return -1;
        if (l->labels[s] >= l->d.classes)
            l->d.classes = l->labels[s] + 1;
    }
    return 0;
}
