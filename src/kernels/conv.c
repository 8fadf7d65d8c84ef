/* conv.c -- which way to convolve. */
#include "kernels/conv.h"

/* Later ones are faster, where they fit. */
static const gradus_conv_way *const ways[] = {
    &gradus_conv_plain, &gradus_conv_nonzero, &gradus_conv_gemm,
    &gradus_conv_vectors, &gradus_conv_max2,
};

const gradus_conv_way *gradus_conv_best(const gradus_conv *c, bool back)
{
    int k = sizeof ways / sizeof *ways - 1;

    while (!(back ? ways[k]->backward : ways[k]->forward) ||
           !ways[k]->fits(c))
        k--;
    return ways[k];
}

/* Going through up to a third of the numbers one by one is faster than a
 * product with all of them.  Behind maxima of 2 x 2 a quarter is left. */
bool gradus_conv_is_sparse(const gradus_real *dz, size_t n)
{
    int count = 0;

    for (size_t i = 0; i < n; i++)
        count += dz[i] != 0;
    return (size_t)count <= n / 3;
}
