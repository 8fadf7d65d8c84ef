/* test_embedding.c -- vectors of tokens: by hand, spoilt, and refused. */
#include "probe.h"
#include "tests.h"

#include <math.h>

static gradus_graph *g;
static gradus_node *x, *y;

static void begin(void)
{
    g = gradus_graph_new(1);
}

static void end(void)
{
    gradus_graph_free(g);
}

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
    assert_error("embedding1: sample 1, position 1: the token is ");
    assert_error("must be a whole number, 0 to 2");
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

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

static const gradus_op *right;

static void never_adding(gradus_node *n, gradus_part p)
{
    p.add = 0;
    right->gradient(n, p);
}

static void always_the_first_rows(gradus_node *n, gradus_part p)
{
    p.row = 0;
    right->gradient(n, p);
}

/* The last token's vector gets what the first one should. */
static void one_token_off(gradus_node *n, gradus_part p)
{
    gradus_real *dW = n->param[0].dw;

    right->gradient(n, p);
    dW[4] += dW[0];
    dW[0] = 0;
}

START_TEST(planted_bugs_are_caught)
{
    void (*const bug[])(gradus_node *, gradus_part) = {
        never_adding, always_the_first_rows, one_token_off };

    embed();
    gradus_feed(x, (gradus_real[]){ 2, 0, 2, 1 }, 2);
    gradus_op wrong = *y->op;
    right = y->op;
    wrong.gradient = bug[_i];
    probe_assert_caught(y, &wrong, 2);
}
END_TEST

#endif

Suite *suite_embedding(void)
{
    Suite *s = suite_create("embedding");
    TCase *t = tcase_create("embedding");

    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, four_tokens_by_hand);
    tcase_add_loop_test(t, what_is_no_token_is_refused, 0, 4);
    tcase_add_test(t, pixels_are_no_tokens);
    tcase_add_test(t, inference_of_what_is_no_token_is_an_error);
    tcase_add_test(t, only_an_input_is_embedded);
#ifdef GRADUS_DOUBLE
    tcase_add_loop_test(t, planted_bugs_are_caught, 0, 3);
#endif
    suite_add_tcase(s, t);
    return s;
}
