/* layers.h -- the ops that a layer needs to recognise in another file: a
 * convolution looks whether a ReLU or a max pooling follows it, and computes
 * them, too. */
#ifndef GRADUS_LAYERS_H
#define GRADUS_LAYERS_H

#include "gradus_layer.h"

extern const gradus_op gradus_relu_op, gradus_maxpool2d_op;

#endif
