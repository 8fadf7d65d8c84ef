/* metadata.c -- texts that a caller keeps with a graph, and that its model
 * file holds: a list in the order in which their keys were first set. */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include "graph/graph.h"

#include "base/error.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

/* Returns where the list holds the pointer to the note of this key, or its
 * final NULL. */
static gradus_note **find(gradus_note **n, const char *key)
{
    while (*n && strcmp((*n)->key, key) != 0)
        n = &(*n)->next;
    return n;
}

/* Is the key one of the library's own? */
static bool is_own(const char *key)
{
    return strncmp(key, "gradus.", 7) == 0;
}

static void free_note(gradus_note *n)
{
    free(n->key);
    free(n->text);
    free(n);
}

void gradus_notes_free(gradus_note *n)
{
    for (gradus_note *next; n; n = next) {
        next = n->next;
        free_note(n);
    }
}

int gradus_set_note(gradus_graph *g, const char *key, const char *text)
{
    gradus_note **at = find(&g->notes, key);
    gradus_note *old = *at, *n = text ? calloc(1, sizeof *n) : NULL;

    if (n) {
        n->key = strdup(key);
        n->text = strdup(text);
    }
    if (text && (!n || !n->key || !n->text)) {
        if (n)
            free_note(n);
        return gradus_no_memory("the metadata %.64s", key);
    }
    gradus_note *after = old ? old->next : NULL;
    if (n)
        n->next = after;
    *at = n ? n : after;
    if (old)
        free_note(old);
    return 0;
}

int gradus_set_metadata(gradus_graph *g, const char *key, const char *text)
{
    if (!g || !key)
        return gradus_error_set("gradus_set_metadata: the %s is NULL",
                                g ? "key" : "graph");
    if (!gradus_is_utf8(key) || (text && !gradus_is_utf8(text)))
        return gradus_error_set("gradus_set_metadata: the %s \"%.64s\" is not "
                                "UTF-8; must be, to be saved",
                                gradus_is_utf8(key) ? "text of" : "key", key);
    if (!*key || is_own(key))
        return gradus_error_set("gradus_set_metadata: got the key \"%.64s\"; "
                                "must not be empty, nor begin with "
                                "\"gradus.\"", key);
    return gradus_set_note(g, key, text);
}

const char *gradus_metadata(const gradus_graph *g, const char *key)
{
    gradus_note *first = g ? g->notes : NULL; /* nothing in it is changed */

    if (!first || !key)
        return NULL;
    const gradus_note *n = *find(&first, key);
    return n ? n->text : NULL;
}

const char *gradus_metadata_key(const gradus_graph *g, int i)
{
    const gradus_note *n = g && i >= 0 ? g->notes : NULL;

    for (; n; n = n->next)
        if (!is_own(n->key) && i-- == 0)
            break;
    return n ? n->key : NULL;
}
