/* test_fit.c -- training for epochs. */
#include "tests.h"

#include "nets.h"

#include <math.h>
#include <stdlib.h>

enum { IN = 12, CLASSES = 4, SAMPLES = 150, BATCH = 32 };
static const int SIZES[] = { IN, 90, CLASSES };

static const gradus_sgd_options MOMENTUM = { .learning_rate = 0.1,
                                             .momentum = 0.9 };

static net n;
static gradus_dataset d;
static gradus_optimiser *o;

static void begin(void)
{
    n = net_new(1, SIZES, BATCH, 2);
    d = data_new(1, SAMPLES, IN, CLASSES);
    o = gradus_sgd(n.g, &MOMENTUM);
}

static void end(void)
{
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
}

EACH_TEST(.begin = begin, .end = end, .timeout = 120)

static uint64_t hash(void)
{
    return gradus_parameters_hash(n.g);
}

static void fit(gradus_fit_options options)
{
    ck_assert_msg(gradus_fit(o, &d, &options) == 0, "%s", gradus_error());
}

TEST(xor_is_learnt)
{
    static const gradus_real X[] = { 0, 0, 0, 1, 1, 0, 1, 1 };
    static const int32_t labels[] = { 0, 1, 1, 0 };
    gradus_dataset four = { .n = 4, .size = 2, .x = X, .labels = labels };
    net xor = net_new(1, (int[]){ 2, 8, 2 }, 4, 1);
    gradus_optimiser *sgd =
        gradus_sgd(xor.g, &(gradus_sgd_options){ .learning_rate = 0.5 });
    gradus_metrics m = { 0 };

    ck_assert_int_eq(
        gradus_fit(sgd, &four, &(gradus_fit_options){ .epochs = 500 }), 0);
    ck_assert_int_eq(gradus_evaluate(xor.g, &four, NULL, &m), 0);
    ck_assert_double_eq(m.accuracy, 1);
    ck_assert_double_lt(m.loss, 0.1);
    gradus_optimiser_free(sgd);
    net_free(&xor);
}

/* The hash after three epochs, with validation, on this many threads. */
static uint64_t hash_of_fit(int threads)
{
    net other = net_new(7, SIZES, BATCH, threads);
    gradus_optimiser *sgd = gradus_sgd(other.g, &MOMENTUM);

    ck_assert_int_eq(gradus_fit(sgd, &d, &(gradus_fit_options){
                                             .epochs = 3, .validation = &d }),
                     0);
    uint64_t h = gradus_parameters_hash(other.g);
    gradus_optimiser_free(sgd);
    net_free(&other);
    return h;
}

TEST(fit_gives_the_same_bits_on_any_number_of_threads)
{
    uint64_t one = hash_of_fit(1);

    for (int threads = 2; threads <= 4; threads++)
        ck_assert_msg(hash_of_fit(threads) == one,
                      "%d threads give other bits than one", threads);
}

TEST(validation_changes_no_bit_of_the_training)
{
    net other = net_new(1, SIZES, BATCH, 1);
    gradus_optimiser *sgd = gradus_sgd(other.g, &MOMENTUM);

    fit((gradus_fit_options){ .epochs = 3, .validation = &d });
    ck_assert_int_eq(
        gradus_fit(sgd, &d, &(gradus_fit_options){ .epochs = 3 }), 0);
    ck_assert_uint_eq(gradus_parameters_hash(other.g), hash());
    gradus_optimiser_free(sgd);
    net_free(&other);
}

TEST(two_fits_of_one_epoch_equal_one_fit_of_two)
{
    net other = net_new(1, SIZES, BATCH, 1);
    gradus_optimiser *sgd = gradus_sgd(other.g, &MOMENTUM);

    fit((gradus_fit_options){ .epochs = 2 });
    ck_assert_int_eq(gradus_fit(sgd, &d, NULL), 0);
    ck_assert_uint_ne(gradus_parameters_hash(other.g), hash());
    ck_assert_int_eq(gradus_fit(sgd, &d, NULL), 0);
    ck_assert_uint_eq(gradus_parameters_hash(other.g), hash());
    gradus_optimiser_free(sgd);
    net_free(&other);
}

TEST(a_fit_that_keeps_the_order_takes_the_rows_one_after_another)
{
    net other = net_new(1, SIZES, BATCH, 1);
    gradus_optimiser *sgd = gradus_sgd(other.g, &MOMENTUM);
    int index[SAMPLES];

    for (int i = 0; i < SAMPLES; i++)
        index[i] = i;
    net_feed(&other, &d);
    for (int from = 0; from < SAMPLES; from += 20) /* 150 = 7 * 20 + 10 */
        ck_assert_int_eq(gradus_train_step(sgd, index + from,
                                           from < 140 ? 20 : 10), 0);
    fit((gradus_fit_options){ .batch = 20, .keep_order = 1 });
    ck_assert_uint_eq(gradus_parameters_hash(other.g), hash());
    gradus_optimiser_free(sgd);
    net_free(&other);
}

TEST(fit_shuffles_unless_it_is_told_to_keep_the_order)
{
    net other = net_new(1, SIZES, BATCH, 1);
    gradus_optimiser *sgd = gradus_sgd(other.g, &MOMENTUM);

    fit((gradus_fit_options){ .keep_order = 1 });
    ck_assert_int_eq(gradus_fit(sgd, &d, NULL), 0);
    ck_assert_uint_ne(gradus_parameters_hash(other.g), hash());
    gradus_optimiser_free(sgd);
    net_free(&other);
}

static int note_first_loss(const gradus_progress *p, void *user)
{
    if (p->batch == 1 && !p->epoch_done)
        ((double *)user)[p->epoch] = p->so_far.train_loss;
    return 0;
}

TEST(every_epoch_has_another_order)
{
    double first[3];

    gradus_set_learning_rate(o, 0);
    fit((gradus_fit_options){ .epochs = 3, .callback = note_first_loss,
                              .user = first });
    ck_assert_double_ne(first[0], first[1]);
    ck_assert_double_ne(first[1], first[2]);
    ck_assert_double_ne(first[0], first[2]);
}

/* With a learning rate of 0, the mean over the batches is that of the data
 * only if each sample comes once. */
TEST(a_shuffled_epoch_takes_every_sample_once)
{
    gradus_metrics m = { 0 };
    gradus_epoch history[3];

    gradus_set_learning_rate(o, 0);
    ck_assert_int_eq(gradus_evaluate(n.g, &d, NULL, &m), 0);
    fit((gradus_fit_options){ .epochs = 3, .batch = 13, .history = history });
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(history[i].samples, SAMPLES);
        ck_assert_double_eq_tol(history[i].train_loss, m.loss, TOLERANCE);
        ck_assert_double_eq(history[i].train_accuracy, m.accuracy);
    }
}

TEST(the_history_holds_falling_losses_and_the_results_of_validation)
{
    gradus_epoch history[8];
    gradus_metrics m = { 0 };
    gradus_dataset v = data_new(2, 77, IN, CLASSES);

    fit((gradus_fit_options){ .epochs = 8, .validation = &v,
                              .history = history });
    ck_assert_double_lt(history[7].train_loss, history[0].train_loss);
    ck_assert_double_gt(history[7].train_accuracy,
                        history[0].train_accuracy);
    ck_assert_int_eq(gradus_evaluate(n.g, &v, NULL, &m), 0);
    ck_assert_double_eq(history[7].valid_loss, m.loss);
    ck_assert_double_eq(history[7].valid_accuracy, m.accuracy);
    for (int i = 0; i < 8; i++)
        ck_assert_double_ge(history[i].seconds, 0);
    data_free(&v);
}

TEST(the_history_holds_nan_without_validation)
{
    gradus_epoch history;

    fit((gradus_fit_options){ .history = &history });
    ck_assert(isnan(history.valid_loss) && isnan(history.valid_accuracy));
}

/* ---- callback ---------------------------------------------------------- */

/* What the callback has seen so far. */
typedef struct {
    int calls, epochs_done;
    int stop_at;                          /* the call that stops the fit */
    int batch, batches;                   /* in the last call */
    size_t samples;                       /* in the last call */
    double valid_loss;                    /* at the end of the last epoch */
} watch;

static int look(const gradus_progress *p, void *user)
{
    watch *w = user;

    ck_assert_ptr_eq(p->optimiser, o);
    ck_assert_int_eq(p->epoch, w->epochs_done);
    w->epochs_done += p->epoch_done != 0;
    w->samples = p->so_far.samples;
    w->batch = p->batch;
    w->batches = p->batches;
    if (p->epoch_done)
        w->valid_loss = p->so_far.valid_loss;
    return ++w->calls == w->stop_at;
}

TEST(the_callback_sees_every_batch_and_every_epoch)
{
    watch w = { 0 };

    fit((gradus_fit_options){ .epochs = 3, .callback = look, .user = &w,
                              .validation = &d });
    ck_assert_int_eq(w.batches, 5); /* 4 of 32 and one of 22 */
    ck_assert_int_eq(w.batch, 5);
    ck_assert_int_eq(w.calls, 3 * (5 + 1));
    ck_assert_int_eq(w.epochs_done, 3);
    ck_assert_uint_eq(w.samples, SAMPLES);
    ck_assert(isfinite(w.valid_loss));
}

TEST(the_callback_can_stop_in_the_middle_of_an_epoch)
{
    watch w = { .stop_at = 6 + 2 };
    gradus_epoch history[3];

    fit((gradus_fit_options){ .epochs = 3, .callback = look, .user = &w,
                              .history = history });
    ck_assert_int_eq(w.calls, 8);
    ck_assert_uint_eq(history[0].samples, SAMPLES);
    ck_assert_uint_eq(history[1].samples, 2 * BATCH);
    ck_assert_uint_eq(history[2].samples, 0);
}

TEST(the_callback_can_stop_at_the_end_of_an_epoch)
{
    watch w = { .stop_at = 6 };
    gradus_epoch history[2];

    fit((gradus_fit_options){ .epochs = 2, .callback = look, .user = &w,
                              .history = history });
    ck_assert_int_eq(w.epochs_done, 1);
    ck_assert_uint_eq(history[0].samples, SAMPLES);
    ck_assert_uint_eq(history[1].samples, 0);
}

static int evaluate_meanwhile(const gradus_progress *p, void *user)
{
    gradus_metrics m = { 0 };

    (void)p;
    return gradus_evaluate(n.g, user, NULL, &m);
}

TEST(a_callback_that_evaluates_changes_no_bit_of_the_training)
{
    net other = net_new(1, SIZES, BATCH, 1);
    gradus_optimiser *sgd = gradus_sgd(other.g, &MOMENTUM);
    gradus_dataset v = data_new(2, 40, IN, CLASSES);

    fit((gradus_fit_options){ .epochs = 2, .callback = evaluate_meanwhile,
                              .user = &v });
    ck_assert_int_eq(
        gradus_fit(sgd, &d, &(gradus_fit_options){ .epochs = 2 }), 0);
    ck_assert_uint_eq(gradus_parameters_hash(other.g), hash());
    gradus_optimiser_free(sgd);
    net_free(&other);
    data_free(&v);
}

/* ---- what was fed ------------------------------------------------------- */

TEST(fit_and_evaluate_leave_the_nodes_fed_as_before)
{
    gradus_dataset fed = data_new(3, 10, IN, CLASSES);
    gradus_metrics m = { 0 };

    net_feed(&n, &fed);
    fit((gradus_fit_options){ .validation = &d });
    ck_assert_int_eq(gradus_evaluate(n.g, &d, NULL, &m), 0);
    ck_assert_int_eq(gradus_forward(n.g, NULL, 10), 0);
    ck_assert_mem_eq(n.x->y, fed.x, 10 * IN * sizeof *fed.x);
    ck_assert_mem_eq(n.t->label, fed.labels, 10 * sizeof *fed.labels);
    data_free(&fed);
}

TEST(a_failed_fit_or_evaluation_leaves_the_nodes_fed_as_before)
{
    gradus_dataset fed = data_new(3, 10, IN, CLASSES);
    gradus_metrics m = { 0 };

    net_feed(&n, &fed);
    ((int32_t *)d.labels)[SAMPLES - 1] = CLASSES;
    ck_assert_int_ne(gradus_fit(o, &d, NULL), 0);
    ck_assert_int_ne(gradus_evaluate(n.g, &d, NULL, &m), 0);
    ck_assert_ptr_eq(n.x->fed.x, fed.x);
    ck_assert_ptr_eq(n.t->fed.labels, fed.labels);
    ck_assert_int_ne(gradus_backward(n.g), 0); /* there is no batch left */
    data_free(&fed);
}

TEST(a_fit_without_data_trains_on_what_was_fed)
{
    net other = net_new(1, SIZES, BATCH, 1);
    gradus_optimiser *sgd = gradus_sgd(other.g, &MOMENTUM);

    fit((gradus_fit_options){ .epochs = 1 });
    net_feed(&other, &d);
    ck_assert_int_eq(gradus_fit(sgd, NULL, NULL), 0);
    ck_assert_uint_eq(gradus_parameters_hash(other.g), hash());
    gradus_optimiser_free(sgd);
    net_free(&other);
}
