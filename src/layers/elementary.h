/* elementary.h -- exp, tanh and the normal distribution without calls and
 * branches, so that loops over them vectorise; some units in the last place
 * from right.  An infinite x is one, a NaN stays a NaN.
 *
 *   exp(x) - 1 = 2^k p + (2^k - 1),  x = k log 2 + r,  |r| <= log 2 / 2    (1)
 *   p = exp(r) - 1 = r + r^2/2! + r^3/3! + ..                              (2)
 */
#ifndef ELEMENTARY_H
#define ELEMENTARY_H

#include "gradus.h"

#include <math.h>
#include <string.h>
#include <tgmath.h> /* fabs and copysign of a gradus_real */

/* LIMIT: exp of no more and no less is a normal number, with a bit to spare;
 * beyond it is infinity, or 0.  LOG_2 has zeros behind, so that k LOG_2 is
 * exact; REST is what it lacks.  ROUND + v has the integer nearest v in its
 * last bits. */
#ifdef GRADUS_DOUBLE
typedef uint64_t elementary_bits;
enum { MANTISSA = 52, BIAS = 1023, LIMIT = 707, TERMS = 14, CHEBYSHEV = 28 };
static const double LOG_2 = 6.93147180369123816490e-01;
static const double REST = 1.90821492927058770002e-10;
static const double ROUND = 6755399441055744;
#else
typedef uint32_t elementary_bits;
enum { MANTISSA = 23, BIAS = 127, LIMIT = 86, TERMS = 8, CHEBYSHEV = 12 };
static const float LOG_2 = 0.693359375f;
static const float REST = -2.12194440e-4f;
static const float ROUND = 12582912;
#endif

typedef struct {
    gradus_real p, scale; /* scale is 2^k */
} elementary_parts;

/* p and 2^k of (1); anything where |x| > LIMIT. */
static inline elementary_parts elementary_split(gradus_real x)
{
    static const double inverse_factorial[] = {
        1, 1, 1 / 2.0, 1 / 6.0, 1 / 24.0, 1 / 120.0, 1 / 720.0, 1 / 5040.0,
        1 / 40320.0, 1 / 362880.0, 1 / 3628800.0, 1 / 39916800.0,
        1 / 479001600.0, 1 / 6227020800.0
    };
    gradus_real k = x * (gradus_real)1.44269504088896340736 + ROUND;
    gradus_real p = 0, scale;
    elementary_bits bits;

    memcpy(&bits, &k, sizeof bits);
    bits = (bits + BIAS) << MANTISSA;
    memcpy(&scale, &bits, sizeof bits);
    k -= ROUND;
    gradus_real r = x - k * LOG_2 - k * REST;
    for (int i = TERMS - 1; i > 0; i--) /* (2) */
        p = (p + (gradus_real)inverse_factorial[i]) * r;
    return (elementary_parts){ p, scale };
}

static inline gradus_real elementary_exp(gradus_real x)
{
    elementary_parts e = elementary_split(x);
    gradus_real y = e.scale * e.p + e.scale;

    y = x > LIMIT ? (gradus_real)INFINITY : y;
    return x < -LIMIT ? 0 : y;
}

/* tanh |x| = -e / (2 + e) with e = exp(-2 |x|) - 1, which keeps the digits of
 * a small x. */
static inline gradus_real elementary_tanh(gradus_real x)
{
    gradus_real v = -2 * fabs(x);
    elementary_parts e = elementary_split(v);
    gradus_real minus = e.scale * e.p + (e.scale - 1);

    minus = v < -LIMIT ? -1 : minus;
    return copysign(-minus / (2 + minus), x);
}

/* The normal distribution P(x) = erfc(-x / sqrt 2) / 2, with
 *
 *   erfc(z) = t exp(-z^2 + c_0/2 + sum_j c_j T_j(2t - 1)),  t = 2 / (2 + z)
 *
 * for z >= 0: a Chebyshev series as in Press et al., Numerical Recipes, 3rd
 * edition, 6.2.2, summed by Clenshaw's rule. */
static inline gradus_real elementary_normal(gradus_real x)
{
    static const double c[] = {
        -1.3026537197817094, 0.64196979235649026, 0.019476473204185836,
        -0.0095615147868086316, -0.00094659534448203687,
        0.00036683949785276145, 4.2523324806907772e-5, -2.0278578112534243e-5,
        -1.6242900046470255e-6, 1.3036558355805232e-6, 1.5626441722066143e-8,
        -8.5238095914926543e-8, 6.5290544390988515e-9, 5.0593434955514689e-9,
        -9.9136415649303309e-10, -2.2736512229318359e-10,
        9.6467911020155268e-11, 2.3940380830391147e-12,
        -6.8860275264975534e-12, 8.9448792730907257e-13,
        3.1309213993429581e-13, -1.1270822361367252e-13,
        3.8109052551892321e-16, 7.106097613609237e-15, -1.5230282014571043e-15,
        -9.457494571291234e-17, 1.210237189224279e-16, -2.816663087747177e-17
    };
    gradus_real z = fabs(x) * (gradus_real)0.70710678118654752440;
    gradus_real t = 2 / (2 + z), u = 4 * t - 2, d = 0, before = 0;

    for (int j = CHEBYSHEV - 1; j > 0; j--) {
        gradus_real next = u * d - before + (gradus_real)c[j];
        before = d;
        d = next;
    }
    gradus_real sum = ((gradus_real)c[0] + u * d) / 2 - before;
    gradus_real half = t * elementary_exp(sum - z * z) / 2;
    return x < 0 ? half : 1 - half;
}

#endif
