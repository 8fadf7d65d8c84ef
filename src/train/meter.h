/* meter.h -- loss and accuracy, summed up over batches. */
#ifndef GRADUS_METER_H
#define GRADUS_METER_H

#include "gradus_layer.h"

typedef struct {
    const gradus_graph *graph;
    const gradus_loss_node *classifier; /* the last loss with labels, or NULL */
    int k;                         /* of in_top_k, at least 1 */
    size_t *confusion; /* [K,K] of the classifier's K classes, or NULL: counts
                          of true class, predicted class; the caller's */
    size_t labels;     /* counted so far, without ignored ones; of these ... */
    size_t correct;    /* ... had the highest probability, and ... */
    size_t in_top_k;   /* ... were among the k highest */
    struct gradus_total *total; /* [nodes], of the losses among them */
} gradus_meter;

/* A meter at zero, for top 1 and without a confusion; -1, with a message, if
 * out of memory. */
int gradus_meter_start(gradus_meter *m, const gradus_graph *g);
void gradus_meter_reset(gradus_meter *m); /* to zero again */
void gradus_meter_free(gradus_meter *m);  /* one that is all 0 will do */

/* Adds the batch that was last run forward. */
void gradus_meter_add(gradus_meter *m);

/* The loss of all rows that were added, weighted and divided as the graph's
 * losses are. */
double gradus_meter_loss(const gradus_meter *m);

/* The part of the labels that is correct; NAN where none has counted. */
double gradus_meter_accuracy(const gradus_meter *m);

#endif
