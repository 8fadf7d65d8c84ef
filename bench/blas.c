/* blas.c -- the matrix products of other libraries than OpenBLAS, which is
 * linked.  They are loaded when they are asked for, so that none is needed. */
#define _GNU_SOURCE
#include "bench.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What is loaded has functions of the same names as OpenBLAS; with
 * RTLD_DEEPBIND it calls its own. */
static void *open_library(const char *file)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (!library)
        bench_fail("%s", dlerror());
    return library;
}

static void *function(void *library, const char *name)
{
    void *f = dlsym(library, name);
    if (!f)
        bench_fail("%s", dlerror());
    return f;
}

static bench_blas blis(void)
{
    bench_blas b = { .name = "BLIS" };
    void *library = open_library("libblis.so.4");
    const char *(*version)(void);
    *(void **)&b.sgemm = function(library, "cblas_sgemm");
    *(void **)&version = function(library, "bli_info_get_version_str");
    snprintf(b.version, sizeof b.version, "%s", version());
    return b;
}

/* dnnl_sgemm, whose matrices are row by row; its sizes are of 64 bits. */
static int (*dnnl_sgemm)(char a, char b, int64_t m, int64_t n, int64_t k,
                         float alpha, const float *A, int64_t lda,
                         const float *B, int64_t ldb, float beta, float *C,
                         int64_t ldc);

static void onednn_sgemm(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE a,
                         enum CBLAS_TRANSPOSE b, blasint m, blasint n,
                         blasint k, float alpha, const float *A, blasint lda,
                         const float *B, blasint ldb, float beta, float *C,
                         blasint ldc)
{
    (void)order; /* CblasRowMajor */
    if (dnnl_sgemm(a == CblasNoTrans ? 'N' : 'T',
                   b == CblasNoTrans ? 'N' : 'T', m, n, k, alpha, A, lda, B,
                   ldb, beta, C, ldc))
        bench_fail("dnnl_sgemm failed");
}

static bench_blas onednn(void)
{
    bench_blas b = { .name = "oneDNN", .sgemm = onednn_sgemm };
    void *library = open_library("libdnnl.so.2");
    const struct { int major, minor, patch; } *v;
    const void *(*version)(void);
    *(void **)&dnnl_sgemm = function(library, "dnnl_sgemm");
    *(void **)&version = function(library, "dnnl_version");
    v = version();
    snprintf(b.version, sizeof b.version, "%d.%d.%d", v->major, v->minor,
             v->patch);
    return b;
}

static bench_blas openblas(void)
{
    bench_blas b = { .name = "OpenBLAS", .sgemm = cblas_sgemm,
                     .sgemv = cblas_sgemv };
    /* This is "OpenBLAS 0.3.21 DYNAMIC_ARCH ..". */
    if (sscanf(openblas_get_config(), "OpenBLAS %31s", b.version) != 1)
        snprintf(b.version, sizeof b.version, "of unknown version");
    return b;
}

bench_blas bench_blas_named(const char *name)
{
    if (strcmp(name, "openblas") == 0)
        return openblas();
    if (strcmp(name, "blis") == 0)
        return blis();
    return onednn(); /* there are no others: see options.c */
}
