/* battery.h -- the checks that every layer and every loss must pass.
 *
 * The battery is a table of layers and losses, each row with one choice of
 * settings, and a list of checks that every row goes through.  A new layer is
 * tested by adding a row to battery_rows.c.  Its own test file then holds only
 * what is peculiar to it: cases worked by hand, planted bugs that the gradient
 * check must catch, and refused arguments. */
#ifndef BATTERY_H
#define BATTERY_H

#include <gradus_layer.h>

typedef enum {
    GRADIENTS, /* gradients equal central differences, for a dense and for a
                  sparse dy */
    ALONE,     /* a row's value and gradient do not depend on the other rows of
                  its batch */
    THREADS,   /* a step gives the same bits on 1 to 4 threads, whether taken
                  by gradus_train_step or by hand */
    INFERENCE, /* gradus_infer gives the values of gradus_evaluate */
    TWICE,     /* a second backward gives the gradients of the first */
    ADDING,    /* gradus_backward_add adds to the parameters' gradients */
    SAVED,     /* a model file keeps the layer, its settings and parameters */
    NANS,      /* a NaN or inf in x is always reported, and changes nothing */
    NAMED,     /* the message names its row, and x or the layer */
    CHECKS     /* the number of checks */
} battery_check;

typedef enum { NUMBERS, PIXELS, TOKENS } battery_data;

enum { BATTERY_TOKENS = 5 }; /* tokens are 0 to 4 */

typedef struct {
    const char *name;
    /* Makes the node under test from x; it may add more nodes to x's graph. */
    gradus_node *(*build)(gradus_node *x);
    int rank, shape[3];  /* the shape of x: an input if the rank is 1, else an
                            image [channels,height,width] */
    battery_data data;   /* what x is fed */
    int labels;          /* how many classes: labels are 0 to labels - 1 */
    int rows;            /* rows in a batch; 0 means 300 */
    int no_gradient;     /* non-zero: x wants no gradient, as before a first
                            layer */
    const char *why_not[CHECKS]; /* for each check that this row leaves out,
                                    the reason; else NULL */
} battery_row;

extern const battery_row battery_rows[];
int battery_count(void);

/* The check's name in messages, such as "gradients" or "threads". */
const char *battery_check_name(battery_check check);

/* Why this row leaves this check out, or NULL if it goes through it. */
const char *battery_why_not(const battery_row *row, battery_check check);

/* How many rows go through this check. */
int battery_row_count(battery_check check);
/* The n-th of the rows that go through this check, counted from 0. */
const battery_row *battery_nth(int n, battery_check check);

/* NULL if the row passes the check, else what is wrong, valid until the next
 * call. */
const char *battery_fault(const battery_row *row, battery_check check);

/* Does the row test this op, either as its own node or as a node that feeds
 * data to it? */
int battery_covers(const battery_row *row, const gradus_op *op);

#endif
