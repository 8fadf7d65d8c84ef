/* doctor_layers.h -- the values and gradients of a net's nodes, over many
 * rows. */
#ifndef DOCTOR_LAYERS_H
#define DOCTOR_LAYERS_H

#include "doctor.h"

/* The weight of a layer that has one of two axes or more, or NULL. */
const gradus_param *weight_of(const gradus_node *n);

/* The node that computes n's value, along with those between; often n. */
const gradus_node *result_of(const gradus_node *n);

/* The ReLU that follows n, or its batch normalisation; or n. */
const gradus_node *relu_of(const gradus_graph *g, const gradus_node *n);

/* What was seen of the node that computes n's value. */
const layer_seen *seen_of(const patient *p, const gradus_node *n);

/* The loss of `rows` rows whose answers do not depend on the input: of classes
 * log K, of numbers the variance of the targets.  After see_layers. */
double guess_of(const patient *p, int rows);

/* Runs the net forward and backward on samples of the rows to train on, and
 * sets p->seen, p->loss.guess and p->loss.first.  A step that fails becomes a
 * finding.  Returns -1 if memory runs out. */
int see_layers(patient *p);

#endif
