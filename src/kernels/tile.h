/* tile.h -- computes a tile of a convolution with a stride of 1: the sums
 *
 *   y[o,..] = b[o] + sum_{c,u,v} W[o,c,u,v] image[c,u,v,..]
 *
 * for some channels o and some vectors of positions.  The sums stay in
 * registers while the image and W are read: so each number of W that is
 * read is used for every vector, and each number of the image for every
 * channel. */
#ifndef GRADUS_TILE_H
#define GRADUS_TILE_H

#include "kernels/simd.h"

#include "gradus.h"

/* What all tiles of a convolution read; nothing here is owned.  The vectors
 * of a channel are one run of positions; or they are a square, that is, one
 * vector each of y[2i,2j], y[2i,2j+1], y[2i+1,2j] and y[2i+1,2j+1], and
 * then the even and the odd lines of the image are stored apart.  Distances
 * are in numbers; step and odd are used for squares alone. */
typedef struct {
    int in, out, kernel;
    const gradus_real *W, *b; /* [in,kernel,kernel,out]; [out] or NULL     */
    size_t plane, pitch;      /* between channels, between lines           */
    size_t step, odd;         /* between columns, from even to odd lines   */
} gradus_tiled;

/* Returns where, in a channel of the image, line u of the kernel begins for
 * vector q of a tile. */
GRADUS_INLINE size_t tile_line(const gradus_tiled *t, int bytes, bool square,
                               int u, int q)
{
    if (!square)
        return (size_t)u * t->pitch + (size_t)(q * bytes) / sizeof *t->W;
    const int line = u + q / 2;
    return (size_t)(line % 2) * t->odd + (size_t)(q % 2) * t->step +
           (size_t)(line / 2) * t->pitch;
}

enum { TILE_OUTS = 8, TILE_VECTORS = 4 }; /* the most that a tile may have */

/* The function for each length of vectors: tile512, tile256 and tile128. */
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

/* Computes the tile of `outs` channels, from o on, and of `vectors` vectors
 * of `bytes` bytes for each, from what `image` points at.  Writes y
 * [outs,vectors,lanes], whose channels are `run` numbers apart.  bytes,
 * square, outs and vectors have to be constants where this is inlined, so
 * that all loops over them can be unrolled. */
GRADUS_INLINE void tile(const gradus_tiled *t, int bytes, bool square,
                        int outs, int vectors, int o, const gradus_real *image,
                        gradus_real *y, size_t run)
{
    if (bytes == 64)
        tile512(t, square, outs, vectors, o, image, y, run);
    else if (bytes == 32)
        tile256(t, square, outs, vectors, o, image, y, run);
    else
        tile128(t, square, outs, vectors, o, image, y, run);
}

#endif
