/* bench.h -- what the measuring programs share: flags, clock, memory. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>

enum { MAX_LAYERS = 40 };

/* "784-128-10": dense layers with ReLU between.  "cnn-8-16": two times
 * convolution 5 x 5 without padding, ReLU and 2 x 2 maxima, of 8 and 16
 * channels, on 28 x 28 images, and then a dense layer of 10. */
typedef struct {
    int convolutions; /* non-zero: a cnn, and width holds its channels */
    int count;
    int width[MAX_LAYERS];
} bench_net;

typedef struct {
    const char *command;
    bench_net net;
    int batch, threads, epochs;
    size_t samples; /* taken of the training data; 0: all */
    double seconds; /* that are measured, after a fifth as long to warm up */
    double learning_rate, momentum;
    const char *data;    /* folder of the IDX files */
    const char *weights; /* where `check` leaves the first parameters */
    int forward_only;    /* of gemm: as inference does */
    int turns;           /* see bench_next_turn */
} options;

options bench_options(int argc, char **argv);

/* Prints the message and ends the program. */
_Noreturn void bench_fail(const char *message);

/* Should the program measure now?  With --turns, once for each line that it
 * reads, so that programs can take turns; else once.  `turn` counts from 0. */
int bench_next_turn(const options *o, int turn);

double bench_seconds(void); /* seconds, from some start */

/* kB that this process has had in memory at most, so far.  Not ru_maxrss,
 * which begins with the size of the process that started this one. */
long bench_peak_kb(void);

/* The limits that a step is held against. */
void bench_gemm(const options *o);
void bench_peak(const options *o);

#endif
