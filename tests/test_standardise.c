/* test_standardise.c -- inputs whose values have a mean and a standard
 * deviation each, and targets in their own units. */
#include "nets.h"
#include "one_graph.h"
#include "probe.h"
#include "reload.h"
#include "signatures.h"
#include "tests.h"

#include <math.h>

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

static const double MEAN[] = { 10, -1, 0 }, STD[] = { 2, 0.5, 4 };
static const double MISSING[] = { 12, 0, 8 };

static gradus_node *three(const double *missing)
{
    gradus_node *x = gradus_input(g, 3);

    ck_assert_msg(gradus_standardise(x, MEAN, STD, missing) == 0, "%s",
                  gradus_error());
    return x;
}

static gradus_workspace *workspace(const gradus_graph *of, int rows)
{
    gradus_workspace *w = gradus_workspace_new(of, rows);

    ck_assert_msg(w != NULL, "%s", gradus_error());
    return w;
}

/* ---- values ------------------------------------------------------------- */

TEST(each_value_has_its_mean_and_deviation)
{
    static const gradus_real v[] = { 10, -1, 0, 14, 1, -2 };
    gradus_node *x = three(NULL);

    one_graph_compile(2);
    gradus_feed(x, v, 2);
    one_graph_forward((int[]){ 1, 0 }, 2);
    assert_near(x->y, (double[]){ 2, 4, -0.5, 0, 0, 0 }, 6, rounding());
}

TEST(a_nan_stands_for_the_value_that_is_missing)
{
    static const gradus_real v[] = { NAN, NAN, NAN, 8, NAN, 4 };
    gradus_node *x = three(MISSING);

    one_graph_compile(2);
    gradus_feed(x, v, 2);
    one_graph_forward(NULL, 2);
    assert_near(x->y, (double[]){ 1, 2, 2, -1, 2, 1 }, 6, rounding());
}

TEST(pixels_are_divided_by_255_before_they_are_standardised)
{
    gradus_node *x = gradus_input(g, 2);

    ck_assert_int_eq(gradus_standardise(x, (double[]){ 0.2, 0 },
                                        (double[]){ 0.4, 2 }, NULL), 0);
    one_graph_compile(1);
    gradus_feed_u8(x, (uint8_t[]){ 51, 255 }, 1);
    one_graph_forward(NULL, 1);
    assert_near(x->y, (double[]){ 0, 0.5 }, 2, rounding());
}

/* Years and prices, for instance, differ little compared with their size. */
TEST(values_near_a_large_mean_keep_their_digits)
{
    gradus_node *x = gradus_input(g, 1);

    gradus_standardise(x, &(double){ 1e6 }, &(double){ 0.3 }, NULL);
    one_graph_compile(1);
    gradus_feed(x, (gradus_real[]){ 1000000.25 }, 1);
    one_graph_forward(NULL, 1);
    assert_near(x->y, (double[]){ 0.25 / 0.3 }, 1, rounding());
}

/* A NaN where none may be missing, and what is infinite, are errors of the
 * step and of inference, which name the row; sigmoid would hide infinity. */
LOOP_TEST(other_values_that_are_not_finite_are_errors, 3)
{
    const gradus_real bad = _i == 0 ? (gradus_real)NAN
                                    : (gradus_real)INFINITY * (_i - 1.5);
    const gradus_real v[] = { 1, 2, 3, NAN, bad, 5 };
    gradus_real first[] = { 1, 2, 3, 4, bad, 5 };
    const int missing = _i > 0;
    const gradus_real *fed = missing ? v : first;
    gradus_node *x = three(missing ? MISSING : NULL);

    gradus_mse(gradus_dense(gradus_sigmoid(x), 3), x, NULL);
    one_graph_compile(2);
    gradus_feed(x, fed, 2);
    ck_assert_int_ne(gradus_forward(g, (int[]){ 0, 1 }, 2), 0);
    assert_error("row 1 (sample 1): value 1 is ");
    gradus_workspace *w = workspace(g, 2);
    ck_assert_ptr_null(gradus_infer(w, fed, 2));
    assert_error("gradus_infer: row 1: value 1 of x is ");
    assert_error(_i ? "inf; must be finite" : "is nan; must be finite");
    gradus_workspace_free(w);
}

TEST(an_output_is_not_blamed_on_a_value_that_is_missing)
{
    gradus_node *x = three(MISSING), *h = gradus_dense(x, 2);

    one_graph_compile(1);
    h->param[0].w[0] = (gradus_real)NAN;
    gradus_workspace *w = workspace(g, 1);
    ck_assert_ptr_null(gradus_infer(w, (gradus_real[]){ 1, NAN, 2 }, 1));
    assert_error("row 0: value 0 of dense1 is nan, and x is finite: check");
    gradus_workspace_free(w);
}

TEST(missing_values_are_inferred_as_in_training)
{
    static const gradus_real v[] = { NAN, 1, NAN, 3, NAN, 5 };
    gradus_node *x = three(MISSING), *y = gradus_tanh(gradus_dense(x, 4));

    one_graph_compile(2);
    gradus_feed(x, v, 2);
    one_graph_forward(NULL, 2);
    gradus_workspace *w = workspace(g, 2);
    const gradus_real *out = gradus_infer(w, v, 2);
    ck_assert_msg(out != NULL, "%s", gradus_error());
    ck_assert_mem_eq(out, y->y, 8 * sizeof *out);
    gradus_workspace_free(w);
}

TEST(threads_do_not_change_a_bit)
{
    enum { B = 300, N = 7 };
    static gradus_real v[B * N], t[B * 2];
    double mean[N], std[N], missing[N];
    uint64_t hash[5];

    probe_fill(v, B * N, 1);
    probe_fill(t, B * 2, 2);
    for (int k = 0; k < N; k++) {
        mean[k] = k / 7.;
        std[k] = 1 + k / 3.;
        missing[k] = -k / 9.;
    }
    for (int i = 0; i < B * N; i += 13)
        v[i] = (gradus_real)NAN;
    for (int threads = 1; threads <= 4; threads++) {
        gradus_graph *h = gradus_graph_new(5);
        gradus_node *x = gradus_input(h, N), *to = gradus_input(h, 2);
        gradus_standardise(x, mean, std, missing);
        gradus_standardise(to, mean, std, NULL);
        gradus_mse(gradus_dense(gradus_relu(gradus_dense(x, 20)), 2), to,
                   NULL);
        ck_assert_int_eq(gradus_compile(h, B, threads), 0);
        gradus_feed(x, v, B);
        gradus_feed(to, t, B);
        gradus_optimiser *o = gradus_sgd(h, NULL);
        for (int i = 0; i < 3; i++)
            ck_assert_msg(gradus_train_step(o, NULL, B) == 0, "%s",
                          gradus_error());
        hash[threads] = gradus_parameters_hash(h);
        ck_assert_uint_eq(hash[threads], hash[1]);
        gradus_optimiser_free(o);
        gradus_graph_free(h);
    }
}

/* ---- model files -------------------------------------------------------- */

LOOP_TEST(a_model_file_keeps_every_bit, 2)
{
    const double mean[] = { 1 / 3., -0.0, 9.9e29 };
    const double std[] = { 1.1e-30, 0.1, 1e22 / 3 };
    const double missing[] = { 0.1 + 0.2, -0.0, -9e29 };
    gradus_node *x = gradus_input(g, 3);
    int n;

    ck_assert_int_eq(gradus_standardise(x, mean, std, _i ? missing : NULL),
                     0);
    gradus_dense(x, 1);
    one_graph_compile(1);
    gradus_graph *h = reload(g);
    const gradus_attr *a = gradus_node_at(h, 0)->attr;
    ck_assert_mem_eq(gradus_attr_values(a, "centre", &n), mean, sizeof mean);
    ck_assert_int_eq(n, 3);
    ck_assert_mem_eq(gradus_attr_values(a, "scale", &n), std, sizeof std);
    if (_i)
        ck_assert_mem_eq(gradus_attr_values(a, "missing", &n), missing,
                         sizeof missing);
    else
        ck_assert_ptr_null(gradus_attr_values(a, "missing", &n));
    gradus_graph_free(h);
}

TEST(what_a_damaged_file_says_is_checked)
{
    three(MISSING);
    one_graph_compile(1);
    refuse_reload(g, "centre\\\":[10,-1,0]", "centre\\\":[10,-100]",
                  "has 2 centres, 3 scales and 3 missing values; must be 3 "
                  "each");
    refuse_reload(g, "scale\\\":[2,0.5,4]", "scale\\\":[2,0.514]",
                  "has 3 centres, 2 scales");
    refuse_reload(g, "missing\\\":[12,0,8]", "missing\\\":[12,018]",
                  "gradus.architecture, byte ");
    refuse_reload(g, "missing\\\":[12,0,8]", "missing\\\":[12,0.8]",
                  "has 3 centres, 3 scales and 2 missing values");
    refuse_reload(g, "scale\\\":[2,0.5,4]", "scale\\\":[0,0.5,4]",
                  "value 0: the standard deviation is 0; must be above");
    refuse_reload(g, "\\\"scale", "\\\"scalf",
                  "has 3 centres, 0 scales and 3 missing");
    refuse_reload(g, "\\\"centre", "\\\"centrf", "setting ");
    refuse_reload(g, "\\\"shape\\\":[3]", "\\\"shape\\\":[4]",
                  "must be 4 each, one a value");
}

TEST(an_input_of_as_many_values_as_may_be_can_be_saved)
{
    enum { N = 1 << 16 };
    static double zero[N], one[N];
    gradus_node *x = gradus_input(g, N);

    for (int k = 0; k < N; k++)
        one[k] = 1;
    ck_assert_int_eq(gradus_standardise(x, zero, one, zero), 0);
    one_graph_compile(1);
    gradus_graph_free(reload(g));
    gradus_graph_free(g);
    g = gradus_graph_new(1);
    ck_assert_int_ne(gradus_standardise(gradus_input(g, N + 1), zero, one,
                                        NULL), 0);
    assert_error("gradus_standardise: the input has 65537 values; must be "
                 "at most 65536, to be saved");
}

/* ---- what is refused ---------------------------------------------------- */

static void refused(gradus_node *x, const double *mean, const double *std,
                    const double *missing, const char *why)
{
    ck_assert_msg(gradus_standardise(x, mean, std, missing) != 0,
                  "gradus_standardise succeeds; must fail with \"%s\"", why);
    assert_error(why);
}

TEST(means_are_finite_and_deviations_positive)
{
    static const struct {
        double mean, std, missing;
        const char *why;
    } bad[] = {
        { 0, 0, 0, "node 0, input: value 2: the standard deviation is 0; must "
                   "be above 1e-30 and below 1e30" },
        { 0, -1, 0, "value 2: the standard deviation is -1" },
        { 0, NAN, 0, "value 2: the standard deviation is nan" },
        { 0, INFINITY, 0, "value 2: the standard deviation is inf" },
        { 0, 1e-31, 0, "value 2: the standard deviation is 1e-31" },
        { NAN, 1, 0, "value 2: the mean is nan; must be above -1e30 and" },
        { -INFINITY, 1, 0, "value 2: the mean is -inf" },
        { 1e30, 1, 0, "value 2: the mean is 1e+30; must be" },
        { 0, 1, NAN, "value 2: what is missing is taken for nan; must be" },
        { 0, 1, INFINITY, "value 2: what is missing is taken for inf" },
        { 0, 1, -1e30, "value 2: what is missing is taken for -1e+30" },
    };
    gradus_node *x = gradus_input(g, 3);

    for (int i = 0; i < COUNT(bad); i++)
        refused(x, (double[]){ 0, 0, bad[i].mean },
                (double[]){ 1, 1, bad[i].std },
                (double[]){ 0, 0, bad[i].missing }, bad[i].why);
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0); /* with the first message */
    assert_error("value 2: the standard deviation is 0");
}

TEST(only_an_input_that_has_no_scales_yet_is_standardised)
{
    gradus_node *image = gradus_image(g, 1, 1, 3);
    gradus_node *labels = gradus_labels(g, 3);
    gradus_node *x = gradus_input(g, 3), *y = three(NULL);
    double one = 1;

    refused(NULL, MEAN, STD, NULL, "gradus_standardise: the node is NULL");
    refused(labels, MEAN, STD, NULL, "is something else; must be an input");
    refused(gradus_relu(x), MEAN, STD, NULL, "must be an input");
    refused(image, MEAN, STD, NULL,
            "gradus_standardise: the input is an image; must be a "
            "gradus_input that has no scales yet");
    refused(y, MEAN, STD, NULL, "the input is standardised; must be");
    refused(x, NULL, STD, NULL, "gradus_standardise: the means are NULL");
    refused(x, MEAN, NULL, NULL, "standard deviations are NULL");
    ck_assert_int_ne(gradus_normalise(y, &one, &one), 0);
    assert_error("gradus_normalise: is standardised already");
    ck_assert_int_eq(gradus_normalise(x, &one, &one), 0);
    refused(x, MEAN, STD, NULL, "the input is normalised; must be");
}

TEST(standardising_comes_before_compile)
{
    gradus_node *x = gradus_input(g, 3);

    one_graph_compile(1);
    refused(x, MEAN, STD, NULL, "gradus_standardise comes before "
                                "gradus_compile");
}

TEST(tokens_cannot_be_standardised)
{
    gradus_embedding(three(NULL), 9, 2);
    one_graph_compile(1);
    gradus_feed(gradus_node_at(g, 0), (gradus_real[]){ 1, 2, 3 }, 1);
    ck_assert_int_ne(gradus_forward(g, NULL, 1), 0);
    assert_error("input is normalised; its values must be the numbers of "
                 "tokens");
}

/* ---- gradients ---------------------------------------------------------- */

#ifdef GRADUS_DOUBLE

LOOP_TEST(gradients_are_those_of_central_differences, 2)
{
    enum { B = 17 };
    static gradus_real v[B * 3], t[B * 3];
    gradus_node *x = three(MISSING), *to = three(NULL);
    gradus_want_gradient(x);
    gradus_node *h = gradus_dense(gradus_tanh(gradus_dense(x, 5)), 3);

    ck_assert_ptr_nonnull(_i ? gradus_huber(h, to, NULL)
                             : gradus_mse(h, to, NULL));
    probe_fill(v, B * 3, 1);
    probe_fill(t, B * 3, 2);
    for (int i = 0; i < B * 3; i++)
        t[i] = (gradus_real)(MEAN[i % 3] + 5 * t[i]);
    v[4] = v[11] = (gradus_real)NAN;
    one_graph_compile(B);
    gradus_feed(x, v, B);
    gradus_feed(to, t, B);
    ck_assert_msg(probe_gradients(g, B) <= 1, "%s", probe_worst());
}

#endif

/* ---- targets ------------------------------------------------------------ */

static gradus_node *(*const losses[])(gradus_node *, gradus_node *,
                                      const gradus_huber_options *) = {
    mse, gradus_huber };

/* The prediction of each row is 3, -4 and 1, the bias. */
static gradus_node *predict(gradus_node *x)
{
    gradus_node *h = gradus_dense(x, 3);

    ck_assert_int_eq(gradus_initialise(h, GRADUS_INIT_ZERO, 0), 0);
    return h;
}

static void set_bias(gradus_node *h)
{
    const gradus_real b[] = { 3, -4, 1 };

    memcpy((gradus_real *)gradus_find_param(h, "bias")->w, b, sizeof b);
}

/* The targets are 1, -2 and 0 in their scales; the differences 2, -2 and 1. */
LOOP_TEST(a_loss_is_that_of_standardised_targets, 2)
{
    static const gradus_real t[] = { 12, -2, 0 };
    gradus_node *x = gradus_input(g, 1), *to = three(NULL), *h = predict(x);
    gradus_metrics m;

    losses[_i](h, to, NULL);
    one_graph_compile(1);
    set_bias(h);
    gradus_feed(x, (gradus_real[]){ 1 }, 1);
    gradus_feed(to, t, 1);
    one_graph_forward(NULL, 1);
    const double loss = _i ? (1.5 + 1.5 + .5) / 3 : (4 + 4 + 1) / 3.;
    ck_assert_double_eq_tol(gradus_loss(g), loss, 1e-6);
    ck_assert_int_eq(gradus_evaluate(g, NULL, NULL, &m), 0);
    ck_assert_double_eq_tol(m.loss, loss, 1e-6);
    gradus_workspace *w = workspace(g, 1);
    const gradus_real *y = gradus_infer(w, (gradus_real[]){ 1 }, 1);
    ck_assert_msg(y != NULL, "%s", gradus_error());
    assert_near(y, (double[]){ 16, -3, 4 }, 3, rounding());
    gradus_workspace_free(w);
    gradus_graph *again = reload(g);
    w = workspace(again, 1);
    y = gradus_infer(w, (gradus_real[]){ 1 }, 1);
    assert_near(y, (double[]){ 16, -3, 4 }, 3, rounding());
    gradus_workspace_free(w);
    gradus_graph_free(again);
}

/* More rows than are inferred at once, each with a prediction of its own. */
LOOP_TEST(every_row_is_inferred_in_the_units_of_the_targets, 2)
{
    enum { B = 500 };
    static gradus_real v[B];
    gradus_node *x = gradus_input(g, 1), *to = gradus_input(g, 1);
    gradus_node *h = gradus_dense(x, 1);

    gradus_standardise(to, &(double){ 100 }, &(double){ 10 }, NULL);
    losses[_i](h, to, NULL);
    one_graph_compile(1);
    *h->param[0].w = 2;
    for (int i = 0; i < B; i++)
        v[i] = (gradus_real)i;
    gradus_workspace *w = workspace(g, B);
    const gradus_real *y = gradus_infer(w, v, B);
    ck_assert_msg(y != NULL, "%s", gradus_error());
    for (int i = 0; i < B; i++)
        ck_assert(y[i] == 100 + 20 * i);
    gradus_workspace_free(w);
}

TEST(a_net_learns_targets_far_from_zero)
{
    enum { B = 64 };
    static gradus_real v[B], t[B];
    gradus_node *x = gradus_input(g, 1), *to = gradus_input(g, 1);
    gradus_dataset d = { .n = B, .size = 1, .x = v, .targets = t,
                         .target_size = 1 };

    for (int i = 0; i < B; i++) {
        v[i] = (gradus_real)(1900 + i);
        t[i] = (gradus_real)(250000 + 1000 * i);
    }
    gradus_standardise(x, &(double){ 1931.5 }, &(double){ 18.5 }, NULL);
    gradus_standardise(to, &(double){ 281500 }, &(double){ 18500 }, NULL);
    gradus_mse(gradus_dense(x, 1), to, NULL);
    one_graph_compile(16);
    gradus_optimiser *o = gradus_sgd(g, &(gradus_sgd_options){
        .learning_rate = 0.1 });
    ck_assert_msg(gradus_fit(o, &d, &(gradus_fit_options){ .epochs = 50 }) ==
                      0, "%s", gradus_error());
    gradus_workspace *w = workspace(g, B);
    const gradus_real *y = gradus_infer(w, v, B);
    for (int i = 0; i < B; i++)
        ck_assert_double_eq_tol(y[i], t[i], 50);
    gradus_workspace_free(w);
    gradus_optimiser_free(o);
}

/* A target that is NaN or infinite is an error, which names its row. */
LOOP_TEST(a_bad_target_is_an_error_of_the_step, 2)
{
    gradus_real t[] = { 1, 2, 3, 4, 5, 6 };
    gradus_node *x = gradus_input(g, 1), *to = three(NULL);

    gradus_mse(gradus_dense(x, 3), to, NULL);
    one_graph_compile(2);
    t[4] = _i ? (gradus_real)INFINITY : (gradus_real)NAN;
    gradus_feed(x, (gradus_real[]){ 1, 2 }, 2);
    gradus_feed(to, t, 2);
    ck_assert_int_ne(gradus_forward(g, NULL, 2), 0);
    assert_error("row 1 (sample 1)");
    assert_error(_i ? "inf" : "nan");
}

/* The input is its own target: inference gives values in its units. */
LOOP_TEST(an_autoencoder_infers_in_the_units_of_its_input, 2)
{
    gradus_node *x = three(MISSING), *h = predict(x);

    losses[_i](h, x, NULL);
    one_graph_compile(1);
    set_bias(h);
    gradus_workspace *w = workspace(g, 1);
    const gradus_real *y = gradus_infer(w, (gradus_real[]){ 1, NAN, 2 }, 1);
    ck_assert_msg(y != NULL, "%s", gradus_error());
    assert_near(y, (double[]){ 16, -3, 4 }, 3, rounding());
    gradus_workspace_free(w);
}
