/* softmax.h -- the softmax of K numbers, for the layer and for the loss.
 * The maximum is subtracted first, so that exp cannot overflow. */
#ifndef GRADUS_SOFTMAX_H
#define GRADUS_SOFTMAX_H

#include "kernels/functions.h"
#include "kernels/sums.h"

#include <math.h>

/* Computes
 *
 *   y_k = exp(z_k - m) / sum_j exp(z_j - m)        m = max_j z_j         (S1)
 *
 * where z and y are K numbers that lie `step` apart.  Sets *max to m, and
 * returns the sum. */
static inline double gradus_softmax_of(const gradus_real *z, gradus_real *y,
                                       int K, int step, gradus_real *max)
{
    gradus_real m = z[0];
    double sum = 0;

    if (step == 1)
        m = gradus_max(z, K);
    else
        for (int k = 1; k < K; k++)
            m = z[k * step] > m ? z[k * step] : m;
    for (int k = 0; k < K; k++)
        y[k * step] = z[k * step] - m;
    if (step == 1) {
        gradus_compute(gradus_simd_here(), GRADUS_EXP, (size_t)K, y, y, NULL);
        sum = gradus_sum_double(y, K);
    } else {
        for (int k = 0; k < K; k++)
            sum += y[k * step] = (gradus_real)exp(y[k * step]);
    }
    gradus_real scale = (gradus_real)(1 / sum);
    for (int k = 0; k < K; k++)
        y[k * step] *= scale;
    *max = m;
    return sum;
}

#endif
