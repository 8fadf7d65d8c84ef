/* test_conv2d.c -- convolution: worked by hand, compared with conv_plain.c,
 * refused, and with planted bugs. */
#define _POSIX_C_SOURCE 200809L /* fmemopen */
#include "kernels/conv.h"
#include "one_graph.h"
#include "probe.h"
#include "tests.h"

#include <limits.h>
#include <stdio.h>

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* One row [1,3,3], one 2 x 2 kernel of 1 2 3 4, a bias of 10, and a dy of
 * 1 10 100 1000. */
TEST(a_convolution_of_three_by_three_matches_a_case_worked_by_hand)
{
    static const double c[] = { 1, 10, 100, 1000 };
    gradus_node *x = gradus_image(g, 1, 3, 3);
    gradus_want_gradient(x);
    gradus_node *y = gradus_conv2d(x, 1, 2, NULL);
    probe(y, c);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    memcpy(y->param[0].w, (gradus_real[]){ 1, 2, 3, 4 },
           4 * sizeof(gradus_real));
    y->param[1].w[0] = 10;
    gradus_feed(x, (gradus_real[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, 1);
    ck_assert_int_eq(gradus_forward(g, NULL, 1), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    assert_near(y->y, (double[]){ 47, 57, 77, 87 }, 4, 0);
    assert_near(y->param[0].dw, (double[]){ 5421, 6532, 8754, 9865 }, 4,
                rounding());
    assert_near(y->param[1].dw, (double[]){ 1111 }, 1, 0);
    assert_near(x->dy, (double[]){ 1, 12, 20, 103, 1234, 2040, 300, 3400,
                                   4000 }, 9, 0);
}

/* ---- compared with conv_plain.c ---------------------------------------- */

enum { B = 3, MOST = 4096 }; /* rows; the most numbers in an array */

static const struct {
    int channels, height, width, out, kernel;
    gradus_conv2d_options o;
} cases[] = {
    { 1, 5, 4, 2, 3, { 0 } },
    { 2, 5, 6, 4, 3, { .padding = 1 } },
    { 2, 7, 5, 3, 3, { .stride = 2, .padding = 1 } },
    { 3, 4, 4, 2, 1, { 0 } },
    { 2, 4, 5, 2, 1, { .stride = 2 } },
    { 4, 5, 5, 6, 3, { .groups = 2, .padding = 2 } },
    { 3, 6, 6, 3, 3, { .groups = 3, .padding = 1 } },
    { 2, 8, 8, 4, 5, { .stride = 3, .padding = 4, .no_bias = 1 } },
    { 1, 2, 2, 3, 2, { 0 } },
    { 1, 1, 1, 2, 3, { .padding = 1 } },
    { 1, 3, 3, 2, 3, { .stride = INT_MAX, .padding = 2 } },
    { 4, 3, 3, 4, 1, { .groups = 2 } },
    { 2, 3, 35, 2, 3, { .padding = 1 } },
    { 1, 45, 25, 1, 3, { 0 } },
    { 2, 6, 6, 11, 3, { .padding = 1 } },
    { 11, 5, 6, 2, 3, { .padding = 1 } },
};
enum { CASES = sizeof cases / sizeof *cases };

static gradus_node *x, *y;
static gradus_real input[MOST];
static double c[MOST];

/* Builds case i, with random numbers.  From CASES on the cases repeat, with a
 * dy of which only every tenth number is not 0. */
static void build(int i)
{
    int sparse = i >= CASES;

    i %= CASES;
    x = gradus_image(g, cases[i].channels, cases[i].height, cases[i].width);
    gradus_want_gradient(x);
    y = gradus_conv2d(x, cases[i].out, cases[i].kernel, &cases[i].o);
    probe_fill(input, MOST, 1);
    probe_fill_double(c, MOST, 2);
    for (int j = 0; sparse && j < MOST; j++)
        c[j] *= j % 10 == 0;
    probe(y, c);
    ck_assert_msg(gradus_compile(g, B, 1) == 0, "%s", gradus_error());
    for (int j = 0; j < y->n_params; j++)
        probe_fill(y->param[j].w, y->param[j].size, 3 + (uint64_t)j);
    gradus_feed(x, input, B);
}

/* What conv_plain.c computes for the same case. */
static gradus_real plain_y[MOST], plain_dx[MOST], plain_dW[MOST], plain_db[16];

static gradus_conv conv_of(int i)
{
    const int groups = cases[i].o.groups ? cases[i].o.groups : 1;

    return (gradus_conv){
        .in = x->shape[0] / groups, .height = x->shape[1],
        .width = x->shape[2], .out = y->shape[0] / groups,
        .out_height = y->shape[1], .out_width = y->shape[2],
        .kernel = cases[i].kernel,
        .stride = cases[i].o.stride ? cases[i].o.stride : 1,
        .padding = cases[i].o.padding, .groups = groups,
        .W = y->param[0].w, .b = y->n_params > 1 ? y->param[1].w : NULL };
}

/* Convolves each group of channels of each row by conv_plain.c, forward and
 * backward. */
static void convolve_plainly(int i)
{
    const gradus_conv v = conv_of(i);
    static gradus_real dy[MOST];

    for (int k = 0; k < MOST; k++)
        dy[k] = (gradus_real)c[k];
    memset(plain_dx, 0, sizeof plain_dx);
    memset(plain_dW, 0, sizeof plain_dW);
    memset(plain_db, 0, sizeof plain_db);
    for (int k = 0; k < B * v.groups; k++) {
        const int group = k % v.groups;
        const int x_at = k * (x->size / v.groups);
        const int y_at = k * (y->size / v.groups);
        const gradus_conv_sample s = {
            .group = group, .x = x->y + x_at, .z = plain_y + y_at,
            .dz = dy + y_at, .dx = plain_dx + x_at,
            .dW = plain_dW + (size_t)group * gradus_conv_weights(&v),
            .db = plain_db + group * v.out };
        gradus_conv_plain.forward(&v, &s, NULL);
        gradus_conv_plain.backward(&v, &s, NULL);
    }
}

static void assert_same(const gradus_real *v, const gradus_real *plain,
                        size_t n, double tolerance)
{
    static double expected[MOST];

    for (size_t i = 0; i < n; i++)
        expected[i] = plain[i];
    assert_near(v, expected, n, tolerance);
}

LOOP_TEST(every_setting_of_conv2d_gives_what_conv_plain_gives, 2 * CASES)
{
    build(_i);
    ck_assert_int_eq(gradus_forward(g, NULL, B) || gradus_backward(g), 0);
    ck_assert_int_le(B * y->size, MOST);
    ck_assert_int_le(B * x->size, MOST);
    ck_assert_uint_le(y->param[0].size, MOST);
    convolve_plainly(_i % CASES);
    assert_same(y->y, plain_y, (size_t)(B * y->size), 10 * rounding());
    assert_same(x->dy, plain_dx, (size_t)(B * x->size), 30 * rounding());
    assert_same(y->param[0].dw, plain_dW, y->param[0].size, 30 * rounding());
    if (y->n_params > 1)
        assert_same(y->param[1].dw, plain_db, y->param[1].size,
                    30 * rounding());
}

/* ---- slices in two ways ----------------------------------------------- */

enum { WIDE_X = 128 * 16, WIDE_Y = 256 * 16, WIDE_W = 128 * 256 * 9,
       ROWS = 17 };

/* A convolution from 128 to 256 channels of 4 x 4, of rows that are all the
 * same, with the same dy. */
static void run_wide(int rows, int threads)
{
    static gradus_real v[ROWS * WIDE_X];
    static double dy[ROWS * WIDE_Y];

    probe_fill(v, WIDE_X, 1);
    probe_fill_double(dy, WIDE_Y, 2);
    for (size_t r = 1; r < ROWS; r++) {
        memcpy(v + r * WIDE_X, v, WIDE_X * sizeof *v);
        memcpy(dy + r * WIDE_Y, dy, WIDE_Y * sizeof *dy);
    }
    one_graph_end();
    one_graph_begin();
    x = gradus_image(g, 128, 4, 4);
    gradus_want_gradient(x);
    y = gradus_conv2d(x, 256, 3,
                      &(gradus_conv2d_options){ .padding = 1, .no_bias = 1 });
    probe(y, dy);
    ck_assert_msg(!gradus_compile(g, rows, threads), "%s", gradus_error());
    gradus_feed(x, v, (size_t)rows);
    ck_assert_int_eq(gradus_forward(g, NULL, rows) || gradus_backward(g), 0);
}

/* 16 rows are one slice, and the last row is another, which is too few for
 * Winograd's way. */
TEST(the_number_of_rows_may_decide_on_the_way)
{
    static double one_y[WIDE_Y], one_dx[WIDE_X], all_dW[WIDE_W];
    static gradus_real dW[WIDE_W];

    run_wide(1, 1);
    for (int i = 0; i < WIDE_Y; i++)
        one_y[i] = y->y[i];
    for (int i = 0; i < WIDE_X; i++)
        one_dx[i] = x->dy[i];
    for (int i = 0; i < WIDE_W; i++)
        all_dW[i] = ROWS * (double)y->param[0].dw[i];
    for (int threads = 1; threads <= 3; threads++) {
        run_wide(ROWS, threads);
        for (size_t r = 0; r < ROWS; r++) {
            assert_near(y->y + r * WIDE_Y, one_y, WIDE_Y, 100 * rounding());
            assert_near(x->dy + r * WIDE_X, one_dx, WIDE_X, 300 * rounding());
        }
        assert_near(y->param[0].dw, all_dW, WIDE_W, 300 * rounding());
        ck_assert_mem_eq(y->y + (ROWS - 2) * WIDE_Y, y->y,
                         WIDE_Y * sizeof *dW);
        ck_assert_mem_ne(y->y + (ROWS - 1) * WIDE_Y, y->y,
                         WIDE_Y * sizeof *dW);
        if (threads == 1)
            memcpy(dW, y->param[0].dw, sizeof dW);
        ck_assert_mem_eq(y->param[0].dw, dW, sizeof dW);
    }
}

/* ---- planted bugs ------------------------------------------------------ */

#ifdef GRADUS_DOUBLE

static const gradus_op *right;

static void one_weight_off(gradus_node *n, gradus_part p)
{
    right->backward(n, p);
    gradus_share(n, 0, p)[3] *= 1.001;
}

static void without_bias(gradus_node *n, gradus_part p)
{
    right->backward(n, p);
    gradus_share(n, 1, p)[0] = 0;
}

static void one_dx_off(gradus_node *n, gradus_part p)
{
    right->backward(n, p);
    n->in[0]->dy[7] *= 1.001;
}

LOOP_TEST(planted_bugs_in_conv2d_are_caught, 6)
{
    void (*const bug[])(gradus_node *, gradus_part) = {
        one_weight_off, without_bias, one_dx_off };

    build(_i < 3 ? 1 : CASES + 1);
    gradus_op wrong = *y->op;
    right = y->op;
    wrong.backward = bug[_i % 3];
    probe_assert_caught(y, &wrong, B);
}

#endif

/* ---- rejected -------------------------------------------------------- */

static const struct {
    int channels, kernel;
    gradus_conv2d_options o;
    const char *why;
} rejected[] = {
    { 0, 3, { 0 }, "channels is 0; must be at least 1" },
    { 4, 0, { 0 }, "the kernel is 0; must be at least 1" },
    { 4, INT_MIN, { 0 }, "the kernel is -2147483648; must be at least 1" },
    { 4, 3, { .stride = -1 }, "stride is -1; must be at least 1" },
    { 4, 3, { .padding = -1 }, "padding is -1; must be 0 to 2 for a kernel" },
    { 4, 3, { .padding = 3 }, "padding is 3; must be 0 to 2 for a kernel" },
    { 4, 3, { .groups = -2 }, "groups is -2; must be at least 1, and divide" },
    { 4, 3, { .groups = 3 }, "groups is 3; must be at least 1, and divide the "
                             "2 channels of" },
    { 3, 3, { .groups = 2 }, "divide the 2 channels of input and the 3 of" },
    { 4, 9, { .padding = 1 }, "the kernel of 9 is larger than input "
                              "[2,6,8] with a padding of 1" },
    { 4, INT_MAX, { .padding = INT_MAX - 1 },
      "input [2,6,8] with a padding of 2147483646 has 2147483652 windows of "
      "2147483647 along an axis; must have at most 2147483647: pass a smaller "
      "padding, or a larger stride" },
    { 4, INT_MAX, { .padding = INT_MAX }, "must be 0 to 2147483646" },
    { 4, INT_MAX, { .padding = INT_MAX - 1, .stride = 2 },
      "the shape is [4,1073741826,1073741827]; every axis" },
    { 1 << 30, 3, { 0 }, "every axis must be at least 1 and their product at "
                         "most" },
};

LOOP_TEST(wrong_settings_of_conv2d_are_rejected, COUNT(rejected))
{
    ck_assert_ptr_null(gradus_conv2d(gradus_image(g, 2, 6, 8),
                                     rejected[_i].channels,
                                     rejected[_i].kernel, &rejected[_i].o));
    assert_error("node 1, conv1: ");
    assert_error(rejected[_i].why);
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
}

TEST(conv2d_of_an_operand_that_is_not_an_image_is_rejected)
{
    ck_assert_ptr_null(gradus_conv2d(gradus_input(g, 9), 1, 3, NULL));
    assert_error("input has rank 1; must be 3, as [channels,height,width]");
}

/* W [4,1,3,3] and b [4] are 40 parameters.  The summary counts them, their
 * gradients, the shares of two slices, and y and dy [3,4,5,4]. */
TEST(a_summary_counts_the_shares_of_the_gradient)
{
    char text[2048] = "", bytes[32];
    FILE *f = fmemopen(text, sizeof text, "w");

    gradus_conv2d(gradus_image(g, 1, 5, 4), 4, 3,
                  &(gradus_conv2d_options){ .padding = 1 });
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    ck_assert_int_eq(gradus_summary(g, f), 0);
    fclose(f);
    snprintf(bytes, sizeof bytes, " 40 %12zu",
             (4 * 40 + 2 * 3 * 80) * sizeof(gradus_real));
    ck_assert_msg(strstr(text, bytes) != NULL, "%s", text);
}
