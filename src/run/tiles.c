/* tiles.c -- phase 2 of a step: computes the gradient of every parameter over
 * the whole batch.
 *
 * Tiles run in parallel, and only one thread at a time writes to a tile's dw.
 * A large batch comes in parts, all tiles working on one part before any goes
 * on to the next. */
#include "run/run.h"

#include "graph/cut.h"

#include <stdatomic.h>
#include <string.h>

/* What the jobs for one part of the batch have in common. */
typedef struct {
    gradus_graph *g;
    int row, rows;   /* the first row of this part, and how many rows each
                        part has; the last may have fewer */
    bool add;        /* add to the gradients of earlier batches */
    atomic_bool bad; /* set by any thread that finds a gradient not finite */
} tiles_job;

/* Are a[0..n-1] all finite?  x - x is 0 for a finite x, and NaN if x is
 * infinite or NaN.  The loop has no branch, so that it runs at the speed of
 * memory. */
static bool all_finite(const gradus_real *a, size_t n)
{
    int bad = 0;

    for (size_t i = 0; i < n; i++)
        bad |= a[i] - a[i] != 0;
    return !bad;
}

/* Sets job->bad if the gradient of tile number `item` is not finite. */
static void check_tile(void *arg, int item, int thread)
{
    tiles_job *job = arg;
    gradus_tile t = job->g->tile[item];

    (void)thread;
    for (int j = 0; j < t.node->n_params; j++) {
        gradus_range r = gradus_tile_range(t, j);
        if (!all_finite(t.node->param[j].dw + r.from, r.count))
            atomic_store(&job->bad, true);
    }
}

/* For an op whose backward computes the gradient of its parameters slice by
 * slice: dw[t] = share[0] + share[1] + .., or += if job->add is set, where t
 * is the tile's range of parameter j.  The order of the sum is that of the
 * slices, so that the result does not depend on the threads. */
static void add_shares(const tiles_job *job, gradus_tile t, int j)
{
    const gradus_param *q = &t.node->param[j];
    gradus_range r = gradus_tile_range(t, j);
    const gradus_real *share = t.node->share[j] + r.from;
    gradus_real *dw = q->dw + r.from;
    int slices = gradus_slice_count(job->g->batch.rows);

    if (!job->add)
        memset(dw, 0, r.count * sizeof *dw);
    for (int i = 0; i < slices; i++, share += q->size)
        for (size_t k = 0; k < r.count; k++)
            dw[k] += share[k];
}

/* Computes what the job's part of the batch contributes to the gradient of
 * tile number `item`.  After the last part the thread adds the shares, if
 * there are any, which completes the gradient, and checks the result. */
static void run_tile(void *arg, int item, int thread)
{
    const tiles_job *job = arg;
    const gradus_graph *g = job->g;
    gradus_tile t = g->tile[item];
    const int left = g->batch.rows - job->row;
    gradus_part p = { .row = job->row,
                      .rows = left < job->rows ? left : job->rows,
                      .unit = t.unit,
                      .units = t.units,
                      .add = job->add || job->row > 0,
                      .scratch = g->scratch + (size_t)thread * g->scratch_size,
                      .batch = &g->batch };

    if (t.node->op->gradient)
        t.node->op->gradient(t.node, p);
    if (left > job->rows)
        return; /* more parts of the batch will follow */
    for (int j = 0; j < t.node->n_params && t.node->share[j]; j++)
        add_shares(job, t, j);
    check_tile(arg, item, thread);
}

/* The batch is cut into as few parts of at most tile_rows rows as possible,
 * which are of nearly equal size. */
int gradus_run_tiles(gradus_graph *g, bool add, int tile_rows)
{
    const int rows = g->batch.rows, parts = (rows - 1) / tile_rows + 1;
    tiles_job job = { .g = g, .add = add, .rows = (rows - 1) / parts + 1 };

    for (; job.row < rows; job.row += job.rows)
        gradus_run_jobs(g, run_tile, &job, g->tiles);
    if (atomic_load(&job.bad))
        return gradus_diagnose_gradients(g);
    g->gradients_old = false;
    g->passes++;
    return 0;
}

int gradus_check_finite_gradients(gradus_graph *g)
{
    tiles_job job = { .g = g };

    gradus_run_jobs(g, check_tile, &job, g->tiles);
    return atomic_load(&job.bad) ? gradus_diagnose_gradients(g) : 0;
}
