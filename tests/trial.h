/* trial.h -- a row of the battery turned into a graph with data, for one
 * check.
 *
 * Functions that return an int return 0, or -1 after trial_wrong has noted
 * what is wrong. */
#ifndef TRIAL_H
#define TRIAL_H

#include "battery.h"
#include "tests.h"

enum { TRIAL_NODES = 64 }; /* the largest number of nodes in a graph */

/* The loss that is put on y, the row's node, unless that is a loss itself.
 * Probes are explained in probe.h. */
typedef enum {
    DENSE,  /* a probe on y, and one on x, so that dx is a sum of two terms */
    SPARSE, /* the same, but only every fifth number of dy is not 0 */
    ONE,    /* a probe on y alone */
    MSE     /* gradus_mse, which a model file can hold; x wants no gradient */
} trial_tail;

typedef struct {
    const battery_row *row;
    trial_tail behind;
    int rows;
    gradus_graph *g;
    gradus_node *x, *y, *loss;
    void *data[TRIAL_NODES]; /* what each data node is fed, by node number */
    gradus_optimiser *sgd;       /* NULL if there are no parameters */
    gradus_workspace *workspace; /* NULL unless `behind` is MSE */
} trial;

/* Notes what is wrong.  Returns -1 always. */
__attribute__((format(printf, 1, 2)))
int trial_wrong(const char *format, ...);
/* What trial_wrong noted last. */
const char *trial_fault(void);

/* Calls the library in a function that returns an int.  If the call fails, the
 * function notes the library's message and returns -1. */
#define TRY(call)                                                           \
    do {                                                                    \
        if (call)                                                           \
            return trial_wrong("%s: %s", #call, gradus_error());            \
    } while (0)

/* A new trial, without a graph.  trial_free_all frees it. */
trial *trial_new(const battery_row *row, trial_tail behind, int rows);
/* Zeroed memory for n things of `size` bytes.  trial_free_all frees it. */
void *trial_hold(size_t n, size_t size);
void trial_free_all(void);

/* Makes the row's graph, without a loss on its node, and does not compile
 * it. */
int trial_draw(trial *t);

/* Makes the whole graph, compiles it, fills its weights and biases and feeds
 * its data, with the same numbers every time. */
int trial_begin(trial *t, int threads);
int trial_feed(trial *t);

/* Runs forward and backward. */
int trial_run(const trial *t, const int *index, int rows);

/* Takes a step on all rows.  Without parameters, runs forward and backward. */
int trial_step(const trial *t);

/* ---- comparisons: -1 if the numbers differ --------------------------- */

/* Compares v [n] with factor * expected [n], allowing for rounding. */
int trial_other_numbers(const gradus_real *v, const gradus_real *expected,
                        size_t n, double factor, const char *what);
/* Compares v [n] with expected [n] bit by bit. */
int trial_other_bits(const gradus_real *v, const gradus_real *expected,
                     size_t n, const char *what);

/* The arrays that hold the results of a batch. */
enum { Y, DX, GRADIENT, PARAMETER, TRIAL_KINDS };

typedef struct {
    gradus_real *v[TRIAL_KINDS];
    size_t n[TRIAL_KINDS]; /* how many numbers each array has */
} trial_results;

/* The results where the graph keeps them, or a copy of them. */
trial_results trial_look(const trial *t);
trial_results trial_copy(const trial *t);

/* Compares the results of t with r bit by bit, leaving out dx if either has
 * none. */
int trial_other_results(const trial *t, const trial_results *r);

#endif
