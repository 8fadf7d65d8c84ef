/* run.h -- takes a batch through the graph, part by part, on all threads.
 *
 * A training step has two phases.  In each, threads write to different memory,
 * so that they need no locks and never add to a common sum:
 *
 *   1. rows.c is parallel over samples.  A thread takes a slice of the batch's
 *      rows through the whole net, forward node by node and back again.
 *   2. tiles.c is parallel over weights.  A thread takes a tile of the
 *      parameters and computes its gradient over the whole batch.  A large
 *      batch is processed in several pieces, so that the rows are still in the
 *      cache when the next tile reads them.
 *
 * Once every gradient is known to be finite, update.c lets the optimiser
 * update the parameters, in parallel as well.  graph/cut.h says how slices and
 * tiles are cut. */
#ifndef GRADUS_RUN_H
#define GRADUS_RUN_H

#include "graph/graph.h"

/* Calls job(arg, item, thread) once for each of the items 0 .. items-1, and
 * returns when all calls have returned.  The calls run on all threads, or on
 * the calling thread alone if the batch at hand is so small that waking the
 * others would cost more than it saves. */
void gradus_run_jobs(const gradus_graph *g,
                     void (*job)(void *arg, int item, int thread), void *arg,
                     int items);

/* Computes y [p.rows,size] of the nodes from .. end-1 of an array, in which
 * operands come first, for the rows of p and all units.  Skips NULL elements,
 * fused nodes, and nodes without a forward. */
void gradus_run_nodes(gradus_node *const *node, int from, int end,
                      gradus_part p);

/* Runs phase 1 for the batch at hand; `what` is GRADUS_FORWARD,
 * GRADUS_BACKWARD or both (see stages.h).  Mixing layers, such as batch
 * normalisation, are the only ones whose parameters' gradient is complete
 * after it: that is added to what dw holds if `add` is set, and replaces it
 * otherwise.  Returns 0, or -1 with a message if an exchange fails. */
int gradus_run_rows(gradus_graph *g, int what, bool add);

/* A parameter or gradient of an absolute value up to this one cannot make a
 * step overflow (see update.c). */
#define GRADUS_MODERATE ((gradus_real)1e12)

/* In every so many passes, or steps, the parameters are looked at, too. */
enum { GRADUS_THETA_EVERY = 64 };

/* Runs phase 2 for the batch at hand, which phase 1 has taken backward:
 * computes the gradient of every parameter, and adds it to what dw holds if
 * `add` is set.  Returns 0, and then the gradients belong to the last forward;
 * or -1, with a message that names the node and the parameter, if a gradient
 * is not finite.  Sets g->large in either case. */
int gradus_run_tiles(gradus_graph *g, bool add);

/* Adds up the gradients that all ranks have of their pieces, for the
 * parameters that this rank updates; the gradients of others remain sums over
 * this rank's pieces.
 * Returns 0, or -1 with a message. */
int gradus_unite_gradients(gradus_graph *g);

/* to[k] += from[k] for k < n: an addition of (T4). */
static inline void gradus_add_to(gradus_real *restrict to,
                                 const gradus_real *restrict from, size_t n)
{
    for (size_t k = 0; k < n; k++)
        to[k] += from[k];
}

/* Returns 0 if all gradients are finite; else -1, with a message that names
 * the first one that is not.  Sets g->large in either case, and looks at the
 * parameters for that if `theta` is set. */
int gradus_check_finite_gradients(gradus_graph *g, bool theta);

/* Takes one step of the optimiser with the gradients at hand, which the caller
 * has found to be finite: clips them, updates theta, and counts the step.
 * Returns 0; or -1, with a message, if a parameter or a number of the
 * optimiser's state would become infinite: then all of these are as they were
 * before. */
int gradus_run_update(gradus_optimiser *o);

/* ----- diagnose.c: where a NaN or an infinite number came from ----------- */

/* Sets a message that names the node, the row of the batch, the sample of the
 * fed data and the value that made the batch's `loss` NaN or infinite.
 * Returns -1 in any case. */
int gradus_diagnose_loss(const gradus_graph *g, double loss);

/* Returns the place of the largest |v| of v [n]; a NaN is larger than all
 * others. */
size_t gradus_largest(const gradus_real *v, size_t n);

/* Returns 0 if all gradients are finite; else -1, with a message that names
 * the first parameter whose gradient is NaN or infinite and, if `of_batch`
 * says that the gradients are those of the batch at hand, the first value that
 * is so or, if all are finite, the row in which the gradient of its node's
 * value is largest. */
int gradus_diagnose_gradients(const gradus_graph *g, bool of_batch);

/* ----- step.c: the batch at hand ----------------------------------------- */

/* All of these return 0, or -1 with a message. */

/* Like gradus_forward, but with layers as in training or as in inference.  The
 * batch consists of the n fed rows index[0..n-1], or from .. from+n-1 if index
 * is NULL. */
int gradus_run_forward(gradus_graph *g, const int *index, int from, int n,
                       bool training);

/* Gathers the labels and row weights of a batch, given as above, and checks
 * that every data node has been fed those rows, that labels and weights are
 * valid, and what each op's `check` checks.  Computes no values apart from the
 * divisors of the losses.  The rows are then the batch at hand; if they are
 * refused, there is none (batch.rows is 0). */
int gradus_prepare(gradus_graph *g, const int *index, int from, int n,
                   bool training);

/* Returns 0 if the graph has a loss, else -1 with a message.  Without a loss
 * all gradients would be 0, and training would silently do nothing. */
int gradus_need_loss(const gradus_graph *g);

#endif
