/* gemm.c -- matrix products, computed by OpenBLAS.  This is the only file of
 * src that includes cblas.h.  `make BLAS=onednn` compiles gemm_onednn.c in its
 * place.
 *
 * Where OpenBLAS has faster kernels for small products, a larger product is
 * divided into blocks that are small enough for them. */
#include "base/gemm.h"

#include "gradus_layer.h"

#include <cblas.h>
#include <pthread.h>
#include <string.h>

/* OpenBLAS keeps its number of threads in a global variable of the process,
 * so the number of those who rely on it being 1 must be global too.
 * threads_before is what it was before the first of them.  Both are guarded
 * by lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users, threads_before;

void gradus_compute_enter(gradus_mode *m)
{
    gradus_mode_enter(m);
    pthread_mutex_lock(&lock);
    if (users++ == 0) {
        threads_before = openblas_get_num_threads();
        if (threads_before != 1)
            openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
}

void gradus_compute_leave(const gradus_mode *m)
{
    pthread_mutex_lock(&lock);
    if (--users == 0 && threads_before != 1)
        openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&lock);
    gradus_mode_leave(m);
}

static char blas_name[256];

static void copy_blas_name(void)
{
    snprintf(blas_name, sizeof blas_name, "%s", openblas_get_config());
}

/* OpenBLAS writes the text anew into one array in each call, while another
 * thread may read it. */
const char *gradus_blas_name(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, copy_blas_name);
    return blas_name;
}

#ifdef GRADUS_DOUBLE
#define GEMM cblas_dgemm
#else
#define GEMM cblas_sgemm
#endif

/* Does OpenBLAS have its kernels for small products (see below) on this
 * processor? */
static int has_small_kernels(void)
{
    const char *core = openblas_get_corename();

    return strcmp(core, "SkylakeX") == 0 || strcmp(core, "Cooperlake") == 0 ||
           strcmp(core, "SapphireRapids") == 0;
}

/* A block of a product: its rows and columns of C, and how many of the k terms
 * of each sum are added up at once.
 *
 * With AVX-512, OpenBLAS has kernels for products of at most 100^3
 * multiplications which do not pack their operands first; of A B', only up to
 * 1,200 numbers of C.  The products of a training step, divided into blocks
 * for them, were measured to be 1.1 to 1.6 times as fast as whole, but A B'
 * with sums of fewer than 128 terms (dW of a convolution of small images) only
 * 0.5 to 0.9 times.  Other processors would pack anew for each block.
 *
 * The blocks below were the fastest of a search, or within 2 % of it, for
 * layers of 128 to 784 units.  With 256 rows of B at once in place of 128,
 * products took up to 1.3 times as long, most if the rows lie a power of
 * two apart, and so meet in a few of the cache's sets. */
typedef struct {
    int rows, cols, sums;
} block;

/* Chooses the block for a product of [m,k] and [k,n].  a_bt says that it
 * has the form A B'. */
static block block_of(int transpose_b, int a_bt, int m, int n, int k)
{
    const double most = 1e6;
    const block whole = { m, n, k };
    bool fits = (double)m * n * k <= most && !(a_bt && (double)m * n > 1200);

    if (fits || (a_bt && k < 128) || !has_small_kernels())
        return whole;
    if (!transpose_b)
        return (block){ 64, 64, 128 };
    for (int rows = 64; rows >= 16; rows /= 2)
        if (16.0 * rows * k <= most)
            return (block){ rows, 16, k };
    return whole;
}

/* Returns where op(A)[row,col] lies in A. */
static const gradus_real *at(const gradus_real *A, int transpose, int row,
                             int col, int lda)
{
    return transpose ? A + (size_t)col * (size_t)lda + row
                     : A + (size_t)row * (size_t)lda + col;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* C = op(A) op(B) + beta C.  op(A) is [m,k], op(B) is [k,n] and C is [m,n];
 * lda, ldb and ldc are the distances of the rows of A, B and C, in numbers.
 * The outermost loop is over the terms of the sums, so that a large B is read
 * in the order in which it lies in memory. */
void gradus_gemm(int transpose_a, int transpose_b, int m, int n, int k,
                 const gradus_real *A, int lda, const gradus_real *B, int ldb,
                 gradus_real beta, gradus_real *C, int ldc)
{
    CBLAS_TRANSPOSE op_a = transpose_a ? CblasTrans : CblasNoTrans;
    CBLAS_TRANSPOSE op_b = transpose_b ? CblasTrans : CblasNoTrans;
    block p = block_of(transpose_b, !transpose_a && transpose_b, m, n, k);

    for (int s = 0; s < k; s += p.sums)
        for (int j = 0; j < n; j += p.cols)
            for (int i = 0; i < m; i += p.rows)
                GEMM(CblasRowMajor, op_a, op_b, least(p.rows, m - i),
                     least(p.cols, n - j), least(p.sums, k - s), 1,
                     at(A, transpose_a, i, s, lda), lda,
                     at(B, transpose_b, s, j, ldb), ldb, s ? 1 : beta,
                     C + (size_t)i * (size_t)ldc + j, ldc);
}
