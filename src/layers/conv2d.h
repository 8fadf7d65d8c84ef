/* conv2d.h -- what the ways forward and back through a convolution share. */
#ifndef GRADUS_CONV2D_H
#define GRADUS_CONV2D_H

#include "gradus.h"

typedef struct {
    gradus_node node;
    int channels, height, width; /* of x */
    int kernel, stride, padding, groups;
    int bias;
} conv2d_node;

/* Channels of a group, of x and of y. */
static inline int gradus_conv2d_in(const conv2d_node *c)
{
    return c->channels / c->groups;
}

static inline int gradus_conv2d_out(const conv2d_node *c)
{
    return c->node.shape[0] / c->groups;
}

/* Three ways.  Each wants scratch memory of so many numbers, and takes one
 * group of channels of one sample at a time. */

/* ---- conv2d_columns.c: any setting, by matrix products ---------------- */

/* y = ..; dW [out,c,k,k] += .., dx += .., which may be NULL. */
size_t gradus_conv2d_columns_scratch(const conv2d_node *c);
void gradus_conv2d_columns_forward(const conv2d_node *c, int group,
                                   const gradus_real *x, gradus_real *scratch,
                                   gradus_real *y);
void gradus_conv2d_columns_back(const conv2d_node *c, int group,
                                const gradus_real *x, const gradus_real *dy,
                                gradus_real *scratch, gradus_real *dW,
                                gradus_real *dx);

/* ---- conv2d_direct.c: with a stride of 1 ------------------------------ */

/* After begin, for one of the two: y = .., or dx += .. */
size_t gradus_conv2d_direct_scratch(const conv2d_node *c);
void gradus_conv2d_direct_begin(const conv2d_node *c, gradus_real *scratch);
void gradus_conv2d_direct_forward(const conv2d_node *c, int group,
                                  const gradus_real *x, gradus_real *scratch,
                                  gradus_real *y);
void gradus_conv2d_direct_begin_back(const conv2d_node *c,
                                     gradus_real *scratch);
void gradus_conv2d_direct_back(const conv2d_node *c, int group,
                               const gradus_real *dy, gradus_real *scratch,
                               gradus_real *dx);

/* ---- conv2d_sparse.c: back where most of dy is 0 ---------------------- */

/* After begin any of the samples: dx += .., which may be NULL, and db; then
 * end, dW [out,c,k,k] += .. */
size_t gradus_conv2d_sparse_scratch(const conv2d_node *c);
void gradus_conv2d_sparse_begin(const conv2d_node *c, gradus_real *scratch);
void gradus_conv2d_sparse_add(const conv2d_node *c, int group,
                              const gradus_real *x, const gradus_real *dy,
                              gradus_real *scratch, gradus_real *db,
                              gradus_real *dx);
void gradus_conv2d_sparse_end(const conv2d_node *c, const gradus_real *scratch,
                              gradus_real *dW);

#endif
