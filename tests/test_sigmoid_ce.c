/* test_sigmoid_ce.c -- sigmoid and binary cross entropy: worked by hand,
 * compared with their definition, at extreme logits, refused, and with planted
 * bugs. */
#include "loss_head.h"
#include "probe.h"
#include "tests.h"

#include <float.h>
#include <math.h>

typedef gradus_sigmoid_ce_options options;

static loss_head h;

static void end(void)
{
    gradus_graph_free(h.g);
    h.g = NULL;
}

EACH_TEST(.end = end)

static void begin_loss(int size, int weighted, options o)
{
    h = loss_head_new(size, weighted);
    o.row_weight = h.w;
    h.loss = gradus_sigmoid_ce(h.z, h.t, &o);
    ck_assert_msg(h.loss != NULL, "%s", gradus_error());
}

static void assert_loss(double expected)
{
    double loss = gradus_loss(h.g);

    ck_assert_msg(fabs(loss - expected) <= rounding() * (1 + fabs(expected)),
                  "the loss is %.12g; must be %.12g", loss, expected);
}

/* ---- by hand --------------------------------------------------------- */

static const double LOG3 = 1.0986122886681098, LOG2 = 0.6931471805599453,
                    LOG4_3 = 0.28768207245178093;

/* Runs two rows in which y is 1/2 3/4 and 1/4 1/2, and y - t is -1/2 -1/4 and
 * 1/4 0.  The rows have the weights 1 and 3. */
static void run_by_hand(void)
{
    const gradus_real z[] = { 0, (gradus_real)LOG3, -(gradus_real)LOG3, 0 };

    loss_head_compile(&h, 2, 1);
    loss_head_run(&h, z, (gradus_real[]){ 1, 1, 0, .5 },
                  (gradus_real[]){ 1, 3 }, 2);
}

TEST(sigmoid_ce_matches_a_case_worked_by_hand)
{
    begin_loss(2, 0, (options){ 0 });
    run_by_hand();
    assert_near(h.loss->y, (double[]){ .5, .75, .25, .5 }, 4, rounding());
    assert_loss((2 * LOG2 + 2 * LOG4_3) / 4);
    assert_near(h.z->dy, (double[]){ -.125, -.0625, .0625, 0 }, 4, rounding());
    ck_assert_int_eq(gradus_as_loss(h.loss)->classes, 0);
}

/* The rows have the weights 1 and 3, and the classes 2 and 5.  The sum is
 * divided by 8, 4 or 1. */
LOOP_TEST(reductions_and_weights_match_cases_worked_by_hand, 3)
{
    static const double D[] = { 8, 4, 1 }, slope[] = { -1, -1.25, 1.5, 0 };
    double dz[4];

    begin_loss(2, 1, (options){ .reduction = (gradus_reduction)_i,
                                .class_weight = (double[]){ 2, 5 } });
    gradus_set_loss_weight(h.loss, 0.5);
    run_by_hand();
    assert_loss(.5 * (2 * LOG2 + 5 * LOG4_3 +
                      3 * (2 * LOG4_3 + 5 * LOG2)) / D[_i]);
    for (int k = 0; k < 4; k++)
        dz[k] = .5 * slope[k] / D[_i];
    assert_near(h.z->dy, dz, 4, rounding());
}

/* In z [B,2,1,2], the class weights belong to the first axis of 2. */
TEST(class_weights_belong_to_the_first_axis)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *z = gradus_image(g, 2, 1, 2), *t = gradus_input(g, 4);

    gradus_want_gradient(z);
    gradus_sigmoid_ce(z, t, &(options){ .reduction = GRADUS_REDUCE_SUM,
                                        .class_weight = (double[]){ 2, 6 } });
    ck_assert_msg(gradus_compile(g, 1, 1) == 0, "%s", gradus_error());
    gradus_feed(z, (gradus_real[4]){ 0 }, 1);
    gradus_feed(t, (gradus_real[]){ 0, 1, 0, 1 }, 1);
    ck_assert_int_eq(gradus_forward(g, NULL, 1), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    assert_near(z->dy, (double[]){ 1, -1, 3, -3 }, 4, 0);
    ck_assert_double_eq_tol(gradus_loss(g), 16 * LOG2, 1e-6);
    gradus_graph_free(g);
}

/* The definition is -t log y - (1 - t) log(1 - y), here in double: y without
 * the two cases of (F1), the loss without the log1p of (F2), and dz (F3). */
LOOP_TEST(sigmoid_ce_follows_its_definition, 81 * 5)
{
    const double z = (_i / 5 - 40) / 4.0, t = _i % 5 / 4.0;
    const double y = 1 / (1 + exp(-z));

    begin_loss(1, 0, (options){ 0 });
    loss_head_compile(&h, 1, 1);
    loss_head_run(&h, &(gradus_real){ (gradus_real)z },
                  &(gradus_real){ (gradus_real)t }, NULL, 1);
    assert_loss(-t * log(y) - (1 - t) * log(1 - y));
    assert_near(h.loss->y, &y, 1, rounding());
    assert_near(h.z->dy, &(double){ y - t }, 1, rounding());
}

/* ---- extremes -------------------------------------------------------- */

TEST(sigmoid_ce_of_the_largest_logits_is_exact)
{
    const double size[] = { 1000, 1e30, FLT_MAX };

    begin_loss(4, 0, (options){ .reduction = GRADUS_REDUCE_SUM });
    loss_head_compile(&h, 1, 1);
    for (int i = 0; i < 3; i++) {
        gradus_real a = (gradus_real)size[i];
        loss_head_run(&h, (gradus_real[]){ a, a, -a, -a },
                      (gradus_real[]){ 0, 1, 0, 1 }, NULL, 1);
        ck_assert(gradus_loss(h.g) == 2 * (double)a);
        assert_near(h.z->dy, (double[]){ 1, 0, 0, -1 }, 4, 0);
        assert_near(h.loss->y, (double[]){ 1, 1, 0, 0 }, 4, 0);
    }
}

/* 1 - y would be rounded to 0 long before. */
TEST(a_prediction_that_is_nearly_right_has_a_loss_above_zero)
{
    begin_loss(1, 0, (options){ 0 });
    loss_head_compile(&h, 1, 1);
    loss_head_run(&h, &(gradus_real){ 50 }, &(gradus_real){ 1 }, NULL, 1);
    ck_assert_double_eq_tol(gradus_loss(h.g) * exp(50), 1, 1e-6);
    loss_head_run(&h, &(gradus_real){ -50 }, &(gradus_real){ 0 }, NULL, 1);
    ck_assert_double_eq_tol(gradus_loss(h.g) * exp(50), 1, 1e-6);
    ck_assert_double_eq_tol(h.z->dy[0] * exp(50), 1, 1e-6);
}

/* A pixel of 255 must become exactly 1, since a target above 1 is refused. */
TEST(pixels_can_be_targets_of_sigmoid_ce)
{
    gradus_real z[256] = { 0 };
    uint8_t pixel[256];

    for (int i = 0; i < 256; i++)
        pixel[i] = (uint8_t)i;
    begin_loss(256, 0, (options){ 0 });
    loss_head_compile(&h, 1, 1);
    gradus_feed(h.z, z, 1);
    gradus_feed_u8(h.t, pixel, 1);
    ck_assert_msg(gradus_forward(h.g, NULL, 1) == 0, "%s", gradus_error());
    assert_loss(LOG2);
}

TEST(inference_gives_probabilities_and_needs_no_targets)
{
    static const gradus_real v[] = { 1, 2, 3, -4 };
    gradus_graph *g = gradus_graph_new(3);
    gradus_node *x = gradus_input(g, 2), *z = gradus_dense(x, 3);

    options o = { .class_weight = (double[]){ 1, 2, 3 },
                  .row_weight = gradus_row_weights(g) };
    gradus_sigmoid_ce(z, gradus_input(g, 3), &o);
    ck_assert_msg(gradus_compile(g, 2, 1) == 0, "%s", gradus_error());
    gradus_workspace *w = gradus_workspace_new(g, 2);
    ck_assert_msg(w != NULL, "%s", gradus_error());
    const gradus_real *y = gradus_infer(w, v, 2);
    ck_assert_msg(y != NULL, "%s", gradus_error());
    for (int i = 0; i < 6; i++) {
        double sum = 0; /* the bias is 0 */
        for (int k = 0; k < 2; k++)
            sum += v[i / 3 * 2 + k] * z->param[0].w[i % 3 * 2 + k];
        assert_near(y + i, &(double){ 1 / (1 + exp(-sum)) }, 1, rounding());
    }
    ck_assert_ptr_null(gradus_infer(w, (gradus_real[]){ NAN, 1 }, 1));
    gradus_workspace_free(w);
    gradus_graph_free(g);
}

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

enum { B = 17, N = 6 }; /* two slices */

static const double class_weight[N] = { 1, 0, 2.5, .5, 3, 1 };

/* Makes and feeds a loss of h.z, and beside it one of dense(h.z), so that dz
 * is a sum.  `which` chooses the reduction, row weights and class weights. */
static void begin_case(int which)
{
    static gradus_real z[B * N], t[B * N], w[B];

    probe_fill(z, B * N, 1);
    probe_fill(t, B * N, 2);
    probe_fill(w, B, 3);
    for (int i = 0; i < B * N; i++) {
        z[i] *= 4;
        t[i] = t[i] < -.5 ? 0 : t[i] > .5 ? 1 : t[i] + .5;
    }
    for (int i = 0; i < B; i++)
        w[i] = i == 3 ? 0 : 1 + w[i];
    begin_loss(N, which / 3 % 2,
               (options){ .reduction = (gradus_reduction)(which % 3),
                          .class_weight = which / 6 ? class_weight : NULL });
    gradus_sigmoid_ce(gradus_dense(h.z, N), h.t, NULL);
    gradus_set_loss_weight(h.loss, 1.3);
    loss_head_compile(&h, B, 1);
    gradus_feed(h.z, z, B);
    gradus_feed(h.t, t, B);
    if (h.w)
        gradus_feed(h.w, w, B);
}

/* Computes the gradient as if no row and no class had a weight. */
static void unweighted(gradus_node *n, gradus_part p)
{
    for (int i = p.row * N; i < (p.row + p.rows) * N; i++)
        n->in[0]->dy[i] += gradus_as_loss(n)->weight /
                           gradus_as_loss(n)->divisor *
                           (n->y[i] - n->in[1]->y[i]);
}

/* Multiplies by the derivative of the sigmoid a second time. */
static void twice(gradus_node *n, gradus_part p)
{
    for (int i = p.row * N; i < (p.row + p.rows) * N; i++)
        n->in[0]->dy[i] += gradus_as_loss(n)->weight /
                           gradus_as_loss(n)->divisor * n->y[i] *
                           (1 - n->y[i]) * (n->y[i] - n->in[1]->y[i]);
}

LOOP_TEST(planted_bugs_in_sigmoid_ce_are_caught, 4)
{
    void (*const bug[])(gradus_node *, gradus_part) = {
        unweighted, twice
    };

    begin_case(_i % 2 ? 3 : 6); /* row weights, class weights */
    gradus_op wrong = *h.loss->op;
    wrong.backward = bug[_i / 2];
    probe_assert_caught(h.loss, &wrong, B);
}

#endif

/* ---- never silent ---------------------------------------------------- */

TEST(targets_of_sigmoid_ce_outside_0_to_1_are_an_error)
{
    const double bad[] = { -1e-30, 1.0001, 2, -INFINITY, INFINITY, NAN };
    const char *why[] = {
        "1: row 1: target 2 is -1e-30; must be 0 to 1",
        "1: row 1: target 2 is 1.0001; must be 0 to 1",
        "1: row 1: target 2 is 2; must be 0 to 1",
        "1: row 1: target 2 is -inf; must be 0 to 1",
        "node 1, input2: row 1 (sample 1): value 2 is inf",
        "node 1, input2: row 1 (sample 1): value 2 is nan",
    };
    const gradus_real z[6] = { 0 };

    begin_loss(3, 1, (options){ .class_weight = (double[]){ 1, 1, 0 } });
    loss_head_compile(&h, 2, 1);
    for (int i = 0; i < 12; i++) {
        gradus_real t[6] = { 1, 0, .5, 1, 0, (gradus_real)bad[i % 6] };
        gradus_feed(h.z, z, 2);
        gradus_feed(h.t, t, 2); /* a weight of 0 hides nothing */
        gradus_feed(h.w, (gradus_real[]){ 1, i < 6 }, 2);
        assert_forward_fails(&h, 2, why[i % 6]);
    }
    loss_head_run(&h, z, z, (gradus_real[]){ 1, 1 }, 2); /* it recovers */
}

TEST(logits_of_sigmoid_ce_that_are_not_finite_are_an_error)
{
    const double bad[] = { NAN, INFINITY, -INFINITY };

    begin_loss(2, 0, (options){ 0 });
    loss_head_compile(&h, 2, 1);
    for (int i = 0; i < 12; i++) { /* with targets of 0 and of 1 */
        gradus_real z[4] = { 0 }, t[4] = { 0 };
        char why[64];
        z[2 + i % 2] = (gradus_real)bad[i / 4];
        t[2 + i % 2] = i / 2 % 2;
        snprintf(why, sizeof why, "sigmoid_ce1: row 1: value %d of input is ",
                 i % 2);
        gradus_feed(h.z, z, 2);
        gradus_feed(h.t, t, 2);
        assert_forward_fails(&h, 2, why);
    }
}

TEST(a_bad_target_of_sigmoid_ce_stops_the_step_and_changes_nothing)
{
    const gradus_real v[] = { 0, 2, 1, 3 };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2), *t = gradus_input(g, 1);

    gradus_sigmoid_ce(gradus_dense(x, 1), t, NULL);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    uint64_t before = gradus_parameters_hash(g);
    gradus_feed(x, v, 2);
    gradus_feed(t, v, 2);
    ck_assert_int_ne(gradus_train_step(o, NULL, 2), 0);
    assert_error("row 1: target 0 is 2; must be 0 to 1 (row 1 is sample 1); "
                 "parameters are unchanged");
    ck_assert(gradus_parameters_hash(g) == before);
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

/* ---- refused --------------------------------------------------------- */

static void assert_refused(gradus_node *z, gradus_node *t, options o,
                           const char *why)
{
    ck_assert_msg(!gradus_sigmoid_ce(z, t, &o),
                  "the loss is made; must be refused with \"%s\"", why);
    assert_error(why);
}

TEST(bad_operands_and_options_of_sigmoid_ce_are_refused)
{
    h = loss_head_new(3, 0);
    const double weight[] = { -1, NAN, INFINITY };
    gradus_node *t = h.t;
    options none = { 0 };

    assert_refused(h.z, gradus_input(h.g, 4), none,
                   "sigmoid_ce1: a row of input3 has size 4; must be 3, as of "
                   "input");
    assert_refused(h.z, gradus_labels(h.g, 3), none,
                   "the targets come from labels;");
    assert_refused(
        t, h.z, none,
        "the targets come from input; must be an input that wants no");
    assert_refused(h.z, t, (options){ .reduction = (gradus_reduction)3 },
                   "the reduction is 3");
    assert_refused(h.z, t, (options){ .row_weight = t },
                   "must be a gradus_row_weights node");
    for (int i = 0; i < 3; i++)
        assert_refused(h.z, t,
                       (options){ .class_weight =
                                      (double[]){ 1, 1, weight[i] } },
                       "class_weight[2] is");
    end();
    h = loss_head_new(3, 0);
    assert_refused(h.z, NULL, none, "sigmoid_ce: operand 2 of 2 is NULL");
}
