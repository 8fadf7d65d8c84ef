/* memory.c -- plans one block of memory, and hands out its parts. */
#include "base/memory.h"

#include <stdlib.h>

enum { ALIGN = 64 }; /* a cache line, and the widest vector */

/* Each part is rounded up to a multiple of ALIGN, so the next is aligned
 * too. */
void *gradus_plan_take(gradus_plan *p, size_t rows, size_t count, size_t size)
{
    size_t limit = SIZE_MAX / 2 / ALIGN * ALIGN;

    if (rows && count > (limit - p->used) / size / rows) {
        p->overflow = true;
        p->used = limit;
        return NULL;
    }
    void *part = p->base ? p->base + p->used : NULL;
    p->used += (rows * count * size + ALIGN - 1) / ALIGN * ALIGN;
    return part;
}

/* calloc is used, rather than aligned_alloc and memset, because pages that
 * nobody touches then cost nothing. */
void *gradus_plan_allocate(gradus_plan *p)
{
    char *block = p->overflow ? NULL : calloc(p->used + ALIGN, 1);

    if (!block)
        return NULL;
    p->base = block + (ALIGN - (uintptr_t)block % ALIGN) % ALIGN;
    p->used = 0;
    return block;
}
