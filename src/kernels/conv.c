/* conv.c -- chooses the way to compute a convolution.
 *
 * The table says how many times as long a training step takes without one of
 * the ways: without gemm, plain takes its place; without nonzero, or without
 * vectors, the other ways but max2 remain; without max2, all other ways
 * remain.
 *
 *              cnn-8-16     lenet      convnet     residual
 *   gemm       9.8  15     11   19     12   23     11   19
 *   nonzero    2.1  1.9    2.0  1.9    1.0  1.0    1.0  1.0
 *   vectors    2.0  1.3    1.8  1.1    1.7  0.9    1.8  1.0
 *   max2       1.9  1.5    1.3  1.2    1.0  1.0    1.0  1.0
 *
 * The first number of a pair was measured with AVX-512 on an Intel Xeon,
 * the second on the same machine with kernels for AVX2, the library's own
 * and OpenBLAS's.  They are medians of 7 interleaved rounds of processor
 * time, with one thread and mini-batches of 64.  cnn-8-16 is the network of
 * bench/steps.c; the others are in examples/mnist/nets.c. */
#include "kernels/conv.h"

/* In order of speed: the last way that fits is the fastest, unless most of
 * dz is 0.  The first way fits everything, and has both passes. */
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

/* It is faster to go through a third of the numbers one by one than to
 * multiply all of them.  Behind maxima of 2 x 2, at most a quarter of the
 * numbers is not 0. */
bool gradus_conv_is_sparse(const gradus_real *dz, size_t n)
{
    int count = 0;

    for (size_t i = 0; i < n; i++)
        count += dz[i] != 0;
    return (size_t)count <= n / 3;
}
