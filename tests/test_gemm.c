/* test_gemm.c -- matrix products against their definition, in sizes that
 * gradus_gemm computes at once and in sizes that it divides into blocks. */
#include "base/gemm.h"
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

/* A matrix [rows,columns] of random numbers, which the caller frees. */
static gradus_real *numbers(int rows, int columns, uint64_t seed)
{
    size_t n = (size_t)rows * (size_t)columns;
    gradus_real *a = malloc(n * sizeof *a);

    ck_assert_ptr_nonnull(a);
    probe_fill(a, n, seed);
    return a;
}

/* Element (i,j) of A or of its transpose; the rows of A are ld numbers apart
 * in memory. */
static double at(const gradus_real *A, int transposed, int ld, int i, int j)
{
    return transposed ? A[(size_t)j * ld + i] : A[(size_t)i * ld + j];
}

/* Checks C = op(A) op(B) + beta C, where op(A) is [m,k] and op(B) [k,n]; ta
 * and tb are non-zero for a transpose. */
static void check_product(int ta, int tb, int m, int n, int k,
                          gradus_real beta)
{
    int lda = (ta ? m : k) + PAD, ldb = (tb ? k : n) + PAD, ldc = n + PAD;
    gradus_real *A = numbers(ta ? k : m, lda, 1);
    gradus_real *B = numbers(tb ? n : k, ldb, 2);
    gradus_real *C = numbers(m, ldc, 3), *before = numbers(m, ldc, 3);
    gradus_mode mode;

    for (int i = 0; beta == 0 && i < m; i++) /* C must not be read then */
        C[(size_t)i * ldc] = NAN;
    /* One thread, as in a step: ThreadSanitizer does not see how OpenBLAS's
     * threads wait for each other. */
    gradus_compute_enter(&mode);
    gradus_gemm(ta, tb, m, n, k, A, lda, B, ldb, beta, C, ldc);
    gradus_compute_leave(&mode);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < ldc; j++) {
            size_t here = (size_t)i * ldc + j;
            double sum = beta * before[here];
            for (int l = 0; j < n && l < k; l++)
                sum += at(A, ta, lda, i, l) * at(B, tb, ldb, l, j);
            if (j < n)
                assert_near(C + here, &sum, 1, k * rounding() / 20 +
                                                   rounding());
            else /* the gap between two rows */
                ck_assert_double_eq(C[here], before[here]);
        }
    free(A);
    free(B);
    free(C);
    free(before);
}

/* Each size with all values of ta, tb and beta. */
LOOP_TEST(matrix_products_follow_their_definition, 8 * SIZES)
{
    const int s = _i / 8;

    check_product(_i & 1, _i >> 1 & 1, size[s].m, size[s].n, size[s].k,
                  (gradus_real)(_i >> 2 & 1));
}
