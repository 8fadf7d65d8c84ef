/* hashes.h -- which rows of data are the same, by their hashes. */
#ifndef HASHES_H
#define HASHES_H

#include "gradus.h"

/* Two others of a million rows have the same input's hash with a probability
 * of 1 in 10 million. */
typedef struct {
    uint64_t input, answer; /* of the values, and of the label or targets */
    size_t row;
} row_hash;

row_hash hash_row(const gradus_dataset *d, size_t i);

/* The order of two row_hash, or of structs that begin with one: by inputs, then
 * by answers, then by rows. */
int by_hash(const void *a, const void *b);

/* The hashes of the d->n rows, in the order of the inputs' and then of the
 * answers', to be freed.  NULL if memory runs out. */
row_hash *hash_rows(const gradus_dataset *d);

#endif
