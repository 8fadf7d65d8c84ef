/* convolutions.c -- measures convolutions by themselves: the forward pass, the
 * gradient of W, and that of x, on one thread.
 *
 *   convolutions [SECONDS]   for each pass in each turn (0.02)
 *
 * Prints a table in Markdown.  A batch is cut into slices of 32 rows, as a step
 * cuts one of 64; from a batch of 128 on, a step has slices of 64.  A rate is
 * that of the multiply-adds of the definition, in percent of the rate of
 * multiply-adds that read no memory, measured in the same turn; it is the
 * median of all turns.  Winograd's method needs fewer multiplications,
 * so that it may be above 100.  The time for dx is that for both gradients less
 * that for dW alone. */
#include "bench.h"
#include "kernels/conv.h"

#include <stdio.h>
#include <stdlib.h>

enum { TURNS = 7, SLICE = 32 };

/* Channels and image; each with kernels of 3 and 5, strides of 1 and 2, and a
 * padding that keeps the size where the stride is 1. */
static const struct {
    int in, out, size;
} shapes[] = {
    { 16, 16, 32 }, { 16, 32, 28 }, { 32, 32, 14 }, { 32, 64, 16 },
    { 48, 48, 14 }, { 64, 64, 32 }, { 64, 64, 8 },  { 64, 128, 16 },
    { 128, 128, 8 },
};
enum { BATCHES = 3 };
static const int batches[BATCHES] = { 1, 64, 256 };

typedef struct {
    gradus_conv conv;
    int batch;
    gradus_real *x, *z, *dz, *dx, *dW, *db, *scratch;
} job;

static gradus_real *numbers(size_t n)
{
    gradus_real *p = aligned_alloc(64, (n * sizeof *p + 127) / 64 * 64);

    if (!p)
        bench_fail("out of memory");
    for (size_t i = 0; i < n; i++)
        p[i] = (gradus_real)((unsigned)i * 2654435761u >> 20) / 4096 - 0.5f;
    return p;
}

static gradus_conv_sample sample(const job *j, int i, int with_dx)
{
    const size_t x = (size_t)i * gradus_conv_x_size(&j->conv);
    const size_t z = (size_t)i * gradus_conv_z_size(&j->conv);

    return (gradus_conv_sample){
        .x = j->x + x, .z = j->z + z, .dz = j->dz + z, .dW = j->dW,
        .db = j->db, .dx = with_dx ? j->dx + x : NULL, .set_dx = true };
}

enum pass { FORWARD, DW, BOTH };

static void run_slice(job *j, int first, int rows, enum pass pass)
{
    const int back = pass != FORWARD;

    j->conv.samples = rows;
    const gradus_conv_way *way = gradus_conv_best(&j->conv, back);
    gradus_real *scratch =
        j->scratch + (back ? 0 : gradus_conv_packed(way, &j->conv));
    j->conv.packed = j->scratch;
    if (back && way->begin_back)
        way->begin_back(&j->conv, scratch);
    if (!back && way->pack)
        way->pack(&j->conv, j->scratch);
    if (!back && way->begin)
        way->begin(&j->conv, scratch);
    for (int i = first; i < first + rows; i++) {
        const gradus_conv_sample s = sample(j, i, pass == BOTH);
        (back ? way->backward : way->forward)(&j->conv, &s, scratch);
    }
    if (back && way->end_back)
        way->end_back(&j->conv, scratch, j->dW);
    if (!back && way->end)
        way->end(&j->conv, scratch);
}

/* Seconds of a batch. */
static double time_of(job *j, enum pass pass, double seconds)
{
    const double begin = bench_seconds();
    double now;
    int count = 0;

    do {
        for (int i = 0; i < j->batch; i += SLICE)
            run_slice(j, i, j->batch - i < SLICE ? j->batch - i : SLICE, pass);
        count++;
    } while ((now = bench_seconds()) < begin + seconds);
    return (now - begin) / count;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sets percent to the rates of the three passes. */
static void measure(job *j, double seconds, double percent[3])
{
    const gradus_conv *c = &j->conv;
    const double flops = 2.0 * j->batch * gradus_conv_weights(c) *
                         c->out_height * c->out_width;
    double turn[3][TURNS];

    time_of(j, FORWARD, seconds / 2);
    time_of(j, BOTH, seconds / 2);
    for (int t = 0; t < TURNS; t++) {
        const double peak = bench_flops(seconds / 2);
        const double forward = time_of(j, FORWARD, seconds);
        const double dW = time_of(j, DW, seconds);
        const double both = time_of(j, BOTH, seconds);
        turn[0][t] = 100 * flops / forward / peak;
        turn[1][t] = 100 * flops / dW / peak;
        turn[2][t] = 100 * flops / (both - dW) / peak;
    }
    for (int k = 0; k < 3; k++) {
        qsort(turn[k], TURNS, sizeof *turn[k], by_size);
        percent[k] = turn[k][TURNS / 2];
    }
}

/* Measures a convolution with a batch.  Returns the name of the way that
 * computes it forward. */
static const char *run(int in, int out, int size, int kernel, int stride,
                       int batch, double seconds, double percent[3])
{
    const int pad = kernel / 2, across = (size + 2 * pad - kernel) / stride + 1;
    job j = { .batch = batch,
              .conv = { .in = in, .height = size, .width = size, .out = out,
                        .out_height = across, .out_width = across,
                        .kernel = kernel, .stride = stride, .padding = pad,
                        .groups = 1, .samples = 1,
                        .simd = gradus_simd_here() } };
    const size_t n = (size_t)batch;
    gradus_real *W, *b;

    j.conv.W = W = numbers(gradus_conv_weights(&j.conv));
    j.conv.b = b = numbers((size_t)out);
    j.x = numbers(n * gradus_conv_x_size(&j.conv));
    j.dx = numbers(n * gradus_conv_x_size(&j.conv));
    j.z = numbers(n * gradus_conv_z_size(&j.conv));
    j.dz = numbers(n * gradus_conv_z_size(&j.conv));
    j.dW = numbers(gradus_conv_weights(&j.conv));
    j.db = numbers((size_t)out);
    j.scratch = numbers(gradus_conv_scratch(&j.conv));
    measure(&j, seconds, percent);
    free(W);
    free(b);
    free(j.x);
    free(j.dx);
    free(j.z);
    free(j.dz);
    free(j.dW);
    free(j.db);
    free(j.scratch);
    return gradus_conv_best(&j.conv, false)->name;
}

static void print_row(int in, int out, int size, int kernel, int stride,
                      double seconds)
{
    double percent[BATCHES][3];
    const char *way = NULL;

    for (int b = 0; b < BATCHES; b++)
        way = run(in, out, size, kernel, stride, batches[b], seconds,
                  percent[b]);
    printf("| %d to %d | %d x %d | %d | %d | %s |", in, out, size, size,
           kernel, stride, way);
    for (int k = 0; k < 3; k++)
        for (int b = 0; b < BATCHES; b++)
            printf(" %.0f%s", percent[b][k], b < BATCHES - 1 ? "," : " |");
    putchar('\n');
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const double seconds =
        argc > 1 ? bench_real("SECONDS", argv[1], 0.001, 10) : 0.02;

    if (argc > 2)
        bench_fail("got %d words; must be at most one, the seconds",
                   argc - 1);

    openblas_set_num_threads(1);
    printf("| channels | image | kernel | stride | way | forward | dW | dx |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int kernel = 3; kernel <= 5; kernel += 2)
            for (int stride = 1; stride <= 2; stride++)
                print_row(shapes[s].in, shapes[s].out, shapes[s].size, kernel,
                          stride, seconds);
    return 0;
}
