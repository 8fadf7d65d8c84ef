/* shuffle.c -- puts samples into a random order (Fisher and Yates). */
#include "base/shuffle.h"

/* From the last place to the second, order[i] is swapped with one of
 * order[0..i], each equally probable.  So all n! possible orders are
 * equally probable. */
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
