/* conv2d_columns.c -- convolution as matrix products (im2col).
 *
 * A sample's columns, one of the c k k numbers under the kernel for each of
 * the P = h w positions, make of it, in each group of channels,
 *
 *   Y = W col + b 1'            W [out,ckk]   col [ckk,P]   Y [out,P]
 *
 *   dW += dY col'               dcol = W' dY
 *
 * and dx[..] += dcol[..] back at the places that the columns came from.
 */
#include "layers/conv2d.h"

#include <string.h>

/* Rows of the columns' matrix are copied in chunks of 8 numbers, which is
 * faster than a row's exact number: what is written after its end is then
 * overwritten by the next row, or is in the SLACK after the matrix. */
enum { CHUNK = 8, SLACK = CHUNK };

/* The sizes of one group's product. */
typedef struct {
    int out, in; /* channels */
    int ckk, P;
    int w;        /* numbers of W that a group has */
    size_t image; /* of x with a border of zeros, and SLACK */
} group;

static size_t padded(const conv2d_node *c, int size)
{
    return (size_t)size + 2 * (size_t)c->padding;
}

static group group_of(const conv2d_node *c)
{
    group g = { .out = gradus_conv2d_out(c), .in = gradus_conv2d_in(c),
                .P = c->node.shape[1] * c->node.shape[2] };

    g.ckk = g.in * c->kernel * c->kernel;
    g.image = (size_t)g.in * padded(c, c->height) * padded(c, c->width) +
              SLACK;
    g.w = g.out * g.ckk;
    return g;
}

/* The columns are the image itself. */
static int is_pointwise(const conv2d_node *c)
{
    return c->kernel == 1 && c->stride == 1 && c->padding == 0;
}

/* Where in the image, which is x within its border of zeros, the kernel's
 * number u,v is on channel k at the kernel's first place. */
static size_t place(const conv2d_node *c, int k, int u, int v)
{
    return ((size_t)k * padded(c, c->height) + u) * padded(c, c->width) + v;
}

static void add_border(const conv2d_node *c, group g, const gradus_real *x,
                       gradus_real *image)
{
    const int p = c->padding, w = c->width;

    memset(image, 0, g.image * sizeof *image);
    for (int k = 0; k < g.in; k++)
        for (int i = 0; i < c->height; i++, x += w)
            memcpy(image + place(c, k, i + p, p), x, (size_t)w * sizeof *x);
}

/* dx += what is inside the border. */
static void add_inside(const conv2d_node *c, group g,
                       const gradus_real *image, gradus_real *dx)
{
    for (int k = 0; k < g.in; k++)
        for (int i = 0; i < c->height; i++, dx += c->width) {
            const gradus_real *row =
                image + place(c, k, i + c->padding, c->padding);
            for (int j = 0; j < c->width; j++)
                dx[j] += row[j];
        }
}

/* One row of the columns' matrix, from what is under one number of the kernel:
 *
 *   col[i,j] = image[s i, s j]
 */
static void gather_row(const conv2d_node *c, const gradus_real *image,
                       gradus_real *col)
{
    const int h = c->node.shape[1], w = c->node.shape[2], s = c->stride;

    for (int i = 0; i < h; i++, col += w) {
        const gradus_real *row = image + padded(c, c->width) * s * i;
        for (int j = 0; s == 1 && j < w; j += CHUNK)
            memcpy(col + j, row + j, CHUNK * sizeof *col);
        for (int j = 0; s > 1 && j < w; j++)
            col[j] = row[s * j];
    }
}

/* And back: image[s i, s j] += col[i,j]. */
static void scatter_row(const conv2d_node *c, gradus_real *restrict image,
                        const gradus_real *restrict col)
{
    const int h = c->node.shape[1], w = c->node.shape[2], s = c->stride;

    for (int i = 0; i < h; i++, col += w) {
        gradus_real *restrict row = image + padded(c, c->width) * s * i;
        for (int j = 0; s == 1 && j < w; j++)
            row[j] += col[j];
        for (int j = 0; s > 1 && j < w; j++)
            row[s * j] += col[j];
    }
}

/* The columns of one group of a sample: x itself, or made in scratch. */
static const gradus_real *columns(const conv2d_node *c, group g,
                                  const gradus_real *x, gradus_real *scratch)
{
    gradus_real *image = scratch, *col = image + g.image, *row = col;

    if (is_pointwise(c))
        return x;
    add_border(c, g, x, image);
    for (int k = 0; k < g.in; k++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++, row += g.P)
                gather_row(c, image + place(c, k, u, v), row);
    return col;
}

/* dx += dcol at the places that the columns came from. */
static void add_back(const conv2d_node *c, group g, const gradus_real *dcol,
                     gradus_real *image, gradus_real *dx)
{
    memset(image, 0, g.image * sizeof *image);
    for (int k = 0; k < g.in; k++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++, dcol += g.P)
                scatter_row(c, image + place(c, k, u, v), dcol);
    add_inside(c, g, image, dx);
}

size_t gradus_conv2d_columns_scratch(const conv2d_node *c)
{
    group g = group_of(c);

    return g.image + (size_t)g.ckk * (size_t)g.P + SLACK;
}

void gradus_conv2d_columns_forward(const conv2d_node *c, int part,
                                   const gradus_real *x, gradus_real *scratch,
                                   gradus_real *y)
{
    const group g = group_of(c);
    const gradus_real *W = c->node.param[0].w + (size_t)part * g.w;
    const gradus_real *col = columns(c, g, x, scratch);

    for (int o = 0; c->bias && o < g.out; o++)
        for (int p = 0; p < g.P; p++)
            y[o * g.P + p] = c->node.param[1].w[part * g.out + o];
    gradus_gemm(GRADUS_N, GRADUS_N, g.out, g.P, g.ckk, W, g.ckk, col, g.P,
                c->bias, y, g.P);                        /* Y = W col + b 1' */
}

static void backward_operand(const conv2d_node *c, group g,
                             const gradus_real *W, const gradus_real *dy,
                             gradus_real *scratch, gradus_real *dx)
{
    gradus_real *dcol = is_pointwise(c) ? dx : scratch + g.image;

    gradus_gemm(GRADUS_T, GRADUS_N, g.ckk, g.P, g.out, W, g.ckk, dy, g.P,
                dcol == dx, dcol, g.P);                  /* dcol = W' dY     */
    if (dcol != dx)
        add_back(c, g, dcol, scratch, dx);
}

void gradus_conv2d_columns_back(const conv2d_node *c, int part,
                                const gradus_real *x, const gradus_real *dy,
                                gradus_real *scratch, gradus_real *dW,
                                gradus_real *dx)
{
    const group g = group_of(c);
    const size_t from = (size_t)part * g.w;
    const gradus_real *col = columns(c, g, x, scratch);

    gradus_gemm(GRADUS_N, GRADUS_T, g.out, g.ckk, g.P, dy, g.P, col, g.P, 1,
                dW + from, g.ckk);                       /* dW += dY col'    */
    if (dx)
        backward_operand(c, g, c->node.param[0].w + from, dy, scratch, dx);
}
