/* test_conv_plain.c -- conv_plain.c convolves as worked out by hand. */
#include "kernels/conv.h"
#include "probe.h"
#include "tests.h"

/* 1 2 3
 * 4 5 6
 * 7 8 9, a kernel of 1 2 over 3 4, and a dy of 1 10 100 1000 */
static const gradus_real nine[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const gradus_real four[] = { 1, 2, 3, 4 };
static const gradus_real powers[] = { 1, 10, 100, 1000 };

/* Of one channel to one, forward and back. */
static void convolve(const gradus_conv *c, const gradus_conv_sample *s)
{
    gradus_conv_plain.forward(c, s, NULL);
    gradus_conv_plain.backward(c, s, NULL);
}

TEST(the_plain_way_by_hand)
{
    const gradus_conv c = { .in = 1, .height = 3, .width = 3, .out = 1,
                            .out_height = 2, .out_width = 2, .kernel = 2,
                            .stride = 1, .groups = 1, .W = four,
                            .b = (gradus_real[]){ 10 } };
    gradus_real z[4], dW[4] = { 1 }, db[1] = { 2 }, dx[9] = { 3 };

    convolve(&c, &(gradus_conv_sample){ .x = nine, .z = z, .dz = powers,
                                        .dW = dW, .db = db, .dx = dx });
    assert_near(z, (double[]){ 47, 57, 77, 87 }, 4, 0);
    assert_near(dW, (double[]){ 5422, 6532, 8754, 9865 }, 4, 0);
    assert_near(db, (double[]){ 1113 }, 1, 0);
    assert_near(dx, (double[]){ 4, 12, 20, 103, 1234, 2040, 300, 3400, 4000 },
                9, 0);
}

/* The kernel's first place is half outside, its second begins at 5. */
TEST(the_plain_way_with_a_stride_and_a_border_by_hand)
{
    const gradus_conv c = { .in = 1, .height = 3, .width = 3, .out = 1,
                            .out_height = 2, .out_width = 2, .kernel = 2,
                            .stride = 2, .padding = 1, .groups = 1,
                            .W = four };
    gradus_real z[4], dW[4] = { 0 }, dx[9] = { 0 };

    convolve(&c, &(gradus_conv_sample){ .x = nine, .z = z, .dz = powers,
                                        .dW = dW, .dx = dx });
    assert_near(z, (double[]){ 4, 18, 36, 77 }, 4, 0);
    assert_near(dW, (double[]){ 5000, 6400, 8020, 9731 }, 4, 0);
    assert_near(dx, (double[]){ 4, 30, 40, 200, 1000, 2000, 400, 3000, 4000 },
                9, 0);
}

/* y = x + b, so that z is the maxima of x, and after the ReLU 0 and 1. */
TEST(maxima_and_relu_of_the_plain_way_by_hand)
{
    const gradus_real image[] = { 1, 2, 8, 8, 9,
                                  5, 6, 8, 7, 9,
                                  9, 9, 9, 9, 9 };
    gradus_conv c = { .in = 1, .height = 3, .width = 5, .out = 1,
                      .out_height = 3, .out_width = 5, .kernel = 1,
                      .stride = 1, .groups = 1, .max2 = true,
                      .W = (gradus_real[]){ 1 },
                      .b = (gradus_real[]){ -7 } };
    gradus_real z[2], dW[1] = { 0 }, db[1] = { 0 }, dx[15] = { 0 };
    uint8_t argmax[2];
    const gradus_conv_sample s = { .x = image, .z = z, .argmax = argmax,
                                   .dz = (gradus_real[]){ 10, 100 },
                                   .dW = dW, .db = db, .dx = dx };

    convolve(&c, &s);
    assert_near(z, (double[]){ -1, 1 }, 2, 0);
    ck_assert_mem_eq(argmax, ((uint8_t[]){ 3, 0 }), 2);
    assert_near(dW, (double[]){ 60 + 800 }, 1, 0);
    c.relu = true;
    convolve(&c, &s);
    assert_near(z, (double[]){ 0, 1 }, 2, 0);
    ck_assert_mem_eq(argmax, ((uint8_t[]){ 4, 0 }), 2);
    assert_near(dW, (double[]){ 60 + 2 * 800 }, 1, 0);
    assert_near(db, (double[]){ 10 + 2 * 100 }, 1, 0);
    assert_near(dx, (double[]){ 0, 0, 200, 0, 0,
                                0, 10, 0, 0, 0,
                                0, 0, 0, 0, 0 }, 15, 0);
}
