/* conv_layout.h -- what the fast ways of convolution share: x within a border
 * of zeros, so that loops need not test for its edge; W with the channels of
 * the result last, so that the weights of neighbouring ones lie side by side;
 * and scratch memory. */
#ifndef GRADUS_CONV_LAYOUT_H
#define GRADUS_CONV_LAYOUT_H

#include "kernels/conv.h"

/* The layout of an image [channels, height + 2 border, width + 2 border].
 * All distances are in numbers. */
typedef struct {
    int channels, height, width; /* of what is within the border */
    size_t pitch, plane;         /* from line to line, and from channel to
                                    channel */
    size_t inside;               /* where the first line begins, after the
                                    border */
    size_t size;                 /* of its memory, a multiple of 32: after
                                    the last channel there is room for one
                                    more line, and for what a vector may read
                                    beyond that */
} gradus_conv_image;

/* Returns the layout of the image for x of c, whose border is the padding.
 * The pitch is rounded up to a multiple of `multiple`. */
gradus_conv_image gradus_conv_image_of(const gradus_conv *c, size_t multiple);

/* Copies x [channels,height,width] into the image.  The border is left as
 * it is; the caller has set it to 0. */
void gradus_conv_image_fill(const gradus_conv_image *m, const gradus_real *x,
                            gradus_real *image);

/* Adds to dx [channels,height,width] what is within the border of the
 * image. */
void gradus_conv_image_add_inside(const gradus_conv_image *m,
                                  const gradus_real *image, gradus_real *dx);

/* How many weights all groups have together. */
size_t gradus_conv_all_weights(const gradus_conv *c);

/* Copies W [groups,out,in,kernel,kernel] into packed
 * [groups,in,kernel,kernel,out]; or, turned, into
 * [groups,out,kernel,kernel,in] with the kernel rotated by 180 degrees. */
void gradus_conv_pack(const gradus_conv *c, gradus_real *packed);
void gradus_conv_pack_turned(const gradus_conv *c, gradus_real *packed);

/* Sets dx to 0 where it is wanted and to be set: for ways that only add. */
void gradus_conv_clear(const gradus_conv *c, const gradus_conv_sample *s);

/* Returns the convolution that computes dx from dy, without its weights: those
 * of c with `in` and `out` exchanged and the kernel rotated.  The stride of c
 * is 1. */
gradus_conv gradus_conv_turned(const gradus_conv *c);

static inline size_t larger_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Takes n numbers of scratch memory, of which *size are taken already, in
 * whole vectors.  Returns where they begin. */
size_t gradus_conv_take(size_t *size, size_t n);

/* The samples that wait: their images have been copied into scratch memory,
 * which begins with this, but they are not computed yet.  All are of one
 * group.  s has room for as many as gradus_conv_take_waiting was told. */
typedef struct {
    int count;
    gradus_conv_sample s[];
} gradus_conv_waiting;

/* Takes the beginning of the scratch memory for up to `most` of them. */
void gradus_conv_take_waiting(size_t *size, int most);

/* Must those that wait be computed before s can wait with them? */
bool gradus_conv_is_full(const gradus_conv_waiting *q, int most,
                         const gradus_conv_sample *s);

/* Returns how many of `height` lines, of a_line numbers each, make up a strip
 * of about `numbers` numbers: at least one. */
int gradus_conv_strip(int height, size_t a_line, size_t numbers);

#endif
