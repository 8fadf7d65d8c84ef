/* shuffle.h -- a random order of samples. */
#ifndef GRADUS_SHUFFLE_H
#define GRADUS_SHUFFLE_H

#include "gradus.h"

/* What an order is for: orders for different things are independent. */
enum { GRADUS_SHUFFLE_EPOCH = 1, GRADUS_SHUFFLE_SPLIT = 0x10 };

/* Shuffles order[0..n-1] with random numbers that depend on seed, `what` (what
 * the order is for) and `which` (its number among those) alone. */
void gradus_shuffle(int *order, int n, uint64_t seed, uint32_t what,
                    uint64_t which);

#endif
