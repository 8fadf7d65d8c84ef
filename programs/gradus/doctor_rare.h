/* doctor_rare.h -- rows with the same input that chance does not explain. */
#ifndef DOCTOR_RARE_H
#define DOCTOR_RARE_H

#include "doctor.h"
#include "hashes.h"

/* A row of one of several data sets. */
typedef struct {
    row_hash hash; /* first, for by_hash */
    const gradus_dataset *d;
    double expected; /* rows like it */
} row;

/* The end of the group of rows with the same input that begins at r[from]. */
size_t group_end(const row *r, size_t n, size_t from);

/* Makes *rare, to be freed, the rows of both (the second may be NULL) whose
 * input other rows have, though hardly any are expected; equal rows stand side
 * by side, and those that are ignored are left out.  *all becomes the number of
 * rows that were looked at.  Returns how many are rare: 0 if the table is one
 * of few inputs, or if memory runs out, which p->failed then says.  Rows that
 * are of no table are never expected. */
size_t find_rare(patient *p, const gradus_dataset *const both[2], row **rare,
                 size_t *all);

#endif
