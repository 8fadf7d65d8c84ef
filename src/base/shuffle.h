/* shuffle.h -- puts samples into a random order. */
#ifndef GRADUS_SHUFFLE_H
#define GRADUS_SHUFFLE_H

#include "gradus.h"

/* What an order is for.  Orders for different purposes are independent. */
enum { GRADUS_SHUFFLE_EPOCH = 1, GRADUS_SHUFFLE_SPLIT = 0x10 };

/* Shuffles order [n] with random numbers that depend only on seed, on
 * `what` (the purpose) and on `which` (a number that tells orders of the
 * same purpose apart, such as the epoch). */
void gradus_shuffle(int *order, int n, uint64_t seed, uint32_t what,
                    uint64_t which);

#endif
