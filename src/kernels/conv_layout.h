/* conv_layout.h -- how fast convolutions lay out x and W: x within a border of
 * zeros, so that nothing has to be asked at its edge; W with o last, so that
 * the weights of neighbouring channels of y lie side by side. */
#ifndef GRADUS_CONV_LAYOUT_H
#define GRADUS_CONV_LAYOUT_H

#include "kernels/conv.h"

/* An image [channels, height + 2 border, width + 2 border].  pitch is the
 * distance of its lines, plane that of its channels, in numbers. */
typedef struct {
    int channels, height, width; /* of what is within the border */
    size_t border, pitch, plane;
} gradus_conv_image;

/* The image for x of c. */
gradus_conv_image gradus_conv_image_of(const gradus_conv *c);

/* How many numbers of memory it takes, a multiple of 32: behind the last
 * channel there is room for one more line, and for what a vector reads beyond
 * that. */
size_t gradus_conv_image_size(const gradus_conv_image *m);

/* Copies x [channels,height,width] into the image.  The border is left as it
 * is. */
void gradus_conv_image_fill(const gradus_conv_image *m, const gradus_real *x,
                            gradus_real *image);

/* dx [channels,height,width] += what is within the border. */
void gradus_conv_image_add_inside(const gradus_conv_image *m,
                                  const gradus_real *image, gradus_real *dx);

/* Copies W into packed [groups,in,kernel,kernel,out]; returns its end. */
gradus_real *gradus_conv_pack(const gradus_conv *c, gradus_real *packed);

#endif
