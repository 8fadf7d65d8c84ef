/* test_conv_ways_by_hand.c -- tests three ways to convolve on the case that
 * test_conv_plain.c has, worked by hand. */
#include "kernels/conv.h"
#include "probe.h"
#include "tests.h"

#include <stdlib.h>

/* The equations of docs/conv.md that each way computes forward. */
static const gradus_conv_way *const ways[] = {
    &gradus_conv_gemm,    /* (C5) */
    &gradus_conv_vectors, /* (C8) */
    &gradus_conv_direct,  /* (C9) */
};

/* Of these sums of whole numbers none is rounded.  The way gemm computes dW by
 * (C6) and dx by (C7). */
LOOP_TEST(a_fast_way_matches_a_case_worked_by_hand, COUNT(ways))
{
    const gradus_conv_way *way = ways[_i];
    gradus_conv c = { .in = 1, .height = 3, .width = 3, .out = 1,
                      .out_height = 2, .out_width = 2, .kernel = 2,
                      .stride = 1, .groups = 1, .samples = 1,
                      .W = (gradus_real[]){ 1, 2, 3, 4 },
                      .b = (gradus_real[]){ 10 } };
    gradus_real z[4], dW[4] = { 1 }, db[1] = { 2 }, dx[9] = { 3 };
    gradus_real *scratch = malloc(way->scratch(&c) * sizeof *scratch);
    gradus_real packed[1024];
    const gradus_conv_sample s = {
        .x = (gradus_real[]){ 1, 2, 3, 4, 5, 6, 7, 8, 9 }, .z = z,
        .dz = (gradus_real[]){ 1, 10, 100, 1000 }, .dW = dW, .db = db,
        .dx = dx };

    ck_assert(scratch && way->fits(&c));
    ck_assert_uint_le(gradus_conv_packed(way, &c), COUNT(packed));
    c.packed = packed;
    if (way->pack)
        way->pack(&c, packed);
    if (way->begin)
        way->begin(&c, scratch);
    way->forward(&c, &s, scratch);
    if (way->end)
        way->end(&c, scratch);
    if (way->begin_back)
        way->begin_back(&c, scratch);
    way->backward(&c, &s, scratch);
    if (way->end_back)
        way->end_back(&c, scratch, dW);
    free(scratch);
    assert_near(z, (double[]){ 47, 57, 77, 87 }, 4, 0);
    assert_near(dW, (double[]){ 5422, 6532, 8754, 9865 }, 4, 0);
    assert_near(db, (double[]){ 1113 }, 1, 0);
    assert_near(dx, (double[]){ 4, 12, 20, 103, 1234, 2040, 300, 3400, 4000 },
                9, 0);
}

TEST(max2_does_not_fit_where_it_leaves_nothing)
{
    gradus_conv c = { .in = 1, .height = 3, .width = 2, .out = 1,
                      .out_height = 2, .out_width = 1, .kernel = 2,
                      .stride = 1, .groups = 1, .samples = 1, .max2 = true };

    ck_assert(!gradus_conv_max2.fits(&c));
    c.width = 3;
    c.out_width = 2;
    ck_assert(gradus_conv_max2.fits(&c));
}
