/* test_gemm.c -- matrix products against their definition, in sizes that are
 * taken whole and in sizes that are cut. */
#include "probe.h"
#include "tests.h"

#include <math.h>
#include <stdlib.h>

static const struct {
    int m, n, k;
} size[] = {
    { 1, 1, 1 }, { 3, 5, 7 }, { 40, 50, 600 }, { 64, 130, 300 },
    { 33, 70, 1025 }, { 128, 10, 513 }, { 20, 33, 5000 },
};
enum { SIZES = sizeof size / sizeof *size, PAD = 3 };

static gradus_real *numbers(int rows, int columns, uint64_t seed)
{
    size_t n = (size_t)rows * (size_t)columns;
    gradus_real *a = malloc(n * sizeof *a);

    ck_assert_ptr_nonnull(a);
    probe_fill(a, n, seed);
    return a;
}

/* Element (i,j) of op(A), whose rows are ld long in memory. */
static double at(const gradus_real *A, int transposed, int ld, int i, int j)
{
    return transposed ? A[(size_t)j * ld + i] : A[(size_t)i * ld + j];
}

static void check_product(int ta, int tb, int m, int n, int k,
                          gradus_real beta)
{
    int lda = (ta ? m : k) + PAD, ldb = (tb ? k : n) + PAD, ldc = n + PAD;
    gradus_real *A = numbers(ta ? k : m, lda, 1);
    gradus_real *B = numbers(tb ? n : k, ldb, 2);
    gradus_real *C = numbers(m, ldc, 3), *before = numbers(m, ldc, 3);

    for (int i = 0; beta == 0 && i < m; i++) /* not read then */
        C[(size_t)i * ldc] = NAN;
    gradus_gemm(ta, tb, m, n, k, A, lda, B, ldb, beta, C, ldc);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < ldc; j++) {
            size_t here = (size_t)i * ldc + j;
            double sum = beta * before[here];
            for (int l = 0; j < n && l < k; l++)
                sum += at(A, ta, lda, i, l) * at(B, tb, ldb, l, j);
            if (j < n)
                assert_near(C + here, &sum, 1, k * rounding() / 20 +
                                                   rounding());
            else /* between the rows */
                ck_assert_double_eq(C[here], before[here]);
        }
    free(A);
    free(B);
    free(C);
    free(before);
}

LOOP_TEST(products_are_as_defined, SIZES)
{
    for (int ta = 0; ta < 2; ta++)
        for (int tb = 0; tb < 2; tb++)
            for (int beta = 0; beta < 2; beta++)
                check_product(ta, tb, size[_i].m, size[_i].n, size[_i].k,
                              (gradus_real)beta);
}
