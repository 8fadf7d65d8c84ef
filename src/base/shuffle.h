/* shuffle.h -- a random order of samples. */
#ifndef GRADUS_SHUFFLE_H
#define GRADUS_SHUFFLE_H

#include "gradus.h"

/* What an order is for: orders for different things are independent. */
enum { GRADUS_SHUFFLE_EPOCH = 1, GRADUS_SHUFFLE_SPLIT = 0x10 };

/* Permutes order[0..n-1], by numbers that only seed, `what` and `which`
 * decide. */
void gradus_shuffle(int *order, int n, uint64_t seed, uint32_t what,
                    uint64_t which);

#endif
