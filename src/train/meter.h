/* meter.h -- loss and accuracy, summed up over batches. */
#ifndef GRADUS_METER_H
#define GRADUS_METER_H

#include "gradus.h"

typedef struct {
    const gradus_graph *graph;
    const gradus_node *classifier; /* the last loss with labels, or NULL */
    int k;                         /* for in_top_k */
    size_t *confusion;             /* [K,K], or NULL */
    size_t labels, correct, in_top_k;
    struct gradus_total *total; /* [nodes] */
} gradus_meter;

/* A meter at zero; non-zero, with a message, if out of memory. */
int gradus_meter_start(gradus_meter *m, const gradus_graph *g);
void gradus_meter_reset(gradus_meter *m);
void gradus_meter_free(gradus_meter *m);

/* Adds the batch that was last run forward. */
void gradus_meter_add(gradus_meter *m);

double gradus_meter_loss(const gradus_meter *m);
double gradus_meter_accuracy(const gradus_meter *m); /* NAN: no labels */

#endif
