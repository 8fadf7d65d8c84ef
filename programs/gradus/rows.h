/* rows.h -- rows of data that say what is right, and feeding them to a net. */
#ifndef ROWS_H
#define ROWS_H

#include "source.h"

/* The rows of s, which is open, with their labels or targets: of files in
 * MNIST's format, those of the part "train" or "t10k", or of the latter if it
 * is NULL.  Returns NULL, with a message on stderr, if they have none, or if a
 * part is asked for where there is none. */
const gradus_dataset *known_rows(const source *s, const model *m,
                                 const char *part);

/* Is each label of the n rows of d from `first` on a class of the net, or the
 * label that it ignores?  (Those of tables and of folders are: they are looked
 * up among the names of the classes.)  Returns 0, or -1 with a message on
 * stderr that names the row. */
int check_labels(const source *s, const model *m, const gradus_dataset *d,
                 size_t first, size_t n);

/* Feeds the n rows of d from `first` on to the inputs and labels of g.
 * Returns 0, or -1 with a message in gradus_error. */
int feed_rows(const gradus_graph *g, const gradus_dataset *d, size_t first,
              size_t n);

/* The number of row i in its file, as in a spreadsheet: from 1, with a header
 * as row 1. */
size_t row_number(const model *m, size_t i);

#endif
