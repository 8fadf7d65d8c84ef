/* update.c -- the optimiser's step: clipping, then theta -= lr d. */
#include "run/run.h"

#include "optim/optimiser.h"

/* Where a tile's part of parameter j lies in theta and in grad. */
static gradus_range theta_range(const gradus_graph *g, gradus_tile t, int j)
{
    gradus_range r = gradus_tile_range(t, j);

    r.from += (size_t)(t.node->param[j].w - g->theta);
    return r;
}

/* Clips the gradient of a tile by value, and sums its squares.  A frozen node's
 * gradient is left alone. */
static void clip_tile(void *arg, int item, int thread)
{
    gradus_optimiser *o = arg;
    gradus_tile t = o->graph->tile[item];

    (void)thread;
    if (gradus_info(t.node)->lr_scale == 0)
        return;
    for (int j = 0; j < t.node->n_params; j++) {
        gradus_range r = theta_range(o->graph, t, j);
        gradus_clip_part(o, item, r.from, r.count);
    }
}

/* Goes by the tiles of phase 2, so that each is likely to meet the thread that
 * has its gradient in the cache.  A frozen node is left alone. */
static void update_tile(void *arg, int item, int thread)
{
    gradus_optimiser *o = arg;
    gradus_tile t = o->graph->tile[item];

    (void)thread;
    if (gradus_info(t.node)->lr_scale == 0)
        return;
    for (int j = 0; j < t.node->n_params; j++) {
        const gradus_param *q = &t.node->param[j];
        gradus_range r = theta_range(o->graph, t, j);
        if (!q->buffer)
            gradus_optimiser_update(o, t.node, q, r.from, r.count);
    }
}

/* Running means follow the batch that the gradients come from, if there is
 * one. */
static void finish_step(gradus_graph *g)
{
    bool forward_ran = g->batch.rows && !g->params_changed;

    for (int i = 0; i < g->count && forward_ran; i++) {
        gradus_node *n = g->node[i];
        if (n->op->mixing && n->op->mixing->stepped &&
            gradus_info(n)->lr_scale > 0)
            n->op->mixing->stepped(n);
    }
    g->steps++;
    g->params_changed = true;
}

void gradus_run_update(gradus_optimiser *o)
{
    gradus_graph *g = o->graph;

    if (o->max_norm > 0 || o->max_value > 0)
        gradus_run_jobs(g, clip_tile, o, g->tiles);
    gradus_optimiser_begin(o);
    gradus_run_jobs(g, update_tile, o, g->tiles);
    finish_step(g);
}
