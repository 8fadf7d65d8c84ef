/* stages.h -- the stages of phase 1 of a step, and their order.
 *
 * Phase 1 takes the batch through the whole net and back.  In most nets that
 * is one stage, in which threads work on slices without waiting for each
 * other.  Where a layer mixes rows (batch normalisation), or is computed by
 * units, all threads have to wait for each other, and another stage begins. */
#ifndef GRADUS_STAGES_H
#define GRADUS_STAGES_H

#include "graph/graph.h"

/* One stage.  It begins when all threads have finished the one before. */
typedef struct gradus_stage {
    enum {
        GRADUS_STAGE_ROWS,      /* runs slices in parallel: see below */
        GRADUS_STAGE_UNITS,     /* runs the forward of `node` in parallel, for
                                   all rows, a tile of its units at a time */
        GRADUS_STAGE_UNITE,     /* calls `unite` of the mixing layer `node` on
                                   the calling thread */
        GRADUS_STAGE_UNITE_BACK /* calls its `unite_back` likewise */
    } kind;
    gradus_node *node; /* NULL in a stage of rows */

    /* Only in a stage of rows; numbers are ids of nodes.  For each slice, the
     * stage does the following in this order.  A pass that is left out has no
     * nodes (up_end is up, or down is below down_end), and a sum that is left
     * out is NULL. */
    int up, up_end;        /* forward through nodes up .. up_end - 1 */
    gradus_node *sum;      /* sums what this mixing layer needs forward */
    bool clear;            /* zeroes the gradients before the backward pass */
    int down, down_end;    /* backward through down, down - 1, .. down_end */
    gradus_node *sum_back; /* sums what this mixing layer needs backward */
} gradus_stage;

/* The passes whose stages are to be listed; both can be combined. */
enum { GRADUS_FORWARD = 1, GRADUS_BACKWARD = 2 };

/* Writes the stages of the batch at hand to g->stage and returns how many
 * there are; `what` is GRADUS_FORWARD, GRADUS_BACKWARD, or both.  The stages
 * depend on the number of rows and on whether the batch is for training. */
int gradus_list_stages(gradus_graph *g, int what);

/* An upper bound of the number of stages, for any batch of the graph. */
size_t gradus_stages_most(const gradus_graph *g);

#endif
