/* compile.c -- from a drawn graph to one that runs: checks, memory, tiles. */
#include "base/error.h"
#include "graph/graph.h"
#include "base/memory.h"
#include "base/pool.h"
#include "run/sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_THREADS = 1024 };

static int check_node(gradus_node *n)
{
    for (int j = 0; j < n->n_in; j++)
        if (n->in[j]->kind == GRADUS_LABELS && !(n->is_loss && j))
            return gradus_refuse(n, "%s has labels, which are no numbers to "
                                 "compute with", n->in[j]->name);
    if (n->size < 1)
        return gradus_refuse(n, "has no shape; see gradus_shape");
    if (n->n_params && !n->op->gradient && !n->op->backward &&
        !n->op->sum_back)
        return gradus_refuse(n, "has parameters, and its op no gradient");
    if (n->kind == GRADUS_COMPUTED && !n->op->forward)
        return gradus_refuse(n, "computes its value, and its op has no "
                             "forward");
    return 0;
}

static int check(gradus_graph *g, int max_batch, int threads)
{
    if (!g)
        return gradus_error_set("gradus_compile: the graph is NULL");
    if (g->max_batch)
        return gradus_error_set("gradus_compile: the graph is compiled "
                                "already");
    if (*g->failure)
        return gradus_error_set("%s", g->failure);
    if (g->count == 0)
        return gradus_error_set("gradus_compile: the graph has no nodes");
    if (max_batch < 1)
        return gradus_error_set("gradus_compile: a batch of %d rows, at least "
                                "1 wanted", max_batch);
    if (threads < 0 || threads > MAX_THREADS)
        return gradus_error_set("gradus_compile: %d threads, 0 (all "
                                "processors) to %d wanted", threads,
                                MAX_THREADS);
    for (int i = 0; i < g->count; i++)
        if (check_node(g->node[i]))
            return -1;
    return 0;
}

/* Parameters first, theta and grad each in one piece, in node order. */
static void plan_parameters(gradus_graph *g, gradus_plan *p)
{
    size_t count = 0;

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            g->node[i]->param[j].offset = count;
            count += g->node[i]->param[j].size;
        }
    g->parameters = count;
    g->theta = gradus_plan_take(p, count, sizeof *g->theta);
    g->grad = gradus_plan_take(p, count, sizeof *g->grad);
    for (int i = 0; g->theta && i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            gradus_param *q = &g->node[i]->param[j];
            q->w = g->theta + q->offset;
            q->dw = g->grad + q->offset;
        }
}

static void plan_node(gradus_node *n, gradus_plan *p, size_t batch)
{
    size_t values = batch * (size_t)n->size; /* two ints: no overflow */
    size_t slices = (size_t)gradus_sweep_slices((int)batch);

    for (int j = 0; j < n->n_params && gradus_sweep_shares(n); j++)
        n->param[j].share =
            gradus_plan_take(p, slices * n->param[j].size,
                             sizeof *n->param[j].share);

    if (n->kind == GRADUS_LABELS)
        n->label = gradus_plan_take(p, values, sizeof *n->label);
    else if (n->result == n)
        n->y = gradus_plan_take(p, values, sizeof *n->y);
    if (n->result == n && n->wants_gradient)
        n->dy = gradus_plan_take(p, values, sizeof *n->dy);
    n->kept = gradus_plan_take(p, n->keep + batch * n->keep_row,
                               sizeof *n->kept);
    n->sums = gradus_plan_take(p, slices * (size_t)n->n_sums, sizeof *n->sums);
    if (n->is_loss)
        n->loss = gradus_plan_take(p, batch, sizeof *n->loss);
}

static void plan(gradus_graph *g, gradus_plan *p, size_t batch)
{
    plan_parameters(g, p);
    g->index = gradus_plan_take(p, batch, sizeof *g->index);
    g->scratch = gradus_plan_take(p, (size_t)g->threads * g->scratch_size,
                                  sizeof *g->scratch);
    for (int i = 0; i < g->count; i++)
        plan_node(g->node[i], p, batch);
}

/* What the neediest op needs, and a cache line between threads. */
static void size_scratch(gradus_graph *g)
{
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->scratch > g->scratch_size)
            g->scratch_size = g->node[i]->scratch;
    g->scratch_size = (g->scratch_size / 16 + 1) * 16;
}

/* A row meets each parameter three times, each value some. */
static void estimate_work(gradus_graph *g)
{
    g->work = g->parameters;
    for (int i = 0; i < g->count; i++)
        g->work += (size_t)g->node[i]->size;
}

static int allocate(gradus_graph *g, int max_batch)
{
    gradus_plan p = { 0 };

    plan(g, &p, (size_t)max_batch);
    g->block = gradus_plan_allocate(&p);
    if (!g->block)
        return gradus_error_set("out of memory: %zu bytes for %zu parameters "
                                "and batches of %d; try smaller batches",
                                p.used, g->parameters, max_batch);
    plan(g, &p, (size_t)max_batch);
    return 0;
}

/* How a parameter starts.  Its numbers are a stream of their own, so that they
 * do not depend on what else the graph has drawn. */
static void initialise(const gradus_param *p, uint64_t seed, uint64_t stream)
{
    double glorot = sqrt(6.0 / ((double)p->fan_in + p->fan_out));
    gradus_random r;

    gradus_random_init(&r, seed, 0, stream);
    for (size_t i = 0; i < p->size; i++)
        switch (p->how) {
        case GRADUS_ZERO:
            p->w[i] = 0;
            break;
        case GRADUS_HE:
            p->w[i] = (gradus_real)(gradus_random_normal(&r) *
                                    sqrt(2.0 / p->fan_in));
            break;
        case GRADUS_CONSTANT:
            p->w[i] = (gradus_real)p->a;
            break;
        case GRADUS_NORMAL:
            p->w[i] = (gradus_real)(gradus_random_normal(&r) * p->a);
            break;
        case GRADUS_GLOROT:
        case GRADUS_UNIFORM: {
            double a = p->how == GRADUS_GLOROT ? glorot : p->a;
            p->w[i] = (gradus_real)((2 * gradus_random_uniform(&r) - 1) * a);
            break;
        }
        }
}

/* The one operand of one other node, or NULL. */
static gradus_node *only_user(const gradus_graph *g, const gradus_node *n)
{
    gradus_node *user = NULL;

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_in; j++)
            if (g->node[i]->in[j] == n) {
                if (user)
                    return NULL;
                user = g->node[i];
            }
    return user;
}

/* As many as an op takes of the nodes that use its value and no other. */
static void absorb_users(gradus_graph *g)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i], *user;
        while (n->op->absorb && (user = only_user(g, n->result)) &&
               n->op->absorb(n, user)) {
            const gradus_node *before = n->result;
            for (int j = i; j < g->count; j++)
                if (g->node[j]->result == before)
                    g->node[j]->result = user;
        }
    }
}

/* A node's gradient reaches back where an operand's does. */
static void spread_wants(gradus_graph *g)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        for (int j = 0; j < n->n_in; j++)
            n->wants_gradient |= n->in[j]->wants_gradient && !n->is_loss;
    }
}

/* Rows that tiles see together, of 784 numbers 0.4 MB: with 256 a step of batch
 * 1,024 was measured 1.05 times as long, with all of them 1.15. */
enum { TILE_ROWS = 128 };

/* Units a tile: some 32,768 parameters, which with their gradient and a slice
 * of the batch lie well in a core's cache; in sixteens, the height of a GEMM
 * kernel's block.  It depends on shapes alone, never on the threads. */
static int tile_units(const gradus_node *n)
{
    size_t per_unit = 0;

    for (int j = 0; j < n->n_params; j++)
        per_unit += n->param[j].size / (size_t)n->units;
    size_t units = 32768 / per_unit / 16 * 16;
    return units < 16 ? 16 : units > (size_t)n->units ? n->units : (int)units;
}

/* By where the middle is among the units, so that each thread's range of tiles
 * has a fair part of every node; of one node, in order. */
static int compare_tiles(const void *a_, const void *b_)
{
    const struct gradus_piece *a = a_, *b = b_;
    double x = (a->from + a->n / 2.0) / a->node->units;
    double y = (b->from + b->n / 2.0) / b->node->units;

    return x != y ? (x > y) - (x < y) : a->node->id - b->node->id;
}

static int cut_tiles(gradus_graph *g)
{
    int count = 0;

    g->tile_rows = TILE_ROWS;
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->n_params)
            count += (g->node[i]->units - 1) / tile_units(g->node[i]) + 1;
    g->tile = calloc((size_t)count + 1, sizeof *g->tile);
    if (!g->tile)
        return gradus_error_set("out of memory for %d tiles", count);
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        for (int from = 0, k; n->n_params && from < n->units; from += k) {
            k = tile_units(n);
            k = k < n->units - from ? k : n->units - from;
            g->tile[g->tiles++] = (struct gradus_piece){ n, from, k };
        }
    }
    qsort(g->tile, (size_t)g->tiles, sizeof *g->tile, compare_tiles);
    return 0;
}

int gradus_compile(gradus_graph *g, int max_batch, int threads)
{
    if (check(g, max_batch, threads))
        return -1;
    if (threads == 0)
        threads = gradus_pool_processors();
    spread_wants(g);
    absorb_users(g);
    size_scratch(g);
    g->threads = threads;
    g->pool = gradus_pool_new(threads);
    if (!g->pool)
        return -1;
    if (cut_tiles(g) || allocate(g, max_batch)) {
        gradus_pool_free(g->pool);
        free(g->tile);
        g->pool = NULL;
        g->tile = NULL;
        g->tiles = 0;
        return -1;
    }
    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++)
            initialise(&g->node[i]->param[j], g->seed,
                       (uint64_t)i * GRADUS_MAX_PARAMS + (uint64_t)j);
    estimate_work(g);
    g->max_batch = max_batch;
    return 0;
}
