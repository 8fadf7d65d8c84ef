/* sums.c -- sums in lanes.
 *
 * Each lane is a running sum of every sixteenth number: vectors add to all of
 * them at once, where a single sum would wait for itself, and rounding errors
 * are fewer.  The order depends on sizes alone, so the bits do too.
 */
#include "kernels/sums.h"

enum { LANES = 16 };

gradus_real gradus_sum(const gradus_real *x, int n)
{
    gradus_real lane[LANES] = { 0 }, sum = 0;
    int i = 0;

    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++)
            lane[l] += x[i + l];
    for (int l = 0; l < LANES; l++)
        sum += lane[l];
    for (; i < n; i++)
        sum += x[i];
    return sum;
}
