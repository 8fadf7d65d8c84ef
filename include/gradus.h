/* gradus.h -- a small library that trains neural networks on the CPU.
 *
 * XOR, from nothing to a trained net (examples/own-data/xor.c is the same as a
 * whole program):
 *
 *     gradus_graph *g = gradus_graph_new(1);                     // seed 1
 *     gradus_node *x = gradus_input(g, 2);                       // [B,2]
 *     gradus_node *t = gradus_labels(g, 1);                      // [B]
 *     gradus_node *h = gradus_relu(gradus_dense(x, 8));          // [B,8]
 *     gradus_softmax_ce(gradus_dense(h, 2), t, NULL);            // [B,2]
 *
 *     const gradus_real X[] = { 0,0,  0,1,  1,0,  1,1 };
 *     const int32_t labels[] = { 0, 1, 1, 0 };
 *     gradus_dataset data = { .n = 4, .size = 2, .x = X, .labels = labels };
 *
 *     if (gradus_compile(g, 4, 1)) die(gradus_error());
 *     gradus_sgd_options rule = { .learning_rate = 0.5 };
 *     gradus_optimiser *sgd = gradus_sgd(g, &rule);
 *     if (gradus_fit(sgd, &data, &(gradus_fit_options){ .epochs = 200 }))
 *         die(gradus_error());
 *
 * Contents
 *
 *      1  version, types, errors     gradus_version, gradus_error
 *      2  a graph and its inputs     gradus_graph_new, gradus_input, ..
 *      3  layers                     gradus_dense, gradus_conv2d, ..
 *      4  losses                     gradus_softmax_ce, gradus_mse, ..
 *      5  settings of nodes          gradus_set_name, gradus_normalise, ..
 *      6  compile, and look at it    gradus_compile, gradus_value, ..
 *      7  data                       gradus_load_mnist, gradus_load_csv, ..
 *      8  optimisers and schedules   gradus_sgd, gradus_lr_cosine, ..
 *      9  training by epochs         gradus_fit, gradus_evaluate, ..
 *     10  training step by step      gradus_forward, gradus_backward, ..
 *     11  inference                  gradus_workspace_new, gradus_infer
 *     12  model files                gradus_save, gradus_load
 *     13  random numbers             gradus_random_init, ..
 *
 * gradus_layer.h is for those who write their own layers.
 *
 * Errors.  A function that can fail returns NULL or a non-zero int, unless its
 * comment says otherwise, and gradus_error() says what was wrong and where.
 * The library never prints, exits or aborts.  Constructors accept NULL
 * operands and then return NULL, so calls nest and one check, at
 * gradus_compile, is enough.  (If all operands are NULL, no graph is known:
 * then compiling fails for each graph that the same thread has made before and
 * not compiled yet, and for no other.)  Functions that return nothing do
 * nothing when an argument is NULL.
 *
 * Order.  The initial weights depend on the seed and on the order in which the
 * nodes are made.  C leaves open which argument of a call is evaluated first,
 * so where two arguments make nodes, as in gradus_add(gradus_dense(x, 5),
 * gradus_dense(x, 5)), write two statements: then every compiler's program
 * draws the same weights.
 *
 * Options.  Of every options struct but gradus_augment's, NULL or { 0 } means
 * the defaults.  A field that is 0 has the default that its comment gives, or
 * else is off.
 *
 * Ownership.  What a function called _new or _load, or the constructor of an
 * optimiser, returns is freed with the matching _free function.  Nodes belong
 * to their graph.  Data is borrowed: arrays that you feed must outlive the
 * calls that read them.
 *
 * Threads.  One graph is used by one thread at a time; different graphs may be
 * used by different threads at once.  gradus_infer only reads the parameters:
 * any number of threads may infer from one graph, each with a workspace of its
 * own, while nobody trains it.  A child made by fork() has the graph as it
 * was, but none of its threads: its calls compute the same results on the
 * calling thread alone.  If another thread was in a gradus call for that graph
 * at that moment, the child may only free it.
 *
 * OpenBLAS.  Its thread count is one number for the whole process.  While a
 * gradus call computes, it is set to 1, and it is put back when the last such
 * call returns.  The library cuts the work itself; the cuts do not depend on
 * the number of threads, so neither do the results, to the last bit.
 *
 * Floating point.  While a call computes, its threads are in the default
 * mode: they round to nearest, keep subnormal numbers and trap nothing.  The
 * mode of the caller is put back before the call returns, and before a
 * callback is called.
 *
 * Letters: B rows of a batch, K classes, S positions, theta all parameters.
 * Arrays are row-major; a shape is written [B,K].
 */
#ifndef GRADUS_H
#define GRADUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default) /* the rest of the library is hidden */
#endif

/* ======================================================================
 * 1  Version, types, errors
 * ====================================================================== */

/* While MAJOR is 0, a new MINOR may change or remove names, and a new PATCH
 * may not; the shared library's SONAME holds these two.  Model files of any
 * version are read by all later ones. */
#define GRADUS_VERSION_MAJOR 0
#define GRADUS_VERSION_MINOR 2
#define GRADUS_VERSION_PATCH 0
#define GRADUS_VERSION "0.2.0"

/* The version of the library that runs, which may be newer than the header. */
const char *gradus_version(void);

/* One source compiles as float, for use, and, with GRADUS_DOUBLE defined, as
 * double, to check gradients.  A program and a library of different
 * precision do not link: the functions that make a graph have other names. */
#ifdef GRADUS_DOUBLE
typedef double gradus_real;
#define gradus_graph_new gradus_graph_new_double
#define gradus_load gradus_load_double
#else
typedef float gradus_real;
#endif

typedef struct gradus_graph gradus_graph;
typedef struct gradus_node gradus_node;
typedef struct gradus_optimiser gradus_optimiser;
typedef struct gradus_workspace gradus_workspace;
typedef struct gradus_communicator gradus_communicator;

enum { GRADUS_MAX_RANK = 3 }; /* axes of a node's shape, the batch's not
                                 counted */

/* The calling thread's last error message; "" before the first.  It is UTF-8
 * of at most 1,023 bytes, in which control characters, and bytes of a file or
 * of its name that are no UTF-8, are shown as \x1b.  A path too long for that
 * is cut at its front, so that the reason always stands. */
const char *gradus_error(void);

/* ======================================================================
 * 2  A graph and its inputs
 *
 * Nodes stand in the order in which they are made, so operands come first.
 * ====================================================================== */

/* A new, empty graph.  The seed decides the initial parameters, the order of
 * the samples and everything else that is random. */
gradus_graph *gradus_graph_new(uint64_t seed);
/* Frees the graph and its nodes.  NULL is fine. */
void gradus_graph_free(gradus_graph *g);

/* An input of `size` values per row: y [B,size].  Feed it real numbers, which
 * are taken as they are, or u8, which are divided by 255. */
gradus_node *gradus_input(gradus_graph *g, int size);

/* An input of images: y [B,channels,height,width]. */
gradus_node *gradus_image(gradus_graph *g, int channels, int height,
                          int width);

/* Class labels, integers from 0: [B,positions].  positions is 1 for one label
 * per row. */
gradus_node *gradus_labels(gradus_graph *g, int positions);

/* A weight for each row, [B], at least 0, for losses. */
gradus_node *gradus_row_weights(gradus_graph *g);

/* ======================================================================
 * 3  Layers
 * ====================================================================== */

/* Fully connected: Y = X W' + 1 b', [B,in] -> [B,units].  x of any shape is
 * read as [B,in].  Parameters weight [units,in] (He), bias [units] (zero). */
gradus_node *gradus_dense(gradus_node *x, int units);

typedef struct {
    int stride;   /* 0 means 1 */
    int padding;  /* zeros on each side, fewer than the kernel's size */
    int groups;   /* 0 means 1; channels are split into this many independent
                     groups; as many groups as channels is a depthwise
                     convolution */
    bool no_bias;
} gradus_conv2d_options;

/* Convolution (as in PyTorch: not flipped) of images with `channels` square
 * kernels: [B,C,H,W] -> [B,channels,(H+2p-kernel)/s+1,(W+2p-kernel)/s+1],
 * rounded down.  Parameters weight [channels,C/groups,kernel,kernel] (He),
 * bias [channels] (zero).
 *
 * With a stride of 1, a kernel of 2 to 5, at least 8 channels of x and of y,
 * at most 2^18 pairs of them, and no groups, multiplications are left out
 * where that is at least a third of them, and where there are rows enough for
 * the channels (Winograd).
 * Rounding errors are then about ten times those of plain sums, and relative
 * to the largest of up to 6 x 6 neighbouring numbers.  Floats of x above some
 * 1e36 may then overflow on the way to a finite y, which is an error like any
 * other overflow: scale x down. */
gradus_node *gradus_conv2d(gradus_node *x, int channels, int kernel,
                           const gradus_conv2d_options *options);

typedef struct {
    int stride;  /* 0: the kernel's size */
    int padding; /* on each side, at most half the kernel's size */
} gradus_pool2d_options;

/* The maximum, or the mean, of square windows of an image's channels:
 * [B,C,H,W] -> [B,C,(H+2p-kernel)/s+1,(W+2p-kernel)/s+1], rounded down.  The
 * padding is never the maximum, and counts as zeros in the mean, which is over
 * kernel^2 values.  A NaN in a window is its maximum.  The gradient of a
 * maximum goes to the first value in the window, line by line, that equals
 * it.
 *
 * What a maximum leaves out is not looked at: a -inf beside larger values is
 * no error.  Nor is what no window reads, here or in gradus_conv2d: a NaN goes
 * unnoticed in the lines and columns that are left over at the end of an
 * image, or that a stride above the kernel's size passes over. */
gradus_node *gradus_maxpool2d(gradus_node *x, int kernel,
                              const gradus_pool2d_options *options);
gradus_node *gradus_avgpool2d(gradus_node *x, int kernel,
                              const gradus_pool2d_options *options);

/* The mean of each channel: [B,C,H,W] -> [B,C]. */
gradus_node *gradus_global_avgpool2d(gradus_node *x);

/* Functions of each number by itself; y has x's shape, s is the sigmoid.  An
 * infinite x is an error of the step: y is infinite, too, or NaN.  A -inf that
 * a maximum leaves out is none (see gradus_maxpool2d), even if a ReLU comes
 * before the maximum, as behind a convolution they may change places. */
gradus_node *gradus_relu(gradus_node *x);    /* max(0, x) */
gradus_node *gradus_leaky_relu(gradus_node *x, double slope); /* x where
                                        x >= 0, else slope x; slope finite */
gradus_node *gradus_sigmoid(gradus_node *x); /* s(x) = 1 / (1 + exp(-x)) */
gradus_node *gradus_tanh(gradus_node *x);
gradus_node *gradus_gelu(gradus_node *x);    /* x P(x), P the normal
                                        distribution: exact, by erfc */
gradus_node *gradus_silu(gradus_node *x);    /* x s(x), also called swish */

/* Softmax over the last axis of x [B,..,C], with C of at least 2; a value of
 * -inf masks its class.  It is for use inside a net: gradus_softmax_ce takes
 * logits, not this. */
gradus_node *gradus_softmax(gradus_node *x);

/* In training, each value is 0 with probability p in [0,1), and otherwise
 * divided by 1 - p; in inference y = x.  The graph's seed, the number of
 * backward passes so far, the node and the row decide which values are 0. */
gradus_node *gradus_dropout(gradus_node *x, double p);

/* Layer normalisation over the last axis, of D values:
 * y = (x - mean) / sqrt(var + 1e-5) * weight + bias (Ba et al. 2016).
 * Parameters weight [D] (one), bias [D] (zero). */
gradus_node *gradus_layernorm(gradus_node *x);

/* Batch normalisation of each channel of [B,C,H,W], or of each value of [B,C]:
 * y = (x - mean) / sqrt(var + 1e-5) * weight + bias (Ioffe, Szegedy 2015).  In
 * training it uses the mean and variance of the batch, otherwise the running
 * ones.  Each step moves those a tenth of the way to the batch's; a frozen
 * node keeps its own.  As the running mean is a gradus_real, inference is less
 * exact than training where a mean is many times the standard deviation: where
 * it is 1e5 times that, y is wrong by up to 0.004 in floats.  A training batch
 * with one value per channel is an error: choose batches so that no single row
 * is left over.  So is one whose variance is too large for a gradus_real.
 * Parameters weight [C] (one), bias [C] (zero); buffers running_mean [C],
 * running_var [C]. */
gradus_node *gradus_batchnorm(gradus_node *x);

/* A vector of `size` numbers for each token: [B,S] -> [B,S,size].  x is an
 * input, not normalised, whose values are the tokens' numbers, 0 to
 * tokens - 1.  Parameter weight [tokens,size], normal. */
gradus_node *gradus_embedding(gradus_node *x, int tokens, int size);

/* y = a + b, both of one shape: a residual connection. */
gradus_node *gradus_add(gradus_node *a, gradus_node *b);

/* 1 to 8 nodes, one after the other along the first axis of a row, which is
 * channels or features; the other axes are the same:
 * [B,c1,..], [B,c2,..] -> [B,c1+c2,..]. */
gradus_node *gradus_concat(int count, gradus_node *const *nodes);

/* The same numbers in the same order: each row gets a new shape, of rank 1 to
 * 3 and x's size.  One axis may be -1 and is inferred.  gradus_flatten makes
 * it [B,size]; gradus_dense reads any shape like that by itself. */
gradus_node *gradus_reshape(gradus_node *x, int rank, const int *shape);
gradus_node *gradus_flatten(gradus_node *x);

/* ======================================================================
 * 4  Losses
 *
 * The losses of a graph add up.  A target, label or logit that is not valid is
 * an error of the call that reads it, before any weight changes.
 * ====================================================================== */

typedef enum {
    GRADUS_REDUCE_MEAN_VALID, /* the sum divided by D, the weight of all labels
                                 that are not ignored */
    GRADUS_REDUCE_MEAN_BATCH, /* the sum divided by D = B, the rows of the
                                 batch; in losses over elements, D = B size */
    GRADUS_REDUCE_SUM         /* the sum: D = 1 */
} gradus_reduction;

typedef struct {
    gradus_reduction reduction;
    double label_smoothing;     /* eps as in PyTorch: t_k = 1-eps+eps/K, others
                                   eps/K; for MXNet's alpha, pass
                                   alpha K/(K-1) */
    bool use_ignore_label;      /* a position with the label ignore_label has
                                   no loss and no gradient, and no count */
    int ignore_label;
    bool last_axis;             /* softmax over the last axis, not the first */
    const double *class_weight; /* [K], copied; NULL: all 1 */
    gradus_node *row_weight;    /* a gradus_row_weights node; NULL: all 1 */
} gradus_softmax_ce_options;

/* Softmax and cross entropy, fused into one output layer.  y is softmax(z), of
 * z's shape; the loss is L = 1/D sum_k w_k t_k (lse(z) - z_k), where w_k is
 * the row's weight times that of class k; dz_k is (y_k sum_j w_j t_j - w_k
 * t_k) / D, which is (y_k - t_k) / D where weights are 1 and t adds up to 1.
 * z [B,K] has one softmax per row.  z [B,K,S] or [B,K,h,w] has one softmax
 * over K at each position; so has z [B,..,K], with last_axis.  K is at least
 * 2: the only one of 1 class would always have probability 1, and nothing
 * would be learnt (see gradus_sigmoid_ce).  t is either a
 * labels node of as many positions, with labels 0 to K - 1, or an input with a
 * distribution at each position, of z's shape or, in the same order, of rank
 * 1.  A logit of -inf masks its class; NaN and +inf are errors. */
gradus_node *gradus_softmax_ce(gradus_node *z, gradus_node *t,
                               const gradus_softmax_ce_options *options);

typedef struct {
    gradus_reduction reduction;
    const double *class_weight; /* [K], copied; NULL: all 1 */
    gradus_node *row_weight;    /* a gradus_row_weights node; NULL: all 1 */
} gradus_sigmoid_ce_options;

/* Sigmoid and binary cross entropy, fused into one output layer: for several
 * yes/no labels per row, or one.  z is [B,K] or [B,K,..]; t is an input of z's
 * size, in [0,1].  y is sigmoid(z), of z's shape; L = 1/D sum w c_k (max(z,0)
 * - z t + log(1 + exp(-|z|))) with class weights c; dz is (y - t) w c_k / D.
 * The means are over all elements: D is size times the sum of the row weights
 * (MEAN_VALID), or B size (MEAN_BATCH); class weights do not count in it. */
gradus_node *gradus_sigmoid_ce(gradus_node *z, gradus_node *t,
                               const gradus_sigmoid_ce_options *options);

typedef struct {
    gradus_reduction reduction;
    gradus_node *row_weight; /* a gradus_row_weights node; NULL: all 1 */
} gradus_mse_options;

/* Mean squared error, L = 1/D sum w (y - t)^2, of predictions y of any shape
 * and targets t, an input of y's size (in an autoencoder, the input that y is
 * computed from).  The value of the loss node is y.  The means are over all
 * elements, as in gradus_sigmoid_ce. */
gradus_node *gradus_mse(gradus_node *y, gradus_node *t,
                        const gradus_mse_options *options);

typedef struct {
    gradus_reduction reduction;
    double delta;            /* 1e-30 to 1e30; 0 means 1 */
    gradus_node *row_weight; /* a gradus_row_weights node; NULL: all 1 */
} gradus_huber_options;

/* Huber's loss in PyTorch's form, of the same operands: with d = y - t,
 * L = 1/D sum w l with l = d^2/2 where |d| <= delta, and delta (|d| - delta/2)
 * elsewhere. */
gradus_node *gradus_huber(gradus_node *y, gradus_node *t,
                          const gradus_huber_options *options);

/* ======================================================================
 * 5  Settings of nodes
 *
 * Each returns 0, or non-zero with a message.  Those that do not say otherwise
 * come before gradus_compile, which then fails with the same message, so that
 * a caller need not check each of them.
 * ====================================================================== */

/* The node's name in messages, summaries and model files: "dense1" unless set.
 * Unique in its graph, 1 to 31 characters of [A-Za-z0-9_]. */
int gradus_set_name(gradus_node *n, const char *name);

typedef enum {
    GRADUS_INIT_ZERO,
    GRADUS_INIT_HE,      /* normal, var = 2/fan_in (He et al. 2015) */
    GRADUS_INIT_GLOROT,  /* uniform, +-sqrt(6/(fan_in+fan_out)) (Glorot,
                            Bengio 2010) */
    GRADUS_INIT_NORMAL,  /* normal, mean 0, standard deviation a */
    GRADUS_INIT_UNIFORM, /* uniform in [-a, a) */
    GRADUS_INIT_CONSTANT /* a */
} gradus_initialiser;

/* How the node's weight starts (its first parameter; biases start at 0). */
int gradus_initialise(gradus_node *n, gradus_initialiser how, double a);

/* x = (v - mean[c]) / std[c] for channel c, where v is the value fed: a real
 * number as it is, a u8 pixel divided by 255.  There is one pair per channel;
 * an input that is not an image has one channel.  Saved with the model. */
int gradus_normalise(gradus_node *input, const double *mean,
                     const double *std);

/* x[k] = (v[k] - mean[k]) / std[k] for value k of a row, where v is the value
 * fed: for a gradus_input of at most 65,536 values that is not normalised.
 * All arrays are [size].  A NaN that is fed stands for a missing value, and
 * v[k] is then missing[k]; where missing is NULL, a NaN is an error.  Called
 * once, before gradus_compile.  Saved with the model.
 *
 * Of the targets of gradus_mse and gradus_huber, too: their losses are then
 * those of standardised numbers, but gradus_infer gives predictions in the
 * units in which the targets are fed. */
int gradus_standardise(gradus_node *input, const double *mean,
                       const double *std, const double *missing);

/* Random changes to training images; a field of 0 switches that change off. */
typedef struct {
    double shift;   /* by up to this many pixels, in each direction */
    double rotate;  /* by up to this many degrees, either way */
    double scale;   /* by up to this part: 0.1 means 0.9 to 1.1 times */
    double elastic; /* a smoothed field of random displacements, which before
                       smoothing are up to this many pixels (alpha in Simard
                       et al. 2003, who use 34) */
    double sigma;   /* the standard deviation of that smoothing, in pixels; 0
                       means 4, as in that paper */
    bool flip;      /* mirrors left and right, with probability 1/2 */
} gradus_augment_options;

/* For an input made by gradus_image, of which (channels + 3) x (height + 2) x
 * (width + 2) must be below 2^31.  Pixels from outside the image are 0.  The
 * graph's seed, the number of backward passes so far, the node and the
 * sample's number decide the changes.  Saved with the model, so that a loaded
 * one trains on alike; inference and evaluation change nothing. */
int gradus_augment(gradus_node *image, const gradus_augment_options *options);

/* Computes the gradient of this input, too: to look at, or to check it. */
int gradus_want_gradient(gradus_node *input);

/* Keeps the value of this node, so that gradus_value and gradus_infer_value
 * can show it.  Otherwise it may be computed together with the node that
 * follows, and never be stored.  A convolution that is not may round
 * differently. */
int gradus_want_value(gradus_node *n);

/* Multiplies this loss and its gradients; 1 unless set.  May be changed
 * between steps. */
int gradus_set_loss_weight(gradus_node *loss, double weight);

/* Lets the node's parameters learn at lr_scale times the learning rate, with
 * decay_scale times the weight decay, of every optimiser.  Both are 1 unless
 * set, and 0 to 1e30.  May be changed between steps; not saved with
 * the model.  An lr_scale of 0 freezes the node: neither its parameters nor
 * what an optimiser remembers of them (momentum) change. */
int gradus_set_group(gradus_node *n, double lr_scale, double decay_scale);

/* ======================================================================
 * 6  Compile a graph, and look at it
 * ====================================================================== */

/* Lets several processes, each of which has built the same graph, share its
 * batches; the results are bit for bit those of one process (gradus_mpi.h,
 * docs/cluster.md).  Call it before gradus_compile; c must outlive the graph.
 * From then on, all processes must make the same calls in the same order, and
 * rank 0 alone writes files. */
int gradus_set_communicator(gradus_graph *g, gradus_communicator *c);

/* Checks the graph, plans one block of memory for batches of up to max_batch
 * rows, sets the initial parameters and starts threads - 1 workers (threads 0:
 * as many as there are processors that the process may use).  After it a
 * training step allocates nothing, unless a parameter, a gradient or the
 * learning rate is so large that the step might overflow (above 1e12, or 1e6),
 * or the optimiser has just loaded a checkpoint, or several processes share
 * the batch. */
int gradus_compile(gradus_graph *g, int max_batch, int threads);

/* Prints a table of the nodes: name, operands, shape, parameters, bytes.  The
 * parameters include buffers, such as the running mean of batchnorm; a last
 * line says how many those are, unless there are none. */
int gradus_summary(const gradus_graph *g, FILE *out);

int gradus_threads(const gradus_graph *g);   /* 0 before compile */
int gradus_max_batch(const gradus_graph *g); /* 0 before compile */

/* The graph's nodes: by number from 0, and by name.  NULL if there is none. */
int gradus_node_count(const gradus_graph *g);
gradus_node *gradus_node_at(const gradus_graph *g, int id);
gradus_node *gradus_find_node(const gradus_graph *g, const char *name);

/* A node's name, its op ("dense"), and how many numbers a row of its value
 * has.  gradus_node_shape writes the axes of a row to shape, unless that is
 * NULL, and returns the rank. */
const char *gradus_node_name(const gradus_node *n);
const char *gradus_node_op(const gradus_node *n);
int gradus_node_size(const gradus_node *n);
int gradus_node_shape(const gradus_node *n, int shape[GRADUS_MAX_RANK]);

/* The value [B,size] of the last forward, and its gradient [B,size] of the
 * last backward.  NULL, with a message that says why there is none and what to
 * do. */
const gradus_real *gradus_value(const gradus_node *n);
const gradus_real *gradus_gradient(const gradus_node *n);

/* A parameter of a node: `size` numbers of shape [units,..], and their
 * gradient.  w and dw are NULL before compile. */
typedef struct {
    const char *name; /* "weight" */
    int rank, shape[4];
    size_t size;
    bool buffer; /* saved, but no optimiser changes it */
    gradus_real *w, *dw;
} gradus_param;

/* A node's parameters: by number from 0, and by name.  NULL if there is
 * none. */
const gradus_param *gradus_param_at(const gradus_node *n, int j);
const gradus_param *gradus_find_param(const gradus_node *n, const char *name);

/* All parameters and their gradients: two arrays of gradus_parameter_count()
 * numbers, in node order.  NULL before compile. */
size_t gradus_parameter_count(const gradus_graph *g);
gradus_real *gradus_parameters(gradus_graph *g);
gradus_real *gradus_gradients(gradus_graph *g);

/* FNV-1a, 64 bits, over the bytes of the parameters; 0 before compile. */
uint64_t gradus_parameters_hash(const gradus_graph *g);

/* ======================================================================
 * 7  Data
 * ====================================================================== */

/* Data for gradus_fit and gradus_evaluate.  Fill one in to lend your own
 * arrays, or let a loader make one.  The values go to the graph's input,
 * labels to its labels node, targets to its second input, weights to its row
 * weights.  A graph with more data nodes than these is fed by hand
 * (gradus_feed), and NULL is passed for the data.  A field for which the graph
 * has no node is not read.  Where labels are read, a class that has another
 * name in the graph is an error, as its number then means something else.  A
 * class that only one of the two has a name for is not compared. */
typedef struct {
    size_t n;                       /* samples */
    int size;                       /* values per sample */
    int channels, height, width;    /* of images, else 0; must be those of a
                                       gradus_image that takes the values */
    const gradus_real *x;           /* [n,size]; NULL if pixels is set */
    const uint8_t *pixels;          /* [n,size]; NULL if x is set */
    const int32_t *labels;          /* [n,positions], or NULL */
    int positions;                  /* labels per sample; 0 means 1 */
    const gradus_real *targets;     /* [n,target_size], or NULL */
    int target_size;                /* 0: the size of the second input */
    const gradus_real *weights;     /* [n], or NULL */
    int classes;                    /* that the loader saw, else 0 */
    const char *const *class_names; /* [classes], or NULL */
    void *owned;                    /* a loader's memory; NULL in your own */
} gradus_dataset;

/* Frees what a loader returned, or gradus_split or gradus_fold filled.  A
 * struct of your own that one of these filled is then empty (n 0, all pointers
 * NULL), so that a second call does nothing; a loader's struct itself is gone.
 * A dataset whose `owned` is NULL is left as it is.  NULL is fine. */
void gradus_dataset_free(gradus_dataset *d);

/* An image and a label file in IDX format, plain or gzip: u8 [n,height,width]
 * or [n,size] and u8 [n] or [n,1].  classes is the largest label + 1.  They
 * take n (size + 4) bytes of memory.  A header that claims more than a plain
 * file holds is an error, and so is one that claims more than 100 times the
 * size of a gzip file and more than 16 MiB: such a file has to be unpacked
 * first. */
gradus_dataset *gradus_load_idx(const char *images, const char *labels);

/* The pair <dir>/<part>-images-idx3-ubyte and -labels-idx1-ubyte, as they are
 * or with .gz, or with a dot before idx; part is "train" or "t10k".  MNIST and
 * Fashion-MNIST.  EMNIST's files have to be renamed to this (its "test" to
 * "t10k"), and their images are stored with rows and columns swapped. */
gradus_dataset *gradus_load_mnist(const char *dir, const char *part);

typedef struct {
    const char *const *class_names; /* [classes], those that folders may have,
                                       as of the training data; NULL: as
                                       found */
    int classes;
} gradus_image_folder_options;

/* A folder that holds one folder for each class and nothing else but
 * dot-files.  Each holds PNG or JPEG files, which are made grey (channels 1)
 * or RGB (3) and resized to height x width; gradus_load_image has the details.
 * Classes are numbered in the order of the bytes of their folders' names (pass
 * class_names to give another folder the same numbers).  Of the names that are
 * passed, some may have no folder, but every folder must have one of them. */
gradus_dataset *
gradus_load_image_folder(const char *dir, int channels, int height, int width,
                         const gradus_image_folder_options *options);

/* One PNG or JPEG file into pixels [channels,height,width]: transparent parts
 * become white, and of values of 16 bits the upper 8 are taken.  The picture
 * is turned as its EXIF block says; a broken block counts as none.  A JPEG
 * file of more than 100 scans is refused. */
int gradus_load_image(const char *path, int channels, int height, int width,
                      uint8_t *pixels);

typedef enum {
    GRADUS_CSV_NAMES,    /* the first row is names; a number there is an error,
                            so that no row of data is taken for a header */
    GRADUS_CSV_HEADER,   /* the first row is names, numbers or not */
    GRADUS_CSV_NO_HEADER /* the first row is data */
} gradus_csv_header;

/* A column is given by its name, by its number from 1, or by its number from
 * the end: "-1" is the last. */
typedef struct {
    char separator;                 /* one of , ; | : and tab; 0: a comma */
    gradus_csv_header header;
    const char *label;              /* the column of class labels, or NULL */
    bool text_labels;               /* labels are names, even where they are
                                       numbers */
    const char *const *class_names; /* [classes], those that labels may be, as
                                       of the training data; NULL: as found */
    int classes;
    const char *const *targets;     /* columns, then NULL; or NULL */
    const char *const *ignore;      /* columns left out, likewise */
    size_t max_bytes;               /* the longest text, unpacked if the file
                                       is gzip; 0: of a gzip file, 100 times
                                       its own size, or 16 MiB if that is
                                       more; else no limit */
} gradus_csv_options;

/* A table of numbers, plain or gzip: x [n,the other columns], with labels [n]
 * and targets [n,target columns].  If the first row's label is a number,
 * labels are whole numbers from 0, and classes is the largest + 1; otherwise
 * they are names, and classes are numbered in the order of their bytes (pass
 * class_names to give another file the same numbers).  Fields may be quoted,
 * and have blanks around them; rows end in LF, CR LF or CR; the decimal point
 * is a point in every locale.  Rows with another number of columns, blank
 * lines before the last row, empty fields and numbers that are not finite are
 * errors:
 *     data.csv:17: column 3 ("age"): got "abc"; must be a number
 * A first row of names that begins with # is taken for a comment, and refused,
 * unless header is GRADUS_CSV_HEADER.  A plain file that was cut between two
 * rows looks like a whole one, so compare n with the number that you expect;
 * a gzip file that was cut is an error.  At its peak, loading takes at most 8
 * times the memory of the text, unpacked if it is gzip, and 1 MiB. */
gradus_dataset *gradus_load_csv(const char *path,
                                const gradus_csv_options *options);

/* ---- tables as people have them: with texts, gaps and units ----
 *
 *     gradus_table *t = gradus_table_new("people.csv",
 *         &(gradus_table_options){ .label = "outcome" });
 *     gradus_dataset *all = gradus_table_load(t, "people.csv", 0);
 *     gradus_dataset train, valid;
 *     gradus_split(all, 0.2, 1, NULL, &train, &valid);
 *     gradus_table_fit(t, &train);
 *     gradus_node *x = gradus_input(g, all->size);
 *     gradus_set_table(x, NULL, t);
 *
 * and, to predict, after gradus_load:
 *
 *     gradus_table *t = gradus_get_table(g);
 *     gradus_dataset *d = gradus_table_load(t, "others.csv", 0);
 *     gradus_infer(w, d->x, ..); */

/* What a table's columns are and become; gradus_table_free frees it. */
typedef struct gradus_table gradus_table;

/* What is done with fields that are empty, or NA, N/A, NaN, NULL, None, ? or
 * a dash. */
typedef enum {
    GRADUS_MISSING_ERROR,
    GRADUS_MISSING_MEAN,         /* they are taken for the column's mean; those
                                    of a text for its most frequent category */
    GRADUS_MISSING_MOST_FREQUENT /* for the most frequent value in any case */
} gradus_missing;

typedef struct {
    char separator;             /* as in gradus_csv_options; 0: the one that
                                   stands in the first line */
    gradus_csv_header header;
    const char *label;          /* the column of class labels, or NULL */
    const char *const *targets; /* columns, then NULL; or NULL */
    const char *const *ignore;  /* columns left out, likewise */
    gradus_missing missing;
    bool indicators;            /* a column with missing fields gets one more
                                   value, 1 where the field is missing */
    bool tolerant;              /* columns that cannot be used are left out,
                                   and gradus_column_fault says why: to look
                                   at a table, say */
    size_t max_bytes;           /* as in gradus_csv_options */
} gradus_table_options;

/* Learns from a CSV file what its columns become.  One whose fields are all
 * numbers is one value of x; any other is a text, and has a value for each of
 * its categories, in the order of their bytes: 1 for that of the field, and 0
 * for the others.  The classes are the texts of the label's column, sorted
 * likewise, or by size if all are numbers.
 *
 * Columns that a net cannot use are an error, one message for all of them:
 * empty fields, unless `missing` says what they are taken for; dates; what
 * tells rows apart, such as names and identifiers (of more than 20 texts, more
 * than half are different; numbers count 20 rows or more, or all of them
 * differ in a column called id); more than 1,000 categories; a text among
 * numbers; numbers with commas; so many numbers with a unit, such as 12 kg,
 * that they would pass for names; numbers of which a gradus_real tells fewer
 * than half apart; targets that are all one number; texts that are not UTF-8.
 * Columns of one name are an error, too, and so are more than 65,536 values.
 */
gradus_table *gradus_table_new(const char *path,
                               const gradus_table_options *options);
void gradus_table_free(gradus_table *t); /* NULL is fine */

/* The rows of a file with these columns, which are found by their names, in
 * any order (by their order where the table has no names; then all must be
 * there).  Columns of the label and of targets may be missing: then there are
 * no labels, or no targets at all.  Ignored ones may be missing, too.  Another
 * column too few or too many, a category that is not the table's, and a
 * missing field in a column that had none are errors.  What is missing is NaN
 * in x.  max_bytes is that of gradus_csv_options. */
gradus_dataset *gradus_table_load(const gradus_table *t, const char *path,
                                  size_t max_bytes);

/* From now on, gradus_table_load passes over the columns of the label and of
 * targets, whatever stands in them, as over ignored ones: to predict rows of
 * which what is right is not known. */
void gradus_table_ignore_answers(gradus_table *t);

/* Finds how to standardise numbers and targets, and what missing values are
 * taken for, in the data that will be trained on, which gradus_table_load and
 * gradus_split have made.  Numbers that are all the same stay as they are but
 * for their mean; a mean of 1e30 or more, and a standard deviation of 1e30 or
 * more, or of 1e-30 or less, are errors. */
int gradus_table_fit(gradus_table *t, const gradus_dataset *train);

/* Standardises the input x and, unless it is NULL, the input of the targets by
 * a table that is fitted (gradus_standardise), and keeps a copy of the table
 * with their graph, which is saved with it.  Comes before gradus_compile. */
int gradus_set_table(gradus_node *x, gradus_node *target,
                     const gradus_table *t);

/* The table of a graph, to be freed; NULL, with a message, if it has none.  It
 * has the columns, but is not fitted: the scales are settings of the
 * inputs. */
gradus_table *gradus_get_table(const gradus_graph *g);

/* Its columns, by number from 0, in the order of the file: their names, what
 * they are used for ("number", "text", "label", "target" or "ignored"), why
 * one could not be used (tolerant), their categories, from 0, and which value
 * of x, or which target, is their first, and how many there are.  NULL, or -1,
 * for what is not there, such as a value of the label. */
int gradus_table_columns(const gradus_table *t);
const char *gradus_column_name(const gradus_table *t, int k);
const char *gradus_column_use(const gradus_table *t, int k);
const char *gradus_column_fault(const gradus_table *t, int k);
const char *gradus_column_category(const gradus_table *t, int k, int i);
int gradus_column_span(const gradus_table *t, int k, int *count);

/* Are the categories of a text three numbers or more with the same unit, such
 * as 12 kg, 85% or $3.50?  Written without it, they would be one value of x,
 * and 12 kg would be near 13 kg. */
bool gradus_column_has_unit(const gradus_table *t, int k);

typedef struct {
    bool stratified;       /* each class has the same fraction of its samples
                              in both parts, to a sample; needs one label per
                              sample, which may be any number */
    const int32_t *groups; /* [n], any numbers: the samples of one group, such
                              as those of one patient, are all in the same
                              part; NULL: none.  Not along with stratified */
} gradus_split_options;

/* Shuffles the samples, by the seed, and copies a fraction of them (rounded)
 * to *valid and the others to *train; at least one to each.  In both they are
 * in the order of the shuffle.  d need not outlive them; free each with
 * gradus_dataset_free.  Targets need target_size.  On error both are empty.
 *
 * Of each class, stratified, at least one sample goes to *train, so the only
 * sample of a class does.  Groups are shuffled too, and one after the other
 * goes to *valid for as long as that brings the number of samples there nearer
 * to the fraction; at least one group goes to each part. */
int gradus_split(const gradus_dataset *d, double fraction, uint64_t seed,
                 const gradus_split_options *options, gradus_dataset *train,
                 gradus_dataset *valid);

/* For cross-validation.  Divides the samples, by the seed, into `folds` parts
 * of the same size, to a sample, and copies part `fold`, 0 .. folds - 1, to
 * *valid and the others to *train.  So over all folds, each sample is in
 * *valid once.  folds is 2 or more, and at most the number of samples or, with
 * groups, of groups.
 *
 * Stratified, each class is divided into parts of the same size, to a sample,
 * too; of a class with a single sample, *train of one fold has none.  Of
 * groups, shuffled, each goes to the part that has the fewest samples so far,
 * so parts differ by at most the samples of the largest group.  In all else
 * this is as gradus_split. */
int gradus_fold(const gradus_dataset *d, int folds, int fold, uint64_t seed,
                const gradus_split_options *options, gradus_dataset *train,
                gradus_dataset *valid);

/* weight[k] = n / (K n_k), where n_k of the n labels are of class k: each
 * class then weighs the same in a loss, and all together n.  A class without a
 * label is an error, as is a label outside 0..K-1. */
int gradus_class_weights(const gradus_dataset *d, int classes, double *weight);

/* Lends an input, labels or row-weights node the data that rows are taken
 * from: [rows,size] values.  An input takes either real numbers or u8, which
 * are divided by 255. */
int gradus_feed(gradus_node *n, const gradus_real *values, size_t rows);
int gradus_feed_u8(gradus_node *n, const uint8_t *values, size_t rows);
int gradus_feed_labels(gradus_node *n, const int32_t *labels, size_t rows);

/* ======================================================================
 * 8  Optimisers and schedules
 *
 * The graph must be compiled and must outlive its optimisers.
 * ====================================================================== */

typedef struct {
    double learning_rate; /* 0: 0.01 */
    double momentum;      /* mu in [0,1) */
    bool nesterov;        /* Nesterov's momentum; needs mu > 0 */
    double weight_decay;  /* lambda, coupled (L2), as in PyTorch's SGD */
} gradus_sgd_options;

/* Stochastic gradient descent (Sutskever et al. 2013, in PyTorch's form):
 *   g += lambda theta;  v = mu v + g;  theta -= lr v
 * with Nesterov: theta -= lr (g + mu v). */
gradus_optimiser *gradus_sgd(gradus_graph *g,
                             const gradus_sgd_options *options);

typedef struct {
    double learning_rate; /* 0: 0.001 */
    double beta1, beta2;  /* in (0,1); 0: 0.9, 0.999.  A beta of exactly 0
                             cannot be asked for; 1e-30 has the same effect */
    double epsilon;       /* 0: 1e-8 */
    double weight_decay;  /* lambda; 0: none in adam, 0.01 in adamw */
} gradus_adam_options;

/* Adam (Kingma, Ba 2015) and, with decoupled weight decay, AdamW (Loshchilov,
 * Hutter 2019), in PyTorch's form; t counts this optimiser's steps from 1:
 *   g += lambda theta (Adam);  m = beta1 m + (1-beta1) g;
 *   v = beta2 v + (1-beta2) g^2;
 *   theta -= lr m / (1-beta1^t) / (sqrt(v / (1-beta2^t)) + epsilon)
 * and in AdamW, of the theta before, theta -= lr lambda theta.  As in PyTorch,
 * AdamW decays by 0.01 unless told otherwise; AdamW without weight decay is
 * gradus_adam. */
gradus_optimiser *gradus_adam(gradus_graph *g,
                              const gradus_adam_options *options);
gradus_optimiser *gradus_adamw(gradus_graph *g,
                               const gradus_adam_options *options);

typedef struct {
    double learning_rate; /* 0: 0.01 */
    double alpha;         /* in (0,1); 0: 0.99 */
    double epsilon;       /* 0: 1e-8 */
    double momentum;      /* mu in [0,1) */
    double weight_decay;  /* lambda, coupled (L2) */
} gradus_rmsprop_options;

/* RMSprop (Tieleman, Hinton 2012), in PyTorch's form, not centred:
 *   g += lambda theta;  v = alpha v + (1-alpha) g^2;
 *   b = mu b + g / (sqrt(v) + epsilon);  theta -= lr b */
gradus_optimiser *gradus_rmsprop(gradus_graph *g,
                                 const gradus_rmsprop_options *options);

typedef struct {
    double learning_rate; /* 0: 0.01 */
    double lr_decay;      /* see below */
    double epsilon;       /* 0: 1e-10 */
    double weight_decay;  /* lambda, coupled (L2) */
} gradus_adagrad_options;

/* Adagrad (Duchi et al. 2011), in PyTorch's form; t as in Adam:
 *   g += lambda theta;  v += g^2;
 *   theta -= lr / (1 + (t-1) lr_decay) g / (sqrt(v) + epsilon) */
gradus_optimiser *gradus_adagrad(gradus_graph *g,
                                 const gradus_adagrad_options *options);

void gradus_optimiser_free(gradus_optimiser *o); /* NULL is fine */

/* Changes the learning rate from the next step on: 0 to 1e30. */
int gradus_set_learning_rate(gradus_optimiser *o, double learning_rate);
double gradus_learning_rate(const gradus_optimiser *o);

/* If true, parameters of one axis have no weight decay: these are biases, and
 * the scales and shifts of normalisations.  False unless set. */
int gradus_set_decay_matrices_only(gradus_optimiser *o, bool matrices_only);

/* Clips the gradients before each step of this optimiser, in place:
 *   g = min(max(g, -max_value), max_value);
 *   g = g min(1, max_norm / (|g| + 1e-6)), |g| the norm of all of them
 * (PyTorch's clip_grad_value_, clip_grad_norm_).  0 switches either off.  With
 * a max_norm of INFINITY, the norm is measured but nothing is clipped.  Frozen
 * nodes' gradients do not count and stay as they are. */
int gradus_set_clip(gradus_optimiser *o, double max_norm, double max_value);

/* |g| in the last step, before it was clipped by norm; NAN before the first
 * step, and if max_norm is 0. */
double gradus_clip_norm(const gradus_optimiser *o);

/* Schedules: the learning rate of a step, counted from 0, for
 * gradus_set_learning_rate or the learning_rate of gradus_fit_options.  They
 * are plain functions; one of your own does as well.  A count of 0, or a
 * `rising` that is not in [0,1), gives NAN, which gradus_set_learning_rate
 * refuses; other arguments are not checked.  They round as the caller's
 * floating-point mode says; gradus_fit calls learning_rate in the default
 * mode.
 *
 * Multiplied by factor after each `every` steps:
 * lr factor^floor(step / every). */
double gradus_lr_step(double lr, uint64_t step, uint64_t every, double factor);

/* lr factor^step. */
double gradus_lr_exponential(double lr, uint64_t step, double factor);

/* From lr at step 0 down to low at step `steps`, and low from there on:
 * low + (lr - low) (1 + cos(pi step / steps)) / 2 (Loshchilov, Hutter 2017) */
double gradus_lr_cosine(double lr, uint64_t step, uint64_t steps, double low);

/* Linearly from lr / warm at step 0 up to lr at step warm - 1, and lr from
 * there on.  lr may come from another schedule. */
double gradus_lr_warmup(double lr, uint64_t step, uint64_t warm);

/* From high / start at step 0, up to high when a fraction `rising` of the
 * steps is done (step rising steps - 1), down to high / start / end at the
 * last step, by cosines (Smith, Topin 2018; PyTorch's OneCycleLR).  0 means
 * 0.3, 25 and 1e4 for the last three.  It needs 3 steps or more: a single step
 * is the last one, at high / start / end, which teaches nothing.  Where
 * rising steps is at most 1, it does not rise but begins at high. */
double gradus_lr_one_cycle(double high, uint64_t step, uint64_t steps,
                           double rising, double start, double end);

/* ======================================================================
 * 9  Training by epochs
 * ====================================================================== */

/* One epoch, as gradus_fit records it.  Accuracy is NAN if there are no class
 * labels, valid_* if there is no validation data. */
typedef struct {
    size_t samples; /* trained on in this epoch; 0: it did not run */
    double seconds;
    double train_loss, train_accuracy; /* while training, so a running mean */
    double valid_loss, valid_accuracy;
} gradus_epoch;

/* What a callback sees. */
typedef struct {
    gradus_optimiser *optimiser; /* to set its learning rate, say */
    int epoch, epochs;           /* epoch counts from 0 */
    int batch, batches;          /* batches done in this epoch, and how many it
                                    has in all (0: not known, with `next`) */
    bool epoch_done;             /* the epoch's last call, with valid_* */
    gradus_epoch so_far;         /* of this epoch */
    const char *warning;         /* what has gone wrong since the last call but
                                    did not stop the training, such as a log
                                    that cannot be written; or NULL.  See
                                    gradus_fit for what no callback was told */
} gradus_progress;

typedef struct {
    int epochs;                       /* 0: 1 */
    int batch;                        /* rows; 0: max_batch */
    bool keep_order;                  /* do not shuffle */
    const gradus_dataset *validation; /* evaluated after each epoch, or NULL */

    /* Called after each batch and each epoch; a non-zero answer stops. */
    int (*callback)(const gradus_progress *p, void *user);
    /* The learning rate of each step, from 0, of the `steps` of this call (0:
     * not known, with `next`).  NULL: as set. */
    double (*learning_rate)(uint64_t step, uint64_t steps, void *user);
    /* Called instead of reading data, for rows that are generated, changed or
     * read batch by batch.  Before each batch it feeds the graph that batch's
     * rows, in their order, and returns how many there are, at most `batch`; 0
     * ends the epoch, a negative number is an error.  Labels are then checked
     * batch by batch. */
    int (*next)(const gradus_progress *p, void *user);
    void *user; /* for the three functions */

    gradus_epoch *history; /* [epochs], written, or NULL */
    int patience;          /* stop after this many epochs in a row whose
                              validation loss is no new low; 0: never */
    double min_delta;      /* by how much a new low must be lower, for
                              patience */
    bool restore_best;     /* end with the parameters of the epoch with the
                              lowest validation loss, however training
                              ended, even with an error; the optimiser keeps
                              its last state */
    int *best_epoch;       /* which epoch of this call that was, from 0; -1 if
                              none was validated; or NULL */
    const char *log;       /* a CSV file, made or added to, with a line for
                              each whole epoch: its number (from 1, over all
                              calls for the graph), seconds, the last learning
                              rate, losses and accuracies, empty if NAN; or
                              NULL */

    /* A file that holds all that this training needs to go on if it is cut
     * off, or NULL.  It is written at the start, after the batches given by
     * the two fields below, when the callback stops, and at the end; one that
     * cannot be written later than at the start is a warning.  The path always
     * holds the newest whole checkpoint. */
    const char *checkpoint;
    int checkpoint_batches;    /* write it after so many batches; */
    double checkpoint_seconds; /* or so many seconds after the last; if both
                                  are 0, after each epoch */
    int checkpoint_keep;       /* how many to keep: the newest at the path, the
                                  one before at the path with .1 after it, and
                                  so on; 0: 1 */
    /* Go on from the checkpoint, to the same bits as if the training had never
     * been cut off, in `history` and `log` as well; or begin, if there is no
     * such file.  (If it is false, a file that is there is an error.)  The
     * checkpoint must be of the same graph, class names, optimiser, batch and
     * data (their sizes, labels and first values), or else it is refused.
     * What the callback changes, such as groups, is not restored, but for the
     * learning rate.  More epochs are allowed; so are fewer, but not fewer
     * than have been done.  Another OpenBLAS, processor or schedule is a
     * warning.  In `history`, epochs that were trained without one have
     * samples == 0. */
    bool resume;

    const char *replay; /* where a step that fails, because of a NaN, say, is
                           kept for gradus_replay, or NULL.  An older replay
                           file there is removed at the start */
} gradus_fit_options;

/* Trains for some epochs.  All labels are checked before the first step.  A
 * last, smaller batch is trained on, too.  A graph without class names gets
 * those of the data, if there is one for each of its classes; validation data
 * are then compared with them, too.  Patience and restore_best need validation
 * data.  data may be NULL: the rows that are fed already, or those that next
 * feeds.  Returns 0, also when the callback or patience stopped it; -1 on
 * error; or 1 if the training has ended, but with a warning that no callback
 * was told, such as a last checkpoint that could not be written: the graph is
 * trained then, so save it. */
int gradus_fit(gradus_optimiser *o, const gradus_dataset *data,
               const gradus_fit_options *options);

/* Runs a step that has failed in gradus_fit once more, from the file that
 * options.replay names, and prints to out where its numbers went wrong: for
 * each node in the order of the pass, the value whose absolute value is
 * largest, where NaN counts as the largest, and the sample and the place in
 * its row where that is, from 0; if the loss is finite, the largest gradients
 * likewise; and the step's message.  Returns 0 if all was printed.
 *
 * A sample is a row of the dataset that gradus_fit was given, which after
 * gradus_split or gradus_fold is not that of the file.  If parameters are
 * large already, an earlier step is to blame, and a checkpoint of that time
 * has them, too.
 *
 * The optimiser's update is not run.  Every node's value is kept (see
 * gradus_want_value), so a convolution may round differently than in the step,
 * and up to 16 GiB may be needed.  Layers of your own cannot be loaded, so a
 * step of theirs is an error; and a batch of more than some millions of values
 * is not kept. */
int gradus_replay(const char *path, FILE *out);

typedef struct {
    int k;             /* for top_k; 0: 1 */
    size_t *confusion; /* [K,K] to fill, rows true, columns predicted, of the K
                          classes of the last loss with labels; or NULL */
} gradus_evaluate_options;

typedef struct {
    size_t counted;  /* labels that counted (not ignored) */
    double loss;     /* over the whole data, by the loss's own reduction */
    double accuracy; /* 0..1, of the last loss with labels; ties: lowest */
    double top_k;    /* how often the label is among the k most probable */
} gradus_metrics;

/* Loss and accuracy over data, with layers as in inference.  What was fed
 * before is fed again afterwards.  data may be NULL: the rows that are fed
 * already.  Accuracies are NAN if there are no labels. */
int gradus_evaluate(gradus_graph *g, const gradus_dataset *data,
                    const gradus_evaluate_options *options,
                    gradus_metrics *metrics);

/* The functions below measure predictions that are in arrays, wherever they
 * come from.  Outputs that may be NULL say so; an error changes none. */

typedef struct {
    double precision; /* of the samples predicted to be of the class, the
                         fraction that is of it */
    double recall;    /* of the samples of the class, the fraction predicted to
                         be of it */
    double f1;        /* the harmonic mean of the two */
    size_t support;   /* samples of the class; in a mean, of all classes */
} gradus_class_metrics;

/* Reads the confusion matrix [classes,classes] that gradus_evaluate fills:
 * each [classes] becomes the metrics of each class, *macro their plain mean,
 * and *weighted their mean weighted by support.  Each may be NULL.  0 / 0 is
 * 0, and a class without samples or predictions counts in the plain mean. */
int gradus_classification_metrics(int classes, const size_t *confusion,
                                  gradus_class_metrics *each,
                                  gradus_class_metrics *macro,
                                  gradus_class_metrics *weighted);

/* The same for several yes/no labels per row: probabilities y [n,size], as
 * those of gradus_sigmoid_ce, and targets t [n,size], 0 or 1.  A label is
 * predicted where y is above the threshold, which is below 1; 0: 0.5.  *exact
 * becomes the fraction of the rows whose labels are all right; it may be NULL,
 * too. */
int gradus_multilabel_metrics(size_t n, int size, const gradus_real *y,
                              const gradus_real *t, double threshold,
                              gradus_class_metrics *each,
                              gradus_class_metrics *macro,
                              gradus_class_metrics *weighted, double *exact);

/* The area under the ROC curve: how probable it is that a sample of label 1
 * has a higher score than one of label 0, where equal scores count half (Mann,
 * Whitney 1947).  labels [n] are 0 or 1, and both must occur.  The score of
 * sample i is score[i * stride]: of two classes whose probabilities y [n,2]
 * gradus_infer has computed, pass y + 1 and 2. */
int gradus_roc_auc(size_t n, const gradus_real *score, size_t stride,
                   const int32_t *labels, double *auc);

typedef struct {
    double mae;  /* the mean absolute error */
    double rmse; /* the root of the mean squared error */
    double r2;   /* 1 - the squared errors / the squared distances of the
                    targets from their mean; if the targets are all equal, 1
                    if y equals them, else 0; NAN if n is 1 */
} gradus_regression_errors;

/* The errors of predictions y [n,size] of targets t [n,size]: each is computed
 * for each column, and is then the mean of the columns. */
int gradus_regression_metrics(size_t n, int size, const gradus_real *y,
                              const gradus_real *t,
                              gradus_regression_errors *errors);

/* ======================================================================
 * 10  Training step by step
 * ====================================================================== */

/* Forward, backward and step in one, over the fed rows index[0..n-1], or
 * 0..n-1 if index is NULL; n from 1 to max_batch.  On error (a non-finite loss
 * or gradient, a bad label, a parameter that would become infinite) parameters
 * and optimiser are as before. */
int gradus_train_step(gradus_optimiser *o, const int *index, int n);

/* Computes the values and losses of a batch, with layers as in training.  The
 * rows are given as above; index is copied. */
int gradus_forward(gradus_graph *g, const int *index, int n);

/* The loss of the last forward: all losses of the graph with their weights.
 * NAN if there has been none, or if it failed. */
double gradus_loss(const gradus_graph *g);

/* The gradients of that loss: into gradus_gradients(), replacing what was
 * there, and into every node between.  An error if a parameter's gradient is
 * not finite, or if parameters have changed since the forward. */
int gradus_backward(gradus_graph *g);

/* Like gradus_backward, but adds to the gradients that are there.  For one
 * step over several batches, call gradus_backward after the first forward,
 * this after each of the others, and then gradus_step.  To get the gradient of
 * all rows as one batch, set the weight of the loss (gradus_set_loss_weight)
 * before each forward to that batch's part of all rows, rows / all; or once to
 * 1 / all, with GRADUS_REDUCE_SUM.  (1 / batches is right only where batches
 * have as many rows each.  With ignored labels, row or class weights, or
 * elements, D counts in place of rows.)  Batch normalisation then takes its
 * running statistics from the last batch alone. */
int gradus_backward_add(gradus_graph *g);

/* Updates the parameters from gradus_gradients(), which may be changed between
 * gradus_backward and this, or be all your own in a graph that never ran
 * forward.  If one of them is not finite, or if a parameter would become
 * infinite, that is an error, and parameters and optimiser have not
 * changed. */
int gradus_step(gradus_optimiser *o);

/* ======================================================================
 * 11  Inference: const on the parameters, one workspace per thread
 * ====================================================================== */

/* Memory for inference on batches of up to max_batch rows.  The graph must be
 * compiled and must outlive it.  A workspace also keeps the weights of each
 * convolution that has few, and a second copy in the order in which they are
 * used, of at most 2^15 numbers.  It makes both anew if the graph's weights
 * have changed since. */
gradus_workspace *gradus_workspace_new(const gradus_graph *g, int max_batch);
void gradus_workspace_free(gradus_workspace *w); /* NULL is fine */

/* The values [n,size] of the last loss (the probabilities of a softmax_ce), or
 * of the last node if there is no loss, for n rows of the one input that they
 * depend on: x is [n, that input's size].  Up to rounding they are the values
 * that gradus_evaluate computes: layers work as in inference (no dropout, and
 * batch normalisation with its running statistics).  On one type of processor
 * and with one OpenBLAS, the same call gives the same bits on any thread; but
 * with another n, or at another place among them, the values of a row may
 * differ in their last bits, as OpenBLAS then adds up in another order, and
 * convolutions of 8 or more channels may be computed in another way.
 *
 * Valid until the workspace's next inference; NULL on error, which includes a
 * NaN or an infinite value in x, in the result or on the way to it, even where
 * a sigmoid would make 1 of it.  It is no error where it has no part in the
 * result: a -inf that masks a class of a softmax, or that a maximum leaves
 * out, and what no window reads (see gradus_maxpool2d). */
const gradus_real *gradus_infer(gradus_workspace *w, const gradus_real *x,
                                int n);
const gradus_real *gradus_infer_u8(gradus_workspace *w, const uint8_t *pixels,
                                   int n);

/* The value [n,size] of a node that the result depends on, from the
 * workspace's last inference: the features that a middle layer finds, say.
 * Valid until the workspace's next inference.  NULL, with a message that says
 * why there is none and what to do.  A node may need gradus_want_value; an
 * inference that fails leaves no values. */
const gradus_real *gradus_infer_value(const gradus_workspace *w,
                                      const gradus_node *n);

/* ======================================================================
 * 12  Model files: safetensors, with the architecture in the metadata
 * ====================================================================== */

/* Writes the graph and its parameters (8,000 of the layers above fit; far
 * more with parameters are an error): to a temporary file beside path, then
 * fsync, then rename, so that path holds the old file or the new one.  The
 * counts of passes and epochs, on which dropout, augmentation and the order
 * of the samples depend, are saved too.  A graph that is loaded thus trains
 * on as this one would with a new optimiser; what an optimiser remembers
 * (momentum) is lost, unless it is saved with gradus_save_checkpoint.
 *
 * The temporary files of programs that were killed (<path>.gradus-0.tmp, say)
 * are removed by the next save to the same path.  If only the rename fails,
 * the whole model is kept beside path (<path>.gradus-0.kept, say), and the
 * message names it.  A limit for the size of files (ulimit -f) is an error
 * like any other, not a signal. */
int gradus_save(const gradus_graph *g, const char *path);

/* Does the same but for the rename, and removes the temporary file: so that a
 * program knows before it trains for hours whether there is a folder, the
 * permission and the room to save the model in. */
int gradus_try_save(const gradus_graph *g, const char *path);

typedef struct {
    size_t max_bytes; /* of memory, see below; 0: 1 GiB */
} gradus_load_options;

/* A compiled graph from such a file.  Even a tiny file may describe a graph
 * that fills the memory; so it is an error if the graph needs more bytes for
 * batches of max_batch rows than max_bytes and 4 times what the parameters
 * take in the file. */
gradus_graph *gradus_load(const char *path, int max_batch, int threads,
                          const gradus_load_options *options);

/* Only the parameters, into a compiled graph with the same names and shapes;
 * files that others wrote will do, and PyTorch's num_batches_tracked is passed
 * over.  From a file of gradus, the counts of passes and epochs are taken as
 * well.  On error nothing has changed. */
int gradus_load_parameters(gradus_graph *g, const char *path);

/* Only those parameters, into a compiled graph, that have the same node's
 * name, the same name and the same shape in the file: for the trunk of a net
 * that gets a new head, say.  All others stay as they are.  (A head of the
 * same shape needs another name, or it is loaded, too: gradus_set_name.)  To
 * report, unless that is NULL, goes a line for each parameter of the graph,
 * and for each of the file that the graph does not have:
 *     conv1.weight loaded
 *     dense2.weight: got [10,128] in the file; must be [5,128]: kept as it was
 *     dense3.bias: not in the file: kept as it was
 *     in the file alone: dense4.bias
 * Nothing else is taken from the file, not even its counts of passes and
 * epochs.  Returns how many parameters were loaded; or -1 on error, and it is
 * an error if there is none to load.  On error nothing has changed. */
int gradus_load_matching(gradus_graph *g, const char *path, FILE *report);

/* A checkpoint is a model file, which gradus_load and
 * gradus_load_parameters read too, with all that a training needs to go on as
 * if it had never stopped: the optimiser's state, its learning rate and its
 * count of steps, and the graph's counts of passes and epochs.  gradus_fit
 * writes and reads its own (gradus_fit_options.checkpoint); these two are for
 * loops of your own.  The optimiser that loads one is made as the one that
 * saved it, for the same graph: another graph, seed, precision, optimiser or
 * setting of it is an error, and then nothing has changed.  What is set after
 * it is made (gradus_set_clip, gradus_set_group and the like, but for the
 * learning rate) is compared too, so it is set before the checkpoint is
 * loaded. */
int gradus_save_checkpoint(const gradus_optimiser *o, const char *path);
int gradus_load_checkpoint(gradus_optimiser *o, const char *path);

/* The names of the classes of the last loss over classes, which are saved with
 * the model; copied.  There must be one for each class (0 names are fine), or
 * gradus_compile and gradus_save fail.  Two classes may have the same name. */
int gradus_set_class_names(gradus_graph *g, int n, const char *const *names);
int gradus_class_count(const gradus_graph *g); /* those that have names */
const char *gradus_class_name(const gradus_graph *g, int class_id);

/* Keeps a text with the graph, which is saved with it: how it was trained,
 * say.  The key is any but an empty one or one that begins with "gradus.", and
 * both must be UTF-8.  They are copied.  A text of NULL removes the key. */
int gradus_set_metadata(gradus_graph *g, const char *key, const char *text);
/* The text of this key, or NULL; and the keys that were set, by number from 0
 * in the order in which they were set first, or NULL after the last. */
const char *gradus_metadata(const gradus_graph *g, const char *key);
const char *gradus_metadata_key(const gradus_graph *g, int i);

/* ======================================================================
 * 13  Random numbers: Philox4x32-10 (Salmon et al. 2011), by counter
 * ====================================================================== */

/* With a NULL, the functions below do nothing, or return 0.
 *
 * out = the block of four random words at this counter, under this key. */
void gradus_philox(const uint32_t counter[4], const uint32_t key[2],
                   uint32_t out[4]);

/* A stream of them.  Streams of different (seed, a, b) are independent; a, b
 * name what the numbers are for, such as epoch and sample. */
typedef struct {
    uint32_t key[2], counter[4], block[4];
    int left;
} gradus_random;

void gradus_random_init(gradus_random *r, uint64_t seed, uint32_t a,
                        uint64_t b);
uint32_t gradus_random_u32(gradus_random *r);
uint32_t gradus_random_below(gradus_random *r, uint32_t n); /* 0 if n is 0 */
double gradus_random_uniform(gradus_random *r);             /* in [0,1) */
double gradus_random_normal(gradus_random *r);              /* mean 0, var 1 */

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
