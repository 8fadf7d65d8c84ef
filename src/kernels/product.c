/* product.c -- products of small matrices, for each length of vectors. */
#include "kernels/product.h"

/* Of the 32 registers 24 hold sums. */
#define LANES lanes512
#define BYTES 64
#define ROWS 8
#define FOR GRADUS_FOR_AVX512
#define NAME(f) f##_512
#include "kernels/product_of_vectors.h"

/* Of the 16 registers 12 hold sums. */
#define LANES lanes256
#define BYTES 32
#define ROWS 4
#define FOR GRADUS_FOR_AVX2
#define NAME(f) f##_256
#include "kernels/product_of_vectors.h"

#define LANES lanes128
#define BYTES 16
#define ROWS 4
#define FOR
#define NAME(f) f##_128
#include "kernels/product_of_vectors.h"

int gradus_product_wide(gradus_simd simd, int channels)
{
    static const int bytes[] = { [GRADUS_PLAIN] = 16, [GRADUS_AVX2] = 32,
                                 [GRADUS_AVX512] = 64 };
    const int lanes = bytes[simd] / (int)sizeof(gradus_real);
    const int whole = lanes > PRODUCT_ROWS ? lanes : PRODUCT_ROWS;

    return (channels + whole - 1) / whole * whole;
}

void gradus_multiply(gradus_simd simd, const gradus_product *p)
{
    static void (*const version[])(const gradus_product *) = {
        [GRADUS_PLAIN] = multiply_128, [GRADUS_AVX2] = multiply_256,
        [GRADUS_AVX512] = multiply_512 };

    version[simd](p);
}
