/* windows.h -- maxima and means of square windows, as max pooling and average
 * pooling need them, for several channels at once. */
#ifndef GRADUS_WINDOWS_H
#define GRADUS_WINDOWS_H

#include "kernels/simd.h"

#include "gradus.h"

/* How many channels are computed together: each pixel of an image has them
 * side by side. */
enum { WINDOW_CHANNELS = 8 };

/* The window of output (i,j) covers the lines s i + u - p and the columns
 * s j + v - p of x, with u and v from 0 to k - 1, as far as they are in the
 * image.  A NaN among them is the maximum.  The mean is their sum divided by
 * k^2, as if what is outside the image were 0.  Channels do not mix: what is
 * in the place of one that is not there does not matter. */
typedef struct {
    int height, width;           /* x [height,width,WINDOW_CHANNELS]         */
    int out_height, out_width;   /* y [out_height,out_width,WINDOW_CHANNELS] */
    int kernel, stride, padding; /* k, s and p */
    bool max;                    /* the maximum, not the mean */
    gradus_simd simd;            /* the instruction set to use */
} gradus_windows;

/* Sets y. */
void gradus_windows_forward(const gradus_windows *p, const gradus_real *x,
                            gradus_real *y);

/* Adds to dx, which is like x: all of dy at the first x, line by line, that is
 * not below the maximum; or dy / k^2 at each x.  For means x and y are not
 * read. */
void gradus_windows_backward(const gradus_windows *p, const gradus_real *x,
                             const gradus_real *y, const gradus_real *dy,
                             gradus_real *dx);

#endif
