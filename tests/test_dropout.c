/* test_dropout.c -- dropout, and embedding. */
#include "probe.h"
#include "tests.h"

#include <math.h>

enum { B = 40, N = 50 };

static gradus_graph *g;
static gradus_node *x, *y;
static gradus_real v[B * N];
static double c[B * N];

static void begin(void)
{
    g = gradus_graph_new(1);
    for (int i = 0; i < B * N; i++) {
        v[i] = 3;
        c[i] = 5;
    }
}

static void end(void)
{
    gradus_graph_free(g);
}

static void drop(double p)
{
    x = gradus_input(g, N);
    gradus_want_gradient(x);
    y = gradus_dropout(x, p);
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, B, 2), 0);
    gradus_feed(x, v, B);
}

/* p = 1/4: 0 or 3 / (3/4) = 4, and dx 0 or 5 / (3/4) at the same places. */
START_TEST(a_quarter_is_left_out_and_the_rest_scaled)
{
    int zeros = 0;

    drop(0.25);
    ck_assert_int_eq(gradus_forward(g, NULL, B) || gradus_backward(g), 0);
    for (int i = 0; i < B * N; i++) {
        int zero = y->y[i] == 0;
        zeros += zero;
        assert_near(y->y + i, (double[]){ zero ? 0 : 4 }, 1, rounding());
        assert_near(x->dy + i, (double[]){ zero ? 0 : 20 / 3. }, 1,
                    rounding());
    }
    ck_assert_int_gt(zeros, 400); /* 500 +- 5 standard deviations of 19 */
    ck_assert_int_lt(zeros, 600);
}
END_TEST

START_TEST(another_pass_leaves_out_others_and_the_same_pass_the_same)
{
    gradus_real first[B * N];

    drop(0.5);
    ck_assert_int_eq(gradus_forward(g, NULL, B), 0);
    memcpy(first, y->y, sizeof first);
    ck_assert_mem_eq(y->y, first, sizeof first);
    ck_assert_int_eq(gradus_forward(g, NULL, B), 0);
    ck_assert_mem_eq(y->y, first, sizeof first);
    ck_assert_int_eq(gradus_backward(g) || gradus_forward(g, NULL, B), 0);
    ck_assert_mem_ne(y->y, first, sizeof first);
    ck_assert_mem_ne(y->y, y->y + N, N * sizeof *y->y);
}
END_TEST

/* Two backwards after one forward, say with other loss weights. */
START_TEST(a_second_backward_has_the_mask_of_its_forward)
{
    gradus_real first[B * N];

    drop(0.5);
    ck_assert_int_eq(gradus_forward(g, NULL, B) || gradus_backward(g), 0);
    memcpy(first, x->dy, sizeof first);
    ck_assert_int_eq(gradus_backward(g), 0);
    ck_assert_mem_eq(x->dy, first, sizeof first);
}
END_TEST

START_TEST(inference_leaves_nothing_out)
{
    x = gradus_input(g, N);
    gradus_dropout(x, 0.9);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_workspace *w = gradus_workspace_new(g, 1);
    const gradus_real *p = gradus_infer(w, v, 1);
    ck_assert(p != NULL);
    ck_assert_mem_eq(p, v, N * sizeof *v);
    gradus_workspace_free(w);
}
END_TEST

START_TEST(a_probability_outside_0_to_below_1_is_refused)
{
    const double p[] = { -0.1, 1, NAN };

    ck_assert_ptr_null(gradus_dropout(gradus_input(g, 2), p[_i]));
    assert_error("node 1, dropout1: probability ");
}
END_TEST

/* ---- embedding ------------------------------------------------------- */

/* Tokens 2 0, 2 1: vectors 4 5, 0 1, 4 5, 2 3. */
static void embed(void)
{
    static const double weights[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    x = gradus_input(g, 2);
    y = gradus_embedding(x, 3, 2);
    probe(y, weights);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    for (int i = 0; i < 6; i++)
        y->param[0].w[i] = (gradus_real)i;
}

START_TEST(four_tokens_by_hand)
{
    embed();
    gradus_feed(x, (gradus_real[]){ 2, 0, 2, 1 }, 2);
    ck_assert_int_eq(gradus_forward(g, NULL, 2) || gradus_backward(g), 0);
    assert_near(y->y, (double[]){ 4, 5, 0, 1, 4, 5, 2, 3 }, 8, 0);
    assert_near(y->param[0].dw, (double[]){ 3, 4, 7, 8, 6, 8 }, 6, 0);
    ck_assert_int_eq(gradus_forward(g, NULL, 2) || gradus_backward_add(g), 0);
    assert_near(y->param[0].dw, (double[]){ 6, 8, 14, 16, 12, 16 }, 6, 0);
}
END_TEST

START_TEST(what_is_no_token_is_refused)
{
    const gradus_real bad[] = { 3, -1, (gradus_real)0.5, NAN };

    embed();
    gradus_feed(x, (gradus_real[]){ 0, 1, 2, bad[_i] }, 2);
    ck_assert_int_ne(gradus_forward(g, NULL, 2), 0);
    assert_error("embedding1: sample 1, position 1: token ");
    assert_error("whole numbers 0..2 wanted");
}
END_TEST

START_TEST(pixels_are_no_tokens)
{
    embed();
    gradus_feed_u8(x, (uint8_t[]){ 0, 1 }, 1);
    ck_assert_int_ne(gradus_forward(g, NULL, 1), 0);
    assert_error("input was fed pixels");
}
END_TEST

START_TEST(inference_of_what_is_no_token_is_an_error)
{
    x = gradus_input(g, 1);
    gradus_embedding(x, 3, 2);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_workspace *w = gradus_workspace_new(g, 1);
    ck_assert_ptr_null(gradus_infer(w, (gradus_real[]){ 3 }, 1));
    ck_assert_ptr_nonnull(gradus_infer(w, (gradus_real[]){ 2 }, 1));
    gradus_workspace_free(w);
}
END_TEST

START_TEST(only_an_input_is_embedded)
{
    ck_assert_ptr_null(gradus_embedding(gradus_relu(gradus_input(g, 2)), 3,
                                        2));
    assert_error("relu1 computes its value");
}
END_TEST

#ifdef GRADUS_DOUBLE

/* Tokens are not moved: only the weights' differences are taken. */
START_TEST(gradients_are_those_of_central_differences)
{
    static gradus_real tokens[B * 4];
    static double cc[B * 12];
    gradus_node *t = gradus_input(g, 4);

    for (int i = 0; i < B * 4; i++)
        tokens[i] = i * 7 % 5;
    fill_double(cc, B * 12, 2);
    probe(gradus_dropout(gradus_dense(gradus_embedding(t, 5, 3), 12), 0.4),
          cc);
    ck_assert_msg(gradus_compile(g, B, 1) == 0, "%s", gradus_error());
    gradus_feed(t, tokens, B);
    ck_assert_msg(check(g, B) <= 1, "%s", worst());
}
END_TEST

static const gradus_op *right;

static void another_mask(gradus_node *n, gradus_rows r)
{
    r.pass++;
    right->backward(n, r);
}

START_TEST(another_mask_in_backward_is_caught)
{
    gradus_op wrong;

    drop(0.5);
    right = plant(y, &wrong);
    wrong.backward = another_mask;
    ck_assert_double_gt(check(g, 3), 1);
}
END_TEST

#endif

Suite *suite_dropout(void)
{
    Suite *s = suite_create("dropout");
    TCase *t = tcase_create("dropout");

    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, a_quarter_is_left_out_and_the_rest_scaled);
    tcase_add_test(t,
                   another_pass_leaves_out_others_and_the_same_pass_the_same);
    tcase_add_test(t, a_second_backward_has_the_mask_of_its_forward);
    tcase_add_test(t, inference_leaves_nothing_out);
    tcase_add_loop_test(t, a_probability_outside_0_to_below_1_is_refused, 0,
                        3);
    tcase_add_test(t, four_tokens_by_hand);
    tcase_add_loop_test(t, what_is_no_token_is_refused, 0, 4);
    tcase_add_test(t, pixels_are_no_tokens);
    tcase_add_test(t, inference_of_what_is_no_token_is_an_error);
    tcase_add_test(t, only_an_input_is_embedded);
#ifdef GRADUS_DOUBLE
    tcase_add_test(t, gradients_are_those_of_central_differences);
    tcase_add_test(t, another_mask_in_backward_is_caught);
#endif
    suite_add_tcase(s, t);
    return s;
}
