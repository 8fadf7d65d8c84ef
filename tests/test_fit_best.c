/* test_fit_best.c -- early stopping, and the parameters of the best epoch. */
#include "tests.h"

#include "train/train.h"
#include "allocations.h"
#include "nets.h"

#include <math.h>

enum { IN = 12, CLASSES = 4, SAMPLES = 150, BATCH = 32, EPOCHS = 12 };

static net n;
static gradus_dataset d, v;
static gradus_optimiser *o;
static gradus_epoch history[EPOCHS];
static int best;

static void begin(void)
{
    n = net_new(1, (int[]){ IN, 90, CLASSES }, BATCH, 2);
    d = data_new(1, SAMPLES, IN, CLASSES);
    v = d; /* its loss falls from epoch to epoch */
    o = gradus_sgd(n.g, &(gradus_sgd_options){ .learning_rate = 0.05 });
    best = 99;
}

static void end(void)
{
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
}

EACH_TEST(.begin = begin, .end = end, .timeout = 60)

/* What the callback does, and what it notes.  It sets the learning rate to
 * `rate` at the end of epoch `from`. */
typedef struct {
    int from;
    double rate;
    int stop_batch; /* the batch, counted over all epochs, after which it stops
                       the fit; 0: none */
    int batches;           /* how many batches there have been */
    uint64_t hash[EPOCHS]; /* of the parameters, at the end of each epoch */
} script;

static int follow(const gradus_progress *p, void *user)
{
    script *s = user;

    if (!p->epoch_done)
        return ++s->batches == s->stop_batch;
    s->hash[p->epoch] = gradus_parameters_hash(n.g);
    if (p->epoch == s->from)
        gradus_set_learning_rate(p->optimiser, s->rate);
    return 0;
}

static int fit(gradus_fit_options options, script *s)
{
    options.epochs = EPOCHS;
    options.validation = &v;
    options.history = history;
    options.best_epoch = &best;
    options.callback = s ? follow : NULL;
    options.user = s;
    return gradus_fit(o, &d, &options);
}

static int epochs_run(void)
{
    int run = 0;

    while (run < EPOCHS && history[run].samples)
        run++;
    return run;
}

/* From epoch 3 on the losses stay the same: epochs 4 and 5 are the first and
 * the second without progress. */
LOOP_TEST(patience_is_the_number_of_epochs_without_a_new_low, 3)
{
    const int patience = _i + 1;
    script s = { .from = 3, .rate = 0 };

    ck_assert_int_eq(fit((gradus_fit_options){ .patience = patience }, &s), 0);
    ck_assert_double_lt(history[3].valid_loss, history[0].valid_loss);
    ck_assert_int_eq(epochs_run(), 4 + patience);
    ck_assert_int_eq(best, 3); /* the first of several equal ones */
}

TEST(without_patience_all_epochs_run)
{
    script s = { .from = 3, .rate = 0 };

    ck_assert_int_eq(fit((gradus_fit_options){ 0 }, &s), 0);
    ck_assert_int_eq(epochs_run(), EPOCHS);
    ck_assert_int_eq(best, 3);
    ck_assert_uint_eq(s.hash[EPOCHS - 1], gradus_parameters_hash(n.g));
}

/* Every epoch improves by less than min_delta, so the best is the last. */
TEST(min_delta_matters_to_patience_but_not_to_the_best_epoch)
{
    ck_assert_int_eq(fit((gradus_fit_options){ .patience = 4,
                                               .min_delta = 100 }, NULL), 0);
    ck_assert_int_eq(epochs_run(), 5);
    ck_assert_int_eq(best, 4);
}

TEST(small_improvements_count_together)
{
    static const double loss[] = { 1.0, 0.95, 0.91, 0.89, 0.85, NAN, 0.85 };
    static const int waited[] = { 0, 1, 2, 0, 1, 2, 3 };
    static const int epoch[] = { 0, 1, 2, 3, 4, 4, 4 };
    gradus_fit_options options = { .patience = 3, .min_delta = 0.1,
                                   .validation = &v };
    gradus_best b;

    ck_assert_int_eq(gradus_best_start(&b, n.g, &options), 0);
    for (int i = 0; i < 7; i++) {
        int over = gradus_best_note(&b, n.g, &options, i, loss[i]);
        ck_assert_msg(over == (i == 6) && b.waited == waited[i] &&
                          b.epoch == epoch[i],
                      "epoch %d: over %d, waited %d, best epoch %d; must be "
                      "%d, %d, %d", i, over, b.waited, b.epoch, i == 6,
                      waited[i], epoch[i]);
    }
    gradus_best_end(&b, n.g, &options);
}

/* Asserts that the parameters are those of this epoch, and that it is the
 * best. */
static void restored(const script *s, int epoch)
{
    gradus_metrics m = { 0 };

    ck_assert_int_eq(best, epoch);
    ck_assert_uint_eq(gradus_parameters_hash(n.g), s->hash[epoch]);
    ck_assert_int_eq(gradus_evaluate(n.g, &v, NULL, &m), 0);
    ck_assert_double_eq(m.loss, history[epoch].valid_loss);
}

/* From epoch 5 on, steps of 200 times the size spoil what was learnt. */
TEST(the_best_parameters_are_restored)
{
    script s = { .from = 4, .rate = 10 };

    ck_assert_int_eq(fit((gradus_fit_options){ .patience = 3,
                                               .restore_best = 1 }, &s), 0);
    ck_assert_int_eq(epochs_run(), 8);
    ck_assert_uint_ne(s.hash[7], s.hash[4]);
    restored(&s, 4);
}

TEST(the_best_parameters_are_restored_when_the_callback_stops)
{
    script s = { .from = 2, .rate = 10, .stop_batch = 5 * 4 + 2 };

    ck_assert_int_eq(fit((gradus_fit_options){ .restore_best = 1 }, &s), 0);
    ck_assert_int_eq(epochs_run(), 5);
    ck_assert_uint_eq(history[4].samples, 2 * BATCH);
    restored(&s, 2);
}

TEST(the_best_parameters_are_restored_after_an_error)
{
    script s = { .from = 2, .rate = 1e30 };

    ck_assert_int_ne(fit((gradus_fit_options){ .restore_best = 1 }, &s), 0);
    assert_error("the loss is");
    restored(&s, 2);
}

TEST(nothing_is_restored_before_the_first_validation)
{
    script s = { .stop_batch = 1 };
    uint64_t before = gradus_parameters_hash(n.g);

    ck_assert_int_eq(fit((gradus_fit_options){ .restore_best = 1 }, &s), 0);
    ck_assert_int_eq(best, -1);
    ck_assert_uint_ne(gradus_parameters_hash(n.g), before);
}

TEST(gradients_from_before_the_restore_are_refused)
{
    script s = { .from = 0, .rate = 10, .stop_batch = 5 + 2 };

    ck_assert_int_eq(fit((gradus_fit_options){ .restore_best = 1 }, &s), 0);
    ck_assert_int_ne(gradus_backward(n.g), 0);
    ck_assert_int_ne(gradus_step(o), 0);
    assert_error("gradients");
}

static void refused(gradus_fit_options options, const char *text)
{
    uint64_t before = gradus_parameters_hash(n.g);

    ck_assert_int_ne(gradus_fit(o, &d, &options), 0);
    assert_error(text);
    ck_assert_uint_eq(gradus_parameters_hash(n.g), before);
}

TEST(impossible_options_of_early_stopping_are_refused)
{
    refused((gradus_fit_options){ .patience = 2 },
            "gradus_fit: patience needs validation data");
    refused((gradus_fit_options){ .restore_best = 1 },
            "gradus_fit: restore_best needs validation data");
    refused((gradus_fit_options){ .patience = -1 }, "patience is -1");
    refused((gradus_fit_options){ .min_delta = -1 }, "min_delta is -1");
    refused((gradus_fit_options){ .min_delta = NAN }, "min_delta is nan");
}

TEST(lack_of_memory_for_the_copy_is_an_error_before_any_step)
{
    int live = allocations_live(), failed = 1, k = 0;

    while (failed && k < 20) {
        uint64_t before = gradus_parameters_hash(n.g);
        allocations_fail(++k, 1);
        failed = gradus_fit(o, &d, &(gradus_fit_options){
                                       .validation = &v, .restore_best = 1 });
        allocations_fail(0, 0);
        ck_assert_int_eq(allocations_live(), live);
        /* The allocations are the copy, the order and the meter, all before
         * the first step, and then evaluate's meter. */
        if (k <= 3)
            ck_assert_uint_eq(gradus_parameters_hash(n.g), before);
        if (failed)
            assert_error("out of memory");
    }
    ck_assert_int_eq(k, 5);
}
