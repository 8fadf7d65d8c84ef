/* test_metrics.c -- metrics of predictions, against numbers worked out by
 * hand, and the message of each refusal.  tests/test_metrics.sh compares them
 * with scikit-learn's. */
#include "tests.h"

#include "allocations.h"

#include <fenv.h>
#include <math.h>

#define NEAR(a, b) ck_assert_double_eq_tol(a, b, 1e-15)

static void assert_class(gradus_class_metrics m, double precision,
                         double recall, double f1, size_t support)
{
    NEAR(m.precision, precision);
    NEAR(m.recall, recall);
    NEAR(m.f1, f1);
    ck_assert_uint_eq(m.support, support);
}

/* ---- classes ------------------------------------------------------------ */

/* Of class 0, 3 of 4 samples are right; of class 1, 2 of 2.  Class 2 is never
 * predicted, and class 3 is neither predicted nor true. */
static const size_t CONFUSION[4 * 4] = {
    3, 1, 0, 0,  0, 2, 0, 0,  1, 1, 0, 0,  0, 0, 0, 0,
};

TEST(each_class_has_a_precision_a_recall_and_their_harmonic_mean)
{
    gradus_class_metrics m[4];

    ck_assert_int_eq(gradus_classification_metrics(4, CONFUSION, m, NULL,
                                                   NULL), 0);
    assert_class(m[0], 3.0 / 4, 3.0 / 4, 3.0 / 4, 4);
    assert_class(m[1], 2.0 / 4, 1, 2.0 / 3, 2);
    assert_class(m[2], 0, 0, 0, 2);
    assert_class(m[3], 0, 0, 0, 0);
}

TEST(means_of_classes_are_plain_or_weighted_by_support)
{
    gradus_class_metrics macro, weighted;

    ck_assert_int_eq(gradus_classification_metrics(4, CONFUSION, NULL, &macro,
                                                   &weighted), 0);
    assert_class(macro, 5.0 / 16, 7.0 / 16, (3.0 / 4 + 2.0 / 3) / 4, 8);
    assert_class(weighted, 4.0 / 8, 5.0 / 8, (3 + 4.0 / 3) / 8, 8);
}

TEST(without_samples_all_metrics_are_0)
{
    const size_t none[4] = { 0 };
    gradus_class_metrics m[4];

    ck_assert_int_eq(gradus_classification_metrics(2, none, m, m + 2, m + 3),
                     0);
    for (int i = 0; i < 4; i++)
        assert_class(m[i], 0, 0, 0, 0);
}

TEST(classes_that_are_all_right_have_exactly_1)
{
    const size_t right[9] = { 7, 0, 0, 0, 5, 0, 0, 0, 3 };
    gradus_class_metrics macro, weighted;

    ck_assert_int_eq(gradus_classification_metrics(3, right, NULL, &macro,
                                                   &weighted), 0);
    ck_assert_double_eq(macro.f1, 1);
    ck_assert_double_eq(weighted.f1, 1);
}

TEST(a_confusion_matrix_needs_classes)
{
    ck_assert_int_ne(gradus_classification_metrics(2, NULL, NULL, NULL, NULL),
                     0);
    assert_error("gradus_classification_metrics: the confusion matrix is "
                 "NULL");
    ck_assert_int_ne(gradus_classification_metrics(0, CONFUSION, NULL, NULL,
                                                   NULL), 0);
    assert_error("gradus_classification_metrics: classes is 0; must be at "
                 "least 1");
}

/* ---- several labels per row --------------------------------------------- */

/* Label 2 is never predicted and never true.  A probability of 0.5 is not
 * above 0.5, so row 1 is all right; so is row 2, and row 0 is not. */
static const gradus_real Y[3 * 3] = { 0.9, 0.6, 0.1,  0.5, 0.7, 0,
                                      0.8, 0.2, 0.4 };
static const gradus_real T[3 * 3] = { 1, 0, 0,  0, 1, 0,  1, 0, 0 };

static int multilabel(double threshold, gradus_class_metrics *m,
                      double *exact)
{
    return gradus_multilabel_metrics(3, 3, Y, T, threshold, m, m + 3, m + 4,
                                     exact);
}

TEST(each_label_is_a_class_of_its_own)
{
    gradus_class_metrics m[5];
    double exact;

    ck_assert_int_eq(multilabel(0, m, &exact), 0);
    assert_class(m[0], 1, 1, 1, 2);
    assert_class(m[1], 1.0 / 2, 1, 2.0 / 3, 1);
    assert_class(m[2], 0, 0, 0, 0);
    assert_class(m[3], 1.0 / 2, 2.0 / 3, 5.0 / 9, 3);
    assert_class(m[4], 2.5 / 3, 1, 8.0 / 9, 3);
    NEAR(exact, 2.0 / 3);
}

/* 0.6 and 0.9 are no floats; a probability that is rounded like the threshold
 * is not above it. */
TEST(labels_are_predicted_above_the_threshold)
{
    gradus_class_metrics m[5];
    double exact;

    ck_assert_int_eq(multilabel(0.65, m, &exact), 0);
    assert_class(m[1], 1, 1, 1, 1);
    ck_assert_double_eq(exact, 1);
    ck_assert_int_eq(multilabel(0.3, m, &exact), 0);
    assert_class(m[0], 2.0 / 3, 1, 4.0 / 5, 2);
    NEAR(exact, 0);
    ck_assert_int_eq(multilabel(0.6, m, &exact), 0);
    ck_assert_double_eq(exact, 1);
    ck_assert_int_eq(multilabel(0.9, m, &exact), 0);
    assert_class(m[0], 0, 0, 0, 2);
}

static int labels_of(gradus_real y, gradus_real t, double threshold)
{
    const gradus_real ys[4] = { 0, 0, 0, y }, ts[4] = { 0, 0, 0, t };

    return gradus_multilabel_metrics(2, 2, ys, ts, threshold, NULL, NULL,
                                     NULL, NULL);
}

TEST(labels_that_are_not_valid_are_refused)
{
    ck_assert_int_eq(labels_of(0, 1, 0), 0);
    ck_assert_int_ne(labels_of(NAN, 1, 0), 0);
    assert_error("gradus_multilabel_metrics: row 1, column 1: y is nan; must "
                 "be finite");
    ck_assert_int_ne(labels_of(0, 0.5, 0), 0);
    assert_error("gradus_multilabel_metrics: row 1, column 1: t is 0.5; must "
                 "be 0 or 1");
    ck_assert_int_ne(labels_of(0, NAN, 0), 0);
    assert_error("t is nan; must be 0 or 1");
    ck_assert_int_ne(labels_of(0, 0, 1), 0);
    assert_error("gradus_multilabel_metrics: the threshold is 1; must be at "
                 "least 0 and below 1");
    ck_assert_int_ne(labels_of(0, 0, -0.5), 0);
    assert_error("the threshold is -0.5");
    ck_assert_int_ne(labels_of(0, 0, NAN), 0);
    assert_error("the threshold is nan");
    ck_assert_int_ne(gradus_multilabel_metrics(0, 3, Y, T, 0, NULL, NULL,
                                               NULL, NULL), 0);
    assert_error("gradus_multilabel_metrics: got 0 rows of 3 columns; must be "
                 "at least 1 of 1");
}

/* ---- the area under the ROC curve --------------------------------------- */

/* Of the 2 x 3 pairs, (0.8, 0.1), (0.8, 0.4), (0.4, 0.1) are in order, (0.8,
 * 0.9) and (0.4, 0.9) are not, and (0.4, 0.4) is a tie. */
static const gradus_real SCORE[5] = { 0.4, 0.9, 0.8, 0.1, 0.4 };
static const int32_t LABELS[5] = { 1, 0, 1, 0, 0 };

TEST(the_area_counts_pairs_in_order_and_half_of_the_ties)
{
    double auc;

    ck_assert_int_eq(gradus_roc_auc(5, SCORE, 1, LABELS, &auc), 0);
    NEAR(auc, 3.5 / 6);
}

TEST(the_area_is_1_0_or_a_half_in_order_reversed_or_all_equal)
{
    static const gradus_real up[4] = { -INFINITY, -2, 3, 4 };
    static const gradus_real down[4] = { 9, 8, -7, -7 }, equal[4] = { 0 };
    static const int32_t labels[4] = { 0, 0, 1, 1 };
    double auc;

    ck_assert_int_eq(gradus_roc_auc(4, up, 1, labels, &auc), 0);
    ck_assert_double_eq(auc, 1);
    ck_assert_int_eq(gradus_roc_auc(4, down, 1, labels, &auc), 0);
    ck_assert_double_eq(auc, 0);
    ck_assert_int_eq(gradus_roc_auc(4, equal, 1, labels, &auc), 0);
    ck_assert_double_eq(auc, 0.5);
}

TEST(scores_may_be_a_column_of_several)
{
    gradus_real y[5 * 2];
    double auc;

    for (int i = 0; i < 5; i++) {
        y[2 * i] = NAN; /* not looked at */
        y[2 * i + 1] = SCORE[i];
    }
    ck_assert_int_eq(gradus_roc_auc(5, y + 1, 2, LABELS, &auc), 0);
    NEAR(auc, 3.5 / 6);
}

/* Compares with all pairs, one by one. */
LOOP_TEST(the_area_of_random_scores_is_that_of_all_pairs, 20)
{
    enum { N = 97 };
    gradus_real score[N];
    int32_t labels[N];
    gradus_random r;
    double auc, pairs = 0, higher = 0;

    gradus_random_init(&r, 1, 2, (uint64_t)_i);
    for (int i = 0; i < N; i++) {
        labels[i] = i < 2 ? i : (int)gradus_random_below(&r, 2);
        score[i] = (gradus_real)gradus_random_below(&r, 2 + 10 * _i);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            if (labels[i] > labels[j]) {
                pairs++;
                higher += score[i] > score[j] ? 1
                          : score[i] == score[j] ? 0.5 : 0;
            }
    ck_assert_int_eq(gradus_roc_auc(N, score, 1, labels, &auc), 0);
    ck_assert_double_eq(auc, higher / pairs);
}

TEST(an_area_needs_numbers_and_both_labels)
{
    const gradus_real nan[2] = { 0, NAN };
    double auc = 7;

    ck_assert_int_ne(gradus_roc_auc(2, nan, 1, LABELS, &auc), 0);
    assert_error("gradus_roc_auc: sample 1: the score is nan; must be a "
                 "number");
    ck_assert_int_ne(gradus_roc_auc(2, SCORE, 1, (int32_t[]){ 1, 2 }, &auc),
                     0);
    assert_error("gradus_roc_auc: sample 1: label is 2; must be 0 or 1");
    ck_assert_int_ne(gradus_roc_auc(2, SCORE, 1, (int32_t[]){ 0, -1 }, &auc),
                     0);
    assert_error("label is -1");
    ck_assert_int_ne(gradus_roc_auc(2, SCORE, 1, (int32_t[]){ 1, 1 }, &auc),
                     0);
    assert_error("gradus_roc_auc: 2 of 2 labels are 1; must be some, but not "
                 "all");
    ck_assert_int_ne(gradus_roc_auc(2, SCORE, 1, (int32_t[]){ 0, 0 }, &auc),
                     0);
    assert_error("0 of 2 labels are 1");
    ck_assert_int_ne(gradus_roc_auc(1, SCORE, 1, LABELS, &auc), 0);
    assert_error("gradus_roc_auc: got 1 samples with a stride of 1; must be "
                 "at least 2 with 1");
    ck_assert_int_ne(gradus_roc_auc(5, SCORE, 0, LABELS, &auc), 0);
    assert_error("got 5 samples with a stride of 0");
    ck_assert_int_ne(gradus_roc_auc(5, SCORE, 1, LABELS, NULL), 0);
    assert_error("gradus_roc_auc: the scores, the labels or auc is NULL");
    ck_assert_double_eq(auc, 7);
}

TEST(an_area_without_memory_is_an_error)
{
    double auc;
    int before = allocations_live();

    allocations_fail(1, 0);
    int status = gradus_roc_auc(5, SCORE, 1, LABELS, &auc);
    allocations_fail(0, 0);
    ck_assert_int_ne(status, 0);
    assert_error("out of memory for the order of 5 scores");
    ck_assert_int_eq(gradus_roc_auc(5, SCORE, 1, LABELS, &auc), 0);
    ck_assert_int_ne(gradus_roc_auc(5, SCORE, 1, (int32_t[5]){ 0 }, &auc), 0);
    ck_assert_int_eq(allocations_live(), before);
}

/* ---- errors of numbers -------------------------------------------------- */

/* Column 0: errors 1, -1, 2 of targets 1, 2, 6, whose mean is 3.  Column 1: 0,
 * 3, 0 of 2, 2, 2. */
TEST(errors_are_the_means_of_the_columns)
{
    static const gradus_real y[3 * 2] = { 2, 2,  1, 5,  8, 2 };
    static const gradus_real t[3 * 2] = { 1, 2,  2, 2,  6, 2 };
    gradus_regression_errors e;

    ck_assert_int_eq(gradus_regression_metrics(3, 2, y, t, &e), 0);
    NEAR(e.mae, (4.0 / 3 + 3.0 / 3) / 2);
    NEAR(e.rmse, (sqrt(6.0 / 3) + sqrt(9.0 / 3)) / 2);
    NEAR(e.r2, ((1 - 6.0 / 14) + 0) / 2);
}

/* Ten times 0.1 does not add up to 1. */
TEST(equal_targets_that_are_predicted_have_an_r2_of_1)
{
    gradus_real y[10], t[10];
    gradus_regression_errors e;

    for (int i = 0; i < 10; i++)
        y[i] = t[i] = (gradus_real)0.1;
    ck_assert_int_eq(gradus_regression_metrics(10, 1, y, t, &e), 0);
    ck_assert_double_eq(e.mae, 0);
    ck_assert_double_eq(e.rmse, 0);
    ck_assert_double_eq(e.r2, 1);
    y[9] += (gradus_real)1e-3;
    ck_assert_int_eq(gradus_regression_metrics(10, 1, y, t, &e), 0);
    ck_assert_double_eq(e.r2, 0);
}

/* The squares of such targets have more digits than a double. */
TEST(large_targets_lose_no_digits)
{
    const gradus_real big = 16777200; /* floats have steps of 1 there */
    const gradus_real t[4] = { big + 1, big + 2, big + 3, big + 4 };
    const gradus_real y[4] = { big + 1, big + 2, big + 3, big + 5 };
    gradus_regression_errors e;

    ck_assert_int_eq(gradus_regression_metrics(4, 1, y, t, &e), 0);
    ck_assert_double_eq(e.mae, 0.25);
    ck_assert_double_eq(e.rmse, 0.5);
    NEAR(e.r2, 1 - 1.0 / 5);
}

TEST(one_row_has_no_r2)
{
    const gradus_real y = 3, t = 5;
    gradus_regression_errors e;

    ck_assert_int_eq(gradus_regression_metrics(1, 1, &y, &t, &e), 0);
    ck_assert_double_eq(e.mae, 2);
    ck_assert_double_eq(e.rmse, 2);
    ck_assert(isnan(e.r2));
}

TEST(numbers_that_are_not_finite_are_refused)
{
    const gradus_real right[4] = { 0 }, nan[4] = { 0, 0, NAN, 0 };
    const gradus_real infinite[4] = { 0, 0, 0, INFINITY };
    gradus_regression_errors e = { .mae = 7 };

    ck_assert_int_ne(gradus_regression_metrics(2, 2, nan, right, &e), 0);
    assert_error("gradus_regression_metrics: row 1, column 0: y is nan; must "
                 "be finite");
    ck_assert_int_ne(gradus_regression_metrics(2, 2, right, infinite, &e), 0);
    assert_error("gradus_regression_metrics: row 1, column 1: t is inf; must "
                 "be finite");
    ck_assert_int_ne(gradus_regression_metrics(4, 0, right, right, &e), 0);
    assert_error("gradus_regression_metrics: got 4 rows of 0 columns; must be "
                 "at least 1 of 1");
    ck_assert_int_ne(gradus_regression_metrics(4, 1, NULL, right, &e), 0);
    assert_error("gradus_regression_metrics: y is NULL");
    ck_assert_int_ne(gradus_regression_metrics(4, 1, right, NULL, &e), 0);
    assert_error("gradus_regression_metrics: t is NULL");
    ck_assert_int_ne(gradus_regression_metrics(4, 1, right, right, NULL), 0);
    assert_error("gradus_regression_metrics: the errors are NULL");
    ck_assert_double_eq(e.mae, 7);
}

/* ---- the floating-point mode of the caller ------------------------------ */

typedef struct {
    gradus_class_metrics of_classes[4], of_labels[3];
    double exact, auc;
    gradus_regression_errors errors;
} all_metrics;

static all_metrics compute(int rounding)
{
    all_metrics a;

    memset(&a, 0, sizeof a);
    fesetround(rounding);
    int status = gradus_classification_metrics(4, CONFUSION, a.of_classes,
                                               NULL, NULL) ||
                 gradus_multilabel_metrics(3, 3, Y, T, 0, a.of_labels, NULL,
                                           NULL, &a.exact) ||
                 gradus_roc_auc(5, SCORE, 1, LABELS, &a.auc) ||
                 gradus_regression_metrics(3, 3, Y, T, &a.errors);
    int after = fegetround();
    fesetround(FE_TONEAREST);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(after, rounding);
    return a;
}

TEST(metrics_do_not_depend_on_the_rounding_of_the_caller)
{
    all_metrics a = compute(FE_TONEAREST), up = compute(FE_UPWARD),
                down = compute(FE_DOWNWARD);

    ck_assert_mem_eq(&a, &up, sizeof a);
    ck_assert_mem_eq(&a, &down, sizeof a);
}
