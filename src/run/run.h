/* run.h -- a batch through the graph, part by part, on all threads.
 *
 * A step has two phases, without locks and without sums between threads:
 *
 *   1. rows.c: samples in parallel.  A thread takes a slice of the batch's
 *      rows through the whole net, forward node by node and back again.
 *   2. tiles.c: weights in parallel.  A thread takes a tile of the parameters
 *      and computes its gradient over the whole batch; if the batch is large,
 *      in several parts, so that the rows are still in the cache when the next
 *      tile reads them.
 *
 * Then update.c moves the parameters, in parallel as well, once every gradient
 * is known to be finite.  graph/cut.h says how slices and tiles are cut. */
#ifndef GRADUS_RUN_H
#define GRADUS_RUN_H

#include "graph/graph.h"

/* Calls job(arg, item, thread) for the items 0 .. items-1: on all threads, or
 * on this one if the batch at hand is too small to pay for them. */
void gradus_run_jobs(const gradus_graph *g,
                     void (*job)(void *arg, int item, int thread), void *arg,
                     int items);

/* Phase 1 of the batch at hand: GRADUS_FORWARD, GRADUS_BACKWARD or both (see
 * stages.h).  `add` is for parameters whose gradient a mixing layer computes:
 * add it to what is there. */
void gradus_run_rows(gradus_graph *g, int what, bool add);

/* Phase 2: the parameters' gradients, added to what is there if `add` is set,
 * in parts of at most tile_rows rows.  An error, which says which and where, if
 * one of them is not finite. */
int gradus_run_tiles(gradus_graph *g, bool add, int tile_rows);

/* Are all gradients finite?  Else an error that names one. */
int gradus_check_finite_gradients(gradus_graph *g);

/* Which numbers of a parameter belong to a tile: `count` of them, from number
 * `from` on. */
typedef struct {
    size_t from, count;
} gradus_range;

static inline gradus_range gradus_tile_range(gradus_tile t, int j)
{
    size_t unit = t.node->param[j].size / (size_t)t.node->units;

    return (gradus_range){ (size_t)t.unit * unit, (size_t)t.units * unit };
}

/* The optimiser's step. */
void gradus_run_update(gradus_optimiser *o);

#endif
