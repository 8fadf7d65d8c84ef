/* run.c -- trains each case for a few steps on one thread, and prints the bits
 * of all results.  Two and four threads must give the same bits. */
#include "same.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1024, MAX_BATCH = 1024 };

const char *same_precision(void)
{
    return sizeof(gradus_real) == sizeof(float) ? "float" : "double";
}

int same_rows(int batch)
{
    return batch + batch / 2 + 1;
}

static uint64_t hash_reals(const gradus_real *v, size_t n)
{
    return same_hash(SAME_FNV, v, n * sizeof *v);
}

/* Indexes of `batch` rows [batch]: the last rows of the data, in reverse. */
static const int *some_rows(int batch)
{
    static int index[MAX_BATCH];

    for (int i = 0; i < batch; i++)
        index[i] = same_rows(batch) - 1 - i;
    return index;
}

/* Adds up the gradients of two batches, and writes them to text. */
static int accumulate(const same_model *m, int batch, char *text)
{
    gradus_graph *g = m->g;

    if (gradus_forward(g, NULL, batch) || gradus_backward(g) ||
        gradus_forward(g, some_rows(batch), batch) || gradus_backward_add(g))
        return -1;
    text += sprintf(text, "loss %a gradients %016" PRIx64, gradus_loss(g),
                    hash_reals(gradus_gradients(g),
                               gradus_parameter_count(g)));
    if (m->wanted)
        sprintf(text, " dx %016" PRIx64,
                hash_reals(m->wanted->dy,
                           (size_t)batch * (size_t)m->wanted->size));
    return 0;
}

static int fit(const same_model *m, gradus_optimiser *o, int batch,
               char *text)
{
    const gradus_fit_options once = { .batch = batch };

    *text = '\0';
    return m->fit ? m->fit(m, o, batch, text) : gradus_fit(o, NULL, &once);
}

static int train(const same_case *c, const same_model *m, int batch,
                 char *text)
{
    const gradus_sgd_options momentum = { .learning_rate = 0.01,
                                          .momentum = 0.9 };
    gradus_optimiser *o = c->rule ? c->rule(m->g)
                                  : gradus_sgd(m->g, &momentum);
    int error = !o || gradus_train_step(o, some_rows(batch), batch) ||
                accumulate(m, batch, text) || gradus_step(o) ||
                fit(m, o, batch, text + strlen(text));

    sprintf(text + strlen(text), " norm %a parameters %016" PRIx64,
            o ? gradus_clip_norm(o) : 0, gradus_parameters_hash(m->g));
    gradus_optimiser_free(o);
    return error;
}

/* Infers from the first rows.  Returns the hash of the last node's values. */
static uint64_t infer(const same_model *m, int rows)
{
    const gradus_node *last =
        gradus_node_at(m->g, gradus_node_count(m->g) - 1);
    const void *x = m->fed[0].data;
    gradus_workspace *w = gradus_workspace_new(m->g, rows);

    same_must(w != NULL, "workspace");
    const gradus_real *y = m->fed[0].kind == PIXELS
                               ? gradus_infer_u8(w, x, rows)
                               : gradus_infer(w, x, rows);
    same_must(y != NULL, "infer");
    uint64_t h = hash_reals(y, (size_t)rows * (size_t)last->size);
    gradus_workspace_free(w);
    return h;
}

static void measure(const same_model *m, int batch, char *text)
{
    gradus_metrics e = { 0 };

    if (!m->mute)
        text += sprintf(text, " infer %016" PRIx64 " %016" PRIx64,
                        infer(m, 1), infer(m, same_rows(batch)));
    same_must(!gradus_evaluate(m->g, NULL,
                               &(gradus_evaluate_options){ .k = 2 }, &e),
              "evaluate");
    sprintf(text, " evaluate %a %a %a", e.loss, e.accuracy, e.top_k);
}

static void run(const same_case *c, int batch, int threads, char *text)
{
    same_model m = { .g = gradus_graph_new(1) };

    same_must(m.g != NULL, c->name);
    c->build(&m, c->with);
    same_must(!gradus_compile(m.g, batch, threads), c->name);
    same_feed(&m, same_rows(batch));
    same_must(!train(c, &m, batch, text), c->name);
    measure(&m, batch, text + strlen(text));
    same_free(&m);
}

/* Prints the results of one thread.  Returns non-zero if those of two or four
 * threads differ. */
static int compare(const same_case *c, int batch)
{
    char one[LINE], more[LINE];
    int differ = 0;

    run(c, batch, 1, one);
    printf("%s %s batch %d: %s\n", c->name, same_precision(), batch, one);
    fflush(stdout);
    for (int threads = 2; threads <= 4; threads *= 2) {
        run(c, batch, threads, more);
        if (strcmp(one, more) == 0)
            continue;
        fprintf(stderr, "same: %s %s batch %d: %d threads give other bits "
                "than one: %s\n", c->name, same_precision(), batch, threads,
                more);
        differ = 1;
    }
    return differ;
}

int same_run(const same_case *c, size_t n)
{
    int differ = 0;

    for (size_t i = 0; i < n; i++)
        for (int j = 0; j < MAX_BATCHES && c[i].batch[j]; j++)
            differ += compare(&c[i], c[i].batch[j]);
    return differ;
}
