/* infer.c -- measures inference: of batches that the threads share, and of
 * requests that each thread answers for itself. */
#define _GNU_SOURCE
#include "bench.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_THREADS = 256 };

/* ---- What both need ---- */

static int smaller(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static float *as_floats(const gradus_dataset *d)
{
    size_t n = d->n * (size_t)d->size;
    float *x = malloc(n * sizeof *x);
    if (!x)
        bench_fail("out of memory");
    for (size_t i = 0; i < n; i++)
        x[i] = d->x ? d->x[i] : (float)d->pixels[i] / 255;
    return x;
}

/* Has everything been measured: as many calls as were asked for, or else all
 * in that many seconds? */
static int enough(const options *o, long calls, double seconds)
{
    return calls == MAX_CALLS ||
           (o->calls ? calls >= o->calls : calls && seconds >= o->seconds);
}

/* Sorts the seconds of each call, and prints some of them. */
static void print_latencies(double *latency, long calls, double rate)
{
    qsort(latency, (size_t)calls, sizeof *latency, smaller);
    printf("{\"samples_per_second\": %.6g, \"calls\": %ld, \"p50\": %.6g, "
           "\"p99\": %.6g, \"p99.9\": %.6g, \"peak_kb\": %ld}\n", rate,
           calls, latency[calls / 2], latency[calls * 99 / 100],
           latency[calls * 999 / 1000], bench_peak_kb());
}

/* ---- infer: each thread takes a slice of each batch ---- */

/* A barrier whose threads do not sleep, since those of the libraries that
 * gradus is compared with do not sleep between two batches. */
typedef struct {
    int threads;
    atomic_int arrived, round;
} meeting;

static void meet(meeting *m)
{
    int round = atomic_load(&m->round);
    if (atomic_fetch_add(&m->arrived, 1) + 1 == m->threads) {
        atomic_store(&m->arrived, 0);
        atomic_fetch_add(&m->round, 1);
    }
    while (atomic_load(&m->round) == round)
        sched_yield();
}

/* What one thread infers: n rows of each batch, from row `from` on.  The first
 * thread measures for all of them. */
typedef struct {
    const gradus_graph *graph;
    const float *x; /* [rows,size] */
    size_t rows;
    const options *o;
    int size, batch, from, n;
    meeting *all;
    int *stop;       /* set by the first thread, between two meetings */
    double *latency; /* [MAX_CALLS], the seconds of each call */
    long calls;      /* how many calls were measured */
    double elapsed;  /* seconds that they took together */
} slice;

static double infer_batch(slice *s, gradus_workspace *w, size_t row)
{
    double start = bench_seconds();
    meet(s->all);
    if (!gradus_infer(w, s->x + (row + (size_t)s->from) * (size_t)s->size,
                      s->n))
        bench_fail("%s", gradus_error());
    meet(s->all);
    return bench_seconds() - start;
}

static void *infer_slice(void *user)
{
    slice *s = user;
    size_t row = 0;
    gradus_workspace *w = gradus_workspace_new(s->graph, s->n);
    if (!w)
        bench_fail("%s", gradus_error());
    double start = bench_seconds(), warm = start + s->o->seconds / 5;
    for (int warming = 1; !*s->stop; row += (size_t)s->batch) {
        if (row + (size_t)s->batch > s->rows)
            row = 0;
        double took = infer_batch(s, w, row);
        if (s->from == 0) { /* the first thread; the others wait for it */
            double t = bench_seconds();
            if (!warming && s->calls < MAX_CALLS)
                s->latency[s->calls++] = took;
            if (!warming)
                s->elapsed = t - start;
            if (warming && t >= warm) {
                warming = 0;
                start = t;
            }
            *s->stop = !warming && enough(s->o, s->calls, t - start);
        }
        meet(s->all);
    }
    gradus_workspace_free(w);
    return NULL;
}

static void infer(const options *o, const gradus_graph *g,
                  const gradus_dataset *d, const float *x)
{
    pthread_t thread[MAX_THREADS];
    slice s[MAX_THREADS];
    meeting all = { .threads = o->threads };
    int stop = 0, per = o->batch / o->threads;
    for (int i = 0; i < o->threads; i++)
        s[i] = (slice){ .graph = g, .x = x, .rows = d->n, .size = d->size,
                        .batch = o->batch, .from = i * per, .n = per,
                        .o = o, .all = &all, .stop = &stop };
    s[0].latency = malloc(MAX_CALLS * sizeof *s[0].latency);
    if (!s[0].latency)
        bench_fail("out of memory");
    for (int i = 1; i < o->threads; i++)
        if (pthread_create(&thread[i], NULL, infer_slice, &s[i]))
            bench_fail("a thread could not be started");
    infer_slice(&s[0]);
    for (int i = 1; i < o->threads; i++)
        pthread_join(thread[i], NULL);
    print_latencies(s[0].latency, s[0].calls,
                    (double)s[0].calls * o->batch / s[0].elapsed);
    free(s[0].latency);
}

/* ---- serve: each thread has a workspace and requests of its own ---- */

typedef struct {
    const gradus_graph *graph;
    const options *o;
    const float *x; /* [rows,size] */
    size_t rows, first; /* how many there are, and the one it begins at */
    int size;
    pthread_barrier_t *begin;
    atomic_int *busy; /* how many threads still measure */
    double *latency;  /* [MAX_CALLS], the seconds of each call */
    long calls;       /* how many calls were measured */
    double elapsed;   /* seconds that they took together */
} server;

/* Answers one request.  Returns the seconds that it took. */
static double answer(const server *s, gradus_workspace *w, size_t *row)
{
    size_t batch = (size_t)s->o->batch;
    if (*row + batch > s->rows)
        *row = 0;
    double start = bench_seconds();
    if (!gradus_infer(w, s->x + *row * (size_t)s->size, s->o->batch))
        bench_fail("%s", gradus_error());
    *row += batch;
    return bench_seconds() - start;
}

/* A thread that has measured goes on until all have, so that each measures
 * while all are at work. */
static void *serve_requests(void *user)
{
    server *s = user;
    size_t row = s->first;
    gradus_workspace *w = gradus_workspace_new(s->graph, s->o->batch);
    if (!w)
        bench_fail("%s", gradus_error());
    double warm = bench_seconds() + s->o->seconds / 5;
    do
        answer(s, w, &row);
    while (bench_seconds() < warm);

    pthread_barrier_wait(s->begin);
    double start = bench_seconds();
    do {
        s->latency[s->calls++] = answer(s, w, &row);
        s->elapsed = bench_seconds() - start;
    } while (!enough(s->o, s->calls, s->elapsed));
    atomic_fetch_sub(s->busy, 1);
    while (atomic_load(s->busy))
        answer(s, w, &row);
    gradus_workspace_free(w);
    return NULL;
}

/* Gathers the calls of all threads in the array of the first one, which has
 * room for them, and prints them. */
static void print_servers(const options *o, server *s)
{
    long calls = 0;
    double rate = 0;
    for (int i = 0; i < o->threads; i++) {
        rate += (double)s[i].calls * o->batch / s[i].elapsed;
        for (long c = 0; c < s[i].calls; c++)
            s[0].latency[calls++] = s[i].latency[c];
    }
    print_latencies(s[0].latency, calls, rate);
}

static void serve(const options *o, const gradus_graph *g,
                  const gradus_dataset *d, const float *x)
{
    pthread_t thread[MAX_THREADS];
    server s[MAX_THREADS];
    pthread_barrier_t begin;
    atomic_int busy = o->threads;
    double *latency = malloc((size_t)o->threads * MAX_CALLS *
                             sizeof *latency);
    if (!latency)
        bench_fail("out of memory");
    pthread_barrier_init(&begin, NULL, (unsigned)o->threads);
    for (int i = 0; i < o->threads; i++) {
        s[i] = (server){ .graph = g, .o = o, .x = x, .rows = d->n,
                         .first = d->n / (size_t)o->threads * (size_t)i,
                         .size = d->size, .begin = &begin, .busy = &busy,
                         .latency = latency + (size_t)i * MAX_CALLS };
        if (pthread_create(&thread[i], NULL, serve_requests, &s[i]))
            bench_fail("a thread could not be started");
    }
    for (int i = 0; i < o->threads; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&begin);
    print_servers(o, s);
    free(latency);
}

/* ---- The commands ---- */

static void measure(const options *o,
                    void (*run)(const options *o, const gradus_graph *g,
                                const gradus_dataset *d, const float *x))
{
    gradus_dataset *d = bench_load(o, "t10k");
    gradus_graph *g = bench_build(o);
    float *x = as_floats(d);
    if (o->threads > MAX_THREADS || d->n < (size_t)o->batch)
        bench_fail("got --threads %d and --batch %d; must be at most %d, and "
                   "at most the %zu test images", o->threads, o->batch,
                   MAX_THREADS, d->n);
    for (int turn = 0; bench_next_turn(o, turn); turn++)
        run(o, g, d, x);
    free(x);
    gradus_graph_free(g);
    bench_free(d);
}

void bench_infer(const options *o)
{
    if (o->batch % o->threads)
        bench_fail("got --threads %d and --batch %d; the first must divide "
                   "the second", o->threads, o->batch);
    measure(o, infer);
}

void bench_serve(const options *o)
{
    measure(o, serve);
}
