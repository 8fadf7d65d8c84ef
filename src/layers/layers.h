/* layers.h -- what layers have in common: a convolution recognises a ReLU or a
 * max pooling that follows it, and may then compute that too; and both a
 * convolution and a pooling move a window over an image. */
#ifndef GRADUS_LAYERS_H
#define GRADUS_LAYERS_H

#include "gradus_layer.h"

extern const gradus_op gradus_relu_op, gradus_maxpool2d_op,
    gradus_avgpool2d_op;

/* For ops that compute a ReLU behind them along with their own value: their
 * `fuse` (see gradus_op), and whether n does so.  Of the passes over arrays as
 * large as y, this saves three of eight to batch normalisation, and three of
 * twelve to a sum. */
bool gradus_fuse_relu(gradus_node *n, const gradus_node *user);
bool gradus_with_relu(const gradus_node *n);

/* Is n a max pooling over squares of 2 x 2 side by side? */
bool gradus_is_max2(const gradus_node *n);

/* Gives n the shape [channels,h,w], for windows of kernel x kernel numbers of
 * its operand x [C,H,W] within a border of `padding` numbers:
 *
 *   h = (H + 2 padding - kernel) / stride + 1, rounded down, and w likewise
 *
 * The padding must be below `limit`.  Records the settings stride and padding.
 * Returns n; or NULL, with a message, if x is not an image or the settings do
 * not make sense for it.  n may be NULL. */
gradus_node *gradus_set_windows(gradus_node *n, int channels, int kernel,
                                int stride, int padding, int limit);

#endif
