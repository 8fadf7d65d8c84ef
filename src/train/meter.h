/* meter.h -- a meter sums up loss and accuracy over batches. */
#ifndef GRADUS_METER_H
#define GRADUS_METER_H

#include "gradus_layer.h"

/* The sums over all batches since the meter was started or reset.  The meter
 * owns `total`; the graph and the confusion matrix are the caller's.  Ignored
 * labels count nowhere. */
typedef struct {
    const gradus_graph *graph;
    const gradus_loss_node *classifier; /* the last loss over classes that
                                           takes labels, or NULL */
    int k;             /* the k of top-k accuracy, at least 1 */
    size_t *confusion; /* [K,K] of the classifier's K classes, or NULL: how
                          many labels there were of each true class (row) and
                          each predicted class (column) */
    size_t labels;     /* how many labels were counted */
    size_t correct;    /* how many of them had the highest probability */
    size_t in_top_k;   /* how many were among the k most probable classes */
    struct gradus_total *total; /* [nodes of the graph]; only the elements of
                                   losses are used */
} gradus_meter;

/* Starts a meter with all sums 0, with k = 1 and without a confusion matrix.
 * Returns 0, or -1 with a message if out of memory. */
int gradus_meter_start(gradus_meter *m, const gradus_graph *g);
/* Sets the sums to 0 again, but not the confusion matrix. */
void gradus_meter_reset(gradus_meter *m);
/* Frees what the meter owns; does nothing if the meter is all zero. */
void gradus_meter_free(gradus_meter *m);

/* Adds the batch at hand, which the last forward has computed. */
void gradus_meter_add(gradus_meter *m);

/* The loss over all rows that were added, weighted and divided as the graph's
 * losses are. */
double gradus_meter_loss(const gradus_meter *m);

/* The accuracy, correct / labels, from 0 to 1; NAN if no label was counted. */
double gradus_meter_accuracy(const gradus_meter *m);

#endif
