/* test_softmax_ce_refused.c -- options and shapes that softmax_ce refuses. */
#include "tests.h"

#include <math.h>

static gradus_graph *g;
static gradus_node *z3, *t1;

static void begin(void)
{
    g = gradus_graph_new(1);
    z3 = gradus_input(g, 3);
    t1 = gradus_labels(g, 1);
}

static void end(void)
{
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

static void assert_refused(gradus_node *z, gradus_node *t,
                           gradus_softmax_ce_options options, const char *why)
{
    ck_assert_msg(!gradus_softmax_ce(z, t, &options),
                  "the loss is made; must be refused with \"%s\"", why);
    assert_error(why);
}

TEST(bad_options_of_softmax_ce_are_refused)
{
    gradus_softmax_ce_options bad = { .reduction = (gradus_reduction)3 };
    double eps[] = { -.1, 1.1, NAN, INFINITY };
    double weight[] = { -1, NAN, INFINITY };

    assert_refused(z3, t1, bad, "the reduction is 3");
    for (int i = 0; i < 4; i++)
        assert_refused(z3, t1,
                       (gradus_softmax_ce_options){ .label_smoothing =
                                                        eps[i] },
                       "must be 0 to 1");
    for (int i = 0; i < 3; i++)
        assert_refused(z3, t1,
                       (gradus_softmax_ce_options){
                           .class_weight = (double[]){ 1, 1, weight[i] } },
                       "class_weight[2] is");
}

TEST(label_smoothing_needs_labels)
{
    gradus_softmax_ce_options smooth = { .label_smoothing = .1 };

    assert_refused(z3, gradus_input(g, 3), smooth,
                   "label_smoothing is set, but the targets are "
                   "distributions; it needs labels");
}

/* The loss would be 0, and so would every gradient. */
TEST(a_single_class_is_refused)
{
    const double weight = 2;
    gradus_node *z1 = gradus_dense(z3, 1), *image = gradus_image(g, 1, 2, 3);
    gradus_node *places = gradus_labels(g, 6), *t3 = gradus_labels(g, 3);
    gradus_node *column = gradus_reshape(z3, 2, (int[]){ 3, 1 });
    const char *why = "has 1 class, whose probability is always 1, so that "
                      "nothing can be learnt; take 2 classes, or "
                      "gradus_sigmoid_ce for yes or no";

    assert_refused(z1, t1, (gradus_softmax_ce_options){ 0 }, "dense1 has 1");
    assert_refused(z1, t1, (gradus_softmax_ce_options){ 0 }, why);
    assert_refused(z1, gradus_input(g, 1), (gradus_softmax_ce_options){ 0 },
                   why);
    assert_refused(z1, t1, (gradus_softmax_ce_options){
                               .class_weight = &weight }, why);
    assert_refused(z1, t1, (gradus_softmax_ce_options){
                               .use_ignore_label = true, .ignore_label = 1 },
                   why);
    assert_refused(z1, t1, (gradus_softmax_ce_options){
                               .label_smoothing = 0.1 }, why);
    assert_refused(image, places, (gradus_softmax_ce_options){ 0 }, why);
    assert_refused(column, t3, (gradus_softmax_ce_options){
                                   .last_axis = true }, why);
    ck_assert_ptr_nonnull(gradus_softmax_ce(
        image, gradus_labels(g, 2), &(gradus_softmax_ce_options){
                                        .last_axis = true }));
}

TEST(row_weights_must_come_from_a_row_weights_node)
{
    gradus_node *not_weights[] = { t1, z3, gradus_relu(z3),
                                   gradus_input(g, 1) };

    for (int i = 0; i < 4; i++)
        assert_refused(z3, t1,
                       (gradus_softmax_ce_options){ .row_weight =
                                                        not_weights[i] },
                       "must be a gradus_row_weights node");
}

TEST(labels_must_match_the_positions)
{
    gradus_node *image = gradus_image(g, 3, 2, 2);

    assert_refused(image, t1, (gradus_softmax_ce_options){ .reduction = 0 },
                   "positions of labels is 1; must be 4");
    assert_refused(image, t1, (gradus_softmax_ce_options){ .last_axis = 1 },
                   "positions of labels is 1; must be 6");
    assert_refused(z3, gradus_labels(g, 3),
                   (gradus_softmax_ce_options){ .reduction = 0 },
                   "positions of labels2 is 3; must be 1");
}

TEST(targets_must_have_the_shape_of_the_logits)
{
    gradus_softmax_ce_options none = { .reduction = 0 };
    gradus_node *image = gradus_image(g, 1, 1, 3);

    assert_refused(
        z3, gradus_input(g, 4), none,
        "the targets of input3 (rank 1, 4 a row) must have the shape of the "
        "logits of input (rank 1, 3 a row), or rank 1 and as many numbers");
    assert_refused(z3, image, none, "must have the shape of the logits");
    assert_refused(gradus_image(g, 1, 3, 1), image, none,
                   "must have the shape of the logits");
    assert_refused(gradus_image(g, 3, 1, 1), gradus_input(g, 4), none,
                   "or rank 1 and as many numbers");
}

TEST(targets_must_be_data_that_wants_no_gradient)
{
    gradus_softmax_ce_options none = { .reduction = 0 };
    gradus_node *t = gradus_input(g, 3), *wanting = gradus_input(g, 3);

    gradus_want_gradient(wanting);
    assert_refused(z3, gradus_relu(t), none, "the targets come from relu1");
    assert_refused(z3, wanting, none, "the targets come from input3;");
    ck_assert_ptr_nonnull(gradus_softmax_ce(z3, t, NULL));
    ck_assert_int_ne(gradus_want_gradient(t), 0);
    assert_error("input2: is a target or a weight of a loss");
}

TEST(null_and_labels_cannot_be_logits)
{
    gradus_softmax_ce_options none = { .reduction = 0 };

    assert_refused(z3, NULL, none, "softmax_ce: operand 2 of 2 is NULL");
    assert_refused(NULL, t1, none, "is NULL"); /* the first message */
    end();
    begin();
    gradus_softmax_ce(t1, gradus_labels(g, 1), NULL);
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("operand labels holds labels");
}

TEST(a_loss_weight_must_be_finite_and_belong_to_a_loss)
{
    gradus_node *loss = gradus_softmax_ce(z3, t1, NULL);

    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_int_ne(gradus_set_loss_weight(NULL, 1), 0);
    ck_assert_int_ne(gradus_set_loss_weight(z3, 1), 0);
    assert_error("node 0, input: is not a loss");
    ck_assert_int_ne(gradus_set_loss_weight(loss, NAN), 0);
    ck_assert_int_ne(gradus_set_loss_weight(loss, INFINITY), 0);
    assert_error("softmax_ce1: the weight is inf; must be finite");
    ck_assert_double_eq(gradus_as_loss(loss)->weight, 1);
}
