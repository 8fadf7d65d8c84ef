/* test_pooling.c -- maxima and means of windows: worked by hand, compared with
 * their definition, refused, and with planted bugs. */
#include "one_graph.h"
#include "probe.h"
#include "signatures.h"
#include "tests.h"

#include "kernels/windows.h"

#include <limits.h>
#include <math.h>

typedef gradus_node *pooling(gradus_node *x, int size, int stride,
                             int padding);

/* A pool's kernel, stride and padding; the image [C,H,W] that it takes. */
typedef struct {
    int k, s, p, C, H, W;
} windows;

static gradus_node *x, *y;

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* Runs forward and backward of y = pool(x) on `rows` rows of v, with dy = c.
 * If pool is NULL, y is the global mean.  If cx is not NULL, it is a gradient
 * that x has before the pool adds to it. */
static void run_beside(pooling *pool, windows w, int rows,
                       const gradus_real *v, const double *c, const double *cx)
{
    x = gradus_image(g, w.C, w.H, w.W);
    gradus_want_gradient(x);
    y = pool ? pool(x, w.k, w.s, w.p) : gradus_global_avgpool2d(x);
    probe(y, c);
    if (cx)
        probe(x, cx);
    ck_assert_msg(gradus_compile(g, rows, 1) == 0, "%s", gradus_error());
    gradus_feed(x, v, (size_t)rows);
    ck_assert_msg(gradus_forward(g, NULL, rows) == 0, "%s", gradus_error());
    ck_assert_int_eq(gradus_backward(g), 0);
}

static void run(pooling *pool, windows w, int rows, const gradus_real *v,
                const double *c)
{
    run_beside(pool, w, rows, v, c, NULL);
}

/* ---- by hand --------------------------------------------------------- */

/* (P1) and (P2), as the short way for 2 x 2 computes them. */
TEST(maxima_of_2x2_windows_match_a_case_worked_by_hand)
{
    run(maxpool, (windows){ 2, 2, 0, 1, 3, 5 }, 1,
         (gradus_real[]){ 1, 2, 3, 4, 9,
                          5, 6, 8, 7, 9,
                          9, 9, 9, 9, 9 }, (double[]){ 3, 5 });
    ck_assert_int_eq(y->rank, 3);
    ck_assert_mem_eq(y->shape, ((int[]){ 1, 1, 2 }), 3 * sizeof(int));
    assert_near(y->y, (double[]){ 6, 8 }, 2, 0);
    assert_near(x->dy, (double[]){ 0, 0, 0, 0, 0,
                                   0, 3, 5, 0, 0,
                                   0, 0, 0, 0, 0 }, 15, 0);
}

/* (P3) and (P4) */
TEST(means_of_2x2_windows_match_a_case_worked_by_hand)
{
    run(avgpool, (windows){ 2, 2, 0, 1, 3, 5 }, 1,
         (gradus_real[]){ 1, 2, 3, 4, 9,
                          5, 6, 8, 7, 9,
                          9, 9, 9, 9, 9 }, (double[]){ 8, 12 });
    assert_near(y->y, (double[]){ 3.5, 5.5 }, 2, 0);
    assert_near(x->dy, (double[]){ 2, 2, 3, 3, 0,
                                   2, 2, 3, 3, 0,
                                   0, 0, 0, 0, 0 }, 15, 0);
}

/* The image   5 1 4   and the same less 10, which is below zero everywhere, so
 *             2 0 3   that padding taken for zeros would be noticed.
 *             8 6 7 */
static const gradus_real square[] = { 5, 1, 4, 2, 0, 3, 8, 6, 7 };
static const gradus_real below[] = { -5, -9, -6, -8, -10, -7, -2, -4, -3 };

TEST(maxima_of_overlapping_windows_match_a_case_worked_by_hand)
{
    run(maxpool, (windows){ 2, 1, 0, 1, 3, 3 }, 1, square,
         (double[]){ 1, 2, 3, 4 });
    assert_near(y->y, (double[]){ 5, 4, 8, 7 }, 4, 0);
    assert_near(x->dy, (double[]){ 1, 0, 2, 0, 0, 0, 3, 0, 4 }, 9, 0);
}

TEST(maxima_of_padded_windows_match_a_case_worked_by_hand)
{
    double c[16];

    for (int i = 0; i < 16; i++)
        c[i] = i + 1;
    run(maxpool, (windows){ 2, 1, 1, 1, 3, 3 }, 1, below, c);
    assert_near(y->y, (double[]){ -5, -5, -6, -6, -5, -5, -6, -6,
                                  -2, -2, -3, -3, -2, -2, -3, -3 }, 16, 0);
    assert_near(x->dy, (double[]){ 14, 0, 22, 0, 0, 0, 46, 0, 54 }, 9, 0);
}

TEST(means_of_overlapping_windows_match_a_case_worked_by_hand)
{
    run(avgpool, (windows){ 2, 1, 0, 1, 3, 3 }, 1, square,
         (double[]){ 4, 8, 12, 16 });
    assert_near(y->y, (double[]){ 2, 2, 4, 4 }, 4, 0);
    assert_near(x->dy, (double[]){ 1, 3, 2, 4, 10, 6, 3, 7, 4 }, 9, 0);
}

TEST(padding_counts_as_zeros_in_means)
{
    run(avgpool, (windows){ 3, 2, 1, 1, 3, 3 }, 1, square,
         (double[]){ 9, 18, 27, 36 });
    assert_near(y->y, (double[]){ 8. / 9, 8. / 9, 16. / 9, 16. / 9 }, 4,
                rounding());
    assert_near(x->dy, (double[]){ 1, 3, 2, 4, 10, 6, 3, 7, 4 }, 9, 0);
}

/* (P5) and (P6) */
TEST(global_means_match_a_case_worked_by_hand)
{
    run(NULL, (windows){ .C = 2, .H = 1, .W = 4 }, 2,
         (gradus_real[]){ 1, 2, 3, 4, 5, 5, 5, 5,
                          0, 0, 0, 1, -1, 1, -2, 2 },
         (double[]){ 4, 8, 12, 16 });
    ck_assert_int_eq(y->rank, 1);
    ck_assert_int_eq(y->shape[0], 2);
    assert_near(y->y, (double[]){ 2.5, 5, 0.25, 0 }, 4, 0);
    assert_near(x->dy, (double[]){ 1, 1, 1, 1, 2, 2, 2, 2,
                                   3, 3, 3, 3, 4, 4, 4, 4 }, 16, 0);
}

/* Pools of one window that holds all four values of an image.  The first is
 * computed by the short way for 2 x 2, the second by the general way. */
static const windows whole[] = { { 2, 2, 0, 1, 2, 2 }, { 3, 3, 1, 1, 2, 2 } };

LOOP_TEST(the_first_of_equal_maxima_gets_the_gradient, 8)
{
    const int first = _i % 4;
    gradus_real v[4];
    double dx[4] = { 0 };

    for (int i = 0; i < 4; i++)
        v[i] = i < first ? 6 : 7;
    dx[first] = 3;
    run(maxpool, whole[_i / 4], 1, v, (double[]){ 3 });
    assert_near(y->y, (double[]){ 7 }, 1, 0);
    assert_near(x->dy, dx, 4, 0);
}

LOOP_TEST(the_first_of_zeros_of_both_signs_is_the_maximum, 4)
{
    const int negative = _i % 2;

    run(maxpool, whole[_i / 2], 1,
         negative ? (gradus_real[]){ -0., 0, 0, 0 }
                  : (gradus_real[]){ 0, -0., -0., -0. }, (double[]){ 1 });
    ck_assert_int_eq(signbit(y->y[0]) != 0, negative);
}

LOOP_TEST(a_nan_in_a_window_is_its_maximum, 8)
{
    const windows w = whole[_i / 4];
    gradus_real v[4] = { 1, INFINITY, 3, -1 };

    v[_i % 4] = NAN;
    x = gradus_image(g, 1, 2, 2);
    y = maxpool(x, w.k, w.s, w.p);
    probe(y, (double[]){ 1 });
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_feed(x, v, 1);
    ck_assert_int_ne(gradus_forward(g, NULL, 1), 0);
    ck_assert_msg(isnan(y->y[0]), "the maximum is %g; must be NaN",
                  (double)y->y[0]);
}

TEST(the_stride_of_a_pool_is_its_kernel_unless_given)
{
    x = gradus_image(g, 1, 7, 9);
    y = gradus_avgpool2d(x, 3, NULL);
    ck_assert_int_eq(gradus_attr_int(y->attr, "stride", 0), 3);
    ck_assert_mem_eq(y->shape, ((int[]){ 1, 2, 3 }), 3 * sizeof(int));
    y = gradus_avgpool2d(x, 3, &(gradus_pool2d_options){ .stride = 1 });
    ck_assert_mem_eq(y->shape, ((int[]){ 1, 5, 7 }), 3 * sizeof(int));
}

/* ---- by the definition, window by window ----------------------------- */

static const windows kinds[] = {
    { 2, 2, 0, 2, 5, 6 },   { 3, 2, 1, 2, 5, 6 },  { 3, 1, 1, 2, 5, 6 },
    { 2, 3, 0, 2, 5, 6 },   { 5, 1, 2, 2, 5, 6 },  { 1, 1, 0, 2, 5, 6 },
    { 4, 3, 2, 3, 2, 1 },   { 9, 2, 4, 1, 1, 3 },  { 3, 2, 1, 1, 4, 301 },
    { 2, 2, 0, 2, 4, 601 }, { 3, 1, 0, 1, 3, 132 }, { 2, 7, 1, 1, 9, 20 },
    { 3, 2, 1, 5, 7, 6 },   { 3, 2, 0, 16, 7, 7 }, { 2, 2, 0, 17, 5, 4 },
};

enum { KINDS = sizeof kinds / sizeof *kinds, MOST = 5000 };

/* The definition, (P1) to (P4): computes y = out [h,ww] and adds to dx [H,W] of
 * one channel, from x = v [H,W] and dy = c [h,ww]. */
static void by_definition(int maximum, windows w, int h, int ww,
                          const gradus_real *v, const double *c, double *out,
                          double *dx)
{
    for (int o = 0; o < h * ww; o++) {
        int top = o / ww * w.s - w.p, left = o % ww * w.s - w.p, best = -1;
        double sum = 0;
        for (int i = top; i < top + w.k; i++)
            for (int j = left; j < left + w.k; j++) {
                if (i < 0 || i >= w.H || j < 0 || j >= w.W)
                    continue;
                int at = i * w.W + j;
                sum += v[at];
                best = best < 0 || v[at] > v[best] ? at : best;
                dx[at] += maximum ? 0 : c[o] / (w.k * w.k);
            }
        out[o] = maximum ? v[best] : sum / (w.k * w.k);
        dx[best] += maximum ? c[o] : 0;
    }
}

LOOP_TEST(pools_follow_their_definition_forward_and_back, 4 * KINDS)
{
    static gradus_real v[2 * MOST];
    static double c[2 * MOST], cx[2 * MOST], out[MOST], dx[MOST];
    const bool beside = _i >= 2 * KINDS;
    windows w = kinds[_i / 2 % KINDS];

    probe_fill(v, 2 * MOST, 1);
    probe_fill_double(c, 2 * MOST, 2);
    probe_fill_double(cx, 2 * MOST, 3);
    run_beside(_i % 2 ? maxpool : avgpool, w, 2, v, c, beside ? cx : NULL);
    int h = y->shape[1], ww = y->shape[2];
    for (int i = 0; i < 2 * w.C; i++) {
        memset(dx, 0, sizeof dx);
        if (beside)
            memcpy(dx, cx + i * w.H * w.W, (size_t)(w.H * w.W) * sizeof *dx);
        by_definition(_i % 2, w, h, ww, v + i * w.H * w.W, c + i * h * ww,
                      out, dx);
        assert_near(y->y + i * h * ww, out, (size_t)(h * ww), rounding());
        assert_near(x->dy + i * w.H * w.W, dx, (size_t)(w.H * w.W),
                    4 * rounding());
    }
}

TEST(the_global_mean_of_a_large_channel_is_over_all_its_values)
{
    enum { C = 3, H = 17, W = 19 };
    static gradus_real v[C * H * W];

    probe_fill(v, C * H * W, 1);
    run(NULL, (windows){ .C = C, .H = H, .W = W }, 1, v,
         (double[]){ 1, 2, 3 });
    for (int i = 0; i < C; i++) {
        double sum = 0;
        for (int k = 0; k < H * W; k++)
            sum += v[i * H * W + k];
        assert_near(y->y + i, (double[]){ sum / (H * W) }, 1, rounding());
        for (int k = 0; k < H * W; k++)
            assert_near(x->dy + i * H * W + k,
                        (double[]){ (i + 1.) / (H * W) }, 1, rounding());
    }
}

/* ---- the short way for 2x2 side by side ------------------------------ */

/* An image with a border of the padding's value has the same windows as the
 * image within the border with a padding of 1.  Only the first is computed by
 * the short way. */
static const windows bordered[] = {
    { 2, 2, 0, 2, 3, 3 },   { 2, 2, 0, 2, 4, 4 },   { 2, 2, 0, 1, 7, 28 },
    { 2, 2, 0, 2, 28, 29 }, { 2, 2, 0, 1, 4, 300 }, { 2, 2, 0, 1, 5, 515 },
};

enum { BORDERED = sizeof bordered / sizeof *bordered };

/* Fills v [C,H,W] with few different values, so that many are equal, among
 * them zeros of both signs.  The border gets the value `border`. */
static void image_with_border(gradus_real *v, windows w, gradus_real border)
{
    static const gradus_real some[] = { -1, -0., -0., -0., 0, 1 };
    gradus_random r;

    gradus_random_init(&r, 1, 0, 0);
    for (int i = 0; i < w.C * w.H * w.W; i++) {
        int row = i / w.W % w.H, column = i % w.W;
        int in = row && column && row < w.H - 1 && column < w.W - 1;
        v[i] = in ? some[gradus_random_below(&r, 6)] : border;
    }
}

/* Copies a [C,H,W] without its border to b [C,H-2,W-2]. */
static void inner(const gradus_real *a, windows w, gradus_real *b)
{
    for (int i = 0; i < w.C * w.H; i++)
        if (i % w.H && i % w.H < w.H - 1) {
            memcpy(b, a + i * w.W + 1, (size_t)(w.W - 2) * sizeof *b);
            b += w.W - 2;
        }
}

LOOP_TEST(the_short_way_for_2x2_windows_gives_the_same_bits, 2 * BORDERED)
{
    static gradus_real v[MOST], within[MOST], short_y[MOST], short_dx[MOST];
    static double c[MOST];
    pooling *pool = _i % 2 ? maxpool : avgpool;
    windows w = bordered[_i / 2];

    image_with_border(v, w, _i % 2 ? -1e30f : 0);
    inner(v, w, within);
    probe_fill_double(c, MOST, 2);
    run(pool, w, 1, v, c);
    size_t out = (size_t)y->size;
    memcpy(short_y, y->y, out * sizeof *v);
    inner(x->dy, w, short_dx);
    one_graph_end();
    one_graph_begin();
    w.H -= 2, w.W -= 2, w.p = 1;
    run(pool, w, 1, within, c);
    ck_assert_uint_eq((size_t)y->size, out);
    ck_assert_mem_eq(y->y, short_y, out * sizeof *v);
    ck_assert_mem_eq(x->dy, short_dx, (size_t)x->size * sizeof *v);
}

/* ---- eight channels at once ------------------------------------------ */

enum { X8 = 7 * 9 * WINDOW_CHANNELS, Y8 = 4 * 5 * WINDOW_CHANNELS };

/* Sets y [4,5,8] and dx [7,9,8] from x [7,9,8] by the version for simd. */
static void run_eight(gradus_simd simd, bool max, const gradus_real *in,
                      gradus_real *out, gradus_real *dx)
{
    static gradus_real dy[Y8];
    const gradus_windows p = { .height = 7, .width = 9, .out_height = 4,
                               .out_width = 5, .kernel = 3, .stride = 2,
                               .padding = 1, .max = max, .simd = simd };

    probe_fill(dy, Y8, 2);
    memset(dx, 0, X8 * sizeof *dx);
    gradus_windows_forward(&p, in, out);
    gradus_windows_backward(&p, in, out, dy, dx);
}

LOOP_TEST(each_instruction_set_gives_the_same_bits, 2)
{
    static gradus_real in[X8], out[2][Y8], dx[2][X8];

    probe_fill(in, X8, 1);
    in[100] = NAN;
    in[200] = -(gradus_real)0;
    run_eight(GRADUS_PLAIN, _i, in, out[0], dx[0]);
    for (int simd = 1; simd <= (int)gradus_simd_here(); simd++) {
        run_eight((gradus_simd)simd, _i, in, out[1], dx[1]);
        ck_assert_mem_eq(out[1], out[0], sizeof out[0]);
        ck_assert_mem_eq(dx[1], dx[0], sizeof dx[0]);
    }
}

LOOP_TEST(a_nan_in_one_channel_leaves_the_others_alone, 2)
{
    enum { SICK = 3 };
    static gradus_real in[X8], out[2][Y8], dx[2][X8];

    probe_fill(in, X8, 1);
    run_eight(gradus_simd_here(), _i, in, out[0], dx[0]);
    for (int i = SICK; i < X8; i += WINDOW_CHANNELS)
        in[i] = NAN;
    run_eight(gradus_simd_here(), _i, in, out[1], dx[1]);
    for (int i = 0; i < Y8; i++)
        ck_assert(i % WINDOW_CHANNELS == SICK ? isnan(out[1][i])
                                              : out[1][i] == out[0][i]);
    for (int i = 0; i < X8; i++)
        ck_assert(i % WINDOW_CHANNELS == SICK || dx[1][i] == dx[0][i]);
}

/* ---- planted bugs ---------------------------------------------------- */

#ifdef GRADUS_DOUBLE

enum { B = 17, IN = 2 * 5 * 6 };

/* x -> pool -> dense, and beside it x -> pool, so that dx is a sum of two
 * terms.  y is the first pool, whose backward comes last. */
static void deep_graph(pooling *pool, windows w)
{
    static gradus_real v[B * IN];
    static double c[2][B * 4 * IN];

    probe_fill(v, B * IN, 3);
    probe_fill_double(c[0], B * 4 * IN, 4);
    probe_fill_double(c[1], B * 4 * IN, 5);
    x = gradus_image(g, 2, 5, 6);
    gradus_want_gradient(x);
    y = pool ? pool(x, w.k, w.s, w.p) : gradus_global_avgpool2d(x);
    probe(gradus_dense(y, 3), c[0]);
    probe(pool ? pool(x, 2, 1, 1) : gradus_global_avgpool2d(x), c[1]);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    gradus_feed(x, v, B);
}

static const gradus_op *right;

static void slightly_off(gradus_node *n, gradus_part p)
{
    right->backward(n, p);
    for (int i = 0; i < n->size; i++)
        n->in[0]->dy[p.row * IN] += 1e-3 * n->dy[p.row * n->size + i];
}

/* The backward of the other kind of pool: that of a maximum gives dy to one
 * value, that of a mean divides it among all. */
static void of_the_other_kind(gradus_node *n, gradus_part p)
{
    gradus_graph *h = gradus_graph_new(1);
    gradus_node *image = gradus_image(h, 2, 5, 6);
    gradus_node *other = strcmp(n->op->name, "maxpool")
                             ? maxpool(image, 3, 2, 1)
                             : avgpool(image, 3, 2, 1);

    image->y = n->in[0]->y;
    image->dy = n->in[0]->dy;
    other->y = n->y;
    other->dy = n->dy;
    other->op->backward(other, p);
    gradus_graph_free(h);
}

/* Every value of x gets 1.5 times its gradient, as if dy were divided by 3 x 2
 * and not by 3 x 3. */
static void divided_by_fewer(gradus_node *n, gradus_part p)
{
    for (int i = p.row * n->size; i < (p.row + p.rows) * n->size; i++)
        n->dy[i] *= 1.5;
    right->backward(n, p);
    for (int i = p.row * n->size; i < (p.row + p.rows) * n->size; i++)
        n->dy[i] /= 1.5;
}

LOOP_TEST(planted_bugs_in_pools_are_caught, 8)
{
    static void (*const bugs[])(gradus_node *, gradus_part) = {
        slightly_off, divided_by_fewer, of_the_other_kind,
    };
    static pooling *const pools[] = { maxpool, avgpool, NULL };

    deep_graph(pools[_i % 3], kinds[1]);
    gradus_op wrong = *y->op;
    right = y->op;
    wrong.backward = bugs[_i / 3];
    probe_assert_caught(y, &wrong, B);
}

#endif

/* ---- refused --------------------------------------------------------- */

static const struct {
    windows w;
    const char *why;
} refused[] = {
    { { 0, 1, 0, 1, 4, 5 }, "the kernel is 0; must be at least 1" },
    { { -2, 1, 0, 1, 4, 5 }, "the kernel is -2" },
    { { INT_MIN, 1, 0, 1, 4, 5 }, "the kernel is -2147483648" },
    { { 2, -1, 0, 1, 4, 5 }, "stride is -1; must be at least 1" },
    { { 2, 1, -1, 1, 4, 5 },
      "padding is -1; must be 0 to 1 for a kernel of 2" },
    { { 2, 1, 2, 1, 4, 5 },
      "padding is 2; must be 0 to 1 for a kernel of 2" },
    { { 1, 1, 1, 1, 4, 5 }, "padding is 1; must be 0 to 0 for a kernel of 1" },
    { { 3, 1, INT_MAX, 1, 4, 5 }, "padding is 2147483647; must be 0 to 1" },
    { { 5, 1, 0, 1, 4, 5 },
      "the kernel of 5 is larger than input [1,4,5] "
      "with a padding of 0" },
    { { 5, 1, 0, 1, 5, 4 }, "larger than input [1,5,4]" },
    { { 9, 1, 2, 1, 5, 4 }, "larger than input [1,5,4] with a padding of 2" },
    { { INT_MAX, 1, 0, 1, 5, 4 }, "the kernel of 2147483647 is larger" },
    { { 2, 1, 1, 1, 1, INT_MAX },
      "input [1,1,2147483647] with a padding of 1 has 2147483648 windows of 2 "
      "along an axis; must have at most 2147483647" },
};

LOOP_TEST(impossible_windows_of_pools_are_refused, 2 * COUNT(refused))
{
    windows w = refused[_i / 2].w;
    pooling *pool = _i % 2 ? maxpool : avgpool;

    y = pool(gradus_image(g, w.C, w.H, w.W), w.k, w.s, w.p);
    assert_error(_i % 2 ? "node 1, maxpool1: " : "node 1, avgpool1: ");
    assert_refused(y, refused[_i / 2].why);
}

LOOP_TEST(pools_of_an_operand_that_is_not_an_image_are_refused, 3)
{
    x = gradus_input(g, 4);
    y = _i == 0   ? gradus_maxpool2d(x, 2, NULL)
        : _i == 1 ? gradus_avgpool2d(x, 2, NULL)
                  : gradus_global_avgpool2d(x);
    assert_error("node 1, ");
    assert_refused(y,
                   "input has rank 1; must be 3, as [channels,height,width]");
}

TEST(pools_pass_null_on)
{
    x = gradus_maxpool2d(gradus_image(g, 1, 2, 2), 0, NULL);
    ck_assert_ptr_null(gradus_maxpool2d(x, 1, NULL));
    ck_assert_ptr_null(gradus_avgpool2d(x, 1, NULL));
    ck_assert_ptr_null(gradus_global_avgpool2d(x));
    assert_error("node 1, maxpool1: the kernel is 0");
}

/* Nearly all of the window is padding, which must not be read value by
 * value. */
LOOP_TEST(a_pool_with_a_kernel_of_INT_MAX_takes_no_time, 2)
{
    run(_i ? maxpool : avgpool,
         (windows){ INT_MAX, INT_MAX, INT_MAX / 2, 1, 1, 1 }, 1,
         (gradus_real[]){ -2 }, (double[]){ 3 });
    ck_assert_int_eq(y->size, 1);
    assert_near(y->y, (double[]){ _i ? -2 : 0 }, 1, 1e-15);
    assert_near(x->dy, (double[]){ _i ? 3 : 0 }, 1, 1e-15);
}
