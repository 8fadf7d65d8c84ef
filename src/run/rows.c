/* rows.c -- phase 1 of a step: takes every slice of the batch forward through
 * the net and back again.
 *
 * The batch is taken through one stage after the other; graph/stages.h says
 * what a stage is. */
#include "run/run.h"

#include "base/pool.h"
#include "graph/cut.h"
#include "graph/gather.h"
#include "graph/stages.h"

#include <string.h>

void gradus_run_jobs(const gradus_graph *g,
                     void (*job)(void *arg, int item, int thread), void *arg,
                     int items)
{
    if (gradus_pays_threads(g, g->batch.rows)) {
        gradus_pool_run(g->pool, job, arg, items);
        return;
    }
    for (int i = 0; i < items; i++)
        job(arg, i, 0);
}

/* What the jobs of one stage have in common.  The threads only read it. */
typedef struct {
    gradus_graph *g;
    const gradus_stage *stage; /* the stage that is run, one of g->stage */
    int slice;                 /* the first that this rank runs */
} rows_job;

/* ---- one slice ---------------------------------------------------------- */

/* Returns the rows of p together with all units of n's parameters. */
static gradus_part all_units(const gradus_node *n, gradus_part p)
{
    p.units = n->units;
    return p;
}

void gradus_run_nodes(gradus_node *const *node, int from, int end,
                      gradus_part p)
{
    for (int i = from; i < end; i++) {
        gradus_node *n = node[i];
        if (n && n->op->forward && !gradus_is_fused(n))
            n->op->forward(n, all_units(n, p));
    }
}

/* Zeroes what backward adds to: the rows of p in each node's dy [B,size], and
 * this slice's share of each parameter's gradient.  That is done for all nodes
 * before the first backward, since a node's dy is the sum of what all the
 * nodes that use it add; but not where the first of these sets dy. */
static void clear_gradients(const gradus_graph *g, gradus_part p)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        if (n->dy && n->clear_dy)
            memset(gradus_row(n->dy, p, n->size), 0,
                   gradus_count(p, n->size) * sizeof *n->dy);
        for (int j = 0; j < n->n_params && n->share[j]; j++)
            memset(gradus_share(n, j, p), 0,
                   n->param[j].size * sizeof *n->share[j]);
    }
}

/* Does any operand of n want a gradient from n's backward? */
static bool reaches_back(const gradus_node *n)
{
    for (int j = 0; j < n->n_in; j++)
        if (n->in[j]->dy)
            return true;
    return false;
}

/* Back-propagates the rows of p through the stage's nodes, users before their
 * operands.  A node is skipped if nothing would come of its backward: neither
 * the gradient of an operand nor a share of a parameter's gradient. */
static void backward(const gradus_stage *s, gradus_node *const *node,
                     gradus_part p)
{
    for (int i = s->down; i >= s->down_end; i--) {
        gradus_node *n = node[i];
        if (n->op->backward && !gradus_is_fused(n) &&
            (reaches_back(n) || n->share[0]))
            n->op->backward(n, all_units(n, p));
    }
    if (s->sum_back)
        s->sum_back->op->mixing->sum_back(s->sum_back,
                                          all_units(s->sum_back, p));
}

/* Runs a GRADUS_STAGE_ROWS stage for slice number `item` of this rank. */
static void run_slice(void *arg, int item, int thread)
{
    const rows_job *job = arg;
    const gradus_stage *s = job->stage;
    const gradus_graph *g = job->g;
    gradus_rows_range r = gradus_slice(g->batch.rows, job->slice + item);
    gradus_part p = {
        .row = r.first,
        .rows = r.rows,
        .slice = job->slice + item,
        .scratch = g->scratch + (size_t)thread * g->scratch_size,
        .batch = &g->batch,
    };

    gradus_run_nodes(g->node, s->up, s->up_end, p);
    if (s->sum)
        s->sum->op->mixing->sum(s->sum, all_units(s->sum, p));
    if (s->clear)
        clear_gradients(g, p);
    backward(s, g->node, p);
}

/* ---- one tile, forward -------------------------------------------------- */

/* Computes the stage's node forward for all rows of the batch, but only the
 * units of tile number `item`.  The pool gets the tiles of all nodes, though
 * only those of this node have work here: with the same number of items it
 * starts each thread on the same tiles as in phase 2, so a thread mostly works
 * with weights that it has updated itself. */
static void run_units(void *arg, int item, int thread)
{
    const rows_job *job = arg;
    const gradus_graph *g = job->g;
    gradus_tile t = g->tile[item];
    gradus_part p = {
        .rows = g->batch.rows,
        .unit = t.unit,
        .units = t.units,
        .scratch = g->scratch + (size_t)thread * g->scratch_size,
        .batch = &g->batch,
    };

    if (t.node == job->stage->node)
        t.node->op->forward(t.node, p);
}

/* ---- all stages --------------------------------------------------------- */

/* Completes the sums of a mixing layer by those of other ranks' slices. */
static int gather_sums(const gradus_node *n)
{
    return gradus_gather_slices(n->graph, n->sums,
                                (size_t)n->n_sums * sizeof *n->sums);
}

/* Each stage begins when all threads have finished the one before.  The unite
 * functions combine the sums of all slices, those of other ranks too, so they
 * run on the calling thread of each rank. */
int gradus_run_rows(gradus_graph *g, int what, bool add)
{
    const gradus_portion own = gradus_own_portion(g, g->batch.rows);
    int slices = gradus_slice_count(g->batch.rows);
    int stages = gradus_list_stages(g, what);

    for (int i = 0; i < stages; i++) {
        rows_job job = { g, &g->stage[i], own.slice };
        gradus_node *n = job.stage->node;
        switch (job.stage->kind) {
        case GRADUS_STAGE_ROWS:
            gradus_run_jobs(g, run_slice, &job, own.slice_end - own.slice);
            break;
        case GRADUS_STAGE_UNITS:
            if (own.row < own.row_end) /* at most 128 rows, of rank 0 */
                gradus_run_jobs(g, run_units, &job, g->tiles);
            break;
        case GRADUS_STAGE_UNITE:
            if (gather_sums(n))
                return -1;
            n->op->mixing->unite(n, slices);
            break;
        case GRADUS_STAGE_UNITE_BACK:
            if (gather_sums(n))
                return -1;
            n->op->mixing->unite_back(n, slices, add);
            break;
        }
    }
    return 0;
}
