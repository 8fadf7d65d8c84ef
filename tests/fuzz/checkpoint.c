/* checkpoint.c -- fuzzes what a checkpoint or a replay file says beside the
 * graph and the tensors, which model.c fuzzes.  The first byte of an input
 * chooses the reader, and the others are the text in the metadata. */
#include "io/io.h" /* the first header, as it says there */

#include "fuzz.h"

#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES = 10, BATCH = 4 };

typedef struct {
    gradus_graph *g;
    gradus_optimiser *o;
} training;

/* The net and the optimiser that the seeds are of. */
static training training_new(void)
{
    training t = { gradus_graph_new(1), NULL };
    gradus_node *h = gradus_batchnorm(gradus_input(t.g, 2));

    h = gradus_dense(h, 3);
    gradus_softmax_ce(h, gradus_labels(t.g, 1), NULL);
    must(!gradus_compile(t.g, BATCH, 1), "the net is right");
    t.o = gradus_sgd(t.g, &(gradus_sgd_options){ .momentum = 0.9 });
    must(t.o != NULL, "so is its optimiser");
    return t;
}

/* Writes a file with this text; true if it can be written, which it cannot
 * with text that is not UTF-8. */
static bool write_file(const training *t, char kind, const char *text,
                       const char *path)
{
    gradus_contents c = {
        .graph = t->g, .arrays = kind == '2' ? 0 : kind == '0' ? 2 : 1,
        .array = { t->g->theta, t->g->theta },
        .key = kind == '2' ? "gradus.replay" : "gradus.checkpoint",
        .text = text,
    };

    return !gradus_write_file(&c, path);
}

static int read_file(training *t, char kind, const char *path)
{
    static const gradus_real x[2 * SAMPLES] = { 1, 2, 3, 4 };
    static const int32_t labels[SAMPLES] = { 0, 1, 2, 0, 1, 2, 0, 1, 2, 0 };
    static const gradus_dataset data = { .n = SAMPLES, .size = 2, .x = x,
                                         .labels = labels };
    gradus_epoch history[2];
    char log[64];

    if (kind == '0') {
        snprintf(log, sizeof log, "/dev/shm/gradus-fuzz-log-%d",
                 (int)getpid());
        int error = gradus_fit(t->o, &data, &(gradus_fit_options){
            .epochs = 2, .history = history, .validation = &data, .log = log,
            .restore_best = true, .checkpoint = path, .resume = true });
        remove(log);
        return error;
    }
    if (kind == '1')
        return gradus_load_checkpoint(t->o, path);
    FILE *out = fopen("/dev/null", "w");
    int status = out ? gradus_replay(path, out) : 0;
    if (out)
        fclose(out);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *byte, size_t n)
{
    char *text = calloc(n + 1, 1), path[64];

    must(text != NULL, "there is memory for a copy");
    if (n)
        memcpy(text, byte + 1, n - 1);
    snprintf(path, sizeof path, "/dev/shm/gradus-fuzz-checkpoint-%d",
             (int)getpid());
    training t = training_new();
    if (n && write_file(&t, (char)*byte, text, path)) {
        uint64_t before = gradus_parameters_hash(t.g);
        int status = read_file(&t, (char)*byte, path);
        must(!status || *gradus_error(), "a reader that fails says why");
        must(!status || strstr(gradus_error(), "has ended, but") ||
                 gradus_parameters_hash(t.g) == before,
             "a reader that fails changes nothing");
        remove(path);
    }
    gradus_optimiser_free(t.o);
    gradus_graph_free(t.g);
    free(text);
    return 0;
}
