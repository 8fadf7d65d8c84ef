/* nets.h -- a small classifier and its data, for tests of everything around
 * the layers.  A function that cannot do its work fails the test. */
#ifndef NETS_H
#define NETS_H

#include <gradus_layer.h>

/* x -> dense -> relu -> dense (z) -> softmax_ce with labels t, compiled. */
typedef struct {
    gradus_graph *g;
    gradus_node *x, *t, *dense, *relu, *z, *loss;
} net;

/* sizes: the number of values of a sample, of hidden units and of classes. */
net net_new(uint64_t seed, const int sizes[3], int max_batch, int threads);
void net_free(net *n);
void net_feed(const net *n, const gradus_dataset *d);

/* n samples x [n,size] of values in [-1,1), with labels [n] below `classes`
 * that can be learnt from them. */
gradus_dataset data_new(uint64_t seed, int n, int size, int classes);
void data_free(gradus_dataset *d);

/* |a - b| / |b|, the relative distance of two vectors [n]. */
double distance(const gradus_real *a, const gradus_real *b, size_t n);

/* The relative error that sums of some hundred terms may have, as floats or as
 * doubles. */
#define TOLERANCE (sizeof(gradus_real) == sizeof(float) ? 2e-5 : 1e-12)

#endif
