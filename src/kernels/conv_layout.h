/* conv_layout.h -- how fast convolutions lay x and W out: x within a border of
 * zeros, so that no number has to ask whether it is inside. */
#ifndef GRADUS_CONV_LAYOUT_H
#define GRADUS_CONV_LAYOUT_H

#include "kernels/conv.h"

/* [channels, height + 2 border, width + 2 border] */
typedef struct {
    int channels, height, width; /* of what is within the border */
    size_t border;
    size_t pitch, plane; /* numbers from a line, a channel to the next */
} gradus_conv_image;

/* That of c's x. */
gradus_conv_image gradus_conv_image_of(const gradus_conv *c);

/* The memory it takes, a multiple of 32 numbers: behind the last channel is
 * room for another line, and for what a vector reads beyond that. */
size_t gradus_conv_image_size(const gradus_conv_image *m);

/* Copies x [channels,height,width] into the image; writes no border. */
void gradus_conv_image_fill(const gradus_conv_image *m, const gradus_real *x,
                            gradus_real *image);

/* dx [channels,height,width] += what is within the border. */
void gradus_conv_image_add_inside(const gradus_conv_image *m,
                                  const gradus_real *image, gradus_real *dx);

/* W as [groups,in,kernel,kernel,out]; returns where it ends. */
gradus_real *gradus_conv_pack(const gradus_conv *c, gradus_real *packed);

#endif
