/* test_conv2d_simd.c -- every version of a convolution's kernels that this
 * processor can run does what the plain one does. */
#include "layers/conv2d.h"
#include "probe.h"
#include "tests.h"

enum { B = 2, MOST = 4096 };

static const struct {
    int channels, height, width, out, kernel, padding, maxima;
} cases[] = {
    { 1, 9, 8, 1, 3, 0, 0 },    { 2, 7, 9, 3, 3, 1, 0 },
    { 3, 6, 7, 7, 2, 1, 1 },    { 2, 10, 12, 13, 5, 2, 1 },
    { 1, 45, 25, 2, 3, 1, 1 },  { 9, 6, 6, 16, 3, 0, 0 },
    { 2, 18, 35, 3, 7, 3, 1 },  { 3, 12, 40, 6, 4, 0, 1 },
    { 1, 45, 25, 1, 3, 1, 0 },
};
enum { CASES = sizeof cases / sizeof *cases };

static gradus_graph *g;
static gradus_node *x, *last;
static double c[MOST];

/* Computed by that version, forward and back. */
static void run(int i, gradus_simd simd)
{
    static gradus_real input[MOST];
    gradus_conv2d_options o = { .padding = cases[i].padding };

    g = gradus_graph_new(1);
    x = gradus_image(g, cases[i].channels, cases[i].height, cases[i].width);
    gradus_want_gradient(x);
    last = gradus_conv2d(x, cases[i].out, cases[i].kernel, &o);
    ((conv2d_node *)last)->simd = simd;
    if (cases[i].maxima)
        last = gradus_maxpool(gradus_relu(last), 2, 2, 0);
    fill(input, MOST, 1);
    fill_double(c, MOST, 2);
    probe(last, c);
    ck_assert_int_le(B * x->size, MOST);
    ck_assert_int_le(B * last->size, MOST);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    gradus_feed(x, input, B);
    ck_assert_int_eq(gradus_forward(g, NULL, B) || gradus_backward(g), 0);
}

static void as_double(const gradus_real *from, double *to, int n)
{
    for (int i = 0; i < n; i++)
        to[i] = from[i];
}

START_TEST(all_versions_agree)
{
    static double y[MOST], dx[MOST], gradient[MOST];

    run(_i, GRADUS_PLAIN);
    as_double(last->y, y, B * last->size);
    as_double(x->dy, dx, B * x->size);
    as_double(gradus_gradients(g), gradient, (int)gradus_parameter_count(g));
    gradus_graph_free(g);
    for (int simd = GRADUS_AVX2; simd <= (int)gradus_simd_here(); simd++) {
        run(_i, (gradus_simd)simd);
        assert_near(last->y, y, (size_t)(B * last->size), 10 * rounding());
        assert_near(x->dy, dx, (size_t)(B * x->size), 30 * rounding());
        assert_near(gradus_gradients(g), gradient, gradus_parameter_count(g),
                    30 * rounding());
        gradus_graph_free(g);
    }
}
END_TEST

TCase *conv2d_simd(void)
{
    TCase *t = tcase_create("conv2d_simd");

    tcase_add_loop_test(t, all_versions_agree, 0, CASES);
    return t;
}
