/* update.c -- one step of the optimiser: theta -= lr d, where d is the
 * direction that its rule computes from the clipped gradients.
 *
 * It goes over the tiles of phase 2 in parallel: first, if gradients are to be
 * clipped, to clip them by value and sum their squares, from which the calling
 * thread finds the norm of the whole gradient; and then to scale each gradient
 * by that norm and update its parameter.
 *
 * No step may leave an infinite number behind.  A step is safe if
 *
 *   |theta| and |g| <= 1e12    lr <= 1e6    lambda <= 1    lr lambda <= 1
 *
 * since g + lambda theta is then at most 2e12, its square 4e24, and the
 * numbers that the rules remember of them stay far below the largest float,
 * 3e38, as do lr times these.  That holds for the next 63 steps as well, as
 * theta cannot grow so fast while g is checked in each step, so that theta
 * need not be.  Other steps are taken with a copy of theta and of the state,
 * from which both are restored if a number has become infinite. */
#include "run/run.h"

#include "base/error.h"
#include "base/mode.h"
#include "graph/cut.h"
#include "graph/gather.h"
#include "graph/ranks.h"
#include "optim/optimiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    if (t.rank != g->ranks->rank || gradus_info(t.node)->lr_scale == 0)
        return;
    for (int j = 0; j < t.node->n_params; j++) {
        const gradus_param *q = &t.node->param[j];
        const size_t from = gradus_tile_place(g, t, j);
        const size_t count = gradus_tile_range(t, j).count;
        if (job->clip)
            gradus_clip_part(job->o, item, from, count);
        else if (!q->buffer)
            gradus_optimiser_update(job->o, t.node, q, from, count);
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

/* Each rank updates its own tiles.  A tile's squares are 0 on all other
 * ranks. */
static int update(gradus_optimiser *o)
{
    gradus_graph *g = o->graph;
    update_job clip = { o, true }, update = { o, false };
    gradus_mode mode;
    int status = 0;

    gradus_mode_enter(&mode);
    if (o->max_norm > 0 || o->max_value > 0)
        gradus_run_jobs(g, run_tile, &clip, g->tiles);
    if (o->max_norm > 0)
        status = gradus_sum_ranks(g, o->square, (size_t)g->tiles);
    if (!status) {
        gradus_optimiser_begin(o);
        gradus_run_jobs(g, run_tile, &update, g->tiles);
        status = gradus_gather_parameters(g, g->theta, -1);
        finish_step(g);
    }
    gradus_mode_leave(&mode);
    return status;
}

/* Can the step make no number infinite, by the bounds above? */
static bool is_safe(const gradus_optimiser *o)
{
    const gradus_graph *g = o->graph;
    bool safe = !g->large && !o->large;

    for (int i = 0; i < g->count; i++) {
        double lr = o->learning_rate * g->info[i].lr_scale;
        double lambda = o->weight_decay * g->info[i].decay_scale;
        safe &= lr <= 1e6 && lambda <= 1 && lr * lambda <= 1;
    }
    return safe;
}

/* Returns 0 if all numbers of n's parameter p, and all that the optimiser
 * remembers of it, are finite; else -1, with a message.  Notes in o->large
 * whether any of these is large. */
static int check_param(gradus_optimiser *o, const gradus_node *n,
                       const gradus_param *p)
{
    const gradus_graph *g = o->graph;
    const gradus_real *state = o->state + (p->w - g->theta);

    for (size_t k = 0; k < p->size; k++)
        for (int s = 0; s <= o->rule->states; s++) {
            gradus_real v = s < o->rule->states
                                ? state[(size_t)s * g->parameters + k]
                                : p->w[k];
            o->large |= fabs((double)v) >
                        (s < o->rule->states ? 1e24 : GRADUS_MODERATE);
            if (!isfinite(v))
                return gradus_refuse(n, "%s: this step would make %s%s[%zu] "
                                     "infinite; parameters are unchanged; "
                                     "lower the learning rate, or scale the "
                                     "data down", o->rule->name,
                                     s < o->rule->states ? "the state of "
                                                         : "", p->name, k);
        }
    return 0;
}

static int check_params(gradus_optimiser *o)
{
    const gradus_graph *g = o->graph;
    int status = 0;

    o->large = false;
    for (int i = 0; i < g->count && !status; i++)
        for (int j = 0; j < g->node[i]->n_params && !status; j++)
            status = check_param(o, g->node[i], &g->node[i]->param[j]);
    double large = o->large;
    if (gradus_agree(g, status) ||
        gradus_sum_ranks(g, &large, 1))
        return -1;
    o->large = large > 0;
    return 0;
}

/* Takes a step that may make numbers infinite, and takes it back if it has. */
static int update_carefully(gradus_optimiser *o)
{
    gradus_graph *g = o->graph;
    const size_t n = g->parameters, states = (size_t)o->rule->states * n;
    const uint64_t steps = o->steps;
    gradus_real *copy = malloc((n + states) * sizeof *copy);

    int status = copy ? 0 : gradus_no_memory("a copy of %zu numbers, which a "
                                             "step with numbers as large as "
                                             "these needs", n + states);
    if (gradus_agree(g, status) || !copy) {
        free(copy);
        return -1;
    }
    memcpy(copy, g->theta, n * sizeof *copy);
    memcpy(copy + n, o->state, states * sizeof *copy);
    status = update(o) || check_params(o) ? -1 : 0;
    if (status) {
        memcpy(g->theta, copy, n * sizeof *copy);
        memcpy(o->state, copy + n, states * sizeof *copy);
        o->steps = steps;
        o->large = true;
    }
    free(copy);
    return status;
}

int gradus_run_update(gradus_optimiser *o)
{
    if (!is_safe(o))
        return update_carefully(o);
    return update(o);
}
