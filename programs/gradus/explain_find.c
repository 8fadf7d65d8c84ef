/* explain_find.c -- finds the number whose gradient is asked for: an entry of
 * a parameter, or a number of a node's value. */
#include "explain.h"

#include "common.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- indices ------------------------------------------------------------ */

/* What indices are read of. */
typedef struct {
    const char *option, *text; /* "--weight", and what stands behind it */
    const char *name;          /* "dense1.weight" */
    int rank;
    const int *shape;
} array;

/* Says that one of the indices, the text up to `end`, is too large. */
static void refuse_index(const array *a, int axis, const char *text,
                         const char *end)
{
    static const char *const which[] = { "first ", "second ", "third ",
                                         "fourth " };
    char shape[64] = "";

    for (int k = 0; k < a->rank; k++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%d",
                 k ? " x " : "", a->shape[k]);
    complain("%s %s: the %sindex is %.*s; must be 0 to %d, as %s is %s and "
             "indices count from 0", a->option, a->text,
             a->rank > 1 ? which[axis] : "", (int)(end - text), text,
             a->shape[axis] - 1, a->name, shape);
}

/* Reads one of the indices, and moves *text past it and the comma. */
static int read_index(const array *a, int axis, const char **text)
{
    const int last = axis == a->rank - 1;
    char *end;

    errno = 0;
    const long i = **text >= '0' && **text <= '9' ? strtol(*text, &end, 10)
                                                  : -1;
    if (i < 0 || *end != (last ? '\0' : ',')) {
        complain("%s %s: must have %d ind%s after the colon, whole numbers "
                 "from 0 on with commas between", a->option, a->text, a->rank,
                 a->rank == 1 ? "ex" : "ices");
        return -1;
    }
    if (errno || i >= a->shape[axis]) {
        refuse_index(a, axis, *text, end);
        return -1;
    }
    *text = end + 1;
    return (int)i;
}

/* Sets *entry to the number that the indices in the text are those of. */
static int read_entry(const array *a, const char *text, size_t *entry)
{
    *entry = 0;
    for (int axis = 0; axis < a->rank; axis++) {
        const int i = read_index(a, axis, &text);
        if (i < 0)
            return -1;
        *entry = *entry * (size_t)a->shape[axis] + (size_t)i;
    }
    return 0;
}

/* Prints " dense1.weight:0-11,0-215": which indices there are. */
static void print_indices(const char *name, const char *more, int rank,
                          const int *shape)
{
    fprintf(stderr, " %s%s:", name, more);
    for (int k = 0; k < rank; k++)
        fprintf(stderr, "%s0-%d", k ? "," : "", shape[k] - 1);
}

/* ---- an entry of a parameter -------------------------------------------- */

/* Lists the parameters that a gradient has. */
static void print_parameters(const gradus_graph *g)
{
    const gradus_param *p;

    fputs("the parameters:", stderr);
    for (int i = 0; i < gradus_node_count(g); i++)
        for (int j = 0; (p = gradus_param_at(gradus_node_at(g, i), j)); j++) {
            char name[64];
            snprintf(name, sizeof name, "%s.",
                     gradus_node_name(gradus_node_at(g, i)));
            if (!p->buffer)
                print_indices(name, p->name, p->rank, p->shape);
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

int find_entry(explanation *e, const char *text)
{
    derivation *d = &e->of;
    const char *colon = strchr(text, ':');
    char name[128];

    if (!colon || !strchr(text, '.') || colon - text >= (int)sizeof name)
        usage_error("--weight '%s': must be a parameter and the indices of "
                    "one of its entries, such as dense1.weight:3,17; --at "
                    "takes nodes", text);
    snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
    if (find_parameter(d, e->g, name))
        return -1;
    const array a = { "--weight", text, name, d->param->rank,
                      d->param->shape };
    return read_entry(&a, colon + 1, &d->entry);
}

/* ---- a number of a node's value ----------------------------------------- */

static int has_gradient(const gradus_node *n)
{
    return n->dy && !n->op->loss;
}

/* Finds the node of that name, which has a gradient. */
static int find_node(explanation *e, const char *name)
{
    const gradus_node *n = gradus_find_node(e->g, name);

    e->of.node = n;
    if (n && has_gradient(n))
        return 0;
    if (n)
        complain("--at: %s (%s) has no gradient; must be a node that has one",
                 name, gradus_node_op(n));
    else
        complain("--at: the net has no node %s", name);
    fputs("the nodes:", stderr);
    for (int i = 0; i < gradus_node_count(e->g); i++) {
        n = gradus_node_at(e->g, i);
        if (has_gradient(n))
            print_indices(n->name, "", n->rank, n->shape);
    }
    fputc('\n', stderr);
    return -1;
}

/* Reads the row at the text, up to the colon, or takes the only one. */
static int find_row(explanation *e, const char *text, const char *colon)
{
    const size_t last = e->first + (size_t)e->rows - 1;
    char *end = NULL, to[32] = "";

    if (!colon && e->rows > 1) {
        complain("--at %s: says no row; must begin with one of the batch, "
                 "such as %zu:%s", text, e->first, text);
        return -1;
    }
    if (!colon)
        return 0;
    errno = 0;
    const unsigned long long row =
        *text >= '0' && *text <= '9' ? strtoull(text, &end, 10) : 0;
    if (end != colon || errno || row < e->first || row > last) {
        if (e->rows > 1)
            snprintf(to, sizeof to, " to %zu", last);
        complain("--at %s: the row is %.*s; must be one of the batch, %zu%s",
                 text, (int)(colon - text), text, e->first, to);
        return -1;
    }
    e->of.row = (int)(row - e->first);
    return 0;
}

int find_number(explanation *e, const char *text)
{
    const char *first = strchr(text, ':');
    const char *second = first ? strchr(first + 1, ':') : NULL;
    const char *node = second ? first + 1 : text;
    const char *colon = second ? second : first;
    char name[128];

    if (!colon || strchr(text, '.') || colon - node >= (int)sizeof name)
        usage_error("--at '%s': must be a node and the indices of one of its "
                    "numbers, such as dense2:9, or 3:dense2:9 in row 3 of a "
                    "batch; --weight takes parameters", text);
    snprintf(name, sizeof name, "%.*s", (int)(colon - node), node);
    if (find_row(e, text, second ? first : NULL) || find_node(e, name))
        return -1;
    const array a = { "--at", text, name, e->of.node->rank,
                      e->of.node->shape };
    return read_entry(&a, colon + 1, &e->of.entry);
}
