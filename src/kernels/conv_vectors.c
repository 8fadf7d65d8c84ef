/* conv_vectors.c -- convolution with a stride of 1, straight from the image.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] image[c, i + u, j + v]
 *
 * where the image is x within its border of zeros.  The lines of a channel lie
 * one after the other there, `pitch` numbers apart.  So what the weight at
 * c,u,v contributes to all of y[o] is one unbroken run of the image,
 *
 *   y[o,q] += W[o,c,u,v] image[at(c,u,v) + q]         q = i pitch + j
 *
 * and vector instructions can add it.  Between two lines, where j is not below
 * the width of y, the sums mean nothing; leaving them out would break up the
 * vectors, so they are computed too, but never copied to y.  The processor
 * decides how large the tiles of y are that stay in registers, and which
 * instructions compute them.
 *
 * dx is a convolution as well, of dy within a border of k - 1 - p zeros: o and
 * c change places, and the kernel is rotated by 180 degrees.
 *
 *   dx[c,i,j] += sum_{o,u,v} W[o,c,k-1-u,k-1-v] image[o, i + u, j + v]
 *
 * conv_gemm.c computes dW and db.
 *
 * Unlike conv_gemm.c, this makes no columns, and a ReLU costs next to nothing.
 * With tile.h and its header it has 250 lines of code; without it a training
 * step takes 1.2 times as long with AVX-512, and 1.7 times with AVX2, in a net
 * of few channels (see conv.c).
 */
#include "kernels/conv.h"
#include "kernels/conv_layout.h"
#include "kernels/relu.h"
#include "kernels/tile.h"

#include <string.h>

enum {
    ROUND = 3 * 16, /* a multiple of the numbers of a channel in any tile */
    STRIP = 1024    /* numbers of y[o] that are computed before the next o, so
                     * that they and their part of the image stay in the L1
                     * cache */
};

/* One convolution of one group, for the forward pass or for dx.  y is
 * computed in strips of some lines each; image and strip lie in the scratch
 * memory. */
typedef struct {
    gradus_tiled t;
    int height, width;        /* of y, in numbers */
    const gradus_real *image; /* [in, height + kernel - 1, pitch] */
    gradus_real *strip;       /* [TILE_OUTS,run_of(..)] */
    gradus_real *y;           /* [out,height,width] */
    bool add, relu;           /* y += .. or y = max(0, ..); else y = .. */
} convolution;

/* ---- scratch memory: the image, a strip of some channels ------------- */

/* Returns how many numbers a strip of `lines` lines has in each channel,
 * rounded up to whole tiles. */
static size_t run_of(int lines, size_t pitch)
{
    return ((size_t)lines * pitch + ROUND - 1) / ROUND * ROUND;
}

/* Returns the numbers of scratch memory that one direction needs. */
static size_t scratch_of(const gradus_conv *c)
{
    const gradus_conv_image m = gradus_conv_image_of(c, 1);
    int lines = gradus_conv_strip(c->out_height, m.pitch, STRIP);

    return m.size + TILE_OUTS * run_of(lines, m.pitch);
}

/* ---- a strip --------------------------------------------------------- */

/* Computes `lines` lines of y, from `line` on, in the `outs` channels from
 * o on, and leaves them in the strip. */
GRADUS_INLINE void tiles(const convolution *d, int bytes, int outs,
                         int vectors, int o, int line, int lines)
{
    const size_t pitch = d->t.pitch, run = run_of(lines, pitch);
    const size_t end = (size_t)(lines - 1) * pitch + (size_t)d->width;
    const gradus_real *image = d->image + (size_t)line * pitch;

    for (size_t q = 0; q < end; q += vectors * bytes / sizeof *image)
        tile(&d->t, bytes, false, outs, vectors, o, image + q, d->strip + q,
             run);
}

/* Computes as many channels from o on as there is a tile for, `most` or
 * fewer.  Returns their number. */
GRADUS_INLINE int some_channels(const convolution *d, int bytes, int most,
                                int vectors, int o, int line, int lines)
{
    const int rest = d->t.out - o;

    if (rest >= most)
        return tiles(d, bytes, most, vectors, o, line, lines), most;
    if (most > 4 && rest >= 4)
        return tiles(d, bytes, 4, vectors, o, line, lines), 4;
    if (most > 2 && rest >= 2)
        return tiles(d, bytes, 2, vectors, o, line, lines), 2;
    return tiles(d, bytes, 1, vectors, o, line, lines), 1;
}

/* ---- from the strip to where it goes --------------------------------- */

/* Moves w numbers of a line from the strip to y. */
GRADUS_INLINE void put_line(int w, bool relu, bool add,
                            const gradus_real *strip, gradus_real *restrict y)
{
    if (relu)
        for (int j = 0; j < w; j++)
            y[j] = gradus_rectify(strip[j]);
    else if (add)
        for (int j = 0; j < w; j++)
            y[j] += strip[j];
    else
        memcpy(y, strip, (size_t)w * sizeof *y);
}

/* Moves `lines` lines of channel o, from `line` on, from the strip to y. */
GRADUS_INLINE void put(const convolution *d, int o, int line, int lines,
                       const gradus_real *strip)
{
    gradus_real *y = d->y + ((size_t)o * d->height + (size_t)line) * d->width;
    const bool relu = d->relu, add = d->add;

    for (int i = 0; i < lines; i++, strip += d->t.pitch, y += d->width)
        put_line(d->width, relu, add, strip, y);
}

/* ---- all strips, by each kind of processor --------------------------- */

/* Computes all of y, strip by strip.  Tiles have up to `most` channels, and
 * `vectors` vectors of `bytes` bytes for each of them. */
GRADUS_INLINE void convolve(const convolution *d, int bytes, int most,
                            int vectors)
{
    for (int line = 0, lines; line < d->height; line += lines) {
        int at_once = gradus_conv_strip(d->height, d->t.pitch, STRIP);
        int left = d->height - line;
        lines = left < at_once ? left : at_once;
        for (int o = 0, n; o < d->t.out; o += n) {
            n = some_channels(d, bytes, most, vectors, o, line, lines);
            for (int k = 0; k < n; k++)
                put(d, o + k, line, lines,
                    d->strip + (size_t)k * run_of(lines, d->t.pitch));
        }
    }
}

/* Of the 16 registers 8 hold sums, as each product may need a register too. */
static void by_plain(const convolution *d)
{
    convolve(d, 16, 4, 2);
}

/* Of the 16 registers 12 hold sums. */
GRADUS_FOR_AVX2 static void by_avx2(const convolution *d)
{
    convolve(d, 32, 4, 3);
}

/* Of the 32 registers 24 hold sums. */
GRADUS_FOR_AVX512 static void by_avx512(const convolution *d)
{
    convolve(d, 64, 8, 3);
}

/* Convolves one group of x to y.  W is packed, and the border of zeros is in
 * scratch already. */
static void run(const gradus_conv *c, int group, const gradus_real *x,
                gradus_real *scratch, gradus_real *y, bool add)
{
    static void (*const version[])(const convolution *) = {
        [GRADUS_PLAIN] = by_plain, [GRADUS_AVX2] = by_avx2,
        [GRADUS_AVX512] = by_avx512 };
    const gradus_conv_image m = gradus_conv_image_of(c, 1);
    const convolution d = {
        .t = { .in = c->in, .out = c->out, .kernel = c->kernel,
               .W = c->packed + gradus_conv_weights(c) * group,
               .b = c->b ? c->b + c->out * group : NULL, .plane = m.plane,
               .pitch = m.pitch },
        .height = c->out_height, .width = c->out_width, .image = scratch,
        .strip = scratch + m.size, .y = y, .add = add,
        .relu = c->relu };

    gradus_conv_image_fill(&m, x, scratch);
    version[c->simd](&d);
}

/* ---- the way --------------------------------------------------------- */

/* A kernel of 1 is left to conv_direct.c or to conv_gemm.c. */
static bool fits(const gradus_conv *c)
{
    return c->stride == 1 && c->kernel > 1 && !c->max2;
}

/* In the backward pass, conv_gemm.c's scratch memory comes first, then the
 * packed weights. */
static gradus_real *packed_back(const gradus_conv *c, gradus_real *scratch)
{
    return scratch + gradus_conv_gemm.scratch(c);
}

static gradus_real *behind_packed_back(const gradus_conv *c,
                                       gradus_real *scratch)
{
    return packed_back(c, scratch) + gradus_conv_all_weights(c);
}

static size_t scratch_size(const gradus_conv *c)
{
    const gradus_conv back = gradus_conv_turned(c);

    return larger_size(scratch_of(c),
                       gradus_conv_gemm.scratch(c) +
                           gradus_conv_all_weights(c) + scratch_of(&back));
}

/* Sets the border of the image to 0, and what is within it. */
static void begin(const gradus_conv *c, gradus_real *scratch)
{
    memset(scratch, 0, gradus_conv_image_of(c, 1).size * sizeof *scratch);
}

static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    run(c, s->group, s->x, scratch, s->z, false);
}

static void begin_back(const gradus_conv *c, gradus_real *scratch)
{
    const gradus_conv back = gradus_conv_turned(c);

    gradus_conv_gemm.begin_back(c, scratch);
    gradus_conv_pack_turned(c, packed_back(c, scratch));
    begin(&back, behind_packed_back(c, scratch));
}

/* Computes dx here, and dW and db in conv_gemm.c. */
static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    gradus_conv back = gradus_conv_turned(c);
    gradus_conv_sample rest = *s;

    back.packed = packed_back(c, scratch);
    if (s->dx)
        run(&back, s->group, s->dz, behind_packed_back(c, scratch), s->dx,
            !s->set_dx);
    rest.dx = NULL;
    gradus_conv_gemm.backward(c, &rest, scratch);
}

static void end_back(const gradus_conv *c, gradus_real *scratch,
                     gradus_real *dW)
{
    gradus_conv_gemm.end_back(c, scratch, dW);
}

const gradus_conv_way gradus_conv_vectors = {
    .name = "vectors", .fits = fits, .scratch = scratch_size,
    .packed = gradus_conv_all_weights, .pack = gradus_conv_pack,
    .begin = begin, .forward = forward, .begin_back = begin_back,
    .backward = backward, .end_back = end_back,
};
