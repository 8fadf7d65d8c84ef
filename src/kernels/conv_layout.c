/* conv_layout.c -- copies x into a border of zeros and back out of it, and
 * W into an order in which the output channel o comes last. */
#include "kernels/conv_layout.h"

#include <string.h>

gradus_conv_image gradus_conv_image_of(const gradus_conv *c)
{
    gradus_conv_image m = { .channels = c->in, .height = c->height,
                            .width = c->width, .border = (size_t)c->padding };

    m.pitch = (size_t)c->width + 2 * m.border;
    m.plane = ((size_t)c->height + 2 * m.border) * m.pitch;
    return m;
}

size_t gradus_conv_image_size(const gradus_conv_image *m)
{
    size_t n = (size_t)m->channels * m->plane + m->pitch;

    return (n / 32 + 3) * 32;
}

void gradus_conv_image_fill(const gradus_conv_image *m, const gradus_real *x,
                            gradus_real *image)
{
    const size_t width = (size_t)m->width;

    image += m->border * (m->pitch + 1);
    for (int ch = 0; ch < m->channels; ch++, image += m->plane)
        for (int i = 0; i < m->height; i++, x += width)
            memcpy(image + (size_t)i * m->pitch, x, width * sizeof *x);
}

void gradus_conv_image_add_inside(const gradus_conv_image *m,
                                  const gradus_real *image, gradus_real *dx)
{
    image += m->border * (m->pitch + 1);
    for (int ch = 0; ch < m->channels; ch++, image += m->plane)
        for (int i = 0; i < m->height; i++, dx += m->width)
            for (int j = 0; j < m->width; j++)
                dx[j] += image[(size_t)i * m->pitch + (size_t)j];
}

/* W is read in its own order, and written with a distance of `out` numbers. */
gradus_real *gradus_conv_pack(const gradus_conv *c, gradus_real *packed)
{
    const int ckk = c->in * c->kernel * c->kernel;
    const gradus_real *W = c->W;

    for (int group = 0; group < c->groups; group++, packed += c->out * ckk)
        for (int o = 0; o < c->out; o++)
            for (int k = 0; k < ckk; k++)
                packed[k * c->out + o] = *W++;
    return packed;
}
