/* memory.h -- plans one block of memory that holds many arrays. */
#ifndef GRADUS_MEMORY_H
#define GRADUS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A plan is gone through twice with the same calls of gradus_plan_take:
 * first with base NULL, to sum up the bytes in `used`; then, with a block
 * of that size at base, to hand the arrays out. */
typedef struct {
    char *base;    /* where the arrays begin, on a 64-byte boundary; or NULL */
    size_t used;   /* bytes taken so far */
    bool overflow; /* the sum does not fit a size_t; used is then about half
                      of what does */
} gradus_plan;

/* Returns the place of the next array [rows,count], of elements of `size`
 * bytes, on a 64-byte boundary; NULL while base is NULL. */
void *gradus_plan_take(gradus_plan *p, size_t rows, size_t count, size_t size);

/* Allocates a zeroed block for the plan, sets base to the first 64-byte
 * boundary in it, and sets used back to 0.  Returns the block, which the
 * caller frees, or NULL if memory runs out. */
void *gradus_plan_allocate(gradus_plan *p);

#endif
