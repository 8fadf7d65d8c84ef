/* loss_head.h -- what tests of losses over targets share. */
#ifndef LOSS_HEAD_H
#define LOSS_HEAD_H

#include <gradus_layer.h>

/* A loss over values z that are fed and want a gradient, with targets t; w are
 * row weights, or NULL. */
typedef struct {
    gradus_graph *g;
    gradus_node *z, *t, *w, *loss;
} loss_head;

/* All but the loss, for z and t of `size` values. */
loss_head loss_head_new(int size, int weighted);
void loss_head_compile(const loss_head *h, int max_batch, int threads);

/* Feeds n rows and runs forward and backward; w where there are weights. */
void loss_head_run(const loss_head *h, const gradus_real *z,
                   const gradus_real *t, const gradus_real *w, int n);

/* Forward over the n rows that are fed fails, for this reason. */
void assert_forward_fails(const loss_head *h, int n, const char *why);

#endif
