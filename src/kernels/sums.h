/* sums.h -- sums of many numbers, in many running sums side by side. */
#ifndef GRADUS_SUMS_H
#define GRADUS_SUMS_H

#include "gradus.h"

/* sum x[n] */
gradus_real gradus_sum(const gradus_real *x, int n);

/* Arrays [rows,channels,positions]: the values of a channel are those of all
 * rows and positions. */
typedef struct {
    int rows, channels, positions;
} gradus_channels;

/* sums [channels,2]: of each channel the mean of x, and sum (x - mean)^2. */
void gradus_sum_deviations(gradus_channels s, const gradus_real *x,
                           double *sums);

/* sums [channels,2]: of each channel sum dy (x - mean), and sum dy; mean
 * [channels]. */
void gradus_sum_gradients(gradus_channels s, const gradus_real *x,
                          const gradus_real *mean, const gradus_real *dy,
                          double *sums);

#endif
