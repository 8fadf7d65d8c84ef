/* pool2.h -- max pooling of 2 x 2 numbers with a stride of 2. */
#ifndef GRADUS_POOL2_H
#define GRADUS_POOL2_H

#include "kernels/simd.h"

#include "gradus.h"

/* Returns the larger number: a if they are equal, b if b is a NaN.  The
 * first line compiles to one instruction on most processors; a NaN is rare,
 * so the branch on it is predicted well. */
GRADUS_INLINE gradus_real larger(gradus_real a, gradus_real b)
{
    gradus_real m = b > a ? b : a;

    return b != b ? b : m;
}

/* Sets y [channels,height/2,width/2] to the maxima of the squares of x
 * [channels,height,width].  A last odd line or column is left out. */
void gradus_pool2_forward(size_t channels, int height, int width,
                          const gradus_real *x, gradus_real *y);

/* Adds dy, which is like y, to dx, which is like x, in each square at the
 * first x that is not below y.  With set, dx counts as 0 before. */
void gradus_pool2_backward(size_t channels, int height, int width,
                           const gradus_real *x, const gradus_real *y,
                           const gradus_real *dy, bool set, gradus_real *dx);

#endif
