/* diagnose.h -- where a loss or a gradient that is not finite came from. */
#ifndef GRADUS_DIAGNOSE_H
#define GRADUS_DIAGNOSE_H

#include "gradus.h"

/* Sets a message that names the node, the row, the sample and the value.
 * Always -1. */
int gradus_diagnose_loss(const gradus_graph *g, double loss);

/* Sets a message that names the first gradient that is not finite.  Always
 * -1. */
int gradus_diagnose_gradients(const gradus_graph *g);

#endif
