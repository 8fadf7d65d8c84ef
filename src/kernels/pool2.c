/* pool2.c -- max pooling of 2 x 2 numbers with a stride of 2, which most
 * networks with pooling use.  Unlike windows.c, this needs no other order of
 * the channels, and clips no window at an edge.  It has 50 lines of code.
 * Without it, a step takes 1.15 times as long with a thin convolution, batch
 * normalisation, ReLU and a pool, and 1.08 times in the convnet of
 * programs/shared/nets.c.  Where ReLU and a pool follow a convolution
 * directly, conv_max2.c computes the maxima.
 *
 *   y[i,j] = max x[2i + u, 2j + v]             u, v = 0, 1
 *   dx[2i + u, 2j + v] += dy[i,j]              (u,v) the first at which x is
 *                                              not below y */
#include "kernels/pool2.h"

#include <string.h>

void gradus_pool2_forward(size_t channels, int height, int width,
                          const gradus_real *x, gradus_real *restrict y)
{
    const int h = height / 2, w = width / 2;
    const size_t pair = 2 * (size_t)width,
                 rest = (size_t)(height % 2) * (size_t)width;

    for (size_t c = 0; c < channels; c++, x += rest)
        for (int i = 0; i < h; i++, x += pair, y += w)
            for (int j = 0; j < w; j++) {
                const gradus_real *above = x + 2 * j, *below = above + width;
                gradus_real m = larger(above[0], above[1]);
                y[j] = larger(larger(m, below[0]), below[1]); /* (P1) */
            }
}

/* The backward pass (P2) for two lines, x and z [2w], and their gradients dx
 * and dz [2w]. */
GRADUS_INLINE void back_to_lines(int w, const gradus_real *x,
                                 const gradus_real *z, const gradus_real *y,
                                 const gradus_real *dy, bool set,
                                 gradus_real *restrict dx,
                                 gradus_real *restrict dz)
{
    /* a, b and c say that the first value, the first two, the first three are
     * below the maximum.  They are numbers rather than conditions, since
     * compilers turn conditions into branches, and these are unpredictable.
     * (Where a factor is 0 the product is 0: a dy that is not finite is an
     * error in any case.) */
    for (int j = 0; j < w; j++) {
        int a = x[2 * j] < y[j];
        int b = a & (x[2 * j + 1] < y[j]);
        int c = b & (z[2 * j] < y[j]);
        const gradus_real part[] = {
            (gradus_real)(1 - a) * dy[j], (gradus_real)(a - b) * dy[j],
            (gradus_real)(b - c) * dy[j], (gradus_real)c * dy[j] };
        for (int k = 0; k < 2; k++) {
            dx[2 * j + k] = (set ? 0 : dx[2 * j + k]) + part[k];
            dz[2 * j + k] = (set ? 0 : dz[2 * j + k]) + part[2 + k];
        }
    }
}

void gradus_pool2_backward(size_t channels, int height, int width,
                           const gradus_real *x, const gradus_real *y,
                           const gradus_real *dy, bool set, gradus_real *dx)
{
    const int h = height / 2, w = width / 2;
    const size_t pair = 2 * (size_t)width,
                 rest = (size_t)(height % 2) * (size_t)width;
    const bool clear = set && (height % 2 || width % 2);

    for (size_t c = 0; c < channels; c++, x += rest, dx += rest) {
        if (clear)
            memset(dx, 0, (size_t)height * (size_t)width * sizeof *dx);
        for (int i = 0; i < h; i++, x += pair, dx += pair, y += w, dy += w)
            if (set && !clear)
                back_to_lines(w, x, x + width, y, dy, true, dx, dx + width);
            else
                back_to_lines(w, x, x + width, y, dy, false, dx, dx + width);
    }
}
