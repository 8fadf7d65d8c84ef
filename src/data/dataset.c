/* dataset.c -- allocates a loaded dataset and all its arrays as one block
 * of memory, so that one free releases them. */
#define _DEFAULT_SOURCE /* madvise */
#include "data/data.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Asks the system for pages of 2 MB.  A mini-batch of shuffled rows reads
 * from all over the block, and with small pages the processor would have to
 * look up the address of a page for nearly each row.  The range begins at
 * the start of a page of the system's, a little before the block. */
static void advise_huge_pages(char *block, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    size_t before = (uintptr_t)block % (size_t)sysconf(_SC_PAGESIZE);

    if (bytes >= 4 << 20)
        madvise(block - before, before + bytes, MADV_HUGEPAGE);
#else
    (void)block, (void)bytes;
#endif
}

/* Returns the place of the next array [rows,columns] of elements of `bytes`
 * bytes in the block; NULL if it has no columns. */
static void *take(gradus_plan *p, size_t rows, int columns, size_t bytes)
{
    if (columns == 0)
        return NULL;
    return gradus_plan_take(p, rows, (size_t)columns, bytes);
}

/* Takes room for the names [classes] and, once there is a block, copies them
 * to it.  Returns the copies [classes]. */
static const char *const *take_names(gradus_plan *p, int classes,
                                     const char *const *names)
{
    const char **copy = gradus_plan_take(p, 1, (size_t)classes, sizeof *copy);
    size_t bytes = 0;

    for (int k = 0; k < classes; k++)
        bytes += strlen(names[k]) + 1;
    char *name = gradus_plan_take(p, 1, bytes, 1);
    for (int k = 0; name && k < classes; k++) {
        copy[k] = strcpy(name, names[k]);
        name += strlen(name) + 1;
    }
    return copy;
}

/* Takes room for all arrays of l->d, and sets the pointers to them. */
static void lay_out(gradus_plan *p, gradus_loaded *l, bool real, bool weights)
{
    gradus_dataset *d = &l->d;

    d->x = l->x = take(p, d->n, real ? d->size : 0, sizeof *l->x);
    d->pixels = l->pixels = take(p, d->n, real ? 0 : d->size, 1);
    d->labels = l->labels = take(p, d->n, d->positions, sizeof *l->labels);
    d->targets = l->targets =
        take(p, d->n, d->target_size, sizeof *l->targets);
    d->weights = l->weights = take(p, d->n, weights, sizeof *l->weights);
    if (d->class_names)
        d->class_names = take_names(p, d->classes, d->class_names);
}

/* The block begins with the struct, and then has the arrays and the names of
 * the classes, each array on a cache line of its own.  It is planned with a
 * copy of the struct first, to find its length. */
gradus_loaded *gradus_loaded_new(const char *who, const gradus_dataset *like,
                                 bool real, bool weights)
{
    gradus_plan p = { 0 };
    gradus_loaded *l = gradus_plan_take(&p, 1, 1, sizeof *l);
    gradus_loaded planned = { .d = *like };

    lay_out(&p, &planned, real, weights);
    size_t bytes = p.used;
    void *block = gradus_plan_allocate(&p);
    if (!block)
        return gradus_no_memory("%s, %zu samples of %d values", who, like->n,
                                like->size), NULL;
    advise_huge_pages(p.base, bytes);
    l = gradus_plan_take(&p, 1, 1, sizeof *l);
    l->d = *like;
    l->d.owned = block;
    lay_out(&p, l, real, weights);
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
