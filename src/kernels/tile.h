/* tile.h -- a tile of a convolution with a stride of 1: the sums
 *
 *   y[o,..] = b[o] + sum_{c,u,v} W[o,c,u,v] image[c,u,v,..]
 *
 * of some channels o by some vectors of positions.  They are in registers
 * while the image and W pass by, so that each number that is read is used as
 * often as there are vectors, or channels. */
#ifndef GRADUS_TILE_H
#define GRADUS_TILE_H

#include "kernels/simd.h"

#include "gradus.h"

#include <stdbool.h>

/* What tiles read.  Distances are numbers of the image; step and odd matter
 * to squares alone. */
typedef struct {
    int in, out, kernel;
    const gradus_real *W, *b;  /* [in,kernel,kernel,out]; [out] or NULL   */
    size_t plane, pitch, step; /* between channels, lines, columns        */
    size_t odd;                /* from the even lines to the odd ones     */
} gradus_tiled;

/* The vectors of a channel are one run of positions; or, as a square, they
 * are of y[2i,2j], y[2i,2j+1], y[2i+1,2j] and y[2i+1,2j+1], and even and odd
 * lines of the image are apart.  This is where in a channel of the image line
 * u of the kernel is for vector q, */
GRADUS_INLINE size_t tile_line(const gradus_tiled *t, int bytes, bool square,
                               int u, int q)
{
    if (!square)
        return (size_t)u * t->pitch + (size_t)(q * bytes) / sizeof *t->W;
    const int line = u + q / 2;
    return (size_t)(line % 2) * t->odd + (size_t)(q % 2) * t->step +
           (size_t)(line / 2) * t->pitch;
}

/* and this the way from the kernel's column v to v + 1. */
GRADUS_INLINE size_t tile_step(const gradus_tiled *t, bool square)
{
    return square ? t->step : 1;
}

enum { TILE_OUTS = 8, TILE_RUNS = 4 }; /* at most */

#define LANES lanes512
#define BYTES 64
#define TILE tile512
#include "kernels/tile_of_vectors.h"

#define LANES lanes256
#define BYTES 32
#define TILE tile256
#include "kernels/tile_of_vectors.h"

#define LANES lanes128
#define BYTES 16
#define TILE tile128
#include "kernels/tile_of_vectors.h"

/* `outs` channels from o on by `runs` vectors of `bytes` bytes, of what lies
 * in the image from here on: y [outs,runs,lanes], a channel's `run` numbers
 * apart.  All but o and the pointers are constants where this is inlined. */
GRADUS_INLINE void tile(const gradus_tiled *t, int bytes, bool square,
                        int outs, int runs, int o, const gradus_real *image,
                        gradus_real *y, size_t run)
{
    if (bytes == 64)
        tile512(t, square, outs, runs, o, image, y, run);
    else if (bytes == 32)
        tile256(t, square, outs, runs, o, image, y, run);
    else
        tile128(t, square, outs, runs, o, image, y, run);
}

#endif
