/* softmax_head.h -- a graph that is nothing but a softmax_ce of logits that
 * are fed, for the tests of softmax_ce. */
#ifndef SOFTMAX_HEAD_H
#define SOFTMAX_HEAD_H

#include <gradus_layer.h>

typedef struct {
    gradus_graph *g;
    gradus_node *z;    /* logits */
    gradus_node *t;    /* labels, or targets of the shape of z */
    gradus_node *w;    /* row weights [B], or NULL */
    gradus_node *loss;
} softmax_head;

enum { HEAD_ROWS = 128 }; /* the largest batch */

/* Makes and compiles a graph with logits of this shape.  Labels are given at
 * `positions` positions of each row; if positions is 0, there are targets of
 * the logits' shape instead.  `weighted`: non-zero for row weights. */
softmax_head new_head(int rank, const int *shape, int positions, int weighted,
                      gradus_softmax_ce_options options);

/* The same for logits [B,K] and one label a row. */
softmax_head new_classifier(int K, gradus_softmax_ce_options options);

/* Feeds n rows of logits and labels, and runs forward and backward. */
void run_labels(const softmax_head *h, const gradus_real *z,
                const int32_t *labels, int n);
/* Feeds n rows of logits and targets, and runs forward and backward. */
void run_targets(const softmax_head *h, const gradus_real *z,
                 const gradus_real *targets, int n);

/* Asserts that the loss of the last forward is right to 4e-7 (1 + |loss|). */
void assert_loss(const softmax_head *h, double expected);

#endif
