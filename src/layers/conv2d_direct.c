/* conv2d_direct.c -- convolution with a stride of 1, straight from the image.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] image[c, i + u, j + v]
 *
 * where the image is x within its border of zeros.  The lines of a channel lie
 * one after the other there, `pitch` numbers each.  So to all of y[o] the
 * kernel's number c,u,v brings one run of the image,
 *
 *   y[o,q] += W[o,c,u,v] image[at(c,u,v) + q]         q = i pitch + j
 *
 * which is what vectors are for.  For the q between two lines, where j is not
 * below the width, nonsense is computed and left out.  A tile of some channels
 * by some vectors of y stays in registers while the image and W pass by; how
 * large it is, and of what instructions, depends on the processor.
 *
 * Back to x it is the same with o and c exchanged and the kernel turned round,
 * from dy within a border of k - 1 - p zeros:
 *
 *   dx[c,i,j] += sum_{o,u,v} W[o,c,k-1-u,k-1-v] image[o, i + u, j + v]
 */
#include "conv2d.h"

#include <string.h>

enum {
    MOST_OUT = 8,   /* of a tile: channels, */
    MOST_RUN = 3,   /* and vectors */
    ROUND = 3 * 16, /* a multiple of every tile's numbers of a channel */
    BLOCK = 8,      /* maxima at a time */
    STRIP = 1024    /* numbers of y[o] before the next o, so that they and
                     * their part of the image stay in a core's first cache */
};

/* One way: from `in` channels of an image to `out` ones of h x w. */
typedef struct {
    int out, in, kernel, height, width;
    int border;
    size_t pitch, plane; /* numbers of the image's lines, of its channels */
} way;

static way new_way(const conv2d_node *c, int out, int in, int height,
                   int width, int border)
{
    size_t more = (size_t)c->kernel - 1;
    way d = { .out = out, .in = in, .kernel = c->kernel, .height = height,
              .width = width, .border = border };

    d.pitch = (size_t)width + more;
    d.plane = ((size_t)height + more) * d.pitch;
    return d;
}

static way forward_way(const conv2d_node *c)
{
    return new_way(c, gradus_conv2d_out(c), gradus_conv2d_in(c),
                   c->node.shape[1], c->node.shape[2], c->padding);
}

static way back_way(const conv2d_node *c)
{
    return new_way(c, gradus_conv2d_in(c), gradus_conv2d_out(c), c->height,
                   c->width, c->kernel - 1 - c->padding);
}

/* Always two, of which maxima are made, or a multiple. */
static int lines_of_strip(const way *d)
{
    size_t lines = STRIP / d->pitch / 2 * 2;

    return lines < 2 ? 2 : lines < (size_t)d->height ? (int)lines : d->height;
}

/* Numbers of one of a strip's channels, with room for whole tiles. */
static size_t run_of(const way *d, int lines)
{
    return ((size_t)lines * d->pitch + ROUND - 1) / ROUND * ROUND;
}

/* The scratch memory: all weights, the image, a strip of some channels. */
static size_t weights_of(const conv2d_node *c)
{
    return c->node.param[0].size;
}

static size_t image_of(const way *d)
{
    return (size_t)d->in * d->plane + ROUND;
}

static size_t scratch_of(const conv2d_node *c, way d)
{
    size_t strip = MOST_OUT * run_of(&d, lines_of_strip(&d)) + 2 * BLOCK;

    return weights_of(c) + image_of(&d) + strip;
}

size_t gradus_conv2d_direct_scratch(const conv2d_node *c)
{
    if (c->stride > 1)
        return 0;
    size_t a = scratch_of(c, forward_way(c)), b = scratch_of(c, back_way(c));
    return a > b ? a : b;
}

/* ---- what is asked for ----------------------------------------------- */

/* y = bias + W * image, or y += .. */
typedef struct {
    way way;
    const gradus_real *W, *bias; /* [c,u,v,o], [o] or NULL */
    const gradus_real *image;
    gradus_real *strip;
    gradus_real *y;       /* [out,height,width], or with halves half of each */
    unsigned char *which; /* of the halves, or NULL */
    int add, relu, halves;
} convolution;

/* ---- a strip --------------------------------------------------------- */

#define LANES lanes512
#define BYTES 64
#define TILE tile512
#include "conv2d_tile.h"

#define LANES lanes256
#define BYTES 32
#define TILE tile256
#include "conv2d_tile.h"

#define LANES lanes128
#define BYTES 16
#define TILE tile128
#include "conv2d_tile.h"

/* `outs` channels of `lines` lines. */
GRADUS_INLINE void tiles(const convolution *c, int bytes, int outs, int runs,
                         int o, int line, int lines)
{
    const way *d = &c->way;
    const size_t run = run_of(d, lines);
    const size_t end = (size_t)(lines - 1) * d->pitch + (size_t)d->width;
    const gradus_real *image = c->image + (size_t)line * d->pitch;

    for (size_t q = 0; q < end; q += runs * bytes / sizeof *image)
        if (bytes == 64)
            tile512(c, outs, runs, o, image + q, c->strip + q, run);
        else if (bytes == 32)
            tile256(c, outs, runs, o, image + q, c->strip + q, run);
        else
            tile128(c, outs, runs, o, image + q, c->strip + q, run);
}

/* As many channels from o on as there is a tile for: at most `most`. */
GRADUS_INLINE int some_channels(const convolution *c, int bytes, int most,
                                int runs, int o, int line, int lines)
{
    const int rest = c->way.out - o;

    if (rest >= most)
        return tiles(c, bytes, most, runs, o, line, lines), most;
    if (most > 4 && rest >= 4)
        return tiles(c, bytes, 4, runs, o, line, lines), 4;
    if (most > 2 && rest >= 2)
        return tiles(c, bytes, 2, runs, o, line, lines), 2;
    return tiles(c, bytes, 1, runs, o, line, lines), 1;
}

/* ---- from the strip to where it goes --------------------------------- */

GRADUS_INLINE gradus_real relu(gradus_real x)
{
    return x < 0 ? 0 : x;
}

/* As in pooling.c: of equal ones the first, and a NaN if there is one. */
GRADUS_INLINE gradus_real larger(gradus_real a, gradus_real b)
{
    gradus_real m = b > a ? b : a;

    return b != b ? b : m;
}

GRADUS_INLINE void put_line(const convolution *c, const gradus_real *strip,
                            gradus_real *restrict y)
{
    const int w = c->way.width;

    for (int j = 0; c->add && j < w; j++)
        y[j] += strip[j];
    for (int j = 0; c->relu && j < w; j++)
        y[j] = relu(strip[j]);
    if (!c->add && !c->relu)
        memcpy(y, strip, (size_t)w * sizeof *y);
}

/* The maxima of 2 x 2 of two lines, x and z, and which they are.  All of a
 * block is computed, so that vectors do it, and less is used of the last. */
GRADUS_INLINE void put_halves(int w, int with_relu, const gradus_real *x,
                              const gradus_real *z, gradus_real *y,
                              unsigned char *which)
{
    for (int j = 0; j < w; j += BLOCK, x += 2 * BLOCK, z += 2 * BLOCK) {
        const size_t n = (size_t)(w - j < BLOCK ? w - j : BLOCK);
        gradus_real max[BLOCK];
        int not_a[BLOCK], nor_b[BLOCK];
        unsigned char k[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            gradus_real a = x[2 * i], b = x[2 * i + 1], c = z[2 * i];
            gradus_real m = larger(larger(a, b), larger(c, z[2 * i + 1]));
            max[i] = with_relu ? relu(m) : m;
            not_a[i] = a < m;
            nor_b[i] = not_a[i] & (b < m);
            not_a[i] += nor_b[i] + (nor_b[i] & (c < m));
            not_a[i] = with_relu && !(m > 0) ? 4 : not_a[i];
        }
        for (int i = 0; i < BLOCK; i++)
            k[i] = (unsigned char)not_a[i];
        memcpy(y + j, max, n * sizeof *y);
        if (which)
            memcpy(which + j, k, n);
    }
}

/* `lines` lines of channel o, from this one on. */
GRADUS_INLINE void put(const convolution *c, int o, int line, int lines,
                       const gradus_real *strip)
{
    const way *d = &c->way;
    const int h = d->height / 2, w = d->width / 2;

    for (int i = 0; c->halves && i < lines / 2; i++, strip += 2 * d->pitch) {
        size_t at = ((size_t)o * h + (size_t)(line / 2 + i)) * w;
        put_halves(w, c->relu, strip, strip + d->pitch, c->y + at,
                   c->which ? c->which + at : NULL);
    }
    for (int i = 0; !c->halves && i < lines; i++, strip += d->pitch)
        put_line(c, strip, c->y + ((size_t)o * d->height +
                                   (size_t)(line + i)) * d->width);
}

/* ---- all strips, by each kind of processor --------------------------- */

/* By tiles of up to `most` channels, `runs` vectors of `bytes` bytes of each. */
GRADUS_INLINE void convolve(const convolution *c, int bytes, int most,
                            int runs)
{
    const way *d = &c->way;

    for (int line = 0, lines; line < d->height; line += lines) {
        int at_once = lines_of_strip(d), left = d->height - line;
        lines = left < at_once ? left : at_once;
        for (int o = 0, n; o < d->out; o += n) {
            n = some_channels(c, bytes, most, runs, o, line, lines);
            for (int k = 0; k < n; k++)
                put(c, o + k, line, lines,
                    c->strip + (size_t)k * run_of(d, lines));
        }
    }
}

/* Of 32 registers 24 for sums. */
GRADUS_FOR_AVX512 static void by_avx512(const convolution *c)
{
    convolve(c, 64, 8, 3);
}

/* Of 16 registers 12 for sums. */
GRADUS_FOR_AVX2 static void by_avx2(const convolution *c)
{
    convolve(c, 32, 4, 3);
}

/* Of 16 registers 8, as a product may want one too. */
static void plain(const convolution *c)
{
    convolve(c, 16, 4, 2);
}

static void run(gradus_simd simd, const convolution *c)
{
    switch (simd) {
    case GRADUS_AVX512: by_avx512(c); break;
    case GRADUS_AVX2: by_avx2(c); break;
    default: plain(c);
    }
}

/* x into its border of zeros. */
static void fill_image(const way *d, const gradus_real *x, gradus_real *image)
{
    const size_t b = (size_t)d->border, w = d->pitch - 2 * b;

    for (int c = 0; c < d->in; c++, image += d->plane)
        for (size_t i = b; i < d->plane / d->pitch - b; i++, x += w)
            memcpy(image + i * d->pitch + b, x, w * sizeof *x);
}

/* ---- forward --------------------------------------------------------- */

void gradus_conv2d_direct_begin(const conv2d_node *c, gradus_real *scratch)
{
    const way d = forward_way(c);
    const int kk = c->kernel * c->kernel, ckk = d.in * kk;
    const gradus_real *W = c->node.param[0].w;
    gradus_real *packed = scratch; /* [group,c,u,v,o] */

    for (int group = 0; group < c->groups; group++, packed += d.out * ckk)
        for (int o = 0; o < d.out; o++)
            for (int k = 0; k < ckk; k++)
                packed[k * d.out + o] = *W++;
    memset(packed, 0, image_of(&d) * sizeof *packed);
}

void gradus_conv2d_direct_forward(const conv2d_node *c, int group,
                                  const gradus_real *x, gradus_real *scratch,
                                  gradus_real *result, unsigned char *which)
{
    const way d = forward_way(c);
    gradus_real *image = scratch + weights_of(c);

    fill_image(&d, x, image);
    run(c->simd, &(convolution){
        .way = d, .W = scratch + weights_of(c) / c->groups * group,
        .bias = c->bias ? c->node.param[1].w + group * d.out : NULL,
        .image = image, .strip = image + image_of(&d), .y = result,
        .which = which, .relu = c->relu, .halves = c->halves });
}

/* ---- back ------------------------------------------------------------ */

void gradus_conv2d_direct_begin_back(const conv2d_node *c,
                                     gradus_real *scratch)
{
    const way d = back_way(c);
    const int kk = c->kernel * c->kernel, okk = d.in * kk;
    const gradus_real *W = c->node.param[0].w;
    gradus_real *packed = scratch; /* [group,o,u,v,c], from the last u,v on */

    for (int group = 0; group < c->groups; group++, packed += d.out * okk)
        for (int o = 0; o < d.in; o++)
            for (int ch = 0; ch < d.out; ch++)
                for (int k = kk - 1; k >= 0; k--)
                    packed[(o * kk + k) * d.out + ch] = *W++;
    memset(packed, 0, image_of(&d) * sizeof *packed);
}

void gradus_conv2d_direct_back(const conv2d_node *c, int group,
                               const gradus_real *dy, gradus_real *scratch,
                               gradus_real *dx)
{
    const way d = back_way(c);
    gradus_real *image = scratch + weights_of(c);

    fill_image(&d, dy, image);
    run(c->simd, &(convolution){
        .way = d, .W = scratch + weights_of(c) / c->groups * group,
        .image = image, .strip = image + image_of(&d), .y = dx, .add = 1 });
}
