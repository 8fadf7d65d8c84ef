/* conv2d.h -- what the two ways back through a convolution share. */
#ifndef GRADUS_CONV2D_H
#define GRADUS_CONV2D_H

#include "gradus.h"

typedef struct {
    gradus_node node;
    int channels, height, width; /* of x */
    int kernel, stride, padding, groups;
    int bias;
} conv2d_node;

/* The way back where most of dy is 0, in three parts: begin, then any of the
 * samples' groups of channels, then end, which adds to dW [out,c,k,k].  All
 * with the same scratch memory of so many numbers.  add: db of the group's
 * channels, or NULL without bias; dx likewise NULL where none is wanted. */
size_t gradus_conv2d_sparse_scratch(const conv2d_node *c);
void gradus_conv2d_sparse_begin(const conv2d_node *c, gradus_real *scratch);
void gradus_conv2d_sparse_add(const conv2d_node *c, int group,
                              const gradus_real *x, const gradus_real *dy,
                              gradus_real *scratch, gradus_real *db,
                              gradus_real *dx);
void gradus_conv2d_sparse_end(const conv2d_node *c, const gradus_real *scratch,
                              gradus_real *dW);

#endif
