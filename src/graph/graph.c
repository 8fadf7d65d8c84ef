/* graph.c -- a graph's life, its settings before compile, its accessors. */
#include "graph/graph.h"

#include "base/error.h"
#include "base/pool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

gradus_graph *gradus_graph_new(uint64_t seed)
{
    gradus_graph *g = calloc(1, sizeof *g);

    if (!g) {
        gradus_error_set("out of memory for a graph");
        return NULL;
    }
    g->seed = seed;
    return g;
}

static void free_node(gradus_node *n)
{
    for (gradus_attr *a = n->attr, *next; a; a = next) {
        next = a->next;
        free(a);
    }
    free(n);
}

void gradus_graph_free(gradus_graph *g)
{
    if (!g)
        return;
    gradus_pool_free(g->pool);
    for (int i = 0; i < g->count; i++)
        free_node(g->node[i]);
    for (int i = 0; i < g->class_count; i++)
        free(g->class_name[i]);
    free(g->class_name);
    free(g->node);
    free(g->tile);
    free(g->block);
    free(g);
}

/* n, or NULL with a message unless its graph can still be changed. */
static gradus_node *changeable(gradus_node *n, const char *function)
{
    if (!n)
        gradus_error_set("%s: the node is NULL", function);
    else if (n->graph->max_batch)
        return gradus_fail(n, "%s: the graph is compiled already", function);
    return n;
}

int gradus_initialise(gradus_node *n, gradus_initialiser how, double a)
{
    if (!changeable(n, "gradus_initialise"))
        return -1;
    if (n->n_params == 0)
        return gradus_fail(n, "has no parameters to initialise"), -1;
    if ((unsigned)how > GRADUS_CONSTANT)
        return gradus_fail(n, "no initialiser has the number %d", how), -1;
    if (how >= GRADUS_NORMAL &&
        !(fabs(a) <= 1e30 && (a >= 0 || how == GRADUS_CONSTANT)))
        return gradus_fail(n, "initialiser: a is %g, finite and, where it "
                           "is a spread, at least 0 wanted", a), -1;
    n->param[0].how = how;
    n->param[0].a = a;
    return 0;
}

int gradus_want_gradient(gradus_node *input)
{
    if (!changeable(input, "gradus_want_gradient"))
        return -1;
    if (input->kind != GRADUS_VALUES)
        return gradus_fail(input, "only inputs can want a gradient"), -1;
    const gradus_graph *g = input->graph;
    for (int i = 0; i < g->count; i++)
        for (int j = 1; g->node[i]->is_loss && j < g->node[i]->n_in; j++)
            if (g->node[i]->in[j] == input)
                return gradus_fail(input, "targets and weights get no "
                                   "gradient"), -1;
    input->wants_gradient = 1;
    return 0;
}

int gradus_loss_weight(gradus_node *loss, double weight)
{
    if (!loss)
        return gradus_error_set("gradus_loss_weight: the node is NULL");
    if (!loss->is_loss)
        return gradus_fail(loss, "is no loss"), -1;
    if (!isfinite(weight))
        return gradus_fail(loss, "weight %g, a finite one wanted", weight), -1;
    loss->weight = weight;
    return 0;
}

int gradus_node_count(const gradus_graph *g)
{
    return g ? g->count : 0;
}

gradus_node *gradus_node_at(const gradus_graph *g, int id)
{
    return g && id >= 0 && id < g->count ? g->node[id] : NULL;
}

int gradus_threads(const gradus_graph *g)
{
    return g ? g->threads : 0;
}

int gradus_max_batch(const gradus_graph *g)
{
    return g ? g->max_batch : 0;
}

size_t gradus_parameter_count(const gradus_graph *g)
{
    return g ? g->parameters : 0;
}

gradus_real *gradus_parameters(gradus_graph *g)
{
    return g ? g->theta : NULL;
}

gradus_real *gradus_gradients(gradus_graph *g)
{
    return g ? g->grad : NULL;
}

/* FNV-1a: Fowler, Noll, Vo; RFC 9923. */
uint64_t gradus_parameters_hash(const gradus_graph *g)
{
    if (!g || !g->theta)
        return 0;
    const unsigned char *byte = (const unsigned char *)g->theta;
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < g->parameters * sizeof *g->theta; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3;
    return hash;
}
