/* sums.h -- accurate and fast sums of many numbers: of a plain array, and
 * of the channels of an array, for normalisation; and the largest of them. */
#ifndef GRADUS_SUMS_H
#define GRADUS_SUMS_H

#include "gradus.h"

/* Returns the sum of x [n]. */
gradus_real gradus_sum(const gradus_real *x, int n);

/* The same, with the running sums and the result in double. */
double gradus_sum_double(const gradus_real *x, int n);

/* Returns sum (x - mean)^2 over x [n], in double. */
double gradus_sum_squares(const gradus_real *x, double mean, int n);

/* Returns the largest of x [n], where n is at least 1.  If there are NaNs, it
 * is a NaN, or the largest of the other numbers. */
gradus_real gradus_max(const gradus_real *x, int n);

/* The shape of arrays [rows,channels,positions].  A channel has m = rows *
 * positions values.  The functions set sums [1 + 2 channels] to m, and then to
 * two sums for each channel. */
typedef struct {
    int rows, channels, positions;
} gradus_channels;

/* Returns how many doubles of scratch memory the functions below need. */
size_t gradus_channel_lanes(int channels, int positions);

/* The two sums are the mean of x, and sum (x - mean)^2. */
void gradus_sum_deviations(gradus_channels s, const gradus_real *x,
                           double *scratch, double *sums);

/* The two sums are sum dy (x - mean), and sum dy.  The mean of each channel is
 * mean + rest, both [channels].  With z [rows,channels,positions], dy counts
 * as 0 where z is not above 0; z may be NULL. */
void gradus_sum_gradients(gradus_channels s, const gradus_real *x,
                          const gradus_real *mean, const gradus_real *rest,
                          const gradus_real *dy, const gradus_real *z,
                          double *scratch, double *sums);

#endif
