/* bench.h -- what the measuring programs share: flags, clock, memory. */
#ifndef BENCH_H
#define BENCH_H

#include "gradus.h"

#include <cblas.h>
#include <stddef.h>

enum { MAX_LAYERS = 40, MAX_TEXT = 1000, MAX_CALLS = 1 << 20 };

/* A net.  Its text names the shape of a row and the layers; bench/nets.py
 * explains the words.  "784-128-10" stands for dense layers with ReLU between
 * them.  "cnn-8-16" stands for two convolutions 5 x 5 without padding of 28 x
 * 28 images, of 8 and of 16 channels, each with ReLU and 2 x 2 maxima behind
 * it, and then a dense layer of 10 units. */
typedef struct {
    char text[MAX_TEXT];
    int count;             /* of dense layers alone, how many widths: else 0 */
    int width[MAX_LAYERS]; /* the inputs, and the units of each layer */
} bench_net;

/* Builds the net that the text describes.  Returns its last node. */
gradus_node *bench_net_of(gradus_graph *g, const char *text);

typedef struct {
    bench_net net;
    int batch, threads, epochs;
    size_t samples; /* how many of the training data are used; 0: all */
    double seconds; /* how long to measure, after a fifth as long to warm up */
    long calls;     /* how many calls of inference to measure, however long
                       they take, on each thread; 0: as many as there are in
                       `seconds` */
    double learning_rate, momentum;
    const char *data;    /* the folder of the IDX files */
    const char *weights; /* the file in which `check` saves the parameters
                            before it trains, or NULL */
    int forward_only;    /* non-zero: gemm and onednn_bench compute only what
                            inference does */
    const char *blas;    /* the library whose products gemm measures */
    int turns;           /* non-zero: see bench_next_turn */
} options;

/* What a measuring program can be told to do.  A NULL name ends a list. */
typedef struct {
    const char *name, *does; /* what it does, for the line in --help */
    void (*run)(const options *o);
} bench_command;

/* Runs the command that the command line names, with its flags; --help prints
 * the commands and the flags.  Returns the exit status. */
int bench_main(int argc, char **argv, const bench_command *commands);

/* The net that the flags ask for, compiled; its optimiser; a part of its data.
 * These end the program on error. */
gradus_graph *bench_build(const options *o);
gradus_optimiser *bench_sgd(const options *o, gradus_graph *g);
gradus_dataset *bench_load(const options *o, const char *part);

/* Frees what bench_load has returned. */
void bench_free(gradus_dataset *d);

/* Prints the message, made as by printf, and ends the program. */
_Noreturn void bench_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Reads the whole number that the text begins with.  Returns what follows it;
 * NULL if there are no digits, or if it is above INT_MAX. */
const char *bench_digits(const char *text, int *n);

/* The number that all of the text is, from least to most; else these end the
 * program, with a message that begins with the flag. */
long bench_whole(const char *flag, const char *text, long least, long most);
double bench_real(const char *flag, const char *text, double least,
                  double most);

/* Should the program measure now?  With --turns, it measures once for each
 * line that it reads, so that several programs can take turns, else only once.
 * This waits for the line.  `turn` counts from 0. */
int bench_next_turn(const options *o, int turn);

/* Seconds since some fixed moment. */
double bench_seconds(void);

/* The most memory that this process has had so far, in kB.  ru_maxrss would
 * start at the size of the process that started this one. */
long bench_peak_kb(void);

/* These measure inference, and training on rows made one batch at a time. */
void bench_infer(const options *o);
void bench_serve(const options *o);
void bench_stream(const options *o);

/* A library of matrix products.  Its sgemv is NULL if sgemm is to be used for
 * a batch of 1, too. */
typedef struct {
    const char *name;
    char version[32];
    void (*sgemm)(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE a,
                  enum CBLAS_TRANSPOSE b, blasint m, blasint n, blasint k,
                  float alpha, const float *A, blasint lda, const float *B,
                  blasint ldb, float beta, float *C, blasint ldc);
    void (*sgemv)(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE a, blasint m,
                  blasint n, float alpha, const float *A, blasint lda,
                  const float *x, blasint step_x, float beta, float *y,
                  blasint step_y);
} bench_blas;

/* The library of this name: openblas, blis or onednn.  The last two are loaded
 * and run on as many threads as their own environment variables say; the
 * program ends if one is not there. */
bench_blas bench_blas_named(const char *name);

/* These measure the limits that a step is compared with. */
void bench_gemm(const options *o);
void bench_peak(const options *o);

/* Floating-point operations a second of multiply-adds that read no memory, on
 * this thread. */
double bench_flops(double seconds);

#endif
