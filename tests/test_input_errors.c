/* test_input_errors.c -- inputs, images, labels and row weights: what is
 * refused, when a graph is made and when it is fed. */
#include "one_graph.h"
#include "tests.h"

#include <limits.h>
#include <math.h>

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* ---- mistakes when a graph is made ----------------------------------- */

TEST(shapes_without_a_value_are_rejected)
{
    ck_assert_ptr_null(gradus_input(g, 0));
    assert_error("node 0, input: the shape is [0]; every axis "
                 "must be at least 1");
    ck_assert_ptr_null(gradus_input(g, -1));
    ck_assert_ptr_null(gradus_image(g, 1, 28, 0));
    assert_error("the shape is [1,28,0]");
    ck_assert_ptr_null(gradus_image(g, 0, 28, 28));
    ck_assert_ptr_null(gradus_labels(g, 0));
    assert_error("labels: the shape is [0]");
}

TEST(images_of_more_than_two_to_the_31_values_are_rejected)
{
    ck_assert_ptr_null(gradus_image(g, 3, 65536, 65536));
    assert_error("their product at most 2147483647");
    ck_assert_ptr_null(gradus_image(g, INT_MAX, INT_MAX, INT_MAX));
}

TEST(a_null_graph_is_rejected)
{
    ck_assert_ptr_null(gradus_input(NULL, 2));
    assert_error("input: the graph is NULL");
    ck_assert_ptr_null(gradus_labels(NULL, 1));
    assert_error("labels: the graph is NULL");
    ck_assert_ptr_null(gradus_row_weights(NULL));
    assert_error("row_weights: the graph is NULL");
}

TEST(normalisation_needs_finite_means_and_positive_deviations)
{
    gradus_node *x = gradus_image(g, 2, 1, 1);
    const struct {
        double mean, std;
        const char *why;
    } bad[] = {
        { 0, 0, "channel 1: the standard deviation is 0; must be above "
                "1e-30 and below 1e30" },
        { 0, -1, "channel 1: the standard deviation is -1; must be" },
        { 0, NAN, "channel 1: the standard deviation is nan" },
        { 0, INFINITY, "channel 1: the standard deviation is inf" },
        { NAN, 1, "channel 1: the mean is nan; must be above -1e30 and" },
        { INFINITY, 1, "channel 1: the mean is inf; must be above -1e30 and" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double mean[] = { 0, bad[i].mean }, std[] = { 1, bad[i].std };
        ck_assert_msg(gradus_normalise(x, mean, std) != 0,
                      "gradus_normalise succeeds; must fail with \"%s\"",
                      bad[i].why);
        assert_error(bad[i].why);
    }
    ck_assert_int_ne(gradus_normalise(x, NULL, (double[]){ 1, 1 }), 0);
    assert_error("gradus_normalise: the means are NULL");
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0); /* with the first message */
    assert_error("channel 1: the standard deviation is 0");
}

TEST(only_inputs_can_be_normalised_and_only_before_compile)
{
    gradus_node *x = gradus_input(g, 1), *t = gradus_labels(g, 1);
    double one = 1;

    one_graph_compile(1);
    ck_assert_int_ne(gradus_normalise(NULL, &one, &one), 0);
    ck_assert_int_ne(gradus_normalise(t, &one, &one), 0);
    assert_error("must be an input");
    ck_assert_int_ne(gradus_normalise(x, &one, &one), 0);
    assert_error("gradus_normalise comes before gradus_compile");
}

TEST(only_inputs_can_want_a_gradient)
{
    gradus_node *x = gradus_input(g, 1), *y = gradus_relu(x);

    ck_assert_int_ne(gradus_want_gradient(NULL), 0);
    ck_assert_int_ne(gradus_want_gradient(y), 0);
    assert_error("relu1: is not an input; only inputs can want a gradient");
    ck_assert_int_ne(gradus_want_gradient(gradus_labels(g, 1)), 0);
    ck_assert_int_ne(gradus_want_gradient(gradus_row_weights(g)), 0);
    assert_error("row_weights: is not an input; only inputs can want a "
                 "gradient");
}

/* ---- mistakes when a graph is fed ------------------------------------ */

static gradus_node *x1, *y1, *t1, *w1;

static void begin_fed(void)
{
    static const gradus_real v[] = { 1, 2, 3 };
    static const int32_t labels[] = { 0, 1, 2 };

    one_graph_begin();
    x1 = gradus_input(g, 1);
    y1 = gradus_relu(x1);
    t1 = gradus_labels(g, 1);
    w1 = gradus_row_weights(g);
    one_graph_compile(4);
    gradus_feed(x1, v, 3);
    gradus_feed_labels(t1, labels, 3);
    gradus_feed(w1, v, 3);
}

EACH_TEST(.begin = begin_fed, .end = one_graph_end)

TEST(feeding_the_wrong_thing_is_an_error)
{
    gradus_real v = 1;
    int32_t label = 0;

    ck_assert_int_ne(gradus_feed(NULL, &v, 1), 0);
    assert_error("gradus_feed: the node is NULL");
    ck_assert_int_ne(gradus_feed(x1, NULL, 1), 0);
    assert_error("gradus_feed: the data is NULL");
    ck_assert_int_ne(gradus_feed(y1, &v, 1), 0);
    assert_error("node 1, relu1: computes its value");
    ck_assert_int_ne(gradus_feed(t1, &v, 1), 0);
    assert_error("node 2, labels: takes labels, not values");
    ck_assert_int_ne(gradus_feed_labels(x1, &label, 1), 0);
    assert_error("node 0, input: takes values, not labels");
    ck_assert_int_ne(gradus_feed_labels(w1, &label, 1), 0);
    assert_error("node 3, row_weights: takes values, not labels");
    ck_assert_int_ne(gradus_feed_u8(t1, (uint8_t[]){ 0 }, 1), 0);
    assert_error("node 2, labels: takes labels, not u8 values");
    ck_assert_int_ne(gradus_feed_u8(w1, (uint8_t[]){ 0 }, 1), 0);
    assert_error("node 3, row_weights: takes real numbers, not u8 values");
    ck_assert_int_ne(gradus_feed_u8(NULL, (uint8_t[]){ 0 }, 1), 0);
    ck_assert_int_ne(gradus_feed_u8(x1, NULL, 1), 0);
    ck_assert_int_ne(gradus_feed_labels(NULL, &label, 1), 0);
    ck_assert_int_ne(gradus_feed_labels(t1, NULL, 1), 0);
}

TEST(feeding_no_rows_or_too_many_is_an_error)
{
    gradus_real v = 1;

    ck_assert_int_ne(gradus_feed(x1, &v, 0), 0);
    assert_error("node 0, input: got 0 rows; must be 1 to 2147483647");
    ck_assert_int_ne(gradus_feed(x1, &v, (size_t)INT_MAX + 1), 0);
    assert_error("got 2147483648 rows");
}

TEST(a_mistake_in_feeding_keeps_what_was_fed)
{
    gradus_real v = 1;

    gradus_feed(x1, &v, 0);
    gradus_feed_labels(x1, &(int32_t){ 0 }, 1);
    one_graph_forward((int[]){ 2 }, 1);
    ck_assert(x1->y[0] == 3);
}

TEST(forward_without_data_is_an_error)
{
    gradus_graph *unfed = gradus_graph_new(1);

    gradus_input(unfed, 1);
    gradus_compile(unfed, 1, 1);
    ck_assert_int_ne(gradus_forward(unfed, NULL, 1), 0);
    assert_error("node 0, input: nothing was fed to it");
    gradus_graph_free(unfed);
}

TEST(rows_that_were_not_fed_are_an_error)
{
    ck_assert_int_ne(gradus_forward(g, (int[]){ 0, 3 }, 2), 0);
    assert_error("node 0, input: row 3 is asked for; must be 0 to 2");
    ck_assert_int_ne(gradus_forward(g, (int[]){ -1 }, 1), 0);
    assert_error("node 0, input: row -1 is asked for");
    ck_assert_int_ne(gradus_forward(g, NULL, 4), 0);
    assert_error("row 3 is asked for; must be 0 to 2");
    gradus_feed_labels(t1, (int32_t[]){ 0, 1 }, 2);
    ck_assert_int_ne(gradus_forward(g, NULL, 3), 0);
    assert_error("node 2, labels: row 2 is asked for; must be 0 to 1");
}

TEST(batches_of_no_rows_or_too_many_are_an_error)
{
    int index[5] = { 0 };

    ck_assert_int_ne(gradus_forward(g, index, 0), 0);
    assert_error("the batch has 0 rows; must be 1 to 4, the graph's "
                 "max_batch");
    ck_assert_int_ne(gradus_forward(g, index, -1), 0);
    ck_assert_int_ne(gradus_forward(g, index, 5), 0);
    assert_error("the batch has 5 rows; must be 1 to 4");
}

TEST(negative_and_infinite_row_weights_are_an_error)
{
    gradus_real bad[] = { -1, NAN, INFINITY, -INFINITY };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gradus_real v[] = { 1, 1, bad[i] };
        gradus_feed(w1, v, 3);
        ck_assert_msg(gradus_forward(g, (int[]){ 2 }, 1) != 0,
                      "forward takes a row weight of %g; must refuse it",
                      (double)bad[i]);
        assert_error("node 3, row_weights: the weight of sample 2 is");
        one_graph_forward(NULL, 2); /* it was not in this batch */
    }
}
