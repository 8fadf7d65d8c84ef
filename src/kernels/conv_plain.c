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
 * The library uses faster ways; this one is for reading, and for tests to
 * compare the others with.  It has neither relu nor max2: z is y.
 */
#include "kernels/conv.h"

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
    const gradus_real *W = c->W + s->group * gradus_conv_weights(c);
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

static void forward(const gradus_conv *c, const gradus_conv_sample *s,
                    gradus_real *scratch)
{
    gradus_real *y = s->z;

    (void)scratch;
    for (int o = 0; o < c->out; o++)
        for (int i = 0; i < c->out_height; i++)
            for (int j = 0; j < c->out_width; j++)
                *y++ = output(c, s, o, i, j);
}

/* ---- back ------------------------------------------------------------ */

/* Adds to dW, dx and db what dy[o,i,j] contributes to each. */
static void add_gradients(const gradus_conv *c, const gradus_conv_sample *s,
                          int o, int i, int j, gradus_real dy)
{
    const gradus_real *W = c->W + s->group * gradus_conv_weights(c);

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

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const gradus_real *dy = s->dz;

    (void)scratch;
    for (int o = 0; o < c->out; o++)
        for (int i = 0; i < c->out_height; i++)
            for (int j = 0; j < c->out_width; j++)
                add_gradients(c, s, o, i, j, *dy++);
}

const gradus_conv_way gradus_conv_plain = {
    .name = "plain", .forward = forward, .backward = backward,
};
