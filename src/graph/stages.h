/* stages.h -- the order of a step.
 *
 * Phase 1 of a step takes the batch through the whole net and back.  Most nets
 * need one stage for that.  Where a layer mixes rows, or is computed by units,
 * all threads have to wait for each other, and another stage begins. */
#ifndef GRADUS_STAGES_H
#define GRADUS_STAGES_H

#include "graph/graph.h"

typedef struct gradus_stage {
    enum {
        GRADUS_STAGE_ROWS,      /* slices in parallel: see below */
        GRADUS_STAGE_UNITS,     /* forward of `node` by units, in parallel */
        GRADUS_STAGE_UNITE,     /* unite of `node`, on the calling thread */
        GRADUS_STAGE_UNITE_BACK /* unite_back of `node`, likewise */
    } kind;
    gradus_node *node;

    /* A stage of rows takes each slice forward through the nodes up .. up_end
     * - 1, and then sums what the mixing layer `sum` needs; it clears the
     * gradients if `turn` is set; then it takes the slice back through down,
     * down - 1, .. down_end, and sums what the mixing layer sum_back needs.
     * Where there is nothing to do, up_end is up, down is below down_end, and
     * the nodes are NULL. */
    int up, up_end;
    gradus_node *sum;
    bool turn;
    int down, down_end;
    gradus_node *sum_back;
} gradus_stage;

enum { GRADUS_FORWARD = 1, GRADUS_BACKWARD = 2 };

/* Writes the stages of the batch at hand to g->stage and returns how many there
 * are; `what` is GRADUS_FORWARD, GRADUS_BACKWARD, or both. */
int gradus_list_stages(gradus_graph *g, int what);

/* The most stages that the graph's batches can have. */
size_t gradus_stages_most(const gradus_graph *g);

#endif
