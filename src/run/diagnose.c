/* diagnose.c -- where a loss or a gradient that is not finite came from. */
#include "run/diagnose.h"

#include "base/error.h"
#include "graph/graph.h"

#include <math.h>

static int is_bad(const gradus_node *n, int row)
{
    for (int k = 0; n->y && k < n->size; k++) {
        gradus_real v = n->y[(size_t)row * n->size + k];
        if (isnan(v) || v == INFINITY)
            return gradus_fail((gradus_node *)n, "row %d: value %d is %g", row,
                               k, (double)v), 1;
    }
    return 0;
}

/* Says what made the loss of this row NaN or infinite: the first node on the
 * way whose value is; but of its own logits and targets the loss knows more,
 * and whether a -inf is a mask. */
static int diagnose_row(const gradus_graph *g, int row)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        int bad = is_bad(n, row);
        for (int j = 0; j < g->count; j++) {
            gradus_node *loss = g->node[j];
            if ((loss == n || (bad && loss->is_loss && loss->in[0] == n)) &&
                loss->op->diagnose && loss->op->diagnose(loss, row))
                return 1;
        }
        if (bad)
            return 1;
    }
    return 0;
}

/* The first row with a loss that is not finite, or -1. */
static int first_bad_row(const gradus_graph *g)
{
    for (int row = 0; row < g->rows; row++)
        for (int i = 0; i < g->count; i++)
            if (g->node[i]->is_loss && !isfinite(g->node[i]->loss[row]))
                return row;
    return -1;
}

int gradus_diagnose_loss(const gradus_graph *g, double loss)
{
    char why[400];
    int row = first_bad_row(g);

    if (row < 0)
        return gradus_error_set("the loss is %g, though that of every row is "
                                "finite: scale it down (gradus_loss_weight)",
                                loss);
    if (!diagnose_row(g, row))
        gradus_error_set("row %d: nothing else is", row);
    snprintf(why, sizeof why, "%s", gradus_error());
    return gradus_error_set("the loss is %g: %s (row %d is sample %d); "
                            "parameters are unchanged; check the data, or "
                            "lower the learning rate",
                            loss, why, row, g->index[row]);
}

/* Names the first gradient that is not finite. */
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
