/* test_step.c -- forward, backward and step, by hand and by gradus_train_step,
 * on any number of threads. */
#include "tests.h"

#include "allocations.h"
#include "nets.h"

#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

/* The net is so large that the threads are woken, and has several tiles. */
static const int SIZES[] = { 70, 530, 11 };
enum { IN = 70, CLASSES = 11, SAMPLES = 300, BATCH = 280 };

static const gradus_sgd_options NESTEROV = {
    .learning_rate = 0.05, .momentum = 0.9, .nesterov = 1,
    .weight_decay = 1e-4,
};

/* Returns which sample is row i of a step. */
static int sample(int step, int i)
{
    return (step * 37 + i * 7) % SAMPLES;
}

/* Trains a new net for some steps.  Returns the hash of its parameters. */
static uint64_t hash_after(int steps, int batch, int threads)
{
    net n = net_new(1, SIZES, BATCH, threads);
    gradus_dataset d = data_new(2, SAMPLES, IN, CLASSES);
    gradus_optimiser *o = gradus_sgd(n.g, &NESTEROV);
    int index[BATCH];

    net_feed(&n, &d);
    for (int step = 0; step < steps; step++) {
        for (int i = 0; i < batch; i++)
            index[i] = sample(step, i);
        ck_assert_int_eq(gradus_train_step(o, index, batch), 0);
    }
    uint64_t hash = gradus_parameters_hash(n.g);
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
    return hash;
}

EACH_TEST(.timeout = 300)

TEST(a_step_gives_the_same_bits_on_any_number_of_threads)
{
    static const int batch[] = { 1, 17, 64, 128, 150, 280 };
    static const int steps[] = { 10, 10, 50, 5, 5, 5 };

    for (int b = 0; b < 6; b++) {
        uint64_t hash = hash_after(steps[b], batch[b], 1);
        for (int threads = 2; threads <= 4; threads++)
            ck_assert_msg(hash_after(steps[b], batch[b], threads) == hash,
                          "batch %d: %d threads give other bits than one",
                          batch[b], threads);
    }
}

/* Batches for which forward is parallel over units, and over rows. */
static const int by_units_or_rows[] = { 64, BATCH };

LOOP_TEST(a_step_by_hand_is_a_train_step_bit_for_bit, 2)
{
    const int batch = by_units_or_rows[_i];
    gradus_dataset d = data_new(2, SAMPLES, IN, CLASSES);
    net a = net_new(1, SIZES, BATCH, 2), b = net_new(1, SIZES, BATCH, 2);
    gradus_optimiser *p = gradus_sgd(a.g, &NESTEROV);
    gradus_optimiser *q = gradus_sgd(b.g, &NESTEROV);

    net_feed(&a, &d);
    net_feed(&b, &d);
    for (int step = 0; step < 6; step++) {
        ck_assert_int_eq(gradus_train_step(p, NULL, batch), 0);
        ck_assert_int_eq(gradus_forward(b.g, NULL, batch), 0);
        ck_assert_int_eq(gradus_backward(b.g), 0);
        ck_assert_int_eq(gradus_step(q), 0);
        ck_assert_double_eq(gradus_loss(a.g), gradus_loss(b.g));
        ck_assert_uint_eq(gradus_parameters_hash(a.g),
                          gradus_parameters_hash(b.g));
    }
    gradus_optimiser_free(p);
    gradus_optimiser_free(q);
    net_free(&a);
    net_free(&b);
    data_free(&d);
}

TEST(training_lowers_the_loss)
{
    gradus_dataset d = data_new(2, 64, IN, 3);
    net n = net_new(1, (int[]){ IN, 64, 3 }, 64, 2);
    gradus_optimiser *o = gradus_sgd(n.g, &NESTEROV);

    net_feed(&n, &d);
    ck_assert_int_eq(gradus_train_step(o, NULL, 64), 0);
    double before = gradus_loss(n.g);
    for (int step = 0; step < 100; step++)
        ck_assert_int_eq(gradus_train_step(o, NULL, 64), 0);
    ck_assert_double_lt(gradus_loss(n.g), 0.2 * before);
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
}

LOOP_TEST(nothing_is_allocated_after_compile, 2)
{
    const int batch = by_units_or_rows[_i];
    gradus_dataset d = data_new(2, SAMPLES, IN, CLASSES);
    net n = net_new(1, SIZES, BATCH, 3);
    gradus_optimiser *o = gradus_sgd(n.g, &NESTEROV);

    net_feed(&n, &d);
    allocations_fail(1, 1); /* from here on, allocations fail */
    int failed = 0;
    for (int step = 0; step < 5; step++)
        failed += gradus_train_step(o, NULL, batch) ||
                  gradus_forward(n.g, NULL, batch) || gradus_backward(n.g) ||
                  gradus_step(o);
    int made = allocations_made();
    gradus_graph *none = gradus_graph_new(1);
    int made_by_new = allocations_made() - made;
    allocations_fail(0, 0);
    ck_assert_int_eq(failed, 0);
    ck_assert_int_eq(made, 0);
    ck_assert_ptr_null(none); /* else allocations do not fail */
    ck_assert_int_eq(made_by_new, 1);
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
}

static void run(const net *n, const int *index, int rows)
{
    ck_assert_int_eq(gradus_forward(n->g, index, rows), 0);
    ck_assert_int_eq(gradus_backward(n->g), 0);
}

/* (T1), whose divisor is here the number of rows. */
TEST(a_batch_has_the_mean_gradient_of_its_samples)
{
    gradus_dataset d = data_new(2, BATCH, IN, CLASSES);
    net n = net_new(1, SIZES, BATCH, 2);
    size_t count = gradus_parameter_count(n.g);
    gradus_real *mean = calloc(count, sizeof *mean);
    double loss = 0;

    ck_assert_ptr_nonnull(mean);
    net_feed(&n, &d);
    for (int i = 0; i < 40; i++) {
        run(&n, &i, 1);
        loss += gradus_loss(n.g) / 40;
        for (size_t k = 0; k < count; k++)
            mean[k] += gradus_gradients(n.g)[k] / 40;
    }
    run(&n, NULL, 40);
    ck_assert_double_eq_tol(gradus_loss(n.g), loss, TOLERANCE);
    ck_assert_double_lt(distance(gradus_gradients(n.g), mean, count),
                        TOLERANCE);
    free(mean);
    net_free(&n);
    data_free(&d);
}

TEST(nothing_of_a_larger_batch_is_left_in_the_smaller_one_after_it)
{
    gradus_dataset d = data_new(2, BATCH, IN, CLASSES);
    net n = net_new(1, SIZES, BATCH, 2), fresh = net_new(1, SIZES, BATCH, 2);

    net_feed(&n, &d);
    net_feed(&fresh, &d);
    run(&n, NULL, BATCH);
    run(&n, NULL, 30);
    run(&fresh, NULL, 30);
    ck_assert_double_eq(gradus_loss(n.g), gradus_loss(fresh.g));
    ck_assert_mem_eq(gradus_gradients(n.g), gradus_gradients(fresh.g),
                     gradus_parameter_count(n.g) * sizeof(gradus_real));
    net_free(&n);
    net_free(&fresh);
    data_free(&d);
}

TEST(an_index_picks_the_rows_that_it_names)
{
    gradus_dataset d = data_new(2, SAMPLES, IN, CLASSES);
    net n = net_new(1, SIZES, BATCH, 1);
    const int index[] = { 299, 0, 17, 17 };

    net_feed(&n, &d);
    ck_assert_int_eq(gradus_forward(n.g, index, 4), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_mem_eq(n.x->y + i * IN, d.x + index[i] * IN,
                         IN * sizeof *d.x);
        ck_assert_int_eq(n.t->label[i], d.labels[index[i]]);
    }
    net_free(&n);
    data_free(&d);
}

static void *train_alone(void *hash)
{
    *(uint64_t *)hash = hash_after(15, 100, 2);
    return NULL;
}

TEST(two_graphs_trained_at_once_get_the_bits_that_each_gets_alone)
{
    pthread_t thread[2];
    uint64_t alone = hash_after(15, 100, 2), hash[2];

    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            pthread_create(&thread[i], NULL, train_alone, &hash[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_eq(hash[0], alone);
    ck_assert_uint_eq(hash[1], alone);
}

TEST(openblas_gets_its_threads_back_after_every_call)
{
    gradus_dataset d = data_new(2, BATCH, IN, CLASSES);
    net n = net_new(1, SIZES, BATCH, 2);
    gradus_optimiser *o = gradus_sgd(n.g, NULL);
    gradus_workspace *w = gradus_workspace_new(n.g, BATCH);
    gradus_metrics m = { 0 };

    for (int threads = 1; threads <= 2; threads++) {
        openblas_set_num_threads(threads);
        ck_assert_int_eq(gradus_fit(o, &d, NULL), 0);
        ck_assert_int_eq(openblas_get_num_threads(), threads);
        ck_assert_int_eq(gradus_evaluate(n.g, &d, NULL, &m), 0);
        ck_assert_int_eq(openblas_get_num_threads(), threads);
        ck_assert_ptr_nonnull(gradus_infer(w, d.x, BATCH));
        ck_assert_int_eq(openblas_get_num_threads(), threads);
        net_feed(&n, &d);
        run(&n, NULL, BATCH);
        ck_assert_int_eq(openblas_get_num_threads(), threads);
    }
    gradus_parameters(n.g)[0] = (gradus_real)NAN;
    ck_assert_int_ne(gradus_train_step(o, NULL, BATCH), 0);
    ck_assert_int_eq(openblas_get_num_threads(), 2);
    gradus_workspace_free(w);
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
}
