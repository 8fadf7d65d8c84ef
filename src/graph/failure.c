/* failure.c -- the messages of functions that make nodes, and what is kept of
 * them.
 *
 * The graph keeps the message of the first failure, and gradus_compile reports
 * it, so that a caller need not check every constructor.  Where no operand
 * tells the graph, the thread keeps the message, for the graphs that it has
 * made before and not compiled yet. */
#include "base/error.h"
#include "graph/graph.h"

#include <stdarg.h>
#include <string.h>

/* What this thread remembers of the constructors that have failed: the last
 * one's message; and of those that had no graph, as all operands were NULL,
 * how many there were and the last one's message. */
static _Thread_local struct {
    char last[GRADUS_ERROR_ROOM], why[GRADUS_ERROR_ROOM];
    unsigned count;
} lost;

/* A NULL that is passed on has the message of its first failure, and is not
 * counted again. */
void gradus_keep_failure(gradus_graph *g, bool had_operands)
{
    if (!g && had_operands && strcmp(gradus_error(), lost.last) != 0) {
        lost.count++;
        snprintf(lost.why, sizeof lost.why, "%s", gradus_error());
    }
    snprintf(lost.last, sizeof lost.last, "%s", gradus_error());
    if (g && !*g->failure)
        strcpy(g->failure, lost.last);
}

bool gradus_has_failed(const gradus_graph *g)
{
    return (g && *g->failure) ||
           (*lost.last && strcmp(gradus_error(), lost.last) == 0);
}

void gradus_lost_begin(gradus_graph *g)
{
    g->thread = &lost;
    g->lost = lost.count;
    *lost.last = 0; /* a NULL from now on is not passed on */
}

int gradus_lost_check(const gradus_graph *g)
{
    if (g->thread != &lost || g->lost == lost.count)
        return 0;
    return gradus_error_set("%s", lost.why);
}

/* Sets the error message "node 3, dense1: ..", or just ".." if n is NULL. */
static void set_message(const gradus_node *n, const char *format, va_list args)
{
    gradus_error_setv(format ? format : "", args);
    if (n)
        gradus_error_set("node %d, %s: %s", n->id, n->name, gradus_error());
}

gradus_node *gradus_fail(gradus_node *n, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_message(n, format, args);
    va_end(args);
    if (n && n->graph->max_batch == 0) /* before gradus_compile */
        gradus_keep_failure(n->graph, true);
    return NULL;
}

int gradus_refuse(const gradus_node *n, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_message(n, format, args);
    va_end(args);
    return -1;
}

bool gradus_is_open(const gradus_node *n)
{
    if (n->graph->threads)
        gradus_refuse(n, "gradus_compile was called, so the node can no "
                      "longer change");
    return n->graph->threads == 0;
}
