/* test_activations.c -- activation functions: known values, huge inputs,
 * refused settings, and planted bugs. */
#include "one_graph.h"
#include "probe.h"
#include "reload.h"
#include "tests.h"

#include <float.h>
#include <math.h>

static gradus_node *leaky(gradus_node *x)
{
    return gradus_leaky_relu(x, 0.25);
}

enum { LEAKY, SIGMOID, TANH, GELU, SILU, FUNCTIONS, AT = 9 };

static const double points[AT] = { -30, -5, -1, -0.5, 0, 0.5, 1, 5, 30 };

/* y and dy/dx at these points, to 17 digits, computed in arbitrary
 * precision. */
static const struct {
    gradus_node *(*make)(gradus_node *x);
    double y[AT], slope[AT];
} functions[FUNCTIONS] = {
    { leaky,
      { -7.5, -1.25, -0.25, -0.125, 0, 0.5, 1, 5, 30 },
      { 0.25, 0.25, 0.25, 0.25, 0.25, 1, 1, 1, 1 } },
    { gradus_sigmoid,
      { 9.357622968839299e-14, 0.0066928509242848556, 0.26894142136999512,
        0.37754066879814544, 0.5, 0.62245933120185456, 0.73105857863000488,
        0.99330714907571514, 0.99999999999990642 },
      { 9.3576229688384233e-14, 0.0066480566707901549, 0.19661193324148185,
        0.23500371220159449, 0.25, 0.23500371220159449, 0.19661193324148185,
        0.0066480566707901549, 9.3576229688384233e-14 } },
    { gradus_tanh,
      { -1, -0.99990920426259513, -0.76159415595576489, -0.46211715726000976,
        0, 0.46211715726000976, 0.76159415595576489, 0.99990920426259513, 1 },
      { 3.5026043050786069e-26, 0.00018158323094380668, 0.41997434161402607,
        0.78644773296592741, 1, 0.78644773296592741, 0.41997434161402607,
        0.00018158323094380668, 3.5026043050786069e-26 } },
    { gradus_gelu,
      { -1.4720141781444561e-196, -1.4332578593959696e-6,
        -0.15865525393145705, -0.15426876936299345, 0, 0.34573123063700655,
        0.84134474606854295, 4.9999985667421406, 30 },
      { -4.4160316907084944e-195, -7.1469460017922946e-6,
        -0.083315470587686298, 0.13250487534383716, 0.5, 0.86749512465616284,
        1.0833154705876863, 1.0000071469460018, 1 } },
    { gradus_silu,
      { -2.8072868906517897e-12, -0.033464254621424278, -0.26894142136999512,
        -0.18877033439907272, 0, 0.31122966560092728, 0.73105857863000488,
        4.9665357453785757, 29.999999999997193 },
      { -2.713710660963134e-12, -0.026547432429665919, 0.072329488128513268,
        0.26003881269734819, 0.5, 0.73996118730265181, 0.92767051187148673,
        1.0265474324296659, 1.0000000000027137 } },
};

static gradus_node *x, *y;
static double c[AT];

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* Runs forward and backward of one row of nine numbers, with a dy of 2
 * everywhere.  The row is an image [1,3,3], as a function takes any shape. */
static void run(gradus_node *(*function)(gradus_node *),
                const gradus_real *fed)
{
    for (int i = 0; i < AT; i++)
        c[i] = 2;
    x = gradus_image(g, 1, 3, 3);
    gradus_want_gradient(x);
    y = function(x);
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_feed(x, fed, 1);
    ck_assert_msg(gradus_forward(g, NULL, 1) == 0, "%s", gradus_error());
    ck_assert_int_eq(gradus_backward(g), 0);
}

LOOP_TEST(activations_have_known_values_and_slopes, FUNCTIONS)
{
    gradus_real fed[AT];

    for (int i = 0; i < AT; i++)
        fed[i] = (gradus_real)points[i];
    run(functions[_i].make, fed);
    assert_near(y->y, functions[_i].y, AT, rounding());
    for (int i = 0; i < AT; i++)
        x->dy[i] /= 2;
    assert_near(x->dy, functions[_i].slope, AT, rounding());
}

/* At -5, y is nearly 0, but its relative error must be small too.  A gelu that
 * computed 1 + erf(x) would fail, since the sum loses most of the digits. */
LOOP_TEST(small_values_of_activations_are_accurate, FUNCTIONS)
{
    gradus_real fed[AT] = { -5 };

    run(functions[_i].make, fed);
    ck_assert_double_le(fabs(y->y[0] / functions[_i].y[1] - 1),
                        8 * rounding());
    if (_i != TANH) /* 1 - y^2 with y near -1 cannot be that accurate */
        ck_assert_double_le(fabs(x->dy[0] / 2 / functions[_i].slope[1] - 1),
                            8 * rounding());
}

LOOP_TEST(activations_reach_their_limits_at_huge_inputs, FUNCTIONS)
{
    static const struct {
        double below, above; /* limits of y / x or, where y is bounded, of y */
    } limit[FUNCTIONS] = { { 0.25, 1 }, { 0, 1 }, { -1, 1 }, { 0, 1 },
                           { 0, 1 } };
    /* The loss, a double, is a sum of such values and must not overflow. */
    const gradus_real far = sizeof far == sizeof(float)
                                ? FLT_MAX
                                : (gradus_real)(DBL_MAX / 8);
    const gradus_real fed[AT] = { -far, -1e30f, -1e4f, -200, 200, 1e4f, 1e30f,
                                  far, far / 2 };
    int bounded = _i == SIGMOID || _i == TANH;

    run(functions[_i].make, fed);
    for (int i = 0; i < AT; i++) {
        double l = fed[i] < 0 ? limit[_i].below : limit[_i].above;
        double v = bounded ? y->y[i] : y->y[i] / fed[i];
        ck_assert_msg(fabs(v - l) <= rounding(),
                      "at %g, %s is %g; must be %g", (double)fed[i],
                      bounded ? "y" : "y / x", v, l);
        v = x->dy[i] / 2;
        l = bounded ? 0 : l;
        ck_assert_msg(fabs(v - l) <= rounding(),
                      "at %g, the slope is %g; must be %g", (double)fed[i], v,
                      l);
    }
}

LOOP_TEST(activations_keep_the_shape_of_x, FUNCTIONS)
{
    x = gradus_image(g, 2, 3, 4);
    y = functions[_i].make(x);
    ck_assert_int_eq(y->rank, 3);
    ck_assert_mem_eq(y->shape, x->shape, sizeof y->shape);
    ck_assert_int_eq(y->n_params, 0);
}

/* ---- slopes of leaky_relu -------------------------------------------- */

static gradus_node *steep(gradus_node *in)
{
    return gradus_leaky_relu(in, -2);
}

static gradus_node *flat(gradus_node *in)
{
    return gradus_leaky_relu(in, 0);
}

/* With a negative slope, the sign of x cannot be told from y. */
TEST(leaky_relu_with_a_negative_slope_is_positive_on_both_sides)
{
    run(steep, (const gradus_real[AT]){ -1, 2 });
    assert_near(y->y, (double[]){ 2, 2 }, 2, 0);
    assert_near(x->dy, (double[]){ -4, 2, -4 }, 3, 0);
}

TEST(leaky_relu_with_a_slope_of_zero_is_relu)
{
    run(flat, (const gradus_real[AT]){ -1, 2 });
    assert_near(y->y, (double[]){ 0, 2, 0 }, 3, 0);
    assert_near(x->dy, (double[]){ 0, 2, 0 }, 3, 0);
}

LOOP_TEST(a_slope_of_leaky_relu_that_is_not_finite_is_refused, 3)
{
    static const struct {
        double slope;
        const char *message;
    } cases[] = { { NAN, "slope is nan" }, { INFINITY, "slope is inf" },
                  { -INFINITY, "slope is -inf; must be finite" } };

    ck_assert_ptr_null(gradus_leaky_relu(gradus_input(g, 2),
                                         cases[_i].slope));
    assert_error("node 1, leaky_relu1: slope");
    assert_error(cases[_i].message);
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error(cases[_i].message);
}

#ifndef GRADUS_DOUBLE
TEST(a_slope_of_leaky_relu_too_large_for_a_float_is_refused)
{
    ck_assert_ptr_null(gradus_leaky_relu(gradus_input(g, 2), 1e39));
    assert_error("slope is 1e+39; must be finite");
}
#endif

/* ---- refused --------------------------------------------------------- */

LOOP_TEST(activations_of_null_or_labels_are_refused, FUNCTIONS)
{
    ck_assert_ptr_null(functions[_i].make(NULL));
    ck_assert_str_ne(gradus_error(), "");
    one_graph_end(); /* that graph cannot be compiled any more */
    one_graph_begin();
    functions[_i].make(gradus_labels(g, 1));
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("operand labels holds labels");
}

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

enum { B = 17, N = 5 };

/* x -> f -> dense -> f, and beside it x -> f, so that dx is a sum of two
 * terms.  y is the first f. */
static void deep_graph(gradus_node *(*f)(gradus_node *))
{
    static gradus_real v[B * N];
    static double weights[2][B * N];

    probe_fill(v, B * N, 1);
    probe_fill_double(weights[0], B * N, 2);
    probe_fill_double(weights[1], B * N, 3);
    for (int i = 0; i < B * N; i++)
        v[i] *= 4;
    x = gradus_input(g, N);
    gradus_want_gradient(x);
    y = f(x);
    probe(f(gradus_dense(y, N)), weights[0]);
    probe(f(x), weights[1]);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    gradus_feed(x, v, B);
}

LOOP_TEST(the_slope_of_another_activation_is_caught, FUNCTIONS * FUNCTIONS)
{
    int one = _i / FUNCTIONS, other = _i % FUNCTIONS;

    if (one == other)
        return;
    deep_graph(functions[one].make);
    gradus_graph *h = gradus_graph_new(1);
    gradus_op wrong = *y->op;
    wrong.backward = functions[other].make(gradus_input(h, 1))->op->backward;
    probe_assert_caught(y, &wrong, B);
    gradus_graph_free(h);
}

#endif

/* ---- model files ----------------------------------------------------- */

LOOP_TEST(a_model_file_with_no_slope_or_two_is_refused, 2)
{
    static const char *const cases[][3] = {
        { "slope\\\":[0.25]", "slape\\\":[0.25]", "slope is nan" },
        { "slope\\\":[0.25]", "slope\\\":[0,25]", "not what its op makes" },
    };

    leaky(gradus_input(g, 2));
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    refuse_reload(g, cases[_i][0], cases[_i][1], cases[_i][2]);
}
