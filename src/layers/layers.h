/* layers.h -- the ops that another layer knows: a convolution computes a ReLU
 * and a maximum that follow it. */
#ifndef GRADUS_LAYERS_H
#define GRADUS_LAYERS_H

#include "gradus_layer.h"

extern const gradus_op gradus_relu_op, gradus_maxpool2d_op;

#endif
