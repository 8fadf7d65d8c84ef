/* node.c -- makes nodes: the functions that constructors are written with.
 *
 * A constructor that fails returns NULL, and constructors pass a NULL operand
 * on; failure.c keeps the message of the first failure. */
#include "graph/graph.h"

#include "base/error.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* ---- names -------------------------------------------------------------- */

gradus_node *gradus_find_node(const gradus_graph *g, const char *name)
{
    if (!g || !name)
        return NULL;
    for (int i = 0; i < g->count; i++)
        if (strcmp(g->node[i]->name, name) == 0)
            return g->node[i];
    return NULL;
}

/* Names the node after its op, with a number counted for each op: "dense1",
 * "dense2", ..  The first data node of its kind is plain "input" or the like.
 * A name that another node has already is passed over. */
static void name_node(gradus_node *n)
{
    int number = 1;

    for (int i = 0; i < n->id; i++)
        number += n->graph->node[i]->op == n->op;
    if (n->n_in == 0 && number == 1)
        snprintf(n->name, sizeof n->name, "%.20s", n->op->name);
    while (!*n->name || gradus_find_node(n->graph, n->name))
        snprintf(n->name, sizeof n->name, "%.20s%d", n->op->name, number++);
}

/* ---- a new node --------------------------------------------------------- */

/* Makes room for one more node in g->node and g->info. */
static int make_room(gradus_graph *g)
{
    size_t room = (size_t)g->count + 1;
    gradus_node **node = realloc(g->node, room * sizeof *node);

    if (!node)
        return -1;
    g->node = node;
    gradus_node_info *info = realloc(g->info, room * sizeof *info);
    if (!info)
        return -1;
    g->info = info;
    return 0;
}

/* Checks the arguments that do not depend on a graph. */
static int check_arguments(const gradus_op *op, int n_in,
                           gradus_node *const *in)
{
    if (!op || !op->name)
        return gradus_error_set("gradus_append: the op%s is NULL",
                                op ? "'s name" : "");
    if (n_in < 0 || n_in > GRADUS_MAX_OPERANDS)
        return gradus_error_set("%s: got %d operands; must be 0 to %d",
                                op->name, n_in, GRADUS_MAX_OPERANDS);
    if (n_in && !in)
        return gradus_error_set("%s: the array of operands is NULL", op->name);
    return 0;
}

/* The graph of a new node: g or, if that is NULL, the graph of the first
 * operand that is not NULL.  NULL if there is none. */
static gradus_graph *graph_of(gradus_graph *g, int n_in,
                              gradus_node *const *in)
{
    for (int i = 0; i < n_in && !g; i++)
        g = in[i] ? in[i]->graph : NULL;
    return g;
}

/* Checks that operand i of n_in can be one of a new node of g.  If it is NULL
 * because a constructor has failed before, the message of that one is kept. */
static int check_operand(const gradus_graph *g, const char *op, int i,
                         int n_in, gradus_node *x)
{
    if (!x)
        return gradus_has_failed(g)
                   ? -1
                   : gradus_error_set("%s: operand %d of %d is NULL", op,
                                      i + 1, n_in);
    if (x->graph != g) /* makes compiling x's graph fail, too */
        return gradus_fail(x, "belongs to another graph than the other "
                           "operands of %s", op), -1;
    if (x->op->loss)
        return gradus_refuse(x, "is a loss; a loss cannot be an operand of %s",
                             op);
    return 0;
}

/* Checks that a node of `bytes` bytes with these operands can be added to
 * g. */
static int check_new(const gradus_graph *g, const gradus_op *op, size_t bytes,
                     int n_in, gradus_node *const *in)
{
    size_t least = op->loss ? sizeof(gradus_loss_node) : sizeof(gradus_node);

    if (!g && !n_in)
        return gradus_error_set("%s: the graph is NULL", op->name);
    if (g && g->threads)
        return gradus_error_set("%s: gradus_compile was called; add nodes "
                                "before it", op->name);
    for (int i = 0; i < n_in; i++)
        if (check_operand(g, op->name, i, n_in, in[i]))
            return -1;
    if (bytes < least)
        return gradus_error_set("%s: the node has %zu bytes; must have at "
                                "least %zu, as it begins with a gradus_%snode",
                                op->name, bytes, least,
                                op->loss ? "loss_" : "");
    return 0;
}

/* Adds a node to g.  Its id is the graph's next one, its result is itself, and
 * the factors of its learning rate, its weight decay and its loss are 1.
 * NULL, with a message, if out of memory. */
static gradus_node *add_node(gradus_graph *g, const gradus_op *op,
                             size_t bytes, int n_in, gradus_node *const *in)
{
    gradus_node *n = make_room(g) ? NULL : calloc(1, bytes);

    if (!n)
        return gradus_no_memory("a %s node", op->name), NULL;
    n->op = op;
    n->graph = g;
    n->result = n;
    n->id = g->count;
    n->n_in = n_in;
    for (int i = 0; i < n_in; i++)
        n->in[i] = in[i];
    g->info[n->id] = (gradus_node_info){ .bytes = bytes, .lr_scale = 1,
                                         .decay_scale = 1 };
    if (op->loss)
        gradus_as_loss(n)->weight = 1;
    name_node(n);
    g->node[g->count++] = n;
    return n;
}

gradus_node *gradus_append(gradus_graph *g, const gradus_op *op, size_t bytes,
                           int n_in, gradus_node *const *in)
{
    gradus_node *n = NULL;

    if (!check_arguments(op, n_in, in)) {
        g = graph_of(g, n_in, in);
        if (!check_new(g, op, bytes, n_in, in))
            n = add_node(g, op, bytes, n_in, in);
    }
    if (!n)
        gradus_keep_failure(g, n_in);
    return n;
}

/* ---- shape, parameters -------------------------------------------------- */

void gradus_shape_text(const char *batch, int rank, const int *shape,
                       char text[64])
{
    int at = snprintf(text, 64, "[%s", batch);

    for (int i = 0; i < rank; i++)
        at += snprintf(text + at, 64 - (size_t)at, "%s%d",
                       i || *batch ? "," : "", shape[i]);
    snprintf(text + at, 64 - (size_t)at, "]");
}

/* The number of values of a shape, the product of its axes.  Fails, and
 * returns 0, if an axis is below 1 or the product is above INT_MAX.  `what`
 * says whose shape it is: "the shape" for the node's own, or the name of a
 * parameter. */
static int volume(gradus_node *n, const char *what, int rank, const int *shape)
{
    char text[64];
    int size = 1;

    for (int i = 0; i < rank; i++) {
        if (shape[i] < 1 || size > INT_MAX / shape[i]) {
            gradus_shape_text("", rank, shape, text);
            gradus_fail(n, "%s is %s; every axis must be at least 1 and their "
                        "product at most %d", what, text, INT_MAX);
            return 0;
        }
        size *= shape[i];
    }
    return size;
}

gradus_node *gradus_set_shape(gradus_node *n, int rank, const int *shape)
{
    if (!n || !gradus_is_open(n))
        return NULL;
    if (rank < 1 || rank > GRADUS_MAX_RANK)
        return gradus_fail(n, "the shape has rank %d; must be 1 to %d", rank,
                           GRADUS_MAX_RANK);
    if (!shape)
        return gradus_fail(n, "the shape is NULL");
    n->size = volume(n, "the shape", rank, shape);
    if (!n->size)
        return NULL;
    n->rank = rank;
    memcpy(n->shape, shape, (size_t)rank * sizeof *shape);
    return n;
}

/* Only the last three initialisers, from NORMAL on, use a. */
bool gradus_start_fails(gradus_node *n, gradus_initialiser how, double a)
{
    if ((unsigned)how > GRADUS_INIT_CONSTANT)
        return gradus_fail(n, "the initialiser is %d; must be 0 to %d", how,
                           GRADUS_INIT_CONSTANT), true;
    if (how >= GRADUS_INIT_NORMAL &&
        !(a <= 1e30 && a >= (how == GRADUS_INIT_CONSTANT ? -1e30 : 0)))
        return gradus_fail(n, "the initialiser's a is %g; must be -1e30 to "
                           "1e30, and at least 0 if it is a spread", a), true;
    return false;
}

gradus_node *gradus_add_param(gradus_node *n, const char *name, int rank,
                              const int *shape, gradus_initialiser how,
                              double a)
{
    if (!n || !gradus_is_open(n))
        return NULL;
    if (!name || !shape)
        return gradus_fail(n, "the %s of parameter %d is NULL",
                           name ? "shape" : "name", n->n_params);
    if (gradus_start_fails(n, how, a))
        return NULL;
    if (n->n_params == GRADUS_MAX_PARAMS || rank < 1 || rank > 4)
        return gradus_fail(n, "parameter %s is number %d and has rank %d; "
                           "there may be %d parameters, of rank 1 to 4", name,
                           n->n_params + 1, rank, GRADUS_MAX_PARAMS);
    int size = volume(n, name, rank, shape);
    if (!size)
        return NULL;
    if (n->units && n->units != shape[0])
        return gradus_fail(n, "the first axis of parameter %s is %d; must be "
                           "%d as in the others", name, shape[0], n->units);

    int j = n->n_params++;
    gradus_info(n)->start[j] = (gradus_start){ how, a };
    n->param[j] = (gradus_param){ .name = name, .rank = rank,
                                  .size = (size_t)size };
    memcpy(n->param[j].shape, shape, (size_t)rank * sizeof *shape);
    n->graph->parameters += (size_t)size;
    n->units = shape[0];
    n->wants_gradient = true;
    return n;
}

/* A buffer is a parameter that optimisers leave alone.  It has its place in
 * theta, so it is saved and restored with the parameters. */
gradus_node *gradus_add_buffer(gradus_node *n, const char *name, int size,
                               double value)
{
    n = gradus_add_param(n, name, 1, &size, GRADUS_INIT_CONSTANT, value);
    if (n)
        n->param[n->n_params - 1].buffer = true;
    return n;
}
