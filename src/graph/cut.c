/* cut.c -- cuts the work of a step into parts: a batch into pieces and slices
 * of rows, and the parameters into tiles of units.  cut.h explains these
 * words. */
#include "graph/cut.h"

#include <stdlib.h>

static int lower(int a, int b)
{
    return a < b ? a : b;
}

/* ---- pieces and slices -------------------------------------------------- */

int gradus_piece_count(int rows)
{
    return (rows - 1) / GRADUS_PIECE_ROWS + 1; /* (T2) */
}

gradus_rows_range gradus_piece(int rows, int i)
{
    int first = i * GRADUS_PIECE_ROWS, left = rows - first;

    return (gradus_rows_range){ first, left < GRADUS_PIECE_ROWS
                                           ? left : GRADUS_PIECE_ROWS };
}

/* A piece of up to 16 rows is one slice.  A larger one is two, so that two
 * threads have work.  The first slice is a multiple of 16 rows, the height of
 * a GEMM kernel's block; in a whole piece, both are 64 rows, a number at which
 * a matrix product is near its full speed. */
gradus_rows_range gradus_slice(int rows, int i)
{
    gradus_rows_range piece = gradus_piece(rows, i / 2);
    int half = ((piece.rows - 1) / 32 + 1) * 16; /* (T3) */

    if (i % 2)
        return (gradus_rows_range){ piece.first + half, piece.rows - half };
    return (gradus_rows_range){ piece.first,
                                piece.rows < half ? piece.rows : half };
}

int gradus_slice_count(int rows)
{
    int pieces = gradus_piece_count(rows);

    return 2 * pieces - (gradus_piece(rows, pieces - 1).rows <= 16);
}

int gradus_slice_most(int max_batch)
{
    return 2 * gradus_piece_count(max_batch);
}

/* Before piece i, there is a sum for each 1 in the binary digits of i. */
int gradus_gradient_most(int max_batch)
{
    int most = 1;

    for (int i = gradus_piece_count(max_batch); i > 1; i /= 2)
        most++;
    return most;
}

bool gradus_has_shares(const gradus_node *n)
{
    return n->n_params && !n->op->gradient && !gradus_mixes(n);
}

/* ---- portions ----------------------------------------------------------- */

/* A rank has `most` pieces, the smallest power of two with which the ranks
 * have them all, or what is left: in either case a part of the tree. */
gradus_portion gradus_portion_of(const gradus_graph *g, int rank, int rows)
{
    int pieces = gradus_piece_count(rows), slices = gradus_slice_count(rows);
    int most = 1;

    while ((int64_t)most * g->ranks->size < pieces)
        most *= 2;
    int from = lower(lower(rank, pieces) * most, pieces);
    int end = lower(from + most, pieces);
    return (gradus_portion){
        .piece = from,
        .piece_end = end,
        .slice = lower(2 * from, slices),
        .slice_end = lower(2 * end, slices),
        .row = lower(from * GRADUS_PIECE_ROWS, rows),
        .row_end = lower(end * GRADUS_PIECE_ROWS, rows),
    };
}

gradus_portion gradus_own_portion(const gradus_graph *g, int rows)
{
    return gradus_portion_of(g, g->ranks->rank, rows);
}

/* ---- tiles -------------------------------------------------------------- */

static size_t parameters_of_unit(const gradus_node *n)
{
    size_t count = 0;

    for (int j = 0; j < n->n_params; j++)
        count += n->param[j].size / (size_t)n->units;
    return count;
}

/* How many units each of n's tiles has at most.  Together they have up to
 * about 32,768 parameters, which fit a core's cache with their gradient and a
 * slice of the batch; but at least 16 units, the height of a GEMM kernel's
 * block, however many parameters these have. */
static int tile_units(const gradus_node *n)
{
    size_t units = 32768 / parameters_of_unit(n) / 16 * 16;

    return units < 16 ? 16 : units > (size_t)n->units ? n->units : (int)units;
}

/* Orders tiles by the position of their middle unit within their node, from 0
 * for the first unit to 1 for the last.  A thread works on a range of tiles
 * that lie next to each other, and in this order each range holds a fair part
 * of every node.  The tiles of one node keep their order. */
static int compare_tiles(const void *p, const void *q)
{
    const gradus_tile *a = p, *b = q;
    double x = (a->unit + a->units / 2.0) / a->node->units;
    double y = (b->unit + b->units / 2.0) / b->node->units;

    return x != y ? (x > y) - (x < y) : a->node->id - b->node->id;
}

/* Counts the tiles of n into g->tiles, and writes them to g->tile unless that
 * is NULL; the last one may have fewer units.  Of all parameters, `before`
 * come before those of n.  A tile is updated by the rank in whose part of all
 * parameters its middle lies. */
static void cut_node(gradus_graph *g, gradus_node *n, size_t before)
{
    const size_t of_unit = parameters_of_unit(n);
    int most = tile_units(n), units;

    for (int unit = 0; unit < n->units; unit += units) {
        units = lower(n->units - unit, most);
        size_t middle =
            before + (2 * (size_t)unit + (size_t)units) * of_unit / 2;
        int rank = (int)(middle * (size_t)g->ranks->size / g->parameters);
        if (g->tile)
            g->tile[g->tiles] = (gradus_tile){ n, unit, units, rank };
        g->tiles++;
    }
}

void gradus_cut_tiles(gradus_graph *g)
{
    size_t before = 0;

    g->tiles = 0;
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->n_params) {
            cut_node(g, g->node[i], before);
            before += (size_t)g->node[i]->units *
                      parameters_of_unit(g->node[i]);
        }
    if (g->tile)
        qsort(g->tile, (size_t)g->tiles, sizeof *g->tile, compare_tiles);
}

/* ---- thresholds --------------------------------------------------------- */

/* For less work (rows times g->work) than 32,768, such as XOR's, waking the
 * other threads costs more time than it saves.  The results are the same to
 * the last bit either way. */
bool gradus_pays_threads(const gradus_graph *g, int rows)
{
    return g->work * (size_t)(rows ? rows : 1) >= 32768;
}

/* When threads share out the rows, each of them reads all weights in every
 * step, and at least half of these were last written by another thread: on two
 * cores a step of a 784-128-10 net with 64 rows takes 1.3 times as long as by
 * units.  When threads share out the units, each reads the weights that it has
 * updated itself, but the values of the rows go from thread to thread instead.
 * That pays as long as the rows are at most half the units.  It does not pay
 * in a layer that passes a gradient to its operand, where each thread reads
 * all weights in the backward pass anyway. */
bool gradus_goes_by_units(const gradus_node *n, int rows)
{
    return n->op->by_units && !gradus_mixes(n) && n->n_in == 1 &&
           !n->in[0]->wants_gradient && !gradus_is_fused(n) && rows <= 128 &&
           rows <= n->units / 2;
}
