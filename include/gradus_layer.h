/* gradus_layer.h -- for those who write their own layers.  The layers of
 * gradus are written with it too.
 *
 * A whole layer, a ReLU:
 *
 *     // y = max(0, x)                        x, y [B,size]
 *     static void forward(gradus_node *n, gradus_part p)
 *     {
 *         const gradus_real *x = gradus_row(n->in[0]->y, p, n->size);
 *         gradus_real *y = gradus_row(n->y, p, n->size);
 *
 *         for (size_t i = 0; i < gradus_count(p, n->size); i++)
 *             y[i] = x[i] < 0 ? 0 : x[i];
 *     }
 *
 *     // dx += dy where x > 0                 dx, dy [B,size]
 *     static void backward(gradus_node *n, gradus_part p)
 *     {
 *         const gradus_real *y = gradus_row(n->y, p, n->size);
 *         const gradus_real *dy = gradus_row(n->dy, p, n->size);
 *         gradus_real *dx = gradus_row(n->in[0]->dy, p, n->size);
 *
 *         for (size_t i = 0; i < gradus_count(p, n->size); i++)
 *             dx[i] += y[i] > 0 ? dy[i] : 0;  // other users of x add, too
 *     }
 *
 *     gradus_node *my_relu(gradus_node *x)
 *     {
 *         static const gradus_op op = { .name = "my_relu", .forward = forward,
 *                                       .backward = backward };
 *         gradus_node *n = gradus_append(NULL, &op, sizeof *n, 1, &x);
 *
 *         return n ? gradus_set_shape(n, x->rank, x->shape) : NULL;
 *     }
 *
 * examples/custom-layer is a program around a layer with parameters.
 * gradus_check_gradients, at the end of this header, compares a layer's
 * gradients with central differences.
 *
 * A step computes every row of the batch forward and backward, and then the
 * gradient of every parameter.  Each of these is cut into parts that run on
 * several threads at once.  How it is cut depends on the shapes and on the
 * batch, never on the number of threads; src/graph/cut.h has the words for
 * the parts.
 */
#ifndef GRADUS_LAYER_H
#define GRADUS_LAYER_H

#include "gradus.h"

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

/* ======================================================================
 * The work: a part of a batch
 * ====================================================================== */

/* The batch at hand. */
typedef struct {
    int rows;            /* B, the rows of the batch */
    int first;           /* the number of its first row in the whole batch,
                            of which it may be a part; always 0 so far */
    bool training;       /* false in gradus_evaluate and gradus_infer */
    const int *index;    /* [rows], which of the fed rows each row is */
    uint64_t seed, pass; /* the graph's seed, and how many backward passes came
                            before.  Random numbers drawn from (seed, pass,
                            first + row) do not depend on the threads */
} gradus_batch;

/* A part of the work: rows number row to row + rows - 1 of the batch, and
 * units number unit to unit + units - 1 of the node's parameters.  No other
 * thread has a part that overlaps with it. */
typedef struct {
    int row, rows;
    int unit, units;
    int slice;            /* the number of this slice of the batch, from 0 */
    bool add;             /* gradient: add to dw, do not replace it */
    gradus_real *scratch; /* [n->scratch], memory of this thread's own; NULL
                             in check and divisor */
    const gradus_batch *batch;
} gradus_part;

/* Row p.row of an array [B,size]; NULL if the array is NULL. */
static inline gradus_real *gradus_row(gradus_real *a, gradus_part p, int size)
{
    return a ? a + (size_t)p.row * (size_t)size : a;
}

/* How many numbers the rows of p have in an array [B,size]. */
static inline size_t gradus_count(gradus_part p, int size)
{
    return (size_t)p.rows * (size_t)size;
}

/* ======================================================================
 * The op: what nodes of one kind do
 * ====================================================================== */

typedef struct gradus_attr gradus_attr; /* a node's settings, as saved */

enum { GRADUS_MAX_OPERANDS = 8, GRADUS_MAX_PARAMS = 4 };

/* A node as a model file describes it. */
typedef struct {
    gradus_graph *graph; /* to which it is added */
    int n_in;
    gradus_node *in[GRADUS_MAX_OPERANDS]; /* NULL from in[n_in] on */
    gradus_attr *attr;
} gradus_saved;

/* For a layer that mixes the rows of a batch in training, as batch
 * normalisation does.  Before forward, `sum` writes to gradus_sums(n, p)
 * what the rows of p contribute, and then `unite`, on the calling thread,
 * combines the sums of all slices.  Before backward, sum_back and unite_back
 * do the same; unite_back also computes the parameters' gradients, and adds
 * them to dw if `add` is set. */
typedef struct {
    void (*sum)(gradus_node *n, gradus_part p);
    void (*unite)(gradus_node *n, int slices);
    void (*sum_back)(gradus_node *n, gradus_part p);
    void (*unite_back)(gradus_node *n, int slices, bool add);
    /* After a step, on the calling thread: keeps a running mean, say. */
    void (*stepped)(gradus_node *n);
} gradus_mixing;

/* For a loss.  Either function may be NULL. */
typedef struct {
    /* D, by which the loss of the batch p is divided: the weight of the rows
     * that count.  By then the labels have been checked.  NULL: the loss is a
     * sum, and is not divided. */
    double (*divisor)(const gradus_node *n, gradus_part p);
    /* Sets a message that says why the loss of a row is not finite, and
     * returns true; or returns false if nothing of the loss's own is wrong. */
    bool (*diagnose)(gradus_node *n, int row);
} gradus_loss_rule;

/* A layer needs a forward.  It needs a backward if an operand wants a gradient
 * (an empty one lets none through); and if it has parameters, it needs a
 * gradient, or a backward that adds to gradus_share.  The rest is NULL in most
 * layers. */
typedef struct {
    const char *name; /* "dense"; nodes are called dense1, dense2, .. */

    void (*forward)(gradus_node *n, gradus_part p);  /* y[p] = f(x[p]) */
    void (*backward)(gradus_node *n, gradus_part p); /* dx[p] += dy[p] df/dx */

    /* backward is called if any operand wants a gradient, or if the op uses
     * shares.  With shares or several operands, it has to test each operand's
     * dy: one that is NULL wants no gradient. */

    /* dw of p's units = a sum over p's rows, or += if p.add is set, as a
     * caller may add up the gradients of several batches.  A large batch comes
     * in several pieces, whose sums are then added.  If it is NULL, backward
     * computes dw, too: it adds the sum over its rows to gradus_share(n, j,
     * p), which starts as zero, and the shares of all slices are then
     * added. */
    void (*gradient)(gradus_node *n, gradus_part p);

    /* Builds a node from a model file, by calling its constructor with the
     * operands and settings that are saved there.  `unary` is the constructor
     * itself, in place of `make`, where it takes one operand and no settings.
     * Both are NULL in an op of your own: its models are read by building the
     * graph and calling gradus_load_parameters. */
    gradus_node *(*make)(const gradus_saved *s);
    gradus_node *(*unary)(gradus_node *x);

    /* forward can also compute some units of all rows, from nothing but the
     * operand's y and the parameters.  It is called in this way for a small
     * batch if no gradient passes to the operand, because each thread then
     * reads the parameters that it has updated itself. */
    bool by_units;

    /* Where n->first[j] is true, backward sets the dx of operand j, all of it
     * and to 0 too, instead of adding to it: what dx held means nothing.  If a
     * node is two operands at once, `first` is true of the one with the lower
     * number; so backward has to take operands in order. */
    bool sets_dx;

    /* Whether forward takes an operand's -inf as a mask, as softmax does, or
     * keeps it for a later node that does.  A loss may take any number. */
    enum { GRADUS_MASK_REFUSED, GRADUS_MASK_KEPT, GRADUS_MASK_TAKEN } mask;

    const gradus_mixing *mixing;  /* of a layer that mixes rows */
    const gradus_loss_rule *loss; /* of a loss; its nodes begin with a
                                     gradus_loss_node */

    /* Checks the data of a batch before anything is computed.  p is the whole
     * batch.  The label of a labels node and the y of a row-weights node are
     * set, but no other y: of an input, read the fed rows p.batch->index of
     * fed.x or fed.u8.  Returns 0, or non-zero with a message (gradus_fail).
     * gradus_infer calls it, too, but not that of a loss. */
    int (*check)(gradus_node *n, gradus_part p);

    /* Asked by compile: can n also compute the value of `user`, which is the
     * only user of n's value and has it as its first operand?  If it returns
     * true, it is asked again about the only user of that one, and so on.
     * n->result is the last such user; only that one has y and dy, and its own
     * forward and backward are not called. */
    bool (*fuse)(gradus_node *n, const gradus_node *user);
} gradus_op;

/* ======================================================================
 * The node
 * ====================================================================== */

/* What a data node is fed.  A node of any other kind computes its value. */
typedef enum {
    GRADUS_KIND_COMPUTED,
    GRADUS_KIND_VALUES, /* real numbers or u8: an input */
    GRADUS_KIND_LABELS,
    GRADUS_KIND_WEIGHTS
} gradus_kind;

/* The rows lent to a data node by gradus_feed and its like.  One of the
 * pointers is set. */
typedef struct {
    const gradus_real *x;
    const uint8_t *u8;
    const int32_t *labels;
    size_t rows; /* 0: nothing was fed */
} gradus_fed;

/* All fields may be read.  A constructor sets what it needs through
 * the functions below, and the sizes scratch, keep, keep_row, cache and n_sums
 * by hand; gradus_compile sets the pointers. */
struct gradus_node {
    const gradus_op *op;
    gradus_graph *graph;
    char name[32];
    int id; /* its place in the graph; operands have a lower one */
    int n_in;
    gradus_node *in[GRADUS_MAX_OPERANDS];
    int rank, shape[GRADUS_MAX_RANK], size; /* of one row; size: the product */

    gradus_real *y;  /* [B,size], or NULL where its value goes into result's */
    gradus_real *dy; /* [B,size], or NULL where no gradient is wanted: backward
                        then leaves it alone */
    gradus_node *result; /* the node whose value it computes: itself, unless
                            its op has fused others */
    bool wants_gradient;
    bool first[GRADUS_MAX_OPERANDS]; /* set by gradus_compile: its op has
                            sets_dx, and of all nodes that use the operand it
                            is the first to pass a gradient back */
    bool clear_dy; /* set by gradus_compile: dy is zeroed before backward */
    bool finite; /* set by gradus_compile: -inf in its value is an error, as
                    an op that refuses it gets it.  (NaN and +inf always are.)
                    An input then makes NaN of infinity */

    int units; /* the first axis of every parameter */
    int n_params;
    gradus_param param[GRADUS_MAX_PARAMS];
    gradus_real *share[GRADUS_MAX_PARAMS]; /* [slices,size] each, or NULL: see
                                              gradus_share */
    gradus_attr *attr;

    size_t scratch;        /* numbers of scratch memory that a call needs */
    size_t keep, keep_row; /* numbers kept from forward to backward: `keep` for
                              the batch and keep_row for each row */
    gradus_real *kept;     /* [keep + B keep_row]; NULL in a workspace */
    size_t cache;          /* numbers that a workspace keeps from one inference
                              to the next */
    gradus_real *cached;   /* [cache]; NULL in a graph */
    int n_sums;            /* numbers that `sum` leaves of each slice */
    double *sums;          /* [slices,n_sums] */

    /* A data node's. */
    gradus_kind kind;
    gradus_fed fed;
    int32_t *label; /* [B,size], the value of a labels node, which has no y */
};

/* A node whose op has a loss rule.  Its forward writes loss[row]; its backward
 * adds weight / D times the gradient to the operand's dy. */
typedef struct {
    gradus_node node;
    double weight;  /* of this loss among the graph's others */
    double *loss;   /* [B], neither divided nor weighted; NULL: not wanted */
    double divisor; /* D of this batch; 0 counts as 1 */
    gradus_reduction reduction;
    /* Class k at position s of a row is y[k*class_step + s*position_step].
     * classes is 0 where y is no distribution over classes. */
    int classes, positions, class_step, position_step;
    bool use_ignore_label;
    int ignore_label;
    const double *class_weight; /* [classes], in its attr; NULL: all 1 */
} gradus_loss_node;

/* n as a loss; NULL if it is none. */
static inline gradus_loss_node *gradus_as_loss(const gradus_node *n)
{
    return n->op->loss ? (gradus_loss_node *)n : NULL;
}

/* ======================================================================
 * For constructors.  The first five return the node, or NULL with a message.
 * ====================================================================== */

/* Makes a new node, zeroed, of `bytes` bytes (a struct that begins with a
 * gradus_node), with operands in[0..n_in-1].  NULL, with a message, if they
 * are of different graphs; or with that of the constructor that failed before,
 * if an operand is NULL.  For a node without operands, g is its graph;
 * otherwise g may be NULL.  The node keeps the pointer op, so the op must
 * outlive the graph. */
gradus_node *gradus_append(gradus_graph *g, const gradus_op *op, size_t bytes,
                           int n_in, gradus_node *const *in);

/* Sets its shape: `rank` numbers (1 to GRADUS_MAX_RANK), each at least 1. */
gradus_node *gradus_set_shape(gradus_node *n, int rank, const int *shape);

/* Adds a parameter.  `how` and a set its initial values, unless
 * gradus_initialise sets others.  The first axis of all of a node's parameters
 * must be the same, its units.  The node keeps the pointer `name`, so that
 * must outlive the graph; the shape is copied. */
gradus_node *gradus_add_param(gradus_node *n, const char *name, int rank,
                              const int *shape, gradus_initialiser how,
                              double a);

/* Adds numbers [size], all `value` at first, that are saved with the
 * parameters but not trained: a running mean, say.  It counts as a parameter:
 * size must be the node's units. */
gradus_node *gradus_add_buffer(gradus_node *n, const char *name, int size,
                               double value);

/* Records a setting of `count` numbers, so that model files hold it; they hold
 * settings in the order in which they were last set. */
gradus_node *gradus_set_attr(gradus_node *n, const char *name, int count,
                             const double *values);
/* The values of a setting and how many there are (count may be NULL); NULL and
 * 0 if it is not set. */
const double *gradus_attr_values(const gradus_attr *a, const char *name,
                                 int *count);
/* The one value of a setting; `otherwise` if it is not set.  gradus_attr_int
 * returns INT_MIN if the value is no int. */
int gradus_attr_int(const gradus_attr *a, const char *name, int otherwise);
double gradus_attr_double(const gradus_attr *a, const char *name,
                          double otherwise);

/* Sets the message "node 3, dense1: ..."; before gradus_compile, this makes
 * gradus_compile fail.  Always NULL, for constructors to return.  n may be
 * NULL. */
#ifdef __GNUC__
__attribute__((format(printf, 2, 3)))
#endif
gradus_node *gradus_fail(gradus_node *n, const char *format, ...);

/* ======================================================================
 * For forward, backward and gradient
 * ====================================================================== */

/* Where backward adds the gradient of parameter j over the rows of p, if the
 * op has no gradient function: [param[j].size]. */
static inline gradus_real *gradus_share(const gradus_node *n, int j,
                                        gradus_part p)
{
    return n->share[j] + (size_t)p.slice * n->param[j].size;
}

/* Where sum and sum_back write the n_sums numbers of the slice of p. */
static inline double *gradus_sums(const gradus_node *n, gradus_part p)
{
    return n->sums + (size_t)p.slice * (size_t)n->n_sums;
}

enum { GRADUS_GEMM_N, GRADUS_GEMM_T }; /* as it is, transposed */

/* C = op(A) op(B) + beta C, with op(A) [m,k], op(B) [k,n], C [m,n]; lda, ldb,
 * ldc are the lengths of the rows as they lie in memory.  As in BLAS, none of
 * the arrays may be NULL, and nothing is checked. */
void gradus_gemm(int op_a, int op_b, int m, int n, int k, const gradus_real *A,
                 int lda, const gradus_real *B, int ldb, gradus_real beta,
                 gradus_real *C, int ldc);

/* ======================================================================
 * For tests
 * ====================================================================== */

/* A gradient beside the central difference of the loss. */
typedef struct {
    const gradus_node *node;
    const gradus_param *param; /* of the node; NULL: the values [n,size] that
                                  are fed to it, an input */
    size_t entry;              /* which of these numbers, from 0 */
    double gradient;           /* by the last backward */
    double difference;         /* (L(v + h) - L(v - h)) / 2h */
    double error;              /* |a - d| / (1e-6 + 1e-4 max(|a|, |d|)), for
                                  these two: at most 1 if all is well */
    bool corner;               /* the loss has a corner within h of it, such as
                                  the 0 of a ReLU or two equal maxima; on both
                                  sides the gradient is right */
} gradus_check_entry;

typedef struct {
    /* Set by the caller; 0 means the default. */
    size_t most;   /* of each parameter or input, at most so many numbers are
                      compared: one from each of as many equal parts, drawn at
                      random; 0: all */
    uint64_t seed; /* that decides which */
    /* Called after each comparison, unless it is NULL. */
    void (*each)(const gradus_check_entry *e, void *user);
    void *user;

    /* Set by gradus_check_gradients, also where it fails. */
    size_t compared, corners; /* how many numbers, and those at a corner */
    gradus_check_entry worst; /* of those at no corner, the largest error */
    char where[64];           /* its place: "dense1.weight[3]" */
} gradus_check;

/* Compares every gradient (of parameters, and of inputs that want one) of the
 * first n fed rows with central differences of step h.  Returns the largest
 * error, which is at most 1 when all is well (compile as double and take h =
 * 1e-6); negative on error.  A library of floats gives meaningless numbers.
 * `check`, if not NULL, says what is compared, and gets what was found.  At a
 * corner there is no derivative, so what is there counts as no error.  A wrong
 * backward shows in the nodes before it: suspect every node from `where` to
 * the loss.  Take an n of at least 2: gradient then gets the batch in two
 * parts. */
double gradus_check_gradients(gradus_graph *g, int n, double h,
                              gradus_check *check);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
