/* test_input.c -- inputs, images, labels and row weights: what arrives. */
#include "one_graph.h"
#include "probe.h"
#include "tests.h"

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* ---- values ---------------------------------------------------------- */

TEST(real_numbers_arrive_as_they_are)
{
    static const gradus_real v[] = { (gradus_real)0.1, -2, 3e30f, 0 };
    gradus_node *x = gradus_input(g, 2);

    one_graph_compile(2);
    ck_assert_int_eq(gradus_feed(x, v, 2), 0);
    one_graph_forward(NULL, 2);
    ck_assert_mem_eq(x->y, v, sizeof v);
}

TEST(u8_pixels_become_0_to_1)
{
    uint8_t v[256];
    gradus_node *x = gradus_input(g, 256);

    for (int i = 0; i < 256; i++)
        v[i] = (uint8_t)i;
    one_graph_compile(1);
    ck_assert_int_eq(gradus_feed_u8(x, v, 1), 0);
    one_graph_forward(NULL, 1);
    for (int i = 0; i < 256; i++)
        ck_assert_double_eq_tol(x->y[i], i / 255., rounding() / 10);
    ck_assert(x->y[0] == 0);
    ck_assert(x->y[255] == 1);
}

TEST(only_what_was_fed_last_counts)
{
    gradus_node *x = gradus_input(g, 1);

    one_graph_compile(1);
    gradus_feed(x, (gradus_real[]){ 7 }, 1);
    gradus_feed_u8(x, (uint8_t[]){ 51 }, 1);
    one_graph_forward(NULL, 1);
    ck_assert_double_eq_tol(x->y[0], 0.2, rounding());
    gradus_feed(x, (gradus_real[]){ 7 }, 1);
    one_graph_forward(NULL, 1);
    ck_assert(x->y[0] == 7);
}

TEST(rows_are_gathered_by_index)
{
    static const gradus_real v[] = { 0, 1, 10, 11, 20, 21 };
    static const int32_t labels[] = { 5, 6, 7 };
    static const gradus_real weights[] = { 1, 2, 4 };
    gradus_node *x = gradus_input(g, 2), *t = gradus_labels(g, 1);
    gradus_node *w = gradus_row_weights(g);

    one_graph_compile(4);
    gradus_feed(x, v, 3);
    gradus_feed_labels(t, labels, 3);
    gradus_feed(w, weights, 3);
    one_graph_forward((int[]){ 2, 0, 2, 1 }, 4);
    assert_near(x->y, (double[]){ 20, 21, 0, 1, 20, 21, 10, 11 }, 8, 0);
    assert_near(w->y, (double[]){ 4, 1, 4, 2 }, 4, 0);
    ck_assert_mem_eq(t->label, ((int32_t[]){ 7, 5, 7, 6 }), 16);
}

TEST(labels_of_several_positions_stay_together)
{
    static const int32_t labels[] = { 1, 2, 3, 4 };
    gradus_node *t = gradus_labels(g, 2);

    one_graph_compile(2);
    gradus_feed_labels(t, labels, 2);
    one_graph_forward((int[]){ 1, 0 }, 2);
    ck_assert_mem_eq(t->label, ((int32_t[]){ 3, 4, 1, 2 }), 16);
}

/* ---- normalisation --------------------------------------------------- */

static gradus_node *two_channels(void)
{
    gradus_node *x = gradus_image(g, 2, 1, 2);

    ck_assert_int_eq(gradus_normalise(x, (double[]){ 0.2, -1 },
                                      (double[]){ 0.5, 4 }), 0);
    return x;
}

TEST(real_numbers_are_normalised_by_channel)
{
    gradus_node *x = two_channels();

    one_graph_compile(2);
    gradus_feed(x, (gradus_real[]){ 0, 1, 2, 3, 4, 5, 6, 7 }, 2);
    one_graph_forward((int[]){ 1, 0 }, 2);
    assert_near(x->y, (double[]){ 7.6, 9.6, 1.75, 2, -0.4, 1.6, 0.75, 1 }, 8,
                rounding());
}

/* Years and prices, for instance, differ little compared with their size. */
TEST(values_near_a_large_mean_keep_their_digits)
{
    gradus_node *x = gradus_input(g, 2);

    ck_assert_int_eq(
        gradus_normalise(x, &(double){ 1e6 }, &(double){ 0.3 }), 0);
    one_graph_compile(1);
    gradus_feed(x, (gradus_real[]){ 1000000.25, 1000000.5 }, 1);
    one_graph_forward(NULL, 1);
    assert_near(x->y, (double[]){ 0.25 / 0.3, 0.5 / 0.3 }, 2, rounding());
}

TEST(pixels_are_divided_by_255_before_they_are_normalised)
{
    gradus_node *x = two_channels();

    one_graph_compile(1);
    gradus_feed_u8(x, (uint8_t[]){ 0, 255, 51, 102 }, 1);
    one_graph_forward(NULL, 1);
    assert_near(x->y, (double[]){ -0.4, 1.6, 0.3, 0.35 }, 4, rounding());
}

TEST(an_input_that_is_not_an_image_has_one_channel)
{
    gradus_node *x = gradus_input(g, 2);

    ck_assert_int_eq(gradus_normalise(x, &(double){ 1 }, &(double){ 2 }), 0);
    one_graph_compile(1);
    gradus_feed(x, (gradus_real[]){ 5, -5 }, 1);
    one_graph_forward(NULL, 1);
    assert_near(x->y, (double[]){ 2, -3 }, 2, rounding());
}

TEST(only_the_last_normalisation_counts)
{
    gradus_node *x = two_channels();

    ck_assert_int_eq(gradus_normalise(x, (double[]){ 0, 0 },
                                      (double[]){ 1, 1 }), 0);
    one_graph_compile(1);
    gradus_feed(x, (gradus_real[]){ 1, 2, 3, 4 }, 1);
    one_graph_forward(NULL, 1);
    assert_near(x->y, (double[]){ 1, 2, 3, 4 }, 4, 0);
}
