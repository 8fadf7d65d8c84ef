/* conv2d.h -- what the ways forward and back through a convolution share. */
#ifndef GRADUS_CONV2D_H
#define GRADUS_CONV2D_H

#include "kernels/conv.h"
#include "kernels/simd.h"

#include "gradus.h"

typedef struct {
    gradus_node node;
    int channels, height, width; /* of x */
    int kernel, stride, padding, groups;
    int bias;
    int relu, halves; /* absorbed, the second a maximum of 2 x 2 */
    gradus_simd simd; /* the version of the kernels */
} conv2d_node;

extern const gradus_op gradus_relu_op, gradus_maxpool_op;

/* Channels of a group, of x and of y. */
static inline int gradus_conv2d_in(const conv2d_node *c)
{
    return c->channels / c->groups;
}

static inline int gradus_conv2d_out(const conv2d_node *c)
{
    return c->node.shape[0] / c->groups;
}

/* Numbers of the result, which is y or what was made of it, of a group. */
static inline size_t gradus_conv2d_result(const conv2d_node *c)
{
    return (size_t)(c->node.result->size / c->groups);
}

/* Which of the four numbers under a maximum it is, line by line, or 4 where a
 * ReLU lets none through: one for each number of the result, of a group of a
 * row of the batch. */
static inline unsigned char *gradus_conv2d_which(const conv2d_node *c, int row,
                                                 int group)
{
    if (!c->halves || !c->node.kept)
        return NULL;
    gradus_real *kept = c->node.kept + (size_t)row * c->node.keep_row;
    return (unsigned char *)kept + (size_t)group * gradus_conv2d_result(c);
}

/* ---- conv2d_sparse.c: back where most of dy is 0 ---------------------- */

/* Of one group of a sample: dy is of y, or with `which` of the result; dx += ..
 * and db += .., which may be NULL. */
typedef struct {
    int group;
    const gradus_real *x, *dy;
    const unsigned char *which;
    gradus_real *dx, *db;
} conv2d_sparse;

/* After begin any of the samples; then end, dW [out,c,k,k] += .. */
size_t gradus_conv2d_sparse_scratch(const conv2d_node *c);
void gradus_conv2d_sparse_begin(const conv2d_node *c, gradus_real *scratch);
void gradus_conv2d_sparse_add(const conv2d_node *c, const conv2d_sparse *s,
                              gradus_real *scratch);
void gradus_conv2d_sparse_end(const conv2d_node *c, const gradus_real *scratch,
                              gradus_real *dW);

#endif
