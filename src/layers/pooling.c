/* pooling.c -- max pooling and average pooling: the maximum or the mean of
 * square windows, for each channel by itself.
 *
 *   x [B,C,H,W]   y [B,C,h,w]   h = (H + 2p - k) / s + 1, rounded down, and w
 *   likewise, for windows of k x k numbers, stride s and padding p
 *
 *   maxpool   y[i,j] = max x[s i + u - p, s j + v - p]        u, v in 0..k-1
 *   avgpool   y[i,j] = 1/k^2 sum x[s i + u - p, s j + v - p]
 *
 * The padding counts as -inf in a maximum, and as 0 in a mean; as p <= k/2,
 * each window holds at least one number of x.  A NaN in a window is its
 * maximum.
 *
 *   maxpool   dx[s i + u - p, s j + v - p] += dy[i,j]         for one (u,v):
 *             the first, line by line, at which x is not below y
 *   avgpool   dx[s i + u - p, s j + v - p] += dy[i,j] / k^2   for all (u,v)
 *
 * A line of outputs, y[i,0..w-1], is computed together.  For one (u,v) after
 * the other, the innermost loop goes through all j for which column
 * s j + v - p is in the image, so that it needs neither branches nor checks
 * for borders.
 */
#include "gradus_layer.h"

#include "kernels/pool2.h"
#include "layers/layers.h"

#include <math.h>
#include <string.h>

typedef struct {
    gradus_node node;
    bool max;                    /* the maximum, not the mean */
    int kernel, stride, padding; /* k, s and p, in lines or columns of x */
} pooling_node;

/* ---- windows --------------------------------------------------------- */

/* The integers from `from` up to, but not including, `to`. */
typedef struct {
    int from, to;
} range;

/* The lines r = s i + u - p of x that the windows of output line i cover. */
static range lines_of_windows(const pooling_node *pool, int i)
{
    const int H = pool->node.in[0]->shape[1];
    int top = i * pool->stride - pool->padding;
    int64_t end = (int64_t)top + pool->kernel;

    return (range){ top < 0 ? 0 : top, end < H ? (int)end : H };
}

/* The q = v-p for which s j + q is a column of x for at least one j.  The last
 * window decides where they begin, and the first window where they end. */
static range columns_of_windows(const pooling_node *pool)
{
    const int W = pool->node.in[0]->shape[2], p = pool->padding;
    int last = (pool->node.shape[2] - 1) * pool->stride;
    int end = pool->kernel - p;

    return (range){ p < last ? -p : -last, end < W ? end : W };
}

/* The j for which s j + q is a column of x.  Only at the edges of x is it
 * necessary to divide. */
static range outputs_at(const pooling_node *pool, int q)
{
    const int W = pool->node.in[0]->shape[2], w = pool->node.shape[2];
    const int s = pool->stride;

    return (range){ q < 0 ? (-q - 1) / s + 1 : 0,
                    (int64_t)(w - 1) * s + q < W ? w : (W - 1 - q) / s + 1 };
}

bool gradus_is_max2(const gradus_node *n)
{
    const pooling_node *pool = (const pooling_node *)n;

    return n->op == &gradus_maxpool2d_op && pool->kernel == 2 &&
           pool->stride == 2 && pool->padding == 0;
}

/* ---- forward --------------------------------------------------------- */

/* y[i,j] for all j, the maxima or the means: a line y [w] of one channel, from
 * that channel's x [H,W].  Here and below, `max` is a constant wherever the
 * function is inlined. */
GRADUS_INLINE void pool_line(const pooling_node *pool, bool max, int i,
                             const gradus_real *restrict x,
                             gradus_real *restrict y)
{
    const gradus_real k = (gradus_real)pool->kernel;
    const range rs = lines_of_windows(pool, i), qs = columns_of_windows(pool);
    const int w = pool->node.shape[2], W = pool->node.in[0]->shape[2];

    for (int j = 0; j < w; j++)
        y[j] = max ? -INFINITY : 0;
    for (int r = rs.from; r < rs.to; r++)
        for (int q = qs.from; q < qs.to; q++) {
            const range js = outputs_at(pool, q);
            for (int j = js.from; j < js.to; j++) {
                gradus_real value = x[r * W + q + (int64_t)j * pool->stride];
                y[j] = max ? larger(y[j], value) : y[j] + value;
            }
        }
    if (!max)
        for (int j = 0; j < w; j++)
            y[j] /= k * k;
}

static void forward(gradus_node *n, gradus_part p)
{
    const pooling_node *pool = (const pooling_node *)n;
    const bool is_max2 = gradus_is_max2(n);
    const int h = n->shape[1], w = n->shape[2];
    const int H = n->in[0]->shape[1], W = n->in[0]->shape[2];
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, p, n->size);

    for (size_t c = 0; c < gradus_count(p, n->shape[0]);
         c++, x += H * W, y += h * w)
        if (is_max2)
            gradus_pool2_forward(H, W, x, y);
        else if (pool->max)
            for (int i = 0; i < h; i++)
                pool_line(pool, true, i, x, y + i * w);
        else
            for (int i = 0; i < h; i++)
                pool_line(pool, false, i, x, y + i * w);
}

/* ---- back ------------------------------------------------------------ */

/* dx[s i + u - p, s j + v - p] += what y[i,j] passes on, for all j and (u,v):
 * from lines y and dy [w] of one channel to its dx [H,W].  left[j] is what is
 * still to be handed out: for a mean dy[j] / k^2, to every (u,v); for a
 * maximum all of dy[j], to the first x that is not below y[j], and then 0. */
GRADUS_INLINE void pool_line_back(const pooling_node *pool, bool max, int i,
                                  const gradus_real *x, const gradus_real *y,
                                  const gradus_real *dy,
                                  gradus_real *restrict left,
                                  gradus_real *restrict dx)
{
    const gradus_real k = (gradus_real)pool->kernel;
    const range rs = lines_of_windows(pool, i), qs = columns_of_windows(pool);
    const int w = pool->node.shape[2], W = pool->node.in[0]->shape[2];

    for (int j = 0; j < w; j++)
        left[j] = max ? dy[j] : dy[j] / (k * k);
    for (int r = rs.from; r < rs.to; r++)
        for (int q = qs.from; q < qs.to; q++) {
            const range js = outputs_at(pool, q);
            for (int j = js.from; j < js.to; j++) {
                const int64_t at = r * W + q + (int64_t)j * pool->stride;
                gradus_real rest =
                    max ? (gradus_real)(x[at] < y[j]) * left[j] : 0;
                dx[at] += left[j] - rest;
                if (max)
                    left[j] = rest;
            }
        }
}

static void backward(gradus_node *n, gradus_part p)
{
    const pooling_node *pool = (const pooling_node *)n;
    const bool is_max2 = gradus_is_max2(n);
    const int h = n->shape[1], w = n->shape[2];
    const int H = n->in[0]->shape[1], W = n->in[0]->shape[2];
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->in[0]->size);
    const gradus_real *y = gradus_row(n->y, p, n->size);
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->in[0]->size);

    if (!is_max2 && n->first[0])
        memset(dx, 0, gradus_count(p, n->in[0]->size) * sizeof *dx);
    for (size_t c = 0; c < gradus_count(p, n->shape[0]);
         c++, x += H * W, dx += H * W, y += h * w, dy += h * w)
        if (is_max2)
            gradus_pool2_backward(H, W, x, y, dy, n->first[0], dx);
        else if (pool->max)
            for (int i = 0; i < h; i++)
                pool_line_back(pool, true, i, x, y + i * w, dy + i * w,
                               p.scratch, dx);
        else
            for (int i = 0; i < h; i++)
                pool_line_back(pool, false, i, x, y + i * w, dy + i * w,
                               p.scratch, dx);
}

/* ---- constructors ---------------------------------------------------- */

static gradus_node *new_pooling(const gradus_op *op, gradus_node *x,
                                int kernel,
                                const gradus_pool2d_options *options)
{
    gradus_pool2d_options o =
        options ? *options : (gradus_pool2d_options){ 0 };
    gradus_node *n = gradus_append(NULL, op, sizeof(pooling_node), 1, &x);

    o.stride = o.stride ? o.stride : kernel;
    n = gradus_set_attr(n, "size", 1, &(double){ kernel });
    n = gradus_set_windows(n, n ? x->shape[0] : 0, kernel, o.stride, o.padding,
                           kernel / 2 + 1);
    if (!n)
        return NULL;
    pooling_node *pool = (pooling_node *)n;
    pool->max = op == &gradus_maxpool2d_op;
    pool->kernel = kernel;
    pool->stride = o.stride;
    pool->padding = o.padding;
    n->scratch = (size_t)n->shape[2]; /* [w], for `left` */
    return n;
}

/* Builds a node from the settings of a model file, in which k is called
 * "size". */
static gradus_node *make(const gradus_op *op, const gradus_saved *s)
{
    return new_pooling(op, s->in[0], gradus_attr_int(s->attr, "size", 0),
                       &(gradus_pool2d_options){
                           .stride = gradus_attr_int(s->attr, "stride", 0),
                           .padding = gradus_attr_int(s->attr, "padding",
                                                      0) });
}

static gradus_node *make_max(const gradus_saved *s)
{
    return make(&gradus_maxpool2d_op, s);
}

static gradus_node *make_avg(const gradus_saved *s)
{
    return make(&gradus_avgpool2d_op, s);
}

const gradus_op gradus_maxpool2d_op = {
    .name = "maxpool", .forward = forward, .backward = backward,
    .make = make_max, .sets_dx = true,
};

const gradus_op gradus_avgpool2d_op = {
    .name = "avgpool", .forward = forward, .backward = backward,
    .make = make_avg, .sets_dx = true,
};

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
