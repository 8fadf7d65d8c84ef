/* channels_last_of_vectors.h -- the copies of channels_last.c for one
 * instruction set.  channels_last.c includes this file once for each: FOR is
 * the instruction set, and NAME(f) the name of function f. */

/* Transposes the block whose lines are v[0] to v[7].  In each step two lines
 * become two others, of which each has numbers of both: single ones, then
 * pairs, then fours. */
FOR GRADUS_INLINE void NAME(transpose)(eight *v)
{
    for (int k = 0; k < SIDE; k += 2) {
        const eight a = v[k], b = v[k + 1];
        v[k] = (eight){ a[0], b[0], a[1], b[1], a[4], b[4], a[5], b[5] };
        v[k + 1] = (eight){ a[2], b[2], a[3], b[3], a[6], b[6], a[7], b[7] };
    }
    for (int k = 0; k < SIDE; k += 4) {
        const eight a = v[k], b = v[k + 1], c = v[k + 2], d = v[k + 3];
        v[k] = (eight){ a[0], a[1], c[0], c[1], a[4], a[5], c[4], c[5] };
        v[k + 1] = (eight){ a[2], a[3], c[2], c[3], a[6], a[7], c[6], c[7] };
        v[k + 2] = (eight){ b[0], b[1], d[0], d[1], b[4], b[5], d[4], d[5] };
        v[k + 3] = (eight){ b[2], b[3], d[2], d[3], b[6], b[7], d[6], d[7] };
    }
    for (int k = 0; k < SIDE / 2; k++) {
        const eight a = v[k], b = v[k + 4];
        v[k] = (eight){ a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3] };
        v[k + 4] = (eight){ a[4], a[5], a[6], a[7], b[4], b[5], b[6], b[7] };
    }
}

/* Copies channels c .. c + 7 of eight pixels.  In x, the pixels begin at x[q]
 * in each channel; in `last`, pixel k is at at[k].  Where x is only written,
 * its next lines are fetched ahead: without that, copies were measured to take
 * up to 1.5 times as long. */
FOR GRADUS_INLINE void NAME(copy_block)(const group *g, int c, size_t q,
                                        const size_t *at)
{
    const size_t plane = g->p->plane;
    gradus_real *const x = g->x + (size_t)c * plane + q;
    eight v[SIDE];

    for (size_t k = 0; g->first && !g->add && k < SIDE; k++)
        __builtin_prefetch((char *)(x + k * plane) + 2 * sizeof *v, 1);
    for (size_t k = 0; k < SIDE; k++)
        v[k] = *(eight *)(g->first ? g->last + at[k] + c : x + k * plane);
    NAME(transpose)(v);
    for (size_t k = 0; k < SIDE; k++) {
        eight *to = (eight *)(g->first ? x + k * plane : g->last + at[k] + c);
        if (g->add)
            v[k] += *to;
        *to = v[k];
    }
}

/* Copies all pixels. */
FOR GRADUS_INLINE void NAME(copy)(const group *g)
{
    const gradus_pixels *p = g->p;
    const int area = p->height * p->width;
    const size_t gap = p->line - (size_t)p->width * p->pixel;
    size_t next = 0; /* where the next pixel is in `last` */

    for (int q = 0, j = 0, n; q < area; q += n) {
        size_t at[SIDE] = { 0 }; /* of the next n pixels */
        n = area - q < SIDE ? area - q : SIDE;
        for (int k = 0; k < n; k++, next += p->pixel) {
            if (j++ == p->width)
                j = 1, next += gap;
            at[k] = next;
        }
        int c = 0;
        for (; n == SIDE && c + SIDE <= g->channels; c += SIDE)
            NAME(copy_block)(g, c, (size_t)q, at);
        for (; c < g->channels; c++)
            for (int k = 0; k < n; k++)
                copy_number(g, c, (size_t)q + (size_t)k, at[k]);
    }
}

/* Copies all channels, group by group.  In a whole group, their number is a
 * constant.
 *
 * If channels are 4096 bytes apart, all compete for one set of the first-level
 * cache, which has room for 8 lines at least.  So no more channels are written
 * at once; to read 16 was measured to be faster all the same. */
FOR GRADUS_INLINE void NAME(copy_all)(const gradus_pixels *p, bool first,
                                      bool add, gradus_real *x,
                                      gradus_real *last)
{
    const bool compete = p->plane * sizeof *x % 4096 == 0;
    const int most = first && compete ? SIDE : GROUP;

    for (int c = 0; c < p->channels; c += most) {
        const group whole = { p, GROUP, first, add, x + (size_t)c * p->plane,
                              last + c };
        group some = whole;
        some.channels = p->channels - c < most ? p->channels - c : most;
        if (some.channels == GROUP)
            NAME(copy)(&whole);
        else
            NAME(copy)(&some);
    }
}

/* Makes constants of `first` and `add`. */
FOR static void NAME(copy_image)(const gradus_pixels *p, bool first, bool add,
                                 gradus_real *x, gradus_real *last)
{
    if (!first)
        NAME(copy_all)(p, false, false, x, last);
    else if (add)
        NAME(copy_all)(p, true, true, x, last);
    else
        NAME(copy_all)(p, true, false, x, last);
}

#undef FOR
#undef NAME
