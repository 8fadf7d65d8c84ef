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
#include "layers/conv2d.h"

#include <string.h>

enum {
    MOST_OUT = 8,   /* of a tile: channels, */
    MOST_RUN = 3,   /* and vectors */
    ROUND = 3 * 16, /* a multiple of every tile's numbers of a channel */
    STRIP = 1024    /* numbers of y[o] before the next o, so that they and
                     * their part of the image stay in a core's first cache */
};

/* y = bias + W * image, or y += .., one way: from `in` channels of an image to
 * `out` ones of h x w. */
typedef struct {
    int out, in, kernel, height, width;
    int border;
    size_t pitch, plane; /* numbers of the image's lines, of its channels */
    const gradus_real *W, *bias; /* [c,u,v,o], [o] or NULL */
    const gradus_real *image;
    gradus_real *strip;
    gradus_real *y; /* [out,height,width] */
    int add, relu;
} convolution;

static convolution new_way(const conv2d_node *c, int out, int in, int height,
                           int width, int border)
{
    size_t more = (size_t)c->kernel - 1;
    convolution d = { .out = out, .in = in, .kernel = c->kernel,
                      .height = height, .width = width, .border = border };

    d.pitch = (size_t)width + more;
    d.plane = ((size_t)height + more) * d.pitch;
    return d;
}

static convolution forward_way(const conv2d_node *c)
{
    return new_way(c, gradus_conv2d_out(c), gradus_conv2d_in(c),
                   c->node.shape[1], c->node.shape[2], c->padding);
}

static convolution back_way(const conv2d_node *c)
{
    return new_way(c, gradus_conv2d_in(c), gradus_conv2d_out(c), c->height,
                   c->width, c->kernel - 1 - c->padding);
}

static int lines_of_strip(const convolution *d)
{
    size_t lines = STRIP / d->pitch;

    return lines < 1 ? 1 : lines < (size_t)d->height ? (int)lines : d->height;
}

/* Numbers of one of a strip's channels, with room for whole tiles. */
static size_t run_of(const convolution *d, int lines)
{
    return ((size_t)lines * d->pitch + ROUND - 1) / ROUND * ROUND;
}

/* The scratch memory: all weights, the image, a strip of some channels. */
static size_t weights_of(const conv2d_node *c)
{
    return c->node.param[0].size;
}

static size_t image_of(const convolution *d)
{
    return (size_t)d->in * d->plane + ROUND;
}

static size_t scratch_of(const conv2d_node *c, convolution d)
{
    size_t strip = MOST_OUT * run_of(&d, lines_of_strip(&d));

    return weights_of(c) + image_of(&d) + strip;
}

size_t gradus_conv2d_direct_scratch(const conv2d_node *c)
{
    if (c->stride > 1)
        return 0;
    size_t a = scratch_of(c, forward_way(c)), b = scratch_of(c, back_way(c));
    return a > b ? a : b;
}

/* ---- a strip --------------------------------------------------------- */

/* See conv2d_tile.h; register q is the q-th of a run. */
GRADUS_INLINE size_t step_of(const convolution *d)
{
    (void)d;
    return 1;
}

GRADUS_INLINE size_t line_of(const convolution *d, int u, int q, int bytes)
{
    return (size_t)u * d->pitch + (size_t)(q * bytes) / sizeof *d->W;
}

#include "layers/conv2d_tiles.h"

/* `outs` channels of `lines` lines. */
GRADUS_INLINE void tiles(const convolution *d, int bytes, int outs, int runs,
                         int o, int line, int lines)
{
    const size_t run = run_of(d, lines);
    const size_t end = (size_t)(lines - 1) * d->pitch + (size_t)d->width;
    const gradus_real *image = d->image + (size_t)line * d->pitch;

    for (size_t q = 0; q < end; q += runs * bytes / sizeof *image)
        tile(d, bytes, outs, runs, o, image + q, d->strip + q, run);
}

/* As many channels from o on as there is a tile for: at most `most`. */
GRADUS_INLINE int some_channels(const convolution *d, int bytes, int most,
                                int runs, int o, int line, int lines)
{
    const int rest = d->out - o;

    if (rest >= most)
        return tiles(d, bytes, most, runs, o, line, lines), most;
    if (most > 4 && rest >= 4)
        return tiles(d, bytes, 4, runs, o, line, lines), 4;
    if (most > 2 && rest >= 2)
        return tiles(d, bytes, 2, runs, o, line, lines), 2;
    return tiles(d, bytes, 1, runs, o, line, lines), 1;
}

/* ---- from the strip to where it goes --------------------------------- */

GRADUS_INLINE gradus_real relu(gradus_real x)
{
    return x < 0 ? 0 : x;
}

GRADUS_INLINE void put_line(const convolution *d, const gradus_real *strip,
                            gradus_real *restrict y)
{
    const int w = d->width;

    for (int j = 0; d->add && j < w; j++)
        y[j] += strip[j];
    for (int j = 0; d->relu && j < w; j++)
        y[j] = relu(strip[j]);
    if (!d->add && !d->relu)
        memcpy(y, strip, (size_t)w * sizeof *y);
}

/* `lines` lines of channel o, from this one on. */
GRADUS_INLINE void put(const convolution *d, int o, int line, int lines,
                       const gradus_real *strip)
{
    gradus_real *y = d->y + ((size_t)o * d->height + (size_t)line) * d->width;

    for (int i = 0; i < lines; i++, strip += d->pitch, y += d->width)
        put_line(d, strip, y);
}

/* ---- all strips, by each kind of processor --------------------------- */

/* By tiles of up to `most` channels, `runs` vectors of `bytes` bytes each. */
GRADUS_INLINE void convolve(const convolution *d, int bytes, int most,
                            int runs)
{
    for (int line = 0, lines; line < d->height; line += lines) {
        int at_once = lines_of_strip(d), left = d->height - line;
        lines = left < at_once ? left : at_once;
        for (int o = 0, n; o < d->out; o += n) {
            n = some_channels(d, bytes, most, runs, o, line, lines);
            for (int k = 0; k < n; k++)
                put(d, o + k, line, lines,
                    d->strip + (size_t)k * run_of(d, lines));
        }
    }
}

/* Of 32 registers 24 for sums. */
GRADUS_FOR_AVX512 static void by_avx512(const convolution *d)
{
    convolve(d, 64, 8, 3);
}

/* Of 16 registers 12 for sums. */
GRADUS_FOR_AVX2 static void by_avx2(const convolution *d)
{
    convolve(d, 32, 4, 3);
}

/* Of 16 registers 8, as a product may want one too. */
static void plain(const convolution *d)
{
    convolve(d, 16, 4, 2);
}

static void run(gradus_simd simd, const convolution *d)
{
    switch (simd) {
    case GRADUS_AVX512: by_avx512(d); break;
    case GRADUS_AVX2: by_avx2(d); break;
    default: plain(d);
    }
}

/* x into its border of zeros. */
static void fill_image(const convolution *d, const gradus_real *x,
                       gradus_real *image)
{
    const size_t b = (size_t)d->border, w = d->pitch - 2 * b;

    for (int c = 0; c < d->in; c++, image += d->plane)
        for (size_t i = b; i < d->plane / d->pitch - b; i++, x += w)
            memcpy(image + i * d->pitch + b, x, w * sizeof *x);
}

/* ---- forward --------------------------------------------------------- */

gradus_real *gradus_conv2d_pack(const conv2d_node *c, gradus_real *packed)
{
    const int out = gradus_conv2d_out(c);
    const int ckk = gradus_conv2d_in(c) * c->kernel * c->kernel;
    const gradus_real *W = c->node.param[0].w;

    for (int group = 0; group < c->groups; group++, packed += out * ckk)
        for (int o = 0; o < out; o++)
            for (int k = 0; k < ckk; k++)
                packed[k * out + o] = *W++;
    return packed;
}

void gradus_conv2d_direct_begin(const conv2d_node *c, gradus_real *scratch)
{
    const convolution d = forward_way(c);

    memset(gradus_conv2d_pack(c, scratch), 0,
           image_of(&d) * sizeof *scratch);
}

void gradus_conv2d_direct_forward(const conv2d_node *c, int group,
                                  const gradus_real *x, gradus_real *scratch,
                                  gradus_real *y)
{
    convolution d = forward_way(c);
    gradus_real *image = scratch + weights_of(c);

    fill_image(&d, x, image);
    d.W = scratch + weights_of(c) / c->groups * group;
    d.bias = c->bias ? c->node.param[1].w + group * d.out : NULL;
    d.image = image;
    d.strip = image + image_of(&d);
    d.y = y;
    d.relu = c->relu;
    run(c->simd, &d);
}

/* ---- back ------------------------------------------------------------ */

void gradus_conv2d_direct_begin_back(const conv2d_node *c,
                                     gradus_real *scratch)
{
    const convolution d = back_way(c);
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
    convolution d = back_way(c);
    gradus_real *image = scratch + weights_of(c);

    fill_image(&d, dy, image);
    d.W = scratch + weights_of(c) / c->groups * group;
    d.image = image;
    d.strip = image + image_of(&d);
    d.y = dx;
    d.add = 1;
    run(c->simd, &d);
}
