/* probe.h -- nodes and comparisons that the tests of layers share.
 *
 * A probe is a loss whose gradient is known: it gives the node that it is put
 * on any dy that a test chooses. */
#ifndef PROBE_H
#define PROBE_H

#include <gradus_layer.h>

/* The loss L = sum c[i,k] x[i,k] over the rows of the batch, so that dx = c.
 * c [rows fed,size] is borrowed, and has one row for each row that is fed. */
gradus_node *probe(gradus_node *x, const double *c);

/* D, the number by which the loss divided its last batch. */
double probe_divisor(const gradus_node *loss);

/* An input of any shape, fed by gradus_feed. */
gradus_node *probe_values(gradus_graph *g, int rank, const int *shape);

/* Copies n's op into *own and makes *own the op of n, so that the caller can
 * plant a bug in it.  Returns the right op. */
const gradus_op *probe_plant(gradus_node *n, gradus_op *own);

/* Fills v with n numbers in [-1,1), which are the same for the same seed.  No
 * number is nearer to 0 than 0.01, since relu has no gradient at 0. */
void probe_fill(gradus_real *v, size_t n, uint64_t seed);
void probe_fill_double(double *v, size_t n, uint64_t seed);

/* Asserts that each of the n numbers differs from the expected one by at most
 * tolerance (1 + |expected|). */
void assert_near(const gradus_real *v, const double *expected, size_t n,
                 double tolerance);

/* The relative error that rounding may cause: 2e-6 for floats, 1e-12 for
 * doubles. */
double rounding(void);

/* The result of gradus_check_gradients over n rows: at most 1 if the gradients
 * are right. */
double probe_gradients(gradus_graph *g, int n);
/* Where the last probe_gradients found the largest difference. */
const char *probe_worst(void);

/* Asserts that the gradient check passes n's graph as it is, and fails it once
 * n's op is replaced by `wrong`, a copy of that op with a planted bug. */
void probe_assert_caught(gradus_node *n, const gradus_op *wrong, int rows);

#endif
