/* test_dropout.c -- dropout: how many values it leaves out and which, and that
 * inference leaves out none. */
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

EACH_TEST(.begin = begin, .end = end)

/* Makes a graph in which values of 3 drop out with probability p; dy is 5. */
static void drop(double p)
{
    x = gradus_input(g, N);
    gradus_want_gradient(x);
    y = gradus_dropout(x, p);
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, B, 2), 0);
    gradus_feed(x, v, B);
}

/* With p = 1/4, y is 0 or 3 / (3/4) = 4 (D1), and dx is 0 or 5 / (3/4) at the
 * same places (D2). */
TEST(dropout_leaves_out_a_quarter_and_scales_the_rest)
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
    /* 500 are expected, give or take 5 standard deviations of 19. */
    ck_assert_int_gt(zeros, 400);
    ck_assert_int_lt(zeros, 600);
}

TEST(each_pass_leaves_out_other_values_and_a_repeated_pass_the_same)
{
    gradus_real first[B * N];

    drop(0.5);
    ck_assert_int_eq(gradus_forward(g, NULL, B), 0);
    memcpy(first, y->y, sizeof first);
    ck_assert_int_eq(gradus_forward(g, NULL, B), 0);
    ck_assert_mem_eq(y->y, first, sizeof first);
    ck_assert_int_eq(gradus_backward(g) || gradus_forward(g, NULL, B), 0);
    ck_assert_mem_ne(y->y, first, sizeof first);
    ck_assert_mem_ne(y->y, y->y + N, N * sizeof *y->y);
}

/* The rows from 32 on are a slice of their own, which another thread may
 * compute.  That two rows of 50 values agree by chance has a probability of
 * 2^-50. */
TEST(no_two_rows_leave_out_the_same_values)
{
    drop(0.5);
    ck_assert_int_eq(gradus_forward(g, NULL, B), 0);
    for (int i = 0; i < B; i++)
        for (int j = 0; j < i; j++)
            ck_assert_msg(memcmp(y->y + i * N, y->y + j * N,
                                 N * sizeof *y->y) != 0,
                          "rows %d and %d leave out the same values", j, i);
}

/* (D3): the numbers of row `row`, in the pass after `pass` others.  The node x
 * has the number 0, so y has 1. */
static void assert_drawn(int row, uint64_t pass, double p)
{
    gradus_random r;

    ck_assert_int_eq(y->id, 1);
    gradus_random_init(&r, 1, 65536 + 1, pass << 32 | (uint64_t)row);
    for (int i = 0; i < N; i++) {
        const bool kept = gradus_random_u32(&r) >= p * 4294967296.;
        ck_assert_msg((y->y[row * N + i] != 0) == kept,
                      "pass %d: value %d of row %d is %g", (int)pass, i, row,
                      (double)y->y[row * N + i]);
    }
}

TEST(the_values_left_out_are_those_of_the_documented_random_numbers)
{
    drop(0.3);
    for (uint64_t pass = 0; pass < 3; pass++) {
        ck_assert_int_eq(gradus_forward(g, NULL, B), 0);
        for (int row = 0; row < B; row++)
            assert_drawn(row, pass, 0.3);
        ck_assert_int_eq(gradus_backward(g), 0);
    }
}

/* The mean of 200,000 values has a standard deviation of 0.0055; five times
 * that is allowed for. */
TEST(the_mean_of_many_passes_is_x)
{
    enum { PASSES = 100 };
    double sum = 0;

    drop(0.4);
    for (int pass = 0; pass < PASSES; pass++) {
        ck_assert_int_eq(gradus_forward(g, NULL, B) || gradus_backward(g), 0);
        for (int i = 0; i < B * N; i++)
            sum += y->y[i];
    }
    assert_near((gradus_real[]){ (gradus_real)(sum / (PASSES * B * N)) },
                (double[]){ 3 }, 1, 0.01);
}

TEST(inference_leaves_out_no_value)
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

LOOP_TEST(a_probability_outside_0_to_below_1_is_refused, 3)
{
    const double p[] = { -0.1, 1, NAN };

    ck_assert_ptr_null(gradus_dropout(gradus_input(g, 2), p[_i]));
    assert_error("node 1, dropout1: the probability is ");
}

#ifdef GRADUS_DOUBLE

static const gradus_op *right;

/* Leaves out the values of the next pass. */
static void another_mask(gradus_node *n, gradus_part p)
{
    gradus_batch later = *p.batch;

    later.pass++;
    p.batch = &later;
    right->backward(n, p);
}

TEST(a_backward_that_leaves_out_other_values_is_caught)
{
    drop(0.5);
    gradus_op wrong = *y->op;
    right = y->op;
    wrong.backward = another_mask;
    probe_assert_caught(y, &wrong, 3);
}

#endif
