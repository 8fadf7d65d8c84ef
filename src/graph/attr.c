/* attr.c -- the settings of a node, such as the size of a kernel: named arrays
 * of numbers, which its constructor sets and model files hold. */
#include "graph/graph.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Returns where the list that begins with *a holds the pointer to the setting
 * of this name; or where it holds its final NULL, if there is none. */
static gradus_attr **find(gradus_attr **a, const char *name)
{
    while (*a && (!name || strcmp((*a)->name, name) != 0))
        a = &(*a)->next;
    return a;
}

/* A setting of `count` numbers, all 0.  NULL, without a message, if out of
 * memory or if name or count are not allowed. */
static gradus_attr *make(const char *name, int count)
{
    gradus_attr *a;

    if (count < 1 || strlen(name) >= sizeof a->name)
        return NULL;
    a = calloc(1, sizeof *a + (size_t)count * sizeof *a->value);
    if (!a)
        return NULL;
    strcpy(a->name, name);
    a->count = count;
    return a;
}

gradus_node *gradus_set_attr(gradus_node *n, const char *name, int count,
                             const double *values)
{
    if (!n || !gradus_is_open(n))
        return NULL;
    if (!name || !values)
        return gradus_fail(n, "a setting: the %s NULL",
                           name ? "values are" : "name is");
    gradus_attr **a = find(&n->attr, name);
    if (!*a)
        *a = make(name, count);
    if (!*a)
        return gradus_fail(n, "cannot make the setting %.40s of %d values; it "
                           "must have a name of at most 31 characters, at "
                           "least 1 value, and memory for them", name, count);
    gradus_attr *set = *a;
    if (set->count != count)
        return gradus_fail(n, "the setting %s got %d values; must be %d as "
                           "before", name, count, set->count);
    memcpy(set->value, values, (size_t)count * sizeof *values);
    *a = set->next;
    set->next = NULL;
    *find(&n->attr, name) = set; /* now the last */
    return n;
}

const double *gradus_attr_values(const gradus_attr *a, const char *name,
                                 int *count)
{
    gradus_attr *first = (gradus_attr *)a; /* nothing in it is changed */
    const gradus_attr *found = *find(&first, name);

    if (count)
        *count = found ? found->count : 0;
    return found ? found->value : NULL;
}

double gradus_attr_double(const gradus_attr *a, const char *name,
                          double otherwise)
{
    const double *v = gradus_attr_values(a, name, NULL);

    return v ? *v : otherwise;
}

/* INT_MIN stands for "not an int", so a setting of that value looks like one
 * that is not. */
int gradus_attr_int(const gradus_attr *a, const char *name, int otherwise)
{
    double v = gradus_attr_double(a, name, otherwise);

    return v > INT_MIN && v <= INT_MAX && v == floor(v) ? (int)v : INT_MIN;
}

void gradus_attrs_free(gradus_attr *a)
{
    for (gradus_attr *next; a; a = next) {
        next = a->next;
        free(a);
    }
}
