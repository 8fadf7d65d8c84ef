/* windows.c -- maxima and means of square windows, a vector of channels at
 * once.
 *
 * In the order of the library, each channel has its pixels side by side, and
 * with a stride the numbers that the next outputs need are not: so vectors
 * would have to be gathered number by number.  With the channels side by side,
 * any window is a few vectors, and a window at the edge needs no mask.
 *
 * A vector has eight channels, as AVX2's have; more of AVX-512's sixteen would
 * often be of no channel. */
#include "kernels/windows.h"

#include <math.h>

typedef gradus_real lanes
    __attribute__((vector_size(WINDOW_CHANNELS * sizeof(gradus_real)),
                   aligned(sizeof(gradus_real)), may_alias));

/* What comparing them gives: all bits of a lane, or none. */
#ifdef GRADUS_DOUBLE
typedef int64_t flag;
#else
typedef int32_t flag;
#endif
typedef flag flags
    __attribute__((vector_size(WINDOW_CHANNELS * sizeof(flag))));

/* The integers from `from` up to, but not including, `to`. */
typedef struct {
    int from, to;
} range;

/* The lines of an image of n lines that the windows of output line i cover;
 * or columns. */
GRADUS_INLINE range covered(const gradus_windows *p, int i, int n)
{
    const int64_t first = (int64_t)i * p->stride - p->padding;
    const int64_t end = first + p->kernel;

    return (range){ first > 0 ? (int)first : 0, end < n ? (int)end : n };
}

/* ---- forward --------------------------------------------------------- */

/* Here and below, max is p->max, which is a constant where the function is
 * inlined. */
GRADUS_INLINE void compute(const gradus_windows *p, bool max, const lanes *x,
                           lanes *y)
{
    const gradus_real k = (gradus_real)p->kernel;

    for (int i = 0; i < p->out_height; i++) {
        const range rs = covered(p, i, p->height);
        for (int j = 0; j < p->out_width; j++, y++) {
            const range qs = covered(p, j, p->width);
            lanes m = (lanes){ 0 } + (max ? -(gradus_real)INFINITY : 0);
            for (int r = rs.from; r < rs.to; r++)
                for (int q = qs.from; q < qs.to; q++) {
                    const lanes b = x[(int64_t)r * p->width + q];
                    const flags take = (b > m) | (b != b);
                    if (max) /* (P1) */
                        m = (lanes)((take & (flags)b) | (~take & (flags)m));
                    else
                        m += b;
                }
            *y = m / (max ? 1 : k * k); /* for a mean, (P3) */
        }
    }
}

GRADUS_INLINE void compute_either(const gradus_windows *p, const lanes *x,
                                  lanes *y)
{
    if (p->max)
        compute(p, true, x, y);
    else
        compute(p, false, x, y);
}

GRADUS_FOR_AVX2 static void compute_256(const gradus_windows *p,
                                        const lanes *x, lanes *y)
{
    compute_either(p, x, y);
}

void gradus_windows_forward(const gradus_windows *p, const gradus_real *x,
                            gradus_real *y)
{
    if (p->simd == GRADUS_PLAIN)
        compute_either(p, (const lanes *)x, (lanes *)y);
    else
        compute_256(p, (const lanes *)x, (lanes *)y);
}

/* ---- back ------------------------------------------------------------ */

/* left is what is still to be handed out: for a mean dy / k^2, to every x; for
 * a maximum all of dy, to the first x that is not below it, and then 0. */
GRADUS_INLINE void pass_back(const gradus_windows *p, bool max, const lanes *x,
                             const lanes *y, const lanes *dy, lanes *dx)
{
    const gradus_real k = (gradus_real)p->kernel;

    for (int i = 0; i < p->out_height; i++) {
        const range rs = covered(p, i, p->height);
        for (int j = 0; j < p->out_width; j++, y++, dy++) {
            const range qs = covered(p, j, p->width);
            flags left = (flags)(*dy / (max ? 1 : k * k));
            for (int r = rs.from; r < rs.to; r++)
                for (int q = qs.from; q < qs.to; q++) {
                    const int64_t at = (int64_t)r * p->width + q;
                    flags below = { 0 };
                    if (max)
                        below = x[at] < *y;
                    dx[at] += (lanes)(~below & left); /* (P2) (P4) */
                    left = max ? left & below : left;
                }
        }
    }
}

GRADUS_INLINE void pass_either_back(const gradus_windows *p, const lanes *x,
                                    const lanes *y, const lanes *dy, lanes *dx)
{
    if (p->max)
        pass_back(p, true, x, y, dy, dx);
    else
        pass_back(p, false, x, y, dy, dx);
}

GRADUS_FOR_AVX2 static void pass_back_256(const gradus_windows *p,
                                          const lanes *x, const lanes *y,
                                          const lanes *dy, lanes *dx)
{
    pass_either_back(p, x, y, dy, dx);
}

void gradus_windows_backward(const gradus_windows *p, const gradus_real *x,
                             const gradus_real *y, const gradus_real *dy,
                             gradus_real *dx)
{
    if (p->simd == GRADUS_PLAIN)
        pass_either_back(p, (const lanes *)x, (const lanes *)y,
                         (const lanes *)dy, (lanes *)dx);
    else
        pass_back_256(p, (const lanes *)x, (const lanes *)y, (const lanes *)dy,
                      (lanes *)dx);
}
