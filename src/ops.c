/* ops.c -- the built-in ops, by name for model files.  A new layer is its own
 * file, its constructor in gradus.h, and its op here. */
#include "graph.h"

extern const gradus_op gradus_input_op, gradus_labels_op,
    gradus_row_weights_op, gradus_dense_op, gradus_relu_op,
    gradus_softmax_ce_op, gradus_maxpool_op, gradus_avgpool_op,
    gradus_global_avgpool_op;

const gradus_op *const gradus_ops[] = {
    &gradus_input_op, &gradus_labels_op,     &gradus_row_weights_op,
    &gradus_dense_op, &gradus_relu_op,       &gradus_softmax_ce_op,
    &gradus_maxpool_op, &gradus_avgpool_op,  &gradus_global_avgpool_op,
    NULL,
};
