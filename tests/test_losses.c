/* test_losses.c -- several losses in one graph, and losses over several
 * batches. */
#include "nets.h"
#include "probe.h"
#include "reload.h"
#include "tests.h"

#include <math.h>

enum { N = 7, IN = 3, OUT = 2, LOSSES = 4 };

static const double weight[LOSSES] = { 0.5, -2, 3, 0.1 };

static gradus_graph *g;
static gradus_node *x, *t, *w, *loss[LOSSES];
static gradus_real X[N * IN], T[N * OUT], W[N];
static const int32_t LABELS[N] = { 0, 2, 1, 1, 0, 2, 1 };

static void end(void)
{
    gradus_graph_free(g);
    g = NULL;
}

EACH_TEST(.end = end)

static void fill_data(void)
{
    probe_fill(X, N * IN, 1);
    probe_fill(T, N * OUT, 2);
    for (int i = 0; i < N * OUT; i++)
        T[i] = (T[i] + 1) / 2;
    for (int i = 0; i < N; i++)
        W[i] = (gradus_real)(i * 5 % 4); /* one of them is 0 */
}

/* ---- several in one graph -------------------------------------------- */

/* Makes and feeds a graph with one loss of each kind.  Two of its layers lead
 * to several losses. */
static void begin_several(int max_batch)
{
    fill_data();
    g = gradus_graph_new(1);
    x = gradus_input(g, IN);
    t = gradus_input(g, OUT);
    gradus_node *labels = gradus_labels(g, 1);
    gradus_node *h = gradus_dense(x, 4), *z = gradus_dense(h, OUT);
    gradus_want_gradient(x);
    w = gradus_row_weights(g);
    loss[0] = gradus_mse(z, t, NULL);
    loss[1] = gradus_sigmoid_ce(
        z, t, &(gradus_sigmoid_ce_options){ .row_weight = w });
    loss[2] = gradus_softmax_ce(gradus_dense(h, 3), labels, NULL);
    loss[3] = gradus_huber(h, gradus_input(g, 4),
                           &(gradus_huber_options){ .delta = 0.3 });
    ck_assert_msg(gradus_compile(g, max_batch, 1) == 0, "%s", gradus_error());
    gradus_feed(x, X, N);
    gradus_feed(t, T, N);
    gradus_feed(w, W, N);
    gradus_feed(loss[3]->in[1], X, 4); /* any 4 rows of 4 */
    gradus_feed_labels(labels, LABELS, N);
}

/* Runs forward and backward with the loss weights a [LOSSES].  Returns the
 * loss, and copies the gradients of the parameters and dx [4,IN]. */
static double run(const double *a, gradus_real *gradients, gradus_real *dx)
{
    for (int i = 0; i < LOSSES; i++)
        gradus_set_loss_weight(loss[i], a[i]);
    ck_assert_msg(gradus_forward(g, NULL, 4) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_backward(g) == 0, "%s", gradus_error());
    memcpy(gradients, gradus_gradients(g),
           gradus_parameter_count(g) * sizeof *gradients);
    memcpy(dx, x->dy, 4 * IN * sizeof *dx);
    return gradus_loss(g);
}

TEST(losses_and_gradients_add_up_with_their_weights)
{
    gradus_real grad[64], dx[4 * IN];
    double sum_grad[64] = { 0 }, sum_dx[4 * IN] = { 0 }, sum = 0;

    begin_several(4);
    size_t count = gradus_parameter_count(g);
    ck_assert_uint_le(count, 64);
    for (int i = 0; i < LOSSES; i++) {
        double alone[LOSSES] = { 0 }, part;
        alone[i] = 1;
        part = run(alone, grad, dx);
        ck_assert_double_gt(part, 0);
        sum += weight[i] * part;
        for (size_t k = 0; k < count; k++)
            sum_grad[k] += weight[i] * grad[k];
        for (int k = 0; k < 4 * IN; k++)
            sum_dx[k] += weight[i] * dx[k];
    }
    ck_assert_double_eq_tol(run(weight, grad, dx), sum, TOLERANCE);
    assert_near(grad, sum_grad, count, 3 * rounding());
    assert_near(dx, sum_dx, 4 * IN, 3 * rounding());
}

#ifdef GRADUS_DOUBLE

static const gradus_op *right;

static void without_its_weight(gradus_node *n, gradus_part p)
{
    double a = gradus_as_loss(n)->weight;

    gradus_as_loss(n)->weight = 1;
    right->backward(n, p);
    gradus_as_loss(n)->weight = a;
}

/* The bug is planted in each of the losses in turn. */
LOOP_TEST(a_gradient_without_the_loss_weight_is_caught, LOSSES)
{
    gradus_real grad[64], dx[4 * IN];

    begin_several(4);
    run(weight, grad, dx);
    gradus_op wrong = *loss[_i]->op;
    right = loss[_i]->op;
    wrong.backward = without_its_weight;
    probe_assert_caught(loss[_i], &wrong, 4);
}

#endif

TEST(a_model_file_keeps_losses_and_their_weights)
{
    begin_several(4);
    for (int i = 0; i < LOSSES; i++)
        gradus_set_loss_weight(loss[i], weight[i]);
    gradus_graph_free(reload(g));
}

/* ---- over batches ---------------------------------------------------- */

/* The loss of one element: mse, huber or sigmoid_ce for which = 0, 1 or 2. */
static double element(int which, double z, double target)
{
    double d = fabs(z - target);

    if (which == 0)
        return d * d;
    if (which == 1)
        return d <= 1 ? d * d / 2 : d - 0.5;
    return log(1 + exp(z)) - z * target;
}

/* Makes a dense layer z and a loss of it, with row weights if `weighted` is
 * non-zero.  Returns z. */
static gradus_node *begin_one(int which, gradus_reduction reduction,
                              int weighted, int max_batch)
{
    gradus_node *z, *row_weight = NULL;

    g = gradus_graph_new(1);
    x = gradus_input(g, IN);
    t = gradus_input(g, OUT);
    z = gradus_dense(x, OUT);
    if (weighted)
        row_weight = gradus_row_weights(g);
    gradus_mse_options m = { .reduction = reduction,
                             .row_weight = row_weight };
    gradus_huber_options u = { .reduction = reduction,
                               .row_weight = row_weight };
    gradus_sigmoid_ce_options s = { .reduction = reduction,
                                    .row_weight = row_weight };
    loss[0] = which == 0   ? gradus_mse(z, t, &m)
              : which == 1 ? gradus_huber(z, t, &u)
                           : gradus_sigmoid_ce(z, t, &s);
    gradus_set_loss_weight(loss[0], 0.7);
    ck_assert_msg(gradus_compile(g, max_batch, 1) == 0, "%s", gradus_error());
    return z;
}

/* The loss over all rows, by its definition. */
static double expected_loss(int which, gradus_reduction reduction,
                            int weighted, const gradus_node *z)
{
    const gradus_real *A = z->param[0].w, *b = z->param[1].w;
    double sum = 0, rows = 0;

    for (int i = 0; i < N; i++)
        for (int k = 0; k < OUT; k++) {
            double v = b[k], a = weighted ? W[i] : 1;
            for (int j = 0; j < IN; j++)
                v += A[k * IN + j] * X[i * IN + j];
            sum += a * element(which, v, T[i * OUT + k]);
            rows += a / OUT;
        }
    return 0.7 * sum / (reduction == GRADUS_REDUCE_MEAN_VALID   ? OUT * rows
                        : reduction == GRADUS_REDUCE_MEAN_BATCH ? OUT * N
                                                         : 1);
}

/* The 7 rows come in batches of 1 to 8 rows.  With a learning rate of 0, the
 * parameters stay as they are. */
LOOP_TEST(fit_and_evaluate_report_the_mean_over_all_rows, 18 * (N + 1))
{
    gradus_reduction reduction = (gradus_reduction)(_i % 3);
    int which = _i / 3 % 3, weighted = _i / 9 % 2, batch = _i / 18 + 1;
    gradus_dataset d = { .n = N, .size = IN, .x = X, .targets = T,
                         .weights = W };

    fill_data();
    gradus_node *z = begin_one(which, reduction, weighted, batch);
    double expected = expected_loss(which, reduction, weighted, z);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    gradus_epoch epoch[2];
    gradus_metrics m = { 0 };

    ck_assert_int_eq(gradus_set_learning_rate(o, 0), 0);
    ck_assert_msg(gradus_fit(o, &d, &(gradus_fit_options){
                                        .epochs = 2, .validation = &d,
                                        .history = epoch }) == 0,
                  "%s", gradus_error());
    ck_assert_msg(gradus_evaluate(g, &d, NULL, &m) == 0, "%s", gradus_error());
    ck_assert_double_eq_tol(m.loss, expected, 10 * TOLERANCE);
    ck_assert(isnan(m.accuracy) && isnan(m.top_k));
    ck_assert_uint_eq(m.counted, 0);
    for (int e = 0; e < 2; e++) { /* the order differs, so rounding does */
        ck_assert_uint_eq(epoch[e].samples, N);
        ck_assert_double_eq_tol(epoch[e].train_loss, expected, 10 * TOLERANCE);
        ck_assert_double_eq(epoch[e].valid_loss, m.loss);
        ck_assert(isnan(epoch[e].train_accuracy));
    }
    gradus_optimiser_free(o);
}

/* The data are a line, t = 3 x - 1; for huber, one row is far off it. */
LOOP_TEST(a_regression_is_learnt, 2)
{
    gradus_real v[64], target[64];

    probe_fill(v, 64, 1);
    for (int i = 0; i < 64; i++)
        target[i] = 3 * v[i] - 1;
    if (_i)
        target[5] = 1000;
    g = gradus_graph_new(1);
    x = gradus_input(g, 1);
    t = gradus_input(g, 1);
    gradus_node *y = gradus_dense(x, 1);
    loss[0] = _i ? gradus_huber(y, t, NULL) : gradus_mse(y, t, NULL);
    ck_assert_int_eq(gradus_compile(g, 16, 1), 0);
    gradus_optimiser *o =
        gradus_sgd(g, &(gradus_sgd_options){ .learning_rate = 0.1 });
    gradus_dataset d = { .n = 64, .size = 1, .x = v, .targets = target };
    ck_assert_int_eq(gradus_fit(o, &d, &(gradus_fit_options){ .epochs = 300 }),
                     0);
    double tolerance = _i ? 0.1 : 1e-3;
    ck_assert_double_eq_tol(y->param[0].w[0], 3, tolerance);
    ck_assert_double_eq_tol(y->param[1].w[0], -1, tolerance);
    gradus_optimiser_free(o);
}
