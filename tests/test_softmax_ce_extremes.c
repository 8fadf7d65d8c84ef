/* test_softmax_ce_extremes.c -- extreme logits, for which a softmax followed
 * by a cross entropy would lose the loss or the gradient.  The two fused in
 * one node stay exact. */
#include "probe.h"
#include "softmax_head.h"
#include "tests.h"

#include <float.h>
#include <math.h>

static softmax_head h;

static void end(void)
{
    gradus_graph_free(h.g);
    h.g = NULL;
}

EACH_TEST(.end = end)

/* (S2): no probability is rounded before its logarithm is taken. */
TEST(the_loss_of_a_hopeless_row_is_2000_and_its_gradient_whole)
{
    h = new_classifier(3, (gradus_softmax_ce_options){ .reduction = 0 });
    run_labels(&h, (gradus_real[]){ 1000, -1000, 0 }, &(int32_t){ 1 }, 1);
    ck_assert(gradus_loss(h.g) == 2000);
    assert_near(h.z->dy, (double[]){ 1, -1, 0 }, 3, 0);
}

/* Computes the same row by way of its probabilities, in floats.  The README's
 * table shows these results beside ours. */
TEST(a_hopeless_row_is_lost_if_its_probability_is_rounded_first)
{
    const float z[] = { 1000, -1000, 0 };
    float y[3], sum = 0, dz[3];

    for (int k = 0; k < 3; k++)
        sum += y[k] = expf(z[k] - 1000);
    for (int k = 0; k < 3; k++)
        y[k] /= sum;
    ck_assert(isinf(-logf(y[1])));
    float clamped = y[1] < 1e-9f ? 1e-9f : y[1];
    ck_assert_float_eq_tol(-logf(clamped), 20.7233f, 1e-4f);
    for (int k = 0; k < 3; k++)
        dz[k] = -1 / clamped * y[1] * ((k == 1) - y[k]);
    ck_assert(dz[0] == 0 && dz[1] == 0 && dz[2] == 0);
}

TEST(softmax_ce_of_the_largest_logits_is_exact)
{
    h = new_classifier(2, (gradus_softmax_ce_options){ .reduction = 0 });
    run_labels(&h, (gradus_real[]){ FLT_MAX, -FLT_MAX, -FLT_MAX, FLT_MAX },
               (int32_t[]){ 1, 0 }, 2);
    ck_assert(gradus_loss(h.g) == 2 * (double)FLT_MAX);
    assert_near(h.z->dy, (double[]){ .5, -.5, -.5, .5 }, 4, 0);
}

LOOP_TEST(equal_logits_of_any_size_give_equal_probabilities, 4)
{
    const gradus_real z = (gradus_real[]){ 0, FLT_MAX, -FLT_MAX, FLT_MIN }[_i];

    h = new_classifier(3, (gradus_softmax_ce_options){ .reduction = 0 });
    run_labels(&h, (gradus_real[]){ z, z, z }, &(int32_t){ 2 }, 1);
    assert_loss(&h, log(3));
    assert_near(h.loss->y, (double[]){ 1 / 3., 1 / 3., 1 / 3. }, 3,
                rounding());
}

/* The logit of the target is smaller than the other one by gap.  The gradient
 * is -1/(1 + exp(-gap)), which never vanishes and is never NaN.  The loss
 * approaches the gap. */
LOOP_TEST(the_gradient_stays_whole_however_far_the_target_falls_behind, 201)
{
    const int gap = _i;
    const double y = 1 / (1 + exp(-gap));

    h = new_classifier(2, (gradus_softmax_ce_options){ .reduction = 0 });
    run_labels(&h, (gradus_real[]){ (gradus_real)gap, 0 }, &(int32_t){ 1 }, 1);
    assert_loss(&h, gap + log1p(exp(-gap)));
    assert_near(h.z->dy, (double[]){ y, -y }, 2, rounding() / 10);
}

LOOP_TEST(a_logit_of_minus_infinity_masks_its_class, 3)
{
    const int masked = _i, label = (masked + 1) % 3;
    gradus_real z[] = { 1, 1, 1 };
    double y[] = { .5, .5, .5 };

    z[masked] = -INFINITY;
    y[masked] = 0;
    h = new_classifier(3, (gradus_softmax_ce_options){ .reduction = 0 });
    run_labels(&h, z, &(int32_t){ label }, 1);
    assert_loss(&h, log(2));
    assert_near(h.loss->y, y, 3, 0);
    y[label] -= 1;
    assert_near(h.z->dy, y, 3, 0);
}
