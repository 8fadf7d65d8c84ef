/* dataset.c -- a loaded dataset: one block of memory, one free. */
#define _DEFAULT_SOURCE /* madvise */
#include "data.h"

#include "../error.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Shuffled rows come from all over the block, each with a page of its own to
 * look up; in pages of 2 MB the look-up is mostly a hit. */
static void advise_huge_pages(char *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t skip = (page - (uintptr_t)block % page) % page;

    if (bytes >= 4 << 20)
        madvise(block + skip, (bytes - skip) / page * page, MADV_HUGEPAGE);
#else
    (void)block, (void)bytes;
#endif
}

/* The block: struct, name pointers, labels, pixels, text; in this order each
 * part is aligned. */
gradus_loaded *gradus_loaded_new(const char *path, size_t n, int size,
                                 size_t names, size_t text)
{
    uint64_t bytes = sizeof(gradus_loaded) + names * sizeof(char *) +
                     n * ((uint64_t)size + sizeof(int32_t)) + text;
    if (n > INT32_MAX || (size_t)bytes != bytes) {
        gradus_error_set("%s: %zu samples of %d values are too many", path, n,
                         size);
        return NULL;
    }
    gradus_loaded *l = malloc((size_t)bytes);
    if (!l) {
        gradus_error_set("%s: out of memory: %zu samples of %d values", path,
                         n, size);
        return NULL;
    }
    advise_huge_pages((char *)l, (size_t)bytes);
    memset(l, 0, sizeof *l);
    l->names = (char **)(l + 1);
    l->labels = (int32_t *)(l->names + names);
    l->pixels = (uint8_t *)(l->labels + n);
    l->text = (char *)(l->pixels + n * (size_t)size);
    l->d = (gradus_dataset){
        .n = n,
        .size = size,
        .pixels = l->pixels,
        .labels = l->labels,
        .positions = 1,
        .class_names = names ? (const char *const *)l->names : NULL,
        .owned = l,
    };
    return l;
}

void gradus_dataset_free(gradus_dataset *d)
{
    if (d)
        free(d->owned);
}
