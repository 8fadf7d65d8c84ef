/* test_norms.c -- layer and batch normalisation. */
#include "one_graph.h"
#include "probe.h"
#include "tests.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static gradus_node *x, *y;

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* ---- by hand --------------------------------------------------------- */

/* The rows 1 3 and 0 4 have the deviations -1 1 and -2 2, and the variances 1
 * and 4. */
TEST(layernorm_matches_a_case_worked_by_hand)
{
    static const double c[] = { 1, 0, 0, 1 };
    const double s = 1 / sqrt(1 + 1e-5), u = 2 / sqrt(4 + 1e-5);

    x = gradus_input(g, 2);
    y = gradus_layernorm(x);
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    y->param[0].w[1] = 3;
    y->param[1].w[0] = 5;
    gradus_feed(x, (gradus_real[]){ 1, 3, 0, 4 }, 2);
    ck_assert_int_eq(gradus_forward(g, NULL, 2) || gradus_backward(g), 0);
    assert_near(y->y, (double[]){ 5 - s, 3 * s, 5 - u, 3 * u }, 4, rounding());
    assert_near(y->param[0].dw, (double[]){ -s, u }, 2, rounding());
    assert_near(y->param[1].dw, (double[]){ 1, 1 }, 2, 0);
}

/* Runs forward and backward of a batch normalisation of three rows.  The
 * channels 1 3 5 and 2 2 8 have the means 3 and 4, and the variances 8/3 and
 * 8. */
static void three_rows(void)
{
    static const double c[] = { 1, 0, 0, 2, 0, 0 };

    x = gradus_input(g, 2);
    y = gradus_batchnorm(x);
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, 3, 1), 0);
    y->param[0].w[1] = 3;
    y->param[1].w[0] = 5;
    gradus_feed(x, (gradus_real[]){ 1, 2, 3, 2, 5, 8 }, 3);
    ck_assert_int_eq(gradus_forward(g, NULL, 3) || gradus_backward(g), 0);
}

TEST(batchnorm_matches_a_case_worked_by_hand)
{
    const double s = 1 / sqrt(8 / 3. + 1e-5), u = 1 / sqrt(8 + 1e-5);

    three_rows();
    assert_near(y->y, (double[]){ 5 - 2 * s, -6 * u, 5, -6 * u, 5 + 2 * s,
                                  12 * u }, 6,
                rounding());                           /* (N1), (N2), (N3) */
    assert_near(y->param[0].dw, (double[]){ -2 * s, -4 * u }, 2,
                rounding());                           /* (N4) */
    assert_near(y->param[1].dw, (double[]){ 1, 2 }, 2, 0);
    assert_near(y->param[2].dw, (double[]){ 0, 0 }, 2, 0);
    assert_near(y->param[3].dw, (double[]){ 0, 0 }, 2, 0);
}

/* The column of docs/norms.md.  The deviations of 1 7 9 15 from their mean, 8,
 * are -7 -1 1 7, and their variance is 25.  For a dy of 1 2 0 1 and a scale of
 * 2, the mean of dy is 1, and that of dy times the deviations -1/2. */
TEST(batchnorm_passes_back_what_was_worked_by_hand)
{
    const double s = 1 / sqrt(25 + 1e-5), h = s * s / 2;

    x = gradus_input(g, 1);
    gradus_want_gradient(x);
    y = gradus_batchnorm(x);
    probe(y, (double[]){ 1, 2, 0, 1 });
    ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    y->param[0].w[0] = 2;
    gradus_feed(x, (gradus_real[]){ 1, 7, 9, 15 }, 4);
    ck_assert_int_eq(gradus_forward(g, NULL, 4) || gradus_backward(g), 0);
    assert_near(x->dy, (double[]){ -14 * s * h, 2 * s * (1 - h),
                                   2 * s * (h - 1), 14 * s * h }, 4,
                rounding());                           /* (N5) */
}

/* The same numbers as a row.  With scales of 3 1 5 1, u = 3 2 0 1 has the mean
 * 3/2, and u times the deviations has the mean -4. */
TEST(layernorm_passes_back_what_was_worked_by_hand)
{
    const double s = 1 / sqrt(25 + 1e-5), h = 4 * s * s;

    x = gradus_input(g, 4);
    gradus_want_gradient(x);
    y = gradus_layernorm(x);
    probe(y, (double[]){ 1, 2, 0, 1 });
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    memcpy(y->param[0].w, (gradus_real[]){ 3, 1, 5, 1 },
           4 * sizeof(gradus_real));
    gradus_feed(x, (gradus_real[]){ 1, 7, 9, 15 }, 1);
    ck_assert_int_eq(gradus_forward(g, NULL, 1) || gradus_backward(g), 0);
    assert_near(x->dy, (double[]){ s * (1.5 - 7 * h), s * (.5 - h),
                                   s * (h - 1.5), s * (7 * h - .5) }, 4,
                rounding());                           /* (N8) */
}

/* 40 rows are a slice of 32 rows and one of 8.  The numbers 0 .. n - 1 have the
 * variance (n^2 - 1) / 12. */
TEST(the_moments_of_slices_are_united)
{
    enum { MANY = 40 };
    const double mean = (MANY - 1) / 2., var = (MANY * MANY - 1) / 12.;
    gradus_real numbers[MANY];
    double expected[MANY], dy[MANY] = { 0 };

    for (int i = 0; i < MANY; i++) {
        numbers[i] = (gradus_real)i;
        expected[i] = (i - mean) / sqrt(var + 1e-5);
    }
    x = gradus_input(g, 1);
    y = gradus_batchnorm(x);
    probe(y, dy);
    ck_assert_int_eq(gradus_compile(g, MANY, 1), 0);
    gradus_feed(x, numbers, MANY);
    ck_assert_int_eq(gradus_forward(g, NULL, MANY), 0);
    assert_near(y->y, expected, MANY, rounding());     /* (N6) */
}

/* The unbiased variances of the channels are 4 and 12.  The running moments
 * start at 0 and 1, and only the step moves them (N7). */
TEST(a_step_moves_the_running_moments_a_tenth_of_the_way)
{
    three_rows();
    assert_near(y->param[2].w, (double[]){ 0, 0 }, 2, 0);
    gradus_optimiser *o = gradus_sgd(g, &(gradus_sgd_options){
        .learning_rate = 0.5, .weight_decay = 0.1 });
    ck_assert_int_eq(gradus_step(o), 0);
    assert_near(y->param[2].w, (double[]){ .3, .4 }, 2, rounding());
    assert_near(y->param[3].w, (double[]){ 1.3, 2.1 }, 2, rounding());
    gradus_optimiser_free(o);
}

TEST(inference_uses_the_running_moments)
{
    const double s = 1 / sqrt(4 + 1e-5);

    x = gradus_image(g, 1, 1, 2);
    y = gradus_batchnorm(x);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    y->param[2].w[0] = 1;
    y->param[3].w[0] = 4;
    gradus_workspace *w = gradus_workspace_new(g, 2);
    const gradus_real *p = gradus_infer(w, (gradus_real[]){ 1, 2, 3, 4 }, 2);
    ck_assert_msg(p != NULL, "%s", gradus_error());
    assert_near(p, (double[]){ 0, s, 2 * s, 3 * s }, 4, rounding());
    gradus_workspace_free(w);
}

/* Two channels of 35 positions, which are two whole vectors and a rest. */
enum { ROWS = 3, P = 5 * 7, WIDE = 2 * P };

static gradus_real wide[ROWS * WIDE]; /* x [ROWS,2,P] */
static double dy[ROWS * WIDE];

/* Makes and feeds a batch normalisation of x. */
static void wide_rows(void)
{
    x = gradus_image(g, 2, 5, 7);
    gradus_want_gradient(x);
    y = gradus_batchnorm(x);
    probe_fill(wide, ROWS * WIDE, 1);
    probe_fill_double(dy, ROWS * WIDE, 2);
    probe(y, dy);
    ck_assert_int_eq(gradus_compile(g, ROWS, 1), 0);
    gradus_feed(x, wide, ROWS);
}

/* Where the n-th value of channel c is in x and in y. */
static int at(int c, int n)
{
    return n / P * WIDE + c * P + n % P;
}

TEST(batchnorm_of_many_positions_follows_its_definition)
{
    const int m = ROWS * P;

    wide_rows();
    ck_assert_int_eq(gradus_forward(g, NULL, ROWS) || gradus_backward(g), 0);
    for (int c = 0; c < 2; c++) {
        double mean = 0, var = 0, dg = 0, db = 0;
        for (int n = 0; n < m; n++)
            mean += wide[at(c, n)] / m;
        for (int n = 0; n < m; n++)
            var += pow(wide[at(c, n)] - mean, 2) / m;
        for (int n = 0; n < m; n++) {
            double xhat = (wide[at(c, n)] - mean) / sqrt(var + 1e-5);
            assert_near(y->y + at(c, n), &xhat, 1, rounding());
            dg += dy[at(c, n)] * xhat;
            db += dy[at(c, n)];
        }
        assert_near(y->param[0].dw + c, &dg, 1, rounding());
        assert_near(y->param[1].dw + c, &db, 1, rounding());
    }
}

/* 16 rows of 0 are one slice, and a row of 17 is another.  Their mean is 1 and
 * their variance 16; the mean of the slices' means would be 8.5. */
TEST(slices_of_unequal_size_have_the_mean_of_all_rows)
{
    enum { SLICE = 16 };
    static const double none[SLICE + 1] = { 0 };
    const gradus_real rows[SLICE + 1] = { [SLICE] = 17 };
    const double s = 1 / sqrt(16 + 1e-5);

    x = gradus_input(g, 1);
    y = gradus_batchnorm(x);
    probe(y, none);
    ck_assert_int_eq(gradus_compile(g, SLICE + 1, 1), 0);
    gradus_feed(x, rows, SLICE + 1);
    ck_assert_int_eq(gradus_forward(g, NULL, SLICE + 1), 0);
    for (int i = 0; i < SLICE; i++)
        assert_near(y->y + i, (double[]){ -s }, 1, rounding());
    assert_near(y->y + SLICE, (double[]){ 16 * s }, 1, rounding());
}

TEST(batchnorm_refuses_a_training_batch_of_one_value_per_channel)
{
    x = gradus_input(g, 2);
    gradus_node *t = gradus_labels(g, 1);
    gradus_softmax_ce(gradus_batchnorm(x), t, NULL);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_feed(x, (gradus_real[]){ 1, 2 }, 1);
    gradus_feed_labels(t, (int32_t[]){ 1 }, 1);
    ck_assert_int_ne(gradus_forward(g, NULL, 1), 0);
    assert_error("batchnorm1: the batch has one row with one value per "
                 "channel");
    gradus_metrics m = { 0 };
    ck_assert_int_eq(gradus_evaluate(g, NULL, NULL, &m), 0);
}

TEST(layernorm_refuses_a_last_axis_of_one_value)
{
    ck_assert_ptr_null(gradus_layernorm(gradus_input(g, 1)));
    assert_error("node 1, layernorm1: the last axis is 1");
}

TEST(norms_pass_null_on)
{
    ck_assert_ptr_null(gradus_layernorm(gradus_dense(gradus_input(g, 2), 0)));
    ck_assert_ptr_null(gradus_batchnorm(gradus_dense(gradus_input(g, 2), 0)));
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("units is 0");
}

/* With 7 rows, batches of 3 rows leave one row for the last batch; batches of
 * 4 do not.  Validation on 1 row is allowed. */
TEST(fit_is_refused_only_if_a_batch_would_have_one_row)
{
    static const gradus_real rows[14] = { 1, 2, 0, 5 };
    static const int32_t classes[7] = { 0, 1 };
    gradus_dataset d = { .n = 7, .size = 2, .x = rows, .labels = classes };
    gradus_dataset one = { .n = 1, .size = 2, .x = rows, .labels = classes };

    gradus_node *t = gradus_labels(g, 1);
    gradus_softmax_ce(gradus_dense(gradus_batchnorm(gradus_input(g, 2)), 2), t,
                      NULL);
    ck_assert_int_eq(gradus_compile(g, 6, 1), 0);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    uint64_t hash = gradus_parameters_hash(g);
    gradus_fit_options how = { .batch = 3, .validation = &one };
    ck_assert_int_ne(gradus_fit(o, &d, &how), 0);
    assert_error("one row with one value per channel, and so no variance");
    ck_assert(gradus_parameters_hash(g) == hash);
    how.batch = 4;
    ck_assert_msg(gradus_fit(o, &d, &how) == 0, "%s", gradus_error());
    gradus_optimiser_free(o);
}

TEST(a_frozen_batchnorm_keeps_its_running_moments)
{
    three_rows();
    gradus_optimiser *o = gradus_sgd(g, NULL);
    ck_assert_int_eq(gradus_set_group(y, 0, 1), 0);
    gradus_real mean = y->param[2].w[0], var = y->param[3].w[0];
    ck_assert_int_eq(gradus_step(o), 0);
    ck_assert(y->param[2].w[0] == mean && y->param[3].w[0] == var);
    gradus_optimiser_free(o);
}

TEST(a_step_without_a_forward_moves_no_running_moments)
{
    three_rows();
    gradus_optimiser *o = gradus_sgd(g, NULL);
    ck_assert_int_eq(gradus_step(o), 0);
    gradus_real once = y->param[2].w[0];
    ck_assert_int_eq(gradus_step(o), 0);
    ck_assert_double_eq(y->param[2].w[0], once);
    gradus_optimiser_free(o);
}

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

enum { B = 37, C = 5, SIDE = 4, SIZE = 2 * SIDE * SIDE };

static gradus_real v[B * SIZE];
static int32_t label[B];

static gradus_node *norms[3];

/* Makes and feeds a net with two batch normalisations, of which a branch goes
 * around the second, and a layer normalisation. */
static void deep(void)
{
    x = gradus_image(g, 2, SIDE, SIDE);
    gradus_node *t = gradus_labels(g, 1);
    gradus_want_gradient(x);
    norms[0] = gradus_batchnorm(gradus_conv2d(x, C, 3, NULL));
    gradus_node *h = gradus_dense(gradus_relu(norms[0]), 6);
    norms[1] = gradus_layernorm(h);
    norms[2] = gradus_batchnorm(gradus_dense(norms[1], 6));
    gradus_node *z = gradus_dense(gradus_dropout(norms[2], 0.3), 3);
    gradus_softmax_ce(z, t, NULL);
    gradus_softmax_ce(gradus_dense(norms[0], 3), t, NULL);
    ck_assert_msg(gradus_compile(g, B, 1) == 0, "%s", gradus_error());
    for (int k = 0; k < 3; k++)
        for (int j = 0; j < 2; j++)
            probe_fill(norms[k]->param[j].w, norms[k]->param[j].size,
                       (uint64_t)(5 + 2 * k + j));
    probe_fill(v, B * SIZE, 1);
    for (int i = 0; i < B; i++)
        label[i] = i % 3;
    gradus_feed(x, v, B);
    gradus_feed_labels(t, label, B);
}

static const gradus_op *right;

static void dx_off(gradus_node *n, gradus_part p)
{
    right->backward(n, p);
    n->in[0]->dy[(size_t)p.row * n->size] *= 1.01;
}

static void dg_off(gradus_node *n, gradus_part p)
{
    right->backward(n, p);
    gradus_share(n, 0, p)[1] *= 1.01;
}

static void sum_off(gradus_node *n, gradus_part p)
{
    right->mixing->sum_back(n, p);
    gradus_sums(n, p)[2] *= 1.01;
}

static void united_db_off(gradus_node *n, int slices, bool add)
{
    right->mixing->unite_back(n, slices, add);
    n->param[1].dw[0] *= 1.01;
}

LOOP_TEST(planted_bugs_in_norms_are_caught, 5)
{
    deep();
    gradus_node *norm = norms[_i < 2 ? 1 : 2];
    gradus_op wrong = *norm->op;
    gradus_mixing mixing = { .sum = NULL };
    right = norm->op;
    if (right->mixing) {
        mixing = *right->mixing;
        wrong.mixing = &mixing;
    }
    switch (_i) {
    case 0: wrong.backward = dx_off; break;
    case 1: wrong.backward = dg_off; break;
    case 2: wrong.backward = dx_off; break;
    case 3: mixing.sum_back = sum_off; break;
    default: mixing.unite_back = united_db_off;
    }
    probe_assert_caught(norm, &wrong, B);
}

#endif

/* ---- far from 0 --------------------------------------------------------- */

/* Sets x^ [n] of `numbers` [n], and dx [n] where y = x^ and dy is d, in
 * double. */
static void normalised(const gradus_real *numbers, const double *d, int n,
                       double *x_hat, double *dx)
{
    double mean = 0, square = 0, sum_dy = 0, product = 0;

    for (int i = 0; i < n; i++)
        mean += (double)numbers[i] / n;
    for (int i = 0; i < n; i++)
        square += (numbers[i] - mean) * (numbers[i] - mean) / n;
    for (int i = 0; i < n; i++) {
        x_hat[i] = (numbers[i] - mean) / sqrt(square + 1e-5);
        sum_dy += d[i] / n;
        product += d[i] * x_hat[i] / n;
    }
    for (int i = 0; i < n; i++)
        dx[i] = (d[i] - sum_dy - x_hat[i] * product) / sqrt(square + 1e-5);
}

/* Four numbers whose mean is many times their standard deviation, up to half
 * the number of digits that a gradus_real has. */
static const struct {
    double at, apart;
} FAR[] = {
    { 1e7, 1 }, { -1e7, 1 }, { 1e5, 1 }, { 1e5, 0.25 }, { 12345.625, 1 },
    { 1, 1e-3 }, { 0, 1 }, { -7e5, 3 }, { 3e6, 1 },
};

/* The numbers as a row (layer normalisation), or as a channel in four rows
 * (batch normalisation): forward and back, each must be right to some
 * roundings. */
LOOP_TEST(norms_are_exact_far_from_0, 2 * COUNT(FAR))
{
    static const double d[4] = { 1, -2, 0.5, 3 };
    const bool batch = _i % 2;
    gradus_real numbers[4];
    double y_right[4], dx_right[4];

    for (int k = 0; k < 4; k++)
        numbers[k] = (gradus_real)(FAR[_i / 2].at + k * FAR[_i / 2].apart);
    normalised(numbers, d, 4, y_right, dx_right);
    x = gradus_input(g, batch ? 1 : 4);
    gradus_want_gradient(x);
    y = batch ? gradus_batchnorm(x) : gradus_layernorm(x);
    probe(y, d);
    ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    gradus_feed(x, numbers, batch ? 4 : 1);
    ck_assert_int_eq(gradus_forward(g, NULL, batch ? 4 : 1), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    assert_near(y->y, y_right, 4, 8 * rounding());
    for (int k = 0; k < 4; k++)
        dx_right[k] *= FAR[_i / 2].apart; /* of the size of dy */
    for (int k = 0; k < 4; k++)
        x->dy[k] *= (gradus_real)FAR[_i / 2].apart;
    assert_near(x->dy, dx_right, 4, 8 * rounding());
}

/* ---- and a ReLU ---------------------------------------------------------- */

/* The ReLU behind a batch normalisation is computed with it, to the same bits
 * as by a node of its own, which it is where the value before it is wanted. */
LOOP_TEST(batchnorm_computes_the_relu_behind_it, 2)
{
    enum { R = 3, N = 30 };
    static gradus_real in[R * N], value[2][R * N],
        dx[2][R * N];
    double d[R * N];

    probe_fill(in, R * N, 1);
    probe_fill_double(d, R * N, 2);
    for (int apart = 0; apart < 2; apart++) {
        gradus_graph_free(g);
        g = gradus_graph_new(1);
        x = _i ? gradus_image(g, 2, 3, 5) : gradus_input(g, N);
        gradus_want_gradient(x);
        y = gradus_batchnorm(x);
        gradus_node *relu = gradus_relu(y);
        probe(relu, d);
        if (apart)
            gradus_want_value(y);
        ck_assert_int_eq(gradus_compile(g, R, 1), 0);
        ck_assert_ptr_eq(y->result, apart ? y : relu);
        gradus_feed(x, in, R);
        ck_assert_int_eq(gradus_forward(g, NULL, R), 0);
        ck_assert_int_eq(gradus_backward(g), 0);
        memcpy(value[apart], relu->y, sizeof *value);
        memcpy(dx[apart], x->dy, sizeof *dx);
    }
    ck_assert_mem_eq(value[0], value[1], sizeof *value);
    ck_assert_mem_eq(dx[0], dx[1], sizeof *dx);
}

/* ---- too large ---------------------------------------------------------- */

/* A number that is finite, but whose square is not, would make the running
 * variance infinite for ever.  Value 1 of row 2 is that of dense1, which
 * passes x on. */
static const double LARGE[] = { 1, -1, 0.5, 1e-10 };

LOOP_TEST(a_batch_whose_variance_is_infinite_is_refused, COUNT(LARGE))
{
    gradus_real numbers[4][2] = { { 1, 2 }, { 2, 3 }, { 3, 5 }, { 0, 1 } };
    const double most = sizeof **numbers == sizeof(float) ? 1e38 : 1e307;
    char path[64];

    x = gradus_input(g, 2);
    gradus_node *h = gradus_dense(x, 2), *t = gradus_input(g, 2);
    y = gradus_batchnorm(h);
    gradus_mse(y, t, NULL);
    ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    memcpy(h->param[0].w, (gradus_real[]){ 1, 0, 0, 1 }, 4 * sizeof **numbers);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    gradus_feed(x, *numbers, 4);
    gradus_feed(t, *numbers, 4);
    ck_assert_int_eq(gradus_train_step(o, NULL, 4), 0);
    memcpy(h->param[0].w, (gradus_real[]){ 1, 0, 0, 1 }, 4 * sizeof **numbers);
    numbers[2][1] = (gradus_real)(LARGE[_i] * most);
    ck_assert_int_eq(gradus_train_step(o, (int[]){ 3, 2, 1, 0 }, 4), -1);
    assert_error("batchnorm1: row 1 (sample 2): value 1 of dense1 is");
    assert_error("too large for the mean or the variance of the batch");
    for (int j = 2; j < 4; j++)
        for (int c = 0; c < 2; c++)
            ck_assert(isfinite(y->param[j].w[c]));
    snprintf(path, sizeof path, "/tmp/gradus-norms-%d", (int)getpid());
    ck_assert_int_eq(gradus_save(g, path), 0);
    unlink(path);
    gradus_optimiser_free(o);
}

/* The values of a batch may be large and yet vary little.  If the means of two
 * batches are farther apart than the largest number, moving the running mean a
 * tenth of the way would make it infinite. */
TEST(a_batch_whose_mean_is_too_large_is_refused)
{
    const gradus_real most = sizeof most == sizeof(float)
                                 ? (gradus_real)3e38 : (gradus_real)1.6e308;
    const gradus_real numbers[] = { most, most, -most, -most };

    x = gradus_input(g, 1);
    gradus_node *t = gradus_input(g, 1);
    y = gradus_batchnorm(x);
    gradus_mse(y, t, NULL);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    gradus_feed(x, numbers, 4);
    gradus_feed(t, numbers, 4);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(
            gradus_train_step(o, (int[]){ 2 * i, 2 * i + 1 }, 2), -1);
        assert_error("too large for the mean or the variance of the batch");
        ck_assert_double_eq(y->param[2].w[0], 0);
    }
    gradus_optimiser_free(o);
}
