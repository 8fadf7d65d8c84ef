/* winograd.h -- convolution of 6 x 6 numbers at a time by 36 multiplications:
 * the steps of which conv_winograd.c consists.
 *
 * Two polynomials can be multiplied by evaluating both at some points,
 * multiplying the values, and interpolating.  Transposed, this computes m sums
 * of k products each with 6 multiplications in place of m k:
 *
 *   y = A' (G w * B' d)          m + k - 1 = 6
 *
 * Here d [6] is a piece of an image, w [k] the kernel and y [m] the result; *
 * multiplies number by number, and a prime means transposed.  The points are
 * 0, 1, -1, 2, -2 and infinity, where the value is the last coefficient.  A
 * [6,m] and G [6,k] evaluate a polynomial, and G also divides the values by
 * N = 4, -6, -6, 24, 24 and 1.  B' [6,6] follows from the points:
 *
 *   4  0 -5  0  1  0         With d [6,6], w [k,k] and y [m,m], each matrix
 *   0 -4 -4  1  1  0         is applied to the columns and to the lines:
 *   0  4 -4 -1  1  0
 *   0 -2 -1  2  1  0           U = G w G'    V = B' d B    M = U * V
 *   0  2 -1 -2  1  0           y = A' M A
 *   0  4  0 -5  0  1
 *
 * The sum over the channels of the image is taken of M, before A.  So for each
 * of the 36 numbers it is a product of matrices,
 *
 *   M [tiles,out] = V [tiles,in] U [in,out]
 *
 * and back, with everything transposed,
 *
 *   dM = A dy A'    dU = V' dM, which sums over the tiles    dw = G' dU G
 *
 * Winograd: Arithmetic complexity of computations (1980); Lavin, Gray: Fast
 * algorithms for convolutional neural networks (arXiv:1509.09308, 2015). */
#ifndef GRADUS_WINOGRAD_H
#define GRADUS_WINOGRAD_H

#include "kernels/channels_last.h"
#include "kernels/conv.h"
#include "kernels/product.h"

enum {
    WINOGRAD_POINTS = 6,
    WINOGRAD_VALUES = WINOGRAD_POINTS * WINOGRAD_POINTS,
    WINOGRAD_SAMPLES = 8 /* the most that are computed at once */
};

/* The convolution of some samples.  Their images have the channels last, `in`
 * of them rounded up to in_wide, and those of y out_wide: both are multiples
 * of PRODUCT_ROWS and of the length of a vector.  Numbers U, V and M lie in
 * 36 planes, one for each pair of points.  All distances are in numbers. */
typedef struct {
    int in, out, in_wide, out_wide;
    int kernel, side;         /* k and m: a tile of y has side x side pixels */
    int down, across;         /* tiles of a sample */
    bool relu;                /* y = max(0, ..) */
    gradus_pixels x, y;       /* where the pixels of x and y are */
    size_t inside;            /* from the beginning of an image to its x */
    size_t image, result;     /* from one sample's image, or y, to the next */
    size_t u_plane, v_plane, m_plane; /* from one plane to the next */
    int samples;              /* how many are to be computed at once */
    int block;                /* how many tiles have one V and one M: a
                                 multiple of PRODUCT_ROWS */
} gradus_winograd;

/* Returns the sizes for c. */
gradus_winograd gradus_winograd_of(const gradus_conv *c);

/* Computes U [36] planes from the weights of c.  Back, w is that of
 * gradus_conv_turned(c).  kernel [k,k,out_wide] is scratch memory. */
void gradus_winograd_weights(const gradus_conv *c, const gradus_winograd *w,
                             bool back, gradus_real *kernel, gradus_real *U);

/* Adds to dW [out,in,k,k] the gradient that belongs to dU. */
void gradus_winograd_add_weights(const gradus_conv *c,
                                 const gradus_winograd *w, gradus_real *kernel,
                                 const gradus_real *dU, gradus_real *dW);

/* The steps, for one instruction set.  Tiles are numbered through all samples,
 * sample by sample, and `n` of them, from `first` on, are worked on. */
typedef struct {
    /* V [n,in_wide] = B' d B of the images. */
    void (*image)(const gradus_winograd *w, const gradus_real *image,
                  int first, int n, gradus_real *V);
    /* y = A' M A + b of M [n,out_wide] and b [out_wide]. */
    void (*result)(const gradus_winograd *w, const gradus_real *M,
                   const gradus_real *b, int first, int n, gradus_real *y);
    /* M [n,out_wide] = A dy A', where the pixels of dy are those of p, in
     * images that are `image` apart. */
    void (*gradient)(const gradus_winograd *w, const gradus_real *dy,
                     const gradus_pixels *p, size_t image, int first, int n,
                     gradus_real *M);
    /* U [out_wide] = G w G' of w [k,k,out_wide], for one channel of the
     * image; and back. */
    void (*weights)(const gradus_winograd *w, const gradus_real *kernel,
                    gradus_real *U);
    void (*weights_back)(const gradus_winograd *w, const gradus_real *U,
                         gradus_real *kernel);
} gradus_winograd_steps;

/* Returns the steps for an instruction set. */
const gradus_winograd_steps *gradus_winograd_for(gradus_simd simd);

#endif
