/* conv_layout.h -- how the fast ways of convolution lay out x and W: x
 * within a border of zeros, so that loops need not test for its edge; and W
 * with o last, so that the weights of neighbouring channels of y lie side
 * by side. */
#ifndef GRADUS_CONV_LAYOUT_H
#define GRADUS_CONV_LAYOUT_H

#include "kernels/conv.h"

/* The layout of an image [channels, height + 2 border, width + 2 border].
 * All distances are in numbers. */
typedef struct {
    int channels, height, width; /* of what is within the border */
    size_t border, pitch, plane; /* width of the border; from line to line,
                                    and from channel to channel */
} gradus_conv_image;

/* Returns the layout of the image for x of c, whose border is the padding. */
gradus_conv_image gradus_conv_image_of(const gradus_conv *c);

/* Returns how many numbers of memory the image takes, a multiple of 32.
 * Behind the last channel there is room for one more line, and for what a
 * vector may read beyond that. */
size_t gradus_conv_image_size(const gradus_conv_image *m);

/* Copies x [channels,height,width] into the image.  The border is left as
 * it is; the caller has set it to 0. */
void gradus_conv_image_fill(const gradus_conv_image *m, const gradus_real *x,
                            gradus_real *image);

/* Adds to dx [channels,height,width] what is within the border of the
 * image. */
void gradus_conv_image_add_inside(const gradus_conv_image *m,
                                  const gradus_real *image, gradus_real *dx);

/* Copies W [groups,out,in,kernel,kernel] into packed
 * [groups,in,kernel,kernel,out].  Returns the end of packed. */
gradus_real *gradus_conv_pack(const gradus_conv *c, gradus_real *packed);

#endif
