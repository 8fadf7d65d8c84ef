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
 * Several channels are computed together by kernels/windows.c: they are copied
 * so that each pixel has them side by side, and the results are copied back.
 */
#include "gradus_layer.h"

#include "kernels/channels_last.h"
#include "kernels/pool2.h"
#include "kernels/windows.h"
#include "layers/layers.h"

#include <string.h>

typedef struct {
    gradus_node node;
    bool max;                    /* the maximum, not the mean */
    int kernel, stride, padding; /* k, s and p, in lines or columns of x */
} pooling_node;

bool gradus_is_max2(const gradus_node *n)
{
    const pooling_node *pool = (const pooling_node *)n;

    return n->op == &gradus_maxpool2d_op && pool->kernel == 2 &&
           pool->stride == 2 && pool->padding == 0;
}

/* Channels that are computed together, and where their pixels are with the
 * channels last. */
typedef struct {
    gradus_windows windows;
    gradus_pixels x, y;
    size_t in, out; /* numbers of x, and of y, in scratch memory */
} group;

/* Returns the next group if this many channels are left.  They may be those of
 * several samples: the channels of all samples lie one after the other. */
static group next_group(const gradus_node *n, size_t left)
{
    const pooling_node *pool = (const pooling_node *)n;
    const int *from = n->in[0]->shape, *to = n->shape;
    const int channels = left < WINDOW_CHANNELS ? (int)left : WINDOW_CHANNELS;
    group g = { .windows = { .height = from[1], .width = from[2],
                             .out_height = to[1], .out_width = to[2],
                             .kernel = pool->kernel, .stride = pool->stride,
                             .padding = pool->padding, .max = pool->max,
                             .simd = gradus_simd_here() } };

    g.x = gradus_pixels_of(g.windows.simd, channels, from[1], from[2],
                           WINDOW_CHANNELS, from[2]);
    g.y = gradus_pixels_of(g.windows.simd, channels, to[1], to[2],
                           WINDOW_CHANNELS, to[2]);
    g.in = WINDOW_CHANNELS * g.x.plane;
    g.out = WINDOW_CHANNELS * g.y.plane;
    return g;
}

/* ---- forward --------------------------------------------------------- */

static void forward_group(const group *g, const gradus_real *x,
                          gradus_real *scratch, gradus_real *y)
{
    gradus_real *result = scratch + g->in;

    gradus_channels_last(&g->x, x, scratch);
    gradus_windows_forward(&g->windows, scratch, result);
    gradus_channels_first(&g->y, result, false, y);
}

static void forward(gradus_node *n, gradus_part p)
{
    const size_t channels = gradus_count(p, n->shape[0]);
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->in[0]->size);
    gradus_real *y = gradus_row(n->y, p, n->size);

    if (gradus_is_max2(n)) {
        gradus_pool2_forward(channels, n->in[0]->shape[1],
                             n->in[0]->shape[2], x, y);
        return;
    }
    for (size_t c = 0; c < channels; c += WINDOW_CHANNELS) {
        const group g = next_group(n, channels - c);
        forward_group(&g, x + c * g.x.plane, p.scratch, y + c * g.y.plane);
    }
}

/* ---- back ------------------------------------------------------------ */

/* Adds to dx; or, with set, sets it. */
static void backward_group(const group *g, const gradus_real *x,
                           const gradus_real *y, const gradus_real *dy,
                           gradus_real *scratch, bool set, gradus_real *dx)
{
    gradus_real *dxs = scratch, *dys = dxs + g->in;
    gradus_real *xs = dys + g->out, *ys = xs + g->in; /* of maxima alone */

    if (g->windows.max) {
        gradus_channels_last(&g->x, x, xs);
        gradus_channels_last(&g->y, y, ys);
    }
    gradus_channels_last(&g->y, dy, dys);
    memset(dxs, 0, g->in * sizeof *dxs);
    gradus_windows_backward(&g->windows, xs, ys, dys, dxs);
    gradus_channels_first(&g->x, dxs, !set, dx);
}

static void backward(gradus_node *n, gradus_part p)
{
    const size_t channels = gradus_count(p, n->shape[0]);
    const bool set = n->first[0];
    const gradus_real *x = gradus_row(n->in[0]->y, p, n->in[0]->size);
    const gradus_real *y = gradus_row(n->y, p, n->size);
    const gradus_real *dy = gradus_row(n->dy, p, n->size);
    gradus_real *dx = gradus_row(n->in[0]->dy, p, n->in[0]->size);

    if (gradus_is_max2(n)) {
        gradus_pool2_backward(channels, n->in[0]->shape[1],
                              n->in[0]->shape[2], x, y, dy, set, dx);
        return;
    }
    for (size_t c = 0; c < channels; c += WINDOW_CHANNELS) {
        const group g = next_group(n, channels - c);
        const size_t in = c * g.x.plane, out = c * g.y.plane;
        backward_group(&g, x + in, y + out, dy + out, p.scratch, set,
                       dx + in);
    }
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
    const group g = next_group(n, WINDOW_CHANNELS);
    n->scratch = gradus_is_max2(n) ? 0 : (pool->max ? 2 : 1) * (g.in + g.out);
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
