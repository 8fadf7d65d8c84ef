/* dataset.c -- allocates a loaded dataset and all its arrays as one block
 * of memory, so that one free releases them. */
#define _DEFAULT_SOURCE /* madvise */
#include "data/data.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Asks the system for pages of 2 MB.  A mini-batch of shuffled rows reads
 * from all over the block, and with small pages the processor would have to
 * look up the address of a page for nearly each row. */
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

/* Returns the bytes of one sample.  The three counts are ints, so the sum
 * is less than 2^36 and does not overflow. */
static uint64_t sample_bytes(const gradus_parts *p)
{
    uint64_t reals = (uint64_t)(p->real ? p->size : 0) +
                     (uint64_t)p->target_size + p->weights;

    return reals * sizeof(gradus_real) +
           (uint64_t)p->positions * sizeof(int32_t) +
           (uint64_t)(p->real ? 0 : p->size);
}

/* Returns the bytes that the class names and the pointers to them take. */
static uint64_t name_bytes(const gradus_parts *p)
{
    uint64_t bytes = 0;

    if (!p->class_names)
        return 0;
    for (int k = 0; k < p->classes; k++)
        bytes += sizeof(char *) + strlen(p->class_names[k]) + 1;
    return bytes;
}

/* Copies the class names to `text`, one after the other, and sets names[k],
 * [classes], to that of class k. */
static void copy_names(const gradus_parts *p, const char **names, char *text)
{
    if (!names)
        return;
    for (int k = 0; k < p->classes; k++) {
        names[k] = strcpy(text, p->class_names[k]);
        text += strlen(text) + 1;
    }
}

/* Returns the place of the next `count` elements of `size` bytes in the
 * block and moves *from behind them; NULL where count is 0. */
static void *take(char **from, size_t count, size_t size)
{
    void *part = count ? *from : NULL;

    *from += count * size;
    return part;
}

/* Sets the pointers into the block.  It holds the struct, the pointers to
 * the class names, the reals, labels and pixels, and the text of the
 * names.  In this order no part needs padding to be aligned. */
static void lay_out(gradus_loaded *l, const gradus_parts *p)
{
    char *at = (char *)(l + 1);
    size_t values = p->n * (size_t)p->size, real = sizeof(gradus_real);
    size_t named = p->class_names ? (size_t)p->classes : 0;
    const char **names = take(&at, named, sizeof *names);

    l->x = take(&at, p->real ? values : 0, real);
    l->targets = take(&at, p->n * (size_t)p->target_size, real);
    l->weights = take(&at, p->weights ? p->n : 0, real);
    l->labels = take(&at, p->n * (size_t)p->positions, sizeof *l->labels);
    l->pixels = take(&at, p->real ? 0 : values, 1);
    copy_names(p, names, at);
    l->d = (gradus_dataset){
        .n = p->n, .size = p->size,
        .x = l->x, .pixels = l->pixels, .labels = l->labels,
        .positions = p->positions,
        .targets = l->targets, .target_size = p->target_size,
        .weights = l->weights,
        .classes = p->classes, .class_names = names,
        .owned = l,
    };
}

/* The block may have at most SIZE_MAX / 2 bytes, which keeps sums of sizes
 * from overflowing. */
gradus_loaded *gradus_loaded_new(const char *who, const gradus_parts *p)
{
    uint64_t rest = sizeof(gradus_loaded) + name_bytes(p);

    if (p->n > INT32_MAX || sample_bytes(p) > (SIZE_MAX / 2 - rest) / p->n) {
        gradus_error_set("%s: %zu samples of %d values are too many", who,
                         p->n, p->size);
        return NULL;
    }
    size_t bytes = (size_t)(rest + p->n * sample_bytes(p));
    gradus_loaded *l = malloc(bytes);
    if (!l) {
        gradus_no_memory("%s, %zu samples of %d values", who, p->n, p->size);
        return NULL;
    }
    advise_huge_pages((char *)l, bytes);
    lay_out(l, p);
    return l;
}

/* The struct is cleared before the block is freed, and not after, because
 * the struct of a dataset that a loader made lies in that block. */
void gradus_dataset_free(gradus_dataset *d)
{
    if (!d || !d->owned)
        return;
    void *block = d->owned;
    *d = (gradus_dataset){ 0 };
    free(block);
}
