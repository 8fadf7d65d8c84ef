/* winograd.c -- the sizes and the steps of winograd.h, the steps for each
 * length of vectors. */
#include "kernels/winograd.h"

#include <string.h>

enum { POINTS = WINOGRAD_POINTS, VALUES = WINOGRAD_VALUES };

/* 1 / N */
static const gradus_real over_N[POINTS] = {
    (gradus_real)(1 / 4.), (gradus_real)(-1 / 6.), (gradus_real)(-1 / 6.),
    (gradus_real)(1 / 24.), (gradus_real)(1 / 24.), 1
};

/* Returns where tile t begins in images that are `image` apart. */
static inline size_t tile_at(const gradus_winograd *w, const gradus_pixels *p,
                             size_t image, int t)
{
    const int tiles = w->down * w->across;
    const int i = t % tiles / w->across, j = t % w->across;

    return (size_t)(t / tiles) * image + (size_t)(i * w->side) * p->line +
           (size_t)(j * w->side) * p->pixel;
}

#define LANES lanes512
#define BYTES 64
#define FOR GRADUS_FOR_AVX512
#define NAME(f) f##_512
#include "kernels/winograd_of_vectors.h"

#define LANES lanes256
#define BYTES 32
#define FOR GRADUS_FOR_AVX2
#define NAME(f) f##_256
#include "kernels/winograd_of_vectors.h"

#define LANES lanes128
#define BYTES 16
#define FOR
#define NAME(f) f##_128
#include "kernels/winograd_of_vectors.h"

const gradus_winograd_steps *gradus_winograd_for(gradus_simd simd)
{
    static const gradus_winograd_steps steps[] = {
        [GRADUS_PLAIN] = { image_128, result_128, gradient_128, weights_128,
                           weights_back_128 },
        [GRADUS_AVX2] = { image_256, result_256, gradient_256, weights_256,
                          weights_back_256 },
        [GRADUS_AVX512] = { image_512, result_512, gradient_512, weights_512,
                            weights_back_512 },
    };

    return &steps[simd];
}

/* ---- sizes ----------------------------------------------------------- */

enum {
    TILES = 48, /* the most in a block, whose V and M are to stay in the
                 * second-level cache */
    APART = 16  /* numbers between planes.  If planes were 4096 bytes apart,
                 * all would compete for one part of the first-level cache */
};

/* Returns how many times b fits in a, rounded up. */
static int up(int a, int b)
{
    return (a + b - 1) / b;
}

/* Returns how many lines (or columns) an image has, if x has `size` of them
 * and y has `results`.  There is room for the tiles of y; and, as dy of the
 * other direction is cut into tiles too, for those of x. */
static int image_lines(const gradus_winograd *w, int padding, int size,
                       int results)
{
    int all = up(results, w->side) * w->side + w->kernel - 1;
    int back = padding + up(size, w->side) * w->side;

    return all > back ? all : back;
}

gradus_winograd gradus_winograd_of(const gradus_conv *c)
{
    gradus_winograd w = {
        .in = c->in, .in_wide = gradus_product_wide(c->simd, c->in),
        .out = c->out, .out_wide = gradus_product_wide(c->simd, c->out),
        .kernel = c->kernel, .side = POINTS + 1 - c->kernel,
        .relu = c->relu };
    const size_t in = (size_t)w.in_wide, out = (size_t)w.out_wide;
    const int lines = image_lines(&w, c->padding, c->height, c->out_height);
    const int columns = image_lines(&w, c->padding, c->width, c->out_width);

    w.down = up(c->out_height, w.side);
    w.across = up(c->out_width, w.side);
    int tiles = w.down * w.across;
    w.samples = TILES / tiles;
    w.samples = w.samples < 1 ? 1 : w.samples > WINOGRAD_SAMPLES
                ? WINOGRAD_SAMPLES : w.samples;
    tiles *= w.samples;
    w.block = up(up(tiles, up(tiles, TILES)), PRODUCT_ROWS) * PRODUCT_ROWS;
    w.x = gradus_pixels_of(c->simd, c->in, c->height, c->width, w.in_wide,
                           columns);
    w.y = gradus_pixels_of(c->simd, c->out, c->out_height, c->out_width,
                           w.out_wide, w.across * w.side);
    w.image = (size_t)lines * w.x.line;
    w.result = (size_t)(w.down * w.side) * w.y.line;
    w.u_plane = in * out + APART;
    w.v_plane = (size_t)w.block * in + APART;
    w.m_plane = (size_t)w.block * out + APART;
    w.inside = (size_t)c->padding * (w.x.line + w.x.pixel);
    return w;
}

/* ---- weights --------------------------------------------------------- */

/* Returns how the kernels of one channel of the image are copied: like an
 * image of one line, which needs no distance between lines.  Its pixels are
 * the numbers of a kernel, and its channels are those of the result, whose
 * kernels begin `apart` numbers apart in W. */
static gradus_pixels kernels(const gradus_conv *c, const gradus_winograd *w,
                             int apart)
{
    return (gradus_pixels){ .channels = w->out, .height = 1,
                            .width = c->kernel * c->kernel,
                            .plane = (size_t)apart,
                            .pixel = (size_t)w->out_wide, .simd = c->simd };
}

/* Rotates kernels [numbers,wide] by 180 degrees. */
static void rotate(gradus_real *kernel, int numbers, int wide)
{
    for (int i = 0; i < numbers / 2; i++) {
        gradus_real *a = kernel + i * wide;
        gradus_real *b = kernel + (numbers - 1 - i) * wide;
        for (int o = 0; o < wide; o++) {
            gradus_real x = a[o];
            a[o] = b[o];
            b[o] = x;
        }
    }
}

/* Forward, the kernels of a channel of the image are those of one ch in
 * W [out,in,k,k].  Back, the image is dy, so they are those of one o; and they
 * have to be rotated. */
void gradus_winograd_weights(const gradus_conv *c, const gradus_winograd *w,
                             bool back, gradus_real *kernel, gradus_real *U)
{
    const int kk = c->kernel * c->kernel, row = c->in * kk;
    const gradus_pixels p = kernels(c, w, back ? kk : row);

    memset(kernel, 0, (size_t)(kk * w->out_wide) * sizeof *kernel);
    for (int ch = 0; ch < w->in; ch++) {
        const size_t first = (size_t)ch * (size_t)(back ? row : kk);
        gradus_channels_last(&p, c->W + first, kernel);
        if (back)
            rotate(kernel, kk, w->out_wide);
        gradus_winograd_for(c->simd)->weights(w, kernel,
                                              U + (size_t)ch * w->y.pixel);
    }
}

void gradus_winograd_add_weights(const gradus_conv *c,
                                 const gradus_winograd *w, gradus_real *kernel,
                                 const gradus_real *dU, gradus_real *dW)
{
    const int kk = c->kernel * c->kernel;
    const gradus_pixels p = kernels(c, w, c->in * kk);

    for (int ch = 0; ch < w->in; ch++) {
        gradus_winograd_for(c->simd)->weights_back(
            w, dU + (size_t)ch * w->y.pixel, kernel);
        gradus_channels_first(&p, kernel, true, dW + ch * kk);
    }
}
