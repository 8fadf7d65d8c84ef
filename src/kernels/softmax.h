/* softmax.h -- the softmax of K numbers, for the layer and for the loss.
 * The maximum is subtracted first, so that exp cannot overflow. */
#ifndef GRADUS_SOFTMAX_H
#define GRADUS_SOFTMAX_H

#include "gradus.h"

#include <tgmath.h> /* exp of a gradus_real, float or double */

/* Computes
 *
 *   y_k = exp(z_k - m) / sum_j exp(z_j - m)        m = max_j z_j
 *
 * where z and y are K numbers that lie `step` apart.  Sets *max to m, and
 * returns the sum. */
static inline double gradus_softmax_of(const gradus_real *z, gradus_real *y,
                                       int K, int step, gradus_real *max)
{
    gradus_real m = z[0];
    double sum = 0;

    for (int k = 1; k < K; k++)
        m = z[k * step] > m ? z[k * step] : m;
    for (int k = 0; k < K; k++)
        sum += y[k * step] = exp(z[k * step] - m);
    gradus_real scale = (gradus_real)(1 / sum);
    for (int k = 0; k < K; k++)
        y[k * step] *= scale;
    *max = m;
    return sum;
}

#endif
