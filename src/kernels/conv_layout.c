/* conv_layout.c -- x within a border of zeros. */
#include "kernels/conv_layout.h"

#include <string.h>

gradus_conv_image gradus_conv_image_of(int channels, int height, int width,
                                       int border)
{
    gradus_conv_image m = { .channels = channels, .height = height,
                            .width = width, .border = (size_t)border };

    m.pitch = (size_t)width + 2 * m.border;
    m.plane = ((size_t)height + 2 * m.border) * m.pitch;
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
