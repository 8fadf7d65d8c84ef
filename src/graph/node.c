/* node.c -- making a node: what constructors are written with. */
#include "base/error.h"
#include "graph/graph.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Keeps the message for compile; the first one counts. */
static void note_failure(gradus_graph *g)
{
    if (!*g->failure)
        snprintf(g->failure, sizeof g->failure, "%s", gradus_error());
}

static void set_message(const gradus_node *n, const char *format, va_list args)
{
    char what[384];

    vsnprintf(what, sizeof what, format, args);
    if (n)
        gradus_error_set("node %d, %s: %s", n->id, n->name, what);
    else
        gradus_error_set("%s", what);
}

gradus_node *gradus_fail(gradus_node *n, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_message(n, format, args);
    va_end(args);
    if (n && n->graph->max_batch == 0) /* else it is no constructor's */
        note_failure(n->graph);
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

static int name_is_taken(const gradus_graph *g, const char *name)
{
    for (int i = 0; i < g->count; i++)
        if (strcmp(g->node[i]->name, name) == 0)
            return 1;
    return 0;
}

/* "dense1", "dense2": counted apart for each op.  The first "input" and the
 * like go without a number, if the name is free. */
static void name_node(gradus_node *n)
{
    int number = 1;

    for (int i = 0; i < n->id; i++)
        number += n->graph->node[i]->op == n->op;
    if (n->n_in == 0 && number == 1) {
        snprintf(n->name, sizeof n->name, "%.20s", n->op->name);
        if (!name_is_taken(n->graph, n->name))
            return;
    }
    do
        snprintf(n->name, sizeof n->name, "%.20s%d", n->op->name, number++);
    while (name_is_taken(n->graph, n->name));
}

int gradus_name(gradus_node *n, const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
    if (!n || !name)
        return gradus_error_set("gradus_name: the %s is NULL",
                                n ? "name" : "node");
    if (n->graph->max_batch)
        return gradus_fail(n, "gradus_name comes before compile"), -1;
    size_t length = strlen(name);
    if (length < 1 || length >= sizeof n->name ||
        strspn(name, allowed) != length)
        return gradus_fail(n, "name \"%.40s\": 1 to 31 letters, digits and _ "
                           "wanted", name), -1;
    if (strcmp(n->name, name) != 0 && name_is_taken(n->graph, name))
        return gradus_fail(n, "another node is named %s", name), -1;
    strcpy(n->name, name);
    return 0;
}

static int make_room(gradus_graph *g)
{
    if (g->count < g->room)
        return 0;
    if (g->room > INT_MAX / 2)
        return -1;
    int room = g->room ? 2 * g->room : 16;
    gradus_node **node = realloc(g->node, (size_t)room * sizeof *node);
    if (!node)
        return -1;
    g->node = node;
    g->room = room;
    return 0;
}

/* A graph that has no failure yet got the NULL from outside; one that has
 * keeps the message that came first. */
static void *null_operand(int n_in, gradus_node *const *in, const char *op)
{
    for (int i = 0; i < n_in; i++) {
        if (!in[i])
            continue;
        if (!*in[i]->graph->failure)
            gradus_error_set("%s: an operand is NULL", op);
        note_failure(in[i]->graph);
        return NULL;
    }
    if (!*gradus_error())
        gradus_error_set("%s: the operand is NULL", op);
    return NULL;
}

/* The graph of all operands; NULL, with a message, if there is none. */
static gradus_graph *common_graph(gradus_graph *g, const gradus_op *op,
                                  int n_in, gradus_node *const *in)
{
    if (n_in < 0 || n_in > GRADUS_MAX_OPERANDS)
        return gradus_error_set("%s: %d operands, at most %d", op->name, n_in,
                                GRADUS_MAX_OPERANDS), NULL;
    for (int i = 0; i < n_in; i++) {
        if (!in[i]) /* an inner constructor failed, and said why */
            return null_operand(n_in, in, op->name);
        if (g && in[i]->graph != g) {
            gradus_fail(in[i], "is of another graph than the other operands "
                        "of %s", op->name);
            note_failure(g); /* neither graph is what was meant */
            return NULL;
        }
        if (in[i]->is_loss)
            return gradus_fail(in[i], "a loss cannot be an operand of %s",
                               op->name), NULL;
        g = in[i]->graph;
    }
    if (!g)
        gradus_error_set("%s: the graph is NULL", op->name);
    else if (g->max_batch)
        return gradus_error_set("%s: the graph is compiled, nodes come before",
                                op->name), NULL;
    return g;
}

/* A model file names ops; one that is named like a built-in one would be
 * loaded as that. */
static int is_taken_op(const gradus_op *op)
{
    for (int i = 0; gradus_ops[i]; i++)
        if (gradus_ops[i] != op && strcmp(gradus_ops[i]->name, op->name) == 0)
            return 1;
    return 0;
}

gradus_node *gradus_append(gradus_graph *g, const gradus_op *op, size_t bytes,
                           int n_in, gradus_node *const *in)
{
    g = common_graph(g, op, n_in, in);
    if (!g)
        return NULL;
    if (is_taken_op(op)) {
        gradus_error_set("op %s: a built-in one has that name", op->name);
        note_failure(g);
        return NULL;
    }
    gradus_node *n = calloc(1, bytes);
    if (!n || make_room(g)) {
        free(n);
        gradus_error_set("%s: out of memory", op->name);
        note_failure(g);
        return NULL;
    }
    n->op = op;
    n->graph = g;
    n->result = n;
    n->id = g->count;
    n->n_in = n_in;
    if (n_in)
        memcpy(n->in, in, (size_t)n_in * sizeof *in);
    n->weight = 1;
    n->lr_scale = n->decay_scale = 1;
    n->bytes = bytes;
    name_node(n);
    g->node[g->count++] = n;
    return n;
}

/* The product of a shape, or 0 where it is none or above INT_MAX. */
static int volume(int rank, const int *shape)
{
    int size = 1;

    for (int i = 0; i < rank; i++) {
        if (shape[i] < 1 || size > INT_MAX / shape[i])
            return 0;
        size *= shape[i];
    }
    return size;
}

/* For n's constructor alone. */
static int is_compiled(gradus_node *n)
{
    if (n->graph->max_batch)
        gradus_refuse(n, "the graph is compiled, and the node complete");
    return n->graph->max_batch;
}

gradus_node *gradus_shape(gradus_node *n, int rank, const int *shape)
{
    if (!n || is_compiled(n))
        return NULL;
    if (rank < 1 || rank > GRADUS_MAX_RANK)
        return gradus_fail(n, "%d axes, 1 to %d wanted", rank,
                           GRADUS_MAX_RANK);
    n->size = volume(rank, shape);
    if (!n->size)
        return gradus_fail(n, "a shape of %d axes, the first %d: each at "
                           "least 1, the product at most %d wanted",
                           rank, shape[0], INT_MAX);
    n->rank = rank;
    memcpy(n->shape, shape, (size_t)rank * sizeof *shape);
    return n;
}

gradus_node *gradus_add_param(gradus_node *n, const char *name, int rank,
                              const int *shape, gradus_initialiser how,
                              double a)
{
    if (!n || is_compiled(n))
        return NULL;
    if (n->n_params == GRADUS_MAX_PARAMS || rank < 1 || rank > 4)
        return gradus_fail(n, "parameter %s: at most %d, of 1 to 4 axes", name,
                           GRADUS_MAX_PARAMS);
    int size = volume(rank, shape);
    if (!size || (n->units && n->units != shape[0]))
        return gradus_fail(n, "parameter %s: too large, or its first axis %d "
                           "differs from the others'", name, shape[0]);

    gradus_param *p = &n->param[n->n_params++];
    *p = (gradus_param){
        .name = name, .rank = rank, .size = (size_t)size, .how = how,
        .a = a,
        .fan_in = size / shape[0],
        .fan_out = rank < 2 ? shape[0] : size / shape[1],
    };
    memcpy(p->shape, shape, (size_t)rank * sizeof *shape);
    n->units = shape[0];
    n->wants_gradient = 1;
    return n;
}

gradus_node *gradus_add_buffer(gradus_node *n, const char *name, int size,
                               double value)
{
    n = gradus_add_param(n, name, 1, &size, GRADUS_CONSTANT, value);
    if (n)
        n->param[n->n_params - 1].buffer = 1;
    return n;
}

static gradus_attr *find_attr(const gradus_attr *a, const char *name)
{
    while (a && strcmp(a->name, name) != 0)
        a = a->next;
    return (gradus_attr *)a;
}

gradus_node *gradus_set_attr(gradus_node *n, const char *name, int count,
                             const double *values)
{
    if (!n || is_compiled(n))
        return NULL;
    gradus_attr *a = find_attr(n->attr, name);
    if (a && a->count != count)
        return gradus_fail(n, "the setting %s has %d values, not %d", name,
                           a->count, count);
    if (!a && count >= 1 && strlen(name) < sizeof a->name) {
        a = calloc(1, sizeof *a + (size_t)count * sizeof *values);
        if (a) {
            gradus_attr **end = &n->attr;
            while (*end)
                end = &(*end)->next;
            *end = a;
            strcpy(a->name, name);
            a->count = count;
        }
    }
    if (!a)
        return gradus_fail(n, "no room for %d values of the setting %.32s",
                           count, name);
    memcpy(a->value, values, (size_t)count * sizeof *values);
    return n;
}

const double *gradus_attr_values(const gradus_attr *a, const char *name,
                                 int *count)
{
    a = find_attr(a, name);
    *count = a ? a->count : 0;
    return a ? a->value : NULL;
}

double gradus_attr_double(const gradus_attr *a, const char *name,
                          double otherwise)
{
    a = find_attr(a, name);
    return a ? a->value[0] : otherwise;
}

int gradus_attr_int(const gradus_attr *a, const char *name, int otherwise)
{
    double v = gradus_attr_double(a, name, otherwise);

    if (!(v > INT_MIN && v <= INT_MAX) || v != floor(v))
        return INT_MIN;
    return (int)v;
}
