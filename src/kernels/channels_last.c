/* channels_last.c -- copies images from one order of pixels and channels to
 * the other, a transposition, in blocks of 8 x 8 numbers. */
#include "kernels/channels_last.h"

enum {
    SIDE = 8,  /* of a block */
    GROUP = 16 /* channels that are copied before the next ones: where a pixel
                * has them side by side, they fill a line of the cache */
};

typedef gradus_real eight
    __attribute__((vector_size(SIDE * sizeof(gradus_real)),
                   aligned(sizeof(gradus_real)), may_alias));

/* Some channels of an image in both orders.  `first` says that copies go to x,
 * the order with the channels first; `add`, that they are added to it.  Both
 * are constants where the functions below are inlined. */
typedef struct {
    const gradus_pixels *p;
    int channels; /* at most GROUP */
    bool first, add;
    gradus_real *x, *last;
} group;

/* Copies one number of channel c. */
GRADUS_INLINE void copy_number(const group *g, int c, size_t q, size_t at)
{
    gradus_real *x = g->x + (size_t)c * g->p->plane + q;
    gradus_real *last = g->last + at + c;

    if (!g->first)
        *last = *x;
    else if (g->add)
        *x += *last;
    else
        *x = *last;
}

#define FOR GRADUS_FOR_AVX2
#define NAME(f) f##_256
#include "kernels/channels_last_of_vectors.h"

#define FOR
#define NAME(f) f##_128
#include "kernels/channels_last_of_vectors.h"

gradus_pixels gradus_pixels_of(gradus_simd simd, int channels, int height,
                               int width, int pixel, int columns)
{
    return (gradus_pixels){ .channels = channels, .height = height,
                            .width = width,
                            .plane = (size_t)height * (size_t)width,
                            .pixel = (size_t)pixel,
                            .line = (size_t)pixel * (size_t)columns,
                            .simd = simd };
}

/* What is only read, x here and `last` below, loses its const for `group`. */
void gradus_channels_last(const gradus_pixels *p, const gradus_real *x,
                          gradus_real *last)
{
    if (p->simd == GRADUS_PLAIN)
        copy_image_128(p, false, false, (gradus_real *)x, last);
    else
        copy_image_256(p, false, false, (gradus_real *)x, last);
}

void gradus_channels_first(const gradus_pixels *p, const gradus_real *last,
                           bool add, gradus_real *x)
{
    if (p->simd == GRADUS_PLAIN)
        copy_image_128(p, true, add, x, (gradus_real *)last);
    else
        copy_image_256(p, true, add, x, (gradus_real *)last);
}

/* Adds the sums of n channels, at most GROUP, over all pixels.  A sum over one
 * image is added as a whole, so that rounding errors do not grow with the
 * number of images. */
GRADUS_INLINE void add_group(const gradus_pixels *p, int n,
                             const gradus_real *last, gradus_real *sum)
{
    gradus_real all[GROUP] = { 0 };

    for (int i = 0; i < p->height; i++)
        for (int j = 0; j < p->width; j++)
            for (int c = 0; c < n; c++)
                all[c] += last[(size_t)i * p->line + (size_t)j * p->pixel +
                               (size_t)c];
    for (int c = 0; c < n; c++)
        sum[c] += all[c];
}

void gradus_add_pixels(const gradus_pixels *p, const gradus_real *last,
                       gradus_real *sum)
{
    for (int c = 0; c < p->channels; c += GROUP)
        if (p->channels - c >= GROUP)
            add_group(p, GROUP, last + c, sum + c);
        else
            add_group(p, p->channels - c, last + c, sum + c);
}
