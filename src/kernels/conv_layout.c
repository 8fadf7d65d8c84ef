/* conv_layout.c -- copies x into a border of zeros and back out of it, and
 * W into an order in which the channel of the result comes last. */
#include "kernels/conv_layout.h"

#include <string.h>

gradus_conv_image gradus_conv_image_of(const gradus_conv *c, size_t multiple)
{
    const size_t border = (size_t)c->padding;
    gradus_conv_image m = { .channels = c->in, .height = c->height,
                            .width = c->width };

    m.pitch = ((size_t)c->width + 2 * border + multiple - 1) / multiple *
              multiple;
    m.plane = ((size_t)c->height + 2 * border) * m.pitch;
    m.inside = border * (m.pitch + 1);
    m.size = (((size_t)c->in * m.plane + m.pitch) / 32 + 3) * 32;
    return m;
}

void gradus_conv_image_fill(const gradus_conv_image *m, const gradus_real *x,
                            gradus_real *image)
{
    const size_t width = (size_t)m->width;

    image += m->inside;
    for (int ch = 0; ch < m->channels; ch++, image += m->plane)
        for (int i = 0; i < m->height; i++, x += width)
            memcpy(image + (size_t)i * m->pitch, x, width * sizeof *x);
}

void gradus_conv_image_add_inside(const gradus_conv_image *m,
                                  const gradus_real *image, gradus_real *dx)
{
    image += m->inside;
    for (int ch = 0; ch < m->channels; ch++, image += m->plane)
        for (int i = 0; i < m->height; i++, dx += m->width)
            for (int j = 0; j < m->width; j++)
                dx[j] += image[(size_t)i * m->pitch + (size_t)j];
}

size_t gradus_conv_all_weights(const gradus_conv *c)
{
    return (size_t)c->groups * gradus_conv_weights(c);
}

/* W is read from beginning to end. */
static void pack(const gradus_conv *c, bool turned, gradus_real *packed)
{
    const size_t kk = (size_t)c->kernel * (size_t)c->kernel;
    const size_t in = (size_t)c->in, out = (size_t)c->out;
    const gradus_real *W = c->W;

    for (int g = 0; g < c->groups; g++, packed += gradus_conv_weights(c))
        for (size_t o = 0; o < out; o++)
            for (size_t ch = 0; ch < in; ch++)
                for (size_t k = 0; k < kk; k++)
                    packed[turned ? (o * kk + kk - 1 - k) * in + ch
                                  : (ch * kk + k) * out + o] = *W++;
}

void gradus_conv_pack(const gradus_conv *c, gradus_real *packed)
{
    pack(c, false, packed);
}

void gradus_conv_pack_turned(const gradus_conv *c, gradus_real *packed)
{
    pack(c, true, packed);
}

int gradus_conv_strip(int height, size_t a_line, size_t numbers)
{
    size_t lines = numbers / a_line;

    return lines < 1 ? 1 : lines < (size_t)height ? (int)lines : height;
}

gradus_conv gradus_conv_turned(const gradus_conv *c)
{
    return (gradus_conv){
        .in = c->out, .height = c->out_height, .width = c->out_width,
        .out = c->in, .out_height = c->height, .out_width = c->width,
        .kernel = c->kernel, .stride = 1,
        .padding = c->kernel - 1 - c->padding, .groups = c->groups,
        .simd = c->simd };
}

void gradus_conv_clear(const gradus_conv *c, const gradus_conv_sample *s)
{
    if (s->dx && s->set_dx)
        memset(s->dx, 0, gradus_conv_x_size(c) * sizeof *s->dx);
}

size_t gradus_conv_take(size_t *size, size_t n)
{
    const size_t at = *size;

    *size += gradus_conv_round(n);
    return at;
}

void gradus_conv_take_waiting(size_t *size, int most)
{
    const size_t bytes = sizeof(gradus_conv_waiting) +
                         (size_t)most * sizeof(gradus_conv_sample);

    gradus_conv_take(size, bytes / sizeof(gradus_real) + 1);
}

bool gradus_conv_is_full(const gradus_conv_waiting *q, int most,
                         const gradus_conv_sample *s)
{
    return q->count == most || (q->count && q->s[0].group != s->group);
}
