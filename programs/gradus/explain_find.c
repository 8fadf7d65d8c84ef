/* explain_find.c -- finds the entry of a parameter that is asked for. */
#include "explain.h"

#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lists the parameters that a gradient has. */
static void print_parameters(const gradus_graph *g)
{
    const gradus_param *p;

    fputs("the parameters:", stderr);
    for (int i = 0; i < gradus_node_count(g); i++)
        for (int j = 0; (p = gradus_param_at(gradus_node_at(g, i), j)); j++) {
            if (p->buffer)
                continue;
            fprintf(stderr, " %s.%s:",
                    gradus_node_name(gradus_node_at(g, i)), p->name);
            for (int k = 0; k < p->rank; k++)
                fprintf(stderr, "%s0-%d", k ? "," : "", p->shape[k] - 1);
        }
    fputc('\n', stderr);
}

/* Finds the parameter that is called NODE.PARAM. */
static int find_parameter(derivation *d, const gradus_graph *g,
                          const char *name)
{
    char node[64];
    const char *dot = strchr(name, '.');

    if (dot && dot - name < (int)sizeof node) {
        snprintf(node, sizeof node, "%.*s", (int)(dot - name), name);
        d->node = gradus_find_node(g, node);
        d->param = gradus_find_param(d->node, dot + 1);
    }
    if (d->param && !d->param->buffer)
        return 0;
    if (d->param)
        complain("--weight: %s is a running statistic, which has no gradient; "
                 "must be a parameter", name);
    else
        complain("--weight: the net has no parameter %s", name);
    print_parameters(g);
    return -1;
}

/* Says that one of the indices, the text up to `end`, is too large. */
static void refuse_index(const derivation *d, const char *all, int axis,
                         const char *text, const char *end)
{
    static const char *const which[] = { "first ", "second ", "third ",
                                         "fourth " };
    const gradus_param *p = d->param;
    char shape[64] = "";

    for (int k = 0; k < p->rank; k++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%d",
                 k ? " x " : "", p->shape[k]);
    complain("--weight %s: the %sindex is %.*s; must be 0 to %d, as %s.%s is "
             "%s and indices count from 0", all,
             p->rank > 1 ? which[axis] : "", (int)(end - text), text,
             p->shape[axis] - 1, gradus_node_name(d->node), p->name, shape);
}

/* Reads one of the indices, and moves *text past it and the comma. */
static int read_index(const derivation *d, const char *all, int axis,
                      const char **text)
{
    const int last = axis == d->param->rank - 1;
    char *end;

    errno = 0;
    const long i = **text >= '0' && **text <= '9' ? strtol(*text, &end, 10)
                                                  : -1;
    if (i < 0 || *end != (last ? '\0' : ',')) {
        complain("--weight %s: must have %d ind%s after the colon, whole "
                 "numbers from 0 on with commas between", all, d->param->rank,
                 d->param->rank == 1 ? "ex" : "ices");
        return -1;
    }
    if (errno || i >= d->param->shape[axis]) {
        refuse_index(d, all, axis, *text, end);
        return -1;
    }
    *text = end + 1;
    return (int)i;
}

int find_entry(derivation *d, const gradus_graph *g, const char *text)
{
    const char *colon = strchr(text, ':'), *rest;
    char name[128];

    if (!colon || !strchr(text, '.') || colon - text >= (int)sizeof name)
        usage_error("--weight '%s': must be a parameter and the indices of "
                    "one of its entries, such as dense1.weight:3,17", text);
    snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
    if (find_parameter(d, g, name))
        return -1;
    d->entry = 0;
    rest = colon + 1;
    for (int axis = 0; axis < d->param->rank; axis++) {
        const int i = read_index(d, text, axis, &rest);
        if (i < 0)
            return -1;
        d->entry = d->entry * (size_t)d->param->shape[axis] + (size_t)i;
    }
    return 0;
}
