/* test_accumulation.c -- the gradients of several batches, weighted as the
 * header says, add up to that of all their rows as one batch. */
#include "tests.h"

#include "probe.h"

enum { ROWS = 16, IN = 5, OUT = 3 };

static gradus_real x[ROWS * IN], portions[ROWS * OUT], weight[ROWS];
static const int32_t labels[ROWS] = { 0, 2, 1, 1, 0, 2, 2, 2, 0, 1, 0, 0, 1 };

typedef enum { SOFTMAX, SIGMOID, MSE, HUBER, WEIGHTED, LOSSES } loss_kind;

static gradus_graph *g;
static gradus_node *loss;

/* A net of two layers with one of the losses, with all rows fed. */
static void build(loss_kind kind, gradus_reduction reduction)
{
    g = gradus_graph_new(1);
    gradus_node *in = gradus_input(g, IN);
    gradus_node *z = gradus_dense(gradus_tanh(gradus_dense(in, 4)), OUT);
    gradus_node *t = kind == SOFTMAX ? gradus_labels(g, 1)
                                     : gradus_input(g, OUT);
    gradus_node *w = kind == WEIGHTED ? gradus_row_weights(g) : NULL;

    loss = kind == SOFTMAX ? gradus_softmax_ce(z, t,
               &(gradus_softmax_ce_options){ .reduction = reduction })
         : kind == SIGMOID ? gradus_sigmoid_ce(z, t,
               &(gradus_sigmoid_ce_options){ .reduction = reduction })
         : kind == HUBER ? gradus_huber(z, t,
               &(gradus_huber_options){ .reduction = reduction })
         : gradus_mse(z, t, &(gradus_mse_options){ .reduction = reduction,
                                                   .row_weight = w });
    ck_assert_msg(gradus_compile(g, ROWS, 2) == 0, "%s", gradus_error());
    probe_fill(x, ROWS * IN, 1);
    probe_fill(portions, ROWS * OUT, 2);
    for (int i = 0; i < ROWS * OUT; i++)
        portions[i] = portions[i] < 0 ? -portions[i] : portions[i];
    for (int i = 0; i < ROWS; i++)
        weight[i] = (gradus_real)(i % 4);
    gradus_feed(in, x, ROWS);
    if (kind == SOFTMAX)
        gradus_feed_labels(t, labels, ROWS);
    else
        gradus_feed(t, portions, ROWS);
    if (w)
        gradus_feed(w, weight, ROWS);
}

/* What counts of the rows from .. end-1: how many there are, or their
 * weight. */
static double amount(loss_kind kind, int from, int end)
{
    double sum = 0;

    for (int i = from; i < end; i++)
        sum += kind == WEIGHTED ? (double)weight[i] : 1;
    return sum;
}

/* Accumulates the gradients of the rows before ends[0], then of those before
 * ends[1], and so on, with a loss weight of part / all, or 1 / all if the loss
 * is a sum. */
static void accumulate(loss_kind kind, gradus_reduction reduction,
                       const int *ends, int batches)
{
    double all = amount(kind, 0, ROWS);
    int index[ROWS], from = 0;

    for (int i = 0; i < ROWS; i++)
        index[i] = i;
    if (reduction == GRADUS_REDUCE_SUM) /* elements are averaged, too */
        all *= kind == SOFTMAX ? 1 : OUT;
    for (int b = 0; b < batches; from = ends[b++]) {
        double part = reduction == GRADUS_REDUCE_SUM
                          ? 1 : amount(kind, from, ends[b]);
        ck_assert_int_eq(gradus_set_loss_weight(loss, part / all), 0);
        ck_assert_int_eq(gradus_forward(g, index + from, ends[b] - from), 0);
        ck_assert_int_eq(b ? gradus_backward_add(g) : gradus_backward(g), 0);
    }
}

static const struct {
    int batches, ends[4];
} cuts[] = { { 2, { 5, 16 } }, { 2, { 15, 16 } }, { 3, { 1, 8, 16 } },
             { 4, { 4, 8, 12, 16 } } };

LOOP_TEST(unequal_batches_add_up_to_the_whole, LOSSES * COUNT(cuts) * 2)
{
    const loss_kind kind = (loss_kind)(_i / 2 % LOSSES);
    const int cut = _i / 2 / LOSSES;
    const gradus_reduction reduction = _i % 2 ? GRADUS_REDUCE_SUM
                                              : GRADUS_REDUCE_MEAN_VALID;
    double whole[64];

    build(kind, GRADUS_REDUCE_MEAN_VALID);
    size_t n = gradus_parameter_count(g);
    ck_assert_uint_le(n, COUNT(whole));
    ck_assert_int_eq(gradus_forward(g, NULL, ROWS) || gradus_backward(g), 0);
    for (size_t i = 0; i < n; i++)
        whole[i] = gradus_gradients(g)[i];
    gradus_graph_free(g);
    build(kind, reduction);
    accumulate(kind, reduction, cuts[cut].ends, cuts[cut].batches);
    assert_near(gradus_gradients(g), whole, n, 20 * rounding());
    gradus_graph_free(g);
}

/* y = w x with w = 0 and t = x = 1 2 4: dw = -2 mean(x^2) = -14.  Batches of 1
 * and 2 rows have -2 and -20, so that 1 / batches would give -11. */
TEST(a_case_worked_by_hand)
{
    static const gradus_real v[] = { 1, 2, 4 };

    g = gradus_graph_new(1);
    gradus_node *in = gradus_input(g, 1), *y = gradus_dense(in, 1);
    loss = gradus_mse(y, in, NULL);
    gradus_initialise(y, GRADUS_INIT_ZERO, 0);
    ck_assert_int_eq(gradus_compile(g, 3, 1), 0);
    gradus_feed(in, v, 3);
    gradus_set_loss_weight(loss, 1. / 3);
    ck_assert_int_eq(gradus_forward(g, (int[]){ 0 }, 1), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    gradus_set_loss_weight(loss, 2. / 3);
    ck_assert_int_eq(gradus_forward(g, (int[]){ 1, 2 }, 2), 0);
    ck_assert_int_eq(gradus_backward_add(g), 0);
    assert_near(gradus_find_param(y, "weight")->dw, (double[]){ -14 }, 1,
                20 * rounding());
    gradus_graph_free(g);
}
