/* channels_last.h -- copies images between the order of the library, in which
 * each channel has its pixels side by side, and the one in which each pixel
 * has its channels side by side, so that one vector holds several channels of
 * a pixel. */
#ifndef GRADUS_CHANNELS_LAST_H
#define GRADUS_CHANNELS_LAST_H

#include "kernels/simd.h"

#include "gradus.h"

/* Where the pixels of an image [channels,height,width] are.  All distances are
 * in numbers. */
typedef struct {
    int channels, height, width;
    size_t plane;       /* from channel to channel, with the channels first */
    size_t pixel, line; /* with the channels last, from one pixel to the next,
                           and from line to line */
    gradus_simd simd;   /* the instruction set to copy with */
} gradus_pixels;

/* Returns where they are if, with the channels last, a pixel has room for
 * `pixel` numbers, and a line for `columns` pixels. */
gradus_pixels gradus_pixels_of(gradus_simd simd, int channels, int height,
                               int width, int pixel, int columns);

/* Copies x [channels,height,width] to `last`, which points at the first pixel
 * of the image with the channels last. */
void gradus_channels_last(const gradus_pixels *p, const gradus_real *x,
                          gradus_real *last);

/* Copies back: x = the image or, with add, x += the image. */
void gradus_channels_first(const gradus_pixels *p, const gradus_real *last,
                           bool add, gradus_real *x);

/* Adds the sums over all pixels to sum [channels]. */
void gradus_add_pixels(const gradus_pixels *p, const gradus_real *last,
                       gradus_real *sum);

#endif
