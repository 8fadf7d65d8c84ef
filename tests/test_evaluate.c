/* test_evaluate.c -- loss, accuracy, top-k and confusion, against numbers
 * worked out by hand.
 *
 * The graphs have no layer between input and loss: the data are the logits. */
#include "tests.h"

#include "nets.h"

#include <math.h>
#include <stdlib.h>

enum { K = 4, N = 7, IGNORED = -7 };

/* Logits [N,K].  Sample 3 is a tie between classes 1 and 2, and sample 4 a tie
 * between all classes. */
static const gradus_real Z[N * K] = {
    3, 1, 0, 2,  0, 5, 1, 2,  1, 0, 2, 3,  0, 4, 4, 1,
    2, 2, 2, 2,  9, 1, 2, 3,  0, 1, 2, 8,
};
static const int32_t LABELS[N] = { 0, 2, 2, 2, 1, IGNORED, 3 };

static const gradus_dataset DATA = { .n = N, .size = K, .x = Z,
                                     .labels = LABELS };

/* The loss of a sample, by the definition. */
static double loss_of(int i)
{
    double sum = 0;

    for (int k = 0; k < K; k++)
        sum += exp((double)Z[i * K + k]);
    return log(sum) - (double)Z[i * K + LABELS[i]];
}

static double sum_of_losses(void)
{
    double sum = 0;

    for (int i = 0; i < N; i++)
        sum += LABELS[i] == IGNORED ? 0 : loss_of(i);
    return sum;
}

static gradus_graph *graph(gradus_reduction reduction, int max_batch)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, K), *t = gradus_labels(g, 1);

    gradus_softmax_ce(x, t, &(gradus_softmax_ce_options){
                                .reduction = reduction,
                                .use_ignore_label = 1,
                                .ignore_label = IGNORED });
    ck_assert_msg(gradus_compile(g, max_batch, 2) == 0, "%s", gradus_error());
    return g;
}

/* Evaluates DATA in batches of max_batch rows. */
static gradus_metrics evaluate(gradus_reduction reduction, int max_batch,
                               int k, size_t *confusion)
{
    gradus_evaluate_options o = { .k = k, .confusion = confusion };
    gradus_metrics m = { 0 };
    gradus_graph *g = graph(reduction, max_batch);

    ck_assert_msg(gradus_evaluate(g, &DATA, &o, &m) == 0, "%s",
                  gradus_error());
    gradus_graph_free(g);
    return m;
}

EACH_TEST(.timeout = 60)

LOOP_TEST(the_loss_does_not_depend_on_the_size_of_the_batches, N + 1)
{
    const int batch = _i + 1;
    double sum = sum_of_losses();
    gradus_metrics m = evaluate(GRADUS_REDUCE_MEAN_VALID, batch, 0, NULL);

    ck_assert_double_eq_tol(m.loss, sum / (N - 1), TOLERANCE);
    m = evaluate(GRADUS_REDUCE_MEAN_BATCH, batch, 0, NULL);
    ck_assert_double_eq_tol(m.loss, sum / N, TOLERANCE);
    m = evaluate(GRADUS_REDUCE_SUM, batch, 0, NULL);
    ck_assert_double_eq_tol(m.loss, sum, N * TOLERANCE);
}

/* Samples 0 and 6 are right.  2 and 3 are wrong, 3 because the lowest class
 * wins a tie; 4 is a tie that class 0 wins. */
LOOP_TEST(accuracy_leaves_out_ignored_labels_and_gives_ties_to_the_lowest, N)
{
    gradus_metrics m = evaluate(GRADUS_REDUCE_MEAN_VALID, _i + 1, 0, NULL);

    ck_assert_uint_eq(m.counted, 6);
    ck_assert_double_eq(m.accuracy, 2.0 / 6);
    ck_assert_double_eq(m.top_k, m.accuracy); /* k is 1 */
}

/* The ranks of the labels are 1, 3, 2, 2, 2, 1. */
TEST(top_k_counts_the_labels_among_the_k_largest_logits)
{
    ck_assert_double_eq(evaluate(0, 3, 1, NULL).top_k, 2.0 / 6);
    ck_assert_double_eq(evaluate(0, 3, 2, NULL).top_k, 5.0 / 6);
    ck_assert_double_eq(evaluate(0, 3, 3, NULL).top_k, 1);
    ck_assert_double_eq(evaluate(0, 3, 99, NULL).top_k, 1);
}

TEST(the_confusion_matrix_has_a_row_for_each_true_class)
{
    static const size_t wanted[K * K] = {
        1, 0, 0, 0,  1, 0, 0, 0,  0, 2, 0, 1,  0, 0, 0, 1,
    };
    size_t confusion[K * K] = { 77, 77 }; /* to be overwritten */

    evaluate(0, 3, 0, confusion);
    ck_assert_mem_eq(confusion, wanted, sizeof wanted);
}

TEST(data_with_only_ignored_labels_has_no_accuracy)
{
    static const int32_t ignored[N] = { IGNORED, IGNORED, IGNORED, IGNORED,
                                        IGNORED, IGNORED, IGNORED };
    gradus_graph *g = graph(GRADUS_REDUCE_MEAN_VALID, 3);
    gradus_dataset d = DATA;
    gradus_metrics m = { 0 };

    d.labels = ignored;
    ck_assert_int_eq(gradus_evaluate(g, &d, NULL, &m), 0);
    ck_assert_double_eq(m.loss, 0);
    ck_assert_uint_eq(m.counted, 0);
    ck_assert(isnan(m.accuracy) && isnan(m.top_k));
    gradus_graph_free(g);
}

/* Each target is the label written as a distribution. */
TEST(targets_and_weights_come_from_the_dataset)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, K), *t = gradus_input(g, K);
    gradus_softmax_ce_options options = { .row_weight =
                                              gradus_row_weights(g) };
    gradus_real targets[3 * K] = { 0 };
    const gradus_real weights[3] = { 1, 0, 3 };
    gradus_dataset d = { .n = 3, .size = K, .x = Z, .targets = targets,
                         .weights = weights };
    gradus_metrics m = { 0 };

    for (int i = 0; i < 3; i++)
        targets[i * K + LABELS[i]] = 1;
    gradus_softmax_ce(x, t, &options);
    ck_assert_msg(gradus_compile(g, 2, 1) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_evaluate(g, &d, NULL, &m) == 0, "%s", gradus_error());
    ck_assert_double_eq_tol(m.loss, (loss_of(0) + 3 * loss_of(2)) / 4,
                            TOLERANCE);
    ck_assert(isnan(m.accuracy));
    d.targets = NULL;
    ck_assert_int_ne(gradus_evaluate(g, &d, NULL, &m), 0);
    assert_error("no targets");
    d.targets = targets, d.weights = NULL;
    ck_assert_int_ne(gradus_evaluate(g, &d, NULL, &m), 0);
    assert_error("no weights");
    gradus_graph_free(g);
}

TEST(evaluated_losses_add_up_and_the_accuracy_is_that_of_the_last)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, K), *t = gradus_labels(g, 1);
    gradus_dataset d = DATA;
    gradus_metrics m = { 0 };

    d.n = 5; /* up to the ignored one */
    gradus_node *first = gradus_softmax_ce(x, t, NULL);
    gradus_softmax_ce(x, t, &(gradus_softmax_ce_options){
                                .use_ignore_label = 1, .ignore_label = 2 });
    ck_assert_int_eq(gradus_set_loss_weight(first, 10), 0);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    ck_assert_int_eq(gradus_evaluate(g, &d, NULL, &m), 0);
    double all = 0;
    for (int i = 0; i < 5; i++)
        all += loss_of(i);
    ck_assert_double_eq_tol(
        m.loss, 10 * all / 5 + (loss_of(0) + loss_of(4)) / 2, 10 * TOLERANCE);
    ck_assert_uint_eq(m.counted, 2);
    ck_assert_double_eq(m.accuracy, 0.5);
    gradus_graph_free(g);
}

TEST(each_position_counts_as_a_label)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_image(g, 2, 1, 3), *t = gradus_labels(g, 3);
    /* Two classes at three positions; predicted 0 1 0 and 1 1 1. */
    const gradus_real z[] = { 5, 0, 5,  0, 5, 0,   0, 0, 0,  5, 5, 5 };
    const int32_t labels[] = { 0, 1, 1,  1, 0, 1 };
    gradus_dataset d = { .n = 2, .size = 6, .x = z, .labels = labels,
                         .positions = 3 };
    size_t confusion[4];
    gradus_evaluate_options o = { .confusion = confusion };
    gradus_metrics m = { 0 };

    gradus_softmax_ce(x, t, NULL);
    ck_assert_msg(gradus_compile(g, 1, 1) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_evaluate(g, &d, &o, &m) == 0, "%s", gradus_error());
    ck_assert_uint_eq(m.counted, 6);
    ck_assert_double_eq(m.accuracy, 4.0 / 6);
    ck_assert_mem_eq(confusion, ((size_t[]){ 1, 1, 1, 3 }), sizeof confusion);
    gradus_graph_free(g);
}

TEST(a_bad_label_or_logit_is_an_error)
{
    gradus_graph *g = graph(GRADUS_REDUCE_MEAN_VALID, 3);
    gradus_real z[N * K];
    int32_t labels[N];
    gradus_dataset d = { .n = N, .size = K, .x = z, .labels = labels };
    gradus_evaluate_options o = { .k = -1 };
    gradus_metrics m = { 0 };

    memcpy(z, Z, sizeof z);
    memcpy(labels, LABELS, sizeof labels);
    ck_assert_int_ne(gradus_evaluate(g, &d, &o, &m), 0);
    assert_error("k is -1");
    labels[6] = K;
    ck_assert_int_ne(gradus_evaluate(g, &d, NULL, &m), 0);
    assert_error("sample 6, position 0: the label is 4");
    labels[6] = 0;
    z[4 * K + 1] = (gradus_real)NAN;
    ck_assert_int_ne(gradus_evaluate(g, &d, NULL, &m), 0);
    assert_error("sample 4");
    gradus_graph_free(g);
}

/* A second labels node would keep the labels of other data. */
TEST(a_graph_with_two_labels_nodes_must_be_fed_by_hand)
{
    static const gradus_real X[] = { 1, 2, 3, 4 };
    static const int32_t A[] = { 0, 1 }, B[] = { 1, 1 };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2), *a = gradus_labels(g, 1);
    gradus_node *b = gradus_labels(g, 1);
    gradus_softmax_ce(gradus_dense(x, 2), a, NULL);
    gradus_softmax_ce(gradus_dense(x, 2), b, NULL);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_feed(x, X, 2);
    gradus_feed_labels(a, A, 2);
    gradus_feed_labels(b, B, 2);
    gradus_dataset d = { .n = 2, .size = 2, .x = X, .labels = A };
    gradus_metrics m = { 0 };

    ck_assert_int_ne(gradus_evaluate(g, &d, NULL, &m), 0);
    assert_error("labels2: a dataset feeds only one such node, labels");
    ck_assert_int_eq(gradus_evaluate(g, NULL, NULL, &m), 0);
    ck_assert_uint_eq(m.counted, 2);
    gradus_feed_labels(b, B, 1);
    ck_assert_int_ne(gradus_evaluate(g, NULL, NULL, &m), 0);
    assert_error("labels2: was fed 1 rows, but input was fed 2");
    gradus_graph_free(g);
}

TEST(a_graph_without_a_loss_cannot_be_evaluated)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_dense(gradus_input(g, 2), 2);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_dataset d = { .n = 1, .size = 2, .x = (gradus_real[]){ 1, 2 } };
    gradus_metrics m = { 0 };

    ck_assert_int_ne(gradus_evaluate(g, &d, NULL, &m), 0);
    assert_error("no loss");
    gradus_graph_free(g);
}
