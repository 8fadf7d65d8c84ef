/* test_conv2d_fused.c -- a convolution that also computes the ReLU and the
 * 2 x 2 maxima behind it: what it computes must be what separate nodes would,
 * and other nodes must stay separate.  test_conv_ways.c tests the kernels that
 * do this. */
#include "one_graph.h"
#include "probe.h"
#include "signatures.h"
#include "tests.h"

enum { B = 3, MOST = 4096 }; /* rows; the most numbers in an array */

/* A node behind the convolution: one of the two that can be fused into it. */
typedef enum { NOTHING, RELU, MAX } behind;

static const struct {
    int channels, height, width, out, kernel;
    gradus_conv2d_options o;
    behind first, second;
} cases[] = {
    { 1, 6, 6, 2, 3, { 0 }, RELU, NOTHING },
    { 1, 6, 6, 2, 3, { 0 }, MAX, NOTHING },
    { 1, 6, 6, 2, 3, { 0 }, RELU, MAX },
    { 1, 6, 6, 2, 3, { 0 }, MAX, RELU },
    { 2, 5, 7, 3, 3, { .padding = 1 }, RELU, MAX },  /* odd height, width */
    { 2, 5, 7, 3, 3, { .padding = 1 }, MAX, RELU },
    { 4, 6, 5, 6, 3, { .groups = 2, .padding = 2 }, RELU, MAX },
    { 3, 6, 6, 3, 3, { .groups = 3, .no_bias = 1 }, RELU, NOTHING },
    { 3, 7, 8, 11, 2, { .no_bias = 1 }, MAX, NOTHING },
    { 1, 45, 27, 1, 3, { 0 }, RELU, MAX },
    { 2, 18, 35, 1, 7, { .padding = 3 }, RELU, MAX }, /* two strips */
    { 3, 9, 40, 5, 4, { .padding = 1 }, MAX, RELU },
    { 1, 4, 30, 2, 5, { .padding = 2 }, RELU, MAX },
    { 2, 5, 5, 9, 5, { .padding = 2 }, RELU, NOTHING },
    { 8, 8, 8, 9, 3, { .padding = 1 }, RELU, NOTHING },
    { 2, 8, 7, 3, 3, { .stride = 2 }, RELU, NOTHING },
    { 2, 8, 7, 9, 3, { .stride = 2 }, RELU, NOTHING },
    { 2, 5, 5, 3, 1, { .no_bias = 1 }, RELU, NOTHING },
};
enum { CASES = sizeof cases / sizeof *cases };

static gradus_node *x, *y, *last;
static gradus_real input[MOST];
static double c[MOST];

static gradus_node *put_behind(gradus_node *n, behind what)
{
    return what == RELU ? gradus_relu(n)
           : what == MAX ? gradus_maxpool2d(n, 2, NULL) : n;
}

/* Builds case i, with random numbers.  If `alone` is not NULL, the convolution
 * gets an op of its own there, which fuses nothing. */
static void build(int i, gradus_op *alone)
{
    x = gradus_image(g, cases[i].channels, cases[i].height, cases[i].width);
    gradus_want_gradient(x);
    y = gradus_conv2d(x, cases[i].out, cases[i].kernel, &cases[i].o);
    last = put_behind(put_behind(y, cases[i].first), cases[i].second);
    if (alone) {
        probe_plant(y, alone);
        alone->fuse = NULL;
    }
    probe_fill(input, MOST, 1);
    probe_fill_double(c, MOST, 2);
    probe(last, c);
    ck_assert_int_le(B * x->size, MOST);
    ck_assert_int_le(B * last->size, MOST);
    ck_assert_msg(gradus_compile(g, B, 1) == 0, "%s", gradus_error());
    for (int j = 0; j < y->n_params; j++)
        probe_fill(y->param[j].w, y->param[j].size, 3 + (uint64_t)j);
    gradus_feed(x, input, B);
}

static void as_double(const gradus_real *from, double *to, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = from[i];
}

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

LOOP_TEST(a_fused_convolution_computes_what_separate_nodes_would, CASES)
{
    static double value[MOST], dx[MOST], gradient[MOST];
    gradus_op alone;

    build(_i, &alone);
    ck_assert_int_eq(gradus_forward(g, NULL, B) || gradus_backward(g), 0);
    ck_assert_ptr_nonnull(y->y);
    as_double(last->y, value, B * last->size);
    as_double(x->dy, dx, B * x->size);
    as_double(gradus_gradients(g), gradient, (int)gradus_parameter_count(g));
    gradus_graph_free(g);

    g = gradus_graph_new(1);
    build(_i, NULL);
    ck_assert_ptr_eq(y->result, last);
    ck_assert_int_eq(gradus_forward(g, NULL, B) || gradus_backward(g), 0);
    assert_near(last->y, value, (size_t)(B * last->size), 10 * rounding());
    assert_near(x->dy, dx, (size_t)(B * x->size), 30 * rounding());
    assert_near(gradus_gradients(g), gradient, gradus_parameter_count(g),
                30 * rounding());
}

/* ---- what becomes of the nodes --------------------------------------- */

TEST(only_the_last_of_fused_nodes_has_a_value)
{
    gradus_node *t = gradus_labels(g, 1);
    y = gradus_conv2d(gradus_image(g, 1, 6, 6), 2, 3, NULL);
    gradus_node *relu = gradus_relu(y);
    last = gradus_maxpool2d(relu, 2, NULL);
    gradus_softmax_ce(gradus_dense(last, 3), t, NULL);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    ck_assert_ptr_eq(y->result, last);
    ck_assert_ptr_eq(relu->result, last);
    ck_assert_ptr_eq(last->result, last);
    ck_assert_ptr_null(y->y);
    ck_assert_ptr_null(y->dy);
    ck_assert_ptr_null(relu->y);
    ck_assert_ptr_null(relu->dy);
    ck_assert_ptr_nonnull(last->y);
    ck_assert_ptr_nonnull(last->dy);
}

static void assert_fuses_nothing(gradus_node *n, gradus_node *behind_it)
{
    probe(behind_it, c);
    ck_assert_msg(gradus_compile(g, B, 1) == 0, "%s", gradus_error());
    ck_assert_ptr_eq(n->result, n);
    ck_assert_ptr_nonnull(n->y);
}

LOOP_TEST(nodes_that_cannot_be_fused_stay_separate, 7)
{
    const gradus_conv2d_options strided = { .stride = 2 };

    x = gradus_image(g, 1, 8, 8);
    switch (_i) {
    case 0: /* the convolution has two users */
        y = gradus_conv2d(x, 2, 3, NULL);
        assert_fuses_nothing(y, gradus_add(y, gradus_relu(y)));
        break;
    case 1: /* maxima of a convolution with a stride of 2 */
        y = gradus_conv2d(x, 2, 3, &strided);
        assert_fuses_nothing(y, maxpool(y, 2, 2, 0));
        break;
    case 2: /* maxima of a convolution with a kernel of 1 */
        y = gradus_conv2d(x, 2, 1, NULL);
        assert_fuses_nothing(y, maxpool(y, 2, 2, 0));
        break;
    case 3: /* maxima of 3 x 3 */
        y = gradus_conv2d(x, 2, 3, NULL);
        assert_fuses_nothing(y, maxpool(y, 3, 2, 0));
        break;
    case 4: /* maxima that overlap */
        y = gradus_conv2d(x, 2, 3, NULL);
        assert_fuses_nothing(y, maxpool(y, 2, 1, 0));
        break;
    case 5: /* maxima with padding */
        y = gradus_conv2d(x, 2, 3, NULL);
        assert_fuses_nothing(y, maxpool(y, 2, 2, 1));
        break;
    default: /* tanh */
        y = gradus_conv2d(x, 2, 3, NULL);
        assert_fuses_nothing(y, gradus_tanh(y));
    }
}

TEST(only_the_first_of_two_maxima_is_fused)
{
    y = gradus_conv2d(gradus_image(g, 1, 10, 10), 2, 3, NULL);
    gradus_node *first = gradus_maxpool2d(y, 2, NULL);
    last = gradus_maxpool2d(first, 2, NULL);
    probe(last, c);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    ck_assert_ptr_eq(y->result, first);
    ck_assert_ptr_eq(last->result, last);
}

/* Its backward pass with maxima would need 80 numbers for each kernel. */
TEST(maxima_of_very_many_channels_are_not_fused)
{
    const gradus_real pixels[9] = { 1, 2, 3, 4 }, target = 1;
    gradus_node *t = gradus_input(g, 1);

    x = gradus_image(g, 1, 3, 3);
    y = gradus_conv2d(x, 1 << 19, 2, NULL);
    gradus_node *relu = gradus_relu(y);
    last = gradus_maxpool2d(relu, 2, NULL);
    gradus_mse(gradus_dense(last, 1), t, NULL);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_ptr_eq(y->result, relu);
    ck_assert_ptr_eq(last->result, last);
    gradus_feed(x, pixels, 1);
    gradus_feed(t, &target, 1);
    ck_assert_int_eq(gradus_forward(g, NULL, 1), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
}
