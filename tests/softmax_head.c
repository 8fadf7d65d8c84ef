/* softmax_head.c -- a graph that is nothing but a softmax_ce of logits that
 * are fed, for the tests of softmax_ce. */
#include "softmax_head.h"

#include "probe.h"
#include "tests.h"

#include <math.h>

softmax_head new_head(int rank, const int *shape, int positions, int weighted,
                      gradus_softmax_ce_options options)
{
    softmax_head h = { .g = gradus_graph_new(1) };

    h.z = probe_values(h.g, rank, shape);
    gradus_want_gradient(h.z);
    h.t = positions ? gradus_labels(h.g, positions)
                    : probe_values(h.g, rank, shape);
    if (weighted)
        options.row_weight = h.w = gradus_row_weights(h.g);
    h.loss = gradus_softmax_ce(h.z, h.t, &options);
    ck_assert_msg(gradus_compile(h.g, HEAD_ROWS, 1) == 0, "%s",
                  gradus_error());
    return h;
}

softmax_head new_classifier(int K, gradus_softmax_ce_options options)
{
    return new_head(1, &K, 1, 0, options);
}

static void run(const softmax_head *h, int n)
{
    ck_assert_msg(gradus_forward(h->g, NULL, n) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_backward(h->g) == 0, "%s", gradus_error());
}

void run_labels(const softmax_head *h, const gradus_real *z,
                const int32_t *labels, int n)
{
    ck_assert_int_eq(gradus_feed(h->z, z, (size_t)n), 0);
    ck_assert_int_eq(gradus_feed_labels(h->t, labels, (size_t)n), 0);
    run(h, n);
}

void run_targets(const softmax_head *h, const gradus_real *z,
                 const gradus_real *targets, int n)
{
    ck_assert_int_eq(gradus_feed(h->z, z, (size_t)n), 0);
    ck_assert_int_eq(gradus_feed(h->t, targets, (size_t)n), 0);
    run(h, n);
}

void assert_loss(const softmax_head *h, double expected)
{
    double loss = gradus_loss(h->g);

    ck_assert_msg(fabs(loss - expected) <= 4e-7 * (1 + fabs(expected)),
                  "the loss is %.12g; must be %.12g", loss, expected);
}
