/* infer.c -- inference: the forward pass alone, on the calling thread.
 *
 * A workspace holds copies of the nodes that the output depends on.  They
 * share the graph's parameters, which inference only reads, but have values y
 * of their own.  The layers' forward functions can therefore be called on them
 * unchanged, and several threads can infer at once, each with a workspace.
 */
#include "run/run.h"

#include "base/error.h"
#include "base/gemm.h"
#include "base/memory.h"
#include "graph/cut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A workspace owns the copies of the nodes and the block.  The operands that a
 * copy reads, and its result, are copies in the same workspace; its parameters
 * and settings are the graph's own, so the graph must outlive the
 * workspace. */
struct gradus_workspace {
    int max_batch;         /* rows that every array has room for */
    bool has_values;       /* the last inference has succeeded */
    gradus_node *input, *output; /* the only data node among the copies, and
                                    the node whose y [n,size] is returned */
    int *index;            /* [max_batch]: 0, 1, 2, .. */
    gradus_real *scratch;  /* as much as each thread of the graph has */
    void *block;           /* the memory of index, scratch and every y */
    int count;             /* nodes of the graph */
    gradus_node *node[];   /* [count], the copy of each node, by id; NULL if
                              the output does not depend on it */
};

/* ---- a workspace -------------------------------------------------------- */

/* The node whose value inference returns: the graph's last loss, or its last
 * node if it has no loss. */
static const gradus_node *output_of(const gradus_graph *g)
{
    for (int i = g->count; i-- > 0;)
        if (g->node[i]->op->loss)
            return g->node[i];
    return g->node[g->count - 1];
}

/* Copies n, unless it is copied already; those of its users that the output
 * depends on have been copied before.  Refuses a second data node, and one
 * that is not an input. */
static int copy(gradus_workspace *w, const gradus_node *n)
{
    size_t bytes = gradus_info(n)->bytes;

    if (w->node[n->id])
        return 0;
    if (n->kind != GRADUS_KIND_COMPUTED &&
        (w->input || n->kind != GRADUS_KIND_VALUES))
        return gradus_refuse(w->output ? w->output : n, "inference needs an "
                             "output that depends on one input alone, and "
                             "this one depends on %s, too", n->name);
    gradus_node *c = w->node[n->id] = malloc(bytes);
    if (!c)
        return gradus_no_memory("a workspace");
    memcpy(c, n, bytes);
    c->result = w->node[n->result->id]; /* n's user, or c itself */
    c->y = c->dy = c->kept = NULL;
    if (c->kind == GRADUS_KIND_VALUES)
        w->input = c;
    if (c->op->loss)
        gradus_as_loss(c)->loss = NULL;
    return 0;
}

/* Copies the output and all the nodes that it depends on, users before their
 * operands.  Of a loss's operands only the first (its logits, or its
 * prediction) is copied: as the copy's `loss` is NULL, its forward computes y
 * alone and needs no targets. */
static int copy_all(gradus_workspace *w, const gradus_node *output)
{
    if (copy(w, output))
        return -1;
    w->output = w->node[output->id];
    for (int i = output->id; i >= 0; i--) {
        gradus_node *c = w->node[i];
        int operands = !c ? 0 : c->op->loss && c->n_in ? 1 : c->n_in;
        for (int j = 0; j < operands; j++) {
            if (copy(w, c->in[j]))
                return -1;
            c->in[j] = w->node[c->in[j]->id];
        }
    }
    return 0;
}

/* Takes the workspace's arrays from the plan: index [max_batch], scratch, what
 * nodes keep, and y [max_batch,size] of each that has a value of its own. */
static void plan(gradus_workspace *w, const gradus_graph *g, gradus_plan *p)
{
    w->index = gradus_plan_take(p, 1, (size_t)w->max_batch, sizeof *w->index);
    w->scratch = gradus_plan_take(p, 1, g->scratch_size, sizeof *w->scratch);
    for (int i = 0; i < w->count; i++) {
        gradus_node *n = w->node[i];
        if (n)
            n->cached = gradus_plan_take(p, 1, n->cache, sizeof *n->cached);
        if (n && n->result == n)
            n->y = gradus_plan_take(p, (size_t)w->max_batch, (size_t)n->size,
                                    sizeof *n->y);
    }
}

/* Walks the plan twice: first to find its size, then to hand the memory
 * out. */
static int allocate(gradus_workspace *w, const gradus_graph *g)
{
    gradus_plan p = { 0 };

    plan(w, g, &p);
    w->block = gradus_plan_allocate(&p);
    if (!w->block)
        return gradus_no_memory("inference on batches of %d rows, %zu bytes; "
                                "try smaller ones", w->max_batch, p.used);
    plan(w, g, &p);
    for (int i = 0; i < w->max_batch; i++)
        w->index[i] = i;
    return 0;
}

/* Copies the nodes and allocates their arrays.  On failure the caller frees
 * the workspace, whatever has been made of it. */
static int build(gradus_workspace *w, const gradus_graph *g, int max_batch)
{
    const gradus_node *output = output_of(g);

    w->max_batch = max_batch;
    w->count = g->count;
    if (copy_all(w, output))
        return -1;
    if (!w->input)
        return gradus_refuse(output, "inference needs an output that depends "
                             "on one input, and this depends on none");
    return allocate(w, g);
}

static int check_graph(const gradus_graph *g, int max_batch)
{
    if (gradus_need_compiled(g, "gradus_workspace_new"))
        return -1;
    if (max_batch < 1)
        return gradus_error_set("gradus_workspace_new: max_batch is %d; must "
                                "be at least 1", max_batch);
    return 0;
}

gradus_workspace *gradus_workspace_new(const gradus_graph *g, int max_batch)
{
    if (check_graph(g, max_batch))
        return NULL;
    gradus_workspace *w =
        calloc(1, sizeof *w + (size_t)g->count * sizeof *w->node);
    if (!w)
        gradus_no_memory("a workspace");
    else if (build(w, g, max_batch) == 0)
        return w;
    gradus_workspace_free(w);
    return NULL;
}

void gradus_workspace_free(gradus_workspace *w)
{
    if (!w)
        return;
    for (int i = 0; i < w->count; i++)
        free(w->node[i]);
    free(w->block);
    free(w);
}

/* ---- inference ---------------------------------------------------------- */

/* Which of the n numbers v is the first that is not finite; n if none is.  The
 * first loop, which mostly is the only one, uses vectors. */
static size_t first_bad(const gradus_real *v, size_t n)
{
    size_t at = 0;
    int bad = 0;

    for (size_t i = 0; i < n; i++)
        bad |= !isfinite(v[i]);
    while (bad && isfinite(v[at]))
        at++;
    return bad ? at : n;
}

/* Which value of this row of x is the first that is not finite, and not a NaN
 * that stands for a missing value; x's size if none is. */
static size_t first_bad_input(const gradus_node *x, size_t row)
{
    const size_t size = (size_t)x->size;
    const gradus_real *v = x->fed.x ? x->fed.x + row * size : NULL;
    const bool missing = gradus_attr_values(x->attr, "missing", NULL) != NULL;
    size_t at = 0;

    while (v && at < size && (isfinite(v[at]) || (missing && isnan(v[at]))))
        at++;
    return v ? at : size;
}

/* Returns y [n,size] if all its values are finite; else NULL, with a message
 * that names the first value that is not, in the row of x if there is one. */
static const gradus_real *checked_output(const gradus_workspace *w, int n)
{
    const gradus_node *x = w->input, *y = w->output;
    size_t in = (size_t)x->size, size = (size_t)y->size;
    size_t at = first_bad(y->y, (size_t)n * size), row = at / size;

    if (row == (size_t)n)
        return y->y;
    size_t k = first_bad_input(x, row);
    if (k < in)
        gradus_error_set("gradus_infer: row %zu: value %zu of x is %g; must "
                         "be finite", row, k, (double)x->fed.x[row * in + k]);
    else
        gradus_error_set("gradus_infer: row %zu: value %zu of %s is %g, and x "
                         "is finite: check the parameters", row, at % size,
                         y->name, (double)y->y[at]);
    return NULL;
}

static int check(const char *function, const gradus_workspace *w,
                 gradus_fed fed, int n)
{
    if (!w || (!fed.x && !fed.u8))
        return gradus_error_set("%s: the %s is NULL", function,
                                w ? "data" : "workspace");
    if (n < 1 || n > w->max_batch)
        return gradus_error_set("%s: got %d rows; must be 1 to %d, the "
                                "workspace's max_batch", function, n,
                                w->max_batch);
    return 0;
}

/* Feeds the input, and takes its n rows through the net.  All nodes compute
 * GRADUS_INFER_ROWS rows before the next rows begin.  What a loss checks are
 * its targets, and there are none. */
static const gradus_real *infer(const char *function, gradus_workspace *w,
                                gradus_fed fed, int n)
{
    if (w)
        w->has_values = false;
    if (check(function, w, fed, n))
        return NULL;
    const gradus_batch b = { .rows = n, .index = w->index };
    gradus_mode mode;
    w->input->fed = fed;
    w->input->fed.rows = (size_t)n;
    for (int i = 0; i < w->count; i++)
        if (w->node[i] && w->node[i]->op->check && !w->node[i]->op->loss &&
            w->node[i]->op->check(w->node[i],
                                  (gradus_part){ .rows = n, .batch = &b }))
            return NULL;
    gradus_compute_enter(&mode);
    for (int row = 0, rows; row < n; row += rows) {
        rows = n - row < GRADUS_INFER_ROWS ? n - row : GRADUS_INFER_ROWS;
        gradus_part p = {
            .row = row,
            .rows = rows,
            .scratch = w->scratch,
            .batch = &b,
        };
        gradus_run_nodes(w->node, 0, w->count, p);
    }
    gradus_compute_leave(&mode);
    const gradus_real *y = checked_output(w, n);
    w->has_values = y != NULL;
    return y;
}

const gradus_real *gradus_infer(gradus_workspace *w, const gradus_real *x,
                                int n)
{
    return infer("gradus_infer", w, (gradus_fed){ .x = x }, n);
}

const gradus_real *gradus_infer_u8(gradus_workspace *w, const uint8_t *pixels,
                                   int n)
{
    return infer("gradus_infer_u8", w, (gradus_fed){ .u8 = pixels }, n);
}

/* Checks that the workspace computes a value of n, in an array of its own, and
 * has computed it. */
static int check_value(const gradus_workspace *w, const gradus_node *n)
{
    if (!w || !n)
        return gradus_error_set("gradus_infer_value: the %s is NULL",
                                w ? "node" : "workspace");
    if (n->graph != w->output->graph)
        return gradus_refuse(n, "is of another graph; must be of the graph "
                             "that the workspace was made for");
    if (!w->node[n->id])
        return gradus_refuse(n, "has no value in inference, as that of %s "
                             "does not depend on it", w->output->name);
    if (gradus_need_own_value(n))
        return -1;
    if (!w->has_values)
        return gradus_refuse(n, "has no value before a gradus_infer succeeds");
    return 0;
}

/* All rows of y are there, since each part of them writes to its own. */
const gradus_real *gradus_infer_value(const gradus_workspace *w,
                                      const gradus_node *n)
{
    return check_value(w, n) ? NULL : w->node[n->id]->y;
}
