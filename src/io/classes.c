/* classes.c -- the names of the classes, which a model file holds too.
 *
 * The graph owns a copy of them: class_name [class_count], or NULL and 0 if
 * there are none. */
#include "io/io.h"

#include "base/error.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 255 }; /* bytes of a name without its final 0 */

/* Checks the name of class i.  It goes into JSON, so jansson is asked
 * whether it is UTF-8. */
static int check_name(int i, const char *name)
{
    int fits = name && strnlen(name, LONGEST + 1) <= LONGEST;
    json_error_t error;
    json_t *json = fits ? json_pack_ex(&error, 0, "s", name) : NULL;

    json_decref(json);
    if (json)
        return 0;
    if (fits && !*error.text)
        return gradus_no_memory("the name of class %d", i);
    return gradus_error_set("class %d: the name must be UTF-8 of at most %d "
                            "bytes", i, LONGEST);
}

/* Frees an array of names [n] and the names. */
static void free_names(int n, char **names)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* Returns copies of the names, [n], which the caller frees; NULL if memory
 * runs out. */
static char **copy_names(int n, const char *const *names)
{
    char **copy = calloc((size_t)n + 1, sizeof *copy);

    if (!copy)
        return NULL;
    for (int i = 0; i < n; i++) {
        copy[i] = strdup(names[i]);
        if (!copy[i]) {
            free_names(i, copy);
            return NULL;
        }
    }
    return copy;
}

int gradus_set_class_names(gradus_graph *g, int n, const char *const *names)
{
    if (!g)
        return gradus_error_set("gradus_set_class_names: the graph is NULL");
    if (n < 0)
        return gradus_error_set("gradus_set_class_names: got %d names; must "
                                "be at least 0", n);
    if (n && !names)
        return gradus_error_set("gradus_set_class_names: names is NULL; must "
                                "be an array of %d names", n);
    for (int i = 0; i < n; i++)
        if (check_name(i, names[i]))
            return -1;
    char **copy = copy_names(n, names);
    if (!copy)
        return gradus_no_memory("the names of %d classes", n);
    free_names(g->class_count, g->class_name); /* only now: names may be it */
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
    if (!g || class_id < 0 || class_id >= g->class_count)
        return NULL;
    return g->class_name[class_id];
}
