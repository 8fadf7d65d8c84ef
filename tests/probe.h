/* probe.h -- nodes and comparisons that the tests of layers share. */
#ifndef PROBE_H
#define PROBE_H

#include <gradus_layer.h>

/* The loss L = sum c[i,k] x[i,k] over the rows of the batch, so that dx = c.
 * c is borrowed, and has a row for each that is fed. */
gradus_node *probe(gradus_node *x, const double *c);

/* D, by which a loss divided its last batch. */
double probe_divisor(const gradus_node *loss);

/* An input of any shape, fed by gradus_feed. */
gradus_node *probe_values(gradus_graph *g, int rank, const int *shape);

/* Gives n an op of its own for the caller to plant a bug in; returns the right
 * one. */
const gradus_op *probe_plant(gradus_node *n, gradus_op *own);

/* n numbers in [-1,1), the same for the same seed, none nearer to 0 than 0.01:
 * there relu has no gradient to check. */
void probe_fill(gradus_real *v, size_t n, uint64_t seed);
void probe_fill_double(double *v, size_t n, uint64_t seed);

/* Each of the n numbers within tolerance (1 + |expected|). */
void assert_near(const gradus_real *v, const double *expected, size_t n,
                 double tolerance);

/* What rounding may amount to: 2e-6 in a float, 1e-12 in a double. */
double rounding(void);

/* gradus_check_gradients over n rows, and where it was worst, for messages. */
double probe_gradients(gradus_graph *g, int n);
const char *probe_worst(void);

/* The check passes n's graph as it is, and fails it where `wrong`, a copy of
 * n's op with a bug planted in it, is in that op's place. */
void probe_assert_caught(gradus_node *n, const gradus_op *wrong, int rows);

#endif
