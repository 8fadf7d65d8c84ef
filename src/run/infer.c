/* infer.c -- forward alone, in memory of the caller's own.
 *
 * A workspace holds copies of the nodes that the output depends on.  They
 * share the graph's parameters, which nobody here writes, and have values of
 * their own; so the layers' forward functions serve as they are.
 */
#include "base/gemm.h"
#include "base/error.h"
#include "graph/graph.h"
#include "base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct gradus_workspace {
    int max_batch;
    int count;
    gradus_node **node; /* [graph's nodes], NULL where not depended on */
    gradus_node *input, *output;
    int *index; /* [max_batch], 0, 1, 2 .. */
    gradus_real *scratch;
    size_t scratch_size;
    void *block;
};

/* The last loss, or without one the last node. */
static const gradus_node *output_of(const gradus_graph *g)
{
    for (int i = g->count; i-- > 0;)
        if (g->node[i]->is_loss)
            return g->node[i];
    return g->node[g->count - 1];
}

/* A copy of n and of all it depends on; of a loss, the logits alone. */
static gradus_node *copy(gradus_workspace *w, const gradus_node *n)
{
    if (w->node[n->id])
        return w->node[n->id];
    gradus_node *c = malloc(n->bytes);
    if (!c) {
        gradus_error_set("out of memory for a workspace");
        return NULL;
    }
    memcpy(c, n, n->bytes);
    w->node[n->id] = c;
    c->y = c->dy = c->kept = NULL;
    c->loss = NULL;
    memset(&c->fed, 0, sizeof c->fed);
    for (int j = 0; j < n->n_in && !(n->is_loss && j); j++) {
        c->in[j] = copy(w, n->in[j]);
        if (!c->in[j])
            return NULL;
    }
    return c;
}

/* The one node that is to be fed. */
static int find_input(gradus_workspace *w)
{
    for (int i = 0; i < w->count; i++) {
        gradus_node *n = w->node[i];
        if (!n || n->kind == GRADUS_COMPUTED)
            continue;
        if (w->input || n->kind != GRADUS_VALUES)
            return gradus_fail(n, "a workspace wants an output that depends "
                               "on one input alone"), -1;
        w->input = n;
    }
    return 0;
}

static void plan(gradus_workspace *w, gradus_plan *p)
{
    w->index = gradus_plan_take(p, (size_t)w->max_batch, sizeof *w->index);
    w->scratch = gradus_plan_take(p, w->scratch_size, sizeof *w->scratch);
    for (int i = 0; i < w->count; i++) {
        gradus_node *n = w->node[i];
        if (n && n->result == n)
            n->y = gradus_plan_take(p, (size_t)w->max_batch * (size_t)n->size,
                                    sizeof *n->y);
    }
}

static int build(gradus_workspace *w, const gradus_graph *g)
{
    gradus_plan p = { 0 };

    w->node = calloc((size_t)g->count, sizeof(gradus_node *));
    if (!w->node)
        return gradus_error_set("out of memory for a workspace");
    w->count = g->count;
    w->scratch_size = g->scratch_size;
    w->output = copy(w, output_of(g));
    if (!w->output || find_input(w))
        return -1;
    for (int i = 0; i < w->count; i++)
        if (w->node[i])
            w->node[i]->result = w->node[w->node[i]->result->id];
    plan(w, &p);
    w->block = gradus_plan_allocate(&p);
    if (!w->block)
        return gradus_error_set("out of memory: %zu bytes for inference on "
                                "batches of %d; try smaller ones", p.used,
                                w->max_batch);
    plan(w, &p);
    for (int i = 0; i < w->max_batch; i++)
        w->index[i] = i;
    return 0;
}

gradus_workspace *gradus_workspace_new(const gradus_graph *g, int max_batch)
{
    if (!g || !g->max_batch || max_batch < 1) {
        gradus_error_set("gradus_workspace_new: a compiled graph and a batch "
                         "of at least 1 wanted, not %d", max_batch);
        return NULL;
    }
    gradus_workspace *w = calloc(1, sizeof *w);
    if (!w) {
        gradus_error_set("out of memory for a workspace");
        return NULL;
    }
    w->max_batch = max_batch;
    if (build(w, g)) {
        gradus_workspace_free(w);
        return NULL;
    }
    return w;
}

void gradus_workspace_free(gradus_workspace *w)
{
    if (!w)
        return;
    for (int i = 0; i < w->count; i++)
        free(w->node[i]);
    free(w->node);
    free(w->block);
    free(w);
}

static const gradus_real *checked_output(const gradus_node *y, int n)
{
    for (size_t i = 0; i < (size_t)n * y->size; i++)
        if (!isfinite(y->y[i])) {
            gradus_error_set("gradus_infer: row %zu: value %zu of %s is %g",
                             i / y->size, i % y->size, y->name,
                             (double)y->y[i]);
            return NULL;
        }
    return y->y;
}

/* All rows of most batches at once, so that large weights pass through the
 * cache once: in the slices of training, of 64 rows, a batch of 256 took
 * 784-512-512-10 1.2 times as long on a busy machine. */
static const gradus_real *run(gradus_workspace *w, int n)
{
    const int slice = 256;

    gradus_blas_enter();
    for (int from = 0; from < n; from += slice) {
        gradus_rows r = { .from = from,
                          .n = n - from < slice ? n - from : slice,
                          .slice = from / slice,
                          .index = w->index,
                          .scratch = w->scratch };
        for (int i = 0; i < w->count; i++)
            if (w->node[i] && !gradus_absorbed(w->node[i]))
                w->node[i]->op->forward(w->node[i], r);
    }
    gradus_blas_leave();
    return checked_output(w->output, n);
}

static int check(const gradus_workspace *w, const void *data, int n)
{
    if (!w || !data)
        return gradus_error_set("gradus_infer: the %s is NULL",
                                w ? "data" : "workspace");
    if (n < 1 || n > w->max_batch)
        return gradus_error_set("gradus_infer: %d rows, 1 to %d wanted (what "
                                "the workspace is for)", n, w->max_batch);
    return 0;
}

const gradus_real *gradus_infer(gradus_workspace *w, const gradus_real *x,
                                int n)
{
    if (check(w, x, n))
        return NULL;
    w->input->fed = (gradus_fed){ .x = x, .rows = (size_t)n };
    return run(w, n);
}

const gradus_real *gradus_infer_u8(gradus_workspace *w, const uint8_t *pixels,
                                   int n)
{
    if (check(w, pixels, n))
        return NULL;
    w->input->fed = (gradus_fed){ .u8 = pixels, .rows = (size_t)n };
    return run(w, n);
}
