/* speedrun.c -- mnist-speedrun: how soon is a net good enough?
 *
 * For each accuracy there is a recipe, fixed beforehand: a net, and how it is
 * trained (recipes.c).  The clock starts before the net is built and stops
 * when training ends.  It does not count reading the files, nor the test.
 * docs/speedrun.md has the rules. */
#define _POSIX_C_SOURCE 200809L
#include "common.h"
#include "gradus.h"
#include "openblas.h"
#include "recipes.h"

#include <stdlib.h>
#include <time.h>

const char program[] = "mnist-speedrun";

static const char help[] =
    "usage: mnist-speedrun [options]\n"
    "Measures how soon training reaches an accuracy on the 10,000 test\n"
    "images of MNIST or Fashion-MNIST.  Brackets hold the defaults.\n"
    "\n"
    "  --recipe NAME  how to train, and the accuracy in per cent that the\n"
    "                 mean over the seeds must reach (mnist-99):\n"
    "                   mnist-98-dense  dense layers\n"
    "                   mnist-99        convolutions, as in all below\n"
    "                   mnist-99.5\n"
    "                   fashion-90      on Fashion-MNIST\n"
    "                   fashion-92\n"
    "  --seeds N      train N times, with the seeds 1 to N (10)\n"
    "  --threads N    how many threads compute; 0 is one for each core (0)\n"
    "  --data DIR     the folder of the four IDX files, which must be the\n"
    "                 recipe's: MNIST's, or Fashion-MNIST's (data/mnist, or\n"
    "                 /usr/share/datasets/fashion-mnist)\n"
    "  --validate     hold a sixth of the training images out, train on the\n"
    "                 others, and measure on those held out, to compare\n"
    "                 recipes without the test images; the target is for\n"
    "                 these alone, so that DIR may hold any images\n"
    "  --json         print one JSON object on stdout, and nothing else\n"
    "  --predictions  add to it what each net reads, a digit for each image\n"
    "  --help         print this\n"
    "\n"
    "Exit status: 0 if the mean met the target, or with --validate; 1 if it\n"
    "did not or on an error; 2 for a wrong command line.\n";

enum { CLASSES = 10 };

/* ---- A run ---- */

typedef struct {
    double seconds, accuracy;
    int threads;
    char *predicted; /* a digit for each test image, as text */
} result;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Returns the class that is most probable by y [CLASSES], the lowest of
 * several. */
static int most_probable(const gradus_real *y)
{
    int best = 0;

    for (int k = 1; k < CLASSES; k++)
        if (y[k] > y[best])
            best = k;
    return best;
}

/* Sets predicted [n] to the digits of the classes that the net finds most
 * probable for the images of d, which have no margin any more.  Returns
 * non-zero, with a message on stderr, if that fails. */
static int read_images(const recipe *r, const gradus_graph *g,
                       const gradus_dataset *d, char *predicted)
{
    gradus_workspace *w = gradus_workspace_new(g, r->batch);
    const size_t batch = (size_t)r->batch, size = (size_t)d->size;
    int failed = !w;

    for (size_t at = 0; !failed && at < d->n; at += batch) {
        size_t rows = d->n - at < batch ? d->n - at : batch;
        const gradus_real *y =
            gradus_infer_u8(w, d->pixels + at * size, (int)rows);
        failed = !y;
        for (size_t i = 0; y && i < rows; i++)
            predicted[at + i] = (char)('0' + most_probable(y + i * CLASSES));
    }
    if (failed)
        complain("%s", gradus_error());
    gradus_workspace_free(w);
    return failed;
}

/* Sets *found to the accuracy on d, and to what the net reads in each of its
 * images. */
static int test(const recipe *r, const gradus_graph *g,
                const gradus_dataset *d, result *found)
{
    gradus_dataset seen = seen_images(r, d, NULL, 0);
    size_t right = 0;
    int failed = 1;

    found->predicted = calloc(d->n + 1, 1);
    if (!seen.pixels || !found->predicted)
        complain("out of memory");
    else
        failed = read_images(r, g, &seen, found->predicted);
    for (size_t i = 0; !failed && i < d->n; i++)
        right += found->predicted[i] == '0' + d->labels[i];
    free((void *)seen.pixels);
    found->accuracy = (double)right / (double)d->n;
    return failed;
}

static int run(const recipe *r, uint64_t seed, int threads,
               const gradus_dataset *training, const gradus_dataset *testing,
               result *found)
{
    double start = now();
    gradus_graph *g = build_recipe(r, seed, threads, training);
    int failed = !g || !openblas_has_room(gradus_threads(g)) ||
                 train_recipe(r, seed, g, training);
    found->seconds = now() - start;

    found->threads = gradus_threads(g);
    failed = failed || test(r, g, testing, found);
    gradus_graph_free(g);
    return failed;
}

/* ---- Options ---- */

typedef struct {
    const recipe *recipe;
    int seeds, threads, validate, json, predictions;
    const char *data;
} settings;

static settings parse(int argc, char **argv)
{
    static const struct option options[] = {
        { "recipe", required_argument, NULL, 'r' },
        { "seeds", required_argument, NULL, 's' },
        { "threads", required_argument, NULL, 't' },
        { "data", required_argument, NULL, 'd' },
        { "validate", no_argument, NULL, 'v' },
        { "json", no_argument, NULL, 'j' },
        { "predictions", no_argument, NULL, 'p' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 }
    };
    settings s = { .recipe = find_recipe("mnist-99"), .seeds = 10 };

    for (int c; (c = next_option(argc, argv, "", options)) != -1;)
        switch (c) {
        case 'r': s.recipe = find_recipe(optarg); break;
        case 's': s.seeds = whole_int("--seeds", optarg, 1, 1000); break;
        case 't': s.threads = whole_int("--threads", optarg, 0, 1024); break;
        case 'd': s.data = path("--data", optarg, "a folder"); break;
        case 'v': s.validate = 1; break;
        case 'j': s.json = 1; break;
        case 'p': s.predictions = 1; break;
        case 'h': fputs(help, stdout); exit(finish_stdout() ? 1 : 0);
        default: wrong_option();
        }
    if (optind < argc)
        usage_error("got the argument '%s'; takes only options, which begin "
                    "with --", argv[optind]);
    if (s.predictions && !s.json)
        usage_error("got --predictions without --json; must be with it");
    if (!s.data)
        s.data = s.recipe->images->folder;
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
    return (result){ sum.seconds / n, sum.accuracy / n, 0, NULL };
}

static void print_words(const settings *s, result mean, int met)
{
    const recipe *r = s->recipe;

    printf("%s: mean accuracy %.2f %%%s after a mean of %.2f s", r->name,
           100 * mean.accuracy,
           s->validate ? " on held-out training images" : "", mean.seconds);
    if (!s->validate)
        printf("; the target of %g %% was %s", 100 * r->target,
               met ? "met" : "missed");
    putchar('\n');
}

static int print_report(const settings *s, const result *all, result mean,
                        int met)
{
    const recipe *r = s->recipe;
    json_t *accuracies, *seconds, *object, *predicted;
    char net[NET_TEXT];

    if (!s->json) {
        print_words(s, mean, met);
        return 0;
    }
    describe_net(r, net);
    accuracies = json_array();
    seconds = json_array();
    predicted = json_array();
    for (int i = 0; i < s->seeds; i++) {
        json_array_append_new(accuracies, json_real(all[i].accuracy));
        json_array_append_new(seconds, json_real(all[i].seconds));
        json_array_append_new(predicted, json_string(all[i].predicted));
    }
    object = json_pack(
        "{s:s, s:s, s:f, s:o, s:b, s:i, s:f, s:f, s:o, s:o}", "recipe",
        r->name, "net", net, "target", r->target, "met",
        s->validate ? json_null() : json_boolean(met), "validated",
        s->validate, "threads", all->threads, "mean_accuracy", mean.accuracy,
        "mean_seconds", mean.seconds, "accuracy", accuracies, "seconds",
        seconds);
    if (s->predictions)
        json_object_set(object, "predicted", predicted);
    json_decref(predicted);
    return print_json(object);
}

/* Trains with each seed and prints the report.  Returns non-zero if something
 * failed, or if the mean on the test images missed the target. */
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
        int met = mean.accuracy >= s->recipe->target;
        failed = print_report(s, all, mean, met) || (!met && !s->validate);
    }
    for (int i = 0; all && i < s->seeds; i++)
        free(all[i].predicted);
    free(all);
    return failed;
}

/* Returns non-zero, with a message, unless the images have the 28 x 28 pixels
 * that the recipes are for, and are those that the target is for: `hash` is
 * that of these. */
static int wrong_images(const settings *s, const char *part,
                        const gradus_dataset *d, uint64_t hash)
{
    const image_set *images = s->recipe->images;

    if (d->width != 28 || d->height != 28)
        complain("the %s images are %d x %d pixels; must be 28 x 28", part,
                 d->width, d->height);
    else if (!s->validate && hash_of(d) != hash)
        complain("the %s images in %s are not those that the target of %s is "
                 "for; must be %s's, as in %s, unless --validate is given",
                 part, s->data, s->recipe->name, images->name,
                 images->folder);
    else
        return 0;
    return 1;
}

int main(int argc, char **argv)
{
    openblas_may_hang();
    settings s = parse(argc, argv);
    gradus_dataset *all = load_part(s.data, "train"), *test = NULL;
    gradus_dataset training = { 0 }, held_out = { 0 };
    const image_set *images = s.recipe->images;
    int failed =
        !all || wrong_images(&s, "training", all, images->training);

    if (!failed && s.validate) {
        failed = gradus_split(all, 1. / 6, 7, NULL, &training, &held_out);
        if (failed)
            complain("%s", gradus_error());
        failed = failed || race(&s, &training, &held_out);
    } else if (!failed) {
        test = load_part(s.data, "t10k");
        failed = !test || wrong_images(&s, "test", test, images->testing) ||
                 race(&s, all, test);
    }
    gradus_dataset_free(&training);
    gradus_dataset_free(&held_out);
    gradus_dataset_free(test);
    gradus_dataset_free(all);
    return finish_stdout() || failed;
}
