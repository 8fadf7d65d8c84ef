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
 * below the width, nonsense is computed and left out.  OUT channels by RUN
 * vectors of y stay in registers while the image and W pass by.
 *
 * Back to x it is the same with o and c exchanged and the kernel turned round,
 * from dy within a border of k - 1 - p zeros:
 *
 *   dx[c,i,j] += sum_{o,u,v} W[o,c,k-1-u,k-1-v] image[o, i + u, j + v]
 */
#include "conv2d.h"

#include <string.h>

/* What 32 registers of 16 floats hold, or else 16 of 8. */
#ifdef __AVX512F__
enum { LANES = 16, OUT = 8, RUN = 3 };
#else
enum { LANES = 8, OUT = 4, RUN = 3 };
#endif

enum {
    TILE = RUN * LANES,
    STRIP = 1024 /* numbers of y[o] before the next o, so that they and their
                  * part of the image stay in a core's first cache */
};

typedef gradus_real lanes
    __attribute__((vector_size(LANES * sizeof(gradus_real)),
                   aligned(sizeof(gradus_real)), may_alias));

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

static int lines_of_strip(const way *d)
{
    size_t lines = STRIP / d->pitch;

    return lines < 1 ? 1 : lines < (size_t)d->height ? (int)lines : d->height;
}

/* Numbers of one of a strip's channels. */
static size_t run_of(const way *d, int lines)
{
    size_t run = (size_t)(lines - 1) * d->pitch + (size_t)d->width;

    return (run + TILE - 1) / TILE * TILE;
}

/* The scratch memory: all weights, the image, a strip of OUT channels. */
static size_t weights_of(const conv2d_node *c)
{
    return c->node.param[0].size;
}

static size_t image_of(const way *d)
{
    return (size_t)d->in * d->plane + TILE;
}

static size_t scratch_of(const conv2d_node *c, way d)
{
    return weights_of(c) + image_of(&d) + OUT * run_of(&d, lines_of_strip(&d));
}

size_t gradus_conv2d_direct_scratch(const conv2d_node *c)
{
    if (c->stride > 1)
        return 0;
    size_t a = scratch_of(c, forward_way(c)), b = scratch_of(c, back_way(c));
    return a > b ? a : b;
}

/* ---- the work -------------------------------------------------------- */

/* `outs` channels of W[c,u,v,o], TILE numbers of each; outs is a constant where
 * this is inlined, at most OUT. */
static inline __attribute__((always_inline)) void
tile(const way *d, int outs, const gradus_real *W, const gradus_real *bias,
     const gradus_real *image, gradus_real *y, size_t run)
{
    const size_t pitch = d->pitch, plane = d->plane, out = (size_t)d->out;
    const int in = d->in, kernel = d->kernel;
    lanes sum[OUT][RUN];

    for (int o = 0; o < outs; o++)
        for (int q = 0; q < RUN; q++)
            sum[o][q] = (lanes){ 0 } + (bias ? bias[o] : 0);
    for (int c = 0; c < in; c++, image += plane)
        for (int u = 0; u < kernel; u++)
            for (int v = 0; v < kernel; v++, W += out) {
                const lanes *x =
                    (const lanes *)(image + (size_t)u * pitch + v);
                for (int o = 0; o < outs; o++)
                    for (int q = 0; q < RUN; q++)
                        sum[o][q] += W[o] * x[q];
            }
    for (int o = 0; o < outs; o++)
        for (int q = 0; q < RUN; q++)
            ((lanes *)(y + (size_t)o * run))[q] = sum[o][q];
}

static inline __attribute__((always_inline)) void
tiles(const way *d, int outs, const gradus_real *W, const gradus_real *bias,
      const gradus_real *image, gradus_real *y, size_t run)
{
    for (size_t q = 0; q < run; q += TILE)
        tile(d, outs, W, bias, image + q, y + q, run);
}

/* As many channels as there are tiles for: up to OUT of the rest. */
static int some_channels(const way *d, int rest, const gradus_real *W,
                         const gradus_real *bias, const gradus_real *image,
                         gradus_real *y, size_t run)
{
    if (rest >= OUT)
        return tiles(d, OUT, W, bias, image, y, run), OUT;
    if (rest >= 4)
        return tiles(d, 4, W, bias, image, y, run), 4;
    if (rest >= 2)
        return tiles(d, 2, W, bias, image, y, run), 2;
    return tiles(d, 1, W, bias, image, y, run), 1;
}

/* From the strip's lines to those of y, or added to them. */
static void put_lines(const way *d, int lines, const gradus_real *strip,
                      gradus_real *restrict y, int add)
{
    for (int i = 0; i < lines; i++, strip += d->pitch, y += d->width) {
        if (!add)
            memcpy(y, strip, (size_t)d->width * sizeof *y);
        for (int j = 0; add && j < d->width; j++)
            y[j] += strip[j];
    }
}

/* y = bias + W * image, or y += .. */
static void convolve(const way *d, const gradus_real *W,
                     const gradus_real *bias, const gradus_real *image,
                     gradus_real *strip, gradus_real *y, int add)
{
    const size_t size = (size_t)d->height * (size_t)d->width;

    for (int i = 0, lines; i < d->height; i += lines) {
        int most = lines_of_strip(d), left = d->height - i;
        lines = left < most ? left : most;
        const size_t run = run_of(d, lines);
        const gradus_real *from = image + (size_t)i * d->pitch;
        gradus_real *to = y + (size_t)i * (size_t)d->width;
        for (int o = 0, n; o < d->out; o += n) {
            n = some_channels(d, d->out - o, W + o, bias ? bias + o : NULL,
                              from, strip, run);
            for (int k = 0; k < n; k++)
                put_lines(d, lines, strip + (size_t)k * run,
                          to + (size_t)(o + k) * size, add);
        }
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
                                  gradus_real *y)
{
    const way d = forward_way(c);
    gradus_real *image = scratch + weights_of(c);

    fill_image(&d, x, image);
    convolve(&d, scratch + weights_of(c) / c->groups * group,
             c->bias ? c->node.param[1].w + group * d.out : NULL, image,
             image + image_of(&d), y, 0);
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
    convolve(&d, scratch + weights_of(c) / c->groups * group, NULL, image,
             image + image_of(&d), dx, 1);
}
