/* graph.h -- what a graph is made of.  Layers and losses do without it. */
#ifndef GRADUS_GRAPH_H
#define GRADUS_GRAPH_H

#include "gradus_layer.h"

/* A setting of a node: `count` numbers under a name. */
struct gradus_attr {
    gradus_attr *next;
    char name[32];
    int count;
    double value[];
};

/* What the library knows of a node and its op need not. */
typedef struct {
    size_t bytes; /* of the node's struct, with the part that is its op's */
    double lr_scale, decay_scale; /* see gradus_set_group */
    bool wants_value;             /* see gradus_want_value */
    struct {
        gradus_initialiser how;
        double a;
    } start[GRADUS_MAX_PARAMS]; /* how each parameter starts */
} gradus_node_info;

/* Units unit .. unit + units - 1 of a node's parameters; see cut.h. */
typedef struct {
    gradus_node *node;
    int unit, units;
} gradus_tile;

/* Which calls may follow which is decided by four fields, `compiled` being
 * max_batch > 0:
 *
 *   call             needs                          leaves
 *   gradus_forward   compiled                       batch.rows > 0,
 *                                                   !params_changed,
 *                                                   gradients_old
 *   gradus_backward  batch.rows > 0, !params_changed, !gradients_old
 *                    batch.training
 *   gradus_step      !gradients_old                 params_changed
 *   gradus_evaluate  compiled                       as forward, !batch.training
 *   gradus_load_parameters, or fit's restore_best   params_changed,
 *                    compiled                       gradients_old
 *   a forward that fails                            batch.rows == 0
 */
struct gradus_graph {
    uint64_t seed;
    int count, room;        /* nodes, and how many the two arrays can hold */
    gradus_node **node;     /* [count], operands before their users */
    gradus_node_info *info; /* [count], of the same nodes */
    char failure[512];      /* the first constructor's message, or "" */
    int class_count;
    char **class_name; /* [class_count] */

    /* Set by compile. */
    int max_batch, threads;
    size_t parameters;           /* numbers in theta, and in grad */
    gradus_real *theta, *grad;   /* [parameters], in node order */
    void *block;                 /* all arrays: theta, grad, every y, dy, .. */
    gradus_real *scratch;        /* [threads,scratch_size], for ops */
    size_t scratch_size;         /* numbers */
    size_t work;                 /* of a row, see gradus_estimate_work */
    int tiles;
    gradus_tile *tile;           /* [tiles] */
    struct gradus_stage *stage;  /* what gradus_list_stages writes */
    struct gradus_pool *pool;

    /* The batch at hand. */
    gradus_batch batch;     /* rows is 0 if no forward has succeeded */
    int *index;             /* [max_batch], what batch.index points to */
    bool params_changed;    /* since the last forward */
    bool gradients_old;     /* a forward began after they were computed */
    uint64_t passes;        /* backward passes so far */
    uint64_t steps, epochs; /* so far, by all optimisers */
};

static inline gradus_node_info *gradus_info(const gradus_node *n)
{
    return &n->graph->info[n->id];
}

/* Sets the message "node 3, dense1: ...", as gradus_fail does, but leaves the
 * graph fit to compile.  Always -1. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
int gradus_refuse(const gradus_node *n, const char *format, ...);

/* Writes a shape of rank 1 to 4 as "[3,28,28]". */
void gradus_shape_text(int rank, const int *shape, char text[64]);

/* May n's constructor still change it?  Else, as the graph is compiled, a
 * message. */
bool gradus_is_open(const gradus_node *n);

/* Frees a list of settings. */
void gradus_attrs_free(gradus_attr *a);

/* Does another node's op compute this one's value?  See gradus_op's fuse. */
static inline bool gradus_is_fused(const gradus_node *n)
{
    return n->n_in && n->in[0]->result == n->result;
}

/* Lets each op take over the nodes behind it (fuse.c). */
void gradus_fuse(gradus_graph *g);

/* Compiles, but leaves the parameters zero, for a file to be read. */
int gradus_compile_plan(gradus_graph *g, int max_batch, int threads);

#endif
