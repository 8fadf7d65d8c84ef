/* checkpoint.c -- makes good checkpoints and a replay file, and loads the bad
 * ones that tests/corpus/checkpoint.py makes of them, in the present folder:
 *
 *     load-bad-checkpoints --make
 *     load-bad-checkpoints PATH..
 *
 * Those called fit-* are resumed by gradus_fit, replay-* go to gradus_replay,
 * and all others to gradus_load_checkpoint. */
#include <gradus.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 10, BATCH = 4 };

static gradus_real x[SAMPLES * 2];
static int32_t labels[SAMPLES];
static const gradus_dataset data = { .n = SAMPLES, .size = 2, .x = x,
                                     .labels = labels, .classes = 3 };
static gradus_epoch history[2];

typedef struct {
    gradus_graph *g;
    gradus_optimiser *o;
} training;

static training training_new(void)
{
    training t = { gradus_graph_new(1), NULL };
    gradus_node *h = gradus_batchnorm(gradus_input(t.g, 2));

    h = gradus_dense(h, 3);
    gradus_softmax_ce(h, gradus_labels(t.g, 1), NULL);
    if (gradus_compile(t.g, BATCH, 1) ||
        !(t.o = gradus_sgd(t.g, &(gradus_sgd_options){ .momentum = 0.9 }))) {
        puts(gradus_error());
        exit(1);
    }
    return t;
}

static void training_free(training *t)
{
    gradus_optimiser_free(t->o);
    gradus_graph_free(t->g);
}

static int stop(const gradus_progress *p, void *user)
{
    (void)user;
    return p->epoch == 1 && p->batch == 1; /* in the second epoch */
}

static gradus_fit_options options(const char *path)
{
    return (gradus_fit_options){
        .epochs = 2, .batch = BATCH, .validation = &data, .history = history,
        .restore_best = true, .checkpoint = path,
    };
}

/* Resumes the training, or makes its checkpoint. */
static int fit(const char *path, bool make)
{
    training t = training_new();
    gradus_fit_options o = options(path);

    o.resume = !make;
    o.callback = make ? stop : NULL;
    int error = gradus_fit(t.o, &data, &o);
    training_free(&t);
    return error;
}

static int load(const char *path, bool make)
{
    training t = training_new();
    int error = make ? gradus_save_checkpoint(t.o, path)
                     : gradus_load_checkpoint(t.o, path);

    training_free(&t);
    return error;
}

static int replay(const char *path, bool make)
{
    training t = training_new();
    FILE *null = fopen("/dev/null", "w");
    int error = null == NULL;

    if (make) {
        x[3] = NAN;
        error |= !gradus_fit(t.o, &data, &(gradus_fit_options){
            .replay = path, .batch = BATCH, .keep_order = true });
        x[3] = 1;
    } else if (null) {
        error = gradus_replay(path, null);
    }
    if (null)
        fclose(null);
    training_free(&t);
    return error;
}

int main(int argc, char **argv)
{
    for (int i = 0; i < SAMPLES; i++) {
        x[2 * i] = (gradus_real)i;
        x[2 * i + 1] = (gradus_real)(i % 3);
        labels[i] = i % 3;
    }
    if (argc == 2 && strcmp(argv[1], "--make") == 0)
        return fit("fit-good", true) || load("own-good", true) ||
               replay("replay-good", true);
    for (int i = 1; i < argc; i++) {
        const char *path = argv[i];
        int error = strncmp(path, "fit-", 4) == 0 ? fit(path, false)
                  : strncmp(path, "replay-", 7) == 0 ? replay(path, false)
                                                     : load(path, false);
        if (error)
            puts(gradus_error());
        else
            printf("%s: was loaded\n", path);
    }
    return 0;
}
