/* relu.h -- the ReLU of one number. */
#ifndef GRADUS_RELU_H
#define GRADUS_RELU_H

#include "kernels/simd.h"

#include "gradus.h"

/* Returns max(0, x); but NaN for an infinite x, since 0 times it is NaN.  So
 * -inf becomes an error and not 0. */
GRADUS_INLINE gradus_real gradus_rectify(gradus_real x)
{
    return (x < 0 ? 0 : x) + 0 * x;
}

#endif
