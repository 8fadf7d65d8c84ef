/* test_conv_plain.c -- tests conv_plain.c on cases worked by hand. */
#include "kernels/conv.h"
#include "probe.h"
#include "tests.h"

/* An image   1 2 3   a kernel   1 2   and a dz   1   10
 *            4 5 6              3 4              100 1000
 *            7 8 9 */
static const gradus_real nine[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const gradus_real four[] = { 1, 2, 3, 4 };
static const gradus_real powers[] = { 1, 10, 100, 1000 };

/* Convolves one channel into one, forward and backward. */
static void convolve(const gradus_conv *c, const gradus_conv_sample *s)
{
    gradus_conv_plain.forward(c, s, NULL);
    gradus_conv_plain.backward(c, s, NULL);
}

/* The gradients start at 1, 2 and 3, since backward adds to them. */
TEST(the_plain_way_matches_a_case_worked_by_hand)
{
    const gradus_conv c = { .in = 1, .height = 3, .width = 3, .out = 1,
                            .out_height = 2, .out_width = 2, .kernel = 2,
                            .stride = 1, .groups = 1, .W = four,
                            .b = (gradus_real[]){ 10 } };
    gradus_real z[4], dW[4] = { 1 }, db[1] = { 2 }, dx[9] = { 3 };

    convolve(&c, &(gradus_conv_sample){ .x = nine, .z = z, .dz = powers,
                                        .dW = dW, .db = db, .dx = dx });
    assert_near(z, (double[]){ 47, 57, 77, 87 }, 4, 0);           /* (C1) */
    assert_near(dW, (double[]){ 5422, 6532, 8754, 9865 }, 4, 0);  /* (C2) */
    assert_near(dx, (double[]){ 4, 12, 20, 103, 1234, 2040, 300, 3400, 4000 },
                9, 0);                                            /* (C3) */
    assert_near(db, (double[]){ 1113 }, 1, 0);                    /* (C4) */
}

/* In its first place, only the last number of the kernel is inside the image;
 * in its last place, the kernel begins at the 5. */
TEST(the_plain_way_with_stride_and_padding_matches_a_case_worked_by_hand)
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
