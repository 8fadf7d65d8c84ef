/* fann_bench.c -- measures FANN as gradus_bench measures gradus, with the same
 * flags, data and JSON.
 *
 *   fann_bench [flags] train   samples a second in training, peak memory
 *
 * FANN has no softmax, no cross entropy, no ReLU, and no batches smaller than
 * the data.  So it trains sample by sample, with sigmoids and square errors,
 * on one thread, which is not the same work.  It trains without momentum,
 * whatever the flag says: FANN's momentum fades to numbers so small that the
 * processor takes three times as long with them.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "gradus.h"

#include <fann.h>
#include <stdlib.h>

enum { CLASSES = 10 };

static struct fann *build(const options *o)
{
    unsigned width[MAX_LAYERS];
    for (int i = 0; i < o->net.count; i++)
        width[i] = (unsigned)o->net.width[i];
    struct fann *net =
        fann_create_standard_array((unsigned)o->net.count, width);
    if (!net)
        bench_fail("out of memory");
    fann_set_activation_function_hidden(net, FANN_SIGMOID);
    fann_set_activation_function_output(net, FANN_SIGMOID);
    fann_set_train_error_function(net, FANN_ERRORFUNC_LINEAR);
    fann_set_training_algorithm(net, FANN_TRAIN_INCREMENTAL);
    fann_set_learning_rate(net, (float)o->learning_rate);
    fann_set_learning_momentum(net, 0);
    return net;
}

static fann_type *as_numbers(const gradus_dataset *d)
{
    size_t n = d->n * (size_t)d->size;
    fann_type *x = malloc(n * sizeof *x);
    if (!x)
        bench_fail("out of memory");
    for (size_t i = 0; i < n; i++)
        x[i] = (fann_type)d->pixels[i] / 255;
    return x;
}

/* Trains on one sample, which is drawn at random. */
static void step(struct fann *net, const gradus_dataset *d, fann_type *x)
{
    size_t row = (size_t)rand() % d->n;
    fann_type target[CLASSES] = { 0 };
    target[d->labels[row]] = 1;
    fann_train(net, x + row * (size_t)d->size, target);
}

/* Takes steps for this many seconds.  Returns samples a second. */
static double steps(struct fann *net, const gradus_dataset *d, fann_type *x,
                    double seconds)
{
    double began = bench_seconds(), t = began;
    long done = 0;
    for (; t < began + seconds; t = bench_seconds(), done++)
        step(net, d, x);
    return (double)done / (t - began);
}

static void measure_training(const options *o)
{
    long at_start = bench_peak_kb();
    int last = o->net.count - 1;
    if (!o->net.count || o->net.width[0] != 28 * 28 ||
        o->net.width[last] != CLASSES || o->threads != 1)
        bench_fail("got --net %s and --threads %d; must be dense layers from "
                   "784 values to 10, and 1", o->net.text, o->threads);
    gradus_dataset *d = gradus_load_mnist(o->data, "train");
    if (!d)
        bench_fail("%s", gradus_error());
    struct fann *net = build(o);
    fann_type *x = as_numbers(d);
    for (int turn = 0; bench_next_turn(o, turn); turn++) {
        steps(net, d, x, o->seconds / 5);
        fann_reset_MSE(net);
        double rate = steps(net, d, x, o->seconds);
        printf("{\"samples_per_second\": %.6g, \"peak_kb\": %ld, "
               "\"start_kb\": %ld, \"mean_square_error\": %.4g}\n",
               rate, bench_peak_kb(), at_start, (double)fann_get_MSE(net));
    }
    free(x);
    fann_destroy(net);
    gradus_dataset_free(d);
}

int main(int argc, char **argv)
{
    static const bench_command commands[] = {
        { "train", "samples a second in training, peak memory",
          measure_training },
        { NULL, NULL, NULL }
    };
    return bench_main(argc, argv, commands);
}
