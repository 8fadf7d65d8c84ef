/* gradus_bench.c -- measures gradus, through its public header alone, and the
 * limits that it is compared with.  It prints one line of JSON; the commands
 * are listed at the end.
 *
 * With --turns, all but start and check measure once for each line that they
 * read, and print a line each time.
 */
#define _GNU_SOURCE
#include "bench.h"
#include "gradus.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

gradus_graph *bench_build(const options *o)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_softmax_ce(bench_net_of(g, o->net.text), gradus_labels(g, 1),
                      NULL);
    if (gradus_compile(g, o->batch, o->threads))
        bench_fail("%s", gradus_error());
    return g;
}

gradus_optimiser *bench_sgd(const options *o, gradus_graph *g)
{
    if (!gradus_parameter_count(g))
        bench_fail("--net: got '%s'; must have a layer that learns, such as "
                   "dense10", o->net.text);
    gradus_optimiser *rule = gradus_sgd(
        g, &(gradus_sgd_options){ .learning_rate = o->learning_rate,
                                  .momentum = o->momentum });
    if (!rule)
        bench_fail("%s", gradus_error());
    return rule;
}

/* Random numbers of the size that the net takes, where that is not MNIST's,
 * and as many classes as it tells apart. */
static gradus_dataset *made_up(const options *o)
{
    gradus_graph *g = gradus_graph_new(1);
    const int classes = gradus_node_size(bench_net_of(g, o->net.text));
    const int size = gradus_node_size(gradus_node_at(g, 0)), n = 4096;
    gradus_graph_free(g);
    gradus_dataset *d = calloc(1, sizeof *d);
    float *x = malloc((size_t)n * (size_t)size * sizeof *x);
    int32_t *label = malloc((size_t)n * sizeof *label);
    gradus_random r;
    if (!d || !x || !label)
        bench_fail("out of memory");
    gradus_random_init(&r, 1, 0, 0);
    for (size_t i = 0; i < (size_t)n * (size_t)size; i++)
        x[i] = (float)gradus_random_uniform(&r);
    for (int i = 0; i < n; i++)
        label[i] = i % classes;
    *d = (gradus_dataset){ .n = (size_t)n, .size = size, .x = x,
                           .labels = label };
    return d;
}

gradus_dataset *bench_load(const options *o, const char *part)
{
    const char *text = o->net.text;
    const int real = strncmp(text, "784 ", 4) == 0 ||
                     strncmp(text, "1x28x28 ", 8) == 0;
    gradus_dataset *d = real ? gradus_load_mnist(o->data, part) : made_up(o);
    if (!d)
        bench_fail("%s", gradus_error());
    if (strcmp(part, "train") == 0 && o->samples && o->samples < d->n)
        d->n = o->samples;
    return d;
}

void bench_free(gradus_dataset *d)
{
    if (d->pixels) {
        gradus_dataset_free(d);
        return;
    }
    free((void *)d->x); /* made_up has allocated it all */
    free((void *)d->labels);
    free(d);
}

/* ---- train: gradus_fit, stopped by the clock ---- */

typedef struct {
    double warm;         /* when the measurement may begin */
    double seconds;      /* how long it must take */
    double began, until; /* when it began and must end; until is 0 before */
    double end;          /* when the last batch was done */
    size_t earlier;      /* samples in the epochs before this one */
    size_t at_start;     /* samples done when the measurement began */
    size_t done;         /* samples done now */
} stopwatch;

static int watch(const gradus_progress *p, void *user)
{
    stopwatch *s = user;
    s->done = s->earlier + p->so_far.samples;
    if (p->epoch_done)
        s->earlier = s->done;
    s->end = bench_seconds();
    if (!s->until && s->end >= s->warm) {
        s->began = s->end;
        s->until = s->end + s->seconds;
        s->at_start = s->done;
    }
    return s->until && s->end >= s->until && s->done > s->at_start;
}

/* Trains for this many seconds.  Returns samples a second. */
static double train(gradus_optimiser *rule, const gradus_dataset *d,
                    double seconds)
{
    stopwatch s = { .warm = bench_seconds() + seconds / 5,
                    .seconds = seconds };
    if (gradus_fit(rule, d, &(gradus_fit_options){ .epochs = INT_MAX,
                                .callback = watch, .user = &s }))
        bench_fail("%s", gradus_error());
    return (double)(s.done - s.at_start) / (s.end - s.began);
}

static void measure_training(const options *o)
{
    long at_start = bench_peak_kb();
    gradus_dataset *d = bench_load(o, "train");
    gradus_graph *g = bench_build(o);
    gradus_optimiser *rule = bench_sgd(o, g);
    for (int turn = 0; bench_next_turn(o, turn); turn++) {
        double rate = train(rule, d, o->seconds);
        printf("{\"samples_per_second\": %.6g, \"peak_kb\": %ld, "
               "\"start_kb\": %ld, \"parameters\": %zu, "
               "\"data_bytes\": %zu}\n",
               rate, bench_peak_kb(), at_start, gradus_parameter_count(g),
               d->n * ((size_t)d->size + sizeof(int32_t)));
    }
    gradus_optimiser_free(rule);
    gradus_graph_free(g);
    bench_free(d);
}

/* ---- start, check ---- */

static void first_step(const options *o)
{
    gradus_dataset *d = bench_load(o, "train");
    gradus_graph *g = bench_build(o);
    gradus_optimiser *rule = bench_sgd(o, g);
    if ((size_t)o->batch > d->n)
        bench_fail("start: got --batch %d; must be at most the %zu rows of "
                   "the data, or of --samples", o->batch, d->n);
    d->n = (size_t)o->batch;
    if (gradus_fit(rule, d, NULL))
        bench_fail("%s", gradus_error());
    printf("{\"loss\": %.9g}\n", gradus_loss(g));
    fflush(stdout); /* bench.py measures until it has read this line */
    gradus_optimiser_free(rule);
    gradus_graph_free(g);
    bench_free(d);
}

static void check(const options *o)
{
    gradus_dataset *d = bench_load(o, "train");
    gradus_dataset *test = bench_load(o, "t10k");
    gradus_graph *g = bench_build(o);
    gradus_optimiser *rule = bench_sgd(o, g);
    gradus_epoch *history = calloc((size_t)o->epochs, sizeof *history);
    gradus_metrics untrained = { 0 }, m = { 0 };
    if (!history)
        bench_fail("out of memory");
    if ((o->weights && gradus_save(g, o->weights)) ||
        gradus_evaluate(g, test, NULL, &untrained) ||
        gradus_fit(rule, d, &(gradus_fit_options){ .epochs = o->epochs,
                                .keep_order = 1, .history = history }) ||
        gradus_evaluate(g, test, NULL, &m))
        bench_fail("%s", gradus_error());
    printf("{\"untrained_loss\": %.9g, \"train_loss\": %.9g, "
           "\"test_loss\": %.9g, \"test_accuracy\": %.9g}\n", untrained.loss,
           history[o->epochs - 1].train_loss, m.loss, m.accuracy);
    free(history);
    gradus_optimiser_free(rule);
    gradus_graph_free(g);
    bench_free(test);
    bench_free(d);
}

int main(int argc, char **argv)
{
    static const bench_command commands[] = {
        { "train", "samples a second in training, peak memory",
          measure_training },
        { "stream", "seconds and peak memory of an epoch made batch by batch",
          bench_stream },
        { "infer", "samples a second, latency of one call", bench_infer },
        { "serve", "the same, where each thread has batches of its own",
          bench_serve },
        { "start", "loads the data, builds the net, takes a step",
          first_step },
        { "check", "losses after epochs in the order of the data", check },
        { "gemm", "the bare matrix products of a step", bench_gemm },
        { "peak", "multiply-adds that read no memory, GFLOP/s", bench_peak },
        { NULL, NULL, NULL }
    };
    return bench_main(argc, argv, commands);
}
