/* pooling.c -- max pooling and average pooling: the maximum or the mean of
 * square windows, for each channel by itself.
 *
 *   x [B,C,H,W]   y [B,C,h,w]   h = (H + 2p - k) / s + 1, rounded down, and w
 *   likewise, for windows of k x k numbers, stride s and padding p
 *
 *   maxpool   y[i,j] = max x[is-p+u, js-p+v]           u, v in 0..k-1
 *   avgpool   y[i,j] = 1/k^2 sum x[is-p+u, js-p+v]
 *
 * The padding counts as -inf in a maximum, and as 0 in a mean; as p <= k/2,
 * each window has a value of x.  A NaN in a window is its maximum.
 *
 *   maxpool   dx[is-p+u, js-p+v] += dy[i,j] for one (u,v): the first, line by
 *             line, at which x is not below y
 *   avgpool   dx[is-p+u, js-p+v] += dy[i,j] / k^2 for all (u,v)
 *
 * A line of outputs, y[i,0..w-1], is computed together.  For one (u,v) after
 * the other, the innermost loop goes through all j for which x[is-p+u, js-p+v]
 * is in the image, so that it needs neither branches nor checks for borders.
 */
#include "gradus_layer.h"

#include "kernels/pool2.h"
#include "layers/layers.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

typedef struct {
    gradus_node node;
    int kernel, stride, padding; /* k, s and p, in lines or columns of x */
} pooling_node;

/* ---- windows --------------------------------------------------------- */

/* The integers from `from` up to, but not including, `to`. */
typedef struct {
    int from, to;
} range;

/* The range of those i in 0..n-1 for which first + i step lies in
 * 0..size-1. */
static range clip(int64_t first, int64_t step, int size, int n)
{
    int64_t from = first < 0 ? (step - 1 - first) / step : 0;
    int64_t to = first < size ? (size - 1 - first) / step + 1 : 0;

    return (range){ (int)(from < n ? from : n), (int)(to < n ? to : n) };
}

/* The u for which is-p+u is a line of x: the lines of the windows of output
 * line i, without those that are padding. */
static range lines_of_windows(const pooling_node *pool, int i)
{
    return clip((int64_t)i * pool->stride - pool->padding, 1,
                pool->node.in[0]->shape[1], pool->kernel);
}

/* The v for which js-p+v is a column of x for at least one j.  The last window
 * decides where they begin, and the first window where they end. */
static range columns_of_windows(const pooling_node *pool)
{
    const int W = pool->node.in[0]->shape[2];
    int64_t last = (int64_t)(pool->node.shape[2] - 1) * pool->stride;

    return (range){ clip(last - pool->padding, 1, W, pool->kernel).from,
                    clip(-(int64_t)pool->padding, 1, W, pool->kernel).to };
}

/* The j for which js-p+v is a column of x: the outputs of a line that have
 * something to read at column v of their window. */
static range outputs_at(const pooling_node *pool, int v)
{
    return clip((int64_t)v - pool->padding, pool->stride,
                pool->node.in[0]->shape[2], pool->node.shape[2]);
}

/* The index of x[is-p+u, js-p+v] in its channel [H,W], without the term js,
 * which the innermost loops add.  It may be negative. */
static int64_t place(const pooling_node *pool, int i, int u, int v)
{
    int64_t line = (int64_t)i * pool->stride - pool->padding + u;

    return line * pool->node.in[0]->shape[2] - pool->padding + v;
}

static bool is_2x2(const pooling_node *pool)
{
    return pool->kernel == 2 && pool->stride == 2 && pool->padding == 0;
}

bool gradus_is_max2(const gradus_node *n)
{
    return n->op == &gradus_maxpool2d_op && is_2x2((const pooling_node *)n);
}

/* ---- maximum --------------------------------------------------------- */

/* y[i,j] = max x[is-p+u, js-p+v] for all j: a line y [w] of one channel, from
 * that channel's x [H,W]. */
static void max_line(const pooling_node *pool, int i,
                     const gradus_real *restrict x, gradus_real *restrict y)
{
    const range us = lines_of_windows(pool, i), vs = columns_of_windows(pool);

    for (int j = 0; j < pool->node.shape[2]; j++)
        y[j] = -INFINITY;
    for (int u = us.from; u < us.to; u++)
        for (int v = vs.from; v < vs.to; v++) {
            const range js = outputs_at(pool, v);
            const int64_t at = place(pool, i, u, v);
            for (int j = js.from; j < js.to; j++)
                y[j] = larger(y[j], x[at + (int64_t)j * pool->stride]);
        }
}

static void max_forward(gradus_node *n, gradus_part p)
{
    const pooling_node *pool = (const pooling_node *)n;
    const int h = n->shape[1], w = n->shape[2];
    const int H = n->in[0]->shape[1], W = n->in[0]->shape[2];
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, p, n->size);

    for (size_t c = 0; c < gradus_count(p, n->shape[0]);
         c++, x += H * W, y += h * w)
        if (is_2x2(pool))
            gradus_pool2_forward(H, W, x, y);
        else
            for (int i = 0; i < h; i++)
                max_line(pool, i, x, y + i * w);
}

/* dx[is-p+u, js-p+v] += dy[i,j] for all j, where (u,v) is the first at which x
 * is not below y: from lines y and dy [w] of one channel to its dx [H,W].
 * left [w] starts as dy, and becomes 0 where an x has taken the gradient. */
static void max_line_back(const pooling_node *pool, int i, const gradus_real *x,
                          const gradus_real *y, const gradus_real *dy,
                          gradus_real *restrict left, gradus_real *restrict dx)
{
    const range us = lines_of_windows(pool, i), vs = columns_of_windows(pool);

    memcpy(left, dy, (size_t)pool->node.shape[2] * sizeof *left);
    for (int u = us.from; u < us.to; u++)
        for (int v = vs.from; v < vs.to; v++) {
            const range js = outputs_at(pool, v);
            const int64_t at = place(pool, i, u, v);
            for (int j = js.from; j < js.to; j++) {
                int64_t k = at + (int64_t)j * pool->stride;
                gradus_real rest = (gradus_real)(x[k] < y[j]) * left[j];
                dx[k] += left[j] - rest;
                left[j] = rest;
            }
        }
}

static void max_backward(gradus_node *n, gradus_part p)
{
    const pooling_node *pool = (const pooling_node *)n;
    const int h = n->shape[1], w = n->shape[2];
    const int H = n->in[0]->shape[1], W = n->in[0]->shape[2];
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->in[0]->size);
    const gradus_real *y = gradus_row(n->y, p, n->size);
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->in[0]->size);

    for (size_t c = 0; c < gradus_count(p, n->shape[0]);
         c++, x += H * W, dx += H * W, y += h * w, dy += h * w)
        if (is_2x2(pool))
            gradus_pool2_backward(H, W, x, y, dy, dx);
        else
            for (int i = 0; i < h; i++)
                max_line_back(pool, i, x, y + i * w, dy + i * w, p.scratch, dx);
}

/* ---- mean ------------------------------------------------------------ */

/* y[i,j] = 1/k^2 sum x[is-p+u, js-p+v] for all j: a line y [w] of one channel,
 * from that channel's x [H,W]. */
static void avg_line(const pooling_node *pool, int i,
                     const gradus_real *restrict x, gradus_real *restrict y)
{
    const gradus_real k = (gradus_real)pool->kernel;
    const range us = lines_of_windows(pool, i), vs = columns_of_windows(pool);

    memset(y, 0, (size_t)pool->node.shape[2] * sizeof *y);
    for (int u = us.from; u < us.to; u++)
        for (int v = vs.from; v < vs.to; v++) {
            const range js = outputs_at(pool, v);
            const int64_t at = place(pool, i, u, v);
            for (int j = js.from; j < js.to; j++)
                y[j] += x[at + (int64_t)j * pool->stride];
        }
    for (int j = 0; j < pool->node.shape[2]; j++)
        y[j] /= k * k;
}

static void avg_forward(gradus_node *n, gradus_part p)
{
    const pooling_node *pool = (const pooling_node *)n;
    const int h = n->shape[1], w = n->shape[2];
    const size_t image = (size_t)n->in[0]->shape[1] * n->in[0]->shape[2];
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, p, n->size);

    for (size_t c = 0; c < gradus_count(p, n->shape[0]); c++, x += image)
        for (int i = 0; i < h; i++, y += w)
            avg_line(pool, i, x, y);
}

/* dx[is-p+u, js-p+v] += dy[i,j] / k^2 for all j and (u,v): from a line dy [w]
 * of one channel to its dx [H,W].  d [w] is scratch memory for dy / k^2. */
static void avg_line_back(const pooling_node *pool, int i,
                          const gradus_real *dy, gradus_real *restrict d,
                          gradus_real *restrict dx)
{
    const gradus_real k = (gradus_real)pool->kernel;
    const range us = lines_of_windows(pool, i), vs = columns_of_windows(pool);

    for (int j = 0; j < pool->node.shape[2]; j++)
        d[j] = dy[j] / (k * k);
    for (int u = us.from; u < us.to; u++)
        for (int v = vs.from; v < vs.to; v++) {
            const range js = outputs_at(pool, v);
            const int64_t at = place(pool, i, u, v);
            for (int j = js.from; j < js.to; j++)
                dx[at + (int64_t)j * pool->stride] += d[j];
        }
}

static void avg_backward(gradus_node *n, gradus_part p)
{
    const pooling_node *pool = (const pooling_node *)n;
    const int h = n->shape[1], w = n->shape[2];
    const size_t image = (size_t)n->in[0]->shape[1] * n->in[0]->shape[2];
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->in[0]->size);

    for (size_t c = 0; c < gradus_count(p, n->shape[0]); c++, dx += image)
        for (int i = 0; i < h; i++, dy += w)
            avg_line_back(pool, i, dy, p.scratch, dx);
}

/* ---- constructors ------------------------------------------------------- */

/* Reads the settings of a model file, in which k is called "size". */
static gradus_pool2d_options saved_options(const gradus_attr *a, int *kernel)
{
    *kernel = gradus_attr_int(a, "size", 0);
    return (gradus_pool2d_options){ gradus_attr_int(a, "stride", 0),
                                    gradus_attr_int(a, "padding", 0) };
}

static gradus_node *make_max(const gradus_saved *s)
{
    int kernel;
    gradus_pool2d_options o = saved_options(s->attr, &kernel);

    return gradus_maxpool2d(s->in[0], kernel, &o);
}

static gradus_node *make_avg(const gradus_saved *s)
{
    int kernel;
    gradus_pool2d_options o = saved_options(s->attr, &kernel);

    return gradus_avgpool2d(s->in[0], kernel, &o);
}

const gradus_op gradus_maxpool2d_op = {
    .name = "maxpool", .forward = max_forward, .backward = max_backward,
    .make = make_max,
};

const gradus_op gradus_avgpool2d_op = {
    .name = "avgpool", .forward = avg_forward, .backward = avg_backward,
    .make = make_avg,
};

static gradus_node *new_pooling(const gradus_op *op, gradus_node *x,
                                int kernel,
                                const gradus_pool2d_options *options)
{
    gradus_pool2d_options o = options ? *options : (gradus_pool2d_options){ 0 };
    gradus_node *n = gradus_append(NULL, op, sizeof(pooling_node), 1, &x);

    o.stride = o.stride ? o.stride : kernel;
    n = gradus_set_attr(n, "size", 1, &(double){ kernel });
    n = gradus_set_windows(n, n ? x->shape[0] : 0, kernel, o.stride, o.padding,
                           kernel / 2);
    if (!n)
        return NULL;
    pooling_node *pool = (pooling_node *)n;
    pool->kernel = kernel;
    pool->stride = o.stride;
    pool->padding = o.padding;
    n->scratch = (size_t)n->shape[2]; /* [w], for `left` */
    return n;
}

gradus_node *gradus_maxpool2d(gradus_node *x, int kernel,
                              const gradus_pool2d_options *options)
{
    return new_pooling(&gradus_maxpool2d_op, x, kernel, options);
}

gradus_node *gradus_avgpool2d(gradus_node *x, int kernel,
                              const gradus_pool2d_options *options)
{
    return new_pooling(&gradus_avgpool2d_op, x, kernel, options);
}
