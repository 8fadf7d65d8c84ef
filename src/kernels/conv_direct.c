/* conv_direct.c -- convolution with a stride of up to 8, straight from the
 * image, with the channels last.
 *
 * If the k pixels that a line u of the kernel covers lie side by side, and
 * each has its channels side by side, then so do the k in numbers that are to
 * be multiplied by W[.,.,u,.].  For a line of y, with all its channels, that
 * is a product of matrices, and no columns have to be made for it:
 *
 *   Y[i] = 1 b' + sum_u X[s i + u] W[u]
 *
 *   Y[i] [w,out]   X[q] [w,k in]: row j is line q of the image from pixel s j
 *   on, so that rows overlap   W[u] [k in,out]
 *
 * The products of all lines i are computed as one, whose rows are the pixels
 * of y (see `across` in product.h).  And back
 *
 *   dW[u] += sum_i X[s i + u]' dY[i]       db += dY' 1
 *
 * dx is found in s x s parts.  In a border of p zeros, the pixels whose line
 * and column leave the remainders a and b when divided by s get their gradient
 * through the W[o,c,u,v] with those remainders alone, so that
 *
 *   dX[s i + a, s j + b] = sum_{u,v} dY[i - u, j - v] W[s u + a, s v + b]
 *
 * where dY is 0 outside y.
 *
 * Unlike conv_vectors.c this takes a stride, and its vectors hold channels.
 * It has 260 lines of code, besides product.c and its headers, which it shares
 * with conv_winograd.c; without it a training step takes 1.2 times as long in
 * a net whose convolutions have a stride (see conv.c).
 */
#include "kernels/channels_last.h"
#include "kernels/conv.h"
#include "kernels/conv_layout.h"
#include "kernels/product.h"
#include "kernels/relu.h"

#include <string.h>

/* The largest stride.  The image of dx is rounded up to a multiple of the
 * stride in lines and in columns; with a small limit, that cannot overflow an
 * int. */
enum { MOST_STRIDE = 8 };

/* Sizes, and where things begin in the scratch memory; in numbers. */
typedef struct {
    int in_wide, out_wide; /* the channels, rounded up */
    int reach;             /* how many lines of y depend on a line of x, at
                              most */
    gradus_pixels x, y;    /* the pixels of x and of y in their images */
    gradus_pixels dy, dx;  /* those of the gradients */
    size_t x_at, y_at, dy_at; /* where the first pixel of each is */
    size_t dx_at;             /* where the border of dx begins */
    size_t image, dy_image;   /* where the images of x and dy begin */
    size_t W;     /* of the backward pass: for each pair a,b what of
                     [groups,kernel,kernel,out,in_wide] it needs */
    size_t dW;    /* [groups,kernel,kernel in,out_wide] */
    size_t dW_of_line;     /* numbers of dW for one line u of the kernel */
    size_t zeros; /* what is before this begins as 0 */
    size_t size;
} parts;

static int larger_of(int a, int b)
{
    return a > b ? a : b;
}

/* Of the lines 0 .. n - 1, how many leave the remainder a when divided by the
 * stride? */
static int with_remainder(const gradus_conv *c, int n, int a)
{
    return (n - a + c->stride - 1) / c->stride;
}

static void place_x(const gradus_conv *c, parts *p)
{
    const int k = c->kernel, s = c->stride;
    const int bottom = c->padding + c->height, right = c->padding + c->width;
    const int lines = larger_of(bottom, s * (c->out_height - 1) + k);
    const int columns = larger_of(right, s * (c->out_width - 1) + k);

    p->x = gradus_pixels_of(c->simd, c->in, c->height, c->width, c->in,
                            columns);
    p->image = gradus_conv_take(&p->size, (size_t)lines * p->x.line +
                                              PRODUCT_ROWS);
    p->x_at = p->image + (size_t)c->padding * (p->x.line + p->x.pixel);
}

/* Places dy in its image, and dx, which has the lines and columns of x's
 * image up to the last of x. */
static void place_gradients(const gradus_conv *c, parts *p)
{
    const int border = p->reach - 1;
    const int down = with_remainder(c, c->padding + c->height, 0);
    const int across = with_remainder(c, c->padding + c->width, 0);
    const int lines = border + larger_of(c->out_height, down);
    const int columns = border + larger_of(c->out_width, across);

    p->dy = gradus_pixels_of(c->simd, c->out, c->out_height, c->out_width,
                             p->out_wide, columns);
    p->dy_image = gradus_conv_take(&p->size, (size_t)lines * p->dy.line);
    p->dy_at = p->dy_image + (size_t)border * (p->dy.line + p->dy.pixel);
    p->dx = gradus_pixels_of(c->simd, c->in, c->height, c->width, p->in_wide,
                             c->stride * across);
    p->dx_at = gradus_conv_take(&p->size,
                                (size_t)(c->stride * down) * p->dx.line);
}

static parts parts_of(const gradus_conv *c, bool back)
{
    const size_t lines = (size_t)c->groups * (size_t)c->kernel;
    parts p = { .in_wide = gradus_product_wide(c->simd, c->in),
                .out_wide = gradus_product_wide(c->simd, c->out),
                .reach = with_remainder(c, c->kernel, 0) };

    place_x(c, &p);
    if (back) {
        place_gradients(c, &p);
        p.dW_of_line = (size_t)(c->kernel * c->in + PRODUCT_ROWS) *
                       (size_t)p.out_wide;
        p.dW = gradus_conv_take(&p.size, lines * p.dW_of_line);
        p.W = gradus_conv_take(&p.size, lines * (size_t)(c->kernel * c->out) *
                                            (size_t)p.in_wide);
        p.zeros = p.size;
        return p;
    }
    p.zeros = p.size;
    p.y = gradus_pixels_of(c->simd, c->out, c->out_height, c->out_width,
                           p.out_wide, c->out_width);
    p.y_at = gradus_conv_take(&p.size, (size_t)c->out_height * p.y.line);
    return p;
}

/* Back takes more: dy has room for all that y has forward. */
static size_t scratch_size(const gradus_conv *c)
{
    return parts_of(c, true).size;
}

/* ---- forward --------------------------------------------------------- */

/* W [out,in,k,k] as an image of in lines and k k columns, which becomes
 * [k,k,in,out_wide] with the channels of y last. */
static gradus_pixels weight_places(const gradus_conv *c)
{
    const int out_wide = gradus_product_wide(c->simd, c->out);
    gradus_pixels w = gradus_pixels_of(c->simd, c->out, c->in,
                                       c->kernel * c->kernel, out_wide, 1);

    w.pixel = (size_t)c->in * (size_t)out_wide;
    return w;
}

static size_t packed_size(const gradus_conv *c)
{
    const gradus_pixels places = weight_places(c);

    return (size_t)c->groups * places.pixel * (size_t)places.width;
}

static void pack(const gradus_conv *c, gradus_real *packed)
{
    const gradus_pixels places = weight_places(c);
    const gradus_real *W = c->W;

    memset(packed, 0, packed_size(c) * sizeof *packed);
    for (int g = 0; g < c->groups; g++, W += gradus_conv_weights(c)) {
        gradus_channels_last(&places, W, packed);
        packed += places.pixel * (size_t)places.width;
    }
}

static void begin(const gradus_conv *c, gradus_real *scratch)
{
    memset(scratch, 0, parts_of(c, false).zeros * sizeof *scratch);
}

static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    const parts p = parts_of(c, false);
    const int k = c->kernel;
    const size_t line = (size_t)(k * c->in) * (size_t)p.out_wide;
    const size_t end = (size_t)c->out_height * p.y.line;
    const gradus_real *b = c->b ? c->b + s->group * c->out : NULL;
    gradus_real *y = scratch + p.y_at;

    gradus_channels_last(&p.x, s->x, scratch + p.x_at);
    gradus_multiply(c->simd, &(gradus_product){ /* (C9), but for b */
        .rows = c->out_height * c->out_width, .across = c->out_width,
        .lines = k, .depth = k * c->in, .wide = p.out_wide,
        .A = scratch + p.image, .a_row = (size_t)c->stride * p.x.pixel,
        .a_down = (size_t)c->stride * p.x.line, .a_step = 1,
        .a_line = p.x.line, .B = c->packed + (size_t)(s->group * k) * line,
        .b_line = line, .C = y, .c_row = p.y.pixel, .c_down = p.y.line });
    for (size_t j = 0; b && j < end; j += p.y.pixel)
        for (int o = 0; o < c->out; o++)
            y[j + (size_t)o] += b[o];
    for (size_t j = 0; c->relu && j < end; j++)
        y[j] = gradus_rectify(y[j]);
    gradus_channels_first(&p.y, y, false, s->z);
}

/* ---- back ------------------------------------------------------------ */

/* Copies W of a group for the remainders a and b: the last u and v come
 * first.  Returns where the next copy begins. */
static gradus_real *copy_weights(const gradus_conv *c, const gradus_real *W,
                                 int a, int b, int in_wide, gradus_real *to)
{
    const int s = c->stride, k = c->kernel;

    for (int u = with_remainder(c, k, a) - 1; u >= 0; u--)
        for (int v = with_remainder(c, k, b) - 1; v >= 0; v--)
            for (int o = 0; o < c->out; o++, to += in_wide)
                for (int ch = 0; ch < c->in; ch++)
                    to[ch] = W[gradus_conv_in_W(c, o, ch, s * u + a,
                                                s * v + b)];
    return to;
}

static void begin_back(const gradus_conv *c, gradus_real *scratch)
{
    const parts p = parts_of(c, true);
    const gradus_real *W = c->W;
    gradus_real *to = scratch + p.W;

    memset(scratch, 0, p.zeros * sizeof *scratch);
    for (int g = 0; g < c->groups; g++, W += gradus_conv_weights(c))
        for (int a = 0; a < c->stride && a < c->kernel; a++)
            for (int b = 0; b < c->stride && b < c->kernel; b++)
                to = copy_weights(c, W, a, b, p.in_wide, to);
}

/* dW[u] += sum_i X[s i + u]' dY[i] */
static void add_products(const gradus_conv *c, const parts *p, int group,
                         gradus_real *scratch)
{
    gradus_product m = {
        .rows = c->kernel * c->in, .lines = c->out_height,
        .depth = c->out_width, .wide = p->out_wide, .A = scratch + p->image,
        .a_row = 1, .a_step = (size_t)c->stride * p->x.pixel,
        .a_line = (size_t)c->stride * p->x.line, .B = scratch + p->dy_at,
        .b_line = p->dy.line,
        .C = scratch + p->dW + (size_t)(group * c->kernel) * p->dW_of_line,
        .c_row = (size_t)p->out_wide, .add = true };

    for (int u = 0; u < c->kernel; u++) {
        gradus_multiply(c->simd, &m);
        m.A += p->x.line;
        m.C += p->dW_of_line;
    }
}

/* Sets the dx whose line and column have the remainders a and b, but not in
 * the border above and to the left.  Returns the weights of the next pair. */
static const gradus_real *set_part(const gradus_conv *c, const parts *p, int a,
                                   int b, const gradus_real *W,
                                   gradus_real *scratch)
{
    const int top = with_remainder(c, c->padding, a);
    const int left = with_remainder(c, c->padding, b);
    const int down = with_remainder(c, c->padding + c->height, a);
    const int ku = with_remainder(c, c->kernel, a);
    const int kv = with_remainder(c, c->kernel, b);
    const int across = with_remainder(c, c->padding + c->width, b) - left;
    gradus_product m = {
        .rows = (down - top) * across, .across = across, .lines = kv,
        .depth = c->out, .wide = p->in_wide,
        .A = scratch + p->dy_image +
             (size_t)(top + p->reach - ku) * p->dy.line +
             (size_t)(left + p->reach - kv) * p->dy.pixel,
        .a_row = p->dy.pixel, .a_down = p->dy.line, .a_step = 1,
        .a_line = p->dy.pixel, .B = W,
        .b_line = (size_t)c->out * p->dx.pixel,
        .C = scratch + p->dx_at +
             (size_t)(c->stride * top + a) * p->dx.line +
             (size_t)(c->stride * left + b) * p->dx.pixel,
        .c_row = (size_t)c->stride * p->dx.pixel,
        .c_down = (size_t)c->stride * p->dx.line };

    for (int u = 0; u < ku; u++) {
        gradus_multiply(c->simd, &m);
        m.add = true;
        m.A += p->dy.line;
        m.B += (size_t)kv * m.b_line;
    }
    return W + (size_t)(ku * kv) * m.b_line;
}

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const parts p = parts_of(c, true);
    const size_t rows = (size_t)c->out * (size_t)c->kernel * (size_t)c->kernel;
    const gradus_real *W = scratch + p.W +
                           (size_t)s->group * rows * (size_t)p.in_wide;

    gradus_channels_last(&p.x, s->x, scratch + p.x_at);
    gradus_channels_last(&p.dy, s->dz, scratch + p.dy_at);
    add_products(c, &p, s->group, scratch);
    if (s->db)
        gradus_add_pixels(&p.dy, scratch + p.dy_at, s->db);
    if (!s->dx)
        return;
    for (int a = 0; a < c->stride && a < c->kernel; a++)
        for (int b = 0; b < c->stride && b < c->kernel; b++)
            W = set_part(c, &p, a, b, W, scratch);
    gradus_channels_first(&p.dx,
                          scratch + p.dx_at +
                              (size_t)c->padding * (p.dx.line + p.dx.pixel),
                          !s->set_dx, s->dx);
}

enum { CHANNELS = 8 }; /* channels of y whose dW is written together */

/* Adds to a group's dW the sums for CHANNELS channels of y, from `first` on.
 * Those of all channels would often be a multiple of 4096 bytes apart in dW,
 * where too many of them compete for the same lines of the cache. */
static void add_weights(const gradus_conv *c, const parts *p, int first,
                        const gradus_real *from, gradus_real *dW)
{
    const int end = c->out < first + CHANNELS ? c->out : first + CHANNELS;

    for (int ch = 0; ch < c->in; ch++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++)
                for (int o = first; o < end; o++)
                    dW[gradus_conv_in_W(c, o, ch, u, v)] +=
                        from[(size_t)u * p->dW_of_line +
                             (size_t)(v * c->in + ch) * (size_t)p->out_wide +
                             (size_t)o];
}

static void end_back(const gradus_conv *c, gradus_real *scratch,
                     gradus_real *dW)
{
    const parts p = parts_of(c, true);
    const gradus_real *from = scratch + p.dW;

    for (int g = 0; g < c->groups; g++, dW += gradus_conv_weights(c)) {
        for (int o = 0; o < c->out; o += CHANNELS)
            add_weights(c, &p, o, from, dW);
        from += (size_t)c->kernel * p.dW_of_line;
    }
}

/* ---- the way --------------------------------------------------------- */

static bool fits(const gradus_conv *c)
{
    return c->stride <= MOST_STRIDE && !c->max2;
}

const gradus_conv_way gradus_conv_direct = {
    .name = "direct", .fits = fits, .scratch = scratch_size,
    .packed = packed_size, .pack = pack, .begin = begin, .forward = forward,
    .begin_back = begin_back, .backward = backward, .end_back = end_back,
};
