/* test_schedule.c -- learning rates as functions of the step: known values,
 * both ends, and settings that make no sense. */
#include "nets.h"
#include "tests.h"

#include <math.h>

static void near(double v, double expected)
{
    ck_assert_double_eq_tol(v, expected, 1e-15);
}

/* (O16) */
TEST(a_step_schedule_lowers_the_rate_after_each_period)
{
    near(gradus_lr_step(0.8, 0, 30, 0.5), 0.8);
    near(gradus_lr_step(0.8, 29, 30, 0.5), 0.8);
    near(gradus_lr_step(0.8, 30, 30, 0.5), 0.4);
    near(gradus_lr_step(0.8, 59, 30, 0.5), 0.4);
    near(gradus_lr_step(0.8, 60, 30, 0.5), 0.2);
    near(gradus_lr_step(0.8, 3, 1, 0.5), 0.1);
    ck_assert(isnan(gradus_lr_step(0.8, 3, 0, 0.5)));
}

/* (O17) */
TEST(an_exponential_schedule_lowers_the_rate_at_each_step)
{
    near(gradus_lr_exponential(0.5, 0, 0.9), 0.5);
    near(gradus_lr_exponential(0.5, 1, 0.9), 0.45);
    near(gradus_lr_exponential(0.5, 3, 0.9), 0.3645);
}

/* (O18) */
TEST(a_cosine_schedule_goes_from_the_first_rate_to_the_last)
{
    near(gradus_lr_cosine(0.5, 0, 12, 0.1), 0.5);
    near(gradus_lr_cosine(0.5, 2, 12, 0.1), 0.4732050807568877);
    near(gradus_lr_cosine(0.5, 4, 12, 0.1), 0.4); /* cos(pi/3) = 1/2 */
    near(gradus_lr_cosine(0.5, 6, 12, 0.1), 0.3);
    near(gradus_lr_cosine(0.5, 8, 12, 0.1), 0.2);
    ck_assert_double_gt(gradus_lr_cosine(0.5, 11, 12, 0.1), 0.1);
    near(gradus_lr_cosine(0.5, 12, 12, 0.1), 0.1);
    near(gradus_lr_cosine(0.5, 13, 12, 0.1), 0.1);
    near(gradus_lr_cosine(0.5, UINT64_MAX, 12, 0.1), 0.1);
    ck_assert(isnan(gradus_lr_cosine(0.5, 0, 0, 0.1)));
}

/* (O19) */
TEST(a_warmup_is_linear_and_changes_no_later_rate)
{
    near(gradus_lr_warmup(0.5, 0, 5), 0.1);
    near(gradus_lr_warmup(0.5, 1, 5), 0.2);
    near(gradus_lr_warmup(0.5, 4, 5), 0.5);
    near(gradus_lr_warmup(0.5, 5, 5), 0.5);
    near(gradus_lr_warmup(0.5, 0, 1), 0.5);
    near(gradus_lr_warmup(0.5, 0, 0), 0.5);
    near(gradus_lr_warmup(gradus_lr_cosine(0.5, 4, 12, 0.1), 4, 10), 0.2);
}

/* So few steps leave no time to rise: a single step is the last one, and of 2
 * or 3 the first is at the highest rate. */
TEST(a_one_cycle_schedule_of_few_steps_does_not_rise)
{
    const double last = 0.5 / 25 / 1e4;

    near(gradus_lr_one_cycle(0.5, 0, 1, 0, 0, 0), last);
    near(gradus_lr_one_cycle(0.5, 0, 1, 0.9, 0, 0), last);
    near(gradus_lr_one_cycle(0.5, 0, 2, 0, 0, 0), 0.5);
    near(gradus_lr_one_cycle(0.5, 1, 2, 0, 0, 0), last);
    near(gradus_lr_one_cycle(0.5, 0, 3, 0, 0, 0), 0.5);
    near(gradus_lr_one_cycle(0.5, 1, 3, 0, 0, 0), (0.5 + last) / 2);
    near(gradus_lr_one_cycle(0.5, 2, 3, 0, 0, 0), last);
}

/* The rate (O20) rises during 0.35 of the 20 steps.  The peak is at step 6,
 * and the end at step 19. */
TEST(a_one_cycle_schedule_goes_up_and_down)
{
    static const double expected[20] = {
        [0] = 0.1,                   /* 1 / 10 */
        [2] = 0.325,                 /* 1 - 0.9 (1 + 1/2) / 2 */
        [3] = 0.55,
        [4] = 0.775,
        [6] = 1,
        [19] = 0.001,                /* 1 / 10 / 100 */
    };

    for (uint64_t t = 0; t < 20; t++)
        if (expected[t] > 0)
            near(gradus_lr_one_cycle(1, t, 20, 0.35, 10, 100), expected[t]);
    for (uint64_t t = 7; t < 20; t++)
        ck_assert_double_lt(gradus_lr_one_cycle(1, t, 20, 0.35, 10, 100),
                            gradus_lr_one_cycle(1, t - 1, 20, 0.35, 10, 100));
    near(gradus_lr_one_cycle(1, 20, 20, 0.35, 10, 100), 0.001);
    near(gradus_lr_one_cycle(1, 1000, 20, 0.35, 10, 100), 0.001);
}

/* By default, the peak of 10 steps is at step 0.3 * 10 - 1 = 2.  The peak of
 * 11 steps is at 2.3, between two steps. */
TEST(a_one_cycle_schedule_has_the_defaults_of_pytorch)
{
    near(gradus_lr_one_cycle(0.5, 0, 10, 0, 0, 0), 0.02);
    near(gradus_lr_one_cycle(0.5, 1, 10, 0, 0, 0), 0.26);
    near(gradus_lr_one_cycle(0.5, 2, 10, 0, 0, 0), 0.5);
    near(gradus_lr_one_cycle(0.5, 9, 10, 0, 0, 0), 2e-6);
    near(gradus_lr_one_cycle(0.5, 6, 11, 0, 0, 0),
         2e-6 + (0.5 - 2e-6) / 2 * (1 + cos(acos(-1) * 3.7 / 7.7)));
}

TEST(a_one_cycle_schedule_takes_few_steps_and_refuses_nonsense)
{
    /* There are too few steps for the rate to rise. */
    near(gradus_lr_one_cycle(1, 0, 2, 0.1, 10, 100), 1);
    near(gradus_lr_one_cycle(1, 1, 2, 0.1, 10, 100), 0.001);
    near(gradus_lr_one_cycle(1, 0, 1, 0.1, 10, 100), 0.001);
    ck_assert(isnan(gradus_lr_one_cycle(1, 0, 0, 0.1, 10, 100)));
    ck_assert(isnan(gradus_lr_one_cycle(1, 0, 10, 1, 10, 100)));
    ck_assert(isnan(gradus_lr_one_cycle(1, 0, 10, -0.1, 10, 100)));
    ck_assert(isnan(gradus_lr_one_cycle(1, 0, 10, NAN, 10, 100)));
}

/* ---- in gradus_fit ---------------------------------------------------- */

enum { SAMPLES = 50, BATCH = 20, EPOCHS = 4, STEPS = 12 }; /* 3 an epoch */
static const int SIZES[] = { 6, 10, 3 };

typedef struct {
    uint64_t next;      /* the step that fit must ask for next */
    double used[STEPS]; /* the optimiser's rate in each */
    int bad;            /* the step that gets a NAN, or -1 */
} schedule;

static double cosine(uint64_t step, uint64_t steps, void *user)
{
    schedule *s = user;

    ck_assert_uint_eq(step, s->next++);
    ck_assert_uint_eq(steps, STEPS);
    return (int)step == s->bad ? NAN : gradus_lr_cosine(0.5, step, steps, 0);
}

/* Notes the optimiser's rate, as a callback sees it after each batch. */
static int note(const gradus_progress *p, void *user)
{
    int step = p->epoch * p->batches + p->batch - 1;

    ((schedule *)user)->used[step] = gradus_learning_rate(p->optimiser);
    return 0;
}

static int fit(net *n, schedule *s)
{
    gradus_dataset d = data_new(1, SAMPLES, SIZES[0], SIZES[2]);
    gradus_optimiser *o = gradus_sgd(n->g, NULL);
    int status = gradus_fit(o, &d, &(gradus_fit_options){
                                       .epochs = EPOCHS, .batch = BATCH,
                                       .keep_order = 1, .callback = note,
                                       .learning_rate = cosine, .user = s });
    gradus_optimiser_free(o);
    data_free(&d);
    return status;
}

/* The hash of the parameters after the same steps by hand, with the rate set
 * before each. */
static uint64_t hash_by_hand(void)
{
    net n = net_new(1, SIZES, BATCH, 1);
    gradus_dataset d = data_new(1, SAMPLES, SIZES[0], SIZES[2]);
    gradus_optimiser *o = gradus_sgd(n.g, NULL);
    int index[SAMPLES];

    for (int i = 0; i < SAMPLES; i++)
        index[i] = i;
    net_feed(&n, &d);
    for (int t = 0; t < STEPS; t++) {
        double lr = gradus_lr_cosine(0.5, (uint64_t)t, STEPS, 0);
        ck_assert_int_eq(gradus_set_learning_rate(o, lr), 0);
        ck_assert_int_eq(gradus_train_step(o, index + t % 3 * BATCH,
                                           t % 3 < 2 ? BATCH : 10), 0);
    }
    uint64_t hash = gradus_parameters_hash(n.g);
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
    return hash;
}

TEST(fit_asks_the_schedule_before_each_step)
{
    net n = net_new(1, SIZES, BATCH, 1);
    schedule s = { .bad = -1 };

    ck_assert_msg(fit(&n, &s) == 0, "%s", gradus_error());
    ck_assert_uint_eq(s.next, STEPS);
    near(s.used[0], 0.5);
    near(s.used[4], 0.375);
    near(s.used[6], 0.25);
    near(s.used[8], 0.125);
    ck_assert_uint_eq(gradus_parameters_hash(n.g), hash_by_hand());
    net_free(&n);
}

TEST(a_learning_rate_of_nan_ends_the_fit)
{
    net n = net_new(1, SIZES, BATCH, 1);
    schedule s = { .bad = 7 };

    ck_assert_int_ne(fit(&n, &s), 0);
    assert_error("epoch 3, batch 2: sgd: learning rate is ");
    assert_error("nan; must be from 0 to 1e30");
    ck_assert_uint_eq(s.next, 8);
    net_free(&n);
}
