/* csv_labels.c -- the labels of a CSV file: whole numbers from 0, or names.
 *
 * Names that the options list are the classes 0, 1, .. in that order.
 * Without a list, the names that occur in the file are the classes, sorted
 * by their bytes. */
#include "data/csv.h"

#include "base/error.h"
#include "base/number.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* If the first label is a number, labels are taken for numbers, and
 * gradus_csv_store_label refuses any later name. */
int gradus_csv_see_label(gradus_csv *c, int k, const gradus_csv_field *f)
{
    double v;

    if (c->rows > 0 || c->column[k].role != GRADUS_CSV_LABEL)
        return 0;
    c->text_labels = c->o.text_labels || c->o.class_names ||
                     gradus_number_parse(f->begin, f->length, &v);
    return 0;
}

/* Compares two classes by name, for qsort and bsearch. */
static int by_name(const void *a, const void *b)
{
    const gradus_csv_class *x = a, *y = b;

    return gradus_csv_compare(&x->name, &y->name);
}

/* A visitor: stores the name of each row's class in class[row]. */
static int collect(gradus_csv *c, int k, const gradus_csv_field *f)
{
    if (c->column[k].role != GRADUS_CSV_LABEL)
        return 0;
    if (f->length == 0)
        return gradus_csv_refuse(c, k, f, "be a label");
    c->class[c->rows].name = *f;
    return 0;
}

/* Writes the names of the classes that were found as strings to c->names,
 * one block that holds the pointers [classes] and then the text. */
static int set_names(gradus_csv *c)
{
    size_t bytes = c->classes * sizeof *c->names;

    for (size_t i = 0; i < c->classes; i++)
        bytes += c->class[i].name.length + 1;
    c->names = malloc(bytes);
    if (!c->names)
        return gradus_no_memory("the names of %zu classes in %s", c->classes,
                                c->text.path);
    char *text = (char *)(c->names + c->classes);
    for (size_t i = 0; i < c->classes; i++) {
        c->names[i] = text;
        text = gradus_csv_copy(text, &c->class[i].name);
    }
    return 0;
}

/* Collects the names of all rows, sorts them, keeps one of each in class
 * [classes], and numbers them in this order. */
static int find_classes(gradus_csv *c)
{
    if (gradus_csv_walk(c, collect))
        return -1;
    qsort(c->class, c->rows, sizeof *c->class, by_name);
    for (size_t i = 0; i < c->rows; i++) {
        if (i > 0 && !by_name(&c->class[c->classes - 1], &c->class[i]))
            continue;
        c->class[c->classes].name = c->class[i].name;
        c->class[c->classes].label = (int32_t)c->classes;
        c->classes++;
    }
    return set_names(c);
}

/* Makes class [classes] of the names that the options list, sorted for
 * bsearch; each keeps its place in the list as its label. */
static int take_classes(gradus_csv *c)
{
    c->classes = (size_t)c->o.classes;
    for (size_t i = 0; i < c->classes; i++) {
        const char *name = c->o.class_names[i];
        c->class[i] = (gradus_csv_class){
            .name = { .begin = name, .length = strlen(name) },
            .label = (int32_t)i,
        };
    }
    qsort(c->class, c->classes, sizeof *c->class, by_name);
    for (size_t i = 1; i < c->classes; i++)
        if (!by_name(&c->class[i - 1], &c->class[i]))
            return gradus_error_set("gradus_load_csv: classes %d and %d are "
                                    "both called \"%.64s\"",
                                    (int)c->class[i - 1].label,
                                    (int)c->class[i].label,
                                    c->class[i].name.begin);
    return 0;
}

/* Without a list in the options, class first has room for one name for each
 * row; find_classes then uses only the first c->classes of them. */
int gradus_csv_read_classes(gradus_csv *c)
{
    size_t room = c->o.class_names ? (size_t)c->o.classes : c->rows;

    if (!c->text_labels)
        return 0;
    c->class = room <= INT_MAX ? calloc(room, sizeof *c->class) : NULL;
    if (!c->class)
        return gradus_no_memory("%zu labels of %s", room, c->text.path);
    return c->o.class_names ? take_classes(c) : find_classes(c);
}

/* Sets *to to the label of the class whose name the field holds. */
static int store_name(gradus_csv *c, int k, const gradus_csv_field *f,
                      int32_t *to)
{
    gradus_csv_class key = { .name = *f };
    const gradus_csv_class *found =
        bsearch(&key, c->class, c->classes, sizeof key, by_name);

    if (!found)
        return gradus_csv_refuse(c, k, f, "be one of the class names");
    *to = found->label;
    return 0;
}

/* Labels that are numbers also set the number of classes of the dataset:
 * the largest label + 1. */
int gradus_csv_store_label(gradus_csv *c, int k, const gradus_csv_field *f,
                           int32_t *to)
{
    double v;

    if (c->text_labels)
        return store_name(c, k, f, to);
    if (gradus_number_parse(f->begin, f->length, &v) ||
        !(v >= 0 && v < INT32_MAX && v == floor(v)))
        return gradus_csv_refuse(c, k, f, "be a label, a whole number from "
                                 "0; set text_labels if labels are names");
    *to = (int32_t)v;
    if (*to >= c->l->d.classes)
        c->l->d.classes = *to + 1;
    return 0;
}
