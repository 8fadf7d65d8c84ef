/* functions.h -- exp and functions made of it, of many numbers at once.
 *
 * As float, each result is wrong by at most 0.51 units in the last place, the
 * distribution function of the normal distribution by 0.512; so nearly all are
 * those of exact arithmetic.  As double, they are the C library's.  A NaN
 * gives a NaN. */
#ifndef GRADUS_FUNCTIONS_H
#define GRADUS_FUNCTIONS_H

#include "kernels/simd.h"

#include "gradus.h"

typedef enum {
    GRADUS_EXP,     /* y = exp(x) */
    GRADUS_SIGMOID, /* y = 1 / (1 + exp(-x)) */
    GRADUS_TANH,    /* y = tanh(x) */
    GRADUS_NORMAL   /* y = P(x) = erfc(-x / sqrt 2) / 2, and its derivative
                       p(x) = exp(-x^2 / 2) / sqrt(2 pi) */
} gradus_function;

/* Sets y [n] to a function of x [n], by the instructions of simd.  p [n] is
 * for GRADUS_NORMAL alone, and may be NULL.  y may be x. */
void gradus_compute(gradus_simd simd, gradus_function f, size_t n,
                    const gradus_real *x, gradus_real *y, gradus_real *p);

#endif
