/* test_sums.c -- sums of many numbers, in sixteen running sums, and the largest
 * of them. */
#include "kernels/sums.h"

#include "tests.h"

enum { LANES = 16, MOST = 5 * LANES };

/* Numbers in which the order of the additions shows: next to the first one, a
 * gradus_real cannot hold another 1. */
static void fill(gradus_real *x, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = 1;
    x[0] = sizeof *x == sizeof(float) ? 0x1p24f : (gradus_real)0x1p53;
}

/* A 1 that is added to the first lane (F4) is lost; all others count, as each
 * of the other lanes is a small whole number.  They are added to the first
 * lane in even numbers, which are not rounded. */
LOOP_TEST(only_the_lane_of_a_large_number_loses_small_ones, 3)
{
    const int rounds = 2 * (_i + 1) /* 2, 4, 6 */, n = rounds * LANES;
    gradus_real x[6 * LANES];

    fill(x, n);
    ck_assert(gradus_sum(x, n) == x[0] + (gradus_real)(rounds * (LANES - 1)));
    if (sizeof *x == sizeof(double))
        ck_assert(gradus_sum_double(x, n) == gradus_sum(x, n));
    else
        ck_assert(gradus_sum_double(x, n) == (double)x[0] + n - 1);
}

/* Sums of small whole numbers are exact, in whatever order. */
LOOP_TEST(every_number_is_added_once, MOST)
{
    gradus_real x[MOST];
    int sum = 0;

    for (int i = 0; i < _i; i++) {
        x[i] = (gradus_real)(i * i);
        sum += i * i;
    }
    ck_assert(gradus_sum(x, _i) == (gradus_real)sum);
    ck_assert(gradus_sum_double(x, _i) == sum);
    sum = 0;
    for (int i = 0; i < _i; i++)
        sum += (i * i - 7) * (i * i - 7);
    ck_assert(gradus_sum_squares(x, 7, _i) == sum);
}

/* Wherever the largest number is, and although all are below 0. */
LOOP_TEST(the_largest_of_n_numbers_is_found_anywhere, MOST)
{
    const int n = _i + 1;
    gradus_real x[MOST];

    for (int at = 0; at < n; at++) {
        for (int i = 0; i < n; i++)
            x[i] = (gradus_real)(-3 - i);
        x[at] = -2;
        ck_assert(gradus_max(x, n) == -2);
    }
}
