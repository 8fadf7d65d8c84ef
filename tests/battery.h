/* battery.h -- the checks that every layer and every loss has to pass.
 *
 * A row of the battery is a layer in one of its settings.  A new layer is
 * tested by a new row in battery_rows.c; its own test file then holds what is
 * peculiar to it: its definition worked by hand, planted bugs, refusals. */
#ifndef BATTERY_H
#define BATTERY_H

#include <gradus_layer.h>

typedef enum {
    GRADIENTS, /* those of central differences, for a dense and a sparse dy */
    ALONE,     /* a row's value and gradient do not depend on its batch */
    THREADS,   /* a step has the same bits on 1 to 4 threads, by hand too */
    INFERENCE, /* gradus_infer has the values of gradus_evaluate */
    TWICE,     /* a second backward gives the gradients of the first */
    ADDING,    /* gradus_backward_add adds to the parameters' gradients */
    SAVED,     /* a model file holds the layer, its settings and values */
    NANS,      /* a NaN in x never passes in silence, and changes nothing */
    NAMED,     /* the message names the NaN's row, and x or the layer */
    CHECKS
} battery_check;

typedef enum { NUMBERS, PIXELS, TOKENS } battery_data;

enum { BATTERY_TOKENS = 5 }; /* tokens are 0 to 4 */

typedef struct {
    const char *name;
    /* The node under test, made of x (and of more nodes of its graph). */
    gradus_node *(*build)(gradus_node *x);
    int rank, shape[3];  /* of x: an input if the rank is 1, else an image */
    battery_data data;   /* what x is fed */
    int labels;          /* labels are 0 to labels - 1 */
    int rows;            /* of a batch; 0: 300 */
    int no_gradient;     /* x wants none: a first layer */
    const char *why_not[CHECKS]; /* the reason for leaving a check out */
} battery_row;

extern const battery_row battery_rows[];
int battery_count(void);

/* "gradients", "threads" .. */
const char *battery_check_name(battery_check check);

/* Why this row leaves this check out, or NULL if it does not. */
const char *battery_why_not(const battery_row *row, battery_check check);

/* How many rows do not, and the n-th of them. */
int battery_takers(battery_check check);
const battery_row *battery_nth(int n, battery_check check);

/* NULL if the row passes the check, and else what is wrong, valid until the
 * next call. */
const char *battery_fault(const battery_row *row, battery_check check);

/* Is the row's node of this op, or one that its data come from? */
int battery_covers(const battery_row *row, const gradus_op *op);

#endif
