/* cut.h -- how the work of a step is cut into parts.
 *
 *   slice   some rows of a batch.  A thread takes a slice through the whole
 *           net, forward and back.
 *   tile    some units of one node's parameters.  A thread computes their
 *           gradient over the whole batch.
 *   share   what the rows of one slice contribute to a gradient, where an op
 *           computes it slice by slice.
 *   block   of a matrix or an image, what a kernel keeps in registers.
 *   strip   some lines of an image, which a kernel computes while they are in
 *           the first cache.
 *
 * A gradus_part is any of the first two.  Slices and tiles depend on the
 * shapes and on the number of rows alone, never on the number of threads: that
 * is why the bits do not depend on it either. */
#ifndef GRADUS_CUT_H
#define GRADUS_CUT_H

#include "graph/graph.h"

/* Rows of each slice of a batch of `rows` rows; the last one may have fewer. */
int gradus_slice_rows(int rows);
/* How many slices a batch of `rows` rows has. */
int gradus_slice_count(int rows);
/* How many a batch of up to max_batch rows can have. */
int gradus_slice_most(int max_batch);

/* Makes g->tile, the tiles of all nodes' parameters.  0, or non-zero with a
 * message. */
int gradus_cut_tiles(gradus_graph *g);

/* Rows that all tiles process before any of them goes on to the next rows.
 * 784 values of 128 rows are 0.4 MB.  With 256 rows a step at batch 1,024 was
 * measured to take 1.05 times as long, with all 1,024 of them 1.15 times. */
enum { GRADUS_TILE_ROWS = 128 };

/* Rows that inference computes at once, so that large weights pass through the
 * cache once.  In slices of 64 rows, a batch of 256 took 784-512-512-10 1.2
 * times as long on a busy machine. */
enum { GRADUS_INFER_ROWS = 256 };

/* Rough work of a row, only to decide whether threads pay: one for each
 * parameter, one for each value. */
size_t gradus_estimate_work(const gradus_graph *g);
/* Is a batch of `rows` rows worth waking the other threads for? */
bool gradus_pays_threads(const gradus_graph *g, int rows);

/* Should forward of n, in a batch of `rows` rows, go by units? */
bool gradus_goes_by_units(const gradus_node *n, int rows);

/* Does n's backward compute its parameters' gradients, in shares? */
bool gradus_has_shares(const gradus_node *n);

#endif
