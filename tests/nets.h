/* nets.h -- a small classifier and its data, for tests of all that is around
 * the layers.  What goes wrong in here fails the test. */
#ifndef NETS_H
#define NETS_H

#include <gradus_layer.h>

/* x -> dense -> relu -> dense -> softmax_ce, compiled. */
typedef struct {
    gradus_graph *g;
    gradus_node *x, *t, *dense, *relu, *z, *loss;
} net;

/* From `in` values over `hidden` units to `classes`. */
net net_new(uint64_t seed, const int sizes[3], int max_batch, int threads);
void net_free(net *n);
void net_feed(const net *n, const gradus_dataset *d);

/* n samples of values in [-1,1), with labels that can be learnt from them. */
gradus_dataset data_new(uint64_t seed, int n, int size, int classes);
void data_free(gradus_dataset *d);

/* |a - b| / |b| of two vectors. */
double distance(const gradus_real *a, const gradus_real *b, size_t n);

/* What a float (or double) keeps of sums of some hundred terms. */
#define TOLERANCE (sizeof(gradus_real) == sizeof(float) ? 2e-5 : 1e-12)

#endif
