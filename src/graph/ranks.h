/* ranks.h -- what the ranks of a graph do together: they exchange messages,
 * add up counts, and agree on errors.
 *
 * All ranks have to call these functions in the same order.  A rank that is
 * alone does nothing in them.  They return 0, or -1 with a message. */
#ifndef GRADUS_RANKS_H
#define GRADUS_RANKS_H

#include "graph/graph.h"

/* The communicator of a process that is alone. */
extern gradus_communicator gradus_alone;

/* To be called where this rank cannot take part in an exchange, as there is no
 * memory for `what`: it takes part in none from then on.  Returns -1, with a
 * message. */
int gradus_lose(const gradus_graph *g, const char *what);

/* Sends and receives these messages, and counts the bytes and the seconds.
 * Those that are empty, or from or to this rank itself, are taken out of the
 * lists. */
int gradus_exchange(const gradus_graph *g, gradus_message *out, int n_out,
                    gradus_message *in, int n_in);

/* Every part of an array belongs to a rank; each rank sends its own parts to
 * rank `to`, or to all others if `to` is -1. */
int gradus_gather(const gradus_graph *g, int to, const gradus_message *part,
                  int parts);

/* v [n] = the sum of all ranks' v, added up in the order of the ranks: of
 * counts, or of numbers of which all but one rank have 0. */
int gradus_sum_ranks(const gradus_graph *g, double *v, size_t n);

/* If any rank passes a status other than 0, all return -1 with the message of
 * the first of these. */
int gradus_agree(const gradus_graph *g, int status);

/* Do all ranks have the same text, of which 254 bytes are compared?  If not,
 * all return -1, with a message that names a rank which has another than most,
 * and `what` the text is of.  status is as in gradus_agree. */
__attribute__((format(printf, 4, 5)))
int gradus_compare_ranks(const gradus_graph *g, int status, const char *what,
                         const char *format, ...);

#endif
