/* pool2.h -- maxima of 2 x 2 numbers side by side. */
#ifndef GRADUS_POOL2_H
#define GRADUS_POOL2_H

#include "kernels/simd.h"

#include "gradus.h"

/* The larger number; of equal ones a, and b if it is a NaN.  The first line is
 * an instruction of most processors, and a NaN is rare: a branch that is
 * foreseen. */
GRADUS_INLINE gradus_real larger(gradus_real a, gradus_real b)
{
    gradus_real m = b > a ? b : a;

    return b != b ? b : m;
}

/* Of one channel x [height,width]: y [height/2,width/2], a last odd line or
 * column being left out. */
void gradus_pool2_forward(int height, int width, const gradus_real *x,
                          gradus_real *y);

/* dx [height,width] += dy [height/2,width/2], where in each square the first x
 * is that is not below y. */
void gradus_pool2_backward(int height, int width, const gradus_real *x,
                           const gradus_real *y, const gradus_real *dy,
                           gradus_real *dx);

#endif
