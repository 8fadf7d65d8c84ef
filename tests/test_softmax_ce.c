/* test_softmax_ce.c -- softmax and cross entropy: known values, weights,
 * batches, and several losses. */
#include "probe.h"
#include "softmax_head.h"
#include "tests.h"

#include <math.h>

static softmax_head h;

static void end(void)
{
    gradus_graph_free(h.g);
    h.g = NULL;
}

EACH_TEST(.end = end)

/* ---- known values ---------------------------------------------------- */

/* The known values have nine digits. */
static const double digits = 5e-10;

static double tolerance(void)
{
    return fmax(digits, rounding() / 4);
}

static const gradus_real Z[] = { 1, 6, 4, 2 };
static const double Y[] = { .005806628, .861780069, .116629250, .015784053 };

TEST(a_label_gives_the_known_loss_and_gradient)
{
    h = new_classifier(4, (gradus_softmax_ce_options){ .reduction = 0 });
    run_labels(&h, Z, &(int32_t){ 1 }, 1);
    assert_near(h.loss->y, Y, 4, tolerance());
    assert_loss(&h, .148755181);
    assert_near(h.z->dy, (double[]){ .005806628, -.138219931, .116629250,
                                     .015784053 }, 4, tolerance());
}

TEST(label_smoothing_gives_the_known_loss_and_gradient)
{
    h = new_classifier(4,
                       (gradus_softmax_ce_options){ .label_smoothing = .2 });
    run_labels(&h, Z, &(int32_t){ 1 }, 1);
    assert_near(h.loss->y, Y, 4, tolerance());
    assert_loss(&h, .698755181);
    assert_near(h.z->dy, (double[]){ -.044193372, .011780069, .066629250,
                                     -.034215947 }, 4, tolerance());
}

TEST(the_alpha_of_mxnet_is_a_smoothing_of_alpha_K_over_K_minus_1)
{
    h = new_classifier(4, (gradus_softmax_ce_options){
                              .label_smoothing = .2 * 4 / (4 - 1) });
    run_labels(&h, Z, &(int32_t){ 1 }, 1);
    assert_loss(&h, .882088514);
    assert_near(h.z->dy, (double[]){ -.060860038, .061780069, .049962583,
                                     -.050882614 }, 4, tolerance());
}

TEST(label_smoothing_of_one_makes_the_target_uniform)
{
    h = new_classifier(4, (gradus_softmax_ce_options){ .label_smoothing = 1 });
    run_labels(&h, Z, &(int32_t){ 1 }, 1);
    assert_near(h.z->dy, (double[]){ Y[0] - .25, Y[1] - .25, Y[2] - .25,
                                     Y[3] - .25 }, 4, tolerance());
}

/* The gradient is y sum(t) - t, and not y - t. */
TEST(targets_need_not_sum_to_one)
{
    static const gradus_real T[] = { 0.5, 1, 0, 0.25 };
    double lse = 6 + log(exp(-5) + 1 + exp(-2) + exp(-4));

    h = new_head(1, (int[]){ 4 }, 0, 0,
                 (gradus_softmax_ce_options){ .reduction = 0 });
    run_targets(&h, Z, T, 1);
    assert_near(h.loss->y, Y, 4, tolerance());
    assert_loss(&h, .5 * (lse - 1) + (lse - 6) + .25 * (lse - 2));
    assert_near(h.z->dy, (double[]){ -.4898, .5081, .2041, -.2224 }, 4, 4e-5);
    assert_near(h.z->dy, (double[]){ 1.75 * Y[0] - .5, 1.75 * Y[1] - 1,
                                     1.75 * Y[2], 1.75 * Y[3] - .25 }, 4,
                2 * tolerance());
}

/* As if the targets were labels, whose distributions they are. */
LOOP_TEST(targets_of_logits_of_two_axes_are_one_line_of_numbers, 2)
{
    enum { SIZE = 6 };
    static const gradus_real z[SIZE] = { 1, 6, 4, 2, -1, 3 };
    static const gradus_real targets[][SIZE] = { { 0, 1, 0, 1, 0, 1 },
                                                 { 0, 1, 0, 1, 0, 0 } };
    static const int32_t labels[][3] = { { 1, 0, 1 }, { 1, 0 } };
    const gradus_softmax_ce_options o = { .last_axis = _i };
    double loss[2], gradient[2][SIZE];

    for (int k = 0; k < 2; k++) {
        h = (softmax_head){ .g = gradus_graph_new(1) };
        h.z = gradus_input(h.g, SIZE);
        gradus_want_gradient(h.z);
        gradus_node *two = gradus_reshape(h.z, 2, (int[]){ 2, 3 });
        h.t = k ? gradus_labels(h.g, _i ? 2 : 3) : gradus_input(h.g, SIZE);
        h.loss = gradus_softmax_ce(two, h.t, &o);
        ck_assert_msg(gradus_compile(h.g, 1, 1) == 0, "%s", gradus_error());
        if (k)
            run_labels(&h, z, labels[_i], 1);
        else
            run_targets(&h, z, targets[_i], 1);
        loss[k] = gradus_loss(h.g);
        for (int i = 0; i < SIZE; i++)
            gradient[k][i] = (double)h.z->dy[i];
        end();
    }
    ck_assert_double_eq_tol(loss[0], loss[1], 1e-6);
    for (int i = 0; i < SIZE; i++)
        ck_assert_double_eq_tol(gradient[0][i], gradient[1][i], 1e-6);
}

static const gradus_real four_rows[] = { 1, 2, 3, 4, 2, 2, 2, 2,
                                         3, 3, 3, 3, 4, 4, 4, 4 };

/* Asserts that dz is the gradient of those rows, divided by D, if their labels
 * are 1, 0, 2, 3 and the label 1 is ignored. */
static void assert_four_rows(double D)
{
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < 4; k++) {
            int label = (int[]){ 1, 0, 2, 3 }[i];
            double g = i ? .25 - (k == label) : 0;
            assert_near(h.z->dy + 4 * i + k, &(double){ g / D }, 1,
                        rounding() / 4);
        }
}

LOOP_TEST(an_ignored_row_has_no_loss_no_gradient_and_no_count, 3)
{
    double D = (double[]){ 3, 4, 1 }[_i];

    h = new_classifier(4, (gradus_softmax_ce_options){
                              .reduction = (gradus_reduction)_i,
                              .use_ignore_label = 1, .ignore_label = 1 });
    run_labels(&h, four_rows, (int32_t[]){ 1, 0, 2, 3 }, 4);
    assert_loss(&h, 3 * log(4) / D);
    ck_assert(gradus_as_loss(h.loss)->loss[0] == 0);
    assert_four_rows(D);
    assert_near(h.loss->y, (double[]){ .032058603, .087144319, .236882818,
                                       .643914260, .25 }, 5, tolerance());
}

TEST(an_ignored_label_may_lie_outside_the_classes)
{
    h = new_classifier(4, (gradus_softmax_ce_options){ .use_ignore_label = 1,
                                                       .ignore_label = -1 });
    run_labels(&h, four_rows, (int32_t[]){ -1, 0, 2, 3 }, 4);
    assert_four_rows(3);
}

TEST(a_label_of_zero_is_not_ignored_unless_asked)
{
    h = new_classifier(4, (gradus_softmax_ce_options){ .ignore_label = 0 });
    run_labels(&h, Z, &(int32_t){ 0 }, 1);
    assert_loss(&h, .148755181 + 5);
}

TEST(if_all_rows_are_ignored_loss_and_gradient_are_zero)
{
    h = new_classifier(4, (gradus_softmax_ce_options){ .use_ignore_label = 1,
                                                       .ignore_label = 9 });
    run_labels(&h, four_rows, (int32_t[]){ 9, 9, 9, 9 }, 4);
    ck_assert(gradus_loss(h.g) == 0);
    ck_assert(gradus_as_loss(h.loss)->divisor == 0);
    for (int i = 0; i < 16; i++)
        ck_assert(h.z->dy[i] == 0);
}

/* The weight is changed between two runs, to -1, -0.5, .. 2. */
LOOP_TEST(the_weight_of_a_loss_multiplies_loss_and_gradient, 7)
{
    const double w = -1 + .5 * _i;

    h = new_classifier(4, (gradus_softmax_ce_options){ .reduction = 0 });
    run_labels(&h, Z, &(int32_t){ 1 }, 1);
    ck_assert_int_eq(gradus_set_loss_weight(h.loss, w), 0);
    run_labels(&h, Z, &(int32_t){ 1 }, 1);
    assert_loss(&h, w * .148755181);
    assert_near(h.z->dy, (double[]){ w * Y[0], w * (Y[1] - 1), w * Y[2],
                                     w * Y[3] }, 4, 2 * tolerance());
    assert_near(h.loss->y, Y, 4, tolerance());
}

TEST(a_shift_of_all_logits_changes_nothing)
{
    gradus_real z[4];

    for (int k = 0; k < 4; k++)
        z[k] = Z[k] + 4096;
    h = new_classifier(4, (gradus_softmax_ce_options){ .reduction = 0 });
    run_labels(&h, z, &(int32_t){ 1 }, 1);
    assert_loss(&h, .148755181);
    assert_near(h.loss->y, Y, 4, tolerance());
}

/* ---- weights --------------------------------------------------------- */

/* The mean is divided by the labels' weights, as by PyTorch's
 * CrossEntropyLoss(weight). */
TEST(class_weights_count_in_the_mean)
{
    static const double weight[] = { 1, 3, 0, .5 };

    h = new_classifier(4,
                       (gradus_softmax_ce_options){ .class_weight = weight });
    run_labels(&h, four_rows + 4, (int32_t[]){ 0, 1, 2 }, 3);
    ck_assert(gradus_as_loss(h.loss)->divisor == 4);
    assert_loss(&h, log(4));
    assert_near(h.z->dy, (double[]){ -.75 / 4, .25 / 4, .25 / 4, .25 / 4,
                                     .75 / 4, -2.25 / 4, .75 / 4, .75 / 4,
                                     0, 0, 0, 0 }, 12, rounding() / 10);
}

TEST(a_row_of_weight_zero_has_no_gradient_and_no_count)
{
    h = new_head(1, (int[]){ 4 }, 1, 1,
                 (gradus_softmax_ce_options){ .reduction = 0 });
    gradus_feed(h.w, (gradus_real[]){ 0, 3, 1 }, 3);
    run_labels(&h, four_rows, (int32_t[]){ 0, 1, 1 }, 3);
    ck_assert(gradus_as_loss(h.loss)->divisor == 4);
    assert_loss(&h, log(4));
    assert_near(h.z->dy, (double[]){ 0, 0, 0, 0, .75 / 4, -2.25 / 4, .75 / 4,
                                     .75 / 4 }, 8, rounding() / 10);
}

/* ---- batches, and several losses ------------------------------------- */

TEST(a_row_does_not_depend_on_its_batch)
{
    static const int sizes[] = { 1, 15, 16, 17, 33, 64, 100 };
    enum { K = 7, ROWS = 100 };
    static gradus_real v[ROWS * K], y[ROWS * K], dz[ROWS * K];
    static int32_t labels[ROWS];
    double loss[ROWS];

    probe_fill(v, ROWS * K, 1);
    for (int i = 0; i < ROWS; i++)
        labels[i] = i % K;
    h = new_classifier(
        K, (gradus_softmax_ce_options){ .reduction = GRADUS_REDUCE_SUM });
    for (int i = 0; i < ROWS; i++) {
        run_labels(&h, v + i * K, labels + i, 1);
        memcpy(y + i * K, h.loss->y, K * sizeof *y);
        memcpy(dz + i * K, h.z->dy, K * sizeof *dz);
        loss[i] = gradus_loss(h.g);
    }
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t n = (size_t)sizes[s];
        run_labels(&h, v, labels, sizes[s]);
        ck_assert_msg(
            !memcmp(h.loss->y, y, n * K * sizeof *y) &&
                !memcmp(h.z->dy, dz, n * K * sizeof *dz) &&
                !memcmp(gradus_as_loss(h.loss)->loss, loss, n * sizeof *loss),
            "in a batch of %zu, y, dz or the loss of a row is not that of the "
            "row alone", n);
    }
}

TEST(losses_of_one_graph_add_up_with_their_weights)
{
    gradus_graph *g = h.g = gradus_graph_new(1);
    gradus_node *z = gradus_input(g, 4);
    gradus_node *t1 = gradus_labels(g, 1), *t2 = gradus_labels(g, 1);

    gradus_want_gradient(z);
    gradus_node *a = gradus_softmax_ce(z, t1, NULL);
    gradus_node *b = gradus_softmax_ce(z, t2, NULL);
    ck_assert_int_eq(gradus_set_loss_weight(b, .5), 0);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_feed(z, Z, 1);
    gradus_feed_labels(t1, &(int32_t){ 1 }, 1);
    gradus_feed_labels(t2, &(int32_t){ 2 }, 1);
    ck_assert_int_eq(gradus_forward(g, NULL, 1), 0);
    ck_assert_int_eq(gradus_backward(g), 0);
    assert_loss(&h, .148755181 + .5 * (.148755181 + 2));
    assert_near(z->dy, (double[]){ 1.5 * Y[0], 1.5 * Y[1] - 1, 1.5 * Y[2] - .5,
                                   1.5 * Y[3] }, 4, 2 * tolerance());
    assert_near(a->y, Y, 4, tolerance());
    assert_near(b->y, Y, 4, tolerance());
}
