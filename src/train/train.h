/* train.h -- what gradus_fit and gradus_evaluate share: feeding a dataset,
 * summing up loss and accuracy, keeping track of the best epoch, and the
 * log. */
#ifndef GRADUS_TRAIN_H
#define GRADUS_TRAIN_H

#include "graph/graph.h"

/* ----- feed.c: lends the arrays of a dataset to a graph for a while ------ */

/* How many fields of a dataset there are: one for each kind of node, and the
 * targets.  None belongs to nodes that compute their value. */
enum { GRADUS_FIELDS = GRADUS_KIND_WEIGHTS + 2 };

/* What the data nodes of a graph were fed before a dataset was fed to them. */
typedef struct {
    gradus_node *node[GRADUS_FIELDS]; /* the node that takes each field, or
                                         NULL */
    gradus_fed fed[GRADUS_FIELDS];    /* what that node was fed before */
    gradus_graph *named; /* the graph, if the dataset gave it its class names;
                            else NULL */
    uint64_t passes;     /* how many backward passes it had made by then */
} gradus_fed_before;

/* Feeds the arrays of d to the graph's data nodes, and stores in *before,
 * which must be all zero, what these nodes were fed until then.  The arrays
 * stay the caller's.  Returns 0; or -1 with a message, and then the nodes are
 * still fed what they were fed before. */
int gradus_feed_dataset(gradus_graph *g, const gradus_dataset *d,
                        gradus_fed_before *before);

/* The same for data to train on.  A graph that has no class names is given
 * those of d, if d has one for each class of the graph. */
int gradus_feed_training(gradus_graph *g, const gradus_dataset *d,
                         gradus_fed_before *before);

/* Feeds the nodes again what they were fed before, and takes class names back
 * if no backward pass has followed; does nothing if *before is all zero. */
void gradus_feed_restore(const gradus_fed_before *before);

/* The number of rows that the data nodes have been fed, which must be the same
 * for all; -1, with a message, if it is not or if nothing was fed. */
int gradus_fed_rows(const gradus_graph *g);

/* ----- meter.c: sums up loss and accuracy over batches ------------------- */

/* The totals of one loss over many batches: the sum of its rows' losses,
 * neither weighted nor divided, and the sum of the batches' divisors D. */
typedef struct {
    double sum, divisor;
} gradus_total;

/* The sums over all batches since the meter was started or reset.  The meter
 * owns `total`; the graph and the confusion matrix are the caller's.  Ignored
 * labels count nowhere. */
typedef struct {
    const gradus_graph *graph;
    const gradus_loss_node *classifier; /* the last loss over classes that
                                           takes labels, or NULL */
    int k;             /* the k of top-k accuracy, at least 1 */
    size_t *confusion; /* [K,K] of the classifier's K classes, or NULL: how
                          many labels there were of each true class (row) and
                          each predicted class (column) */
    size_t labels;     /* how many labels were counted */
    size_t correct;    /* how many of them had the highest probability */
    size_t in_top_k;   /* how many were among the k most probable classes */
    gradus_total *total; /* [nodes of the graph]; only the elements of losses
                            are used */
} gradus_meter;

/* Starts a meter with all sums and the confusion matrix 0.  Returns 0, or
 * -1 with a message if out of memory. */
int gradus_meter_start(gradus_meter *m, const gradus_graph *g,
                       const gradus_evaluate_options *o);
/* Sets the sums to 0 again, but not the confusion matrix. */
void gradus_meter_reset(gradus_meter *m);
/* Frees what the meter owns; does nothing if the meter is all zero. */
void gradus_meter_free(gradus_meter *m);

/* Adds the batch at hand, which the last forward has computed.  Returns 0, or
 * -1 with a message if an exchange fails. */
int gradus_meter_add(gradus_meter *m);

/* After the last batch, adds up what each rank has counted in the confusion
 * matrix.  Returns 0, or -1 with a message. */
int gradus_meter_unite(gradus_meter *m);

/* What the sums come to: the loss over all rows that were added, weighted and
 * divided as the graph's losses are, and accuracies from 0 to 1, which are NAN
 * if no label was counted. */
gradus_metrics gradus_meter_read(const gradus_meter *m);

/* ----- best.c: the epoch with the lowest validation loss ----------------- */

/* What is known after each validated epoch of one call of gradus_fit.  A loss
 * is that of the whole validation data, as gradus_evaluate computes it. */
typedef struct {
    int epoch;   /* the best epoch so far, from 0; -1 if there is none */
    double loss; /* the loss of that epoch, the lowest so far; at first
                    infinite */
    double mark; /* a loss: patience counts an epoch as progress if its loss is
                    lower than this by more than min_delta; at first
                    infinite */
    int waited;  /* epochs since the last progress */
    gradus_real *theta; /* [parameters], owned: a copy of the best epoch's
                           parameters if they are to be restored; else NULL */
} gradus_best;

/* Checks the options of early stopping, and allocates theta if restore_best is
 * set.  Returns 0, or -1 with a message and nothing to free. */
int gradus_best_start(gradus_best *b, const gradus_graph *g,
                      const gradus_fit_options *o);

/* Notes the validation loss of an epoch, whose parameters are those that the
 * graph has now.  Returns true when patience has run out. */
bool gradus_best_note(gradus_best *b, const gradus_graph *g,
                      const gradus_fit_options *o, int epoch, double loss);

/* Restores the best epoch's parameters if restore_best is set and an epoch was
 * validated, sets *o->best_epoch if that is wanted, and frees theta. */
void gradus_best_end(gradus_best *b, gradus_graph *g,
                     const gradus_fit_options *o);

/* ----- log.c: a CSV file with a line for each epoch ---------------------- */

/* A log that is being written, or none.  The path is the caller's string; the
 * log owns the file descriptor. */
typedef struct {
    const char *path; /* NULL if nothing is to be logged */
    int fd;           /* open for appending, or -1 */
} gradus_log;

/* Creates the file of this name, or opens it for appending if it is such a log
 * already; if path is NULL, later calls write nothing.  Returns 0, or -1 with
 * a message; the log is closed by the caller in either case. */
int gradus_log_open(gradus_log *l, const char *path);

/* Appends the line of an epoch, whose number `epoch` counts from 1 over all
 * calls of gradus_fit for the graph.  A NaN becomes an empty field.  Returns
 * 0, or -1 with a message. */
int gradus_log_write(gradus_log *l, uint64_t epoch, double learning_rate,
                     const gradus_epoch *e);

/* The size of the log in bytes; 0 if it is no regular file, or not open. */
size_t gradus_log_size(const gradus_log *l);

/* Cuts a log that is longer to this size, unless that is 0.  Returns 0, or -1
 * with a message. */
int gradus_log_cut(gradus_log *l, size_t size);

/* Closes the file; does nothing if it is not open. */
void gradus_log_close(gradus_log *l);

/* ----- fit.c: one call of gradus_fit ------------------------------------- */

/* The state of one call of gradus_fit, which owns order, meter, best and log;
 * the optimiser and its graph are the caller's. */
typedef struct {
    gradus_optimiser *o;
    gradus_graph *g;
    gradus_fit_options options; /* with the defaults filled in */
    int n;                      /* rows that are fed; 0 with options.next */
    int *order;                 /* [n], the rows in the order of this epoch */
    gradus_meter meter;         /* loss and accuracy of this epoch so far */
    gradus_best best;           /* of all epochs so far */
    gradus_log log;
    gradus_fed_before before;
    gradus_progress p; /* what the callback sees; p.epoch and p.batch are also
                          the counters of the loops */
    uint64_t step;     /* the number of the next step, from 0 in this call */
    double rate;       /* the learning rate of the last step */
    double start;      /* when this epoch began, in seconds, see gradus_now */
    char warning[512]; /* what the callback has yet to be told, or "" */
    bool stopped;      /* the callback has stopped the training */
    bool finished;     /* patience has run out */
    bool in_epoch;     /* the epoch that comes next has begun already, before
                          the training was resumed */
    double saved;      /* when the last checkpoint was written, in seconds */
    size_t log_size;   /* bytes of the log when that was written */
    char data[20];     /* a hash of the data, for checkpoints */
} gradus_fit_state;

/* ----- replay.c: the step that has failed -------------------------------- */

/* Removes an older replay file at the path, refuses any other file that is
 * there, and tries whether a file can be written.  Returns 0, or -1 with a
 * message. */
int gradus_replay_begin(const gradus_graph *g, const char *path);

/* Writes the step of the batch at hand, of `rows` rows, to a replay file, and
 * adds to the error message, which is that of the step, where it is. */
void gradus_replay_write(const gradus_graph *g, int rows, const char *path);

/* ----- together.c: what ranks agree on; 0, or -1 with a message ---------- */

/* Sets f->data to a hash of what is fed. */
void gradus_hash_data(gradus_fit_state *f);

/* Do all ranks train the same on the same data?  status is that of what this
 * rank has done before. */
int gradus_compare_training(gradus_fit_state *f, int status);

/* Has `next` fed all ranks as many rows?  A number below 0 is an error. */
int gradus_agree_on_rows(gradus_fit_state *f, int rows);

/* Has options.learning_rate given all ranks the same?  status is as above. */
int gradus_agree_on_rate(gradus_fit_state *f, int status);

/* If any rank is to stop, all are. */
int gradus_agree_to_stop(gradus_fit_state *f);

/* Have all ranks the same parameters?  status is as above. */
int gradus_compare_weights(const gradus_fit_state *f, int status);

/* ----- options.c --------------------------------------------------------- */

/* Checks the options but for those of early stopping, fills in the defaults,
 * and resets the outputs best_epoch and history.  Returns 0, or -1 with a
 * message. */
int gradus_settle_options(gradus_fit_options *o, int max_batch);

/* ----- resume.c: the checkpoints of gradus_fit --------------------------- */

/* Reads the checkpoint that is to be resumed, or writes the first.  To be
 * called when the training could begin.  Returns 0, or -1 with a message. */
int gradus_resume(gradus_fit_state *f);

/* Writes a checkpoint if one is due after this batch, or, with `always`, in
 * any case.  If that fails, the callback will be warned. */
void gradus_checkpoint(gradus_fit_state *f, bool always);

#endif
