/* cut.h -- how the work of a step is cut into parts.
 *
 *   piece   GRADUS_PIECE_ROWS rows of a batch, or, in its last piece, fewer.
 *           Each piece has a gradient of its own; the gradient of the batch is
 *           the sum of these.
 *   slice   One of the one or two parts of a piece.  A thread takes a slice
 *           through the whole net, forward and back.
 *   tile    Some units of one node's parameters.  A thread computes their
 *           gradient over a piece.  (In kernels/, a tile is a part of an image
 *           whose sums are computed together.)
 *   share   What the rows of one slice contribute to a gradient, where an op
 *           computes it slice by slice.
 *   rank    One of several processes that share a batch (graph/ranks.h).  Its
 *           portion is some consecutive pieces, or none; it updates some
 *           tiles, or none.
 *   block   The part of a matrix that is multiplied at once (base/gemm.c).
 *   strip   Some lines of an image, which a kernel computes while they are in
 *           the first-level cache.
 *
 * Phase 1 of a step works on slices, and phase 2 on tiles, piece by piece (see
 * run/run.h).  A gradus_part describes a slice, or a tile and a piece.  All of
 * them depend on the shapes and on the number of rows alone, never on the
 * number of threads or ranks; only which rank has them does.  So every sum is
 * made in the same order, and results are the same to the last bit, whatever
 * the number of threads and ranks.
 *
 * The gradients of the pieces are added as a binary tree over their numbers:
 * those of pieces 0 and 1, of 2 and 3, and so on; then the sums of pieces 0
 * and 1 and of 2 and 3; and so on.  An incomplete tree at the end is added
 * last.  Whoever has some of the pieces can thus compute a part of the tree,
 * and rounding errors grow with the depth of the tree rather than with the
 * number of pieces. */
#ifndef GRADUS_CUT_H
#define GRADUS_CUT_H

#include "graph/graph.h"

/* The rows of a piece.  128 rows of 784 values are 0.4 MB, and stay in a
 * core's second-level cache from one tile to the next.  In pieces of 256 rows,
 * or with all at once, a step of 1,024 rows was measured to take 0.9 to 1.15
 * times as long, depending on the net and on the processor. */
enum { GRADUS_PIECE_ROWS = 128 };

/* Some rows of a batch: `rows` rows, of which `first` is the first. */
typedef struct {
    int first, rows;
} gradus_rows_range;

/* How many pieces, and how many slices, a batch of `rows` rows has.  Slices
 * 2 i and 2 i + 1 are those of piece i; the last piece may have only one. */
int gradus_piece_count(int rows);
int gradus_slice_count(int rows);

/* The rows of piece, or slice, number i of a batch of `rows` rows. */
gradus_rows_range gradus_piece(int rows, int i);
gradus_rows_range gradus_slice(int rows, int i);

/* The largest number of slices that a batch of up to max_batch rows has, for
 * which arrays [slices,..] are allocated. */
int gradus_slice_most(int max_batch);

/* The portion of a batch of `rows` rows that a rank computes: pieces piece to
 * piece_end - 1, and their slices and rows.  All ranks but the last of those
 * that have any have the same power of two of pieces.  A batch of one piece is
 * computed by rank 0 alone. */
typedef struct {
    int piece, piece_end, slice, slice_end, row, row_end;
} gradus_portion;

gradus_portion gradus_portion_of(const gradus_graph *g, int rank, int rows);
gradus_portion gradus_own_portion(const gradus_graph *g, int rows);

/* How many gradients are kept at a time while those of the pieces of a batch
 * of up to max_batch rows are added up (see run/tiles.c). */
int gradus_gradient_most(int max_batch);

/* Cuts the parameters of all nodes into tiles, and these among the ranks.
 * While g->tile is NULL, it only counts them into g->tiles; called again, it
 * writes them to g->tile. */
void gradus_cut_tiles(gradus_graph *g);

/* The numbers of a parameter that belong to a tile: `count` numbers, starting
 * with number `from`.  They lie together, because units are the first axis of
 * a parameter. */
typedef struct {
    size_t from, count;
} gradus_range;

/* The range of tile t in parameter j of its node. */
static inline gradus_range gradus_tile_range(gradus_tile t, int j)
{
    size_t unit = t.node->param[j].size / (size_t)t.node->units;

    return (gradus_range){ (size_t)t.unit * unit, (size_t)t.units * unit };
}

/* Where that range begins in an array that lies as theta. */
static inline size_t gradus_tile_place(const gradus_graph *g, gradus_tile t,
                                       int j)
{
    return (size_t)(t.node->param[j].w - g->theta) +
           gradus_tile_range(t, j).from;
}

/* The largest number of rows that inference computes at once.  It is large so
 * that large weights pass through the cache once for many rows.  In slices of
 * 64 rows, a batch of 256 took 1.2 times as long through a 784-512-512-10 net,
 * on a busy machine. */
enum { GRADUS_INFER_ROWS = 256 };

/* Is a batch of `rows` rows worth waking the other threads for? */
bool gradus_pays_threads(const gradus_graph *g, int rows);

/* Should the forward of n, in a batch of `rows` rows, be parallel over units
 * (each thread computing some units of all rows) instead of over rows? */
bool gradus_goes_by_units(const gradus_node *n, int rows);

/* Does the backward of n compute the gradients of its parameters, one share of
 * them for each slice, because the op has no gradient function? */
bool gradus_has_shares(const gradus_node *n);

#endif
