/* groups.h -- which rows of a table belong together. */
#ifndef GROUPS_H
#define GROUPS_H

#include "source.h"

/* Reads the column o->group of the table s, which has been opened with o:
 * labels [n] are the groups of its rows, and classes is how many there are.
 * Returns NULL, with a message on stderr, if that fails, or if the rows are of
 * one group alone or each of another; gradus_dataset_free frees it. */
gradus_dataset *load_groups(const source *s, const source_options *o);

#endif
