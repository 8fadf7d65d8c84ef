/* test_functions.c -- tests exp and the functions made of it against the C
 * library's, in each of their versions that this processor can run.  (As double
 * they are the C library's, and the tests say only that.) */
#include "kernels/functions.h"
#include "tests.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* AT_ONCE is no multiple of a vector's length. */
enum { AT_ONCE = 1001, FUNCTIONS = 5 };

/* What is tested: the four functions, and the density p of the last. */
static double exact(int f, double x)
{
    switch (f) {
    case GRADUS_EXP: return exp(x);
    case GRADUS_SIGMOID: return 1 / (1 + exp(-x));
    case GRADUS_TANH: return tanh(x);
    case GRADUS_NORMAL: return erfc(-x * 0.70710678118654752440) / 2;
    default: return 0.39894228040143267794 * exp(-x * x / 2);
    }
}

/* Returns by how many units in the last place y is wrong. */
static double units(gradus_real y, double right)
{
    const bool is_float = sizeof y == sizeof(float);
    int exponent;

    if ((gradus_real)right == y)
        return 0.5;
    frexp(right, &exponent);
    exponent -= is_float ? FLT_MANT_DIG : DBL_MANT_DIG;
    if (is_float && exponent < FLT_MIN_EXP - FLT_MANT_DIG)
        exponent = FLT_MIN_EXP - FLT_MANT_DIG;
    return fabs(y - right) / ldexp(1, exponent);
}

/* Checks n numbers; each function writes over a copy of them.  The library
 * Check writes to a file in each ck_assert, which would take longer than all
 * the rest. */
static void check(gradus_simd simd, int f, int n, const gradus_real *x)
{
    gradus_real y[AT_ONCE], p[AT_ONCE];
    const double most = sizeof *x != sizeof(float) ? 3
                        : f == GRADUS_NORMAL ? 0.512 : 0.51;

    memcpy(y, x, (size_t)n * sizeof *y);
    gradus_compute(simd, (gradus_function)(f < FUNCTIONS - 1 ? f : f - 1),
                   (size_t)n, y, y, f < GRADUS_NORMAL ? NULL : p);
    for (int i = 0; i < n; i++) {
        gradus_real value = f < FUNCTIONS - 1 ? y[i] : p[i];
        double right = exact(f, x[i]);
        if (isnan(right) ? !isnan(value) : !(units(value, right) <= most))
            ck_abort_msg("version %d, function %d of %.9g is %.9g; must be "
                         "%.9g", (int)simd, f, (double)x[i], (double)value,
                         right);
    }
}

/* Every 40,009th float, or every one if the environment has EVERY_FLOAT. */
LOOP_TEST(functions_are_those_of_the_c_library, FUNCTIONS)
{
    const uint64_t step = getenv("EVERY_FLOAT") ? 1 : 40009;
    gradus_real x[AT_ONCE];

    for (int simd = 0; simd <= (int)gradus_simd_here(); simd++) {
        int n = 0;
        for (uint64_t bits = 0; bits <= UINT32_MAX; bits += step) {
            const uint32_t b = (uint32_t)bits;
            float number;
            memcpy(&number, &b, sizeof number);
            x[n++] = (gradus_real)number;
            if (n == AT_ONCE || bits + step > UINT32_MAX)
                check((gradus_simd)simd, _i, n, x), n = 0;
        }
    }
}

LOOP_TEST(functions_have_their_limits, FUNCTIONS)
{
    const gradus_real x[] = { 0, -0., 1, -1, INFINITY, -INFINITY, NAN,
                              88, 89, -87, -103, -104, -150, 750, -750,
                              FLT_MAX, -FLT_MAX, FLT_MIN, 1e-45f, 14, -14 };
    enum { N = sizeof x / sizeof *x };

    for (int simd = 0; simd <= (int)gradus_simd_here(); simd++)
        for (int n = 1; n <= N; n++)
            check((gradus_simd)simd, _i, n, x + N - n);
}
