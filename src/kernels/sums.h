/* sums.h -- sums of many numbers, in many running sums side by side. */
#ifndef GRADUS_SUMS_H
#define GRADUS_SUMS_H

#include "gradus.h"

/* sum x[n] */
gradus_real gradus_sum(const gradus_real *x, int n);

#endif
