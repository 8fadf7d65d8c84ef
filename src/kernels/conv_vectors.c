/* conv_vectors.c -- convolution with a stride of 1, straight from the image.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] image[c, i + u, j + v]
 *
 * where the image is x within its border of zeros.  The lines of a channel lie
 * one after the other there, `pitch` numbers apart.  So what the kernel's
 * number c,u,v adds to all of y[o] is one run of the image,
 *
 *   y[o,q] += W[o,c,u,v] image[at(c,u,v) + q]         q = i pitch + j
 *
 * and vectors can add it.  Between two lines, where j is not below the width
 * of y, the sums mean nothing; leaving them out would break the vectors, so
 * they are computed too, but never stored.  The processor decides how large
 * the tiles of y are that stay in registers, and which instructions compute
 * them.
 *
 * dx is a convolution as well, of dy within a border of k - 1 - p zeros: o and
 * c change places, and the kernel is turned round.
 *
 *   dx[c,i,j] += sum_{o,u,v} W[o,c,k-1-u,k-1-v] image[o, i + u, j + v]
 *
 * dW and db are left to conv_gemm.c.
 *
 * Unlike conv_gemm.c, this makes no columns, and a ReLU costs next to nothing.
 * With tile.h it has 260 lines of code; without it a training step takes up to
 * 2.0 times as long with AVX-512, but 0.9 to 1.3 times with AVX2 (see conv.c).
 */
#include "kernels/conv.h"
#include "kernels/conv_layout.h"
#include "kernels/tile.h"

#include <string.h>

enum {
    MOST_OUTS = 8,  /* the most channels that a tile has */
    ROUND = 3 * 16, /* a multiple of a tile's numbers of a channel */
    STRIP = 1024    /* numbers of y[o] before the next o, so that they and what
                     * they need of the image stay in a core's first cache */
};

/* One convolution, forward or back.  y is made in strips of some lines. */
typedef struct {
    gradus_tiled t;
    int height, width;        /* of y */
    const gradus_real *image; /* [in, height + kernel - 1, pitch] */
    gradus_real *strip;       /* [MOST_OUTS,run_of(..)] */
    gradus_real *y;           /* [out,height,width] */
    bool add, relu;           /* y += .., y = max(0, ..); else y = .. */
} convolution;

/* The convolution that makes dx of dy. */
static gradus_conv turned(const gradus_conv *c)
{
    return (gradus_conv){
        .in = c->out, .height = c->out_height, .width = c->out_width,
        .out = c->in, .out_height = c->height, .out_width = c->width,
        .kernel = c->kernel, .stride = 1,
        .padding = c->kernel - 1 - c->padding, .groups = c->groups,
        .simd = c->simd };
}

/* ---- scratch memory: all of W, the image, a strip of some channels --- */

static int lines_of_strip(int height, size_t pitch)
{
    size_t lines = STRIP / pitch;

    return lines < 1 ? 1 : lines < (size_t)height ? (int)lines : height;
}

/* How many numbers a strip has of a channel, with room for whole tiles. */
static size_t run_of(int lines, size_t pitch)
{
    return ((size_t)lines * pitch + ROUND - 1) / ROUND * ROUND;
}

static size_t weights_of(const gradus_conv *c)
{
    return (size_t)c->groups * gradus_conv_weights(c);
}

static size_t scratch_of(const gradus_conv *c)
{
    const gradus_conv_image m = gradus_conv_image_of(c);

    return weights_of(c) + gradus_conv_image_size(&m) +
           MOST_OUTS * run_of(lines_of_strip(c->out_height, m.pitch), m.pitch);
}

static void clear_image(const gradus_conv *c, gradus_real *image)
{
    const gradus_conv_image m = gradus_conv_image_of(c);

    memset(image, 0, gradus_conv_image_size(&m) * sizeof *image);
}

/* ---- a strip --------------------------------------------------------- */

/* Makes `outs` channels from o on of `lines` lines from `line` on. */
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

/* Makes as many channels from o on as there is a tile for, `most` or fewer.
 * Returns their number. */
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

GRADUS_INLINE void put_line(int w, bool relu, bool add,
                            const gradus_real *strip, gradus_real *restrict y)
{
    if (relu)
        for (int j = 0; j < w; j++)
            y[j] = strip[j] < 0 ? 0 : strip[j];
    else if (add)
        for (int j = 0; j < w; j++)
            y[j] += strip[j];
    else
        memcpy(y, strip, (size_t)w * sizeof *y);
}

/* Puts `lines` lines of channel o, from `line` on, where they belong in y. */
GRADUS_INLINE void put(const convolution *d, int o, int line, int lines,
                       const gradus_real *strip)
{
    gradus_real *y = d->y + ((size_t)o * d->height + (size_t)line) * d->width;
    const bool relu = d->relu, add = d->add;

    for (int i = 0; i < lines; i++, strip += d->t.pitch, y += d->width)
        put_line(d->width, relu, add, strip, y);
}

/* ---- all strips, by each kind of processor --------------------------- */

/* Tiles have up to `most` channels, and `vectors` vectors of `bytes` bytes of
 * each. */
GRADUS_INLINE void convolve(const convolution *d, int bytes, int most,
                            int vectors)
{
    for (int line = 0, lines; line < d->height; line += lines) {
        int at_once = lines_of_strip(d->height, d->t.pitch);
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

/* Of 16 registers 8 are for sums, as each product may need one too. */
static void by_plain(const convolution *d)
{
    convolve(d, 16, 4, 2);
}

/* Of 16 registers 12. */
GRADUS_FOR_AVX2 static void by_avx2(const convolution *d)
{
    convolve(d, 32, 4, 3);
}

/* Of 32 registers 24. */
GRADUS_FOR_AVX512 static void by_avx512(const convolution *d)
{
    convolve(d, 64, 8, 3);
}

/* Convolves a group, once there are W and a border of zeros in scratch. */
static void run(const gradus_conv *c, int group, const gradus_real *x,
                gradus_real *scratch, gradus_real *y, bool add)
{
    static void (*const version[])(const convolution *) = {
        [GRADUS_PLAIN] = by_plain, [GRADUS_AVX2] = by_avx2,
        [GRADUS_AVX512] = by_avx512 };
    const gradus_conv_image m = gradus_conv_image_of(c);
    gradus_real *image = scratch + weights_of(c);
    const convolution d = {
        .t = { .in = c->in, .out = c->out, .kernel = c->kernel,
               .W = scratch + gradus_conv_weights(c) * group,
               .b = c->b ? c->b + c->out * group : NULL, .plane = m.plane,
               .pitch = m.pitch },
        .height = c->out_height, .width = c->out_width, .image = image,
        .strip = image + gradus_conv_image_size(&m), .y = y, .add = add,
        .relu = c->relu };

    gradus_conv_image_fill(&m, x, image);
    version[c->simd](&d);
}

/* ---- the way --------------------------------------------------------- */

/* A kernel of 1 is left to conv_gemm.c: x is its matrix of columns. */
static bool fits(const gradus_conv *c)
{
    return c->stride == 1 && c->kernel > 1 && !c->max2;
}

static size_t scratch_size(const gradus_conv *c)
{
    const gradus_conv back = turned(c);
    size_t a = scratch_of(c);
    size_t b = gradus_conv_gemm.scratch(c) + scratch_of(&back);

    return a > b ? a : b;
}

static void begin(const gradus_conv *c, gradus_real *scratch)
{
    clear_image(c, gradus_conv_pack(c, scratch));
}

static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    run(c, s->group, s->x, scratch, s->z, false);
}

/* Copies W as [group,o,u,v,c], the kernel turned round. */
static void begin_back(const gradus_conv *c, gradus_real *scratch)
{
    const gradus_conv back = turned(c);
    const int kk = c->kernel * c->kernel, okk = c->out * kk;
    gradus_real *packed = scratch + gradus_conv_gemm.scratch(c);
    const gradus_real *W = c->W;

    for (int group = 0; group < c->groups; group++, packed += c->in * okk)
        for (int o = 0; o < c->out; o++)
            for (int ch = 0; ch < c->in; ch++)
                for (int k = kk - 1; k >= 0; k--)
                    packed[(o * kk + k) * c->in + ch] = *W++;
    clear_image(&back, packed);
}

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const gradus_conv back = turned(c);
    gradus_conv_sample rest = *s;

    if (s->dx)
        run(&back, s->group, s->dz, scratch + gradus_conv_gemm.scratch(c),
            s->dx, true);
    rest.dx = NULL;
    gradus_conv_gemm.backward(c, &rest, scratch);
}

const gradus_conv_way gradus_conv_vectors = {
    .name = "vectors", .fits = fits, .scratch = scratch_size, .begin = begin,
    .forward = forward, .begin_back = begin_back, .backward = backward,
};
