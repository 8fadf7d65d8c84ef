/* ops.c -- the list of the built-in ops, which a model file may name.  A
 * new built-in layer takes a file of its own, its constructor in gradus.h,
 * and one line here. */
#include "io/io.h"

/* Applies OP to the name of every built-in op. */
#define EVERY_OP(OP)     \
    OP(input)            \
    OP(labels)           \
    OP(row_weights)      \
    OP(dense)            \
    OP(conv2d)           \
    OP(embedding)        \
    OP(maxpool2d)        \
    OP(avgpool2d)        \
    OP(global_avgpool2d) \
    OP(relu)             \
    OP(leaky_relu)       \
    OP(sigmoid)          \
    OP(tanh)             \
    OP(gelu)             \
    OP(silu)             \
    OP(softmax)          \
    OP(dropout)          \
    OP(layernorm)        \
    OP(batchnorm)        \
    OP(add)              \
    OP(concat)           \
    OP(reshape)          \
    OP(softmax_ce)       \
    OP(mse)              \
    OP(huber)            \
    OP(sigmoid_ce)

#define DECLARE(name) extern const gradus_op gradus_##name##_op;
EVERY_OP(DECLARE)

#define ADDRESS(name) &gradus_##name##_op,
const gradus_op *const gradus_ops[] = { EVERY_OP(ADDRESS) NULL };
