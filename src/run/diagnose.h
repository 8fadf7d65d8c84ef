/* diagnose.h -- finds where a loss or a gradient that is not finite came
 * from. */
#ifndef GRADUS_DIAGNOSE_H
#define GRADUS_DIAGNOSE_H

#include "gradus.h"

/* Sets a message that names the node, the row of the batch, the sample of the
 * fed data and the value that made the batch's `loss` NaN or infinite.
 * Returns -1 in any case. */
int gradus_diagnose_loss(const gradus_graph *g, double loss);

/* Sets a message that names the first parameter whose gradient is NaN or
 * infinite.  Returns -1 in any case. */
int gradus_diagnose_gradients(const gradus_graph *g);

#endif
