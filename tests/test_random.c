/* test_random.c -- the random numbers: the generator's published words, its
 * streams, and the ranges and moments of the distributions. */
#include "kernels/random_numbers.h"
#include "tests.h"

#include <math.h>
#include <stdlib.h>

/* The words are those of the file kat_vectors of Random123 1.14, for
 * philox4x32 with 10 rounds. */
TEST(philox_gives_the_published_words)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        { { 0, 0, 0, 0 },
          { 0, 0 },
          { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
        { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
          { 0xffffffff, 0xffffffff },
          { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
        { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
          { 0xa4093822, 0x299f31d0 },
          { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        gradus_philox(known[i].counter, known[i].key, out);
        ck_assert_mem_eq(out, known[i].out, sizeof out);
    }
}

TEST(philox_may_write_over_its_counter)
{
    uint32_t c[4] = { 0 }, key[2] = { 0 };

    gradus_philox(c, key, c);
    ck_assert_uint_eq(c[0], 0x6627e8d5);
    ck_assert_uint_eq(c[3], 0x9b00dbd8);
}

TEST(a_stream_consists_of_the_words_of_a_rising_counter)
{
    uint32_t key[2] = { 0x89abcdef, 0x01234567 }, word[8];
    gradus_random r;

    gradus_philox((uint32_t[]){ 0, 5, 0x76543210, 0xfedcba98 }, key, word);
    gradus_philox((uint32_t[]){ 1, 5, 0x76543210, 0xfedcba98 }, key, word + 4);
    gradus_random_init(&r, 0x0123456789abcdef, 5, 0xfedcba9876543210);
    for (int i = 0; i < 8; i++)
        ck_assert_uint_eq(gradus_random_u32(&r), word[i]);
}

TEST(streams_differ_if_seed_or_a_or_b_differ)
{
    static const struct {
        uint64_t seed;
        uint32_t a;
        uint64_t b;
    } name[] = {
        { 0, 0, 0 }, { 1, 0, 0 }, { (uint64_t)1 << 32, 0, 0 }, { 0, 1, 0 },
        { 0, 0, 1 }, { 0, 0, (uint64_t)1 << 32 }, { 1, 1, 0 }, { 1, 0, 1 },
    };
    enum { N = sizeof name / sizeof *name, WORDS = 64 };
    uint32_t word[N][WORDS];

    for (int i = 0; i < N; i++) {
        gradus_random r;
        gradus_random_init(&r, name[i].seed, name[i].a, name[i].b);
        for (int w = 0; w < WORDS; w++)
            word[i][w] = gradus_random_u32(&r);
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < i; j++)
            for (int w = 0; w < WORDS; w++)
                ck_assert_uint_ne(word[i][w], word[j][w]);
}

/* From any place in a block, and for any number of blocks. */
TEST(many_numbers_at_once_are_those_of_single_calls)
{
    enum { MOST = 150 };

    for (int simd = 0; simd <= (int)gradus_simd_here(); simd++)
        for (size_t before = 0; before < 5; before++)
            for (size_t n = 0; n < MOST; n++) {
                gradus_random one, many;
                uint32_t number[MOST + 1];
                gradus_random_init(&one, 3, 4, 5);
                one.counter[0] = 0xFFFFFFF8; /* the counter overflows */
                many = one;
                for (size_t i = 0; i < before; i++)
                    ck_assert_uint_eq(gradus_random_u32(&one),
                                      gradus_random_u32(&many));
                number[n] = 7;
                gradus_random_numbers((gradus_simd)simd, &many, n, number);
                for (size_t i = 0; i < n; i++)
                    ck_assert_uint_eq(number[i], gradus_random_u32(&one));
                ck_assert_uint_eq(number[n], 7);
                ck_assert_uint_eq(gradus_random_u32(&one),
                                  gradus_random_u32(&many));
            }
}

TEST(gradus_random_below_stays_in_its_range)
{
    static const uint32_t limit[] = { 1, 2, 3, 10, 60000, 0x80000000,
                                      0xffffffff };
    gradus_random r;

    gradus_random_init(&r, 1, 2, 3);
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++)
        for (int draw = 0; draw < 1000; draw++)
            ck_assert_uint_lt(gradus_random_below(&r, limit[i]), limit[i]);
}

TEST(gradus_random_below_ten_gives_each_number_equally_often)
{
    enum { DRAWS = 100000 };
    int count[10] = { 0 };
    double chi2 = 0;
    gradus_random r;

    gradus_random_init(&r, 7, 0, 0);
    for (int i = 0; i < DRAWS; i++)
        count[gradus_random_below(&r, 10)]++;
    for (int k = 0; k < 10; k++)
        chi2 += pow(count[k] - DRAWS / 10., 2) / (DRAWS / 10.);
    /* With 9 degrees of freedom, 1 seed in 1000 would give more. */
    ck_assert_double_lt(chi2, 27.9);
}

/* There are 2^32 words and n = 3 * 2^30 values.  A generator that never draws
 * again would give one value in three twice as often, and then half of all
 * draws would be 0 modulo 3. */
TEST(gradus_random_below_has_no_bias_in_large_ranges)
{
    enum { DRAWS = 30000 };
    int count[3] = { 0 };
    gradus_random r;

    gradus_random_init(&r, 8, 0, 0);
    for (int i = 0; i < DRAWS; i++)
        count[gradus_random_below(&r, 3u << 30) % 3]++;
    for (int k = 0; k < 3; k++) /* the standard deviation is 82 */
        ck_assert_int_le(abs(count[k] - DRAWS / 3), 400);
}

TEST(uniform_numbers_reach_0_but_not_1)
{
    gradus_random low = { .left = 4 }, high = { .left = 4 };

    memset(high.block, 0xff, sizeof high.block);
    ck_assert(gradus_random_uniform(&low) == 0);
    ck_assert(gradus_random_uniform(&high) == 1 - 0x1p-53);
}

TEST(uniform_numbers_have_the_moments_of_their_distribution)
{
    enum { N = 100000 };
    double sum = 0, squares = 0;
    gradus_random r;

    gradus_random_init(&r, 9, 0, 0);
    for (int i = 0; i < N; i++) {
        double u = gradus_random_uniform(&r);
        ck_assert(u >= 0 && u < 1);
        sum += u;
        squares += u * u;
    }
    /* The tolerances are 5 standard deviations or more. */
    ck_assert_double_eq_tol(sum / N, 1 / 2., 0.005);
    ck_assert_double_eq_tol(squares / N, 1 / 3., 0.005);
}

TEST(normal_numbers_have_the_moments_of_their_distribution)
{
    enum { N = 100000 };
    double moment[5] = { 0 }, far = 0;
    gradus_random r;

    gradus_random_init(&r, 10, 0, 0);
    for (int i = 0; i < N; i++) {
        double x = gradus_random_normal(&r);
        for (int p = 1; p < 5; p++)
            moment[p] += pow(x, p) / N;
        far += (fabs(x) > 2) / (double)N;
    }
    /* The tolerances are 5 standard deviations. */
    ck_assert_double_eq_tol(moment[1], 0, 0.016);
    ck_assert_double_eq_tol(moment[2], 1, 0.023);
    ck_assert_double_eq_tol(moment[3], 0, 0.062);
    ck_assert_double_eq_tol(moment[4], 3, 0.156);
    ck_assert_double_eq_tol(far, 0.0455, 0.0034);
}

TEST(normal_numbers_are_finite_at_both_ends_of_the_uniform_ones)
{
    gradus_random low = { .left = 4 }, high = { .left = 4 };

    memset(high.block, 0xff, sizeof high.block);
    ck_assert_double_finite(gradus_random_normal(&low));
    ck_assert_double_finite(gradus_random_normal(&high));
}
