/* memory.h -- the memory of nodes' values, for compile and for workspaces. */
#ifndef GRADUS_MEMORY_H
#define GRADUS_MEMORY_H

#include "gradus.h"

/* A plan is walked twice: first with base NULL, to sum up `used`; then, with a
 * block of that size at base, to hand the parts out. */
typedef struct {
    char *base;
    size_t used;
    int overflow; /* the sum does not fit a size_t */
} gradus_plan;

/* The next `count` elements of `size` bytes, on a 64-byte boundary; NULL while
 * base is. */
void *gradus_plan_take(gradus_plan *p, size_t count, size_t size);

/* A zeroed block on a 64-byte boundary for the plan, at base, with used back
 * at 0; returns what to free, or NULL. */
void *gradus_plan_allocate(gradus_plan *p);

#endif
