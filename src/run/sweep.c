/* sweep.c -- a batch's way through the graph: forward, backward, step.
 *
 * A step has two phases without locks, or sums between threads:
 *
 *   1. samples in parallel: a worker takes a slice of the batch's rows through
 *      the whole net, forward node by node and back again;
 *   2. weights in parallel: a worker takes a tile of the parameters and
 *      computes its gradient over the whole batch; a large batch in parts, so
 *      that the rows are still in cache when the next tile wants them.
 *
 * Then the update, in parallel too, once every gradient is known to be finite.
 * Where a layer mixes samples, phase 1 stops: what it sums of each slice is
 * then made one.  It stops too for a first layer of many more units than the
 * batch has rows, whose values are computed by tiles.  Slices and tiles depend
 * on shapes and on the batch, never on the number of threads; so the bits do
 * not either.
 */
#include "run/sweep.h"

#include "run/diagnose.h"
#include "graph/graph.h"
#include "optim/optimiser.h"
#include "base/pool.h"

#include <stdatomic.h>
#include <string.h>

typedef struct {
    gradus_graph *g;
    int what, slice;     /* phase 1: GRADUS_FORWARD, _BACKWARD or both; rows */
    int from, to;        /* phase 1: of these nodes, see run_slices */
    gradus_node *node;   /* phase 1, by units */
    int row, rows, add;  /* phase 2: of gradus_tile, but rows may be fewer */
    gradus_optimiser *o; /* update */
    atomic_int bad;      /* phase 2: a gradient was not finite */
} sweep;

typedef struct {
    size_t from, n; /* of theta, or grad */
} range;

/* Two slices for a small batch, so that two threads have work; from 128 rows
 * on 64 a slice, where a GEMM is near its full speed.  In sixteens, the height
 * of a GEMM kernel's block. */
int gradus_sweep_slice(int n)
{
    int rows = ((n - 1) / 32 + 1) * 16;

    return rows < 64 ? rows : 64;
}

int gradus_sweep_slices(int max_batch)
{
    return max_batch <= 128 ? 2 : (max_batch - 1) / 64 + 1;
}

/* Waking the others takes longer than a net this small takes (XOR); the bits
 * are the same either way. */
static void share(sweep *s, void (*job)(void *sweep, int item, int worker),
                  int items)
{
    const gradus_graph *g = s->g;

    if (g->work * (size_t)(g->rows ? g->rows : 1) < 32768)
        for (int i = 0; i < items; i++)
            job(s, i, 0);
    else
        gradus_pool_run(g->pool, job, s, items);
}

/* ---- phase 1 --------------------------------------------------------- */

/* Whose forward and backward want to know something of all rows. */
static int mixes_rows(const gradus_graph *g, int node)
{
    return g->training && node < g->count && g->node[node]->op->sum;
}

/* By rows, every thread reads the whole weights in every step, and half of them
 * or more were last written by another: on two cores a step of 784-128-10 at
 * batch 64 takes 1.3 times as long.  By units it is the rows that cross, which
 * pays while they are fewer.  A layer that passes a gradient on reads its whole
 * weights by rows on the way back anyway. */
static int by_units(const gradus_graph *g, int node)
{
    const gradus_node *n = g->node[node];

    return n->op->forward_units && !n->op->sum && n->n_in == 1 &&
           !n->in[0]->wants_gradient && !gradus_absorbed(n) &&
           g->rows <= 128 && g->rows <= n->units / 2;
}

static void forward(const sweep *s, gradus_rows r)
{
    for (int i = s->from; i < s->to; i++) {
        gradus_node *n = s->g->node[i];
        if (n->op->forward && !gradus_absorbed(n) && !by_units(s->g, i))
            n->op->forward(n, r);
    }
    if (mixes_rows(s->g, s->to))
        s->g->node[s->to]->op->sum(s->g->node[s->to], r);
}

int gradus_sweep_shares(const gradus_node *n)
{
    return n->n_params && !n->op->gradient && !n->op->sum_back;
}

static int reaches_back(const gradus_node *n)
{
    for (int j = 0; j < n->n_in; j++)
        if (n->in[j]->dy)
            return 1;
    return 0;
}

static void clear(gradus_real *a, size_t n)
{
    memset(a, 0, n * sizeof *a);
}

/* What backward adds to, of all nodes: before the first one adds. */
static void clear_gradients(gradus_graph *g, gradus_rows r)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        if (n->dy)
            clear(gradus_row(n->dy, r, n->size), (size_t)r.n * n->size);
        for (int j = 0; j < n->n_params && gradus_sweep_shares(n); j++)
            clear(gradus_share(&n->param[j], r), n->param[j].size);
    }
}

static void back(gradus_node *n, gradus_rows r)
{
    if (n->op->backward && !gradus_absorbed(n) &&
        (reaches_back(n) || gradus_sweep_shares(n)))
        n->op->backward(n, r);
}

/* The last node that mixes rows, up to this one; or the first of all. */
static int last_mixing(const gradus_graph *g, int node)
{
    while (node > 0 && !mixes_rows(g, node))
        node--;
    return node;
}

static void backward(const sweep *s, gradus_rows r)
{
    gradus_node **node = s->g->node;
    const int last = last_mixing(s->g, s->from);

    if (s->to == s->g->count)
        clear_gradients(s->g, r);
    if (mixes_rows(s->g, s->to)) /* what it wanted to know is there now */
        back(node[s->to], r);
    for (int i = s->to - 1; i > last; i--)
        back(node[i], r);
    if (mixes_rows(s->g, last))
        node[last]->op->sum_back(node[last], r);
    else
        back(node[last], r);
}

static void slice_job(void *sweep_, int item, int worker)
{
    const sweep *s = sweep_;
    gradus_graph *g = s->g;
    int from = item * s->slice;
    int left = g->rows - from;
    gradus_rows r = {
        .from = from,
        .n = left < s->slice ? left : s->slice,
        .slice = item,
        .training = g->training,
        .index = g->index,
        .scratch = g->scratch + (size_t)worker * g->scratch_size,
        .seed = g->seed,
        .pass = g->pass,
    };

    if (s->what & GRADUS_FORWARD)
        forward(s, r);
    if (s->what & GRADUS_BACKWARD)
        backward(s, r);
}

/* Rows in parallel, of a part of the graph, between two stops or its ends:
 * forward through from .. to-1, and what `to` sums; back through `to` to the
 * last one that mixes rows before, and what that sums. */
static void run_slices(gradus_graph *g, int what, int from, int to)
{
    sweep s = { .g = g, .what = what, .slice = gradus_sweep_slice(g->rows),
                .from = from, .to = to };

    share(&s, slice_job, (g->rows - 1) / s.slice + 1);
}

/* All tiles are gone through, so that each thread has its own of phase 2. */
static void units_job(void *sweep_, int item, int worker)
{
    const sweep *s = sweep_;
    struct gradus_piece p = s->g->tile[item];
    gradus_tile t = { .from = p.from, .n = p.n, .rows = s->g->rows };

    (void)worker;
    if (p.node == s->node)
        p.node->op->forward_units(p.node, t);
}

static void run_units(gradus_graph *g, int node)
{
    sweep s = { .g = g, .node = g->node[node] };

    share(&s, units_job, g->tiles);
}

/* Rows in parallel as far as they go, which is mostly the whole way. */
void gradus_sweep_rows(gradus_graph *g, int what, int add)
{
    const int slices = (g->rows - 1) / gradus_sweep_slice(g->rows) + 1;
    int from = 0;

    for (int to = 1; to < g->count; to++) {
        if (!mixes_rows(g, to) && !by_units(g, to))
            continue;
        if (what & GRADUS_FORWARD) {
            run_slices(g, GRADUS_FORWARD, from, to);
            if (mixes_rows(g, to))
                g->node[to]->op->unite(g->node[to], slices);
            else
                run_units(g, to);
        }
        from = to;
    }
    run_slices(g, what, from, g->count);
    from = last_mixing(g, from);
    while (what & GRADUS_BACKWARD && mixes_rows(g, from)) {
        gradus_node *n = g->node[from];
        int to = from;
        n->op->unite_back(n, slices, add);
        from = last_mixing(g, from - 1);
        run_slices(g, GRADUS_BACKWARD, from, to);
    }
}

/* ---- phase 2 --------------------------------------------------------- */

/* x - x is 0 for every finite x and NaN for the others; without a branch, so
 * that it runs at the speed of memory. */
static int all_finite(const gradus_real *a, size_t n)
{
    int bad = 0;

    for (size_t i = 0; i < n; i++)
        bad |= a[i] - a[i] != 0;
    return !bad;
}

static range tile_range(struct gradus_piece p, int j)
{
    const gradus_param *q = &p.node->param[j];
    size_t unit = q->size / (size_t)p.node->units;

    return (range){ q->offset + (size_t)p.from * unit,
                           (size_t)p.n * unit };
}

static void check_job(void *sweep_, int item, int worker)
{
    sweep *s = sweep_;
    struct gradus_piece p = s->g->tile[item];

    (void)worker;
    for (int j = 0; j < p.node->n_params; j++) {
        range r = tile_range(p, j);
        if (!all_finite(s->g->grad + r.from, r.n))
            atomic_store(&s->bad, 1);
    }
}

/* dpar[r] = the shares of the batch's slices, in their order. */
static void add_shares(const sweep *s, const gradus_param *q, range r)
{
    int slices = (s->g->rows - 1) / gradus_sweep_slice(s->g->rows) + 1;
    gradus_real *dw = s->g->grad + r.from;
    const gradus_real *share = q->share + (r.from - q->offset);

    if (!s->add)
        clear(dw, r.n);
    for (int i = 0; i < slices; i++, share += q->size)
        for (size_t k = 0; k < r.n; k++)
            dw[k] += share[k];
}

static void tile_job(void *sweep_, int item, int worker)
{
    const sweep *s = sweep_;
    struct gradus_piece p = s->g->tile[item];
    const int left = s->g->rows - s->row;
    gradus_tile t = { .from = p.from, .n = p.n, .row = s->row,
                      .rows = left < s->rows ? left : s->rows,
                      .add = s->add || s->row };

    if (p.node->op->gradient)
        p.node->op->gradient(p.node, t);
    if (left > s->rows)
        return; /* the rest of the batch is to come */
    for (int j = 0; j < p.node->n_params && gradus_sweep_shares(p.node); j++)
        add_shares(s, &p.node->param[j], tile_range(p, j));
    check_job(sweep_, item, worker);
}

int gradus_sweep_tiles(gradus_graph *g, int add)
{
    const int parts = (g->rows - 1) / g->tile_rows + 1;
    sweep s = { .g = g, .add = add, .rows = (g->rows - 1) / parts + 1 };

    for (; s.row < g->rows; s.row += s.rows)
        share(&s, tile_job, g->tiles);
    if (atomic_load(&s.bad))
        return gradus_diagnose_gradients(g);
    g->stale = 0;
    g->passes++;
    return 0;
}

int gradus_sweep_check(gradus_graph *g)
{
    sweep s = { .g = g };

    share(&s, check_job, g->tiles);
    return atomic_load(&s.bad) ? gradus_diagnose_gradients(g) : 0;
}

/* ---- update ---------------------------------------------------------- */

static void clip_job(void *sweep_, int item, int worker)
{
    gradus_optimiser *o = ((const sweep *)sweep_)->o;
    struct gradus_piece p = o->graph->tile[item];

    (void)worker;
    for (int j = 0; p.node->lr_scale > 0 && j < p.node->n_params; j++) {
        range r = tile_range(p, j);
        gradus_clip_part(o, item, r.from, r.n);
    }
}

/* By the tiles of phase 2, so that each is likely to meet the thread that has
 * its gradient in cache.  A frozen node is left alone. */
static void update_job(void *sweep_, int item, int worker)
{
    gradus_optimiser *o = ((const sweep *)sweep_)->o;
    struct gradus_piece p = o->graph->tile[item];

    (void)worker;
    for (int j = 0; p.node->lr_scale > 0 && j < p.node->n_params; j++) {
        range r = tile_range(p, j);
        if (!p.node->param[j].buffer)
            gradus_optimiser_update(o, p.node, &p.node->param[j], r.from,
                                    r.n);
    }
}

static void finish_step(gradus_graph *g)
{
    int forward_ran = g->rows && !g->moved;

    for (int i = 0; i < g->count && forward_ran; i++) {
        gradus_node *n = g->node[i];
        if (n->op->stepped && n->lr_scale > 0)
            n->op->stepped(n);
    }
    g->steps++;
    g->moved = 1;
}

void gradus_sweep_update(gradus_optimiser *o)
{
    sweep s = { .g = o->graph, .o = o };

    if (o->max_norm > 0 || o->max_value > 0)
        share(&s, clip_job, o->graph->tiles);
    gradus_optimiser_begin(o);
    share(&s, update_job, o->graph->tiles);
    finish_step(o->graph);
}
