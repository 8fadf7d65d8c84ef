/* conv_winograd.c -- convolution of one group, with a stride of 1 and a kernel
 * of 2 to 5, by fewer multiplications.
 *
 * y is computed in tiles, each from 6 x 6 numbers of a channel of the image by
 * 36 multiplications (winograd.h says how); multiplying number by number takes
 * four times as many for a kernel of 3 or 4, and 2.8 times as many for one of
 * 2 or 5.
 * dx is a convolution of dy, by the kernel rotated by 180 degrees, as in
 * conv_vectors.c.
 *
 * The images have their channels last, so that a vector holds several channels
 * of a pixel.  The tiles of small images are few, and a product of matrices
 * that has few rows is slow.  So the samples wait until there are enough of
 * them; what the results are does not depend on which samples wait together.
 * With several groups, the samples of one do not come one after the other, so
 * that none could wait for others.
 *
 * As large numbers are subtracted from each other, rounding errors are about
 * ten times those of conv_plain.c, and are relative to the largest number of
 * a tile, not to each result.  With winograd.c and its headers this has 580
 * lines of code, besides product.c and its headers; without it a training step
 * takes 1.7 to 1.8 times as long in nets of 16 to 96 channels (see conv.c).
 */
#include "kernels/conv.h"
#include "kernels/conv_layout.h"
#include "kernels/winograd.h"

#include <string.h>

enum { VALUES = WINOGRAD_VALUES };

/* What follows the samples that wait in the scratch memory, of the forward
 * pass or of the backward pass, and where it begins.  Back, `to` computes dx;
 * forward, it is the same as `from`. */
typedef struct {
    gradus_winograd from, to;
    size_t x, dy;  /* images of all samples */
    size_t U, dU;  /* [36] planes, back: U of `to`, dU of `from` */
    size_t V, M;   /* [36] planes of a block */
    size_t result; /* y or, back, dx of all samples */
    size_t b;      /* [out_wide] of `to`, all 0 in the backward pass */
    size_t kernel; /* [kernel,kernel,out_wide] of one channel, back */
    size_t zeros;  /* what is before this begins as 0 */
    size_t size;   /* of everything */
} parts;

/* ---- sizes ----------------------------------------------------------- */

static parts parts_of(const gradus_conv *c, bool back)
{
    const gradus_conv turned = gradus_conv_turned(c);
    parts p = { .from = gradus_winograd_of(c) };
    const gradus_winograd *w = &p.from, *t = &p.to;

    p.to = back ? gradus_winograd_of(&turned) : p.from;
    const size_t samples = (size_t)p.from.samples;
    gradus_conv_take_waiting(&p.size, p.from.samples);
    p.x = gradus_conv_take(&p.size, samples * w->image);
    p.b = gradus_conv_take(&p.size, (size_t)t->out_wide);
    if (back) {
        p.dy = gradus_conv_take(&p.size, samples * t->image);
        p.dU = gradus_conv_take(&p.size, VALUES * w->u_plane);
    }
    p.zeros = p.size;
    p.V = gradus_conv_take(&p.size,
                           VALUES * larger_size(w->v_plane, t->v_plane));
    p.M = gradus_conv_take(&p.size,
                           VALUES * larger_size(w->m_plane, t->m_plane));
    p.result = gradus_conv_take(&p.size, samples * t->result);
    if (!back)
        return p;
    p.U = gradus_conv_take(&p.size, VALUES * t->u_plane);
    p.kernel = gradus_conv_take(&p.size,
                                (size_t)(c->kernel * c->kernel) *
                                    larger_size(w->x.pixel, w->y.pixel));
    return p;
}

static size_t scratch_size(const gradus_conv *c)
{
    return larger_size(parts_of(c, false).size, parts_of(c, true).size);
}

/* ---- all samples that wait ------------------------------------------- */

/* Returns how many tiles the block that begins with tile `first` has: none
 * after the last tile of n samples. */
static int tiles_from(const gradus_winograd *w, int n, int first)
{
    const int rest = n * w->down * w->across - first;

    return rest < w->block ? rest : w->block;
}

/* Convolves n images with U [36] planes, and leaves the results in scratch. */
static void convolve(const gradus_conv *c, const parts *p,
                     const gradus_real *image, const gradus_real *U, int n,
                     gradus_real *scratch)
{
    const gradus_winograd_steps *step = gradus_winograd_for(c->simd);
    const gradus_winograd *w = &p->to;
    gradus_real *V = scratch + p->V, *M = scratch + p->M;

    for (int first = 0, tiles; (tiles = tiles_from(w, n, first)) > 0;
         first += tiles) {
        step->image(w, image, first, tiles, V);
        for (int i = 0; i < VALUES; i++)
            gradus_multiply(c->simd, &(gradus_product){
                .rows = tiles, .lines = 1, .depth = w->in, .wide = w->out_wide,
                .A = V + i * w->v_plane, .a_row = w->x.pixel, .a_step = 1,
                .B = U + i * w->u_plane, .C = M + i * w->m_plane,
                .c_row = w->y.pixel });
        step->result(w, M, scratch + p->b, first, tiles, scratch + p->result);
    }
}

/* Adds to dU what n samples contribute, V' dM (C14). */
static void add_products(const gradus_conv *c, const parts *p, int n,
                         gradus_real *scratch)
{
    const gradus_winograd_steps *step = gradus_winograd_for(c->simd);
    const gradus_winograd *w = &p->from, *t = &p->to;
    gradus_real *V = scratch + p->V, *M = scratch + p->M;
    gradus_real *dU = scratch + p->dU;

    for (int first = 0, tiles; (tiles = tiles_from(w, n, first)) > 0;
         first += tiles) {
        step->image(w, scratch + p->x, first, tiles, V);
        step->gradient(w, scratch + p->dy + t->inside, &t->x, t->image,
                       first, tiles, M);
        for (int i = 0; i < VALUES; i++)
            gradus_multiply(c->simd, &(gradus_product){
                .rows = w->in, .lines = 1, .depth = tiles, .wide = w->out_wide,
                .A = V + i * w->v_plane, .a_row = 1, .a_step = w->x.pixel,
                .B = M + i * w->m_plane, .C = dU + i * w->u_plane,
                .c_row = w->y.pixel, .add = true });
    }
}

static void forward_all(const gradus_conv *c, const parts *p,
                        gradus_real *scratch)
{
    gradus_conv_waiting *q = (gradus_conv_waiting *)scratch;
    const gradus_conv_sample *s = q->s;

    if (q->count && c->b)
        memcpy(scratch + p->b, c->b, (size_t)c->out * sizeof *c->b);
    if (q->count)
        convolve(c, p, scratch + p->x, c->packed, q->count, scratch);
    for (int k = 0; k < q->count; k++)
        gradus_channels_first(&p->to.y,
                              scratch + p->result + (size_t)k * p->to.result,
                              false, s[k].z);
    q->count = 0;
}

static void backward_all(const gradus_conv *c, const parts *p,
                         gradus_real *scratch)
{
    gradus_conv_waiting *q = (gradus_conv_waiting *)scratch;
    const gradus_real *dy = scratch + p->dy + p->to.inside;
    const gradus_conv_sample *s = q->s;

    if (q->count)
        add_products(c, p, q->count, scratch);
    for (int k = 0; k < q->count && s[0].db; k++)
        gradus_add_pixels(&p->to.x, dy + (size_t)k * p->to.image, s[k].db);
    if (q->count && s[0].dx)
        convolve(c, p, scratch + p->dy, scratch + p->U, q->count, scratch);
    for (int k = 0; k < q->count && s[0].dx; k++)
        gradus_channels_first(&p->to.y,
                              scratch + p->result + (size_t)k * p->to.result,
                              !s[k].set_dx, s[k].dx);
    q->count = 0;
}

/* ---- the way --------------------------------------------------------- */

static bool fits(const gradus_conv *c)
{
    return c->stride == 1 && c->kernel > 1 && c->kernel < WINOGRAD_POINTS &&
           c->groups == 1 && !c->max2;
}

/* How many numbers U [36] planes has. */
static size_t size_of_U(const gradus_conv *c)
{
    return VALUES * gradus_winograd_of(c).u_plane;
}

/* U is what is packed, and behind it is room for the kernels of a channel. */
static size_t packed_size(const gradus_conv *c)
{
    return size_of_U(c) + (size_t)(c->kernel * c->kernel) *
                              (size_t)gradus_product_wide(c->simd, c->out);
}

static void pack(const gradus_conv *c, gradus_real *packed)
{
    const gradus_winograd w = gradus_winograd_of(c);

    gradus_winograd_weights(c, &w, false, packed + size_of_U(c), packed);
}

/* What begins as 0 is the number of samples that wait, the borders of the
 * images and the channels that fill up their vectors, b if there is none, and
 * the sum dU. */
static void begin(const gradus_conv *c, gradus_real *scratch)
{
    memset(scratch, 0, parts_of(c, false).zeros * sizeof *scratch);
}

static void begin_back(const gradus_conv *c, gradus_real *scratch)
{
    const parts p = parts_of(c, true);

    memset(scratch, 0, p.zeros * sizeof *scratch);
    gradus_winograd_weights(c, &p.to, true, scratch + p.kernel,
                            scratch + p.U);
}

static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    const parts p = parts_of(c, false);
    const gradus_winograd *w = &p.from;
    gradus_conv_waiting *q = (gradus_conv_waiting *)scratch;

    if (gradus_conv_is_full(q, p.from.samples, s))
        forward_all(c, &p, scratch);
    gradus_channels_last(&w->x, s->x, scratch + p.x + w->inside +
                                          (size_t)q->count * w->image);
    q->s[q->count++] = *s;
}

static void end(const gradus_conv *c, gradus_real *scratch)
{
    const parts p = parts_of(c, false);

    forward_all(c, &p, scratch);
}

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const parts p = parts_of(c, true);
    const gradus_winograd *w = &p.from, *t = &p.to;
    gradus_conv_waiting *q = (gradus_conv_waiting *)scratch;

    if (gradus_conv_is_full(q, p.from.samples, s))
        backward_all(c, &p, scratch);
    gradus_channels_last(&w->x, s->x, scratch + p.x + w->inside +
                                          (size_t)q->count * w->image);
    gradus_channels_last(&t->x, s->dz, scratch + p.dy + t->inside +
                                           (size_t)q->count * t->image);
    q->s[q->count++] = *s;
}

static void end_back(const gradus_conv *c, gradus_real *scratch,
                     gradus_real *dW)
{
    const parts p = parts_of(c, true);

    backward_all(c, &p, scratch);
    gradus_winograd_add_weights(c, &p.from, scratch + p.kernel,
                                scratch + p.dU, dW);
}

const gradus_conv_way gradus_conv_winograd = {
    .name = "winograd", .fits = fits, .scratch = scratch_size,
    .packed = packed_size, .pack = pack, .begin = begin, .forward = forward,
    .end = end, .begin_back = begin_back, .backward = backward,
    .end_back = end_back,
};
