/* gather.h -- how the ranks of a graph give each other what they have computed
 * of it.  All of them call these functions, which do nothing where there is
 * only one rank.  They return 0, or -1 with a message. */
#ifndef GRADUS_GATHER_H
#define GRADUS_GATHER_H

#include "graph/graph.h"

/* Have all ranks the same library, program, BLAS, seed, graph and initial
 * parameters?  status is that of what this rank has done before; a rank that
 * has another is named. */
int gradus_compare_graphs(const gradus_graph *g, int max_batch, int status);

/* Completes an array that has `bytes` bytes for each row of the batch at hand,
 * or for each of its slices, and of which each rank has its own portion. */
int gradus_gather_rows(const gradus_graph *g, void *array, size_t bytes);
int gradus_gather_slices(const gradus_graph *g, void *array, size_t bytes);

/* Completes what the batch at hand has in the nodes' y or, if `gradients` is
 * set, in their dy. */
int gradus_gather_values(const gradus_graph *g, bool gradients);

/* Completes numbers [parameters] that lie as theta does, and of which each
 * rank has those of its own tiles; on rank `to` alone unless that is -1. */
int gradus_gather_parameters(const gradus_graph *g, gradus_real *numbers,
                             int to);

#endif
