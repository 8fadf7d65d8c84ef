/* gather.c -- gives other ranks what this one has computed of a graph. */
#include "graph/gather.h"

#include "base/bytes.h"
#include "base/gemm.h"
#include "graph/cut.h"
#include "graph/ranks.h"

#include <string.h>

int gradus_set_communicator(gradus_graph *g, gradus_communicator *c)
{
    if (!g || g->max_batch)
        return gradus_error_set("gradus_set_communicator: the graph is %s",
                                g ? "compiled already" : "NULL");
    if (!c || !c->send || !c->receive || !c->wait || c->size < 1 ||
        c->rank < 0 || c->rank >= c->size)
        return gradus_error_set("gradus_set_communicator: the communicator %s",
                                c ? "lacks a function, or has a rank that is "
                                    "not 0 to size - 1" : "is NULL");
    g->ranks = c;
    return 0;
}

/* The hash of all that a model file holds of the graph but its parameters. */
static uint64_t hash_nodes(const gradus_graph *g)
{
    uint64_t h = GRADUS_HASH_OF_NOTHING;

    for (int i = 0; i < g->count; i++) {
        const gradus_node *n = g->node[i];
        const gradus_loss_node *l = gradus_as_loss(n);
        h = gradus_hash(h, n->name, strlen(n->name));
        h = gradus_hash(h, n->op->name, strlen(n->op->name));
        for (int j = 0; j < n->n_in; j++)
            h = gradus_hash(h, &n->in[j]->id, sizeof n->in[j]->id);
        h = gradus_hash(h, n->shape, (size_t)n->rank * sizeof *n->shape);
        for (const gradus_attr *a = n->attr; a; a = a->next) {
            h = gradus_hash(h, a->name, strlen(a->name));
            h = gradus_hash(h, a->value, (size_t)a->count * sizeof *a->value);
        }
        h = l ? gradus_hash(h, &l->weight, sizeof l->weight) : h;
    }
    return h;
}

int gradus_compare_graphs(const gradus_graph *g, int max_batch, int status)
{
    gradus_communicator *c = g->ranks;

    if (c->size == 1)
        return status;
    return gradus_compare_ranks(g, status, "library", "gradus " GRADUS_VERSION
                                " of %s, in numbers of %zu bytes", __VERSION__,
                                sizeof(gradus_real)) ||
           gradus_compare_ranks(g, 0, "program (a hash)", "%s",
                                c->program ? c->program : "none") ||
           gradus_compare_ranks(g, 0, "BLAS or processor", "%s",
                                gradus_blas_name()) ||
           gradus_compare_ranks(g, 0, "seed", "%ju", (uintmax_t)g->seed) ||
           gradus_compare_ranks(g, 0, "graph (a hash)", "%016jx of %d nodes, "
                                "for batches of %d rows",
                                (uintmax_t)hash_nodes(g), g->count,
                                max_batch) ||
           gradus_compare_ranks(g, 0, "result of its first computations (a "
                                "hash of the initial parameters)", "%016jx",
                                (uintmax_t)gradus_parameters_hash(g))
               ? -1 : 0;
}

/* Begins to gather an array that has so many bytes for each row of the batch
 * at hand or, if `slices` is set, for each slice. */
static void give_portions(const gradus_graph *g, void *array, size_t bytes,
                          bool slices)
{
    for (int r = 0; r < g->ranks->size; r++) {
        gradus_portion s = gradus_portion_of(g, r, g->batch.rows);
        size_t from = (size_t)(slices ? s.slice : s.row);
        size_t end = (size_t)(slices ? s.slice_end : s.row_end);
        gradus_give(g, r, -1, (char *)array + from * bytes,
                    (end - from) * bytes);
    }
}

int gradus_gather_rows(const gradus_graph *g, void *array, size_t bytes)
{
    give_portions(g, array, bytes, false);
    return gradus_wait(g);
}

int gradus_gather_slices(const gradus_graph *g, void *array, size_t bytes)
{
    give_portions(g, array, bytes, true);
    return gradus_wait(g);
}

int gradus_gather_values(const gradus_graph *g, bool gradients)
{
    for (int i = 0; i < g->count; i++) {
        const gradus_node *n = g->node[i];
        gradus_real *v = gradients ? n->dy : n->y;
        if (v && n->kind != GRADUS_KIND_WEIGHTS)
            give_portions(g, v, (size_t)n->size * sizeof *v, false);
    }
    return gradus_wait(g);
}

int gradus_gather_parameters(const gradus_graph *g, gradus_real *numbers,
                             int to)
{
    for (int i = 0; i < g->tiles && g->ranks->size > 1; i++)
        for (int j = 0; j < g->tile[i].node->n_params; j++) {
            const gradus_tile t = g->tile[i];
            gradus_give(g, t.rank, to, numbers + gradus_tile_place(g, t, j),
                        gradus_tile_range(t, j).count * sizeof *numbers);
        }
    return gradus_wait(g);
}
