/* step.c -- forward, backward and step, for one batch at a time.
 *
 * Before anything is computed, a batch's labels and weights are gathered and
 * checked.  The passes themselves are in rows.c and tiles.c, and the update of
 * the parameters is in update.c.  The fields that decide which call may come
 * next are described at struct gradus_graph. */
#include "run/run.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/gemm.h"
#include "graph/cut.h"
#include "graph/gather.h"
#include "graph/ranks.h"
#include "graph/stages.h"
#include "optim/optimiser.h"

#include <math.h>
#include <string.h>

/* ---- the data of a batch ------------------------------------------------ */

/* Checks that the rows of the batch are among those that data node n was
 * fed. */
static int check_rows(const gradus_node *n, const gradus_batch *b)
{
    if (!n->fed.rows)
        return gradus_refuse(n, "nothing was fed to it; call gradus_feed%s",
                             n->kind == GRADUS_KIND_LABELS ? "_labels" :
                             " (or gradus_infer, to predict)");
    for (int i = 0; i < b->rows; i++)
        if (b->index[i] < 0 || (size_t)b->index[i] >= n->fed.rows)
            return gradus_refuse(n, "row %d is asked for; must be 0 to %zu, "
                                 "as %zu rows were fed", b->index[i],
                                 n->fed.rows - 1, n->fed.rows);
    return 0;
}

/* label [B,S] = the labels fed for the rows of the batch; S is the number of
 * labels of a row. */
static void gather_labels(gradus_node *n, const gradus_batch *b)
{
    size_t S = (size_t)n->size;

    for (int i = 0; i < b->rows; i++)
        memcpy(n->label + (size_t)i * S,
               n->fed.labels + (size_t)b->index[i] * S, S * sizeof *n->label);
}

/* y [B] = the weights fed for the rows of the batch, one for each row. */
static int gather_weights(gradus_node *n, const gradus_batch *b)
{
    for (int i = 0; i < b->rows; i++) {
        gradus_real w = n->fed.x[b->index[i]];
        if (!(w >= 0 && isfinite(w)))
            return gradus_refuse(n, "the weight of sample %d is %g; must be "
                                 "finite and at least 0", b->index[i],
                                 (double)w);
        n->y[i] = w;
    }
    return 0;
}

/* Checks a data node's rows, and gathers them if they are labels or weights.
 * These are gathered here, on the calling thread, because a loss is divided by
 * the weight of the whole batch, which must be known before the first slice is
 * computed.  Inputs gather their rows in their forward, slice by slice. */
static int take_data(gradus_node *n, const gradus_batch *b)
{
    if (n->kind == GRADUS_KIND_COMPUTED)
        return 0;
    if (check_rows(n, b))
        return -1;
    if (n->kind == GRADUS_KIND_LABELS)
        gather_labels(n, b);
    return n->kind == GRADUS_KIND_WEIGHTS ? gather_weights(n, b) : 0;
}

/* Checks that each label of a loss over K classes is 0 .. K-1 or the label to
 * be ignored, so that no loss has to check it in its forward. */
static int check_labels(const gradus_loss_node *l, const gradus_batch *b)
{
    const gradus_node *n = &l->node, *t = n->in[1]; /* NULL: no targets */

    if (!l->classes || !t || t->kind != GRADUS_KIND_LABELS)
        return 0;
    size_t S = (size_t)t->size;
    for (size_t i = 0; i < (size_t)b->rows * S; i++) {
        int label = (int)t->label[i];
        if (l->use_ignore_label && label == l->ignore_label)
            continue;
        if (label < 0 || label >= l->classes)
            return gradus_refuse(n, "sample %d, position %d: the label is %d; "
                                 "must be 0 to %d", b->index[i / S],
                                 (int)(i % S), label, l->classes - 1);
    }
    return 0;
}

/* Takes the data of the batch `all` that n brings in, checks it and, if n is a
 * loss, finds its divisor D over the whole batch. */
static int prepare_node(gradus_node *n, gradus_part all)
{
    gradus_loss_node *l = gradus_as_loss(n);

    if (take_data(n, all.batch) || (l && check_labels(l, all.batch)))
        return -1;
    if (l && n->op->loss->divisor)
        l->divisor = n->op->loss->divisor(n, all);
    return n->op->check ? n->op->check(n, all) : 0;
}

int gradus_prepare(gradus_graph *g, const int *index, int from, int n,
                   bool training)
{
    gradus_part all = { .rows = n, .batch = &g->batch };
    gradus_mode mode;
    int status = 0;

    g->batch = (gradus_batch){ .rows = n, .training = training,
                               .index = g->index, .seed = g->seed,
                               .pass = g->passes };
    for (int i = 0; i < n; i++)
        g->index[i] = index ? index[i] : from + i;
    gradus_mode_enter(&mode);
    for (int i = 0; i < g->count && !status; i++)
        status = prepare_node(g->node[i], all);
    gradus_mode_leave(&mode);
    if (status)
        g->batch.rows = 0;
    return status;
}

/* Makes these rows the batch at hand, ready for a forward pass.  A graph that
 * is not compiled or an impossible n is refused first, and then nothing has
 * changed.  If the data are refused, there is no batch at hand any more, and
 * the gradients count as old. */
static int begin(gradus_graph *g, const int *index, int from, int n,
                 bool training)
{
    if (gradus_need_compiled(g, "gradus_forward"))
        return -1;
    const bool fits = n >= 1 && n <= g->max_batch;
    uint64_t rows = GRADUS_HASH_OF_NOTHING;
    int status = -1;
    if (fits) {
        g->gradients_old = true;
        status = gradus_prepare(g, index, from, n, training);
        if (!status && g->ranks->size > 1)
            rows = gradus_hash(rows, g->index, (size_t)n * sizeof *g->index);
    } else {
        gradus_error_set("the batch has %d rows; must be 1 to %d, the graph's "
                         "max_batch", n, g->max_batch);
    }
    if (gradus_compare_ranks(g, status, "batch", "%d rows (a hash of their "
                             "numbers, %016jx) to %s after %ju passes", n,
                             (uintmax_t)rows, training ? "train on"
                                                       : "evaluate",
                             (uintmax_t)g->passes)) {
        g->batch.rows = fits ? 0 : g->batch.rows;
        return -1;
    }
    g->params_changed = false;
    return 0;
}

/* ---- the loss ----------------------------------------------------------- */

/* What loss node l contributes to the loss of the batch at hand, which has
 * `rows` rows:  weight (loss[0] + .. + loss[rows-1]) / D,  where D is
 * l->divisor, or 1 if that is 0. */
static double loss_of(const gradus_loss_node *l, int rows)
{
    double sum = 0;

    for (int i = 0; i < rows; i++)
        sum += l->loss[i];
    return l->weight * sum / (l->divisor > 0 ? l->divisor : 1); /* (T1) */
}

double gradus_loss(const gradus_graph *g)
{
    double sum = 0;
    gradus_mode mode;

    if (!g || !g->batch.rows)
        return NAN;
    gradus_mode_enter(&mode);
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->op->loss)
            sum += loss_of(gradus_as_loss(g->node[i]), g->batch.rows);
    gradus_mode_leave(&mode);
    return sum;
}

int gradus_need_loss(const gradus_graph *g)
{
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->op->loss)
            return 0;
    return gradus_error_set("the graph has no loss; add one, such as "
                            "gradus_softmax_ce, before gradus_compile");
}

/* Gathers the losses of the rows that other ranks have computed.  If the
 * batch's loss is NaN or infinite, says where that came from. */
static int check_loss(gradus_graph *g)
{
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->op->loss &&
            gradus_gather_rows(g, gradus_as_loss(g->node[i])->loss,
                               sizeof(double)))
            return -1;
    double loss = gradus_loss(g);
    if (isfinite(loss))
        return 0;
    return gradus_gather_values(g, false) ? -1 : gradus_diagnose_loss(g, loss);
}

/* ---- what users call ---------------------------------------------------- */

/* Takes the batch at hand through the passes `what` (see stages.h).  A slice
 * goes backward as soon as it has gone forward, while it is in the cache.  If
 * both passes run, a loss that is not finite is therefore noticed only after
 * phase 1, but still before the parameters are updated. */
static int run(gradus_graph *g, int what, bool add)
{
    gradus_mode mode;

    gradus_compute_enter(&mode);
    int status = gradus_run_rows(g, what, add);
    if (!status && what & GRADUS_FORWARD) {
        status = check_loss(g);
        if (status) /* no backward can follow */
            g->batch.rows = 0;
    }
    if (!status && what & GRADUS_BACKWARD)
        status = gradus_run_tiles(g, add);
    gradus_compute_leave(&mode);
    return status;
}

int gradus_run_forward(gradus_graph *g, const int *index, int from, int n,
                       bool training)
{
    if (begin(g, index, from, n, training))
        return -1;
    return run(g, GRADUS_FORWARD, false);
}

int gradus_forward(gradus_graph *g, const int *index, int n)
{
    if (gradus_run_forward(g, index, 0, n, true))
        return -1;
    return gradus_gather_values(g, false);
}

/* gradus_backward, or gradus_backward_add if `add` is set. */
static int back(gradus_graph *g, bool add)
{
    if (!g || !g->batch.rows)
        return gradus_error_set("gradus_backward: %s", g ? "no forward has "
                                "run, or the last one failed; call "
                                "gradus_forward first" : "the graph is NULL");
    if (!g->batch.training)
        return gradus_error_set("gradus_backward: the last forward was an "
                                "evaluation's; call gradus_forward first");
    if (g->params_changed)
        return gradus_error_set("gradus_backward: the parameters have changed "
                                "since the last forward; call gradus_forward "
                                "first");
    if (gradus_need_loss(g))
        return -1;
    if ((add && gradus_gather_parameters(g, g->grad, -1)) || /* after a step a
                                        rank has those of its tiles alone */
        run(g, GRADUS_BACKWARD, add) ||
        gradus_gather_parameters(g, g->grad, -1))
        return -1;
    return gradus_gather_values(g, true);
}

int gradus_backward(gradus_graph *g)
{
    return back(g, false);
}

int gradus_backward_add(gradus_graph *g)
{
    return back(g, true);
}

/* The gradients are checked again here, although backward has checked its own,
 * since the caller may have changed them in between. */
int gradus_step(gradus_optimiser *o)
{
    if (!o)
        return gradus_error_set("gradus_step: the optimiser is NULL");
    gradus_graph *g = o->graph;
    if (g->gradients_old)
        return gradus_error_set("gradus_step: the gradients belong to an "
                                "earlier batch or to other parameters; call "
                                "gradus_forward and gradus_backward first");
    if (gradus_check_finite_gradients(g, o->steps % GRADUS_THETA_EVERY == 0))
        return -1;
    return gradus_run_update(o);
}

int gradus_train_step(gradus_optimiser *o, const int *index, int n)
{
    if (!o)
        return gradus_error_set("gradus_train_step: the optimiser is NULL");
    gradus_graph *g = o->graph;
    if (gradus_need_loss(g) || begin(g, index, 0, n, true) ||
        run(g, GRADUS_FORWARD | GRADUS_BACKWARD, false))
        return -1;
    return gradus_run_update(o);
}
