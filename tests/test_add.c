/* test_add.c -- the sum of two nodes: worked by hand, refused, and with
 * planted bugs. */
#include "one_graph.h"
#include "probe.h"
#include "reload.h"
#include "tests.h"

static gradus_node *a, *b, *y;

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

static const double C[] = { 3, 5, 7, 11 }; /* dy [2,2] */

/* Feeds two rows of a, and of b if there is one, and runs forward and backward
 * of `rows` rows. */
static void run(int rows)
{
    const gradus_real u[] = { 1, 2, 3, 4 }, v[] = { 10, 20, 30, 40 };

    probe(y, C);
    ck_assert_int_eq(gradus_compile(g, rows, 1), 0);
    gradus_feed(a, u, 2);
    if (b)
        gradus_feed(b, v, 2);
    ck_assert_msg(gradus_forward(g, NULL, rows) == 0, "%s", gradus_error());
    ck_assert_int_eq(gradus_backward(g), 0);
}

TEST(a_sum_of_two_by_two_matches_a_case_worked_by_hand)
{
    a = gradus_input(g, 2);
    b = gradus_input(g, 2);
    gradus_want_gradient(a);
    gradus_want_gradient(b);
    y = gradus_add(a, b);
    run(2);
    assert_near(y->y, (double[]){ 11, 22, 33, 44 }, 4, 0);
    assert_near(a->dy, C, 4, 0);
    assert_near(b->dy, C, 4, 0);
}

/* An input that wants no gradient has no dy: then only the other operand gets
 * its gradient. */
LOOP_TEST(an_operand_of_add_may_want_no_gradient, 2)
{
    a = gradus_input(g, 2);
    b = gradus_input(g, 2);
    gradus_want_gradient(_i ? a : b);
    y = gradus_add(a, b);
    run(2);
    ck_assert_ptr_null((_i ? b : a)->dy);
    assert_near((_i ? a : b)->dy, C, 4, 0);
}

TEST(a_node_added_to_itself_is_doubled)
{
    a = gradus_input(g, 2);
    b = NULL;
    gradus_want_gradient(a);
    y = gradus_add(a, a);
    run(2);
    assert_near(y->y, (double[]){ 2, 4, 6, 8 }, 4, 0);
    assert_near(a->dy, (double[]){ 6, 10, 14, 22 }, 4, 0);
}

TEST(a_sum_has_the_shape_of_its_operands)
{
    a = gradus_image(g, 2, 3, 4);
    y = gradus_add(a, gradus_relu(a));
    ck_assert_int_eq(y->rank, 3);
    ck_assert_mem_eq(y->shape, a->shape, sizeof y->shape);
}

/* ---- refused --------------------------------------------------------- */

TEST(adding_operands_of_different_rank_is_refused)
{
    a = gradus_image(g, 2, 3, 4);
    assert_refused(gradus_add(a, gradus_dense(a, 24)),
                   "node 2, add1: input is [B,2,3,4] and dense1 [B,24]; must "
                   "be equal");
}

TEST(adding_operands_of_different_shape_is_refused)
{
    a = gradus_image(g, 2, 3, 4);
    assert_refused(gradus_add(a, gradus_image(g, 2, 4, 3)),
                   "node 2, add1: input is [B,2,3,4] and input2 [B,2,4,3]; "
                   "must be equal");
}

LOOP_TEST(adding_a_null_operand_is_refused, 2)
{
    a = gradus_input(g, 2);
    assert_refused(_i ? gradus_add(a, NULL) : gradus_add(NULL, a),
                   _i ? "add: operand 2 of 2 is NULL"
                      : "add: operand 1 of 2 is NULL");
    ck_assert_ptr_null(gradus_add(NULL, NULL));
}

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

enum { B = 17, N = 4 };

/* y = b + tanh(dense(b)), where b = dense(a), and then y + dense(y): gradients
 * are summed at b and at y. */
static void residual_graph(void)
{
    static gradus_real v[B * N];
    static double weights[B * N];

    probe_fill(v, B * N, 1);
    probe_fill_double(weights, B * N, 2);
    a = gradus_input(g, N);
    gradus_want_gradient(a);
    b = gradus_dense(a, N);
    y = gradus_add(b, gradus_tanh(gradus_dense(b, N)));
    probe(gradus_add(gradus_dense(y, N), y), weights);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    gradus_feed(a, v, B);
}

/* dx += dy */
static void add_to(gradus_node *x, const gradus_node *n, gradus_part p)
{
    for (int i = p.row * N; i < (p.row + p.rows) * N; i++)
        x->dy[i] += n->dy[i];
}

static void only_the_first(gradus_node *n, gradus_part p)
{
    add_to(n->in[0], n, p);
}

static void only_the_second(gradus_node *n, gradus_part p)
{
    add_to(n->in[1], n, p);
}

static void twice_the_first(gradus_node *n, gradus_part p)
{
    add_to(n->in[0], n, p);
    add_to(n->in[0], n, p);
}

LOOP_TEST(planted_bugs_in_add_are_caught, 3)
{
    void (*const bug[])(gradus_node *, gradus_part) = {
        only_the_first, only_the_second, twice_the_first
    };

    residual_graph();
    gradus_op wrong = *y->op;
    wrong.backward = bug[_i];
    probe_assert_caught(y, &wrong, B);
}

#endif

LOOP_TEST(a_model_file_with_wrong_operands_of_add_is_refused, 4)
{
    static const char *const cases[][3] = {
        { "add1\\\",\\\"in\\\":[0,1]", "add1\\\",\\\"in\\\":[0  ]",
          "add: operand 2 of 2 is NULL" },
        { "add1\\\",\\\"in\\\":[0,1]", "add1\\\",\\\"in\\\":[   ]",
          "add does not take these 0 operands" },
        { "add1\\\",\\\"in\\\":[0,1]", "add1\\\",\\\"in\\\":[0,2]",
          "operand 1 is" },
        { "units\\\":[2]", "units\\\":[3]",
          "input is [B,2] and dense1 [B,3]" },
    };

    a = gradus_input(g, 2);
    gradus_add(a, gradus_dense(a, 2));
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    refuse_reload(g, cases[_i][0], cases[_i][1], cases[_i][2]);
}
