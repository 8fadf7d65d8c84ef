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
    BLOCK = 8, /* maxima at a time */
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

/* Always two, of which maxima are made, or a multiple. */
static int lines_of_strip(const way *d)
{
    size_t lines = STRIP / d->pitch / 2 * 2;

    return lines < 2 ? 2 : lines < (size_t)d->height ? (int)lines : d->height;
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
    return weights_of(c) + image_of(&d) + OUT * run_of(&d, lines_of_strip(&d)) + 2 * BLOCK;
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

/* ---- from the strip to where it goes --------------------------------- */

typedef struct {
    gradus_real *y;       /* [out,height,width], or with halves half of each */
    unsigned char *which; /* of the halves, or NULL */
    int add, relu, halves;
} target;

static gradus_real relu(gradus_real x)
{
    return x < 0 ? 0 : x;
}

/* As in pooling.c: of equal ones the first, and a NaN if there is one. */
static inline gradus_real larger(gradus_real a, gradus_real b)
{
    gradus_real m = b > a ? b : a;

    return b != b ? b : m;
}

static void put_line(const way *d, const target *t, const gradus_real *strip,
                     gradus_real *restrict y)
{
    for (int j = 0; t->add && j < d->width; j++)
        y[j] += strip[j];
    for (int j = 0; t->relu && j < d->width; j++)
        y[j] = relu(strip[j]);
    if (!t->add && !t->relu)
        memcpy(y, strip, (size_t)d->width * sizeof *y);
}

/* The maxima of 2 x 2 of two lines, x and z, and which they are.  All of a
 * block is computed, so that vectors do it, and of the last one less is used. */
static void put_halves(int w, int with_relu, const gradus_real *x,
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
        }
        for (int i = 0; i < BLOCK; i++)
            k[i] = (unsigned char)not_a[i];
        memcpy(y + j, max, n * sizeof *y);
        if (which)
            memcpy(which + j, k, n);
    }
}

/* `lines` lines of channel o, from line i on. */
static void put(const way *d, const target *t, int o, int i, int lines,
                const gradus_real *strip)
{
    const int h = d->height / 2, w = d->width / 2;

    if (t->halves) {
        for (int k = 0; k < lines / 2; k++, strip += 2 * d->pitch) {
            size_t at = ((size_t)o * h + (size_t)(i / 2 + k)) * w;
            put_halves(w, t->relu, strip, strip + d->pitch, t->y + at,
                       t->which ? t->which + at : NULL);
        }
        return;
    }
    for (int k = 0; k < lines; k++, strip += d->pitch)
        put_line(d, t, strip, t->y + ((size_t)o * d->height +
                                      (size_t)(i + k)) * d->width);
}

static void convolve(const way *d, const gradus_real *W,
                     const gradus_real *bias, const gradus_real *image,
                     gradus_real *strip, const target *t)
{
    for (int i = 0, lines; i < d->height; i += lines) {
        int most = lines_of_strip(d), left = d->height - i;
        lines = left < most ? left : most;
        const size_t run = run_of(d, lines);
        for (int o = 0, n; o < d->out; o += n) {
            n = some_channels(d, d->out - o, W + o, bias ? bias + o : NULL,
                              image + (size_t)i * d->pitch, strip, run);
            for (int k = 0; k < n; k++)
                put(d, t, o + k, i, lines, strip + (size_t)k * run);
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
                                  gradus_real *result, unsigned char *which)
{
    const way d = forward_way(c);
    const target t = { .y = result, .which = which, .relu = c->relu,
                       .halves = c->halves };
    gradus_real *image = scratch + weights_of(c);

    fill_image(&d, x, image);
    convolve(&d, scratch + weights_of(c) / c->groups * group,
             c->bias ? c->node.param[1].w + group * d.out : NULL, image,
             image + image_of(&d), &t);
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
    const target t = { .y = dx, .add = 1 };
    gradus_real *image = scratch + weights_of(c);

    fill_image(&d, dy, image);
    convolve(&d, scratch + weights_of(c) / c->groups * group, NULL, image,
             image + image_of(&d), &t);
}
