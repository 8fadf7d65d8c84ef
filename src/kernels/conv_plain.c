/* conv_plain.c -- convolution as it is defined: six loops for the
 * forward pass, and six for the backward pass.
 *
 *   y[o,i,j] = b[o] + sum_{c,u,v} W[o,c,u,v] x[c, s i + u - p, s j + v - p]
 *
 * with zeros outside x, and the backward pass
 *
 *   dW[o,c,u,v] += sum_{i,j} dy[o,i,j] x[c, s i + u - p, s j + v - p]
 *   dx[c, s i + u - p, s j + v - p] += sum_o dy[o,i,j] W[o,c,u,v]
 *   db[o] += sum_{i,j} dy[o,i,j]                  for all o, c, i, j, u, v
 *
 *   x [in,height,width]   y [out,out_height,out_width]   b [out]
 *   W [out,in,kernel,kernel]   stride s, padding p
 *
 * y[o,i,j] is a sum of products W x.  So dy[o,i,j] adds dy x to the gradient
 * of each W in that sum, and dy W to the gradient of each x; an x that lies
 * under several windows collects from all of them.
 *
 * The library uses faster ways; this one is for reading, and for tests to
 * compare the others with.  Other ways may also compute a ReLU or a maximum
 * of y, and call the result z (see conv.h).  Here z is y.  Of groups of
 * channels, c->W and c->b hold all, but s->dW and s->db only group s->group.
 */
#include "kernels/conv.h"
#include "kernels/conv_layout.h"

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
                    y += W[gradus_conv_in_W(c, o, ch, u, v)] *
                         s->x[at];                          /* (C1) */
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
        s->db[o] += dy;                                     /* (C4) */
    for (int ch = 0; ch < c->in; ch++)
        for (int u = 0; u < c->kernel; u++)
            for (int v = 0; v < c->kernel; v++) {
                const size_t w = gradus_conv_in_W(c, o, ch, u, v);
                ptrdiff_t at = in_x(c, ch, i, u, j, v);
                if (at < 0)
                    continue;
                s->dW[w] += dy * s->x[at];                  /* (C2) */
                if (s->dx)
                    s->dx[at] += dy * W[w];                 /* (C3) */
            }
}

static void backward(const gradus_conv *c, const gradus_conv_sample *s,
                     gradus_real *scratch)
{
    const gradus_real *dy = s->dz;

    (void)scratch;
    gradus_conv_clear(c, s);
    for (int o = 0; o < c->out; o++)
        for (int i = 0; i < c->out_height; i++)
            for (int j = 0; j < c->out_width; j++)
                add_gradients(c, s, o, i, j, *dy++);
}

const gradus_conv_way gradus_conv_plain = {
    .name = "plain", .forward = forward, .backward = backward,
};
