/* conv2d_tiles.h -- the tile of conv2d_tile.h for each length of vectors that
 * processors have. */
#define LANES lanes512
#define BYTES 64
#define TILE tile512
#include "layers/conv2d_tile.h"

#define LANES lanes256
#define BYTES 32
#define TILE tile256
#include "layers/conv2d_tile.h"

#define LANES lanes128
#define BYTES 16
#define TILE tile128
#include "layers/conv2d_tile.h"

/* With vectors of so many bytes, a constant where this is inlined. */
GRADUS_INLINE void tile(const convolution *c, int bytes, int outs, int runs,
                        int o, const gradus_real *image, gradus_real *y,
                        size_t run)
{
    if (bytes == 64)
        tile512(c, outs, runs, o, image, y, run);
    else if (bytes == 32)
        tile256(c, outs, runs, o, image, y, run);
    else
        tile128(c, outs, runs, o, image, y, run);
}
