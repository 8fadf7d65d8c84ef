/* test_regression.c -- mse and huber: worked by hand, refused, and with
 * planted bugs. */
#include "loss_head.h"
#include "probe.h"
#include "signatures.h"
#include "tests.h"

#include <math.h>

typedef gradus_huber_options options;

static loss_head h;
static gradus_node *(*const losses[])(gradus_node *, gradus_node *,
                                      const options *) = { mse,
                                                           gradus_huber };

static void end(void)
{
    gradus_graph_free(h.g);
    h.g = NULL;
}

EACH_TEST(.end = end)

static void begin_loss(int huber, int size, int weighted, options o)
{
    h = loss_head_new(size, weighted);
    o.row_weight = h.w;
    h.loss = losses[huber](h.z, h.t, &o);
    ck_assert_msg(h.loss != NULL, "%s", gradus_error());
}

/* ---- by hand --------------------------------------------------------- */

static const gradus_real Y[] = { 1, 2, 3, 5 }, T[] = { 0, 2, 5, 1 };
/* y - t is 1, 0, -2, 4 */

TEST(mse_matches_a_case_worked_by_hand)
{
    begin_loss(0, 2, 0, (options){ 0 });
    loss_head_compile(&h, 2, 1);
    loss_head_run(&h, Y, T, NULL, 2);
    ck_assert_double_eq(gradus_loss(h.g), (1 + 0 + 4 + 16) / 4.);
    assert_near(h.z->dy, (double[]){ .5, 0, -1, 2 }, 4, 0);
    assert_near(h.loss->y, (double[]){ 1, 2, 3, 5 }, 4, 0);
    ck_assert_int_eq(gradus_as_loss(h.loss)->classes, 0);
}

LOOP_TEST(huber_matches_cases_worked_by_hand, 6)
{
    static const struct {
        double delta, sum, slope[4];
    } by_hand[] = {
        { 0, .5 + 0 + 1.5 + 3.5, { 1, 0, -1, 1 } }, /* delta is 1 */
        { 1, .5 + 0 + 1.5 + 3.5, { 1, 0, -1, 1 } },
        { 2, .5 + 0 + 2 + 6, { 1, 0, -2, 2 } },
        { 3, .5 + 0 + 2 + 7.5, { 1, 0, -2, 3 } },
        { .5, .375 + 0 + .875 + 1.875, { .5, 0, -.5, .5 } },
        { 1e30, .5 + 0 + 2 + 8, { 1, 0, -2, 4 } }, /* half the square */
    };
    double dy[4];

    begin_loss(1, 2, 0, (options){ .delta = by_hand[_i].delta });
    loss_head_compile(&h, 2, 1);
    loss_head_run(&h, Y, T, NULL, 2);
    ck_assert_double_eq(gradus_loss(h.g), by_hand[_i].sum / 4);
    for (int k = 0; k < 4; k++)
        dy[k] = by_hand[_i].slope[k] / 4;
    assert_near(h.z->dy, dy, 4, 0);
}

/* The rows have the weights 1 and 3, so the sum for mse is 1 + 3 * 20.  It is
 * divided by 8, the weight of all elements, by 4, their number, or by 1. */
LOOP_TEST(reductions_and_row_weights_match_cases_worked_by_hand, 6)
{
    static const double D[] = { 8, 4, 1 }, sum[] = { 61, .5 + 3 * 5 };
    static const double slope[2][4] = { { 2, 0, -12, 24 }, { 1, 0, -3, 3 } };
    double dy[4];

    begin_loss(_i / 3, 2, 1,
               (options){ .reduction = (gradus_reduction)(_i % 3) });
    gradus_set_loss_weight(h.loss, 0.5);
    loss_head_compile(&h, 2, 1);
    loss_head_run(&h, Y, T, (gradus_real[]){ 1, 3 }, 2);
    ck_assert_double_eq(gradus_loss(h.g), .5 * sum[_i / 3] / D[_i % 3]);
    for (int k = 0; k < 4; k++)
        dy[k] = .5 * slope[_i / 3][k] / D[_i % 3];
    assert_near(h.z->dy, dy, 4, 0);
}

LOOP_TEST(rows_without_weight_have_no_loss_and_no_gradient, 2)
{
    begin_loss(_i, 2, 1, (options){ 0 });
    loss_head_compile(&h, 2, 1);
    loss_head_run(&h, Y, T, (gradus_real[]){ 0, 0 }, 2);
    ck_assert(gradus_loss(h.g) == 0);
    assert_near(h.z->dy, (double[]){ 0, 0, 0, 0 }, 4, 0);
}

/* A float cannot hold the square of 1e30, but a double can. */
TEST(a_loss_too_large_for_a_float_is_right)
{
    begin_loss(0, 1, 0, (options){ 0 });
    loss_head_compile(&h, 1, 1);
    loss_head_run(&h, (gradus_real[]){ 1e30 }, (gradus_real[]){ 0 }, NULL, 1);
    ck_assert_double_eq_tol(gradus_loss(h.g) / 1e60, 1, 1e-6);
}

/* The target is the input itself, in another shape.  So inference needs no
 * other data. */
LOOP_TEST(an_autoencoder_infers_what_it_predicts, 2)
{
    static const gradus_real v[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    gradus_graph *g = gradus_graph_new(3);
    gradus_node *x = gradus_image(g, 1, 2, 2), *y = gradus_dense(x, 4);

    losses[_i](y, x, NULL);
    ck_assert_msg(gradus_compile(g, 2, 1) == 0, "%s", gradus_error());
    gradus_feed(x, v, 2);
    ck_assert_int_eq(gradus_forward(g, NULL, 2), 0);
    gradus_workspace *w = gradus_workspace_new(g, 2);
    ck_assert_msg(w != NULL, "%s", gradus_error());
    const gradus_real *out = gradus_infer(w, v, 2);
    ck_assert_msg(out != NULL, "%s", gradus_error());
    ck_assert_mem_eq(out, y->y, 8 * sizeof *out);
    gradus_workspace_free(w);
    gradus_graph_free(g);
}

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

/* 17 rows are two slices.  11 elements are more than are summed at once, and
 * leave some over. */
enum { B = 17, N = 11 };

/* Makes and feeds a loss of h.z, and beside it one of dense(h.z), so that dz
 * is a sum.  `which` chooses mse or huber, the reduction, and row weights. */
static void begin_case(int which)
{
    static gradus_real z[B * N], t[B * N], w[B];

    probe_fill(z, B * N, 1);
    probe_fill(t, B * N, 2);
    probe_fill(w, B, 3);
    for (int i = 0; i < B; i++)
        w[i] = i == 3 ? 0 : 1 + w[i];
    begin_loss(which % 2, N, which / 6,
               (options){ .reduction = (gradus_reduction)(which / 2 % 3),
                          .delta = which % 2 ? 0.7 : 0 });
    losses[which % 2](gradus_dense(h.z, N), h.t, NULL);
    gradus_set_loss_weight(h.loss, -1.3);
    loss_head_compile(&h, B, 1);
    gradus_feed(h.z, z, B);
    gradus_feed(h.t, t, B);
    if (h.w)
        gradus_feed(h.w, w, B);
}

static const gradus_op *right;

/* Computes half of the gradient. */
static void halved(gradus_node *n, gradus_part p)
{
    gradus_as_loss(n)->weight /= 2;
    right->backward(n, p);
    gradus_as_loss(n)->weight *= 2;
}

/* Computes the gradient as if all rows had the weight 1, and as if huber were
 * half the square everywhere. */
static void plain(gradus_node *n, gradus_part p)
{
    for (int i = p.row * N; i < (p.row + p.rows) * N; i++)
        n->in[0]->dy[i] += gradus_as_loss(n)->weight /
                           gradus_as_loss(n)->divisor *
                           (n->y[i] - n->in[1]->y[i]);
}

/* The bugs are planted in mse and in huber, with row weights. */
LOOP_TEST(planted_bugs_in_mse_and_huber_are_caught, 4)
{
    void (*const bug[])(gradus_node *, gradus_part) = {
        halved, plain
    };

    begin_case(6 + _i % 2);
    gradus_op wrong = *h.loss->op;
    right = h.loss->op;
    wrong.backward = bug[_i / 2];
    probe_assert_caught(h.loss, &wrong, B);
}

#endif

/* ---- never silent ---------------------------------------------------- */

LOOP_TEST(values_and_targets_that_are_not_finite_are_an_error, 2)
{
    static const struct {
        double v[4];
        const char *why;
    } bad[] = {
        { { 0, INFINITY, 0, 0 }, "1: row 0: value 1 of input is inf" },
        { { 0, -INFINITY, 0, 0 }, "1: row 0: value 1 of input is -inf" },
        { { 0, 0, 0, -INFINITY },
          "1: row 0: value 1 of input2 is -inf; must be finite" },
        { { 0, 0, NAN, 0 }, "node 1, input2: row 0 (sample 0): value 0 is nan" },
    };

    begin_loss(_i % 2, 2, 1, (options){ 0 });
    loss_head_compile(&h, 1, 1);
    for (int i = 0; i < 8; i++) {
        gradus_real v[4];
        for (int k = 0; k < 4; k++)
            v[k] = (gradus_real)bad[i % 4].v[k];
        gradus_feed(h.z, v, 1);
        gradus_feed(h.t, v + 2, 1);
        /* The row's weight is 1, or 0, which must not hide the value. */
        gradus_feed(h.w, i < 4 ? Y : T, 1);
        assert_forward_fails(&h, 1, bad[i % 4].why);
    }
    loss_head_run(&h, Y, T, Y, 1);
}

LOOP_TEST(a_bad_target_of_mse_or_huber_stops_the_step_and_changes_nothing, 2)
{
    const gradus_real t[] = { 0, (gradus_real)-INFINITY };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2), *to = gradus_input(g, 1);

    losses[_i](gradus_dense(x, 1), to, NULL);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    uint64_t before = gradus_parameters_hash(g);
    gradus_feed(x, Y, 2);
    gradus_feed(to, t, 2);
    ck_assert_int_ne(gradus_train_step(o, NULL, 2), 0);
    assert_error("row 1: value 0 of input2 is -inf; must be finite (row 1 is "
                 "sample 1); parameters are unchanged");
    ck_assert(gradus_parameters_hash(g) == before);
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

/* ---- refused --------------------------------------------------------- */

static void assert_refused(int huber, gradus_node *y, gradus_node *t,
                           options o, const char *why)
{
    ck_assert_msg(!losses[huber](y, t, &o),
                  "the loss is made; must be refused with \"%s\"", why);
    assert_error(why);
}

LOOP_TEST(bad_operands_of_mse_and_huber_are_refused, 2)
{
    h = loss_head_new(3, 0);
    options none = { 0 };
    gradus_node *labels = gradus_labels(h.g, 3), *t = h.t;

    assert_refused(_i, t, gradus_input(h.g, 4), none,
                   "1: a row of input3 has size 4; must be 3, as of input2");
    assert_refused(_i, t, labels, none, "the targets come from labels;");
    assert_refused(_i, t, gradus_relu(t), none, "the targets come from relu1");
    assert_refused(_i, t, h.z, none, "the targets come from input; must be an "
                                     "input that wants no gradient");
    ck_assert_int_ne(gradus_compile(h.g, 1, 1), 0);
    assert_error("1: a row of input3 has size 4");
    end();
    h = loss_head_new(3, 0);
    assert_refused(_i, h.z, NULL, none, "operand 2 of 2 is NULL");
    assert_refused(_i, NULL, h.t, none, "is NULL");
}

LOOP_TEST(bad_options_of_mse_and_huber_are_refused, 2)
{
    const double delta[] = { -1, 1e-31, 1e31, INFINITY, NAN };

    h = loss_head_new(3, 0);
    assert_refused(_i, h.z, h.t, (options){ .reduction = (gradus_reduction)3 },
                   "the reduction is 3");
    assert_refused(_i, h.z, h.t, (options){ .row_weight = h.t },
                   "must be a gradus_row_weights node");
    for (int i = 0; i < 5; i++)
        assert_refused(1, h.z, h.t, (options){ .delta = delta[i] },
                       "delta is ");
}
