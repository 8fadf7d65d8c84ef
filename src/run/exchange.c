/* exchange.c -- adds up the gradients of a batch that several ranks share.
 *
 * The pieces of a rank are a part of the tree over all pieces (graph/cut.h),
 * and run/tiles.c leaves their sum, for all parameters.  A rank that has
 * pieces sends every other one the sums for the parameters that the other
 * updates; and each rank gets those for its own, and finishes the tree with
 * them.  So each addition is one that a process which is alone makes too.
 *
 *   piece     0    1    2    3    4    5    6     rank 0 has pieces 0 to 3,
 *   rank 0    0123                                rank 1 pieces 4 to 6; each
 *   rank 1                        456             adds the two sums for the
 *             0123456                             parameters that it updates
 */
#include "run/run.h"

#include "graph/cut.h"
#include "graph/ranks.h"

#include <string.h>

/* The sum [parameters] over the pieces of a rank.  This rank's own is where
 * the gradient will be; the others lie behind what tiles.c needs. */
static gradus_real *sum_of(const gradus_graph *g, int rank)
{
    const int own = g->ranks->rank, most = gradus_gradient_most(g->max_batch);
    int array = rank == own ? 0 : most + rank - (rank > own);

    return g->grad + (size_t)array * g->parameters;
}

/* How many ranks, the first ones, have pieces of the batch at hand? */
static int count_senders(const gradus_graph *g)
{
    int n = 0;

    for (int row = 0; row < g->batch.rows; n++)
        row = gradus_portion_of(g, n, g->batch.rows).row_end;
    return n;
}

/* Is the gradient of the node a sum over pieces?  That of a layer which mixes
 * rows is complete on every rank. */
static bool is_summed(const gradus_node *n)
{
    return n->op->gradient || n->share[0];
}

/* Sends the sums of this rank, and receives those of the others. */
static int exchange_sums(const gradus_graph *g)
{
    const int senders = count_senders(g);

    for (int i = 0; i < g->tiles; i++)
        for (int j = 0; j < g->tile[i].node->n_params; j++) {
            const gradus_tile t = g->tile[i];
            const size_t at = gradus_tile_place(g, t, j);
            const size_t bytes =
                gradus_tile_range(t, j).count * sizeof *g->grad;
            for (int k = 0; k < senders && is_summed(t.node); k++)
                gradus_give(g, k, t.rank, sum_of(g, k) + at, bytes);
        }
    return gradus_wait(g);
}

/* Adds up the sums for the parameters of a tile that this rank updates: those
 * of ranks 0 and 1, of 2 and 3, and so on; then those of 0 and 2, and so
 * on. */
static void finish_tile(void *arg, int item, int thread)
{
    const gradus_graph *g = arg;
    const gradus_tile t = g->tile[item];
    const int senders = count_senders(g);

    (void)thread;
    if (t.rank != g->ranks->rank || !is_summed(t.node))
        return;
    for (int j = 0; j < t.node->n_params; j++) {
        const size_t at = gradus_tile_place(g, t, j);
        const size_t n = gradus_tile_range(t, j).count;
        for (int h = 1; h < senders; h *= 2)
            for (int k = 0; k + h < senders; k += 2 * h)
                gradus_add_to(sum_of(g, k) + at, sum_of(g, k + h) + at, n);
        if (t.rank > 0)
            memcpy(g->grad + at, sum_of(g, 0) + at, n * sizeof *g->grad);
    }
}

int gradus_unite_gradients(gradus_graph *g)
{
    if (exchange_sums(g))
        return -1;
    gradus_run_jobs(g, finish_tile, g, g->tiles);
    return 0;
}
