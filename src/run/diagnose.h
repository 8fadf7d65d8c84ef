/* diagnose.h -- where a loss or a gradient that is not finite came from. */
#ifndef GRADUS_DIAGNOSE_H
#define GRADUS_DIAGNOSE_H

#include "gradus.h"

/* Sets the message: node, row, sample and value, or parameter.  Always -1. */
int gradus_diagnose_loss(const gradus_graph *g, double loss);
int gradus_diagnose_gradients(const gradus_graph *g);

#endif
