/* test_embedding.c -- the vectors of tokens: worked by hand, refused, and with
 * planted bugs. */
#include "one_graph.h"
#include "probe.h"
#include "tests.h"

#include <math.h>

static gradus_node *x, *y;

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* Embeds two tokens a row.  The vectors of the tokens 0, 1 and 2 are 0 1, 2 3
 * and 4 5. */
static void embed(void)
{
    static const double weights[] = { 1, 2, 3, 4, 5, 6, 7, 8 }; /* dy */

    x = gradus_input(g, 2);
    y = gradus_embedding(x, 3, 2);
    probe(y, weights);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    for (int i = 0; i < 6; i++)
        y->param[0].w[i] = (gradus_real)i;
}

TEST(an_embedding_of_four_tokens_matches_a_case_worked_by_hand)
{
    embed();
    gradus_feed(x, (gradus_real[]){ 2, 0, 2, 1 }, 2);
    ck_assert_int_eq(gradus_forward(g, NULL, 2) || gradus_backward(g), 0);
    assert_near(y->y, (double[]){ 4, 5, 0, 1, 4, 5, 2, 3 }, 8, 0);
    assert_near(y->param[0].dw, (double[]){ 3, 4, 7, 8, 6, 8 }, 6, 0);
    ck_assert_int_eq(gradus_forward(g, NULL, 2) || gradus_backward_add(g), 0);
    assert_near(y->param[0].dw, (double[]){ 6, 8, 14, 16, 12, 16 }, 6, 0);
}

LOOP_TEST(a_value_that_is_not_a_token_is_refused, 4)
{
    const gradus_real bad[] = { 3, -1, (gradus_real)0.5, NAN };

    embed();
    gradus_feed(x, (gradus_real[]){ 0, 1, 2, bad[_i] }, 2);
    ck_assert_int_ne(gradus_forward(g, NULL, 2), 0);
    assert_error("embedding1: sample 1, position 1: the token is ");
    assert_error("must be a whole number, 0 to 2");
}

TEST(pixels_cannot_be_tokens)
{
    embed();
    gradus_feed_u8(x, (uint8_t[]){ 0, 1 }, 1);
    ck_assert_int_ne(gradus_forward(g, NULL, 1), 0);
    assert_error("input was fed pixels; it takes the numbers of tokens "
                 "(gradus_feed, gradus_infer)");
}

TEST(inference_refuses_a_value_that_is_not_a_token)
{
    x = gradus_input(g, 1);
    gradus_embedding(x, 3, 2);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_workspace *w = gradus_workspace_new(g, 1);
    ck_assert_ptr_null(gradus_infer(w, (gradus_real[]){ 3 }, 1));
    assert_error("embedding1: sample 0, position 0: the token is 3; must be a "
                 "whole number, 0 to 2");
    ck_assert_ptr_null(gradus_infer_u8(w, (uint8_t[]){ 2 }, 1));
    assert_error("input was fed pixels; it takes the numbers of tokens "
                 "(gradus_feed, gradus_infer)");
    ck_assert_ptr_nonnull(gradus_infer(w, (gradus_real[]){ 2 }, 1));
    gradus_workspace_free(w);
}

TEST(a_computed_value_cannot_be_embedded)
{
    ck_assert_ptr_null(gradus_embedding(gradus_relu(gradus_input(g, 2)), 3,
                                        2));
    assert_error("relu1 computes its value");
}

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

/* The vector of token 2 gets the gradient of the vector of token 0. */
static void one_token_off(gradus_node *n, gradus_part p)
{
    gradus_real *dW = n->param[0].dw;

    right->gradient(n, p);
    dW[4] += dW[0];
    dW[0] = 0;
}

LOOP_TEST(planted_bugs_in_embedding_are_caught, 3)
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

#endif
