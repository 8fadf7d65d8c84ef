/* conv2d_halves.c -- convolution with a stride of 1, of which only the maxima
 * of 2 x 2 are wanted.
 *
 *   z[o,i,j] = max_{r,s = 0,1} y[o, 2i + r, 2j + s]
 *
 * The four y of a maximum are in one lane of four registers, other lanes have
 * other i,j: so nothing changes its place for the maxima, and y is written
 * nowhere.  For that the image is taken to parts,
 *
 *   part[c,e,f,i,j] = image[c, 2i + e, 2j + f]        e = 0, 1   f = 0 .. k
 *
 * in which the kernel's number c,u,v for y[o, 2i + r, 2j + s] is that of
 *
 *   part[c, (r + u) % 2, s + v, i + (r + u) / 2, j]
 *
 * and so one run for all i,j.
 */
#include "kernels/tile.h"
#include "layers/conv2d.h"

#include <string.h>

enum {
    MOST_OUT = 4, /* of a tile: channels, */
    MOST_RUN = 4, /* and registers, 2 r + s */
    MOST_LANES = 16,
    COPIED = 16 / sizeof(gradus_real), /* at once: a vector of any processor */
    PARTS = 4096 /* numbers, so that they stay in a core's first cache */
};

/* For lines of z in strips. */
typedef struct {
    gradus_tiled t;
    int out, in, kernel;
    int height, width;           /* of z */
    int border, lines, strip;    /* lines of the image; of z at once */
    size_t pitch;                /* numbers of the image's lines: even */
    size_t step, odd, plane;     /* from part to part: of f, of e, of c */
    const gradus_real *W, *bias; /* [c,u,v,o], [o] or NULL */
    gradus_real *even, *part;    /* the image's even columns, then the odd */
    gradus_real *z;
    unsigned char *which;
    int relu;
} convolution;

static convolution new_convolution(const conv2d_node *c)
{
    convolution d = { .out = gradus_conv2d_out(c), .in = gradus_conv2d_in(c),
                      .kernel = c->kernel, .height = c->node.shape[1] / 2,
                      .width = c->node.shape[2] / 2, .border = c->padding,
                      .lines = c->height + 2 * c->padding, .relu = c->relu };
    size_t some = 2 * (size_t)d.in * ((size_t)d.kernel + 1) * (size_t)d.width;
    size_t strip = some ? PARTS / some : 0;

    d.strip = strip < 1 ? 1 : strip < (size_t)d.height ? (int)strip : d.height;
    d.pitch = ((size_t)c->width + 2 * (size_t)c->padding + 1) / 2 * 2;
    d.step = ((size_t)d.strip + (size_t)d.kernel / 2) * (size_t)d.width;
    d.odd = ((size_t)d.kernel + 1) * d.step;
    d.plane = 2 * d.odd;
    return d;
}

/* The scratch memory: all weights, the image, its columns, the parts.  Behind
 * each is room for what a last vector reads or writes beyond the end, and for
 * the line that an even kernel reads without need; each begins where a vector
 * does, if the weights end there. */
static size_t image_of(const convolution *d)
{
    size_t n = ((size_t)d->in * (size_t)d->lines + 1) * d->pitch;

    return (n / (2 * MOST_LANES) + 2) * 2 * MOST_LANES;
}

static size_t parts_of(const convolution *d)
{
    return (size_t)d->in * d->plane + MOST_LANES;
}

size_t gradus_conv2d_halves_scratch(const conv2d_node *c)
{
    const convolution d = new_convolution(c);

    return c->stride > 1 ? 0 : c->node.param[0].size + 2 * image_of(&d) +
                                   parts_of(&d);
}

/* ---- the image and its parts ----------------------------------------- */

/* x into its border of zeros; a line of an odd width gets one more. */
static void fill_image(const conv2d_node *c, const convolution *d,
                       const gradus_real *x, gradus_real *image)
{
    image += (size_t)d->border * (d->pitch + 1);
    for (int ch = 0; ch < d->in; ch++, image += (size_t)d->lines * d->pitch)
        for (int i = 0; i < c->height; i++, x += c->width)
            memcpy(image + (size_t)i * d->pitch, x,
                   (size_t)c->width * sizeof *x);
}

GRADUS_INLINE void part_columns(const convolution *d,
                                const gradus_real *restrict image,
                                gradus_real *restrict even,
                                gradus_real *restrict odd)
{
    const size_t n = (size_t)d->in * (size_t)d->lines * d->pitch / 2;

    for (size_t i = 0; i < n; i++) {
        even[i] = image[2 * i];
        odd[i] = image[2 * i + 1];
    }
}

/* Of `lines` lines of z from this one on.  Lines are copied by whole vectors:
 * what is too much of one, the next is written over. */
static void part_lines(const convolution *d, int line, int lines)
{
    const size_t pitch = d->pitch, n = (size_t)d->in * 2;
    gradus_real *part = d->part;

    lines += d->kernel / 2;
    for (size_t ce = 0; ce < n; ce++)
        for (int f = 0; f <= d->kernel; f++, part += d->step) {
            size_t first = ce / 2 * (size_t)d->lines + 2 * (size_t)line +
                           ce % 2;
            const gradus_real *from = d->even + (f % 2 ? image_of(d) / 2 : 0) +
                                      first * pitch / 2 + f / 2;
            gradus_real *to = part;
            for (int i = 0; i < lines; i++, from += pitch, to += d->width)
                for (int j = 0; j < d->width; j += COPIED)
                    memcpy(to + j, from + j, COPIED * sizeof *to);
        }
}

/* ---- a tile ---------------------------------------------------------- */

/* As in pooling.c: of equal ones the first, and a NaN if there is one. */
GRADUS_INLINE gradus_real larger(gradus_real a, gradus_real b)
{
    gradus_real m = b > a ? b : a;

    return b != b ? b : m;
}

/* Of y[4][lanes], which of the four is the maximum, and after ReLU its value.
 * Here, and in put, all lanes' worth: so that vectors do it. */
GRADUS_INLINE void maxima(int lanes, int relu, const gradus_real *y,
                          gradus_real *z, int *which)
{
    const gradus_real *a = y, *b = y + lanes, *c = b + lanes, *d = c + lanes;

    for (int i = 0; i < lanes; i++) {
        gradus_real m = larger(larger(a[i], b[i]), larger(c[i], d[i]));
        int not_a = a[i] < m, nor_b = not_a & (b[i] < m);
        int first = not_a + nor_b + (nor_b & (c[i] < m));
        which[i] = relu && !(m > 0) ? 4 : first;
        z[i] = relu && m < 0 ? 0 : m;
    }
}

/* n of them to z[at] on. */
GRADUS_INLINE void put(const convolution *d, int lanes, size_t at, int n,
                       const gradus_real *y)
{
    gradus_real max[MOST_LANES];
    int which[MOST_LANES];
    unsigned char bytes[MOST_LANES];

    maxima(lanes, d->relu, y, max, which);
    for (int i = 0; i < lanes; i++)
        bytes[i] = (unsigned char)which[i];
    if (n == lanes) /* mostly; of a known length it is one instruction */
        memcpy(d->z + at, max, (size_t)lanes * sizeof *max);
    else
        memcpy(d->z + at, max, (size_t)n * sizeof *max);
    if (d->which && n == lanes)
        memcpy(d->which + at, bytes, (size_t)lanes);
    else if (d->which)
        memcpy(d->which + at, bytes, (size_t)n);
}

/* `outs` channels from o on, of `lines` lines of z from this one on. */
GRADUS_INLINE void tiles(const convolution *d, int bytes, int outs, int o,
                         int line, int lines)
{
    const int lanes = bytes / (int)sizeof *d->z, n = lines * d->width;
    const size_t four = 4 * (size_t)lanes;
    const size_t z = (size_t)d->height * (size_t)d->width;
    size_t at = (size_t)o * z + (size_t)line * (size_t)d->width;
    gradus_real y[MOST_OUT * MOST_RUN * MOST_LANES];

    for (int q = 0; q < n; q += lanes, at += (size_t)lanes) {
        tile(&d->t, bytes, true, outs, 4, o, d->part + q, y, four);
        for (int k = 0; k < outs; k++)
            put(d, lanes, at + (size_t)k * z, n - q < lanes ? n - q : lanes,
                y + (size_t)k * four);
    }
}

/* ---- all strips, by each kind of processor --------------------------- */

/* By tiles of up to `most` channels. */
GRADUS_INLINE void convolve(const convolution *d, int bytes, int most,
                            const gradus_real *image)
{
    part_columns(d, image, d->even, d->even + image_of(d) / 2);
    for (int line = 0, lines; line < d->height; line += lines) {
        int left = d->height - line, o = 0;
        lines = left < d->strip ? left : d->strip;
        part_lines(d, line, lines);
        for (; o + most <= d->out; o += most)
            tiles(d, bytes, most, o, line, lines);
        for (; o < d->out; o++)
            tiles(d, bytes, 1, o, line, lines);
    }
}

/* Of 32 registers 16 for sums. */
GRADUS_FOR_AVX512 static void by_avx512(const convolution *d,
                                        const gradus_real *image)
{
    convolve(d, 64, 4, image);
}

/* Of 16 registers 8. */
GRADUS_FOR_AVX2 static void by_avx2(const convolution *d,
                                    const gradus_real *image)
{
    convolve(d, 32, 2, image);
}

static void plain(const convolution *d, const gradus_real *image)
{
    convolve(d, 16, 2, image);
}

/* W as [group,c,u,v,o]; returns where it ends. */
static gradus_real *pack(const conv2d_node *c, gradus_real *packed)
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

void gradus_conv2d_halves_begin(const conv2d_node *c, gradus_real *scratch)
{
    const convolution d = new_convolution(c);

    memset(pack(c, scratch), 0,
           (2 * image_of(&d) + parts_of(&d)) * sizeof *scratch);
}

void gradus_conv2d_halves_forward(const conv2d_node *c, int group,
                                  const gradus_real *x, gradus_real *scratch,
                                  gradus_real *result, unsigned char *which)
{
    const size_t weights = c->node.param[0].size;
    gradus_real *image = scratch + weights;
    convolution d = new_convolution(c);

    d.W = scratch + weights / (size_t)c->groups * (size_t)group;
    d.bias = c->bias ? c->node.param[1].w + group * d.out : NULL;
    d.even = image + image_of(&d);
    d.part = d.even + image_of(&d);
    d.z = result;
    d.t = (gradus_tiled){ .in = d.in, .out = d.out, .kernel = d.kernel,
                          .W = d.W, .b = d.bias, .plane = d.plane,
                          .pitch = (size_t)d.width, .step = d.step,
                          .odd = d.odd };
    d.which = which;
    if (c->padding || c->width % 2) {
        fill_image(c, &d, x, image);
        x = image;
    }
    switch (c->simd) {
    case GRADUS_AVX512: by_avx512(&d, x); break;
    case GRADUS_AVX2: by_avx2(&d, x); break;
    default: plain(&d, x);
    }
}
