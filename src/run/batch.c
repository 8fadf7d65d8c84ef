/* batch.c -- a batch: are its rows and labels right, what is its loss; and the
 * calls that take it forward, backward and a step on. */
#include "run/batch.h"

#include "base/gemm.h"
#include "run/diagnose.h"
#include "base/error.h"
#include "graph/graph.h"
#include "optim/optimiser.h"
#include "run/sweep.h"

#include <math.h>

/* ---- before and after the sweep -------------------------------------- */

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

int gradus_batch_prepare(gradus_graph *g, const int *index, int from, int n,
                         int training)
{
    gradus_rows all = { .n = n, .training = training, .index = g->index };

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
    if (gradus_batch_prepare(g, index, from, n, training))
        return -1;
    g->rows = n;
    g->pass = g->passes;
    g->training = training;
    g->moved = 0;
    return 0;
}

double gradus_batch_loss(const gradus_node *loss, int rows)
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
            sum += gradus_batch_loss(g->node[i], g->rows);
    return sum;
}

/* ---- what users call ------------------------------------------------- */

int gradus_batch_forward(gradus_graph *g, const int *index, int from, int n,
                         int training)
{
    if (begin(g, index, from, n, training))
        return -1;
    gradus_blas_enter();
    gradus_sweep_rows(g, GRADUS_FORWARD, 0);
    gradus_blas_leave();
    return check_loss(g);
}

int gradus_forward(gradus_graph *g, const int *index, int n)
{
    return gradus_batch_forward(g, index, 0, n, 1);
}

int gradus_batch_check_loss(const gradus_graph *g)
{
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->is_loss)
            return 0;
    return gradus_error_set("the graph has no loss to train on");
}

static int run_backward(gradus_graph *g, int add)
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
    if (gradus_batch_check_loss(g))
        return -1;
    gradus_blas_enter();
    gradus_sweep_rows(g, GRADUS_BACKWARD, add);
    int status = gradus_sweep_tiles(g, add);
    gradus_blas_leave();
    return status;
}

int gradus_backward(gradus_graph *g)
{
    return run_backward(g, 0);
}

int gradus_backward_add(gradus_graph *g)
{
    return run_backward(g, 1);
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
    if (gradus_sweep_check(g))
        return -1;
    gradus_sweep_update(o);
    return 0;
}

int gradus_train_step(gradus_optimiser *o, const int *index, int n)
{
    if (!o)
        return gradus_error_set("gradus_train_step: the optimiser is NULL");
    gradus_graph *g = o->graph;
    if (gradus_batch_check_loss(g) || begin(g, index, 0, n, 1))
        return -1;
    gradus_blas_enter();
    gradus_sweep_rows(g, GRADUS_FORWARD | GRADUS_BACKWARD, 0);
    int status = check_loss(g) || gradus_sweep_tiles(g, 0);
    if (!status)
        gradus_sweep_update(o);
    gradus_blas_leave();
    return status ? -1 : 0;
}
