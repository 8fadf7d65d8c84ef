/* memory.h -- one block of memory for many arrays. */
#ifndef GRADUS_MEMORY_H
#define GRADUS_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* A plan is walked twice: first with base NULL, to sum up `used`; then, with a
 * block of that size at base, to hand the arrays out. */
typedef struct {
    char *base;
    size_t used;  /* bytes */
    int overflow; /* the sum does not fit a size_t */
} gradus_plan;

/* The next `count` elements of `size` bytes, on a 64-byte boundary; NULL while
 * base is. */
void *gradus_plan_take(gradus_plan *p, size_t count, size_t size);

/* A zeroed block on a 64-byte boundary for the plan, at base, with used back
 * at 0; returns what to free, or NULL. */
void *gradus_plan_allocate(gradus_plan *p);

#endif
