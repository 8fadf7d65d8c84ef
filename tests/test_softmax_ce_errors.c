/* test_softmax_ce_errors.c -- labels, targets and logits that softmax_ce must
 * report. */
#include "probe.h"
#include "softmax_head.h"
#include "tests.h"

#include <math.h>

static softmax_head h;
static gradus_optimiser *o;

static void end(void)
{
    gradus_optimiser_free(o);
    gradus_graph_free(h.g);
    h.g = NULL;
    o = NULL;
}

/* Asserts that forward over n rows fails with this message. */
static void assert_forward_fails(int n, const char *why)
{
    ck_assert_msg(gradus_forward(h.g, NULL, n) != 0,
                  "forward succeeds; must fail with \"%s\"", why);
    assert_error(why);
    ck_assert(isnan(gradus_loss(h.g)));
    ck_assert_int_ne(gradus_backward(h.g), 0);
}

/* ---- labels ---------------------------------------------------------- */

enum { ROWS = 6, BATCH = 2 };

static const gradus_real X[ROWS * 2] = { 1, 2, 3, 4, -1, 0, 2, 2, 0, 1, 5, 3 };
static int32_t labels[ROWS];
static const gradus_dataset data = { .n = ROWS, .size = 2, .x = X,
                                     .labels = labels };

/* Makes a classifier of three classes, and takes a first step with
 * momentum. */
static void begin_training(void)
{
    gradus_node *x;

    for (int i = 0; i < ROWS; i++)
        labels[i] = i % 3;
    h.g = gradus_graph_new(1);
    x = gradus_input(h.g, 2);
    h.t = gradus_labels(h.g, 1);
    h.loss = gradus_softmax_ce(gradus_dense(x, 3), h.t, NULL);
    ck_assert_int_eq(gradus_compile(h.g, BATCH, 1), 0);
    o = gradus_sgd(h.g, &(gradus_sgd_options){ .momentum = 0.9 });
    gradus_feed(x, X, ROWS);
    gradus_feed_labels(h.t, labels, ROWS);
    ck_assert_int_eq(gradus_train_step(o, NULL, BATCH), 0);
}

EACH_TEST(.begin = begin_training, .end = end)

static int step_by_hand(void)
{
    return gradus_forward(h.g, (int[]){ 1, 5 }, 2);
}

static int step_at_once(void)
{
    return gradus_train_step(o, (int[]){ 1, 5 }, 2);
}

static int fit(void)
{
    return gradus_fit(o, &data, NULL);
}

static int fit_what_is_fed(void)
{
    return gradus_fit(o, NULL, NULL);
}

static int evaluate(void)
{
    return gradus_evaluate(h.g, &data, NULL, &(gradus_metrics){ 0 });
}

/* Sample 5 has the bad label.  In order, it is in the last batch of a fit. */
LOOP_TEST(a_label_out_of_range_is_an_error_before_any_weight_changes, 5)
{
    int (*const entry[])(void) = { step_by_hand, step_at_once, fit,
                                   fit_what_is_fed, evaluate };
    const int32_t bad[] = { 3, -1, 255, INT32_MAX, INT32_MIN };
    uint64_t before = gradus_parameters_hash(h.g), after;

    for (int i = 0; i < 5; i++) {
        char why[80];
        labels[5] = bad[i];
        snprintf(why, sizeof why, "node 3, softmax_ce1: sample 5, position 0: "
                 "the label is %d; must be 0 to 2", (int)bad[i]);
        ck_assert_int_ne(entry[_i](), 0);
        assert_error(why);
        ck_assert_uint_eq(gradus_parameters_hash(h.g), before);
    }
    labels[5] = 2; /* the next step shows that the velocity is unchanged too */
    ck_assert_int_eq(gradus_train_step(o, NULL, BATCH), 0);
    after = gradus_parameters_hash(h.g);
    end();
    begin_training();
    ck_assert_int_eq(gradus_train_step(o, NULL, BATCH), 0);
    ck_assert_uint_eq(gradus_parameters_hash(h.g), after);
}

TEST(a_step_on_ignored_rows_alone_changes_nothing)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2), *t = gradus_labels(g, 1);
    gradus_softmax_ce(gradus_dense(x, 3), t, &(gradus_softmax_ce_options){
                                                 .use_ignore_label = 1,
                                                 .ignore_label = -100 });
    gradus_compile(g, 2, 1);
    gradus_optimiser *sgd = gradus_sgd(g, NULL);
    uint64_t before = gradus_parameters_hash(g);

    gradus_feed(x, X, 2);
    gradus_feed_labels(t, (int32_t[]){ -100, -100 }, 2);
    ck_assert_int_eq(gradus_train_step(sgd, NULL, 2), 0);
    ck_assert_double_eq(gradus_loss(g), 0);
    ck_assert_uint_eq(gradus_parameters_hash(g), before);
    gradus_optimiser_free(sgd);
    gradus_graph_free(g);
}

TEST(logits_that_overflow_stop_the_step_and_change_nothing)
{
    const double bad[] = { NAN, INFINITY, -INFINITY };

    for (int i = 0; i < 3; i++) { /* in the bias of class 1 */
        gradus_real *theta = gradus_parameters(h.g), bias = theta[7];
        theta[7] = (gradus_real)bad[i];
        uint64_t before = gradus_parameters_hash(h.g);
        ck_assert_int_ne(gradus_train_step(o, (int[]){ 4, 5 }, 2), 0);
        assert_error(bad[i] < 0 ? "row 0: class 1 is masked (its logit is "
                                  "-inf), so its target must be 0"
                                : "node 3, softmax_ce1: row 0: the logit of "
                                  "class 1 is ");
        assert_error("(row 0 is sample 4); parameters are unchanged");
        ck_assert_uint_eq(gradus_parameters_hash(h.g), before);
        theta[7] = bias;
    }
}

EACH_TEST(.end = end)

TEST(a_bad_label_names_its_position)
{
    h = new_head(2, (int[]){ 3, 4 }, 4, 0,
                 (gradus_softmax_ce_options){ .use_ignore_label = 1,
                                              .ignore_label = 9 });
    gradus_feed(h.z, (gradus_real[24]){ 0 }, 2);
    gradus_feed_labels(h.t, (int32_t[]){ 0, 1, 2, 9, 0, 0, 4, 0 }, 2);
    assert_forward_fails(
        2, "sample 1, position 2: the label is 4; must be 0 to 2");
}

/* ---- targets and logits ---------------------------------------------- */

TEST(targets_that_are_negative_or_not_finite_are_an_error)
{
    const double bad[] = { -1, -1e-30, NAN, INFINITY, -INFINITY };
    const char *why[] = {
        "softmax_ce1: row 1: the target of class 2 is -1",
        "softmax_ce1: row 1: the target of class 2 is -1e-30",
        "node 1, values2: row 1 (sample 1): value 2 is nan",
        "node 1, values2: row 1 (sample 1): value 2 is inf",
        "softmax_ce1: row 1: the target of class 2 is -inf",
    };

    h = new_head(1, (int[]){ 3 }, 0, 0,
                 (gradus_softmax_ce_options){ .class_weight = NULL });
    gradus_feed(h.z, (gradus_real[6]){ 0 }, 2);
    for (int i = 0; i < 5; i++) {
        gradus_real t[6] = { 1, 0, 0, 1, 0, (gradus_real)bad[i] };
        gradus_feed(h.t, t, 2);
        assert_forward_fails(2, why[i]);
    }
}

TEST(a_weight_of_zero_hides_no_bad_target)
{
    static const double zero[] = { 1, 0 };

    h = new_head(1, (int[]){ 2 }, 0, 1,
                 (gradus_softmax_ce_options){ .class_weight = zero });
    gradus_feed(h.z, (gradus_real[]){ 0, 0 }, 1);
    gradus_feed(h.w, (gradus_real[]){ 1 }, 1);
    gradus_feed(h.t, (gradus_real[]){ 1, -1 }, 1); /* the class weighs 0 */
    assert_forward_fails(1, "softmax_ce1: row 0: the target of class 1 is -");
    gradus_feed(h.w, (gradus_real[]){ 0 }, 1);
    gradus_feed(h.t, (gradus_real[]){ -1, 1 }, 1); /* the row weighs 0 */
    assert_forward_fails(1, "softmax_ce1: row 0: the target of class 0 is -1");
}

/* Row 1 has the bad logit, in each class in turn.  It is an error even if the
 * row is ignored. */
TEST(logits_that_are_nan_or_infinite_are_an_error)
{
    const double bad[] = { NAN, INFINITY };

    h = new_classifier(3, (gradus_softmax_ce_options){ .use_ignore_label = 1,
                                                       .ignore_label = 7 });
    for (int i = 0; i < 2 * 3 * 2; i++) {
        gradus_real z[6] = { 0 };
        char why[64];
        z[3 + i % 3] = (gradus_real)bad[i / 6];
        snprintf(why, sizeof why, "softmax_ce1: row 1: the logit of class %d "
                 "is ", i % 3);
        gradus_feed(h.z, z, 2);
        gradus_feed_labels(h.t, (int32_t[]){ 0, i / 3 % 2 ? 7 : 0 }, 2);
        assert_forward_fails(2, why);
    }
}

TEST(a_row_of_minus_infinity_is_an_error_even_if_ignored)
{
    gradus_real z[] = { 0, 0, 0, -INFINITY, -INFINITY, -INFINITY };

    h = new_classifier(3, (gradus_softmax_ce_options){ .use_ignore_label = 1,
                                                       .ignore_label = 7 });
    gradus_feed(h.z, z, 2);
    gradus_feed_labels(h.t, (int32_t[]){ 0, 7 }, 2);
    assert_forward_fails(2, "softmax_ce1: row 1: every logit is -inf");
    gradus_feed_labels(h.t, (int32_t[]){ 0, 0 }, 2);
    assert_forward_fails(2, "softmax_ce1: row 1: ");
}

TEST(a_masked_class_cannot_be_the_target)
{
    h = new_classifier(2, (gradus_softmax_ce_options){ .reduction = 0 });
    gradus_feed(h.z, (gradus_real[]){ 0, -INFINITY }, 1);
    gradus_feed_labels(h.t, (int32_t[]){ 1 }, 1);
    assert_forward_fails(1, "row 0: class 1 is masked (its logit is "
                            "-inf), so its target must be 0");
}

TEST(with_label_smoothing_no_class_may_be_masked)
{
    h = new_classifier(2,
                       (gradus_softmax_ce_options){ .label_smoothing = .1 });
    gradus_feed(h.z, (gradus_real[]){ 0, -INFINITY }, 1);
    gradus_feed_labels(h.t, (int32_t[]){ 0 }, 1);
    assert_forward_fails(1, "row 0: class 1 is masked");
}

TEST(a_good_batch_runs_after_an_error)
{
    h = new_classifier(2, (gradus_softmax_ce_options){ .reduction = 0 });
    gradus_feed(h.z, (gradus_real[]){ NAN, 0 }, 1);
    gradus_feed_labels(h.t, (int32_t[]){ 1 }, 1);
    assert_forward_fails(1, "the logit of class 0 is");
    run_labels(&h, (gradus_real[]){ 3, 3 }, (int32_t[]){ 1 }, 1);
    assert_near(h.z->dy, (double[]){ .5, -.5 }, 2, 0);
}
