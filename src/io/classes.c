/* classes.c -- the names of the classes, which go with the model. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include "base/error.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 255 }; /* bytes of a name, so that files bound the memory */

/* jansson knows what is UTF-8. */
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
    return gradus_error_set("class %d: a name of at most %d bytes of UTF-8 "
                            "wanted", i, LONGEST);
}

static int check_names(int n, const char *const *names)
{
    if (n < 0 || (n && !names))
        return gradus_error_set("gradus_set_class_names: %d names, where the "
                                "array is %s", n, names ? "there" : "NULL");
    for (int i = 0; i < n; i++)
        if (check_name(i, names[i]))
            return -1;
    return 0;
}

static void free_names(int n, char **names)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

int gradus_set_class_names(gradus_graph *g, int n, const char *const *names)
{
    if (!g)
        return gradus_error_set("gradus_set_class_names: the graph is NULL");
    if (check_names(n, names))
        return -1;
    char **copy = calloc((size_t)n + 1, sizeof *copy);
    int done = 0;
    while (copy && done < n && (copy[done] = strdup(names[done])))
        done++;
    if (!copy || done < n) {
        free_names(done, copy);
        return gradus_no_memory("the names of %d classes", n);
    }
    free_names(g->class_count, g->class_name); /* names may point into it */
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
