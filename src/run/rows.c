/* rows.c -- phase 1 of a step: takes every slice of the batch forward through
 * the net and back again.
 *
 * In most nets that is one stage, in which threads work on slices without
 * waiting for each other.  Where a layer mixes rows (batch normalisation), or
 * is computed by units, all threads have to wait for each other, and another
 * stage begins. */
#include "run/run.h"

#include "base/pool.h"
#include "graph/cut.h"

#include <string.h>

/* For less work than this, such as XOR's, waking the other threads costs more
 * time than it saves.  The results are the same to the last bit either way. */
void gradus_run_jobs(const gradus_graph *g,
                     void (*job)(void *arg, int item, int thread), void *arg,
                     int items)
{
    size_t rows = g->batch.rows ? (size_t)g->batch.rows : 1;

    if (g->work * rows >= 32768) {
        gradus_pool_run(g->pool, job, arg, items);
        return;
    }
    for (int i = 0; i < items; i++)
        job(arg, i, 0);
}

/* A stage: for each slice it does the following in this order.  Numbers are
 * ids of nodes.  Where one is left out, up_end is up, down is below down_end,
 * and the nodes are NULL.  The threads only read it. */
typedef struct {
    gradus_graph *g;
    int up, up_end;        /* forward through nodes up .. up_end - 1 */
    gradus_node *sum;      /* sums what this mixing layer needs forward: for
                              batch normalisation, for the batch's mean and
                              variance */
    bool turn;             /* zeroes the gradients before the backward pass */
    int down, down_end;    /* backward through down, down - 1, .. down_end */
    gradus_node *sum_back; /* sums what this mixing layer needs backward */
} stage;

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
 * nodes that use it add. */
static void clear_gradients(const gradus_graph *g, gradus_part p)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        if (n->dy)
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
static void backward(const stage *s, gradus_part p)
{
    for (int i = s->down; i >= s->down_end; i--) {
        gradus_node *n = s->g->node[i];
        if (n->op->backward && !gradus_is_fused(n) &&
            (reaches_back(n) || n->share[0]))
            n->op->backward(n, all_units(n, p));
    }
    if (s->sum_back)
        s->sum_back->op->mixing->sum_back(s->sum_back,
                                          all_units(s->sum_back, p));
}

/* Runs the stage for slice number `item`.  All slices have gradus_slice_rows
 * rows but the last, which has what is left. */
static void run_slice(void *arg, int item, int thread)
{
    const stage *s = arg;
    const gradus_graph *g = s->g;
    int most = gradus_slice_rows(g->batch.rows);
    int row = item * most, left = g->batch.rows - row;
    gradus_part p = {
        .row = row,
        .rows = left < most ? left : most,
        .slice = item,
        .scratch = g->scratch + (size_t)thread * g->scratch_size,
        .batch = &g->batch,
    };

    gradus_run_nodes(g->node, s->up, s->up_end, p);
    if (s->sum)
        s->sum->op->mixing->sum(s->sum, all_units(s->sum, p));
    if (s->turn)
        clear_gradients(g, p);
    backward(s, p);
}

/* ---- one tile, forward -------------------------------------------------- */

/* Computes a node forward for all rows of the batch, but only the units of
 * tile number `item`.  The pool hands out the tiles of all nodes, although
 * only this node's have work here: given the same number of items, it first
 * gives each thread the same ones as in phase 2, so a thread mostly works with
 * weights that it has updated itself. */
static void run_units(void *arg, int item, int thread)
{
    gradus_node *n = arg;
    const gradus_graph *g = n->graph;
    gradus_tile t = g->tile[item];

    (void)thread;
    if (t.node == n)
        n->op->forward(n, (gradus_part){ .rows = g->batch.rows,
                                         .unit = t.unit,
                                         .units = t.units,
                                         .batch = &g->batch });
}

/* ---- all stages --------------------------------------------------------- */

/* Runs the stage for all slices, and makes it one that does nothing yet. */
static void run_stage(stage *s)
{
    gradus_graph *g = s->g;

    gradus_run_jobs(g, run_slice, s, gradus_slice_count(g->batch.rows));
    *s = (stage){ .g = g, .down = -1 };
}

/* Does n need sums over all rows of this batch before its forward and before
 * its backward?  Mixing layers need them only in training. */
static bool mixes(const gradus_node *n)
{
    return n->graph->batch.training && n->op->mixing;
}

/* Should the forward of n be parallel over units (each thread computing some
 * units of all rows) instead of over rows?
 *
 * When threads share out the rows, each of them reads all weights in every
 * step, and at least half of these were last written by another thread: on two
 * cores a step of a 784-128-10 net with 64 rows takes 1.3 times as long.  When
 * threads share out the units, each reads the weights that it has updated
 * itself, but the values of the rows go from thread to thread instead.  That
 * pays as long as there are fewer rows.  It does not pay in a layer that
 * passes a gradient to its operand, where each thread reads all weights in the
 * backward pass anyway. */
static bool goes_by_units(const gradus_node *n)
{
    int rows = n->graph->batch.rows;

    return n->op->by_units && !n->op->mixing && n->n_in == 1 &&
           !n->in[0]->wants_gradient && !gradus_is_fused(n) && rows <= 128 &&
           rows <= n->units / 2;
}

/* Runs the forward pass, up to the stage in which it ends.  The stages end
 * before each node i that mixes rows or is computed by units.  The next one
 * begins with node i if its sums have only been united, on this thread, and
 * with the node after it if it has been computed. */
static void go_forward(stage *s)
{
    gradus_graph *g = s->g;

    for (int i = 1; i < g->count; i++) {
        gradus_node *n = g->node[i];
        s->up_end = i;
        if (mixes(n)) {
            s->sum = n;
            run_stage(s);
            n->op->mixing->unite(n, gradus_slice_count(g->batch.rows));
            s->up = i;
        } else if (goes_by_units(n)) {
            run_stage(s);
            gradus_run_jobs(g, run_units, n, g->tiles);
            s->up = i + 1;
        }
    }
    s->up_end = g->count;
}

/* Runs the backward pass, up to the stage in which it ends.  It begins in the
 * stage in which the forward pass ends, so that a slice turns round while it
 * is in the cache.  The stages end before each node that mixes rows, until its
 * sums are united. */
static void go_back(stage *s, bool add)
{
    gradus_graph *g = s->g;

    s->turn = true;
    s->down = g->count - 1;
    for (int i = g->count - 1; i > 0; i--) {
        gradus_node *n = g->node[i];
        if (!mixes(n))
            continue;
        s->down_end = i + 1;
        s->sum_back = n;
        run_stage(s);
        n->op->mixing->unite_back(n, gradus_slice_count(g->batch.rows), add);
        s->down = i;
    }
}

void gradus_run_rows(gradus_graph *g, int what, bool add)
{
    stage s = { .g = g, .down = -1 };

    if (what & GRADUS_FORWARD)
        go_forward(&s);
    if (what & GRADUS_BACKWARD)
        go_back(&s, add);
    run_stage(&s);
}
