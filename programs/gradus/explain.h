/* explain.h -- what gradus explain finds in one training step of a net.
 *
 * explain.c has the command.  Of one number, explain_find.c finds which it is,
 * explain_terms.c where the gradient of a parameter comes from, explain_back.c
 * that of a node's value, and explain_numeric.c the numeric derivative.  The
 * others print that: explain_row.c the rows, explain_loss.c the loss,
 * explain_words.c the nodes, explain_number.c one number, and explain_json.c
 * all of it as JSON. */
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

/* What a number of a node's dy contributes to a gradient: dy times x.  To that
 * of a parameter, x is what the parameter was multiplied by.  To that of a
 * node's value, x is the derivative of the number of y, which is a weight in
 * some layers. */
typedef struct {
    const gradus_node *of;   /* whose dy it is; of a loss, dy is its weight */
    int row;                 /* of the batch, from 0 */
    size_t at;               /* the number of dy in its row */
    const gradus_node *from; /* of whose value x is a number, or NULL */
    const gradus_param *weight; /* of which x is a number, or NULL */
    size_t from_at;          /* the number of either, in its row */
    double dy, x;
} term;

/* One number v, and where its gradient comes from: an entry of a parameter, or
 * a number of a node's value in one row. */
typedef struct {
    const gradus_node *node;   /* NULL: none was asked for */
    const gradus_param *param; /* of the node; NULL: its value */
    int row;                   /* of the batch, if it is a value */
    size_t entry;              /* of the parameter, or of the value's row */
    const gradus_node *dropout; /* that uses the value, or NULL, */
    double kept;               /* and what it multiplies it by */
    double gradient;           /* dL/dv, by backward */
    double numeric;            /* (L(v + h) - L(v - h)) / 2h, h = 1e-6 */
    double left, right;        /* (L(v) - L(v - h)) / h and
                                  (L(v + h) - L(v)) / h */
    term *term;                /* [n], owned; those of one node's dy together,
                                  the largest first */
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

/* Finds the entry of a parameter that a text such as dense1.weight:3,17 names,
 * or the number of a node that one such as dense1:3 or, in row 7 of a batch,
 * 7:dense1:3 names.  Returns 0, or -1 with a message on stderr. */
int find_entry(explanation *e, const char *text);
int find_number(explanation *e, const char *text);

/* The number v. */
gradus_real *number_of(const derivation *d);

/* Finds its numeric derivatives.  To be called before the first backward, as
 * each changes what dropout draws.  Returns 0, or -1 with a message in
 * gradus_error. */
int differentiate(explanation *e);

/* Finds the terms of its gradient over the batch, which has gone forward and
 * back.  Returns 0, or -1 with a message on stderr. */
int find_terms(explanation *e);

/* Those of a number of a node's value, in no order. */
int find_terms_back(explanation *e);

/* Appends a term, and sets its dy.  Returns 0, or -1 with a message on
 * stderr. */
int add_term(derivation *d, term t);

/* Says that gradients of this op are not known here.  Returns -1. */
int refuse_op(const gradus_node *n);

/* Which rows they are, in a line; and what is in the row, if it is one. */
void print_title(const explanation *e);
void print_row(const explanation *e);
void print_loss(const explanation *e);

/* How number k of the gradient at the operand of the loss comes about, in row
 * i of the batch: its value, the equation, and what that has from the loss. */
double loss_gradient(const gradus_loss_node *l, int i, int k);
void print_loss_gradient(const explanation *e, int i, int k);
void print_loss_legend(const explanation *e, int i);

/* Prints a step, or one number. */
void print_step(const explanation *e);
void print_number(const explanation *e);
int print_explanation_json(const explanation *e);

#endif
