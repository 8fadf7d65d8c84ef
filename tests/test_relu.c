/* test_relu.c -- the rectifier: worked by hand, refused, and with planted
 * bugs. */
#include "probe.h"
#include "tests.h"

static gradus_graph *g;
static gradus_node *x, *y;

/* Makes y = relu(x) for two rows.  They are images [1,1,2], as relu takes any
 * shape. */
static void begin(void)
{
    static const double c[] = { 3, 5, 7, 11 }; /* dy */

    g = gradus_graph_new(1);
    x = gradus_image(g, 1, 1, 2);
    gradus_want_gradient(x);
    y = gradus_relu(x);
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
}

static void end(void)
{
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

/* dx is dy where x is above 0, else 0 (B6). */
TEST(relu_matches_a_case_worked_by_hand)
{
    gradus_feed(x, (gradus_real[]){ -1, 2, 0.5, -3 }, 2);
    ck_assert_int_eq(gradus_forward(g, NULL, 2), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    assert_near(y->y, (double[]){ 0, 2, 0.5, 0 }, 4, 0);
    assert_near(x->dy, (double[]){ 0, 5, 7, 0 }, 4, 0);
    ck_assert_double_eq(gradus_loss(g), 2 * 5 + 0.5 * 7);
}

TEST(the_gradient_of_relu_at_zero_is_zero)
{
    gradus_feed(x, (gradus_real[]){ 0, -0., 1, 1 }, 2);
    ck_assert_int_eq(gradus_forward(g, NULL, 2), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    assert_near(x->dy, (double[]){ 0, 0, 7, 11 }, 4, 0);
}

TEST(relu_keeps_the_shape_of_x)
{
    ck_assert_int_eq(y->rank, 3);
    ck_assert_mem_eq(y->shape, x->shape, sizeof y->shape);
    ck_assert_int_eq(y->n_params, 0);
}

TEST(relu_passes_null_on)
{
    gradus_graph *other = gradus_graph_new(1);

    ck_assert_ptr_null(gradus_relu(gradus_dense(gradus_input(other, 2), 0)));
    ck_assert_int_ne(gradus_compile(other, 1, 1), 0);
    assert_error("node 1, dense1: units is 0");
    gradus_graph_free(other);
}

TEST(relu_of_null_is_an_error)
{
    ck_assert_ptr_null(gradus_relu(NULL));
    ck_assert_str_ne(gradus_error(), "");
}

TEST(labels_cannot_be_an_operand_of_relu)
{
    gradus_graph *other = gradus_graph_new(1);

    gradus_relu(gradus_labels(other, 1));
    ck_assert_int_ne(gradus_compile(other, 1, 1), 0);
    assert_error("node 1, relu1: operand labels holds labels");
    gradus_graph_free(other);
}

#ifdef GRADUS_DOUBLE

enum { B = 17, N = 5 };

/* x -> relu -> dense -> relu, and beside it x -> relu, so that dx is a sum of
 * two terms. */
static gradus_graph *deep_graph(gradus_node **relu)
{
    static gradus_real v[B * N];
    static double c[2][B * N];
    gradus_graph *deep = gradus_graph_new(2);
    gradus_node *in = gradus_input(deep, N);

    probe_fill(v, B * N, 1);
    probe_fill_double(c[0], B * N, 2);
    probe_fill_double(c[1], B * N, 3);
    gradus_want_gradient(in);
    *relu = gradus_relu(in);
    probe(gradus_relu(gradus_dense(*relu, N)), c[0]);
    probe(gradus_relu(in), c[1]);
    ck_assert_int_eq(gradus_compile(deep, B, 1), 0);
    gradus_feed(in, v, B);
    return deep;
}

/* dx += dy [x < 0] instead of dx += dy [x > 0] */
static void wrong_side(gradus_node *n, gradus_part p)
{
    for (int i = p.row * N; i < (p.row + p.rows) * N; i++)
        n->in[0]->dy[i] += n->in[0]->y[i] < 0 ? n->dy[i] : 0;
}

/* dx += dy, whatever x is */
static void no_mask(gradus_node *n, gradus_part p)
{
    for (int i = p.row * N; i < (p.row + p.rows) * N; i++)
        n->in[0]->dy[i] += n->dy[i];
}

LOOP_TEST(a_backward_of_relu_with_a_wrong_mask_is_caught, 2)
{
    void (*const bug[])(gradus_node *, gradus_part) = { wrong_side, no_mask };
    gradus_node *relu;
    gradus_graph *deep = deep_graph(&relu);
    gradus_op wrong = *relu->op;

    wrong.backward = bug[_i];
    probe_assert_caught(relu, &wrong, B);
    gradus_graph_free(deep);
}

#endif
