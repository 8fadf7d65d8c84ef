/* test_dense.c -- the fully connected layer: worked by hand, parallel over
 * units, refused, and with planted bugs, each of which the gradient check must
 * catch. */
#include "one_graph.h"
#include "probe.h"
#include "tests.h"

#include <math.h>
#include <stdatomic.h>

static gradus_node *x;

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* ---- by hand --------------------------------------------------------- */

static const gradus_real X[] = { 1, 2, 3, 4 }; /* [2,2] */
static const double C[] = { 1, 2, 3, -1 };     /* dY [2,2] */

/* Runs forward and backward of Y = X W' + b. */
static gradus_node *two_by_two(void)
{
    /* W [2,2] and b [2] */
    static const gradus_real W_b[] = { 1, -1, 2, 0.5, 0.5, -1 };

    x = gradus_input(g, 2);
    gradus_node *y = gradus_dense(x, 2);
    gradus_want_gradient(x);
    probe(y, C);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    memcpy(gradus_parameters(g), W_b, sizeof W_b);
    ck_assert_int_eq(gradus_feed(x, X, 2), 0);
    ck_assert_int_eq(gradus_forward(g, NULL, 2), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    return y;
}

TEST(dense_values_match_a_case_worked_by_hand)
{
    gradus_node *y = two_by_two();

    assert_near(y->y, (double[]){ -0.5, 2, -0.5, 7 }, 4, 0);
    ck_assert_double_eq(gradus_loss(g), -0.5 + 4 - 1.5 - 7);
}

TEST(dense_gradients_match_a_case_worked_by_hand)
{
    two_by_two();
    assert_near(x->dy, (double[]){ 5, 0, 1, -3.5 }, 4, 0);
    assert_near(gradus_gradients(g), (double[]){ 10, 14, -1, 0, 4, 1 }, 6, 0);
}

TEST(the_parameters_of_dense_are_a_weight_and_a_bias_of_zero)
{
    gradus_node *y = gradus_dense(gradus_image(g, 2, 3, 4), 5);

    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_int_eq(y->n_params, 2);
    ck_assert_str_eq(y->param[0].name, "weight");
    ck_assert_int_eq(y->param[0].shape[0], 5);
    ck_assert_int_eq(y->param[0].shape[1], 24);
    ck_assert_str_eq(y->param[1].name, "bias");
    ck_assert_uint_eq(gradus_parameter_count(g), 5 * 24 + 5);
    for (int i = 0; i < 5; i++)
        ck_assert(y->param[1].w[i] == 0);
}

/* dX (B5), index by index, in two slices. */
TEST(the_gradient_of_x_equals_plain_sums)
{
    enum { IN = 50, OUT = 35, ROWS = 40 };
    static gradus_real v[ROWS * IN];
    static double c[ROWS * OUT], dX[ROWS * IN];

    x = gradus_input(g, IN);
    gradus_want_gradient(x);
    gradus_node *y = gradus_dense(x, OUT);
    probe(y, c);
    probe_fill(v, ROWS * IN, 1);
    probe_fill_double(c, ROWS * OUT, 2);
    ck_assert_int_eq(gradus_compile(g, ROWS, 2), 0);
    gradus_feed(x, v, ROWS);
    ck_assert_int_eq(gradus_forward(g, NULL, ROWS) || gradus_backward(g), 0);
    for (int b = 0; b < ROWS; b++)
        for (int o = 0; o < OUT; o++)
            for (int i = 0; i < IN; i++)
                dX[b * IN + i] += c[b * OUT + o] * y->param[0].w[o * IN + i];
    assert_near(x->dy, dX, ROWS * IN, 10 * rounding());
}

/* The plain sums are those of dW (B3) and db (B4), index by index.  35 units
 * of 2050 inputs are three tiles, and 150 rows are two pieces, of two slices
 * each; the tiles take them piece by piece.  A second backward then adds to
 * the gradients. */
TEST(gradients_of_several_tiles_and_slices_equal_plain_sums)
{
    enum { IN = 2050, OUT = 35, ROWS = 150 };
    static gradus_real v[ROWS * IN];
    static double c[ROWS * OUT], dW[OUT * IN], db[OUT];

    x = gradus_input(g, IN);
    gradus_node *y = gradus_dense(x, OUT);
    probe(y, c);
    probe_fill(v, ROWS * IN, 1);
    probe_fill_double(c, ROWS * OUT, 2);
    ck_assert_int_eq(gradus_compile(g, ROWS, 2), 0);
    gradus_feed(x, v, ROWS);
    ck_assert_int_eq(gradus_forward(g, NULL, ROWS) || gradus_backward(g), 0);
    for (int add = 0; add < 2; add++) {
        for (int b = 0; b < ROWS; b++)
            for (int o = 0; o < OUT; o++) {
                db[o] += c[b * OUT + o];
                for (int i = 0; i < IN; i++)
                    dW[o * IN + i] += c[b * OUT + o] * v[b * IN + i];
            }
        assert_near(y->param[0].dw, dW, OUT * IN, 100 * rounding());
        assert_near(y->param[1].dw, db, OUT, 100 * rounding());
        ck_assert_int_eq(gradus_backward_add(g), 0);
    }
}

/* ---- by units ------------------------------------------------------- */

enum { CASES = 5 };

/* The right op of dense, and how often its forward was called: in all, and for
 * all rows of the batch at once, as happens when it is parallel over units. */
static const gradus_op *right;
static atomic_int calls, calls_by_units;

static void count_calls(gradus_node *n, gradus_part p)
{
    atomic_fetch_add(&calls, 1);
    atomic_fetch_add(&calls_by_units, p.rows == p.batch->rows);
    right->forward(n, p);
}

/* The plain sums are those of Y (B2).  The layers have three tiles or more.
 * Their forward is parallel over units or over rows. */
LOOP_TEST(values_by_units_and_by_rows_equal_plain_sums, CASES)
{
    static const struct {
        int units, rows, wants_gradient, by_units;
    } cases[CASES] = {
        { 100, 50, 0, 1 }, { 100, 51, 0, 0 }, { 100, 50, 1, 0 },
        { 260, 128, 0, 1 }, { 260, 129, 0, 0 },
    };
    enum { IN = 600 };
    const int units = cases[_i].units, rows = cases[_i].rows;
    static gradus_real v[129 * IN];
    gradus_op op;

    x = gradus_input(g, IN);
    gradus_node *y = gradus_dense(x, units);
    right = probe_plant(y, &op);
    op.forward = count_calls;
    calls = calls_by_units = 0;
    if (cases[_i].wants_gradient)
        gradus_want_gradient(x);
    probe_fill(v, (size_t)rows * IN, 1);
    ck_assert_int_eq(gradus_compile(g, rows, 2), 0);
    probe_fill(gradus_parameters(g), gradus_parameter_count(g), 2);
    gradus_feed(x, v, (size_t)rows);
    ck_assert_int_eq(gradus_forward(g, NULL, rows), 0);
    ck_assert_int_eq(calls_by_units, cases[_i].by_units ? calls : 0);
    for (int i = 0; i < rows * units; i++) {
        const gradus_real *w = y->param[0].w + i % units * IN;
        double sum = y->param[1].w[i % units];
        for (int k = 0; k < IN; k++)
            sum += (double)w[k] * v[i / units * IN + k];
        assert_near(y->y + i, &sum, 1, 10 * rounding());
    }
}

/* ---- planted bugs ---------------------------------------------------- */

TEST(gradients_cannot_be_checked_without_a_loss_or_with_a_step_of_zero)
{
    x = gradus_input(g, 2);
    gradus_dense(x, 2);
    ck_assert(gradus_check_gradients(NULL, 1, 1e-6, NULL) < 0);
    ck_assert(gradus_check_gradients(g, 1, 1e-6, NULL) < 0);
    assert_error("the graph is not compiled; call gradus_compile first");
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_feed(x, X, 2);
    ck_assert(gradus_check_gradients(g, 2, 1e-6, NULL) < 0);
    assert_error("the graph has no loss");
    ck_assert(gradus_check_gradients(g, 2, 0, NULL) < 0);
    assert_error("gradus_check_gradients: h is 0");
}

#ifdef GRADUS_DOUBLE

enum { B = 17, N = 4 }; /* rows, which are two slices; inputs, and units */

/* Makes two layers side by side on one input, so that dX is a sum of two
 * terms.  Returns the first. */
static gradus_node *two_layers(void)
{
    static gradus_real v[B * N];
    static double c[2][B * N];

    probe_fill(v, B * N, 3);
    probe_fill_double(c[0], B * N, 4);
    probe_fill_double(c[1], B * N, 5);
    x = gradus_input(g, N);
    gradus_want_gradient(x);
    gradus_node *y = gradus_dense(x, N);
    probe(y, c[0]);
    probe(gradus_dense(x, N), c[1]);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    gradus_feed(x, v, B);
    return y;
}

static gradus_node *layer;
static const gradus_op *right;
static gradus_op wrong;

/* Makes two layers.  The test then plants a bug in `wrong`, a copy of the op
 * of the first one. */
static void begin_planting(void)
{
    layer = two_layers();
    right = layer->op;
    wrong = *right;
}

/* dX += dY W' instead of dX += dY W */
static void transposed(gradus_node *n, gradus_part p)
{
    gradus_gemm(GRADUS_GEMM_N, GRADUS_GEMM_T, p.rows, N, N,
                gradus_row(n->dy, p, N), N, n->param[0].w, N, 1,
                gradus_row(n->in[0]->dy, p, N), N);
}

TEST(a_transposed_weight_in_backward_is_caught)
{
    begin_planting();
    wrong.backward = transposed;
    probe_assert_caught(layer, &wrong, B);
}

/* dX = dY W instead of dX += dY W.  The backward of the first layer comes
 * second, and so overwrites what the other one has added. */
static void overwriting(gradus_node *n, gradus_part p)
{
    gradus_gemm(GRADUS_GEMM_N, GRADUS_GEMM_N, p.rows, N, N,
                gradus_row(n->dy, p, N), N, n->param[0].w, N, 0,
                gradus_row(n->in[0]->dy, p, N), N);
}

TEST(a_gradient_that_overwrites_instead_of_adding_is_caught)
{
    begin_planting();
    wrong.backward = overwriting;
    probe_assert_caught(layer, &wrong, B);
}

/* Only the very first number that is compared is wrong. */
static void beginning_with_nan(gradus_node *n, gradus_part p)
{
    right->backward(n, p);
    if (p.row == 0)
        n->in[0]->dy[0] = NAN;
}

TEST(a_gradient_that_is_nan_is_caught)
{
    begin_planting();
    wrong.backward = beginning_with_nan;
    probe_assert_caught(layer, &wrong, B);
    ck_assert_str_eq(probe_worst(), "input.y[0]");
}

static void without_bias(gradus_node *n, gradus_part p)
{
    right->gradient(n, p);
    memset(n->param[1].dw + p.unit, 0, (size_t)p.units * sizeof(gradus_real));
}

TEST(a_missing_bias_gradient_is_caught)
{
    begin_planting();
    wrong.gradient = without_bias;
    probe_assert_caught(layer, &wrong, B);
}

static void without_the_last_row(gradus_node *n, gradus_part p)
{
    p.rows--;
    right->gradient(n, p);
}

TEST(a_row_left_out_of_the_weight_gradient_is_caught)
{
    begin_planting();
    wrong.gradient = without_the_last_row;
    probe_assert_caught(layer, &wrong, B);
}

static void always_the_first_rows(gradus_node *n, gradus_part p)
{
    p.row = 0;
    right->gradient(n, p);
}

static void never_adding(gradus_node *n, gradus_part p)
{
    p.add = 0;
    right->gradient(n, p);
}

LOOP_TEST(a_gradient_that_mistakes_parts_of_a_batch_is_caught, 2)
{
    begin_planting();
    wrong.gradient = _i ? never_adding : always_the_first_rows;
    probe_assert_caught(layer, &wrong, B);
}

/* One number of 16 is too large by a thousandth. */
static void slightly_off(gradus_node *n, gradus_part p)
{
    right->gradient(n, p);
    n->param[0].dw[7] *= 1.001;
}

TEST(one_number_off_by_a_thousandth_is_caught)
{
    begin_planting();
    wrong.gradient = slightly_off;
    probe_assert_caught(layer, &wrong, B);
    ck_assert_str_eq(probe_worst(), "dense1.weight[7]");
}

#endif

/* ---- rejected -------------------------------------------------------- */

TEST(zero_units_are_rejected)
{
    assert_refused(gradus_dense(gradus_input(g, 2), 0),
                   "node 1, dense1: units is 0; must be at least 1");
}

TEST(negative_units_are_rejected)
{
    assert_refused(gradus_dense(gradus_input(g, 2), -3),
                   "node 1, dense1: units is -3; must be at least 1");
}

TEST(a_weight_of_more_than_two_to_the_31_numbers_is_rejected)
{
    assert_refused(gradus_dense(gradus_input(g, 65536), 32768),
                   "node 1, dense1: weight is [32768,");
}

TEST(labels_cannot_be_an_operand_of_dense)
{
    gradus_dense(gradus_labels(g, 1), 2);
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("node 1, dense1: operand labels holds labels; "
                 "only losses take labels");
}

TEST(a_loss_cannot_be_an_operand_of_dense)
{
    gradus_node *t = gradus_labels(g, 1);
    gradus_node *loss = gradus_softmax_ce(gradus_input(g, 3), t, NULL);

    assert_refused(gradus_dense(loss, 2),
                   "is a loss; a loss cannot be an operand of dense");
}

TEST(null_is_passed_on_and_the_first_message_is_kept)
{
    assert_refused(gradus_dense(gradus_dense(gradus_input(g, 0), 3), 2),
                   "node 0, input: the shape is [0]");
}

TEST(a_compiled_graph_refuses_another_layer)
{
    x = gradus_input(g, 2);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_ptr_null(gradus_dense(x, 2));
    assert_error(
        "dense: gradus_compile was called; add nodes before it");
}
