/* trial.h -- a row of the battery made a graph, for one check.
 *
 * Functions that return an int return 0, or -1 after trial_wrong has said what
 * is wrong. */
#ifndef TRIAL_H
#define TRIAL_H

#include "battery.h"
#include "tests.h"

enum { TRIAL_NODES = 64 }; /* the most that a graph may have */

/* The loss behind the row's node, unless it is a loss itself. */
typedef enum {
    DENSE,  /* a probe of dy, and one of x, so that its gradient is a sum */
    SPARSE, /* the same, with a dy that is 0 but for each fifth number */
    ONE,    /* a probe of dy alone */
    MSE     /* what a model file can hold; x then wants no gradient */
} trial_tail;

typedef struct {
    const battery_row *row;
    trial_tail behind;
    int rows;
    gradus_graph *g;
    gradus_node *x, *y, *loss;
    void *data[TRIAL_NODES]; /* what each data node is fed */
    gradus_optimiser *sgd;       /* where there are parameters */
    gradus_workspace *workspace; /* where behind is MSE */
} trial;

/* Sets what is wrong.  Always -1. */
__attribute__((format(printf, 1, 2)))
int trial_wrong(const char *format, ...);
const char *trial_fault(void); /* what was wrong last */

/* In a function that returns an int: a call of the library that has to
 * succeed. */
#define TRY(call)                                                           \
    do {                                                                    \
        if (call)                                                           \
            return trial_wrong("%s: %s", #call, gradus_error());            \
    } while (0)

/* What these two return is freed by trial_free_all. */
trial *trial_new(const battery_row *row, trial_tail behind, int rows);
void *trial_hold(size_t n, size_t size); /* zeroed */
void trial_free_all(void);

/* The row's graph, not compiled, without the loss behind the node. */
int trial_draw(trial *t);

/* The whole graph, compiled, its parameters and biases filled, its data fed,
 * the same ones every time. */
int trial_begin(trial *t, int threads);
int trial_feed(trial *t);

/* Forward and backward. */
int trial_run(const trial *t, const int *index, int rows);

/* A step of all rows; without parameters, all of it but the update. */
int trial_step(const trial *t);

/* ---- comparisons: -1 where the numbers are others -------------------- */

/* v is not factor * expected, but for rounding. */
int trial_other_numbers(const gradus_real *v, const gradus_real *expected,
                        size_t n, double factor, const char *what);
int trial_other_bits(const gradus_real *v, const gradus_real *expected,
                     size_t n, const char *what);

/* What a batch leaves behind, in place or copied. */
enum { Y, DX, GRADIENT, PARAMETER, TRIAL_KINDS };

typedef struct {
    gradus_real *v[TRIAL_KINDS];
    size_t n[TRIAL_KINDS];
} trial_results;

trial_results trial_look(const trial *t);
trial_results trial_copy(const trial *t);

/* t's bits are not these; dx is left out where one of them has none. */
int trial_other_results(const trial *t, const trial_results *r);

#endif
