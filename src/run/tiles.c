/* tiles.c -- phase 2 of a step: computes the gradient of every parameter over
 * the whole batch.
 *
 * Tiles run in parallel, and only one thread at a time writes to a tile's dw.
 * A large batch comes in pieces, all tiles working on one piece before any
 * goes on to the next.
 *
 * The gradients of the pieces are added up as a binary tree (graph/cut.h).
 * The sums that wait for others are a stack of arrays, g->grad.  The gradient
 * of a piece goes on top.  As in adding 1 to a binary number, for each 1 at
 * the end of the piece's number the two arrays on top are then replaced by
 * their sum; after the last piece, so are all of them.
 *
 *   piece          0      1        2        3           4
 *   on the stack   0      0 1      01 2     01 2 3      0123 4
 *   then           0      01       01 2     0123        01234
 */
#include "run/run.h"

#include "graph/cut.h"
#include "graph/gather.h"
#include "graph/ranks.h"

#include <stdatomic.h>
#include <string.h>
#include <tgmath.h> /* fabs of a gradus_real, float or double */

/* What the jobs for one piece of the batch have in common. */
typedef struct {
    gradus_graph *g;
    int piece;       /* the number of the piece */
    int top;         /* the number of the array on top of the stack, into which
                        every dw points: 0 for the first */
    int merge;       /* how often the two arrays on top are added up after this
                        piece */
    bool add;        /* add to the gradients of earlier batches */
    bool last;       /* this is the last piece */
    bool theta;      /* look at the parameters, too, for large numbers */
    atomic_bool large; /* set by any thread that finds a large number */
} tiles_job;

/* Are a[0..n-1] all at most GRADUS_MODERATE, negative or not?  A NaN is not.
 * The loop has no branch, so that it runs at the speed of memory. */
static bool are_moderate(const gradus_real *a, size_t n)
{
    int large = 0;

    for (size_t i = 0; i < n; i++)
        large |= !(fabs(a[i]) <= GRADUS_MODERATE);
    return !large;
}

/* Sets job->large if the gradient of a parameter of tile number `item` is
 * large, infinite or NaN; or, in a pass that looks at them as well, if the
 * parameter itself is. */
static void check_tile(void *arg, int item, int thread)
{
    tiles_job *job = arg;
    const gradus_graph *g = job->g;
    gradus_tile t = g->tile[item];

    (void)thread;
    if (t.rank != g->ranks->rank)
        return;
    for (int j = 0; j < t.node->n_params; j++) {
        const size_t from = gradus_tile_place(g, t, j);
        const size_t count = gradus_tile_range(t, j).count;
        if (!are_moderate(g->grad + from, count) ||
            (job->theta && !are_moderate(g->theta + from, count)))
            atomic_store(&job->large, true);
    }
}

/* For an op whose backward computes the gradient of its parameters slice by
 * slice: dw[t] = the sum of the shares of the piece's slices, or += if `add`
 * is set, where t is the tile's range of parameter j. */
static void add_shares(const tiles_job *job, gradus_tile t, int j, bool add)
{
    const gradus_param *q = &t.node->param[j];
    gradus_range r = gradus_tile_range(t, j);
    gradus_real *dw = q->dw + r.from;
    int slices = gradus_slice_count(job->g->batch.rows);

    if (!add)
        memset(dw, 0, r.count * sizeof *dw);
    for (int i = 2 * job->piece; i < slices && i < 2 * job->piece + 2; i++)
        gradus_add_to(dw, t.node->share[j] + (size_t)i * q->size + r.from,
                      r.count);
}

/* Adds up the arrays on top of the stack, as often as the job says, for the
 * parameters of the tile: an addition of (T4) each time. */
static void merge(const tiles_job *job, gradus_tile t)
{
    const gradus_graph *g = job->g;

    for (int j = 0; j < t.node->n_params; j++) {
        gradus_range r = gradus_tile_range(t, j);
        gradus_real *top = t.node->param[j].dw + r.from;
        for (int i = 0; i < job->merge; i++, top -= g->parameters)
            gradus_add_to(top - g->parameters, top, r.count);
    }
}

/* Computes the gradient of tile number `item` over the job's piece of the
 * batch, and adds up what is complete of the tree.  After the last piece it
 * checks the result.  The gradients of mixing layers are complete already. */
static void run_tile(void *arg, int item, int thread)
{
    const tiles_job *job = arg;
    const gradus_graph *g = job->g;
    gradus_tile t = g->tile[item];
    gradus_rows_range r = gradus_piece(g->batch.rows, job->piece);
    gradus_part p = { .row = r.first,
                      .rows = r.rows,
                      .unit = t.unit,
                      .units = t.units,
                      .add = job->add && job->piece == 0,
                      .scratch = g->scratch + (size_t)thread * g->scratch_size,
                      .batch = &g->batch };

    if (t.node->op->gradient)
        t.node->op->gradient(t.node, p);
    for (int j = 0; j < t.node->n_params && t.node->share[j]; j++)
        add_shares(job, t, j, p.add);
    if (t.node->op->gradient || t.node->share[0])
        merge(job, t);
    if (job->last && g->ranks->size == 1)
        check_tile(arg, item, thread);
}

/* Adds up the gradients of all ranks, and checks the tiles of this one. */
static int unite_ranks(tiles_job *job)
{
    if (gradus_unite_gradients(job->g))
        return -1;
    gradus_run_jobs(job->g, check_tile, job, job->g->tiles);
    return 0;
}

/* Sets g->large if any rank has found a large number.  Returns 0 if all
 * gradients are finite, else -1, with a message. */
static int judge(tiles_job *job, bool of_batch)
{
    gradus_graph *g = job->g;
    double large = atomic_load(&job->large);

    if (gradus_sum_ranks(g, &large, 1))
        return -1;
    g->large = large > 0;
    if (!g->large)
        return 0;
    if (gradus_gather_parameters(g, g->grad, -1) ||
        (of_batch && (gradus_gather_values(g, false) ||
                      gradus_gather_values(g, true))))
        return -1;
    return gradus_diagnose_gradients(g, of_batch);
}

int gradus_run_tiles(gradus_graph *g, bool add)
{
    const gradus_portion own = gradus_own_portion(g, g->batch.rows);
    tiles_job job = { .g = g, .piece = own.piece, .add = add,
                      .theta = g->passes % GRADUS_THETA_EVERY == 0 };

    for (; job.piece < own.piece_end; job.piece++, job.top += 1 - job.merge) {
        job.last = job.piece == own.piece_end - 1;
        job.merge = job.last ? job.top : 0;
        for (int i = job.piece - own.piece; i % 2 && !job.last; i /= 2)
            job.merge++;
        gradus_place_gradients(g, job.top);
        gradus_run_jobs(g, run_tile, &job, g->tiles);
    }
    gradus_place_gradients(g, 0);
    if ((g->ranks->size > 1 && unite_ranks(&job)) || judge(&job, !add))
        return -1;
    g->gradients_old = false;
    g->passes++;
    return 0;
}

int gradus_check_finite_gradients(gradus_graph *g, bool theta)
{
    tiles_job job = { .g = g, .theta = theta };

    gradus_run_jobs(g, check_tile, &job, g->tiles);
    return judge(&job, false);
}
