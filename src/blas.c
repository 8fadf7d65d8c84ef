/* blas.c -- matrix products by OpenBLAS: the only file that sees cblas.h. */
#include "blas.h"

#include "gradus.h"

#include <cblas.h>
#include <pthread.h>
#include <string.h>

/* OpenBLAS keeps its number of threads in a global of the process, so the
 * count of those who rely on it has to be one too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users, threads_before;

void gradus_blas_enter(void)
{
    pthread_mutex_lock(&lock);
    if (users++ == 0) {
        threads_before = openblas_get_num_threads();
        if (threads_before != 1)
            openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
}

void gradus_blas_leave(void)
{
    pthread_mutex_lock(&lock);
    if (--users == 0 && threads_before != 1)
        openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&lock);
}

static void gemm(int ta, int tb, int m, int n, int k, const gradus_real *A,
                 int lda, const gradus_real *B, int ldb, gradus_real beta,
                 gradus_real *C, int ldc)
{
    CBLAS_TRANSPOSE a = ta ? CblasTrans : CblasNoTrans;
    CBLAS_TRANSPOSE b = tb ? CblasTrans : CblasNoTrans;

#ifdef GRADUS_DOUBLE
    cblas_dgemm(CblasRowMajor, a, b, m, n, k, 1, A, lda, B, ldb, beta, C, ldc);
#else
    cblas_sgemm(CblasRowMajor, a, b, m, n, k, 1, A, lda, B, ldb, beta, C, ldc);
#endif
}

static int has_small_kernels(void)
{
    const char *core = openblas_get_corename();

    return strcmp(core, "SkylakeX") == 0 || strcmp(core, "Cooperlake") == 0 ||
           strcmp(core, "SapphireRapids") == 0;
}

/* With AVX-512, OpenBLAS has kernels for products of at most 100^3
 * multiplications which do not pack their operands first; of A B', only up to
 * 1,200 numbers.  The products of a training step, cut into pieces of that
 * size, were measured 1.1 to 1.5 times as fast as whole; but A B' with sums of
 * fewer than 128 products (dW of a convolution of small images) 0.5 to 0.9
 * times.  Other processors would pack for each piece anew. */
static void piece_size(int a_bt, int m, int n, int k, int *rows, int *cols)
{
    const double most = 1e6;
    int fits = (double)m * n * k <= most && !(a_bt && (double)m * n > 1200);

    *rows = m;
    *cols = n;
    if (fits || (a_bt && k < 128) || k > most / (16 * 16) ||
        !has_small_kernels())
        return;
    *rows = k > most / (32 * 16) ? 16 : 32;
    *cols = (int)(most / *rows / k) / 16 * 16;
    if (a_bt && *cols > 32)
        *cols = 32;
}

void gradus_gemm(int transpose_a, int transpose_b, int m, int n, int k,
                 const gradus_real *A, int lda, const gradus_real *B, int ldb,
                 gradus_real beta, gradus_real *C, int ldc)
{
    size_t a_row = transpose_a ? 1 : (size_t)lda; /* of op(A), in A */
    size_t b_col = transpose_b ? (size_t)ldb : 1; /* of op(B), in B */
    int rows, cols;

    piece_size(!transpose_a && transpose_b, m, n, k, &rows, &cols);
    for (int j = 0; j < n; j += cols)
        for (int i = 0; i < m; i += rows)
            gemm(transpose_a, transpose_b, rows < m - i ? rows : m - i,
                 cols < n - j ? cols : n - j, k, A + (size_t)i * a_row, lda,
                 B + (size_t)j * b_col, ldb, beta,
                 C + (size_t)i * (size_t)ldc + j, ldc);
}
