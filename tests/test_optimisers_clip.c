/* test_optimisers_clip.c -- gradients clipped by norm and by value: cases
 * worked by hand, what clipping leaves alone, and several threads. */
#include "nets.h"
#include "probe.h"
#include "tests.h"

#include <math.h>

enum { N = 5 }; /* parameters: weight [1,2], bias, weight [1,1], bias */

static gradus_graph *g;
static gradus_node *first;
static gradus_optimiser *o;

static void begin(void)
{
    g = gradus_graph_new(3);
    first = gradus_dense(gradus_input(g, 2), 1);
    gradus_dense(first, 1);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    o = gradus_sgd(g, &(gradus_sgd_options){ .learning_rate = 1 });
}

static void end(void)
{
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

static void clip(gradus_optimiser *of, double max_norm, double max_value)
{
    ck_assert_msg(gradus_set_clip(of, max_norm, max_value) == 0, "%s",
                  gradus_error());
}

/* Takes one step from theta = 0 with these gradients.  Asserts that clipping
 * turns them into `used`, and that theta is their negative. */
static void assert_used(const double *grad, const double *used)
{
    ck_assert_uint_eq(gradus_parameter_count(g), N);
    for (int i = 0; i < N; i++) {
        gradus_parameters(g)[i] = 0;
        gradus_gradients(g)[i] = (gradus_real)grad[i];
    }
    ck_assert_msg(gradus_step(o) == 0, "%s", gradus_error());
    assert_near(gradus_gradients(g), used, N, rounding());
    for (int i = 0; i < N; i++)
        if (gradus_parameters(g)[i] != 0) /* it is 0 if it is frozen */
            ck_assert_double_eq(gradus_parameters(g)[i],
                                -gradus_gradients(g)[i]);
}

static const double GRAD[N] = { 2, -1, 4, 2, 0 }; /* of norm 5 */
static const double HALF[N] = { 1 / 5.000001, -0.5 / 5.000001, 2 / 5.000001,
                                1 / 5.000001, 0 }; /* as clipped to 0.5 */

/* (O15) */
TEST(a_long_gradient_is_scaled_to_the_largest_norm)
{
    ck_assert(isnan(gradus_clip_norm(o)));
    clip(o, 0.5, 0);
    assert_used(GRAD, HALF);
    ck_assert_double_eq(gradus_clip_norm(o), 5);
    clip(o, 1e-6, 0); /* 1e-6 / (5 + 1e-6) */
    assert_used(GRAD, (double[]){ 4e-7 / 1.0000002, -2e-7 / 1.0000002,
                                  8e-7 / 1.0000002, 4e-7 / 1.0000002, 0 });
    ck_assert_double_eq_tol(gradus_gradients(g)[2], 8e-7, 1e-12);
}

/* Here the 1e-6 in PyTorch's formula matters: the factor is 1e-6 / (1e-6 +
 * 1e-6). */
TEST(clipping_by_norm_follows_the_formula_of_pytorch)
{
    static const double tiny[N] = { 0, 0, 1e-6, 0, 0 };

    clip(o, 1e-6, 0);
    assert_used(tiny, (double[]){ 0, 0, 5e-7, 0, 0 });
    ck_assert_double_eq_tol(gradus_gradients(g)[2], 5e-7, 1e-12);
}

TEST(a_short_gradient_stays_as_it_is)
{
    clip(o, 5.1, 0);
    assert_used(GRAD, GRAD);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq(gradus_gradients(g)[i], GRAD[i]);
    clip(o, 1, 0);
    assert_used((double[N]){ 0 }, (double[N]){ 0 });
    ck_assert_double_eq(gradus_clip_norm(o), 0);
}

/* (O14) */
TEST(each_number_of_a_gradient_is_clipped_to_the_largest_value)
{
    clip(o, 0, 1.5);
    assert_used(GRAD, (double[]){ 1.5, -1, 1.5, 1.5, 0 });
    assert_used((double[]){ -9, 9, -1.5, 1.5, -1.6 },
                (double[]){ -1.5, 1.5, -1.5, 1.5, -1.5 });
    ck_assert(isnan(gradus_clip_norm(o)));
}

/* 8, 2, 0, 8 and 1 become 2, 2, 0, 2 and 1, of norm sqrt(13). */
TEST(values_are_clipped_before_the_norm)
{
    double s = 1 / 3.605552275463989; /* of sqrt(13) + 1e-6 */

    clip(o, 1, 2);
    assert_used((double[]){ 8, -2, 0, 8, 1 },
                (double[]){ 2 * s, -2 * s, 0, 2 * s, s });
    ck_assert_double_eq_tol(gradus_clip_norm(o), 3.605551275463989, 1e-12);
}

TEST(an_infinite_norm_only_measures_and_zero_turns_clipping_off)
{
    clip(o, INFINITY, 0);
    assert_used(GRAD, GRAD);
    ck_assert_double_eq(gradus_clip_norm(o), 5);
    clip(o, 1, 1);
    clip(o, 0, 0);
    assert_used(GRAD, GRAD);
    ck_assert(isnan(gradus_clip_norm(o)));
}

/* Without the gradients of `first`, the norm is that of 6 and of 8 clipped to
 * 7, which is sqrt(85). */
TEST(frozen_gradients_neither_count_nor_change)
{
    double s = 5 / 9.219545457292887; /* of sqrt(85) + 1e-6 */

    ck_assert_int_eq(gradus_set_group(first, 0, 1), 0);
    clip(o, 5, 7);
    assert_used((double[]){ 90, -90, 90, 6, 8 },
                (double[]){ 90, -90, 90, 6 * s, 7 * s });
    ck_assert_double_eq_tol(gradus_clip_norm(o), 9.219544457292887, 1e-12);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq(gradus_parameters(g)[i], 0);
}

TEST(a_gradient_that_is_not_finite_is_an_error_and_not_clipped)
{
    clip(o, 1, 1);
    probe_fill(gradus_gradients(g), N, 1);
    gradus_gradients(g)[0] = 50;
    gradus_gradients(g)[N - 1] = INFINITY;
    uint64_t before = gradus_parameters_hash(g);
    ck_assert_int_ne(gradus_step(o), 0);
    assert_error("dense2: the gradient of bias[0] is inf");
    ck_assert_uint_eq(gradus_parameters_hash(g), before);
    ck_assert_double_eq(gradus_gradients(g)[0], 50);
    ck_assert(isnan(gradus_clip_norm(o)));
}

TEST(bad_bounds_of_clipping_are_refused)
{
    clip(o, 0.5, 0);
    ck_assert_int_ne(gradus_set_clip(NULL, 1, 1), 0);
    assert_error("gradus_set_clip: the optimiser is NULL");
    ck_assert_int_ne(gradus_set_clip(o, -1, 0), 0);
    assert_error("gradus_set_clip: max_norm is -1; must be 0 (off) or above");
    ck_assert_int_ne(gradus_set_clip(o, NAN, 0), 0);
    ck_assert_int_ne(gradus_set_clip(o, 1, -1), 0);
    assert_error("gradus_set_clip: max_value is -1; must be 0 (off), or above 0, also "
                 "when rounded to a gradus_real, and at most 1e30");
    ck_assert_int_ne(gradus_set_clip(o, 1, NAN), 0);
    ck_assert_int_ne(gradus_set_clip(o, 1, INFINITY), 0);
#ifndef GRADUS_DOUBLE
    ck_assert_int_ne(gradus_set_clip(o, 1, 1e-46), 0);
#endif
    ck_assert(isnan(gradus_clip_norm(NULL)));
    assert_used(GRAD, HALF); /* the old bound still holds */
}

/* ---- a net of several tiles ------------------------------------------ */

enum { BATCH = 64, CLASSES = 11, STEPS = 8 };
static const int SIZES[] = { 70, 530, CLASSES };

/* Takes STEPS clipped steps of Adam, by gradus_train_step or by hand.  Returns
 * the hash of the parameters, and the norm of each step in norm [STEPS]. */
static uint64_t hash_after(int threads, int by_hand, double *norm)
{
    net n = net_new(1, SIZES, BATCH, threads);
    gradus_dataset d = data_new(2, BATCH, SIZES[0], CLASSES);
    gradus_optimiser *adam = gradus_adam(n.g, NULL);

    net_feed(&n, &d);
    clip(adam, 0.125, 0.01);
    for (int t = 0; t < STEPS; t++) {
        int failed = by_hand ? gradus_forward(n.g, NULL, BATCH) ||
                                   gradus_backward(n.g) || gradus_step(adam)
                             : gradus_train_step(adam, NULL, BATCH);
        ck_assert_msg(!failed, "%s", gradus_error());
        norm[t] = gradus_clip_norm(adam);
    }
    uint64_t hash = gradus_parameters_hash(n.g);
    gradus_optimiser_free(adam);
    net_free(&n);
    data_free(&d);
    return hash;
}

TEST(clipping_gives_the_same_bits_on_any_number_of_threads)
{
    double norm[STEPS], other[STEPS];
    uint64_t hash = hash_after(1, 0, norm);

    ck_assert_double_gt(norm[0], 0.125); /* it was clipped */
    for (int threads = 1; threads <= 3; threads++)
        for (int by_hand = 0; by_hand < 2; by_hand++) {
            ck_assert_msg(hash_after(threads, by_hand, other) == hash,
                          "%d threads, by hand %d: other parameters", threads,
                          by_hand);
            ck_assert_msg(memcmp(other, norm, sizeof norm) == 0,
                          "%d threads, by hand %d: other norms", threads,
                          by_hand);
        }
}

TEST(the_norm_of_the_gradient_is_over_every_parameter)
{
    net n = net_new(1, SIZES, BATCH, 2);
    gradus_optimiser *sgd = gradus_sgd(n.g, NULL);
    size_t count = gradus_parameter_count(n.g);
    gradus_real *grad = gradus_gradients(n.g);
    double sum = 0, used = 0;

    probe_fill(grad, count, 1);
    for (size_t i = 0; i < count; i++)
        sum += (double)grad[i] * grad[i];
    clip(sgd, 3, 0);
    ck_assert_int_eq(gradus_step(sgd), 0);
    for (size_t i = 0; i < count; i++)
        used += (double)grad[i] * grad[i];
    ck_assert_double_eq_tol(gradus_clip_norm(sgd), sqrt(sum), 1e-10);
    ck_assert_double_eq_tol(sqrt(used), 3, 1e-6);
    gradus_optimiser_free(sgd);
    net_free(&n);
}
