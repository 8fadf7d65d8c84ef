/* graph.c -- makes and frees a graph, and answers what can be asked about it
 * and about its nodes: sizes, names, parameters, values and gradients. */
#include "graph/graph.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/pool.h"
#include "graph/ranks.h"

#include <stdlib.h>
#include <string.h>

/* ---- life --------------------------------------------------------------- */

gradus_graph *gradus_graph_new(uint64_t seed)
{
    gradus_graph *g = calloc(1, sizeof *g);

    if (!g)
        return gradus_no_memory("a graph"), NULL;
    g->seed = seed;
    g->ranks = &gradus_alone;
    gradus_lost_begin(g);
    return g;
}

void gradus_graph_free(gradus_graph *g)
{
    if (!g)
        return;
    gradus_pool_free(g->pool);
    for (int i = 0; i < g->count; i++) {
        gradus_attrs_free(g->node[i]->attr);
        free(g->node[i]);
    }
    free(g->class_name);
    gradus_notes_free(g->notes);
    free(g->node);
    free(g->info);
    free(g->block);
    free(g);
}

/* ---- of the graph ------------------------------------------------------- */

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
    return g && g->max_batch ? g->threads : 0;
}

int gradus_max_batch(const gradus_graph *g)
{
    return g ? g->max_batch : 0;
}

size_t gradus_parameter_count(const gradus_graph *g)
{
    return g && g->max_batch ? g->parameters : 0;
}

gradus_real *gradus_parameters(gradus_graph *g)
{
    return g ? g->theta : NULL;
}

gradus_real *gradus_gradients(gradus_graph *g)
{
    return g ? g->grad : NULL;
}

/* Over the bytes of theta as they lie in memory. */
uint64_t gradus_parameters_hash(const gradus_graph *g)
{
    if (!g || !g->theta)
        return 0;
    return gradus_hash(GRADUS_HASH_OF_NOTHING, g->theta,
                       g->parameters * sizeof *g->theta);
}

const gradus_loss_node *gradus_classifier(const gradus_graph *g)
{
    const gradus_loss_node *last = NULL;

    for (int i = 0; i < g->count; i++) {
        const gradus_loss_node *l = gradus_as_loss(g->node[i]);
        last = l && l->classes ? l : last;
    }
    return last;
}

int gradus_check_class_count(const gradus_graph *g)
{
    const gradus_loss_node *l = gradus_classifier(g);

    if (!l || !g->class_count || g->class_count == l->classes)
        return 0;
    return gradus_error_set("got %d class names; %s has %d classes; call "
                            "gradus_set_class_names with one for each, or "
                            "with none", g->class_count, l->node.name,
                            l->classes);
}

/* ---- of a node ---------------------------------------------------------- */

const char *gradus_node_name(const gradus_node *n)
{
    return n ? n->name : NULL;
}

const char *gradus_node_op(const gradus_node *n)
{
    return n ? n->op->name : NULL;
}

int gradus_node_size(const gradus_node *n)
{
    return n ? n->size : 0;
}

int gradus_node_shape(const gradus_node *n, int shape[GRADUS_MAX_RANK])
{
    if (!n)
        return 0;
    if (shape)
        memcpy(shape, n->shape, sizeof n->shape);
    return n->rank;
}

const gradus_param *gradus_param_at(const gradus_node *n, int j)
{
    return n && j >= 0 && j < n->n_params ? &n->param[j] : NULL;
}

const gradus_param *gradus_find_param(const gradus_node *n, const char *name)
{
    if (!n || !name)
        return NULL;
    for (int j = 0; j < n->n_params; j++)
        if (strcmp(n->param[j].name, name) == 0)
            return &n->param[j];
    return NULL;
}

int gradus_need_own_value(const gradus_node *n)
{
    if (n->result == n)
        return 0;
    return gradus_refuse(n, "is computed together with %s; call "
                         "gradus_want_value(%s) before gradus_compile",
                         n->result->name, n->name);
}

/* Checks that n has a value or, if `gradient` is set, a gradient of the batch
 * at hand, and has it in an array of its own.  `what` is the word for it, and
 * `pass` the pass that computes it. */
static int check_shown(const gradus_node *n, const char *what,
                       const char *pass, bool gradient)
{
    if (!n)
        return gradus_error_set("gradus_%s: the node is NULL", what);
    if (!n->graph->batch.rows || (gradient && n->graph->gradients_old))
        return gradus_refuse(n, "has no %s before a %s succeeds", what, pass);
    return gradus_need_own_value(n);
}

/* y [B,size] of the batch at hand, which the graph owns and the next forward
 * overwrites. */
const gradus_real *gradus_value(const gradus_node *n)
{
    if (check_shown(n, "value", "forward", false))
        return NULL;
    if (!n->y)
        gradus_refuse(n, "holds labels, not values");
    return n->y;
}

/* dy [B,size] of the batch at hand, the gradient of the graph's loss with
 * respect to y; the graph owns it, and the next backward overwrites it. */
const gradus_real *gradus_gradient(const gradus_node *n)
{
    if (check_shown(n, "gradient", "backward", true))
        return NULL;
    if (n->op->loss || !n->dy)
        return gradus_refuse(n, "has no gradient: it is a loss, or nothing "
                             "before it wants one (gradus_want_gradient)"),
               NULL;
    return n->dy;
}
