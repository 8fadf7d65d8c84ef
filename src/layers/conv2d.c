/* conv2d.c -- convolution of images, as matrix products (im2col).
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[c, s i + u - p, s j + v - p]
 *
 * with zeros outside x.  One sample at a time, so that all of it stays in
 * cache: its columns, one of the c k k numbers under the kernel for each of
 * the P = h w positions, make of it, in each group of channels,
 *
 *   Y = W col + b 1'            W [out,ckk]   col [ckk,P]   Y [out,P]
 *
 *   dW += dY col'               db += dY 1    dcol = W' dY
 *
 * and dx[..] += dcol[..] back at the places that the columns came from.  Where
 * most of a sample's dy is 0, conv2d_sparse.c goes back instead.
 */
#include "conv2d.h"

#include <string.h>

/* Rows of the columns' matrix are copied in chunks of 8 numbers, which is
 * faster than a row's exact number: what is written after its end is then
 * overwritten by the next row, or is in the SLACK after the matrix. */
enum { CHUNK = 8, SLACK = CHUNK };

/* The sizes of one group's product. */
typedef struct {
    int out, in; /* channels */
    int ckk, P;
    int x, y, w; /* numbers of x, y and W that a group has */
    size_t image; /* of x with a border of zeros, and SLACK */
} group;

static size_t padded(const conv2d_node *c, int size)
{
    return (size_t)size + 2 * (size_t)c->padding;
}

static group group_of(const conv2d_node *c)
{
    group g = { .out = c->node.shape[0] / c->groups,
                .in = c->channels / c->groups,
                .P = c->node.shape[1] * c->node.shape[2] };

    g.ckk = g.in * c->kernel * c->kernel;
    g.image = (size_t)g.in * padded(c, c->height) * padded(c, c->width) +
              SLACK;
    g.x = g.in * c->height * c->width;
    g.y = g.out * g.P;
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

static void forward(gradus_node *n, gradus_rows r)
{
    const conv2d_node *c = (const conv2d_node *)n;
    const group g = group_of(c);
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, r, n->size);

    for (size_t i = 0; i < (size_t)r.n * c->groups; i++, x += g.x, y += g.y) {
        int k = (int)(i % (size_t)c->groups);
        const gradus_real *col = columns(c, g, x, r.scratch);
        for (int o = 0; c->bias && o < g.out; o++)
            for (int p = 0; p < g.P; p++)
                y[o * g.P + p] = n->param[1].w[k * g.out + o];
        gradus_gemm(GRADUS_N, GRADUS_N, g.out, g.P, g.ckk,
                    n->param[0].w + (size_t)k * g.w, g.ckk, col, g.P,
                    c->bias, y, g.P);                    /* Y = W col + b 1' */
    }
}

static void backward_bias(gradus_real *db, const gradus_real *dy, group g)
{
    for (int o = 0; o < g.out; o++, dy += g.P) {
        gradus_real sum = 0;
        for (int p = 0; p < g.P; p++)
            sum += dy[p];
        db[o] += sum;
    }
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

/* Few enough numbers that going through them one by one is faster than a
 * product: behind maxima of 2 x 2 a quarter at most. */
static int is_sparse(const gradus_real *dy, int n)
{
    int count = 0;

    for (int i = 0; i < n; i++)
        count += dy[i] != 0;
    return count <= n / 3;
}

static size_t dense_scratch(group g)
{
    return g.image + (size_t)g.ckk * (size_t)g.P + SLACK;
}

static void backward(gradus_node *n, gradus_rows r)
{
    const conv2d_node *c = (const conv2d_node *)n;
    const group g = group_of(c);
    const gradus_real *x = gradus_row(n->in[0]->y, r, n->in[0]->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, r, n->in[0]->size);
    const gradus_real *dy = gradus_row(n->dy, r, n->size);
    gradus_real *dW = gradus_share(&n->param[0], r);
    gradus_real *for_sparse = r.scratch + dense_scratch(g);
    int any_sparse = 0;

    for (size_t i = 0; i < (size_t)r.n * c->groups; i++, x += g.x, dy += g.y) {
        int k = (int)(i % (size_t)c->groups);
        gradus_real *dxi = dx ? dx + i * (size_t)g.x : NULL;
        gradus_real *db =
            c->bias ? gradus_share(&n->param[1], r) + k * g.out : NULL;
        if (is_sparse(dy, g.y)) {
            if (!any_sparse++)
                gradus_conv2d_sparse_begin(c, for_sparse);
            gradus_conv2d_sparse_add(c, k, x, dy, for_sparse, db, dxi);
            continue;
        }
        if (db)
            backward_bias(db, dy, g);
        const gradus_real *col = columns(c, g, x, r.scratch);
        gradus_gemm(GRADUS_N, GRADUS_T, g.out, g.ckk, g.P, dy, g.P, col, g.P,
                    1, dW + (size_t)k * g.w, g.ckk);     /* dW += dY col'    */
        if (dxi)
            backward_operand(c, g, n->param[0].w + (size_t)k * g.w, dy,
                             r.scratch, dxi);
    }
    if (any_sparse)
        gradus_conv2d_sparse_end(c, for_sparse, dW);
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    gradus_conv2d_options o = {
        .stride = gradus_attr_int(a, "stride", 1),
        .padding = gradus_attr_int(a, "padding", 0),
        .groups = gradus_attr_int(a, "groups", 1),
        .no_bias = gradus_attr_int(a, "bias", 1) == 0,
    };

    (void)g;
    return gradus_conv2d(n_in ? in[0] : NULL,
                         gradus_attr_int(a, "channels", 0),
                         gradus_attr_int(a, "kernel", 0), &o);
}

const gradus_op gradus_conv2d_op = {
    .name = "conv", .forward = forward, .backward = backward, .make = make,
};

static int settings_are_wrong(gradus_node *n, int channels, int kernel,
                              const gradus_conv2d_options *o)
{
    const gradus_node *x = n->in[0];

    if (x->rank != 3)
        return gradus_fail(n, "an operand of %d axes; images "
                           "[channels,height,width] wanted", x->rank), 1;
    if (channels < 1 || kernel < 1 || o->stride < 1 || o->padding < 0 ||
        o->padding >= kernel || o->groups < 1)
        return gradus_fail(n, "%d channels, kernel %d, stride %d, padding %d, "
                           "groups %d; at least 1, padding 0 to kernel - 1 "
                           "wanted", channels, kernel, o->stride, o->padding,
                           o->groups), 1;
    if (x->shape[0] % o->groups || channels % o->groups)
        return gradus_fail(n, "%d channels to %d channels do not divide into "
                           "%d groups", x->shape[0], channels, o->groups), 1;
    for (int i = 1; i < 3; i++)
        if ((int64_t)x->shape[i] + 2 * (int64_t)o->padding < kernel)
            return gradus_fail(n, "kernel %d is larger than the image "
                               "[%d,%d,%d] with padding %d", kernel,
                               x->shape[0], x->shape[1], x->shape[2],
                               o->padding), 1;
    return 0;
}

static gradus_node *set_attrs(gradus_node *n, int channels, int kernel,
                              const gradus_conv2d_options *o)
{
    n = gradus_set_attr(n, "channels", 1, &(double){ channels });
    n = gradus_set_attr(n, "kernel", 1, &(double){ kernel });
    n = gradus_set_attr(n, "stride", 1, &(double){ o->stride });
    n = gradus_set_attr(n, "padding", 1, &(double){ o->padding });
    n = gradus_set_attr(n, "groups", 1, &(double){ o->groups });
    return gradus_set_attr(n, "bias", 1, &(double){ !o->no_bias });
}

static int outputs(int size, int kernel, const gradus_conv2d_options *o)
{
    return (int)(((int64_t)size + 2 * (int64_t)o->padding - kernel) /
                 o->stride) + 1;
}

gradus_node *gradus_conv2d(gradus_node *x, int channels, int kernel,
                           const gradus_conv2d_options *options)
{
    gradus_conv2d_options o = { 0 };
    gradus_node *n =
        gradus_append(NULL, &gradus_conv2d_op, sizeof(conv2d_node), 1, &x);

    if (options)
        o = *options;
    o.stride = o.stride ? o.stride : 1;
    o.groups = o.groups ? o.groups : 1;
    if (!n || settings_are_wrong(n, channels, kernel, &o))
        return NULL;
    conv2d_node *c = (conv2d_node *)n;
    c->channels = x->shape[0];
    c->height = x->shape[1];
    c->width = x->shape[2];
    c->kernel = kernel;
    c->stride = o.stride;
    c->padding = o.padding;
    c->groups = o.groups;
    c->bias = !o.no_bias;
    n = gradus_shape(n, 3, (int[]){ channels,
                                    outputs(c->height, kernel, &o),
                                    outputs(c->width, kernel, &o) });
    n = gradus_add_param(n, "weight", 4,
                         (int[]){ channels, x->shape[0] / o.groups, kernel,
                                  kernel }, GRADUS_HE, 0);
    if (c->bias)
        n = gradus_add_param(n, "bias", 1, &channels, GRADUS_ZERO, 0);
    if (!set_attrs(n, channels, kernel, &o))
        return NULL;
    group g = group_of(c);
    if ((int64_t)g.ckk * g.P > INT32_MAX / 2)
        return gradus_fail(n, "the columns of an image, %d x %d numbers, are "
                           "too many", g.ckk, g.P);
    n->scratch = dense_scratch(g) + gradus_conv2d_sparse_scratch(c);
    return n;
}
