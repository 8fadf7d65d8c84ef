/* ranks.h -- what the ranks of a graph do together: they send each other
 * messages, add up counts, and agree on errors.
 *
 * All ranks call these functions, but gradus_lose, in the same order.  Those
 * that return an int return 0, or -1 with a message.  A rank that is alone
 * sends nothing. */
#ifndef GRADUS_RANKS_H
#define GRADUS_RANKS_H

#include "graph/graph.h"

/* The communicator of a process that is alone. */
extern gradus_communicator gradus_alone;

/* Begins to copy what rank `from` has at `data` to `data` on rank `to`, or on
 * all others if `to` is -1.  Does nothing if there are 0 bytes, or after a
 * failure. */
void gradus_give(const gradus_graph *g, int from, int to, void *data,
                 size_t bytes);

/* Waits until all that has been begun is done. */
int gradus_wait(const gradus_graph *g);

/* To be called where this rank cannot go on, as there is no memory for `what`:
 * it sends and receives nothing from then on.  Returns -1, with a message. */
int gradus_lose(const gradus_graph *g, const char *what);

/* v [n] = the sum of all ranks' v, added up in the order of the ranks: of
 * counts, or of numbers of which all but one rank have 0. */
int gradus_sum_ranks(const gradus_graph *g, double *v, size_t n);

/* If any rank passes a status other than 0, all return -1 with the message of
 * the first of these. */
int gradus_agree(const gradus_graph *g, int status);

/* Do all ranks have the same text, of which 1,023 bytes are compared?  If not,
 * all return -1, with a message that names a rank which has another than most,
 * and `what` the text is of.  status is as in gradus_agree. */
__attribute__((format(printf, 4, 5)))
int gradus_compare_ranks(const gradus_graph *g, int status, const char *what,
                         const char *format, ...);

#endif
