/* softmax_head.h -- a softmax_ce over logits that are fed, for its tests. */
#ifndef SOFTMAX_HEAD_H
#define SOFTMAX_HEAD_H

#include <gradus_layer.h>

typedef struct {
    gradus_graph *g;
    gradus_node *z, *t, *w, *loss; /* w: row weights, or NULL */
} softmax_head;

enum { HEAD_ROWS = 128 }; /* the largest batch */

/* Logits of a shape, and labels at so many positions, or targets of the same
 * shape where positions is 0; with row weights where `weighted`.  Compiled. */
softmax_head new_head(int rank, const int *shape, int positions, int weighted,
                      gradus_softmax_ce_options options);

/* The usual one: K classes, one label a row. */
softmax_head new_classifier(int K, gradus_softmax_ce_options options);

/* Feeds z and labels, of n rows, and runs forward and backward. */
void run_labels(const softmax_head *h, const gradus_real *z,
                const int32_t *labels, int n);
/* The same with targets. */
void run_targets(const softmax_head *h, const gradus_real *z,
                 const gradus_real *targets, int n);

#endif
