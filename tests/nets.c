/* nets.c -- a small classifier and its data, for tests. */
#include "nets.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

net net_new(uint64_t seed, const int sizes[3], int max_batch, int threads)
{
    net n = { .g = gradus_graph_new(seed) };

    n.x = gradus_input(n.g, sizes[0]);
    n.t = gradus_labels(n.g, 1);
    n.dense = gradus_dense(n.x, sizes[1]);
    n.relu = gradus_relu(n.dense);
    n.z = gradus_dense(n.relu, sizes[2]);
    n.loss = gradus_softmax_ce(n.z, n.t, NULL);
    ck_assert_msg(gradus_compile(n.g, max_batch, threads) == 0, "%s",
                  gradus_error());
    return n;
}

void net_free(net *n)
{
    gradus_graph_free(n->g);
}

void net_feed(const net *n, const gradus_dataset *d)
{
    ck_assert_int_eq(gradus_feed(n->x, d->x, d->n), 0);
    ck_assert_int_eq(gradus_feed_labels(n->t, d->labels, d->n), 0);
}

gradus_dataset data_new(uint64_t seed, int n, int size, int classes)
{
    gradus_real *x = malloc((size_t)n * (size_t)size * sizeof *x);
    int32_t *labels = malloc((size_t)n * sizeof *labels);
    gradus_random r;

    ck_assert(x && labels);
    gradus_random_init(&r, seed, 99, 0);
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int j = 0; j < size; j++) {
            double v = 2 * gradus_random_uniform(&r) - 1;
            x[i * size + j] = (gradus_real)v;
            sum += v;
        }
        labels[i] = (int)floor(fabs(sum) * 2) % classes;
    }
    return (gradus_dataset){ .n = (size_t)n, .size = size, .x = x,
                             .labels = labels };
}

void data_free(gradus_dataset *d)
{
    free((void *)d->x);
    free((void *)d->labels);
}

double distance(const gradus_real *a, const gradus_real *b, size_t n)
{
    double difference = 0, length = 0;

    for (size_t i = 0; i < n; i++) {
        difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        length += (double)b[i] * b[i];
    }
    return sqrt(difference / length);
}
