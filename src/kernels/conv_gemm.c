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
 * leaves the loops to OpenBLAS.  It has 120 lines of code, and takes a tenth
 * of the time or less.  There are faster ways for most settings: this one is
 * for very many weights, and for few channels with a stride or a kernel of 1
 * (see conv.c).
 */
#include "gradus_layer.h" /* gradus_gemm */

#include "kernels/conv.h"
#include "kernels/conv_layout.h"
#include "kernels/relu.h"
#include "kernels/sums.h"

#include <string.h>

/* Lines are copied 8 numbers at a time, which is faster than copying
 * exactly as many as a line has.  What is written beyond its end is
 * overwritten by the next line, or lies in the SLACK after the matrix. */
enum { COPIED = 8, SLACK = COPIED };

/* P, the number of positions of y. */
static int positions(const gradus_conv *c)
{
    return c->out_height * c->out_width;
}

/* ckk, the numbers in a column. */
static int column_size(const gradus_conv *c)
{
    return c->in * c->kernel * c->kernel;
}

/* Is x [in,P] already its own matrix of columns? */
static bool is_pointwise(const gradus_conv *c)
{
    return c->kernel == 1 && c->stride == 1 && c->padding == 0;
}

/* ---- between the image and its columns ------------------------------- */

/* Copies between a row of col [h,w] and what one number of the kernel meets at
 * each position.  `image` points to what it meets at the first position.
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

/* Copies all rows of col [ckk,P] from the image, or back. */
static void copy_columns(const gradus_conv *c, const gradus_conv_image *m,
                         bool back, gradus_real *image, gradus_real *col)
{
    for (int ch = 0; ch < c->in; ch++, image += m->plane)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++, col += positions(c))
                copy_row(c, m->pitch, back, image + u * m->pitch + v, col);
}

/* Returns col [ckk,P]: x itself if it is its own matrix of columns, or a
 * matrix that is made in scratch, after the image. */
static const gradus_real *columns(const gradus_conv *c, const gradus_real *x,
                                  gradus_real *scratch)
{
    const gradus_conv_image m = gradus_conv_image_of(c, 1);

    if (is_pointwise(c))
        return x;
    memset(scratch, 0, m.size * sizeof *scratch);
    gradus_conv_image_fill(&m, x, scratch);
    copy_columns(c, &m, false, scratch, scratch + m.size);
    return scratch + m.size;
}

/* ---- the way --------------------------------------------------------- */

static bool fits(const gradus_conv *c)
{
    return !c->max2;
}

/* The scratch memory has the image of x (or of dx), and after it col (or
 * dcol) and the SLACK. */
static size_t scratch_size(const gradus_conv *c)
{
    return gradus_conv_image_of(c, 1).size +
           (size_t)column_size(c) * (size_t)positions(c) + SLACK;
}

/* Sets Y to b, if there is one, and then adds W col to it.  With relu, what is
 * below 0 then becomes 0. */
static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    const int P = positions(c), ckk = column_size(c);
    const gradus_real *W = c->W + s->group * gradus_conv_weights(c);
    const gradus_real *col = columns(c, s->x, scratch);

    if (c->b)
        for (int o = 0; o < c->out; o++)
            for (int p = 0; p < P; p++)
                s->z[o * P + p] = c->b[s->group * c->out + o];
    gradus_gemm(GRADUS_GEMM_N, GRADUS_GEMM_N, c->out, P, ckk, W, ckk, col, P,
                c->b ? 1 : 0, s->z, P);                  /* Y = W col + b 1' */
    if (c->relu)
        for (int i = 0; i < c->out * P; i++)
            s->z[i] = gradus_rectify(s->z[i]);
}

/* db += dY 1, the sum of dy over the positions of each channel. */
static void backward_bias(const gradus_conv *c, const gradus_real *dy,
                          gradus_real *db)
{
    const int P = positions(c);

    for (int o = 0; o < c->out; o++, dy += P)
        db[o] += gradus_sum(dy, P);
}

/* Adds to dx, or sets it.  This overwrites the columns of x in scratch with
 * dcol, which is then added to dx at the places that the columns came from. */
static void backward_operand(const gradus_conv *c, const gradus_conv_sample *s,
                             gradus_real *scratch)
{
    const int P = positions(c), ckk = column_size(c);
    const gradus_real *W = c->W + s->group * gradus_conv_weights(c);
    const gradus_conv_image m = gradus_conv_image_of(c, 1);
    const bool direct = is_pointwise(c);
    gradus_real *dcol = direct ? s->dx : scratch + m.size;

    gradus_gemm(GRADUS_GEMM_T, GRADUS_GEMM_N, ckk, P, c->out, W, ckk, s->dz, P,
                direct && !s->set_dx ? 1 : 0, dcol, P);  /* dcol = W' dY     */
    if (direct)
        return;
    gradus_conv_clear(c, s);
    memset(scratch, 0, m.size * sizeof *scratch);
    copy_columns(c, &m, true, scratch, dcol);
    gradus_conv_image_add_inside(&m, scratch, s->dx);
}

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const int P = positions(c), ckk = column_size(c);
    const gradus_real *col = columns(c, s->x, scratch);

    if (s->db)
        backward_bias(c, s->dz, s->db);
    gradus_gemm(GRADUS_GEMM_N, GRADUS_GEMM_T, c->out, ckk, P, s->dz, P, col,
                P, 1, s->dW, ckk);                       /* dW += dY col'    */
    if (s->dx)
        backward_operand(c, s, scratch);
}

const gradus_conv_way gradus_conv_gemm = {
    .name = "gemm", .fits = fits, .scratch = scratch_size, .forward = forward,
    .backward = backward,
};
