/* graph.h -- what a graph is made of, for the library's own use.  The sources
 * of layers and losses do without it: gradus_layer.h is enough for them. */
#ifndef GRADUS_GRAPH_H
#define GRADUS_GRAPH_H

#include "gradus_communicator.h"
#include "gradus_layer.h"

#include "base/error.h"

/* A setting of a node, which model files hold: `count` numbers under a name,
 * such as the kernel size of a convolution.  A node's settings are a list, in
 * the order in which they were last set.  The node owns them; they are freed
 * with the graph. */
struct gradus_attr {
    gradus_attr *next; /* NULL at the end of the list */
    char name[32];     /* unique among the settings of its node */
    int count;         /* at least 1; never changes */
    double value[];    /* [count] */
};

/* How a parameter starts: its initialiser, and the number that some
 * initialisers take. */
typedef struct {
    gradus_initialiser how;
    double a;
} gradus_start;

/* What the library needs to know about a node, but the node's op does not. */
typedef struct {
    size_t bytes; /* size of the node's struct with the op's own fields */
    double lr_scale, decay_scale; /* factors, see gradus_set_group */
    bool wants_value; /* y must be kept, see gradus_want_value */
    gradus_start start[GRADUS_MAX_PARAMS]; /* of each parameter */
} gradus_node_info;

/* A tile: units unit .. unit + units - 1 of a node's parameters; see cut.h. */
typedef struct {
    gradus_node *node;
    int unit, units;
    int rank; /* that updates them; 0 where there is only one */
} gradus_tile;

enum { GRADUS_CLASS_NAME = 256 }; /* bytes of a name, with the final 0 */

/* A text that is saved with the graph. */
typedef struct gradus_note {
    struct gradus_note *next;
    char *key, *text; /* owned */
} gradus_note;

/* A graph owns its nodes and their arrays, but not the data fed to them.
 * Constructors first add the nodes; gradus_compile then fixes them and
 * allocates the arrays, and from then on the graph can be trained.
 *
 * Five fields decide which calls may follow which: batch.rows, batch.training,
 * params_changed, gradients_old, and max_batch, which is above 0 in a compiled
 * graph:
 *
 *   call             what it needs      what is true after it
 *   gradus_forward   max_batch > 0      batch.rows > 0, batch.training,
 *                                       !params_changed, gradients_old
 *   gradus_backward  batch.rows > 0,    !gradients_old
 *                    batch.training,
 *                    !params_changed
 *   gradus_step      !gradients_old     params_changed
 *   gradus_train_step                   batch.rows > 0, batch.training,
 *                    max_batch > 0      !gradients_old, params_changed
 *   gradus_evaluate  max_batch > 0      batch.rows > 0, !batch.training,
 *                                       !params_changed, gradients_old
 *
 * gradus_load_parameters, and gradus_fit where it restores the best epoch, set
 * params_changed and gradients_old.  A forward that fails for its data or its
 * loss sets batch.rows to 0 and gradients_old, and so does
 * gradus_check_gradients.
 */
struct gradus_graph {
    uint64_t seed;          /* the seed of all its random numbers */
    int count;              /* how many nodes there are */
    gradus_node **node;     /* [count], by id: operands before their users */
    gradus_node_info *info; /* [count], element i belongs to node[i] */
    char failure[GRADUS_ERROR_ROOM]; /* the message of the first constructor
                               that has failed, for compile to report; "" if
                               none has */
    const void *thread;     /* of the thread that has made it, and how many */
    unsigned lost;          /* constructors had failed there, see failure.c */
    size_t parameters;      /* of all nodes together */
    gradus_communicator *ranks; /* borrowed, or gradus_alone */
    int class_count;
    char (*class_name)[GRADUS_CLASS_NAME]; /* [class_count], owned */
    gradus_note *notes;     /* a list, owned: what gradus_set_metadata set */

    /* Set by compile. */
    int max_batch, threads;    /* the most rows of a batch, and the number of
                                  threads.  A compile that fails after its
                                  checks sets threads, too */
    gradus_real *theta; /* [parameters], in node order: every w points into
                           it */
    gradus_real *grad;  /* [gradus_gradient_most,parameters], the gradient, and
                           the sums that it is made from */
    void *block;               /* the memory of theta, grad and the other
                                  arrays here, and of all the nodes' arrays */
    gradus_real *scratch;      /* [threads,scratch_size], for ops */
    size_t scratch_size;       /* numbers for each thread */
    size_t work;               /* a rough measure of the work of one row, which
                                  serves only to decide whether threads pay:
                                  the number of parameters and of a row's
                                  values */
    int tiles;
    gradus_tile *tile;          /* [tiles], see gradus_cut_tiles */
    struct gradus_stage *stage; /* [gradus_stages_most], the stages of the
                                   batch at hand */
    struct gradus_pool *pool;   /* the threads */

    /* The batch at hand. */
    gradus_batch batch;     /* rows is 0 if there is none */
    int *index;             /* [max_batch], what batch.index points to */
    bool params_changed;    /* theta has changed since the last forward */
    bool large;             /* a parameter or its gradient was too large, when
                               the gradients were last checked, for a step to
                               be safe (see run/update.c) */
    bool gradients_old;     /* grad belongs to an earlier forward, or to
                               parameters that were replaced since */
    uint64_t passes;        /* number of backward passes so far */
    uint64_t epochs;        /* number of whole epochs so far, by all optimisers
                               together */
};

/* metadata.c: sets a text as gradus_set_metadata does, but keys of the
 * library's own, which begin with "gradus.", are allowed, too. */
int gradus_set_note(gradus_graph *g, const char *key, const char *text);
void gradus_notes_free(gradus_note *n);

/* What the library knows about n. */
static inline gradus_node_info *gradus_info(const gradus_node *n)
{
    return &n->graph->info[n->id];
}

/* Sets the message "node 3, dense1: ...", as gradus_fail does, but does not
 * make gradus_compile fail afterwards.  Always returns -1. */
__attribute__((format(printf, 2, 3)))
int gradus_refuse(const gradus_node *n, const char *format, ...);

/* Writes a shape of rank 0 to 4 as "[3,28,28]", or as "[B,3,28,28]" if `batch`
 * is "B" rather than "". */
void gradus_shape_text(const char *batch, int rank, const int *shape,
                       char text[64]);

/* May n still be changed?  If not, because gradus_compile has been called,
 * sets a message. */
bool gradus_is_open(const gradus_node *n);

/* Refuses an initialiser that there is not, or an `a` that it cannot take,
 * with a message. */
bool gradus_start_fails(gradus_node *n, gradus_initialiser how, double a);

/* Keeps the present message, of a constructor of g that has failed, for
 * gradus_compile to report; g is NULL if no operand tells it, and had_operands
 * says whether there were any. */
void gradus_keep_failure(gradus_graph *g, bool had_operands);

/* Is a NULL operand of a node of g, which may be NULL, passed on by a
 * constructor that has failed? */
bool gradus_has_failed(const gradus_graph *g);

/* Notes at which point of its thread's constructors g is made.  The second
 * returns 0 if none that the thread has called since had NULL operands alone;
 * else -1, with that one's message. */
void gradus_lost_begin(gradus_graph *g);
int gradus_lost_check(const gradus_graph *g);

/* Returns 0 if g is compiled; else -1, with a message that begins with the
 * name of the function that the user has called. */
int gradus_need_compiled(const gradus_graph *g, const char *function);

/* Returns 0 if n's value has an array of its own; else -1, with a message.  If
 * n is fused, only its result has one. */
int gradus_need_own_value(const gradus_node *n);

/* The last loss over classes, to which class names belong; NULL if there is
 * none. */
const gradus_loss_node *gradus_classifier(const gradus_graph *g);

/* Returns 0 if g has no class names, or one for each class of its last loss
 * over classes, or no such loss; else -1, with a message. */
int gradus_check_class_count(const gradus_graph *g);

/* Frees a whole list of settings; NULL is an empty one. */
void gradus_attrs_free(gradus_attr *a);

/* Is n fused: does the op of a node before it compute its value as well?  See
 * gradus_op's fuse. */
static inline bool gradus_is_fused(const gradus_node *n)
{
    return n->n_in && n->in[0]->result == n->result;
}

/* Does n need sums over all rows of a training batch? */
static inline bool gradus_mixes(const gradus_node *n)
{
    return n->op->mixing && n->op->mixing->sum;
}

/* Lets each op take over the computation of the nodes that follow its own;
 * sets the `result` of all of these (fuse.c). */
void gradus_fuse(gradus_graph *g);

/* Points the dw of every parameter into array number i of g->grad. */
void gradus_place_gradients(gradus_graph *g, int i);

/* Compiles like gradus_compile, but leaves all parameters zero instead of
 * initialising them, for a caller that reads them from a file; it is an error
 * if the graph needs more than max_bytes of memory. */
int gradus_compile_plan(gradus_graph *g, int max_batch, int threads,
                        size_t max_bytes);

#endif
