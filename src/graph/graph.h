/* graph.h -- what a graph is made of; for graph.c and its neighbours.  Layers
 * and losses do without it: they use the public header alone. */
#ifndef GRADUS_GRAPH_H
#define GRADUS_GRAPH_H

#include "gradus.h"

/* A node's setting: `count` numbers under a name. */
struct gradus_attr {
    gradus_attr *next;
    char name[32];
    int count;
    double value[];
};

struct gradus_graph {
    uint64_t seed;
    int count, room;
    gradus_node **node; /* [count], operands before their users */
    char failure[512];  /* the first constructor's message, or "" */
    int class_count;
    char **class_name;

    /* From here on set by compile. */
    int max_batch, threads; /* max_batch is 0 before compile */
    size_t parameters;
    size_t work; /* about the multiplications a row takes */
    gradus_real *theta, *grad;
    void *block; /* of all arrays: theta, grad, every y, dy, .. */
    gradus_real *scratch; /* [threads,scratch_size], for ops */
    size_t scratch_size;
    struct gradus_pool *pool;

    /* Tiles of the parameters, the items of whatever goes by units. */
    int tiles, tile_rows; /* rows that all of them see before the next ones */
    struct gradus_piece {
        gradus_node *node;
        int from, n;
    } *tile;

    /* The batch at hand. */
    int *index;             /* [max_batch], the fed row of each row */
    int rows;               /* 0: no forward yet */
    int training;
    int moved;              /* parameters have changed since forward */
    int stale;              /* a forward began since the gradients were made */
    uint64_t passes;        /* backward, done so far */
    uint64_t pass;          /* that number when the last forward began */
    uint64_t steps, epochs; /* done so far, by all optimisers */
};

/* Sets the message "node 3, dense1: ...", as gradus_fail does, but leaves the
 * graph fit to compile.  Always -1. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
int gradus_refuse(const gradus_node *n, const char *format, ...);

/* Does an operand compute its value?  See absorb in gradus.h. */
static inline int gradus_absorbed(const gradus_node *n)
{
    return n->n_in && n->in[0]->result == n->result;
}

/* Every op that a model file may name, ended by NULL (ops.c). */
extern const gradus_op *const gradus_ops[];

#endif
