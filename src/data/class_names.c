/* class_names.c -- finds the number of a class by its name, among the names
 * that a loader's options give. */
#include "data/data.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

int gradus_by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each name keeps its place in the list as its label. */
gradus_class *gradus_classes_sort(const char *who, const char *const *names,
                                  int classes)
{
    size_t n = (size_t)classes;
    gradus_class *class = calloc(n, sizeof *class);

    if (!class)
        return gradus_no_memory("%zu classes of %s", n, who), NULL;
    for (size_t i = 0; i < n; i++) {
        class[i] = (gradus_class){ names[i], (int32_t)i };
        if (!names[i]) {
            gradus_error_set("%s: class_names[%zu] is NULL", who, i);
            return free(class), NULL;
        }
    }
    qsort(class, n, sizeof *class, gradus_by_name);
    for (size_t i = 1; i < n; i++)
        if (strcmp(class[i - 1].name, class[i].name) == 0) {
            gradus_error_set("%s: classes %d and %d are both called "
                             "\"%.64s\"", who, (int)class[i - 1].label,
                             (int)class[i].label, class[i].name);
            return free(class), NULL;
        }
    return class;
}

int32_t gradus_class_find(const gradus_class *class, int classes,
                          const char *name)
{
    class = bsearch(&name, class, (size_t)classes, sizeof *class,
                    gradus_by_name);
    return class ? class->label : -1;
}

int gradus_class_names_check(const char *who, const char *const *names,
                             int classes)
{
    if (!names == !classes && classes >= 0)
        return 0;
    return gradus_error_set("%s: classes is %d, but class_names is %sNULL; "
                            "set both or neither", who, classes,
                            names ? "not " : "");
}
