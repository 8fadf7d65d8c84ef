/* apart.h -- a net whose layers can all be looked at. */
#ifndef APART_H
#define APART_H

#include "gradus_layer.h"

/* A copy of the net g, compiled for batches of that many rows on one thread.
 * It keeps the value of every node, where g may compute a convolution together
 * with what follows it, and it computes the gradient of the input x, too,
 * where there is one.  Returns NULL, with a message in gradus_error, if that
 * fails. */
gradus_graph *take_apart(const gradus_graph *g, int rows);

#endif
