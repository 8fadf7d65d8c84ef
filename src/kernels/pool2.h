/* pool2.h -- maxima of 2 x 2 numbers side by side. */
#ifndef GRADUS_POOL2_H
#define GRADUS_POOL2_H

#include "kernels/simd.h"

#include "gradus.h"

/* Of equal numbers the first; b if it is a NaN.  The first line is an
 * instruction of most processors, and a NaN is rare: a branch that is
 * foreseen. */
GRADUS_INLINE gradus_real larger(gradus_real a, gradus_real b)
{
    gradus_real m = b > a ? b : a;

    return b != b ? b : m;
}

#endif
