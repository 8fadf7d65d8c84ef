/* feed.h -- lending a whole dataset to a graph for a while. */
#ifndef GRADUS_FEED_H
#define GRADUS_FEED_H

#include "gradus.h"

/* The fields of a dataset that data nodes take. */
enum { VALUES, LABELS, TARGETS, WEIGHTS };

/* What was fed before: of the data nodes of a graph, by those fields. */
typedef struct {
    gradus_node *node[4];
    gradus_fed fed[4];
} gradus_lent;

/* Feeds d's arrays to the graph; what was fed before goes into `before`. */
int gradus_lend(gradus_graph *g, const gradus_dataset *d, gradus_lent *before);

/* The rows that all data nodes have been fed; -1, with a message, where there
 * are none or where they differ. */
int gradus_fed_rows(const gradus_graph *g);

void gradus_take_back(const gradus_lent *before);

#endif
