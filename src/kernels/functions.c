/* functions.c -- exp and functions made of it, in vectors of doubles.
 *
 *   exp(x) = 2^k exp(r)          k = round(x / log 2),  r = x - k log 2
 *
 * |r| is at most log(2) / 2, where nine terms of the series of exp(r) - 1 have
 * a relative error below 2.3e-11.  Kept apart from the 1, they keep their
 * digits near 0 too, where tanh needs them.
 *
 *   1 / (1 + exp(-x))            tanh(x) = (exp(2x) - 1) / (exp(2x) + 1)
 *
 *   erfc(z) = exp(-z^2) t Q(t)   t = 1 / (1 + 0.3 z),  0 <= z <= 10.5
 *
 * Q is a polynomial with a relative error below 7e-10; tools/erfc.py computes
 * its coefficients.  All of this is far more accurate than a float, and the
 * float nearest to it is the result.
 */
#include "kernels/functions.h"

#include <math.h>
#include <string.h>

#ifdef GRADUS_DOUBLE

void gradus_compute(gradus_simd simd, gradus_function f, size_t n,
                    const gradus_real *x, gradus_real *y, gradus_real *p)
{
    (void)simd;
    for (size_t i = 0; i < n; i++) {
        const double v = x[i];
        if (p)
            p[i] = 0.39894228040143267794 * exp(-v * v / 2);
        y[i] = f == GRADUS_EXP       ? exp(v)
               : f == GRADUS_SIGMOID ? 1 / (1 + exp(-v))
               : f == GRADUS_TANH    ? tanh(v)
                                     : erfc(v * -0.70710678118654752440) / 2;
    }
}

#else

enum { LANES = 8 };

typedef double doubles __attribute__((vector_size(LANES * sizeof(double))));
typedef int64_t integers __attribute__((vector_size(LANES * sizeof(int64_t))));
typedef float floats __attribute__((vector_size(LANES * sizeof(float))));

/* Returns a where the mask is set, else b. */
GRADUS_INLINE doubles choose(integers mask, doubles a, doubles b)
{
    return (doubles)(((integers)a & mask) | ((integers)b & ~mask));
}

/* exp(x) = scale + scale rest */
typedef struct {
    doubles scale, rest;
} power;

/* Beyond 700, and below -700, exp(x) is infinite, or 0, as a float anyway. */
GRADUS_INLINE power exponential(doubles x)
{
    const doubles zero = { 0 }, round = zero + 0x1.8p52;
    doubles k, r, sum = zero + 1. / 362880;

    x = choose(x > 700, zero + 700, choose(x < -700, zero - 700, x));
    k = x * 1.4426950408889634 + round; /* k in the lowest bits: |k| < 2^51 */
    r = x - (k - round) * 0.69314718055994531;
    sum = sum * r + 1. / 40320;
    sum = sum * r + 1. / 5040;
    sum = sum * r + 1. / 720;
    sum = sum * r + 1. / 120;
    sum = sum * r + 1. / 24;
    sum = sum * r + 1. / 6;
    sum = sum * r + 1. / 2;
    sum = sum * r + 1;
    return (power){ (doubles)(((integers)k << 52) + (integers)(zero + 1)),
                    sum * r };
}

/* Returns P(x), and sets *p.  Beyond 14, where P(-x) is less than six of the
 * smallest floats, t Q(t) is that of 14. */
GRADUS_INLINE doubles normal(doubles x, doubles *p)
{
    const doubles zero = { 0 };
    const doubles a = choose(x < 0, -x, x);
    const power e = exponential(a * a * -0.5);
    const doubles density = e.scale + e.scale * e.rest;
    const doubles z = choose(a > 14, zero + 14, a) * 0.70710678118654752;
    const doubles t = 1 / (1 + 0.3 * z);
    doubles q = zero + 0.055007595016482988;

    q = q * t - 0.32830084717706087;
    q = q * t + 0.73161805010972092;
    q = q * t - 0.81972801713512944;
    q = q * t + 0.75191602040086336;
    q = q * t - 0.26850635125455763;
    q = q * t + 0.26063335271721066;
    q = q * t + 0.1121080470657671;
    q = q * t + 0.16725286461503214;
    q = q * t + 0.16871959651776583;
    q = q * t + 0.16927968892572492;
    q = q * t * density * 0.5;
    *p = density * 0.39894228040143268;
    return choose(x < 0, q, 1 - q);
}

/* Returns f of x and, for GRADUS_NORMAL, sets *p. */
GRADUS_INLINE doubles apply(gradus_function f, doubles x, doubles *p)
{
    power e;

    switch (f) {
    case GRADUS_EXP:
        e = exponential(x);
        return e.scale + e.scale * e.rest;
    case GRADUS_SIGMOID:
        e = exponential(-x);
        return 1 / (1 + (e.scale + e.scale * e.rest));
    case GRADUS_TANH:
        e = exponential(2 * x);
        e.rest = (e.scale - 1) + e.scale * e.rest;
        return e.rest / (e.rest + 2);
    default:
        return normal(x, p);
    }
}

/* Computes n numbers, at most LANES. */
GRADUS_INLINE void some(gradus_function f, size_t n, const float *x, float *y,
                        float *p)
{
    floats number = { 0 };
    doubles d = { 0 };

    memcpy(&number, x, n * sizeof *x);
    doubles v = apply(f, __builtin_convertvector(number, doubles), &d);
    number = __builtin_convertvector(v, floats);
    memcpy(y, &number, n * sizeof *y);
    number = __builtin_convertvector(d, floats);
    if (p)
        memcpy(p, &number, n * sizeof *p);
}

GRADUS_INLINE void all(gradus_function f, size_t n, const float *x, float *y,
                       float *p)
{
    for (; n >= LANES; n -= LANES, x += LANES, y += LANES) {
        some(f, LANES, x, y, p);
        p = p ? p + LANES : NULL;
    }
    if (n)
        some(f, n, x, y, p);
}

/* ---- for each kind of processor --------------------------------------- */

static void by_plain(gradus_function f, size_t n, const float *x, float *y,
                     float *p)
{
    all(f, n, x, y, p);
}

GRADUS_FOR_AVX2 static void by_avx2(gradus_function f, size_t n,
                                    const float *x, float *y, float *p)
{
    all(f, n, x, y, p);
}

GRADUS_FOR_AVX512 static void by_avx512(gradus_function f, size_t n,
                                        const float *x, float *y, float *p)
{
    all(f, n, x, y, p);
}

void gradus_compute(gradus_simd simd, gradus_function f, size_t n,
                    const gradus_real *x, gradus_real *y, gradus_real *p)
{
    static void (*const version[])(gradus_function, size_t, const float *,
                                   float *, float *) = {
        [GRADUS_PLAIN] = by_plain, [GRADUS_AVX2] = by_avx2,
        [GRADUS_AVX512] = by_avx512 };

    version[simd](f, n, x, y, p);
}

#endif
