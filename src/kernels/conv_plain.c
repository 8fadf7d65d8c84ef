/* conv_plain.c -- convolution as it is defined, in six loops forward and six
 * back.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[c, s i + u - p, s j + v - p]
 *
 * with zeros outside x, and back
 *
 *   dW[o,c,u,v] += sum_{i,j} dy[o,i,j] x[c, s i + u - p, s j + v - p]
 *   dx[c, s i + u - p, s j + v - p] += sum_o dy[o,i,j] W[o,c,u,v]
 *   db[o] += sum_{i,j} dy[o,i,j]
 *
 * x [in,H,W]   y [out,h,w]   W [out,in,k,k]   b [out]   stride s, padding p
 *
 * If maxima are asked for, z[o,i,j] is that of the four y[o, 2i + r, 2j + t],
 * r, t = 0, 1; dy is dz for the first of them that is as large as z, and 0 for
 * the others.  If a ReLU is asked for, a z below 0 becomes 0, and its dy is 0.
 *
 * The library takes the faster ways beside this one, and tests compare them
 * with it.
 */
#include "kernels/conv.h"

#include <math.h>
#include <stddef.h>

/* Where x[ch,i,j] is, or -1 outside. */
static ptrdiff_t place(const gradus_conv *c, int ch, int64_t i, int64_t j)
{
    if (i < 0 || i >= c->height || j < 0 || j >= c->width)
        return -1;
    return ((ptrdiff_t)ch * c->height + i) * c->width + j;
}

/* ---- forward --------------------------------------------------------- */

/* y[o,i,j] */
static gradus_real output(const gradus_conv *c, const gradus_conv_sample *s,
                          int o, int i, int j)
{
    const int64_t top = (int64_t)c->stride * i - c->padding;
    const int64_t left = (int64_t)c->stride * j - c->padding;
    const int channel = s->group * c->out + o;
    const gradus_real *W = c->W + gradus_conv_weights(c) / c->out * channel;
    gradus_real y = c->b ? c->b[channel] : 0;

    for (int ch = 0; ch < c->in; ch++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++, W++) {
                ptrdiff_t at = place(c, ch, top + u, left + v);
                if (at >= 0)
                    y += *W * s->x[at];
            }
    return y;
}

/* The maximum of side x side numbers of y, a NaN if there is one, and which of
 * them it is. */
static gradus_real maximum(const gradus_conv *c, const gradus_conv_sample *s,
                           int o, int i, int j, int side, int *which)
{
    gradus_real max = -INFINITY;

    *which = 0;
    for (int r = 0; r < side; r++)
        for (int t = 0; t < side; t++) {
            gradus_real y = output(c, s, o, side * i + r, side * j + t);
            if (y > max || isnan(y)) {
                max = y;
                *which = 2 * r + t;
            }
        }
    return max;
}

static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    const int h = gradus_conv_height(c), w = gradus_conv_width(c);
    gradus_real *z = s->z;
    uint8_t *argmax = s->argmax;
    int which;

    (void)scratch;
    for (int o = 0; o < c->out; o++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++, z++) {
                *z = maximum(c, s, o, i, j, c->max2 ? 2 : 1, &which);
                if (c->relu && !(*z > 0))
                    which = 4;
                if (c->relu && *z < 0)
                    *z = 0;
                if (argmax)
                    *argmax++ = (uint8_t)which;
            }
}

/* ---- back ------------------------------------------------------------ */

/* What dy, the gradient of y[o,i,j], is worth to the others. */
static void add_gradients(const gradus_conv *c, const gradus_conv_sample *s,
                          int o, int i, int j, gradus_real dy)
{
    const int64_t top = (int64_t)c->stride * i - c->padding;
    const int64_t left = (int64_t)c->stride * j - c->padding;
    const gradus_real *W = c->W + gradus_conv_weights(c) * s->group;
    size_t k = gradus_conv_weights(c) / c->out * o;

    if (s->db)
        s->db[o] += dy;
    for (int ch = 0; ch < c->in; ch++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++, k++) {
                ptrdiff_t at = place(c, ch, top + u, left + v);
                if (at < 0)
                    continue;
                s->dW[k] += dy * s->x[at];
                if (s->dx)
                    s->dx[at] += dy * W[k];
            }
}

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const int h = gradus_conv_height(c), w = gradus_conv_width(c);
    const gradus_real *dz = s->dz;
    const uint8_t *argmax = s->argmax;

    (void)scratch;
    for (int o = 0; o < c->out; o++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++, dz++) {
                if (!c->max2) {
                    add_gradients(c, s, o, i, j, *dz);
                    continue;
                }
                int which = *argmax++;
                if (which < 4)
                    add_gradients(c, s, o, 2 * i + which / 2,
                                  2 * j + which % 2, *dz);
            }
}

static bool fits(const gradus_conv *c)
{
    (void)c;
    return true;
}

static size_t scratch_size(const gradus_conv *c)
{
    (void)c;
    return 0;
}

const gradus_conv_way gradus_conv_plain = {
    .name = "plain", .fits = fits, .scratch = scratch_size,
    .forward = forward, .backward = backward,
};
