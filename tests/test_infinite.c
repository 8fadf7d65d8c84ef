/* test_infinite.c -- infinite numbers are errors, even where a layer would
 * make a finite number of them; only the -inf of a mask is not, nor what has
 * no part in the result. */
#include "tests.h"

#include <float.h>
#include <math.h>

#ifdef GRADUS_DOUBLE
#define REAL_MAX DBL_MAX
#else
#define REAL_MAX FLT_MAX
#endif

enum { SIZE = 16, ROWS = 20 };

static gradus_graph *g;
static gradus_node *x, *t;
static gradus_real values[ROWS * SIZE], targets[ROWS * SIZE];

static void begin(void)
{
    g = gradus_graph_new(1);
    x = gradus_image(g, 1, 4, 4);
    for (int i = 0; i < ROWS * SIZE; i++)
        values[i] = (gradus_real)(i % 7 - 3) / 4;
}

static void end(void)
{
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

/* ---- layers that hide what is infinite ---------------------------------- */

static gradus_node *max2(gradus_node *h)
{
    return gradus_maxpool2d(h, 2, NULL);
}

static gradus_node *max3(gradus_node *h)
{
    return gradus_maxpool2d(h, 3, NULL);
}

static gradus_node *relu_max(gradus_node *h)
{
    return max2(gradus_relu(h));
}

static gradus_node *conv_relu_max(gradus_node *h)
{
    return relu_max(gradus_conv2d(h, 2, 3, &(gradus_conv2d_options){
                                                .padding = 1 }));
}

static gradus_node *sum_sigmoid(gradus_node *h)
{
    return gradus_sigmoid(gradus_add(h, h));
}

static gradus_node *shaped_relu(gradus_node *h)
{
    return gradus_relu(gradus_reshape(h, 2, (int[]){ 2, 8 }));
}

static gradus_node *both_tanh(gradus_node *h)
{
    return gradus_tanh(gradus_concat(2, (gradus_node *[]){ h, h }));
}

static gradus_node *dense_sigmoid(gradus_node *h)
{
    return gradus_sigmoid(gradus_dense(h, 3));
}

static gradus_node *softmax_and_relu(gradus_node *h)
{
    return gradus_concat(2, (gradus_node *[]){ gradus_softmax(h),
                                               gradus_relu(h) });
}

static gradus_node *(*const layers[])(gradus_node *h) = {
    gradus_relu, gradus_sigmoid, gradus_tanh, gradus_gelu, gradus_silu, max2,
    max3, relu_max, conv_relu_max, sum_sigmoid, shaped_relu, both_tanh,
    dense_sigmoid, softmax_and_relu,
};

static const double infinite[] = { INFINITY, -INFINITY, NAN };
static const char *const words[] = { "inf", "-inf", "nan" };

/* Asserts that the error names value 5 of row 3, and says what it is. */
static void assert_names(const char *place, int which)
{
    char why[80];

    snprintf(why, sizeof why, "%s is %s;", place, words[which]);
    assert_error(why);
}

/* Adds a loss of 3 values to h, and compiles and feeds the graph. */
static void finish(gradus_node *h, int normalised)
{
    if (normalised)
        gradus_normalise(x, (double[]){ 0.5 }, (double[]){ 2 });
    t = gradus_input(g, 3);
    gradus_mse(gradus_dense(h, 3), t, NULL);
    ck_assert_msg(gradus_compile(g, ROWS, 2) == 0, "%s", gradus_error());
    gradus_feed(x, values, ROWS);
    gradus_feed(t, targets, ROWS);
}

LOOP_TEST(what_is_infinite_in_x_is_named_in_training, COUNT(layers) * 6)
{
    const int which = _i / 2 % 3, rows[] = { 0, 1, 2, 17 };

    finish(layers[_i / 6](x), _i % 2);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    uint64_t before = gradus_parameters_hash(g);
    ck_assert_msg(gradus_forward(g, rows, 4) == 0, "%s", gradus_error());
    values[17 * SIZE + 5] = (gradus_real)infinite[which];
    ck_assert_int_ne(gradus_train_step(o, rows, 4), 0);
    assert_names("node 0, input: row 3 (sample 17): value 5", which);
    ck_assert_uint_eq(gradus_parameters_hash(g), before);
    gradus_metrics m = { 0 };
    ck_assert_int_ne(gradus_evaluate(g, NULL, NULL, &m), 0);
    assert_names("node 0, input: row 17 (sample 17): value 5", which);
    gradus_optimiser_free(o);
}

LOOP_TEST(what_is_infinite_in_x_is_named_in_inference, COUNT(layers) * 6)
{
    const int which = _i / 2 % 3;

    finish(layers[_i / 6](x), _i % 2);
    gradus_workspace *w = gradus_workspace_new(g, ROWS);
    ck_assert_msg(gradus_infer(w, values, ROWS) != NULL, "%s", gradus_error());
    values[3 * SIZE + 5] = (gradus_real)infinite[which];
    ck_assert_ptr_null(gradus_infer(w, values, ROWS));
    assert_names("gradus_infer: row 3: value 5 of x", which);
    ck_assert_ptr_null(gradus_infer(w, values + 3 * SIZE, 1));
    assert_names("gradus_infer: row 0: value 5 of x", which);
    gradus_workspace_free(w);
}

/* ---- an overflow between layers ----------------------------------------- */

static gradus_node *(*const limits[])(gradus_node *h) = {
    gradus_sigmoid, gradus_tanh, gradus_relu, gradus_silu, gradus_gelu,
};

/* All weights of the dense layer are 1 or -1, so its values overflow. */
LOOP_TEST(an_overflow_before_a_bounded_layer_is_an_error, COUNT(limits) * 2)
{
    const double sign = _i % 2 ? -1 : 1;
    gradus_node *h = gradus_dense(x, 2);

    gradus_initialise(h, GRADUS_INIT_CONSTANT, sign);
    finish(limits[_i / 2](h), 0);
    for (int k = 0; k < SIZE; k++)
        values[3 * SIZE + k] = REAL_MAX;
    gradus_workspace *w = gradus_workspace_new(g, ROWS);
    ck_assert_ptr_null(gradus_infer(w, values, ROWS));
    assert_error("gradus_infer: row 3: value 0 of mse1 is ");
    assert_error(", and x is finite: check the parameters");
    ck_assert_int_ne(gradus_forward(g, NULL, ROWS), 0);
    assert_error(sign < 0 ? "dense1: row 3 (sample 3): value 0 is -inf;"
                          : "dense1: row 3 (sample 3): value 0 is inf;");
    gradus_workspace_free(w);
}

TEST(infinite_logits_of_sigmoid_ce_are_an_error_of_inference)
{
    gradus_sigmoid_ce(x, gradus_image(g, 1, 4, 4), NULL);
    ck_assert_int_eq(gradus_compile(g, ROWS, 1), 0);
    gradus_workspace *w = gradus_workspace_new(g, ROWS);
    for (int i = 0; i < 3; i++) {
        values[7] = (gradus_real)infinite[i];
        ck_assert_ptr_null(gradus_infer(w, values, 1));
        assert_names("row 0: value 7 of x", i);
    }
    gradus_workspace_free(w);
}

#ifndef GRADUS_DOUBLE

/* All weights are 1/16, and so y is 4.5 x away from the edge.  By Winograd's
 * method, sums on the way are larger; x beyond what the header says is either
 * right or an error. */
LOOP_TEST(a_large_x_of_a_convolution_is_right_or_an_error, 2)
{
    enum { CHANNELS = 8, SIDE = 12, ALL = CHANNELS * SIDE * SIDE };
    const gradus_real value = _i ? 1e37f : 1e36f;
    static gradus_real image[ALL];

    gradus_node *h = gradus_conv2d(gradus_image(g, CHANNELS, SIDE, SIDE),
                                   CHANNELS, 3, NULL);
    gradus_initialise(h, GRADUS_INIT_CONSTANT, 1. / 16);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    for (int i = 0; i < ALL; i++)
        image[i] = value;
    gradus_workspace *w = gradus_workspace_new(g, 1);
    const gradus_real *y = gradus_infer(w, image, 1);
    if (y)
        ck_assert_float_eq_tol(y[0] / value, 4.5f, 1e-3f);
    else
        assert_error("and x is finite: check the parameters");
    ck_assert(y || _i == 1);
    gradus_workspace_free(w);
}

#endif

/* ---- masks --------------------------------------------------------------- */

static gradus_node *softmax_of(gradus_node *h)
{
    return gradus_softmax(gradus_reshape(h, 1, (int[]){ SIZE }));
}

static gradus_node *softmax_of_sum(gradus_node *h)
{
    h = gradus_reshape(h, 1, (int[]){ SIZE });
    return gradus_softmax(gradus_add(h, h));
}

static gradus_node *softmax_of_all(gradus_node *h)
{
    h = gradus_reshape(h, 1, (int[]){ SIZE });
    return gradus_softmax(gradus_concat(2, (gradus_node *[]){ h, h }));
}

static gradus_node *loss_of(gradus_node *h)
{
    h = gradus_reshape(h, 1, (int[]){ SIZE });
    return gradus_softmax_ce(h, gradus_labels(g, 1), NULL);
}

static gradus_node *(*const masked[])(gradus_node *h) = {
    softmax_of, softmax_of_sum, softmax_of_all, loss_of,
};

LOOP_TEST(minus_infinity_in_front_of_a_softmax_is_a_mask, COUNT(masked))
{
    static const int32_t labels[ROWS] = { 0 };
    gradus_node *y = masked[_i](x);

    ck_assert_msg(gradus_compile(g, ROWS, 1) == 0, "%s", gradus_error());
    gradus_workspace *w = gradus_workspace_new(g, ROWS);
    values[3 * SIZE + 5] = -INFINITY;
    const gradus_real *p = gradus_infer(w, values, ROWS);
    ck_assert_msg(p != NULL, "%s", gradus_error());
    ck_assert(p[3 * gradus_node_size(y) + 5] == 0);
    gradus_feed(x, values, ROWS);
    if (gradus_find_node(g, "labels"))
        gradus_feed_labels(gradus_find_node(g, "labels"), labels, ROWS);
    ck_assert_msg(gradus_forward(g, NULL, ROWS) == 0, "%s", gradus_error());
    ck_assert(gradus_value(y)[3 * gradus_node_size(y) + 5] == 0);
    values[3 * SIZE + 5] = INFINITY;
    ck_assert_ptr_null(gradus_infer(w, values, ROWS));
    assert_names("row 3: value 5 of x", 0);
    gradus_workspace_free(w);
}

/* ---- what has no part in the result ------------------------------------- */

/* The convolution has a -inf at the top left, in a window with finite
 * values. */
LOOP_TEST(minus_infinity_that_a_maximum_leaves_out_is_no_error, 2)
{
    gradus_node *h = gradus_conv2d(x, 1, 2, NULL);

    gradus_initialise(h, GRADUS_INIT_CONSTANT, 4);
    h = gradus_maxpool2d(_i ? gradus_relu(h) : h, 2, NULL);
    if (!_i)
        gradus_relu(h);
    ck_assert_int_eq(gradus_compile(g, ROWS, 1), 0);
    gradus_workspace *w = gradus_workspace_new(g, ROWS);
    values[0] = -REAL_MAX;
    ck_assert_msg(gradus_infer(w, values, 1) != NULL, "%s", gradus_error());
    gradus_workspace_free(w);
}

/* The window of 3 x 3 reads neither the last line nor the last column. */
LOOP_TEST(what_no_window_reads_is_not_looked_at, 3)
{
    gradus_node *h = _i == 0 ? max3(x) : _i == 1
        ? gradus_avgpool2d(x, 3, NULL)
        : gradus_conv2d(x, 1, 3, &(gradus_conv2d_options){ .stride = 2 });

    finish(h, 0);
    gradus_workspace *w = gradus_workspace_new(g, ROWS);
    values[SIZE - 1] = NAN;
    ck_assert_msg(gradus_infer(w, values, 1) != NULL, "%s", gradus_error());
    ck_assert_msg(gradus_forward(g, NULL, ROWS) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_backward(g) == 0, "%s", gradus_error());
    gradus_workspace_free(w);
}

/* Its users take masks, but the output itself must be finite. */
TEST(minus_infinity_is_no_output)
{
    gradus_add(x, x);
    ck_assert_int_eq(gradus_compile(g, ROWS, 1), 0);
    gradus_workspace *w = gradus_workspace_new(g, ROWS);
    values[1] = -INFINITY;
    ck_assert_ptr_null(gradus_infer(w, values, 1));
    assert_names("row 0: value 1 of x", 1);
    gradus_workspace_free(w);
}

/* Numbers that are finite pass as they are, to the last bit. */
TEST(finite_numbers_are_gathered_unchanged)
{
    const gradus_real v[SIZE] = { 0, -0.0f, REAL_MAX, -REAL_MAX, 1e-30f,
                                  -1e-30f, 1, -1, 0.1f, 3e38f };

    gradus_relu(x);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_feed(x, v, 1);
    ck_assert_int_eq(gradus_forward(g, NULL, 1), 0);
    ck_assert_mem_eq(gradus_value(x), v, sizeof v);
    for (int i = 0; i < SIZE; i++) /* a ReLU gives no -0 */
        ck_assert(!signbit(gradus_value(gradus_node_at(g, 1))[i]) ||
                  v[i] == 0);
}
