/* diagnose.c -- where a loss or a gradient that is not finite came from. */
#include "run/diagnose.h"

#include "base/error.h"
#include "graph/graph.h"

#include <math.h>

/* Has n, or a node that its op computes as well, a NaN or +inf in this row?
 * (-inf is a mask.)  Then sets a message. */
static bool is_bad(gradus_node *n, int row)
{
    const gradus_node *result = n->result;

    if (!result->y || gradus_is_fused(n)) /* the latter: named already */
        return false;
    for (int k = 0; k < result->size; k++) {
        gradus_real v = result->y[(size_t)row * (size_t)result->size + k];
        if (!isnan(v) && v != INFINITY)
            continue;
        if (result == n)
            gradus_fail(n, "row %d: value %d is %g", row, k, (double)v);
        else
            gradus_fail(n, "row %d: value %d of %s, which is computed together "
                        "with it, is %g", row, k, result->name, (double)v);
        return true;
    }
    return false;
}

/* Lets a loss say what is wrong in this row, if it is n itself or if n, which
 * is bad, is its operand: of its own logits and targets it knows more. */
static bool ask_losses(const gradus_graph *g, const gradus_node *n, bool bad,
                       int row)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *loss = g->node[i];
        if (!loss->op->loss || !loss->op->loss->diagnose)
            continue;
        if ((loss == n || (bad && loss->in[0]->result == n->result)) &&
            loss->op->loss->diagnose(loss, row))
            return true;
    }
    return false;
}

static bool loss_is_finite(const gradus_graph *g, int row)
{
    for (int i = 0; i < g->count; i++) {
        const gradus_loss_node *l = gradus_as_loss(g->node[i]);
        if (l && !isfinite(l->loss[row]))
            return false;
    }
    return true;
}

/* Sets a message about the first node with a value that made a row's loss NaN
 * or infinite, and returns the row; -1 if every row's loss is finite.  It goes
 * through the nodes first, and through the rows of each: where a layer mixes
 * rows, as batch normalisation does, all of them are NaN behind it, and only
 * before it the one that began. */
static int diagnose_rows(const gradus_graph *g)
{
    int first = -1;

    for (int row = g->batch.rows - 1; row >= 0; row--)
        if (!loss_is_finite(g, row))
            first = row;
    if (first < 0)
        return -1;
    for (int i = 0; i < g->count; i++)
        for (int row = first; row < g->batch.rows; row++) {
            if (loss_is_finite(g, row))
                continue;
            bool bad = is_bad(g->node[i], row);
            if (ask_losses(g, g->node[i], bad, row) || bad)
                return row;
        }
    gradus_error_set("every other value of row %d is finite", first);
    return first;
}

int gradus_diagnose_loss(const gradus_graph *g, double loss)
{
    char why[400];
    int row = diagnose_rows(g);

    if (row < 0)
        return gradus_error_set("the loss is %g, though that of every row is "
                                "finite: scale it down "
                                "(gradus_set_loss_weight)", loss);
    snprintf(why, sizeof why, "%s", gradus_error());
    return gradus_error_set("the loss is %g: %s (row %d is sample %d); "
                            "parameters are unchanged; check the data, or "
                            "lower the learning rate",
                            loss, why, row, g->index[row]);
}

int gradus_diagnose_gradients(const gradus_graph *g)
{
    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            const gradus_param *p = &g->node[i]->param[j];
            for (size_t k = 0; k < p->size; k++)
                if (!isfinite(p->dw[k]))
                    return gradus_fail(g->node[i], "the gradient of %s[%zu] "
                                       "is %g; parameters are unchanged; a "
                                       "lower learning rate may help",
                                       p->name, k,
                                       (double)p->dw[k]), -1;
        }
    return -1;
}
