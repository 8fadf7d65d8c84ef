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
    size_t size = (size_t)x->size, largest = 0;

    for (size_t i = 0; i < (size_t)n->graph->batch.rows * size; i++)
        if (fabs((double)x->y[i]) > fabs((double)x->y[largest]))
            largest = i;
    gradus_fail(n, "row %zu (sample %d): value %zu of %s is %g, which is too "
                "large for the variance of the batch", largest / size,
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

/* The largest |v| of v [n]; infinite if there is a NaN. */
static double largest_of(const gradus_real *v, size_t n)
{
    double most = 0;

    for (size_t i = 0; i < n; i++)
        most = isnan(v[i]) ? INFINITY : fmax(most, fabs((double)v[i]));
    return most;
}

/* The largest |v| of all values v of n in the batch at hand. */
static double largest(const gradus_node *n)
{
    return largest_of(n->y, (size_t)n->graph->batch.rows * (size_t)n->size);
}

/* Returns the row from which most of the gradient of n's parameters comes: the
 * one with the largest product of an operand's value and a gradient of n's
 * value. */
static int largest_row(const gradus_node *n)
{
    const gradus_node *x = n->n_in ? n->in[0]->result : n, *y = n->result;
    size_t in = x->y ? (size_t)x->size : 0, out = y->dy ? (size_t)y->size : 0;
    double most = -1;
    int row = 0;

    for (int i = 0; i < n->graph->batch.rows; i++) {
        double product =
            (in ? largest_of(x->y + (size_t)i * in, in) : 1) *
            (out ? largest_of(y->dy + (size_t)i * out, out) : 1);
        if (product > most) {
            most = product;
            row = i;
        }
    }
    return row;
}

/* Adds to the message what may help.  Where a loss has targets far above 1,
 * these are the likely cause.  Returns -1. */
static int advise(const gradus_graph *g)
{
    for (int i = 0; i < g->count; i++) {
        const gradus_node *n = g->node[i];
        bool targets = n->op->loss && n->n_in > 1 && n->in[1]->y;
        double most = targets ? largest(n->in[1]) : 0;
        if (most > LARGE_TARGET && isfinite(most))
            return gradus_error_set("%s; the largest target of %s is %g, and "
                                    "the largest prediction %g: scale the "
                                    "targets to about 1", gradus_error(),
                                    n->name, most, largest(n));
    }
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

int gradus_diagnose_gradients(const gradus_graph *g, bool of_batch)
{
    char where[64] = "";

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            const gradus_param *p = &g->node[i]->param[j];
            for (size_t k = 0; k < p->size; k++)
                if (!isfinite(p->dw[k])) {
                    int row = of_batch ? largest_row(g->node[i]) : 0;
                    if (of_batch)
                        snprintf(where, sizeof where, ", most of it from row "
                                 "%d (sample %d)", row, g->index[row]);
                    gradus_refuse(g->node[i], "the gradient of %s[%zu] is %g%s"
                                  "; parameters are unchanged", p->name, k,
                                  (double)p->dw[k], where);
                    return advise(g);
                }
        }
    return 0;
}
