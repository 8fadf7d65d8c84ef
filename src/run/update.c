/* update.c -- one step of the optimiser: theta -= lr d, where d is the
 * direction that its rule computes from the clipped gradients.
 *
 * It goes over the tiles of phase 2 in parallel: first, if gradients are to be
 * clipped, to clip them by value and sum their squares, from which the calling
 * thread finds the norm of the whole gradient; and then to scale each gradient
 * by that norm and update its parameter. */
#include "run/run.h"

#include "optim/optimiser.h"

/* What the jobs of one pass over the tiles have in common. */
typedef struct {
    gradus_optimiser *o;
    bool clip; /* the pass clips the gradients; else it updates theta */
} update_job;

/* Clips the gradient of tile number `item` by value, and sums its squares for
 * the norm; or updates the tile's parameters, but for buffers, such as running
 * means.  The tiles are those of phase 2, so the thread that takes a tile is
 * likely to be the one that has its gradient in the cache.  A frozen node
 * (lr_scale 0) is left alone, and its gradient does not count. */
static void run_tile(void *arg, int item, int thread)
{
    const update_job *job = arg;
    const gradus_graph *g = job->o->graph;
    gradus_tile t = g->tile[item];

    (void)thread;
    if (gradus_info(t.node)->lr_scale == 0)
        return;
    for (int j = 0; j < t.node->n_params; j++) {
        const gradus_param *q = &t.node->param[j];
        gradus_range r = gradus_tile_range(t, j);
        size_t from = (size_t)(q->w - g->theta) + r.from; /* in theta */
        if (job->clip)
            gradus_clip_part(job->o, item, from, r.count);
        else if (!q->buffer)
            gradus_optimiser_update(job->o, t.node, q, from, r.count);
    }
}

/* Lets each mixing layer that is not frozen update its running statistics from
 * the last batch, even if the gradients are added up from several.  There is
 * no such batch if a caller has set the gradients by hand without a forward
 * since the last step; the statistics then stay as they are. */
static void finish_step(gradus_graph *g)
{
    bool forward_ran = g->batch.rows && !g->params_changed;

    for (int i = 0; i < g->count && forward_ran; i++) {
        gradus_node *n = g->node[i];
        if (n->op->mixing && n->op->mixing->stepped &&
            gradus_info(n)->lr_scale > 0)
            n->op->mixing->stepped(n);
    }
    g->params_changed = true;
}

void gradus_run_update(gradus_optimiser *o)
{
    gradus_graph *g = o->graph;
    update_job clip = { o, true }, update = { o, false };

    if (o->max_norm > 0 || o->max_value > 0)
        gradus_run_jobs(g, run_tile, &clip, g->tiles);
    gradus_optimiser_begin(o);
    gradus_run_jobs(g, run_tile, &update, g->tiles);
    finish_step(g);
}
