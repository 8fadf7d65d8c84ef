/* shuffle.c -- a random order of samples (Fisher and Yates). */
#include "base/shuffle.h"

/* order[i] changes places with one of order[0..i], each equally probable, so
 * that all n! orders are. */
void gradus_shuffle(int *order, int n, uint64_t seed, uint32_t what,
                    uint64_t which)
{
    gradus_random r;

    gradus_random_init(&r, seed, what, which);
    for (int i = n - 1; i > 0; i--) {
        int j = (int)gradus_random_below(&r, (uint32_t)i + 1);
        int k = order[i];
        order[i] = order[j];
        order[j] = k;
    }
}
