/* conv_plain.c -- convolution as it is defined: six loops for the
 * forward pass, and six for the backward pass.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[c, s i + u - p, s j + v - p]
 *
 * with zeros outside x, and the backward pass
 *
 *   dW[o,c,u,v] += sum_{i,j} dy[o,i,j] x[c, s i + u - p, s j + v - p]
 *   dx[c, s i + u - p, s j + v - p] += sum_o dy[o,i,j] W[o,c,u,v]
 *   db[o] += sum_{i,j} dy[o,i,j]
 *
 *   x [in,H,W]   y [out,h,w]   W [out,in,k,k]   b [out]   stride s, padding p
 *
 * With max2, z[o,i,j] is the maximum of y[o, 2i + r, 2j + t], r, t = 0, 1; the
 * dy of the first of the four that equals z is dz, and that of the others is
 * 0.  With relu, a z below 0 becomes 0, and where z is 0 so is dy.
 *
 * The library uses faster ways; this one is for reading, and for tests to
 * compare the others with.
 */
#include "kernels/conv.h"

#include <math.h>
#include <stddef.h>

/* Returns the index of x[ch, s i + u - p, s j + v - p], or -1 if that lies
 * outside x. */
static ptrdiff_t in_x(const gradus_conv *c, int ch, int i, int u, int j, int v)
{
    const int64_t line = (int64_t)c->stride * i + u - c->padding;
    const int64_t column = (int64_t)c->stride * j + v - c->padding;

    if (line < 0 || line >= c->height || column < 0 || column >= c->width)
        return -1;
    return ((ptrdiff_t)ch * c->height + line) * c->width + column;
}

/* Returns the index of W[o,ch,u,v]. */
static size_t in_W(const gradus_conv *c, int o, int ch, int u, int v)
{
    return (((size_t)o * c->in + ch) * c->kernel + u) * c->kernel + v;
}

/* ---- forward --------------------------------------------------------- */

/* Returns y[o,i,j]. */
static gradus_real output(const gradus_conv *c, const gradus_conv_sample *s,
                          int o, int i, int j)
{
    const gradus_real *W = gradus_conv_W(c, s->group);
    gradus_real y = c->b ? c->b[s->group * c->out + o] : 0;

    for (int ch = 0; ch < c->in; ch++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++) {
                ptrdiff_t at = in_x(c, ch, i, u, j, v);
                if (at >= 0)
                    y += W[in_W(c, o, ch, u, v)] * s->x[at];
            }
    return y;
}

/* Returns the maximum of side x side numbers of y, or a NaN if one is among
 * them, and sets *which to its index, 2 r + t. */
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

/* Computes all of z, and argmax unless it is NULL.  Where a ReLU lets
 * nothing through, argmax is 4. */
static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    const int h = gradus_conv_height(c), w = gradus_conv_width(c);
    const int side = c->max2 ? 2 : 1;
    gradus_real *z = s->z;
    uint8_t *argmax = s->argmax;
    int which;

    (void)scratch;
    for (int o = 0; o < c->out; o++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++, z++) {
                *z = maximum(c, s, o, i, j, side, &which);
                if (c->relu && !(*z > 0))
                    which = 4;
                if (c->relu && *z < 0)
                    *z = 0;
                if (argmax)
                    *argmax++ = (uint8_t)which;
            }
}

/* ---- back ------------------------------------------------------------ */

/* Adds to dW, dx and db what dy[o,i,j] contributes to each. */
static void add_gradients(const gradus_conv *c, const gradus_conv_sample *s,
                          int o, int i, int j, gradus_real dy)
{
    const gradus_real *W = gradus_conv_W(c, s->group);

    if (s->db)
        s->db[o] += dy;
    for (int ch = 0; ch < c->in; ch++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++) {
                const size_t k = in_W(c, o, ch, u, v);
                ptrdiff_t at = in_x(c, ch, i, u, j, v);
                if (at < 0)
                    continue;
                s->dW[k] += dy * s->x[at];
                if (s->dx)
                    s->dx[at] += dy * W[k];
            }
}

/* Passes each dz on to the one y that it depends on, if there is one. */
static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const int h = gradus_conv_height(c), w = gradus_conv_width(c);
    const int side = c->max2 ? 2 : 1;
    const gradus_real *dz = s->dz;
    const uint8_t *argmax = s->argmax;

    (void)scratch;
    for (int o = 0; o < c->out; o++)
        for (int i = 0; i < h; i++)
            for (int j = 0; j < w; j++, dz++) {
                const int which = c->max2 ? *argmax++ : 0;
                if (which < 4)
                    add_gradients(c, s, o, side * i + which / 2,
                                  side * j + which % 2, *dz);
            }
}

const gradus_conv_way gradus_conv_plain = {
    .name = "plain", .forward = forward, .backward = backward,
};
