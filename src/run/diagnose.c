/* diagnose.c -- finds where a loss or a gradient that is not finite came from.
 *
 * For a loss it looks for the first node, in the order of the forward pass,
 * with a bad value in a row whose loss is bad, since a bad value is passed on
 * to the nodes that follow. */
#include "run/run.h"

#include "base/error.h"

#include <math.h>

/* Targets above this make losses and gradients so large that training with the
 * usual learning rates may diverge. */
enum { LARGE_TARGET = 100 };

/* A parameter above this has been made so large by an earlier step. */
enum { LARGE_PARAMETER = 1000000 };

size_t gradus_largest(const gradus_real *v, size_t n)
{
    size_t at = 0;

    for (size_t i = 1; i < n; i++)
        if (isnan(v[i]) ? !isnan(v[at])
                        : fabs((double)v[i]) > fabs((double)v[at]))
            at = i;
    return at;
}

/* Is there a NaN or infinity in this row of n's value?  If so, sets a message.
 * Where n's op computes the nodes that follow as well, the value looked at is
 * that of the last one.  -inf is allowed where it can be a mask.  An input
 * makes NaN of what is infinite, so the message has what it was fed. */
static bool is_bad(gradus_node *n, int row)
{
    const gradus_node *result = n->result;
    const size_t size = (size_t)result->size;
    const int sample = n->graph->index[row];

    if (!result->y || gradus_is_fused(n)) /* its result was looked at before */
        return false;
    for (size_t k = 0; k < size; k++) {
        gradus_real v = result->y[(size_t)row * size + k];
        if (isfinite(v) || (v == -INFINITY && !result->finite))
            continue;
        if (n->fed.x && !isfinite(n->fed.x[(size_t)sample * size + k]))
            v = n->fed.x[(size_t)sample * size + k];
        gradus_fail(n, result == n
                    ? "row %d (sample %d): value %zu%.0s is %g"
                    : "row %d (sample %d): value %zu of %s, which is computed "
                      "together with it, is %g",
                    row, sample, k, result->name, (double)v);
        return true;
    }
    return false;
}

/* Sets a message about a layer that mixes rows and has made a NaN of finite
 * numbers, because the largest of them was too large for its sums.  Returns
 * the row of that number. */
static int blame_largest(gradus_node *n)
{
    const gradus_node *x = n->in[0]->result;
    size_t size = (size_t)x->size;
    size_t largest =
        gradus_largest(x->y, (size_t)n->graph->batch.rows * size);

    gradus_fail(n, "row %zu (sample %d): value %zu of %s is %g, which is too "
                "large for the mean or the variance of the batch",
                largest / size,
                n->graph->index[largest / size], largest % size, x->name,
                (double)x->y[largest]);
    return (int)(largest / size);
}

/* Lets a loss set the message about this row, if that loss is n itself or if n
 * is its first operand and is bad: the loss knows more about its own logits
 * and targets.  True if a loss has set it. */
static bool ask_losses(const gradus_graph *g, const gradus_node *n, bool bad,
                       int row)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *loss = g->node[i];
        if (!loss->op->loss || !loss->op->loss->diagnose)
            continue;
        bool reads = loss->n_in && loss->in[0]->result == n->result;
        if ((loss == n || (bad && reads)) &&
            loss->op->loss->diagnose(loss, row))
            return true;
    }
    return false;
}

/* Is the loss of this row finite, for every loss of the graph? */
static bool loss_is_finite(const gradus_graph *g, int row)
{
    for (int i = 0; i < g->count; i++) {
        const gradus_loss_node *l = gradus_as_loss(g->node[i]);
        if (l && !isfinite(l->loss[row]))
            return false;
    }
    return true;
}

/* Sets a message about the first node of the forward pass that has a bad value
 * in a row whose loss is not finite, and returns the row; -1 if every row's
 * loss is finite.  The outer loop is the one over nodes: where a layer mixes
 * rows, as batch normalisation does, all rows are NaN after it, and only the
 * nodes before it tell in which row the NaN began. */
static int diagnose_rows(const gradus_graph *g)
{
    int first = -1; /* the first row whose loss is not finite */

    for (int i = 0; i < g->count; i++)
        for (int row = 0; row < g->batch.rows; row++) {
            if (loss_is_finite(g, row))
                continue;
            if (first < 0)
                first = row;
            bool bad = is_bad(g->node[i], row);
            if (bad && gradus_mixes(g->node[i]))
                return blame_largest(g->node[i]);
            if (ask_losses(g, g->node[i], bad, row))
                gradus_error_set("%s (row %d is sample %d)", gradus_error(),
                                 row, g->index[row]);
            else if (!bad)
                continue;
            return row;
        }
    gradus_error_set("no node has a NaN or +inf in row %d", first);
    return first;
}

/* Adds to the message what may help.  Where a loss has targets far above 1,
 * these are the likely cause.  Returns -1. */
static int advise(const gradus_graph *g)
{
    const size_t rows = (size_t)g->batch.rows;

    for (int i = 0; i < g->count; i++) {
        const gradus_node *n = g->node[i], *t = n->in[1];
        if (!n->op->loss || n->n_in < 2 || !t->y)
            continue;
        double most =
            fabs((double)t->y[gradus_largest(t->y, rows * (size_t)t->size)]);
        double y = (double)n->y[gradus_largest(n->y, rows * (size_t)n->size)];
        if (most > LARGE_TARGET && isfinite(most))
            return gradus_error_set("%s; the largest target of %s is %g, and "
                                    "the largest prediction %g: scale the "
                                    "targets to about 1", gradus_error(),
                                    n->name, most, fabs(y));
    }
    size_t at = gradus_largest(g->theta, g->parameters);
    if (g->parameters && fabs((double)g->theta[at]) > LARGE_PARAMETER)
        return gradus_error_set("%s; parameters are up to %g already, so look "
                                "at the steps before, and lower the learning "
                                "rate", gradus_error(),
                                fabs((double)g->theta[at]));
    return gradus_error_set("%s; check the data, or lower the learning rate",
                            gradus_error());
}

int gradus_diagnose_loss(const gradus_graph *g, double loss)
{
    int row = diagnose_rows(g);

    if (row < 0)
        return gradus_error_set("the loss is %g, though that of every row is "
                                "finite: scale it down "
                                "(gradus_set_loss_weight)", loss);
    gradus_error_set("the loss is %g: %s; parameters are unchanged", loss,
                     gradus_error());
    return advise(g);
}

/* Sets a message about the first bad value of the forward pass, if there is
 * one.  A loss is finite all the same where a window of a pool leaves the
 * value out; but the gradients that are products with it are not. */
static bool find_bad_value(const gradus_graph *g)
{
    for (int i = 0; i < g->count; i++)
        for (int row = 0; row < g->batch.rows; row++)
            if (is_bad(g->node[i], row))
                return true;
    return false;
}

/* Sets the message about number k of the gradient of n's parameter p; see
 * gradus_diagnose_gradients.  Always returns -1. */
static int refuse_gradient(const gradus_node *n, const gradus_param *p,
                           size_t k, bool of_batch)
{
    const gradus_graph *g = n->graph;
    const gradus_node *y = n->result;
    size_t size = (size_t)y->size;
    char where[80] = "";

    if (of_batch && find_bad_value(g)) {
        gradus_error_set("%s, and so the gradient of %s[%zu] of %s is %g; "
                         "parameters are unchanged", gradus_error(), p->name,
                         k, n->name, (double)p->dw[k]);
        return advise(g);
    }
    if (of_batch && y->dy) {
        size_t row =
            gradus_largest(y->dy, (size_t)g->batch.rows * size) / size;
        snprintf(where, sizeof where, ", and the largest gradient of its value"
                 " that of row %zu (sample %d)", row, g->index[row]);
    }
    gradus_refuse(n, "the gradient of %s[%zu] is %g%s; parameters are "
                  "unchanged", p->name, k, (double)p->dw[k], where);
    return advise(g);
}

int gradus_diagnose_gradients(const gradus_graph *g, bool of_batch)
{
    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            const gradus_param *p = &g->node[i]->param[j];
            for (size_t k = 0; k < p->size; k++)
                if (!isfinite(p->dw[k]))
                    return refuse_gradient(g->node[i], p, k, of_batch);
        }
    return 0;
}
