/* stages.c -- lists the stages of a batch; stages.h says what a stage is. */
#include "graph/stages.h"

#include "graph/cut.h"

/* Does node i need sums over all rows of this batch before its forward and
 * before its backward?  Mixing layers need them only in training. */
static bool mixes(const gradus_graph *g, int i)
{
    return g->batch.training && gradus_mixes(g->node[i]);
}

/* Appends a stage that does nothing yet: up_end is up, and down is below
 * down_end. */
static gradus_stage *add(gradus_graph *g, int *count, int kind,
                         gradus_node *node)
{
    gradus_stage *s = &g->stage[(*count)++];

    *s = (gradus_stage){ .kind = kind, .node = node, .down = -1 };
    return s;
}

/* Lists the stages of the forward pass: stages of rows, interrupted before
 * each node i that mixes rows or is computed by units.  A stage of units
 * computes node i, so the next stage of rows begins with node i + 1.  A stage
 * that unites sums only prepares node i, so the next one begins with that. */
static void list_forward(gradus_graph *g, int *count)
{
    gradus_stage *rows = add(g, count, GRADUS_STAGE_ROWS, NULL);

    for (int i = 1; i < g->count; i++) {
        gradus_node *n = g->node[i];
        if (!mixes(g, i) && !gradus_goes_by_units(n, g->batch.rows))
            continue;
        bool mixing = mixes(g, i);
        rows->up_end = i;
        rows->sum = mixing ? n : NULL;
        add(g, count, mixing ? GRADUS_STAGE_UNITE : GRADUS_STAGE_UNITS, n);
        rows = add(g, count, GRADUS_STAGE_ROWS, NULL);
        rows->up = mixing ? i : i + 1;
    }
    rows->up_end = g->count;
}

/* Lists the stages of the backward pass, which is interrupted before each node
 * that mixes rows, until its sums are united.  It begins in the stage of rows
 * in which the forward pass ends, so that a slice turns round while it is in
 * the cache. */
static void list_backward(gradus_graph *g, int *count)
{
    if (*count == 0)
        add(g, count, GRADUS_STAGE_ROWS, NULL);
    gradus_stage *rows = &g->stage[*count - 1];

    rows->clear = true;
    rows->down = g->count - 1;
    for (int i = g->count - 1; i > 0; i--) {
        if (!mixes(g, i))
            continue;
        rows->down_end = i + 1;
        rows->sum_back = g->node[i];
        add(g, count, GRADUS_STAGE_UNITE_BACK, g->node[i]);
        rows = add(g, count, GRADUS_STAGE_ROWS, NULL);
        rows->down = i;
    }
}

int gradus_list_stages(gradus_graph *g, int what)
{
    int count = 0;

    if (what & GRADUS_FORWARD)
        list_forward(g, &count);
    if (what & GRADUS_BACKWARD)
        list_backward(g, &count);
    return count;
}

/* Each node but the first can add two stages to the forward pass (its own, and
 * one for the rows after it), and two to the backward pass. */
size_t gradus_stages_most(const gradus_graph *g)
{
    return 4 * (size_t)g->count + 1;
}
