/* limits.c -- the limits of a step's speed: its bare matrix products, and the
 * processor's multiply-adds. */
#define _GNU_SOURCE
#include "bench.h"

#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- The products of a step of dense layers, on one thread ---- */

typedef struct {
    int in, out, first;
    float *X, *dX; /* [B,in] */
    float *W, *dW; /* [out,in] */
    float *Y, *dY; /* [B,out] */
} layer;

/* A matrix [rows,columns] of any numbers. */
static float *numbers(int rows, int columns)
{
    size_t n = (size_t)rows * (size_t)columns;
    float *x = malloc(n * sizeof *x);
    if (!x)
        bench_fail("out of memory");
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(i % 17) / 17 - 0.5f;
    return x;
}

static layer make_layer(const bench_net *net, int i, int batch)
{
    layer l = { .in = net->width[i], .out = net->width[i + 1],
                .first = i == 0 };
    l.X = numbers(batch, l.in);
    l.dX = numbers(batch, l.in);
    l.W = numbers(l.out, l.in);
    l.dW = numbers(l.out, l.in);
    l.Y = numbers(batch, l.out);
    l.dY = numbers(batch, l.out);
    return l;
}

static void free_layer(layer *l)
{
    free(l->X);
    free(l->dX);
    free(l->W);
    free(l->dW);
    free(l->Y);
    free(l->dY);
}

/* C = op(A) op(B), where op(A) is [m,k] and op(B) [k,n]. */
static void product(const bench_blas *by, CBLAS_TRANSPOSE a, CBLAS_TRANSPOSE b,
                    int m, int n, int k, const float *A, const float *B,
                    float *C)
{
    by->sgemm(CblasRowMajor, a, b, m, n, k, 1, A, a == CblasNoTrans ? k : m,
              B, b == CblasNoTrans ? n : k, 0, C, n);
}

static void forward(const bench_blas *by, const layer *l, int batch)
{
    if (batch == 1 && by->sgemv)
        by->sgemv(CblasRowMajor, CblasNoTrans, l->out, l->in, 1, l->W, l->in,
                  l->X, 1, 0, l->Y, 1);
    else
        product(by, CblasNoTrans, CblasTrans, batch, l->out, l->in, l->X, l->W,
                l->Y);                               /* Y = X W'   */
}

static void backward(const bench_blas *by, const layer *l, int batch)
{
    product(by, CblasTrans, CblasNoTrans, l->out, l->in, batch, l->dY, l->X,
            l->dW);                                  /* dW = dY' X */
    if (!l->first)
        product(by, CblasNoTrans, CblasNoTrans, batch, l->in, l->out, l->dY,
                l->W, l->dX);                        /* dX = dY W  */
}

static void step(const options *o, const bench_blas *by, const layer *l,
                 int count)
{
    for (int i = 0; i < count; i++)
        forward(by, &l[i], o->batch);
    for (int i = count - 1; !o->forward_only && i >= 0; i--)
        backward(by, &l[i], o->batch);
}

void bench_gemm(const options *o)
{
    layer l[MAX_LAYERS];
    int count = o->net.count - 1;
    if (!o->net.count)
        bench_fail("gemm: got --net %s; must be of dense layers",
                   o->net.text);
    bench_blas by = bench_blas_named(o->blas);
    openblas_set_num_threads(1);
    for (int i = 0; i < count; i++)
        l[i] = make_layer(&o->net, i, o->batch);

    for (int turn = 0; bench_next_turn(o, turn); turn++) {
        double warm = bench_seconds() + o->seconds / 5;
        do
            step(o, &by, l, count);
        while (bench_seconds() < warm);

        double start = bench_seconds(), elapsed, steps = 0;
        do {
            step(o, &by, l, count);
            steps++;
        } while ((elapsed = bench_seconds() - start) < o->seconds);
        printf("{\"samples_per_second\": %.6g, \"step_seconds\": %.6g, "
               "\"library\": \"%s %s\"}\n", steps * o->batch / elapsed,
               elapsed / steps, by.name, by.version);
    }
    for (int i = 0; i < count; i++)
        free_layer(&l[i]);
}

/* ---- Multiply-adds of registers alone ---- */

#ifdef __AVX512F__
enum { LANES = 16 };
#else
enum { LANES = 8 };
#endif
typedef float vector __attribute__((vector_size(LANES * sizeof(float))));

/* Each chain of multiply-adds waits for itself.  Two units with a latency of
 * some 4 cycles are kept busy by 8 chains or more. */
enum { CHAINS = 12, TURNS = 100000 };

typedef struct {
    double seconds, flops, elapsed;
    pthread_barrier_t *begin;
    float sum; /* is printed, so that the compiler leaves nothing out */
} chain_job;

/* Computes TURNS times CHAINS multiply-adds that do not wait for one
 * another. */
static float turn(void)
{
    const vector a = (vector){ 0 } + 0.999f, b = (vector){ 0 } + 0.001f;
    vector c[CHAINS];
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++)
        c[i] = a + (float)i;
    for (int t = 0; t < TURNS; t++) {
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            c[i] = c[i] * a + b;
        /* Keeps the compiler from reusing the result of an earlier call. */
        __asm__ volatile("");
    }
#pragma GCC unroll 12
    for (int i = 1; i < CHAINS; i++)
        c[0] += c[i];
    return c[0][0];
}

double bench_flops(double seconds)
{
    const double start = bench_seconds();
    double flops = 0, now;
    volatile float sum = 0;

    do {
        sum = sum + turn();
        flops += 2.0 * LANES * CHAINS * TURNS;
    } while ((now = bench_seconds()) < start + seconds);
    return flops / (now - start);
}

static void *run_chains(void *job)
{
    chain_job *j = job;
    double warm = bench_seconds() + j->seconds / 5;
    do
        j->sum += turn();
    while (bench_seconds() < warm);

    pthread_barrier_wait(j->begin);
    double start = bench_seconds();
    do {
        j->sum += turn();
        j->flops += 2.0 * LANES * CHAINS * TURNS;
    } while ((j->elapsed = bench_seconds() - start) < j->seconds);
    return NULL;
}

static void peak(const options *o)
{
    pthread_t thread[256];
    chain_job job[256] = { 0 };
    pthread_barrier_t begin;
    double rate = 0;
    pthread_barrier_init(&begin, NULL, (unsigned)o->threads);
    for (int i = 0; i < o->threads; i++) {
        job[i] = (chain_job){ .seconds = o->seconds, .begin = &begin };
        if (pthread_create(&thread[i], NULL, run_chains, &job[i]))
            bench_fail("a thread could not be started");
    }
    for (int i = 0; i < o->threads; i++) {
        pthread_join(thread[i], NULL);
        rate += job[i].flops / job[i].elapsed;
    }
    printf("{\"gflops\": %.6g, \"lanes\": %d, \"openblas\": \"%s\", "
           "\"sum\": %g}\n", rate / 1e9, LANES, openblas_get_corename(),
           (double)job[0].sum);
}

void bench_peak(const options *o)
{
    if (o->threads > 256)
        bench_fail("peak: got --threads %d; must be at most 256", o->threads);
    for (int turn = 0; bench_next_turn(o, turn); turn++)
        peak(o);
}
