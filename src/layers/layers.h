/* layers.h -- the ops that a layer of another file has to recognise.  A
 * convolution checks whether a ReLU or a max pooling follows it, and may then
 * compute that too. */
#ifndef GRADUS_LAYERS_H
#define GRADUS_LAYERS_H

#include "gradus_layer.h"

extern const gradus_op gradus_relu_op, gradus_maxpool2d_op;

#endif
