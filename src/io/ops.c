/* ops.c -- the built-in ops, by name for model files.  A new layer is its own
 * file, its constructor in gradus.h, and its op here. */
#include "graph/graph.h"

extern const gradus_op
    gradus_input_op, gradus_labels_op, gradus_row_weights_op, gradus_dense_op,
    gradus_conv2d_op, gradus_embedding_op, gradus_maxpool_op,
    gradus_avgpool_op, gradus_global_avgpool_op, gradus_relu_op,
    gradus_leaky_relu_op, gradus_sigmoid_op, gradus_tanh_op, gradus_gelu_op,
    gradus_silu_op, gradus_softmax_op, gradus_dropout_op, gradus_layernorm_op,
    gradus_batchnorm_op, gradus_add_op, gradus_concat_op, gradus_reshape_op,
    gradus_softmax_ce_op, gradus_mse_op, gradus_huber_op,
    gradus_sigmoid_ce_op;

const gradus_op *const gradus_ops[] = {
    &gradus_input_op, &gradus_labels_op, &gradus_row_weights_op,
    &gradus_dense_op, &gradus_conv2d_op, &gradus_embedding_op,
    &gradus_maxpool_op, &gradus_avgpool_op, &gradus_global_avgpool_op,
    &gradus_relu_op, &gradus_leaky_relu_op, &gradus_sigmoid_op,
    &gradus_tanh_op, &gradus_gelu_op, &gradus_silu_op, &gradus_softmax_op,
    &gradus_dropout_op, &gradus_layernorm_op, &gradus_batchnorm_op,
    &gradus_add_op, &gradus_concat_op, &gradus_reshape_op,
    &gradus_softmax_ce_op, &gradus_mse_op, &gradus_huber_op,
    &gradus_sigmoid_ce_op,
    NULL,
};
