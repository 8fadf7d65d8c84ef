/* loss_head.h -- a graph that is nothing but a loss, for the tests of losses
 * that take targets. */
#ifndef LOSS_HEAD_H
#define LOSS_HEAD_H

#include <gradus_layer.h>

/* A loss of z, which is fed and wants a gradient, with the targets t. */
typedef struct {
    gradus_graph *g;
    gradus_node *z, *t; /* [B,size] */
    gradus_node *w;     /* row weights [B], or NULL */
    gradus_node *loss;
} loss_head;

/* Makes everything but the loss.  `weighted`: non-zero for row weights. */
loss_head loss_head_new(int size, int weighted);
void loss_head_compile(const loss_head *h, int max_batch, int threads);

/* Feeds n rows of z and t, and of w if there are row weights, and runs forward
 * and backward. */
void loss_head_run(const loss_head *h, const gradus_real *z,
                   const gradus_real *t, const gradus_real *w, int n);

/* Asserts that forward over the n rows that were fed fails, and that its
 * message contains `why`. */
void assert_forward_fails(const loss_head *h, int n, const char *why);

#endif
