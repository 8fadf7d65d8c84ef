/* sweep.c -- a batch's way through the graph: forward, backward, step.
 *
 * No layer mixes samples.  So a step has two phases without locks, copies of
 * gradients, or sums between threads:
 *
 *   1. samples in parallel: a worker takes a slice of the batch's rows through
 *      the whole net, forward node by node and back again;
 *   2. weights in parallel: a worker takes a tile of the parameters and
 *      computes its gradient over the whole batch.
 *
 * Then the update, in parallel too, once every gradient is known to be finite.
 * Slices and tiles depend on shapes and on the batch, never on the
 * number of threads; so the bits do not either.
 */
#include "sweep.h"

#include "blas.h"
#include "diagnose.h"
#include "error.h"
#include "graph.h"
#include "optimiser.h"
#include "pool.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { FORWARD = 1, BACKWARD = 2 };

typedef struct {
    gradus_graph *g;
    int what, slice;     /* phase 1: FORWARD, BACKWARD or both; rows a slice */
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

/* Waking the others takes longer than a net this small takes (XOR); the bits
 * are the same either way. */
static void share(sweep *s, void (*job)(void *sweep, int item), int items)
{
    const gradus_graph *g = s->g;

    if (g->work * (size_t)(g->rows ? g->rows : 1) < 32768)
        for (int i = 0; i < items; i++)
            job(s, i);
    else
        gradus_pool_run(g->pool, job, s, items);
}

/* ---- phase 1 --------------------------------------------------------- */

static void forward(gradus_graph *g, gradus_rows r)
{
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->op->forward)
            g->node[i]->op->forward(g->node[i], r);
}

static int reaches_back(const gradus_node *n)
{
    for (int j = 0; j < n->n_in; j++)
        if (n->in[j]->dy)
            return 1;
    return 0;
}

static void backward(gradus_graph *g, gradus_rows r)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        if (n->dy)
            memset(gradus_row(n->dy, r, n->size), 0,
                   (size_t)r.n * n->size * sizeof *n->dy);
    }
    for (int i = g->count; i-- > 0;) {
        gradus_node *n = g->node[i];
        if (n->op->backward && reaches_back(n))
            n->op->backward(n, r);
    }
}

static void slice_job(void *sweep_, int item)
{
    const sweep *s = sweep_;
    gradus_graph *g = s->g;
    int from = item * s->slice;
    int left = g->rows - from;
    gradus_rows r = { from, left < s->slice ? left : s->slice, g->training,
                      g->index };

    if (s->what & FORWARD)
        forward(g, r);
    if (s->what & BACKWARD)
        backward(g, r);
}

static void run_slices(gradus_graph *g, int what)
{
    sweep s = { .g = g, .what = what, .slice = gradus_sweep_slice(g->rows) };

    share(&s, slice_job, (g->rows - 1) / s.slice + 1);
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

static void check_job(void *sweep_, int item)
{
    sweep *s = sweep_;
    struct gradus_piece p = s->g->tile[item];

    for (int j = 0; j < p.node->n_params; j++) {
        range r = tile_range(p, j);
        if (!all_finite(s->g->grad + r.from, r.n))
            atomic_store(&s->bad, 1);
    }
}

static void tile_job(void *sweep_, int item)
{
    sweep *s = sweep_;
    struct gradus_piece p = s->g->tile[item];

    p.node->op->gradient(p.node, (gradus_tile){ p.from, p.n, s->g->rows });
    check_job(s, item);
}

static int run_tiles(gradus_graph *g)
{
    sweep s = { .g = g };

    share(&s, tile_job, g->tiles);
    if (atomic_load(&s.bad))
        return gradus_diagnose_gradients(g);
    g->stale = 0;
    return 0;
}

/* ---- update ---------------------------------------------------------- */

static void clip_job(void *sweep_, int item)
{
    gradus_optimiser *o = ((const sweep *)sweep_)->o;
    struct gradus_piece p = o->graph->tile[item];
    double sum = 0;

    for (int j = 0; p.node->lr_scale > 0 && j < p.node->n_params; j++) {
        range r = tile_range(p, j);
        sum += gradus_clip_part(o, o->graph->grad + r.from, r.n);
    }
    o->square[item] = sum;
}

/* By the tiles of phase 2, so that each is likely to meet the thread that has
 * its gradient in cache.  A frozen node is left alone. */
static void update_job(void *sweep_, int item)
{
    gradus_optimiser *o = ((const sweep *)sweep_)->o;
    struct gradus_piece p = o->graph->tile[item];
    double lr = o->learning_rate * p.node->lr_scale;

    for (int j = 0; p.node->lr_scale > 0 && j < p.node->n_params; j++) {
        range r = tile_range(p, j);
        gradus_clip_scale(o, o->graph->grad + r.from, r.n);
        gradus_optimiser_update(o, r.from, r.from + r.n, lr,
                                gradus_optimiser_decay(o, p.node,
                                                       &p.node->param[j]));
    }
}

static void run_update(gradus_optimiser *o)
{
    sweep s = { .g = o->graph, .o = o };

    if (o->max_norm > 0 || o->max_value > 0)
        share(&s, clip_job, o->graph->tiles);
    gradus_clip_sum(o);
    o->steps++;
    if (o->begin)
        o->begin(o);
    share(&s, update_job, o->graph->tiles);
    o->graph->steps++;
    o->graph->moved = 1;
}

/* ---- the batch ------------------------------------------------------- */

static int check_rows(const gradus_node *n, const int *index, int rows)
{
    if (!n->fed.rows)
        return gradus_refuse(n, "nothing was fed to it; see gradus_feed (or "
                             "gradus_infer, to predict)");
    for (int i = 0; i < rows; i++)
        if (index[i] < 0 || (size_t)index[i] >= n->fed.rows)
            return gradus_refuse(n, "row %d wanted, %zu rows were fed",
                                 index[i], n->fed.rows);
    return 0;
}

/* Of every loss over classes, so that none has to. */
static int check_labels(const gradus_node *loss, const int *index, int rows)
{
    const gradus_node *t = loss->n_in > 1 ? loss->in[1] : NULL;
    int over_labels = loss->classes && t && t->kind == GRADUS_LABELS;
    size_t S = over_labels ? (size_t)t->size : 0;

    for (size_t i = 0; i < (size_t)rows * S; i++) {
        int label = (int)t->label[i];
        if (loss->use_ignore_label && label == loss->ignore_label)
            continue;
        if (label < 0 || label >= loss->classes)
            return gradus_refuse(loss, "sample %d, position %d: label %d, "
                                 "classes are 0..%d", index[i / S],
                                 (int)(i % S), label, loss->classes - 1);
    }
    return 0;
}

int gradus_sweep_prepare(gradus_graph *g, const int *index, int from, int n,
                         int training)
{
    gradus_rows all = { 0, n, training, g->index };

    g->rows = 0;
    for (int i = 0; i < n; i++)
        g->index[i] = index ? index[i] : from + i;
    for (int i = 0; i < g->count; i++) {
        gradus_node *x = g->node[i];
        if ((x->kind != GRADUS_COMPUTED && check_rows(x, g->index, n)) ||
            (x->is_loss && check_labels(x, g->index, n)) ||
            (x->op->prepare && x->op->prepare(x, all)))
            return -1;
    }
    return 0;
}

static int begin(gradus_graph *g, const int *index, int from, int n,
                 int training)
{
    if (!g || !g->max_batch)
        return gradus_error_set("forward: a compiled graph wanted");
    if (n < 1 || n > g->max_batch)
        return gradus_error_set("forward: a batch of %d rows, 1 to %d wanted "
                                "(the graph is compiled for so many)", n,
                                g->max_batch);
    g->rows = 0;
    g->stale = 1;
    if (gradus_sweep_prepare(g, index, from, n, training))
        return -1;
    g->rows = n;
    g->training = training;
    g->moved = 0;
    return 0;
}

double gradus_sweep_loss(const gradus_node *loss, int rows)
{
    double sum = 0;

    for (int i = 0; i < rows; i++)
        sum += loss->loss[i];
    return loss->weight * sum / (loss->divisor > 0 ? loss->divisor : 1);
}

static int check_loss(gradus_graph *g)
{
    double loss = gradus_loss(g);

    if (isfinite(loss))
        return 0;
    gradus_diagnose_loss(g, loss);
    g->rows = 0;
    return -1;
}

double gradus_loss(const gradus_graph *g)
{
    double sum = 0;

    if (!g || !g->rows)
        return NAN;
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->is_loss)
            sum += gradus_sweep_loss(g->node[i], g->rows);
    return sum;
}

/* ---- what users call ------------------------------------------------- */

int gradus_sweep_forward(gradus_graph *g, const int *index, int from, int n,
                         int training)
{
    if (begin(g, index, from, n, training))
        return -1;
    gradus_blas_enter();
    run_slices(g, FORWARD);
    gradus_blas_leave();
    return check_loss(g);
}

int gradus_forward(gradus_graph *g, const int *index, int n)
{
    return gradus_sweep_forward(g, index, 0, n, 1);
}

int gradus_sweep_check_loss(const gradus_graph *g)
{
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->is_loss)
            return 0;
    return gradus_error_set("the graph has no loss to train on");
}

int gradus_backward(gradus_graph *g)
{
    if (!g || !g->rows)
        return gradus_error_set("gradus_backward: no forward has succeeded "
                                "before it");
    if (!g->training)
        return gradus_error_set("gradus_backward: the last forward was an "
                                "evaluation's; call gradus_forward first");
    if (g->moved)
        return gradus_error_set("gradus_backward: the parameters have changed "
                                "since the last forward; call gradus_forward "
                                "first");
    if (gradus_sweep_check_loss(g))
        return -1;
    gradus_blas_enter();
    run_slices(g, BACKWARD);
    int status = run_tiles(g);
    gradus_blas_leave();
    return status;
}

int gradus_step(gradus_optimiser *o)
{
    if (!o)
        return gradus_error_set("gradus_step: the optimiser is NULL");
    gradus_graph *g = o->graph;
    if (g->stale)
        return gradus_error_set("gradus_step: the gradients are older than "
                                "the last forward; call gradus_backward "
                                "first");
    sweep s = { .g = g };
    share(&s, check_job, g->tiles);
    if (atomic_load(&s.bad))
        return gradus_diagnose_gradients(g);
    run_update(o);
    return 0;
}

int gradus_train_step(gradus_optimiser *o, const int *index, int n)
{
    if (!o)
        return gradus_error_set("gradus_train_step: the optimiser is NULL");
    gradus_graph *g = o->graph;
    if (gradus_sweep_check_loss(g) || begin(g, index, 0, n, 1))
        return -1;
    gradus_blas_enter();
    run_slices(g, FORWARD | BACKWARD);
    int status = check_loss(g) || run_tiles(g);
    if (!status)
        run_update(o);
    gradus_blas_leave();
    return status ? -1 : 0;
}
