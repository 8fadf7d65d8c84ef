/* conv_gemm.c -- convolution of any setting as matrix products (im2col).
 *
 * Each of the P = h w positions of y has a column: the ckk = in k k numbers of
 * x that the kernel covers there.  With these columns side by side as col,
 *
 *   Y = W col + b 1'            W [out,ckk]   col [ckk,P]   Y [out,P]
 *
 *   dW += dY col'               dcol = W' dY
 *   db += dY 1
 *
 * and each number of dcol is added to dx at the place in x that the number of
 * col was copied from.  (A prime means transposed, 1 is a vector of ones.)
 *
 * Unlike conv_plain.c, this copies every number of x up to k k times and
 * leaves the loops to OpenBLAS.  It has 170 lines of code, and takes a tenth
 * of the time or less.  There are faster ways for most settings: this one is
 * for very many weights, for strides above 8, and for fewer than 8 channels of
 * y with a stride, or of x or y with a kernel of 1 (see conv.c).
 *
 * In a product with few columns, reading W takes longer than multiplying.  So
 * the samples of small images wait until they have up to TOGETHER positions,
 * or until Y has about MOST numbers with very many channels, and are computed
 * together.
 */
#include "gradus_layer.h" /* gradus_gemm */

#include "kernels/conv.h"
#include "kernels/conv_layout.h"
#include "kernels/relu.h"
#include "kernels/sums.h"

#include <string.h>

enum {
    /* From 128 on, gradus_gemm divides the product for dW into blocks (see
     * base/gemm.c). */
    TOGETHER = 127,
    /* Numbers of Y in all samples that are computed together. */
    MOST = 1 << 24,
    /* Lines are copied 8 numbers at a time, which is faster than copying
     * exactly as many as a line has.  What is written beyond its end is
     * overwritten by the next line or the next sample, or lies in the SLACK
     * after a row. */
    COPIED = 8, SLACK = COPIED
};

/* The sizes of the matrices, and where things begin in the scratch memory; in
 * numbers.  All matrices have rows of `pitch` numbers. */
typedef struct {
    int P;                     /* h w, the positions of y */
    int ckk;                   /* in k k, the numbers in a column */
    int samples;               /* that are computed together, at most */
    int pitch;
    gradus_conv_image padded;  /* of x, or of dx */
    size_t image, col, y, size;
} parts;

static parts parts_of(const gradus_conv *c)
{
    parts p = { .P = c->out_height * c->out_width,
                .ckk = c->in * c->kernel * c->kernel,
                .padded = gradus_conv_image_of(c, 1) };

    p.samples = p.P < TOGETHER ? TOGETHER / p.P : 1;
    if ((int64_t)c->out * p.P * p.samples > MOST)
        p.samples = MOST / (c->out * p.P) + 1;
    p.pitch = p.samples * p.P + SLACK;
    gradus_conv_take_waiting(&p.size, p.samples);
    p.image = gradus_conv_take(&p.size, p.padded.size);
    p.col = gradus_conv_take(&p.size, (size_t)p.ckk * (size_t)p.pitch);
    p.y = gradus_conv_take(&p.size, (size_t)c->out * (size_t)p.pitch);
    return p;
}

static size_t scratch_size(const gradus_conv *c)
{
    return parts_of(c).size;
}

/* ---- between the image and its columns ------------------------------- */

/* Copies between the columns of one sample in a row of col, [h,w], and what
 * one number of the kernel meets at each position.  `image` points to what it
 * meets at the first position.
 *
 *   col[i,j] = image[s i, s j]                   or, back,
 *   image[s i, s j] += col[i,j] */
static void copy_row(const gradus_conv *c, size_t pitch, bool back,
                     gradus_real *image, gradus_real *col)
{
    const int w = c->out_width, s = c->stride;

    for (int i = 0; i < c->out_height; i++, col += w, image += pitch * s)
        if (back)
            for (int j = 0; j < w; j++)
                image[s * j] += col[j];
        else if (s == 1)
            for (int j = 0; j < w; j += COPIED)
                memcpy(col + j, image + j, COPIED * sizeof *col);
        else
            for (int j = 0; j < w; j++)
                col[j] = image[s * j];
}

/* Copies the columns of one sample, of which col is the first, from the image,
 * or back. */
static void copy_columns(const gradus_conv *c, const parts *p, bool back,
                         gradus_real *image, gradus_real *col)
{
    const gradus_conv_image *m = &p->padded;

    for (int ch = 0; ch < c->in; ch++, image += m->plane)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++, col += p->pitch)
                copy_row(c, m->pitch, back, image + u * m->pitch + v, col);
}

/* ---- all samples that wait ------------------------------------------- */

/* Z = Y + b 1', for one sample, of which y is the first column; with relu,
 * what is below 0 becomes 0. */
static void write_result(const gradus_conv *c, const parts *p,
                         const gradus_conv_sample *s, const gradus_real *y)
{
    gradus_real *z = s->z;

    for (int o = 0; o < c->out; o++, z += p->P, y += p->pitch) {
        const gradus_real b = c->b ? c->b[s->group * c->out + o] : 0;
        for (int i = 0; i < p->P; i++) {
            gradus_real v = y[i] + b;
            z[i] = c->relu ? gradus_rectify(v) : v;
        }
    }
}

static void forward_all(const gradus_conv *c, gradus_real *scratch)
{
    const parts p = parts_of(c);
    gradus_conv_waiting *q = (gradus_conv_waiting *)scratch;
    gradus_real *y = scratch + p.y;

    if (q->count)
        gradus_gemm(GRADUS_GEMM_N, GRADUS_GEMM_N, c->out, q->count * p.P,
                    p.ckk, c->W + q->s[0].group * gradus_conv_weights(c),
                    p.ckk, scratch + p.col, p.pitch, 0, y,
                    p.pitch);                      /* Y = W col       (C5) */
    for (int k = 0; k < q->count; k++)
        write_result(c, &p, &q->s[k], y + k * p.P);
    q->count = 0;
}

/* Adds to the dx of each sample, or sets it.  This overwrites the columns of x
 * with dcol, which is then added at the places that the columns came from. */
static void backward_operand(const gradus_conv *c, const parts *p,
                             const gradus_conv_waiting *q,
                             gradus_real *scratch)
{
    const gradus_conv_image *m = &p->padded;
    gradus_real *image = scratch + p->image, *dcol = scratch + p->col;

    gradus_gemm(GRADUS_GEMM_T, GRADUS_GEMM_N, p->ckk, q->count * p->P, c->out,
                c->W + q->s[0].group * gradus_conv_weights(c), p->ckk,
                scratch + p->y, p->pitch, 0, dcol,
                p->pitch);                         /* dcol = W' dY    (C7) */
    for (int k = 0; k < q->count; k++) {
        gradus_conv_clear(c, &q->s[k]);
        memset(image, 0, m->size * sizeof *image);
        copy_columns(c, p, true, image, dcol + k * p->P);
        gradus_conv_image_add_inside(m, image, q->s[k].dx);
    }
}

static void backward_all(const gradus_conv *c, gradus_real *scratch)
{
    const parts p = parts_of(c);
    gradus_conv_waiting *q = (gradus_conv_waiting *)scratch;

    if (q->count)
        gradus_gemm(GRADUS_GEMM_N, GRADUS_GEMM_T, c->out, p.ckk,
                    q->count * p.P, scratch + p.y, p.pitch, scratch + p.col,
                    p.pitch, 1, q->s[0].dW,
                    p.ckk);                        /* dW += dY col'   (C6) */
    if (q->count && q->s[0].dx)
        backward_operand(c, &p, q, scratch);
    q->count = 0;
}

/* ---- the way --------------------------------------------------------- */

static bool fits(const gradus_conv *c)
{
    return !c->max2;
}

/* No sample waits yet. */
static void begin(const gradus_conv *c, gradus_real *scratch)
{
    (void)c;
    ((gradus_conv_waiting *)scratch)->count = 0;
}

/* Copies the columns of s.  Returns the place of s among those that wait. */
static int wait_with(const gradus_conv *c, const parts *p,
                     const gradus_conv_sample *s, gradus_real *scratch)
{
    gradus_conv_waiting *q = (gradus_conv_waiting *)scratch;
    gradus_real *image = scratch + p->image;

    memset(image, 0, p->padded.size * sizeof *image);
    gradus_conv_image_fill(&p->padded, s->x, image);
    copy_columns(c, p, false, image, scratch + p->col + q->count * p->P);
    q->s[q->count] = *s;
    return q->count++;
}

static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    const parts p = parts_of(c);

    if (gradus_conv_is_full((gradus_conv_waiting *)scratch, p.samples, s))
        forward_all(c, scratch);
    wait_with(c, &p, s, scratch);
}

/* db += dY 1, the sum of dy over the positions of each channel. */
static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const parts p = parts_of(c);

    if (gradus_conv_is_full((gradus_conv_waiting *)scratch, p.samples, s))
        backward_all(c, scratch);
    const int k = wait_with(c, &p, s, scratch);
    for (int o = 0; o < c->out; o++) {
        const gradus_real *dy = s->dz + o * p.P;
        memcpy(scratch + p.y + (size_t)o * (size_t)p.pitch + k * p.P, dy,
               (size_t)p.P * sizeof *dy);
        if (s->db)
            s->db[o] += gradus_sum(dy, p.P);
    }
}

static void end_back(const gradus_conv *c, gradus_real *scratch,
                     gradus_real *dW)
{
    (void)dW; /* each s->dW is part of it */
    backward_all(c, scratch);
}

const gradus_conv_way gradus_conv_gemm = {
    .name = "gemm", .fits = fits, .scratch = scratch_size, .begin = begin,
    .forward = forward, .end = forward_all, .begin_back = begin,
    .backward = backward, .end_back = end_back,
};
