/* test_softmax.c -- softmax as a layer: worked by hand, with huge inputs,
 * refused, and with planted bugs. */
#include "one_graph.h"
#include "probe.h"
#include "tests.h"

#include <math.h>

static gradus_node *x, *y;

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* Runs forward and backward of y = softmax(x) on `rows` rows of v, with
 * dy = c. */
static void run(int rank, const int *shape, const gradus_real *v, int rows,
                const double *c)
{
    x = probe_values(g, rank, shape);
    gradus_want_gradient(x);
    y = gradus_softmax(x);
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, rows, 1), 0);
    gradus_feed(x, v, (size_t)rows);
    ck_assert_msg(gradus_forward(g, NULL, rows) == 0, "%s", gradus_error());
    ck_assert_int_eq(gradus_backward(g), 0);
}

/* exp(x) is 1 1 2 and 1 3 4.  In dx (S8), the sum of dy y is 0.25 + 0.5 + 1.5
 * = 2.25 and 0.125 - 0.375 + 0.5 = 0.25. */
TEST(softmax_of_two_rows_matches_a_case_worked_by_hand)
{
    const gradus_real v[] = { 0, 0, (gradus_real)0.69314718055994531,
                              0, (gradus_real)1.09861228866810969,
                              (gradus_real)1.38629436111989062 };
    const double c[] = { 1, 2, 3, 1, -1, 1 };

    run(1, (int[]){ 3 }, v, 2, c);
    assert_near(y->y, (double[]){ 0.25, 0.25, 0.5, 0.125, 0.375, 0.5 }, 6,
                rounding());
    assert_near(x->dy, (double[]){ -0.3125, -0.0625, 0.375, 0.09375, -0.46875,
                                   0.375 }, 6, rounding());
}

/* A sample [1,4,2] has four softmaxes, each of two neighbouring numbers. */
TEST(softmax_is_over_the_last_axis)
{
    const gradus_real a = (gradus_real)1.09861228866810969; /* log 3 */
    const gradus_real v[] = { 0, 0, 0, a, a, 0, -a, 0 };
    const double c[] = { 1, 3, 4, 0, 0, 8, 0, 4 };

    run(3, (int[]){ 1, 4, 2 }, v, 1, c);
    assert_near(y->y, (double[]){ 0.5, 0.5, 0.25, 0.75, 0.75, 0.25, 0.25,
                                  0.75 }, 8, rounding());
    assert_near(x->dy, (double[]){ -0.5, 0.5, 0.75, -0.75, -1.5, 1.5, -0.75,
                                   0.75 }, 8, rounding());
}

/* It would be 1, whatever the number is, and its gradient 0. */
LOOP_TEST(softmax_of_a_single_number_is_refused, 4)
{
    const struct {
        int rank, shape[3];
    } cases[] = { { 1, { 1 } }, { 2, { 3, 1 } }, { 3, { 2, 4, 1 } },
                  { 3, { 1, 1, 2 } } };

    x = probe_values(g, cases[_i].rank, cases[_i].shape);
    if (_i == 3)
        ck_assert_ptr_nonnull(gradus_softmax(x));
    else
        assert_refused(gradus_softmax(x), "is 1, so that every value would be "
                                          "1; take gradus_sigmoid");
}

TEST(softmax_is_finite_for_huge_inputs)
{
    const gradus_real v[] = { 3e38f, -3e38f, 1e4f, -1e4f, -1e4f, -2e4f };

    run(1, (int[]){ 3 }, v, 2, (double[]){ 1, 2, 3, 1, 3, 2 });
    assert_near(y->y, (double[]){ 1, 0, 0, 0.5, 0.5, 0 }, 6, rounding());
    assert_near(x->dy, (double[]){ 0, 0, 0, -0.5, 0.5, 0 }, 6, rounding());
}

TEST(an_input_of_minus_infinity_gets_probability_zero)
{
    const gradus_real v[] = { 5, -INFINITY, 5 };

    run(1, (int[]){ 3 }, v, 1, (double[]){ 1, 100, 3 });
    assert_near(y->y, (double[]){ 0.5, 0, 0.5 }, 3, 0);
    assert_near(x->dy, (double[]){ -0.5, 0, 0.5 }, 3, 0);
}

LOOP_TEST(softmax_of_nan_infinity_or_minus_infinities_alone_is_an_error, 4)
{
    static const gradus_real cases[][2] = {
        { 1, NAN }, { NAN, 1 }, { INFINITY, 1 }, { -INFINITY, -INFINITY }
    };
    static const char *const message[] = {
        "node 0, values: row 0 (sample 0): value 1 is nan",
        "node 0, values: row 0 (sample 0): value 0 is nan",
        "node 0, values: row 0 (sample 0): value 0 is inf",
        "node 1, softmax1: row 0 (sample 0): value 0 is nan"
    };

    x = probe_values(g, 1, (int[]){ 2 });
    probe(gradus_softmax(x), (double[]){ 1, 1 });
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_feed(x, cases[_i], 1);
    ck_assert_int_ne(gradus_forward(g, NULL, 1), 0);
    assert_error(message[_i]);
}

TEST(softmax_of_null_or_labels_is_refused)
{
    ck_assert_ptr_null(gradus_softmax(NULL));
    ck_assert_str_ne(gradus_error(), "");
    one_graph_end(); /* that graph cannot be compiled any more */
    one_graph_begin();
    gradus_softmax(gradus_labels(g, 1));
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("node 1, softmax1: operand labels holds labels");
}

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

enum { B = 17, S = 2, C = 3, N = S * C };

/* x -> softmax -> dense -> softmax, and beside it x -> softmax, so that dx is
 * a sum of two terms.  y is the first softmax. */
static void deep_graph(void)
{
    static gradus_real v[B * N];
    static double weights[2][B * N];

    probe_fill(v, B * N, 1);
    probe_fill_double(weights[0], B * N, 2);
    probe_fill_double(weights[1], B * N, 3);
    x = probe_values(g, 2, (int[]){ S, C });
    gradus_want_gradient(x);
    y = gradus_softmax(x);
    probe(gradus_softmax(gradus_dense(y, N)), weights[0]);
    probe(gradus_softmax(x), weights[1]);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    gradus_feed(x, v, B);
}

/* dx_k += y_k (dy_k - sum_j dy_j y_j), in which the sum is wrong: over the
 * `size` numbers around k or, if only_own is non-zero, over k alone. */
static void wrong_back(gradus_node *n, gradus_part p, int size, int only_own)
{
    for (int i = p.row * N; i < (p.row + p.rows) * N; i++) {
        const gradus_real *yi = n->y + i / size * size;
        const gradus_real *dyi = n->dy + i / size * size;
        double sum = 0;
        for (int k = 0; k < size; k++)
            sum += only_own && k != i % size ? 0 : yi[k] * dyi[k];
        n->in[0]->dy[i] += n->y[i] * (n->dy[i] - sum);
    }
}

/* Uses only the diagonal of the Jacobian. */
static void diagonal(gradus_node *n, gradus_part p)
{
    wrong_back(n, p, C, 1);
}

/* Sums over the whole sample, which has several softmaxes. */
static void too_wide(gradus_node *n, gradus_part p)
{
    wrong_back(n, p, N, 0);
}

LOOP_TEST(planted_bugs_in_softmax_are_caught, 2)
{
    void (*const bug[])(gradus_node *, gradus_part) = { diagonal, too_wide };

    deep_graph();
    gradus_op wrong = *y->op;
    wrong.backward = bug[_i];
    probe_assert_caught(y, &wrong, B);
}

#endif
