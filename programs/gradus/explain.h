/* explain.h -- what gradus explain finds in one training step of a net.
 *
 * explain.c has the command.  Of one number, explain_find.c finds which it is,
 * explain_terms.c where its gradient comes from, and explain_numeric.c the
 * numeric derivative.  The others print that: explain_row.c the rows,
 * explain_loss.c the loss, explain_words.c the nodes, explain_number.c one
 * number, and explain_json.c all of it as JSON. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "images.h"
#include "rows.h"

#include "gradus_layer.h"

/* The smallest of some numbers, their mean, the largest of them, and which
 * part of them, 0 to 1, is 0; and the place of the first that is the smallest,
 * or the largest. */
typedef struct {
    double min, mean, max, zeros;
    size_t min_at, max_at;
} spread;

/* What one row of the batch, at one place, contributes to the gradient of a
 * parameter: dy times x, where dy is that of the node's value. */
typedef struct {
    int row;            /* of the batch, from 0 */
    size_t at;          /* the number of dy in its row */
    const gradus_node *from; /* of which x is a number; NULL: x is 1 */
    size_t from_at;     /* its number in its row */
    double dy, x;
} term;

/* One entry w of a parameter, and where its gradient comes from. */
typedef struct {
    const gradus_node *node;   /* NULL: none was asked for */
    const gradus_param *param;
    size_t entry;
    double gradient;           /* dL/dw, by backward */
    double numeric;            /* (L(w + h) - L(w - h)) / 2h, h = 1e-6 */
    double left, right;        /* (L(w) - L(w - h)) / h and
                                  (L(w + h) - L(w)) / h */
    term *term;                /* [n], owned; the largest first */
    size_t n;
    double sum;                /* of the terms */
} derivation;

typedef struct {
    model m;
    source s;
    const gradus_dataset *d;   /* of s */
    size_t first;              /* the batch is rows first .. first+rows-1 of */
    int rows;                  /* d */
    int *index;                /* [rows], these numbers, owned */
    paths files;               /* of a folder of images, in the order of d */
    gradus_graph *g;           /* the net, after a step forward and back */
    derivation of;
} explanation;

/* ---- explain.c ---------------------------------------------------------- */

spread spread_of(const gradus_real *v, size_t n);

/* The value of n and its gradient over the batch.  Returns 0 where there is
 * none: of labels, or of what wants no gradient. */
int value_spread(const explanation *e, const gradus_node *n, spread *s);
int gradient_spread(const explanation *e, const gradus_node *n, spread *s);

/* The loss of the net. */
const gradus_loss_node *loss_of(const explanation *e);

/* What the loss compares y[k] with, in row i of the batch: of classes, their
 * weight is a factor. */
double target_of(const gradus_loss_node *l, int i, int k);

/* D, by which the loss and its gradient are divided. */
double divisor_of(const gradus_loss_node *l);

/* ---- the other files ---------------------------------------------------- */

/* Finds the entry that a text such as dense1.weight:3,17 names.  Returns 0, or
 * -1 with a message on stderr. */
int find_entry(derivation *d, const gradus_graph *g, const char *text);

/* Finds its numeric derivatives.  To be called before the first backward, as
 * each changes what dropout draws.  Returns 0, or -1 with a message in
 * gradus_error. */
int differentiate(explanation *e);

/* Finds the terms of its gradient over the batch of g, which has gone forward
 * and back.  Returns 0, or -1 with a message on stderr. */
int find_terms(derivation *d, int rows);

/* Which rows they are, in a line; and what is in the row, if it is one. */
void print_title(const explanation *e);
void print_row(const explanation *e);
void print_loss(const explanation *e);

/* Prints how number k of the gradient at the operand of the loss comes about,
 * in row i of the batch. */
void print_loss_gradient(const explanation *e, int i, int k);

/* Prints a step, or one entry. */
void print_step(const explanation *e);
void print_entry(const explanation *e);
int print_explanation_json(const explanation *e);

#endif
