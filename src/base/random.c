/* random.c -- random numbers from Philox4x32-10, a counter-based generator.
 *
 * Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3
 * (2011).  A block of four numbers is a function of a counter and a key
 * alone, with no state from earlier blocks, so the numbers of a sample do
 * not depend on which thread asks for them, or when. */
#include "gradus.h"

#include <math.h>
#include <string.h>

/* One round: the high and low halves of two products, mixed with the key k
 * [2], replace the counter c [4].  The multipliers here, and the Weyl
 * constants below, are those of section 2.4 of the paper. */
static void philox_round(uint32_t c[4], const uint32_t k[2])
{
    uint64_t p0 = (uint64_t)0xD2511F53 * c[0];
    uint64_t p1 = (uint64_t)0xCD9E8D57 * c[2];
    uint32_t c1 = c[1], c3 = c[3];

    c[0] = (uint32_t)(p1 >> 32) ^ c1 ^ k[0];
    c[1] = (uint32_t)p1;
    c[2] = (uint32_t)(p0 >> 32) ^ c3 ^ k[1];
    c[3] = (uint32_t)p0;
}

/* Ten rounds, after each of which the key is raised by the Weyl constants. */
void gradus_philox(const uint32_t counter[4], const uint32_t key[2],
                   uint32_t out[4])
{
    if (!counter || !key || !out)
        return;
    uint32_t k[2] = { key[0], key[1] };
    memmove(out, counter, 4 * sizeof *out); /* they may be the same */
    for (int round = 0; round < 10; round++) {
        philox_round(out, k);
        k[0] += 0x9E3779B9;
        k[1] += 0xBB67AE85;
    }
}

/* The first word of the counter numbers the blocks; a and b fill the
 * others. */
void gradus_random_init(gradus_random *r, uint64_t seed, uint32_t a,
                        uint64_t b)
{
    if (!r)
        return;
    *r = (gradus_random){
        .key = { (uint32_t)seed, (uint32_t)(seed >> 32) },
        .counter = { 0, a, (uint32_t)b, (uint32_t)(b >> 32) },
    };
}

/* Computes a block of four numbers when none of the last is left. */
uint32_t gradus_random_u32(gradus_random *r)
{
    if (!r)
        return 0;
    if (r->left == 0) {
        gradus_philox(r->counter, r->key, r->block);
        r->counter[0]++;
        r->left = 4;
    }
    return r->block[4 - r->left--];
}

/* Lemire 2019: the high word of u32 * n.  The draw is repeated in the few
 * cases that would favour some numbers, as 2^32 need not be a multiple of
 * n. */
uint32_t gradus_random_below(gradus_random *r, uint32_t n)
{
    uint64_t m = (uint64_t)gradus_random_u32(r) * n;

    if (r && (uint32_t)m < n)
        for (uint32_t reject = -n % n; (uint32_t)m < reject;)
            m = (uint64_t)gradus_random_u32(r) * n;
    return (uint32_t)(m >> 32);
}

/* A number in [0,1) with 53 random bits, as many as the significand of a
 * double has. */
double gradus_random_uniform(gradus_random *r)
{
    uint64_t high = gradus_random_u32(r) >> 5;
    uint64_t low = gradus_random_u32(r) >> 6;

    return (double)(high << 26 | low) * 0x1p-53;
}

/* Box and Muller 1958: sqrt(-2 log(1 - u)) cos(2 pi v) for uniform u and v,
 * where 1 - u lies in (0,1], so the logarithm is finite. */
double gradus_random_normal(gradus_random *r)
{
    double radius = sqrt(-2 * log(1 - gradus_random_uniform(r)));

    return radius * cos(6.283185307179586 * gradus_random_uniform(r));
}
