/* test_reshape.c -- the same numbers in another shape: worked by hand,
 * refused, and with a planted bug. */
#include "one_graph.h"
#include "probe.h"
#include "reload.h"
#include "tests.h"

static gradus_node *x, *y;

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

TEST(reshaped_numbers_and_gradients_keep_their_order)
{
    const gradus_real v[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    const double c[] = { 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1 };
    const double same[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

    x = gradus_input(g, 6);
    gradus_want_gradient(x);
    y = gradus_reshape(x, 2, (int[]){ 2, 3 });
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_feed(x, v, 2);
    ck_assert_int_eq(gradus_forward(g, NULL, 2), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    assert_near(y->y, same, 12, 0);
    assert_near(x->dy, c, 12, 0);
}

static const struct {
    int rank, shape[3], wanted[3];
} inferred[] = {
    { 1, { -1 }, { 24 } },          { 1, { 24 }, { 24 } },
    { 2, { -1, 6 }, { 4, 6 } },     { 2, { 24, -1 }, { 24, 1 } },
    { 3, { 2, -1, 4 }, { 2, 3, 4 } }, { 3, { 4, 3, -1 }, { 4, 3, 2 } },
    { 3, { -1, 1, 1 }, { 24, 1, 1 } }, { 3, { 1, 8, 3 }, { 1, 8, 3 } },
};

LOOP_TEST(an_axis_of_minus_one_is_inferred, COUNT(inferred))
{
    y = gradus_reshape(gradus_image(g, 2, 3, 4), inferred[_i].rank,
                       inferred[_i].shape);
    ck_assert_msg(y != NULL, "%s", gradus_error());
    ck_assert_int_eq(y->rank, inferred[_i].rank);
    ck_assert_mem_eq(y->shape, inferred[_i].wanted, sizeof y->shape);
}

TEST(flatten_makes_one_axis)
{
    y = gradus_flatten(gradus_image(g, 2, 3, 4));
    ck_assert_int_eq(y->rank, 1);
    ck_assert_int_eq(y->shape[0], 24);
    ck_assert_int_eq(y->size, 24);
    ck_assert_str_eq(y->op->name, "reshape");
}

/* ---- refused --------------------------------------------------------- */

static const struct {
    int rank, shape[4];
    const char *why;
} refused[] = {
    { 0, { 12 }, "node 1, reshape1: the shape has rank 0; must be 1 to 3" },
    { 4, { 1, 1, 1, 12 }, "the shape has rank 4; must be 1 to 3" },
    { -1, { 12 }, "the shape has rank -1; must be 1 to 3" },
    { 2, { 3, 5 }, "the shape has 15 values, but input has 12" },
    { 1, { 11 }, "the shape has 11 values, but input has 12" },
    { 2, { 0, 12 }, "axis 0 is 0; must be at least 1, or -1" },
    { 2, { 12, -2 }, "axis 1 is -2; must be at least 1, or -1" },
    { 2, { -3, -4 }, "axis 0 is -3" },
    { 2, { -1, -1 }, "axis 1 is a second -1; only one axis can be inferred" },
    { 3, { -1, 3, -1 }, "axis 2 is a second -1" },
    { 2, { -1, 5 }, "axis 0 is -1, but the others do not divide the 12 "
                    "values of input" },
    { 2, { 24, -1 }, "axis 1 is -1, but the others do not divide" },
    { 3, { 4, -1, 4 }, "axis 1 is -1, but the others do not divide" },
    { 3, { 65536, 65536, 65536 }, "the shape is [65536,65536,65536]" },
};

LOOP_TEST(shapes_that_do_not_fit_the_values_are_refused, COUNT(refused))
{
    x = gradus_input(g, 12);
    ck_assert_ptr_null(
        gradus_reshape(x, refused[_i].rank, refused[_i].shape));
    assert_error("node 1, reshape1: ");
    assert_error(refused[_i].why);
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error(refused[_i].why);
}

TEST(reshaping_null_or_labels_is_refused)
{
    ck_assert_ptr_null(gradus_flatten(NULL));
    ck_assert_ptr_null(gradus_reshape(NULL, 1, (int[]){ 2 }));
    ck_assert_str_ne(gradus_error(), "");
    one_graph_end(); /* that graph cannot be compiled any more */
    one_graph_begin();
    gradus_flatten(gradus_labels(g, 2));
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("node 1, reshape1: operand labels holds labels");
}

TEST(a_null_shape_is_refused)
{
    ck_assert_ptr_null(gradus_reshape(gradus_input(g, 2), 1, NULL));
    assert_error("node 1, reshape1: the shape is NULL");
}

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

enum { B = 17, N = 6 };

/* softmax over two shapes of d = dense(x), so that dd is a sum of two
 * terms. */
static void two_shapes(void)
{
    static gradus_real v[B * N];
    static double weights[2][B * N];

    probe_fill(v, B * N, 1);
    probe_fill_double(weights[0], B * N, 2);
    probe_fill_double(weights[1], B * N, 3);
    x = gradus_input(g, N);
    gradus_want_gradient(x);
    gradus_node *d = gradus_dense(x, N);
    y = gradus_reshape(d, 2, (int[]){ 3, 2 });
    probe(gradus_softmax(y), weights[0]);
    probe(gradus_softmax(gradus_reshape(d, 3, (int[]){ 2, 1, 3 })),
          weights[1]);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    gradus_feed(x, v, B);
}

static void backwards(gradus_node *n, gradus_part p)
{
    for (int i = p.row; i < p.row + p.rows; i++)
        for (int k = 0; k < N; k++)
            n->in[0]->dy[i * N + k] += n->dy[i * N + N - 1 - k];
}

TEST(a_reversed_gradient_of_reshape_is_caught)
{
    two_shapes();
    gradus_op wrong = *y->op;
    wrong.backward = backwards;
    probe_assert_caught(y, &wrong, B);
}

#endif

/* ---- model files ----------------------------------------------------- */

/* Each wrong shape is as long as the one in the file, [10,2,1]. */
LOOP_TEST(a_model_file_with_a_wrong_shape_is_refused, 5)
{
    static const char *const cases[][2] = {
        { "[10,2,2]", "the shape has 40 values, but input has 20" },
        { "[10,2.5]", "setting shape is not what its op makes of it" },
        { "[10,  0]", "axis 1 is 0" },
        { "[-1,  2]", "axis 0 is 0" },
        { "[9e9, 1]", "axis 0 is 0" },
    };
    char wrong[64];

    gradus_reshape(gradus_input(g, 20), 3, (int[]){ 10, 2, 1 });
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    snprintf(wrong, sizeof wrong, "shape\\\":%s", cases[_i][0]);
    refuse_reload(g, "shape\\\":[10,2,1]", wrong, cases[_i][1]);
}
