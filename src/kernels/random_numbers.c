/* random_numbers.c -- many random numbers at once: several blocks of
 * Philox4x32-10 side by side, one in each lane of a vector.  base/random.c
 * explains the generator. */
#include "kernels/random_numbers.h"

enum { LANES = 8, BLOCK = 4 }; /* blocks side by side; numbers of a block */

/* A number of 32 bits from each block, with room for its products. */
typedef uint64_t words __attribute__((vector_size(LANES * sizeof(uint64_t))));

/* The next LANES blocks of r, by ten rounds as in gradus_philox. */
GRADUS_INLINE void next_blocks(gradus_random *r, uint32_t *number)
{
    const words first = { 0, 1, 2, 3, 4, 5, 6, 7 };
    const words low = first * 0 + 0xFFFFFFFF;
    uint32_t k0 = r->key[0], k1 = r->key[1];
    words c[BLOCK];

    for (int i = 0; i < BLOCK; i++)
        c[i] = first * 0 + r->counter[i];
    c[0] = (c[0] + first) & low;
    for (int round = 0; round < 10; round++) {
        const words p0 = 0xD2511F53 * c[0], p1 = 0xCD9E8D57 * c[2];
        c[0] = p1 >> 32 ^ c[1] ^ k0;
        c[1] = p1 & low;
        c[2] = p0 >> 32 ^ c[3] ^ k1;
        c[3] = p0 & low;
        k0 += 0x9E3779B9;
        k1 += 0xBB67AE85;
    }
    for (int l = 0; l < LANES; l++)
        for (int i = 0; i < BLOCK; i++)
            number[BLOCK * l + i] = (uint32_t)c[i][l];
    r->counter[0] += LANES;
}

/* ---- for each kind of processor --------------------------------------- */

static void by_plain(gradus_random *r, uint32_t *number)
{
    next_blocks(r, number);
}

GRADUS_FOR_AVX2 static void by_avx2(gradus_random *r, uint32_t *number)
{
    next_blocks(r, number);
}

GRADUS_FOR_AVX512 static void by_avx512(gradus_random *r, uint32_t *number)
{
    next_blocks(r, number);
}

/* What is left of a block that was begun comes first. */
void gradus_random_numbers(gradus_simd simd, gradus_random *r, size_t n,
                           uint32_t *number)
{
    static void (*const version[])(gradus_random *, uint32_t *) = {
        [GRADUS_PLAIN] = by_plain, [GRADUS_AVX2] = by_avx2,
        [GRADUS_AVX512] = by_avx512 };
    size_t i = 0;

    while (i < n && r->left)
        number[i++] = gradus_random_u32(r);
    for (; n - i >= LANES * BLOCK; i += LANES * BLOCK)
        version[simd](r, number + i);
    while (i < n)
        number[i++] = gradus_random_u32(r);
}
