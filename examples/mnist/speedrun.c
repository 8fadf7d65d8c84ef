/* speedrun.c -- mnist-speedrun: how soon is a net good enough?
 *
 * For each accuracy there is a recipe, fixed beforehand: a net, and how it is
 * trained.  The clock starts before the net is built and stops when training
 * ends.  It does not count reading the files, nor the test. */
#define _POSIX_C_SOURCE 200809L
#include "common.h"
#include "gradus.h"
#include "openblas.h"

#include <float.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char program[] = "mnist-speedrun";

static const char help[] =
    "usage: mnist-speedrun [options]\n"
    "Measures how soon training reaches an accuracy on MNIST's 10,000 test\n"
    "images.  Brackets hold the defaults.\n"
    "\n"
    "  --target A   the accuracy that the mean over the seeds must reach:\n"
    "               0.98 with dense layers, 0.99 with convolutions (0.99)\n"
    "  --seeds N    train N times, with the seeds 1 to N (10)\n"
    "  --threads N  how many threads compute; 0 is one for each core (0)\n"
    "  --data DIR   the folder of the four IDX files (data/mnist)\n"
    "  --validate   measure on 10,000 of the training images and train on\n"
    "               the others, to compare recipes without the test images\n"
    "  --json       print one JSON object on stdout, and nothing else\n"
    "  --help       print this\n"
    "\n"
    "Exit status: 0 if the mean met the target, 1 if it did not or on an\n"
    "error, 2 for a wrong command line.\n";

/* ---- Recipes ---- */

/* Batch normalisation lets the layers bear the high learning rate that
 * training in few steps needs. */
static gradus_node *dense(gradus_node *h, int units)
{
    return gradus_relu(gradus_batchnorm(gradus_dense(h, units)));
}

static gradus_node *mlp(gradus_node *x)
{
    gradus_node *h = dense(x, 192);                      /* [B,192] */

    h = dense(h, 128);                                   /* [B,128] */
    return gradus_dense(h, 10);                          /* [B,10]  */
}

/* The maximum comes first, as it leaves the rest a quarter of the numbers. */
static gradus_node *block(gradus_node *h, int channels, int kernel)
{
    const gradus_conv2d_options without_bias = { .no_bias = 1 };

    h = gradus_conv2d(h, channels, kernel, &without_bias);
    return gradus_relu(gradus_batchnorm(gradus_maxpool2d(h, 2, NULL)));
}

static gradus_node *convolutions(gradus_node *x)
{
    gradus_node *h = block(x, 8, 5);                     /* [B,8,10,10] */

    h = block(h, 16, 3);                                 /* [B,16,4,4]  */
    h = dense(h, 256);                                   /* [B,256]     */
    return gradus_dense(h, 10);                          /* [B,10]      */
}

typedef struct {
    double target;
    const char *net;
    gradus_node *(*build)(gradus_node *x); /* from the image to the logits */
    int margin; /* pixels cut off at each side, where hardly a digit reaches */
    double share; /* the fraction of the training images that is used */
    int epochs, batch;
    double learning_rate; /* the highest of the one cycle */
} recipe;

/* These were found with --validate. */
static const recipe recipes[] = {
    { 0.98, "400-192-128-10", mlp, 4, 1, 2, 128, 0.02 },
    { 0.99, "conv 8, conv 16, dense 256", convolutions, 2, 0.8, 1, 64, 0.02 },
};
enum { RECIPES = sizeof recipes / sizeof *recipes };

static double one_cycle(uint64_t step, uint64_t steps, void *user)
{
    const recipe *r = user;

    return gradus_lr_one_cycle(r->learning_rate, step, steps, 0.2, 10, 1000);
}

/* ---- A run ---- */

typedef struct {
    double seconds, accuracy;
} result;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Returns the first n images of d without a margin of some pixels.  The caller
 * frees its pixels [n,height,width], which are NULL if memory ran out. */
static gradus_dataset crop(const gradus_dataset *d, size_t n, int margin)
{
    const int w = d->width - 2 * margin, h = d->height - 2 * margin;
    gradus_dataset small = *d;
    uint8_t *to = malloc(n * (size_t)w * (size_t)h);

    small.n = n;
    small.width = w;
    small.height = h;
    small.size = w * h;
    small.pixels = to;
    for (size_t i = 0; to && i < n; i++)
        for (int line = margin; line < margin + h; line++, to += w)
            memcpy(to, d->pixels + (i * d->height + (size_t)line) * d->width +
                           margin, (size_t)w);
    return small;
}

static gradus_graph *build(const recipe *r, uint64_t seed, int threads,
                           const gradus_dataset *d)
{
    const gradus_softmax_ce_options smooth = { .label_smoothing = 0.1 };
    gradus_graph *g = gradus_graph_new(seed);
    gradus_node *x = gradus_image(g, 1, d->height, d->width);
    gradus_node *t = gradus_labels(g, 1);

    gradus_softmax_ce(r->build(x), t, &smooth);
    if (gradus_compile(g, r->batch, threads) == 0)
        return g;
    gradus_graph_free(g);
    return NULL;
}

static int train(const recipe *r, gradus_graph *g, const gradus_dataset *d)
{
    gradus_optimiser *o =
        gradus_adamw(g, &(gradus_adam_options){ .beta2 = 0.99 });
    int failed = !o || gradus_fit(o, d, &(gradus_fit_options){
                           .epochs = r->epochs, .learning_rate = one_cycle,
                           .user = (void *)r });

    gradus_optimiser_free(o);
    return failed;
}

/* Sets *accuracy to that on d, whose images still have their margin. */
static int test(const recipe *r, gradus_graph *g, const gradus_dataset *d,
                double *accuracy)
{
    gradus_dataset small = crop(d, d->n, r->margin);
    gradus_metrics m = { 0 };
    int failed = !small.pixels || gradus_evaluate(g, &small, NULL, &m);

    free((void *)small.pixels);
    *accuracy = m.accuracy;
    return failed;
}

static int run(const recipe *r, uint64_t seed, int threads,
               const gradus_dataset *training, const gradus_dataset *testing,
               result *found)
{
    double start = now();
    gradus_dataset d =
        crop(training, (size_t)(r->share * (double)training->n), r->margin);
    gradus_graph *g = d.pixels ? build(r, seed, threads, &d) : NULL;
    int room = !g || openblas_has_room(gradus_threads(g));
    int failed = !g || !room || train(r, g, &d);
    found->seconds = now() - start;

    failed = failed || test(r, g, testing, &found->accuracy);
    if (failed && room)
        complain("%s", d.pixels ? gradus_error() : "out of memory");
    gradus_graph_free(g);
    free((void *)d.pixels);
    return failed;
}

/* ---- Options ---- */

typedef struct {
    const recipe *recipe;
    double target; /* the accuracy to reach, at most the recipe's */
    int seeds, threads, validate, json;
    const char *data;
} settings;

static void set_target(settings *s, const char *text)
{
    s->target = real_number("--target", text, 1);
    for (int i = 0; i < RECIPES; i++)
        if (s->target <= recipes[i].target + DBL_EPSILON) {
            s->recipe = &recipes[i];
            return;
        }
    usage_error("--target '%s': must be at most %g; there are recipes for %g "
                "and %g", text, recipes[RECIPES - 1].target, recipes[0].target,
                recipes[RECIPES - 1].target);
}

static settings parse(int argc, char **argv)
{
    static const struct option options[] = {
        { "target", required_argument, NULL, 'a' },
        { "seeds", required_argument, NULL, 's' },
        { "threads", required_argument, NULL, 't' },
        { "data", required_argument, NULL, 'd' },
        { "validate", no_argument, NULL, 'v' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    settings s = { .recipe = &recipes[RECIPES - 1],
                   .target = recipes[RECIPES - 1].target, .seeds = 10,
                   .data = "data/mnist" };

    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (c) {
        case 'a': set_target(&s, optarg); break;
        case 's': s.seeds = whole_int("--seeds", optarg, 1, 1000); break;
        case 't': s.threads = whole_int("--threads", optarg, 0, 1024); break;
        case 'd': s.data = optarg; break;
        case 'v': s.validate = 1; break;
        case 'j': s.json = 1; break;
        case 'h': fputs(help, stdout); exit(finish_stdout() ? 1 : 0);
        default: wrong_option();
        }
    if (optind < argc)
        usage_error("got the argument '%s'; takes only options, which begin "
                    "with --", argv[optind]);
    return s;
}

/* ---- Report ---- */

static result mean_of(const result *all, int n)
{
    result sum = { 0 };

    for (int i = 0; i < n; i++) {
        sum.seconds += all[i].seconds;
        sum.accuracy += all[i].accuracy;
    }
    return (result){ sum.seconds / n, sum.accuracy / n };
}

static int print_report(const settings *s, const result *all, result mean)
{
    const recipe *r = s->recipe;
    json_t *seconds, *accuracies;

    if (!s->json) {
        printf("%s: mean accuracy %.2f %% after a mean of %.2f s; "
               "the target of %g %% was %s\n", r->net, 100 * mean.accuracy,
               mean.seconds, 100 * s->target,
               mean.accuracy >= s->target ? "met" : "missed");
        return 0;
    }
    accuracies = json_array();
    seconds = json_array();
    for (int i = 0; i < s->seeds; i++) {
        json_array_append_new(accuracies, json_real(all[i].accuracy));
        json_array_append_new(seconds, json_real(all[i].seconds));
    }
    return print_json(json_pack(
        "{s:s, s:f, s:b, s:b, s:f, s:f, s:o, s:o}", "net", r->net, "target",
        s->target, "met", mean.accuracy >= s->target, "validated", s->validate,
        "mean_accuracy", mean.accuracy, "mean_seconds", mean.seconds,
        "accuracy", accuracies, "seconds", seconds));
}

/* Trains with each seed and prints the report.  Returns non-zero if something
 * failed or the mean missed the target. */
static int race(const settings *s, const gradus_dataset *training,
                const gradus_dataset *testing)
{
    result *all = calloc((size_t)s->seeds, sizeof *all);
    int failed = !all;

    if (!all)
        complain("out of memory");
    for (int i = 0; !failed && i < s->seeds; i++) {
        failed = run(s->recipe, (uint64_t)i + 1, s->threads, training,
                     testing, &all[i]);
        if (!failed && !s->json)
            printf("seed %d: %.2f %% after %.2f s\n", i + 1,
                   100 * all[i].accuracy, all[i].seconds);
    }
    if (!failed) {
        result mean = mean_of(all, s->seeds);
        failed = print_report(s, all, mean) ||
                 mean.accuracy < s->target;
    }
    free(all);
    return failed;
}

/* Returns non-zero, with a message, unless the images have the 28 x 28 pixels
 * that the recipes are for. */
static int wrong_size(const char *part, const gradus_dataset *d)
{
    if (d->width == 28 && d->height == 28)
        return 0;
    complain("the %s images are %d x %d pixels; must be 28 x 28", part,
             d->width, d->height);
    return 1;
}

int main(int argc, char **argv)
{
    openblas_may_hang();
    settings s = parse(argc, argv);
    gradus_dataset *all = load_part(s.data, "train"), *test = NULL;
    gradus_dataset training = { 0 }, held_out = { 0 };
    int failed = !all || wrong_size("training", all);

    if (!failed && s.validate) {
        failed = gradus_split(all, 1. / 6, 7, &training, &held_out);
        if (failed)
            complain("%s", gradus_error());
        failed = failed || race(&s, &training, &held_out);
    } else if (!failed) {
        test = load_part(s.data, "t10k");
        failed = !test || wrong_size("test", test) || race(&s, all, test);
    }
    gradus_dataset_free(&training);
    gradus_dataset_free(&held_out);
    gradus_dataset_free(test);
    gradus_dataset_free(all);
    return finish_stdout() || failed;
}
