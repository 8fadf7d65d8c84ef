/* random_numbers.h -- many random numbers at once. */
#ifndef GRADUS_RANDOM_NUMBERS_H
#define GRADUS_RANDOM_NUMBERS_H

#include "kernels/simd.h"

#include "gradus.h"

/* Sets number [n] to the next n numbers of r, those that n calls of
 * gradus_random_u32 return, by the instructions of simd. */
void gradus_random_numbers(gradus_simd simd, gradus_random *r, size_t n,
                           uint32_t *number);

#endif
