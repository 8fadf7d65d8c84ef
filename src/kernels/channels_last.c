/* channels_last.c -- copies images from one order of pixels and channels to
 * the other, a transposition, in blocks of 4 x 4 numbers. */
#include "kernels/channels_last.h"

#include "kernels/simd.h"

#include <string.h>

enum {
    SIDE = 4, /* of a block */
    GROUP = 8 /* channels that are copied before the next ones.  If channels
               * are 4096 bytes apart, all compete for one part of the
               * first-level cache, which has no room for more */
};

typedef gradus_real four
    __attribute__((vector_size(SIDE * sizeof(gradus_real)),
                   aligned(sizeof(gradus_real)), may_alias));

/* Some channels of an image in both orders.  `first` says that copies go to x,
 * the order with the channels first; `add`, that they are added to it. */
typedef struct {
    const gradus_pixels *p;
    int channels; /* at most GROUP */
    bool first, add;
    gradus_real *x, *last;
} group;

/* Transposes the block whose lines are v[0] to v[3], in two equal steps: each
 * pairs the first half of the lines with the second. */
GRADUS_INLINE void transpose(four *v)
{
    for (int step = 0; step < 2; step++) {
        const four a = v[0], b = v[1], c = v[2], d = v[3];
        v[0] = (four){ a[0], c[0], a[1], c[1] };
        v[1] = (four){ a[2], c[2], a[3], c[3] };
        v[2] = (four){ b[0], d[0], b[1], d[1] };
        v[3] = (four){ b[2], d[2], b[3], d[3] };
    }
}

/* Copies channels c .. c + 3 of four pixels: x has these at x[q] onwards in
 * each channel, and `last` at[0..3]. */
GRADUS_INLINE void copy_block(const group *g, int c, size_t q,
                              const size_t *at)
{
    const size_t area = (size_t)g->p->height * (size_t)g->p->width;
    four v[SIDE];

    for (int k = 0; k < SIDE; k++)
        v[k] = *(four *)(g->first ? g->last + at[k] + c
                                  : g->x + (size_t)(c + k) * area + q);
    transpose(v);
    for (int k = 0; k < SIDE; k++) {
        four *to = (four *)(g->first ? g->x + (size_t)(c + k) * area + q
                                     : g->last + at[k] + c);
        if (g->add)
            v[k] += *to;
        *to = v[k];
    }
}

/* Copies one number of channel c. */
GRADUS_INLINE void copy_number(const group *g, int c, size_t q, size_t at)
{
    const size_t area = (size_t)g->p->height * (size_t)g->p->width;
    gradus_real *x = g->x + (size_t)c * area + q, *last = g->last + at + c;

    if (!g->first)
        *last = *x;
    else if (g->add)
        *x += *last;
    else
        *x = *last;
}

/* Copies all pixels. */
GRADUS_INLINE void copy(const group *g)
{
    const gradus_pixels *p = g->p;
    const int area = p->height * p->width;

    for (int q = 0, i = 0, j = 0, n; q < area; q += n) {
        size_t at[SIDE] = { 0 }; /* of the next n pixels */
        int c = 0;
        n = area - q < SIDE ? area - q : SIDE;
        for (int k = 0; k < n; k++) {
            at[k] = (size_t)i * p->line + (size_t)j * p->pixel;
            if (++j == p->width)
                i++, j = 0;
        }
        for (; n == SIDE && c + SIDE <= g->channels; c += SIDE)
            copy_block(g, c, (size_t)q, at);
        for (; c < g->channels; c++)
            for (int k = 0; k < n; k++)
                copy_number(g, c, (size_t)q + (size_t)k, at[k]);
    }
}

/* Copies all channels.  `first` and `add` are constants where this is
 * inlined, and so is the number of channels of a whole group. */
GRADUS_INLINE void copy_all(const gradus_pixels *p, bool first, bool add,
                            gradus_real *x, gradus_real *last)
{
    const size_t area = (size_t)p->height * (size_t)p->width;

    for (int c = 0; c < p->channels; c += GROUP) {
        const group whole = { p, GROUP, first, add, x + (size_t)c * area,
                              last + c };
        group rest = whole;
        rest.channels = p->channels - c;
        if (rest.channels >= GROUP)
            copy(&whole);
        else
            copy(&rest);
    }
}

/* What is only read, x here and `last` below, loses its const for `group`. */
void gradus_channels_last(const gradus_pixels *p, const gradus_real *x,
                          gradus_real *last)
{
    copy_all(p, false, false, (gradus_real *)x, last);
}

void gradus_channels_first(const gradus_pixels *p, const gradus_real *last,
                           bool add, gradus_real *x)
{
    if (add)
        copy_all(p, true, true, x, (gradus_real *)last);
    else
        copy_all(p, true, false, x, (gradus_real *)last);
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
