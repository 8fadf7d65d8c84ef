/* update.c -- one step of the optimiser: clips the gradients, and then updates
 * theta -= lr d, where d is the direction that the optimiser's rule computes.
 *
 * Both go over the tiles of phase 2 in parallel.  Between them the calling
 * thread finds the norm of the whole gradient, if that is to be clipped. */
#include "run/run.h"

#include "optim/optimiser.h"

/* The range of tile t in parameter j of its node, counted from the beginning
 * of theta, and of grad, rather than of the parameter. */
static gradus_range theta_range(const gradus_graph *g, gradus_tile t, int j)
{
    gradus_range r = gradus_tile_range(t, j);

    r.from += (size_t)(t.node->param[j].w - g->theta);
    return r;
}

/* Clips the gradient of a tile by value, and sums its squares for the norm.
 * The gradient of a frozen node (lr_scale 0) is neither changed nor
 * counted. */
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

/* Updates the parameters of one tile.  The tiles are those of phase 2, so the
 * thread that updates a tile is likely to be the one that has its gradient in
 * the cache.  Frozen nodes and buffers, such as running means, are not
 * updated. */
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

/* Lets each mixing layer that is not frozen update its running statistics from
 * the batch that the gradients come from, and counts the step.  There is no
 * such batch if a caller has set the gradients by hand without a forward since
 * the last step; the statistics then stay as they are. */
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
