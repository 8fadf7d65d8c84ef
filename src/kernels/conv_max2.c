/* conv_max2.c -- convolution with a stride of 1 and max pooling of 2 x 2
 * numbers, in one.
 *
 *   z[o,i,j] = max_{r,t = 0,1} y[o, 2i + r, 2j + t]
 *
 * The four y of a maximum are in the same lane of four registers, and other
 * lanes have other i,j: so the maxima need no shuffling of lanes, and y is
 * never written.  For that the image is divided into phases,
 *
 *   phase[c,e,f,i,j] = image[c, 2i + e, 2j + f]       e = 0, 1   f = 0 .. k
 *
 * in which the number that W[o,c,u,v] is multiplied by for
 * y[o, 2i + r, 2j + t] is
 *
 *   phase[c, (r + u) % 2, t + v, i + (r + u) / 2, j]
 *
 * which for all i,j is one unbroken run.
 *
 * Unlike conv_vectors.c followed by a pool, this writes a quarter of the
 * numbers, once, and notes the places of the maxima for conv_nonzero.c.  It
 * has 180 lines of code; without it a training step takes up to 1.5 times as
 * long in nets where such maxima follow a convolution directly (see conv.c).
 */
#include "kernels/conv.h"
#include "kernels/conv_layout.h"
#include "kernels/pool2.h"
#include "kernels/relu.h"
#include "kernels/tile.h"

#include <string.h>

enum {
    MOST_OUTS = 4, /* the most channels that a tile has */
    SQUARE = 4,    /* vectors of a channel: vector 2r + t has y at r,t */
    MOST_LANES = 16, /* the most numbers in a vector */
    COPIED = 16 / sizeof(gradus_real), /* numbers in 16 bytes, a vector that
                                          any processor has */
    PHASES = 4096  /* numbers of a strip's phases, to fit the L1 cache */
};

/* The work on one group of one sample.  z is computed in strips of some
 * lines, and t reads the phases of one strip.  even, odd and phase lie in the
 * scratch memory; t.W, z and argmax are the caller's. */
typedef struct {
    gradus_tiled t;
    gradus_conv_image image; /* its pitch is even */
    int height, width;       /* of z */
    int strip;               /* lines of z in a strip */
    const gradus_real *x;    /* the image */
    gradus_real *even, *odd; /* [in,lines,pitch / 2], its columns */
    gradus_real *phase;      /* [in,2,kernel + 1,strip + kernel / 2,width] */
    gradus_real *z;          /* [out,height,width] */
    uint8_t *argmax;         /* like z, or NULL */
    bool relu;
} pooled;

/* Returns the sizes and distances for c, with no arrays yet. */
static pooled new_pooled(const gradus_conv *c)
{
    pooled d = { .image = gradus_conv_image_of(c, 2),
                 .height = c->out_height / 2, .width = c->out_width / 2,
                 .relu = c->relu };
    const size_t width = (size_t)d.width, kernel = (size_t)c->kernel;

    d.strip = gradus_conv_strip(
        d.height, 2 * (size_t)c->in * (kernel + 1) * width, PHASES);
    d.t = (gradus_tiled){ .in = c->in, .out = c->out, .kernel = c->kernel,
                          .pitch = width };
    d.t.step = ((size_t)d.strip + kernel / 2) * width;
    d.t.odd = (kernel + 1) * d.t.step;
    d.t.plane = 2 * d.t.odd;
    return d;
}

/* The scratch memory has the image, its even and odd columns, and the phases.
 * Behind each there is room for what a last vector reads or writes beyond the
 * end, and for the line that an even kernel reads without needing it. */
static size_t scratch_size(const gradus_conv *c)
{
    const pooled d = new_pooled(c);

    return 2 * d.image.size + (size_t)d.t.in * d.t.plane + MOST_LANES;
}

/* ---- the image and its phases ---------------------------------------- */

/* Separates the columns of all lines of the image into even and odd ones. */
GRADUS_INLINE void split_columns(const pooled *d,
                                 const gradus_real *restrict image,
                                 gradus_real *restrict even,
                                 gradus_real *restrict odd)
{
    const size_t n = (size_t)d->t.in * d->image.plane / 2;

    for (size_t i = 0; i < n; i++) {
        even[i] = image[2 * i];
        odd[i] = image[2 * i + 1];
    }
}

/* Copies `lines` lines of `width` numbers by whole vectors: what is written
 * beyond the end of a line is overwritten by the next one. */
GRADUS_INLINE void copy_lines(int lines, int width, const gradus_real *from,
                              size_t pitch, gradus_real *to)
{
    for (int i = 0; i < lines; i++, from += pitch, to += width)
        for (int j = 0; j < width; j += COPIED)
            memcpy(to + j, from + j, COPIED * sizeof *to);
}

/* Computes the phases that `lines` lines of z, from `line` on, need. */
static void split_lines(const pooled *d, int line, int lines)
{
    const size_t plane = d->image.plane / 2, pitch = d->image.pitch / 2;
    gradus_real *phase = d->phase;

    lines += d->t.kernel / 2;
    for (int ch = 0; ch < d->t.in; ch++)
        for (int e = 0; e < 2; e++)
            for (int f = 0; f <= d->t.kernel; f++, phase += d->t.step) {
                const gradus_real *from = f % 2 ? d->odd : d->even;
                from += ch * plane + (2 * (size_t)line + e) * pitch + f / 2;
                copy_lines(lines, d->width, from, 2 * pitch, phase);
            }
}

/* ---- a tile ---------------------------------------------------------- */

/* Writes n maxima of y [4,lanes] to z[at] onwards, and their argmax, if it
 * is wanted, to the same place.  All lanes are computed even if some do not
 * count, so that the compiler can use vectors. */
GRADUS_INLINE void put(const pooled *d, int lanes, size_t at, int n,
                       const gradus_real *y)
{
    const gradus_real *y1 = y + lanes, *y2 = y1 + lanes, *y3 = y2 + lanes;
    const bool relu = d->relu;
    gradus_real max[MOST_LANES];
    int which[MOST_LANES];
    uint8_t bytes[MOST_LANES];

    for (int i = 0; i < lanes; i++) {
        gradus_real m = larger(larger(y[i], y1[i]), larger(y2[i], y3[i]));
        int not_0 = y[i] < m, nor_1 = not_0 & (y1[i] < m);
        int first = not_0 + nor_1 + (nor_1 & (y2[i] < m));
        which[i] = relu && !(m > 0) ? 4 : first;
        max[i] = relu ? gradus_rectify(m) : m;
    }
    for (int i = 0; i < lanes; i++)
        bytes[i] = (uint8_t)which[i];
    if (n == lanes) /* mostly; of a known length it is one instruction */
        memcpy(d->z + at, max, (size_t)lanes * sizeof *max);
    else
        memcpy(d->z + at, max, (size_t)n * sizeof *max);
    if (d->argmax && n == lanes)
        memcpy(d->argmax + at, bytes, (size_t)lanes);
    else if (d->argmax)
        memcpy(d->argmax + at, bytes, (size_t)n);
}

/* Computes `lines` lines of z, from `line` on, in the `outs` channels from
 * o on. */
GRADUS_INLINE void tiles(const pooled *d, int bytes, int outs, int o, int line,
                         int lines)
{
    const int lanes = bytes / (int)sizeof *d->z, n = lines * d->width;
    const size_t four = SQUARE * (size_t)lanes;
    const size_t z = (size_t)d->height * (size_t)d->width;
    size_t at = (size_t)o * z + (size_t)line * (size_t)d->width;
    gradus_real y[MOST_OUTS * SQUARE * MOST_LANES];

    for (int q = 0; q < n; q += lanes, at += (size_t)lanes) {
        tile(&d->t, bytes, true, outs, SQUARE, o, d->phase + q, y, four);
        for (int k = 0; k < outs; k++)
            put(d, lanes, at + (size_t)k * z, n - q < lanes ? n - q : lanes,
                y + (size_t)k * four);
    }
}

/* ---- all strips, by each kind of processor --------------------------- */

/* Computes all of z, strip by strip, from the image.  Tiles have `most`
 * channels, or one, and vectors have `bytes` bytes. */
GRADUS_INLINE void convolve(const pooled *d, int bytes, int most)
{
    split_columns(d, d->x, d->even, d->odd);
    for (int line = 0, lines; line < d->height; line += lines) {
        int left = d->height - line, o = 0;
        lines = left < d->strip ? left : d->strip;
        split_lines(d, line, lines);
        for (; o + most <= d->t.out; o += most)
            tiles(d, bytes, most, o, line, lines);
        for (; o < d->t.out; o++)
            tiles(d, bytes, 1, o, line, lines);
    }
}

static void by_plain(const pooled *d)
{
    convolve(d, 16, 2);
}

/* Of the 16 registers 8 hold sums. */
GRADUS_FOR_AVX2 static void by_avx2(const pooled *d)
{
    convolve(d, 32, 2);
}

/* Of the 32 registers 16 hold sums. */
GRADUS_FOR_AVX512 static void by_avx512(const pooled *d)
{
    convolve(d, 64, 4);
}

/* ---- the way --------------------------------------------------------- */

static bool fits(const gradus_conv *c)
{
    return c->stride == 1 && c->kernel > 1 && c->max2 && c->out_height > 1 &&
           c->out_width > 1;
}

/* The border of the image has to be 0; the rest is cleared as well. */
static void begin(const gradus_conv *c, gradus_real *scratch)
{
    memset(scratch, 0, scratch_size(c) * sizeof *scratch);
}

/* Without padding, and with an even width, x is its own image. */
static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    static void (*const version[])(const pooled *) = {
        [GRADUS_PLAIN] = by_plain, [GRADUS_AVX2] = by_avx2,
        [GRADUS_AVX512] = by_avx512 };
    pooled d = new_pooled(c);

    d.t.W = c->packed + (size_t)s->group * gradus_conv_weights(c);
    d.t.b = c->b ? c->b + s->group * c->out : NULL;
    d.x = s->x;
    d.even = scratch + d.image.size;
    d.odd = d.even + d.image.size / 2;
    d.phase = d.even + d.image.size;
    d.z = s->z;
    d.argmax = s->argmax;
    if (c->padding || c->width % 2) {
        gradus_conv_image_fill(&d.image, s->x, scratch);
        d.x = scratch;
    }
    version[c->simd](&d);
}

const gradus_conv_way gradus_conv_max2 = {
    .name = "max2", .fits = fits, .scratch = scratch_size,
    .packed = gradus_conv_all_weights, .pack = gradus_conv_pack,
    .begin = begin, .forward = forward,
};
