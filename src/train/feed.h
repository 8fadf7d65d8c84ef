/* feed.h -- lends the arrays of a dataset to a graph's data nodes for a while,
 * and then feeds these what they were fed before. */
#ifndef GRADUS_FEED_H
#define GRADUS_FEED_H

#include "gradus_layer.h"

/* How many fields of a dataset there are: one for each kind of node, and the
 * targets.  None belongs to nodes that compute their value. */
enum { GRADUS_FIELDS = GRADUS_KIND_WEIGHTS + 2 };

/* What the data nodes of a graph were fed before a dataset was fed to them. */
typedef struct {
    gradus_node *node[GRADUS_FIELDS]; /* the node that takes each field, or
                                         NULL */
    gradus_fed fed[GRADUS_FIELDS];    /* what that node was fed before */
} gradus_fed_before;

/* Feeds the arrays of d to the graph's data nodes, and stores in *before,
 * which must be all zero, what these nodes were fed until then.  The arrays
 * stay the caller's.  Returns 0; or -1 with a message, and then the nodes are
 * still fed what they were fed before. */
int gradus_feed_dataset(gradus_graph *g, const gradus_dataset *d,
                        gradus_fed_before *before);

/* Feeds the nodes again what they were fed before; does nothing if *before is
 * all zero. */
void gradus_feed_restore(const gradus_fed_before *before);

/* The number of rows that the data nodes have been fed, which must be the same
 * for all; -1, with a message, if it is not or if nothing was fed. */
int gradus_fed_rows(const gradus_graph *g);

#endif
