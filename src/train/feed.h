/* feed.h -- lends a whole dataset to a graph for a while. */
#ifndef GRADUS_FEED_H
#define GRADUS_FEED_H

#include "gradus_layer.h"

/* The fields of a dataset that data nodes take: values, labels, targets and
 * weights. */
enum { GRADUS_FIELDS = 4 };

/* What the data nodes of a graph were fed before a dataset was: for each field
 * the node that takes it, or NULL, and its feed. */
typedef struct {
    gradus_node *node[GRADUS_FIELDS];
    gradus_fed fed[GRADUS_FIELDS];
} gradus_fed_before;

/* Feeds d's arrays to the graph's data nodes, and notes in *before, all zero
 * until then, what these were fed.  0, or -1 with a message and nothing
 * changed. */
int gradus_feed_dataset(gradus_graph *g, const gradus_dataset *d,
                        gradus_fed_before *before);

/* Feeds again what was fed before; nothing where *before is all zero. */
void gradus_feed_restore(const gradus_fed_before *before);

/* The number of rows that every data node has been fed; -1, with a message,
 * where they differ or there are none. */
int gradus_fed_rows(const gradus_graph *g);

#endif
