/* hashes.c -- which rows of data are the same, by their hashes. */
#include "hashes.h"

#include <stdlib.h>

/* FNV-1a, 64 bits, of some bytes, going on from h. */
static uint64_t hash(uint64_t h, const void *from, size_t bytes)
{
    const unsigned char *p = from;

    while (bytes--)
        h = (h ^ *p++) * 0x100000001b3;
    return h;
}

row_hash hash_row(const gradus_dataset *d, size_t i)
{
    const size_t size = (size_t)d->size, targets = (size_t)d->target_size;
    row_hash h = { .input = 0xcbf29ce484222325, .answer = 0xcbf29ce484222325,
                   .row = i };

    if (d->pixels)
        h.input = hash(h.input, d->pixels + i * size, size);
    for (size_t j = 0; d->x && j < size; j++) {
        const gradus_real v = d->x[i * size + j] + 0; /* 0 of -0, too */
        h.input = hash(h.input, &v, sizeof v);
    }
    if (d->labels)
        h.answer = hash(h.answer, d->labels + i, sizeof *d->labels);
    if (d->targets)
        h.answer = hash(h.answer, d->targets + i * targets,
                        targets * sizeof *d->targets);
    return h;
}

int by_hash(const void *a, const void *b)
{
    const row_hash *x = a, *y = b;

    if (x->input != y->input)
        return x->input < y->input ? -1 : 1;
    if (x->answer != y->answer)
        return x->answer < y->answer ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

row_hash *hash_rows(const gradus_dataset *d)
{
    row_hash *all = malloc((d->n + 1) * sizeof *all);

    for (size_t i = 0; all && i < d->n; i++)
        all[i] = hash_row(d, i);
    if (all)
        qsort(all, d->n, sizeof *all, by_hash);
    return all;
}
