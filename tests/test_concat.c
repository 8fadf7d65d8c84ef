/* test_concat.c -- nodes joined along their first axis: worked by hand,
 * refused, and with planted bugs. */
#include "one_graph.h"
#include "probe.h"
#include "reload.h"
#include "tests.h"

#include <limits.h>

static gradus_node *y;

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

static gradus_node *concat(gradus_node *a, gradus_node *b)
{
    return gradus_concat(2, (gradus_node *[]){ a, b });
}

/* Runs forward and backward of `rows` rows, with dy = c. */
static void run(int rows, const double *c)
{
    probe(y, c);
    ck_assert_msg(gradus_compile(g, rows, 1) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_forward(g, NULL, rows) == 0, "%s", gradus_error());
    ck_assert_int_eq(gradus_backward(g), 0);
}

/* ---- by hand --------------------------------------------------------- */

/* Joins two rows of 1, 2 and 3 features; the middle operand wants no
 * gradient. */
TEST(joined_features_match_a_case_worked_by_hand)
{
    gradus_node *a = gradus_input(g, 1), *b = gradus_input(g, 2);
    gradus_node *d = gradus_input(g, 3);

    gradus_want_gradient(a);
    gradus_want_gradient(d);
    y = gradus_concat(3, (gradus_node *[]){ a, b, d });
    gradus_feed(a, (gradus_real[]){ 1, 2 }, 2);
    gradus_feed(b, (gradus_real[]){ 3, 4, 5, 6 }, 2);
    gradus_feed(d, (gradus_real[]){ 7, 8, 9, -7, -8, -9 }, 2);
    run(2, (double[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 });
    assert_near(y->y, (double[]){ 1, 3, 4, 7, 8, 9, 2, 5, 6, -7, -8, -9 }, 12,
                0);
    assert_near(a->dy, (double[]){ 1, 7 }, 2, 0);
    ck_assert_ptr_null(b->dy);
    assert_near(d->dy, (double[]){ 4, 5, 6, 10, 11, 12 }, 6, 0);
}

/* Joins images of two channels and of one, all of 1 x 2 pixels. */
TEST(joined_channels_match_a_case_worked_by_hand)
{
    gradus_node *a = gradus_image(g, 1, 1, 2), *b = gradus_image(g, 2, 1, 2);

    gradus_want_gradient(a);
    gradus_want_gradient(b);
    y = concat(b, a);
    ck_assert_int_eq(y->rank, 3);
    ck_assert_mem_eq(y->shape, ((int[]){ 3, 1, 2 }), sizeof y->shape);
    gradus_feed(a, (gradus_real[]){ 5, 6, 15, 16 }, 2);
    gradus_feed(b, (gradus_real[]){ 1, 2, 3, 4, 11, 12, 13, 14 }, 2);
    run(2, (double[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 });
    assert_near(y->y,
                (double[]){ 1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16 }, 12, 0);
    assert_near(b->dy, (double[]){ 1, 2, 3, 4, 7, 8, 9, 10 }, 8, 0);
    assert_near(a->dy, (double[]){ 5, 6, 11, 12 }, 4, 0);
}

TEST(a_node_can_be_joined_to_itself)
{
    gradus_node *a = gradus_input(g, 2);

    gradus_want_gradient(a);
    y = concat(a, a);
    gradus_feed(a, (gradus_real[]){ 1, 2 }, 1);
    run(1, (double[]){ 1, 2, 30, 40 });
    assert_near(y->y, (double[]){ 1, 2, 1, 2 }, 4, 0);
    assert_near(a->dy, (double[]){ 31, 42 }, 2, 0);
}

LOOP_TEST(one_operand_or_eight_can_be_joined, 2)
{
    gradus_node *a[GRADUS_MAX_OPERANDS];
    gradus_real v[GRADUS_MAX_OPERANDS][4];
    /* dy of the two rows that are fed */
    const double c[2 * 2 * GRADUS_MAX_OPERANDS] = { 0 };
    int count = _i ? GRADUS_MAX_OPERANDS : 1;

    for (int i = 0; i < count; i++) {
        a[i] = gradus_input(g, 2);
        v[i][2] = (gradus_real)i; /* row 1 is i, -5 */
        v[i][3] = -5;
        gradus_feed(a[i], v[i], 2);
    }
    y = gradus_concat(count, a);
    ck_assert_int_eq(y->size, 2 * count);
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_int_eq(gradus_forward(g, (int[]){ 1 }, 1), 0);
    for (int i = 0; i < count; i++)
        assert_near(y->y + 2 * i, (double[]){ i, -5 }, 2, 0);
}

/* ---- refused --------------------------------------------------------- */

TEST(joining_operands_of_different_rank_is_refused)
{
    gradus_node *a = gradus_image(g, 2, 3, 4);

    assert_refused(concat(a, gradus_input(g, 24)),
                   "node 2, concat1: input2 is [B,24] and input [B,2,3,4]; "
                   "must be equal but for the first number after B");
}

LOOP_TEST(joining_images_of_different_height_or_width_is_refused, 2)
{
    static const char *const why[] = {
        "node 2, concat1: input2 is [B,2,4,4] and input [B,2,3,4]; must be "
        "equal but for the first number after B",
        "node 2, concat1: input2 is [B,2,3,5] and input [B,2,3,4]; must be "
        "equal but for the first number after B",
    };

    gradus_node *a = gradus_image(g, 2, 3, 4);

    assert_refused(concat(a, gradus_image(g, 2, _i ? 3 : 4, _i ? 5 : 4)),
                   why[_i]);
}

TEST(joining_no_operands_is_refused)
{
    gradus_node *a = gradus_input(g, 1);

    ck_assert_ptr_null(gradus_concat(0, &a));
    assert_error("concat: got 0 operands; must be 1 to 8");
    ck_assert_ptr_null(gradus_concat(-1, &a));
    assert_error("concat: got -1 operands; must be 1 to 8");
    ck_assert_ptr_null(gradus_concat(1, NULL));
    assert_error("concat: got 0 operands");
}

TEST(joining_nine_operands_is_refused)
{
    gradus_node *a = gradus_input(g, 1);

    assert_refused(
        gradus_concat(9, (gradus_node *[]){ a, a, a, a, a, a, a, a, a }),
        "concat: got 9 operands; must be 1 to 8");
}

TEST(joining_a_null_operand_is_refused)
{
    assert_refused(concat(gradus_input(g, 1), NULL),
                   "concat: operand 2 of 2 is NULL");
}

TEST(an_axis_longer_than_INT_MAX_is_refused)
{
    gradus_node *a = gradus_input(g, INT_MAX);

    assert_refused(concat(a, gradus_input(g, 1)),
                   "node 2, concat1: axis 0 would be longer than 2147483647");
}

TEST(a_row_of_more_than_INT_MAX_values_is_refused)
{
    gradus_node *a = gradus_image(g, 1 << 20, 32, 32);

    assert_refused(concat(a, a),
                   "node 1, concat1: the shape is [2097152,");
}

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

enum { B = 17, N = 6 };

/* y = [tanh(d); d; x], where d = dense(x), and beside it silu(d) and silu(x),
 * so that dd and dx are sums of several terms. */
static void graph(void)
{
    static gradus_real v[B * N];
    static double weights[3][3 * B * N];
    gradus_node *x = gradus_input(g, N), *d = gradus_dense(x, 4);

    probe_fill(v, B * N, 1);
    for (int i = 0; i < 3; i++)
        probe_fill_double(weights[i], 3 * B * N, 2 + (uint64_t)i);
    gradus_want_gradient(x);
    y = gradus_concat(3, (gradus_node *[]){ gradus_tanh(d), d, x });
    probe(y, weights[0]);
    probe(gradus_silu(d), weights[1]);
    probe(gradus_silu(x), weights[2]);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    gradus_feed(x, v, B);
}

/* Adds to the dx of operand j the columns of dy from number `at` on. */
static void part(gradus_node *n, gradus_part p, int j, int at)
{
    gradus_node *x = n->in[j];

    for (int i = p.row; i < p.row + p.rows; i++)
        for (int k = 0; k < x->size; k++)
            x->dy[i * x->size + k] += n->dy[i * n->size + at + k];
}

static void swapped(gradus_node *n, gradus_part p)
{
    part(n, p, 0, 4);
    part(n, p, 1, 0);
    part(n, p, 2, 8);
}

static void all_from_the_first(gradus_node *n, gradus_part p)
{
    for (int j = 0; j < 3; j++)
        part(n, p, j, 0);
}

static void last_left_out(gradus_node *n, gradus_part p)
{
    part(n, p, 0, 0);
    part(n, p, 1, 4);
}

LOOP_TEST(planted_bugs_in_concat_are_caught, 3)
{
    void (*const bug[])(gradus_node *, gradus_part) = {
        swapped, all_from_the_first, last_left_out
    };

    graph();
    gradus_op wrong = *y->op;
    wrong.backward = bug[_i];
    probe_assert_caught(y, &wrong, B);
}

#endif

/* ---- model files ----------------------------------------------------- */

LOOP_TEST(a_model_file_with_wrong_operands_of_concat_is_refused, 2)
{
    static const char *const cases[][3] = {
        { "concat1\\\",\\\"in\\\":[0,1]", "concat1\\\",\\\"in\\\":[   ]",
          "concat does not take these 0 operands" },
        { "shape\\\":[2,3,4]", "shape\\\":[2,3,5]",
          "input2 is [B,1,3,4] and input [B,2,3,5]" },
    };

    gradus_node *a = gradus_image(g, 2, 3, 4);
    concat(a, gradus_image(g, 1, 3, 4));
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    refuse_reload(g, cases[_i][0], cases[_i][1], cases[_i][2]);
}
