/* classes.c -- the names of the classes, which a model file holds too.  The
 * graph owns a copy of them. */
#include "io/io.h"

#include "base/error.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = GRADUS_CLASS_NAME - 1 }; /* bytes without the final 0 */

/* Checks the name of class i.  It goes into JSON, so jansson is asked
 * whether it is UTF-8. */
static int check_name(int i, const char *name)
{
    bool fits = name && strnlen(name, LONGEST + 1) <= LONGEST;
    json_error_t error;
    json_t *json = fits ? json_pack_ex(&error, 0, "s", name) : NULL;

    json_decref(json);
    if (json)
        return 0;
    if (fits && !*error.text)
        return gradus_no_memory("the name of class %d", i);
    return gradus_error_set("class %d: the name is %s; must be UTF-8 of at "
                            "most %d bytes", i, !name ? "NULL" : fits ?
                            "not UTF-8" : "too long", LONGEST);
}

int gradus_set_class_names(gradus_graph *g, int n, const char *const *names)
{
    if (!g || (n && !names))
        return gradus_error_set("gradus_set_class_names: the %s is NULL",
                                g ? "array of names" : "graph");
    if (n < 0)
        return gradus_error_set("gradus_set_class_names: got %d names; must "
                                "be at least 0", n);
    for (int i = 0; i < n; i++)
        if (check_name(i, names[i]))
            return -1;
    char(*copy)[LONGEST + 1] = calloc((size_t)n + 1, sizeof *copy);
    if (!copy)
        return gradus_no_memory("the names of %d classes", n);
    for (int i = 0; i < n; i++)
        strcpy(copy[i], names[i]);
    free(g->class_name); /* only now: names may point into it */
    g->class_count = n;
    g->class_name = copy;
    return 0;
}

int gradus_class_count(const gradus_graph *g)
{
    return g ? g->class_count : 0;
}

const char *gradus_class_name(const gradus_graph *g, int class_id)
{
    if (class_id < 0 || class_id >= gradus_class_count(g))
        return NULL;
    return g->class_name[class_id];
}
