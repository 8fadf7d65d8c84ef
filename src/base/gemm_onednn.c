/* gemm_onednn.c -- matrix products, computed by oneDNN; `make BLAS=onednn`
 * compiles this in place of gemm.c, but for double precision, for which oneDNN
 * has no products.
 *
 * On an Intel Xeon with AVX-512, nets with wide dense layers were 1.08 to 1.2
 * times as fast with it in batches of 256 and 1,024, or with 10,000 classes,
 * convolutional nets as fast, and small dense nets 0.8 to 1 times in batches
 * of 32 and 64, as OpenBLAS has kernels for small products there.
 *
 * The first product of a process has oneDNN generate code, and libgomp take
 * some memory for each thread.  If there is none, oneDNN or libgomp ends the
 * process.  If a later product finds no memory, product() takes its place. */
#include "base/gemm.h"

#include "gradus_layer.h"

#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <pthread.h>

#if DNNL_CPU_THREADING_RUNTIME != DNNL_RUNTIME_OMP && \
    DNNL_CPU_THREADING_RUNTIME != DNNL_RUNTIME_SEQ
#error "oneDNN must be built with OpenMP, or without threads"
#endif

/* How many threads OpenMP gives to what the calling thread starts; oneDNN asks
 * for that.  These are declared in omp.h, which not every compiler has. */
int omp_get_max_threads(void);
void omp_set_num_threads(int n);

void gradus_compute_enter(gradus_mode *m)
{
    gradus_mode_enter(m);
}

void gradus_compute_leave(const gradus_mode *m)
{
    gradus_mode_leave(m);
}

static char blas_name[96];

static void write_blas_name(void)
{
    const dnnl_version_t *v = dnnl_version();

    snprintf(blas_name, sizeof blas_name, "oneDNN %d.%d.%d %s", v->major,
             v->minor, v->patch,
             dnnl_cpu_isa2str(dnnl_get_effective_cpu_isa()));
}

const char *gradus_blas_name(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, write_blas_name);
    return blas_name;
}

/* The same product by its definition, for when oneDNN finds no memory.  Its
 * last bits may be others. */
static void product(int transpose_a, int transpose_b, int m, int n, int k,
                    const gradus_real *A, int lda, const gradus_real *B,
                    int ldb, gradus_real beta, gradus_real *C, int ldc)
{
    const size_t a_row = transpose_a ? 1 : (size_t)lda;
    const size_t a_col = transpose_a ? (size_t)lda : 1;
    const size_t b_row = transpose_b ? 1 : (size_t)ldb;
    const size_t b_col = transpose_b ? (size_t)ldb : 1;

    for (size_t i = 0; i < (size_t)m; i++)
        for (size_t j = 0; j < (size_t)n; j++) {
            gradus_real *c = C + i * (size_t)ldc + j, sum = 0;

            for (size_t s = 0; s < (size_t)k; s++)
                sum += A[i * a_row + s * a_col] * B[s * b_row + j * b_col];
            *c = beta != 0 ? sum + beta * *c : sum;
        }
}

/* C = op(A) op(B) + beta C, as gradus_layer.h says, on one thread. */
void gradus_gemm(int transpose_a, int transpose_b, int m, int n, int k,
                 const gradus_real *A, int lda, const gradus_real *B, int ldb,
                 gradus_real beta, gradus_real *C, int ldc)
{
    const int threads = omp_get_max_threads();

    if (threads != 1)
        omp_set_num_threads(1);
    if (dnnl_sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', m, n, k,
                   1, A, lda, B, ldb, beta, C, ldc) != dnnl_success)
        product(transpose_a, transpose_b, m, n, k, A, lda, B, ldb, beta, C,
                ldc);
    if (threads != 1)
        omp_set_num_threads(threads);
}
