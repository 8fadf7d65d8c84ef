/* resume.c -- the checkpoints of gradus_fit: when they are written, and what
 * is in them beside the graph and the optimiser (io/checkpoint.c):
 *
 *   same                             must be the same when the training goes
 *                                    on: the batch, a hash of the sizes and
 *                                    the labels of what is fed, and so on
 *   epochs                           of this call; more are allowed
 *   epoch, done, samples, seconds    where the training is: the epoch, and how
 *                                    much of it is done
 *   steps, rate, log, finished       the steps of this call, the last learning
 *                                    rate, the size of the log in bytes, and
 *                                    whether patience has run out
 *   best, meter, history             texts of numbers, which may be inf or nan
 *
 * The order of the samples is not there, as the seed and the number of the
 * epoch decide it. */
#include "io/io.h" /* the first header, as it says there */

#include "base/bytes.h"
#include "base/error.h"
#include "base/locale.h"
#include "train/train.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double gradus_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- texts of numbers --------------------------------------------------- */

/* Returns v [n] as text with as many digits as it needs; NULL if out of
 * memory.  Needs the C locale. */
static json_t *text_of(size_t n, const double *v)
{
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);

    for (size_t i = 0; f && i < n; i++)
        fprintf(f, "%.17g ", v[i]);
    json_t *json = f && !fclose(f) ? json_string(text) : NULL;
    free(text);
    return json;
}

/* Reads a text of exactly n numbers.  Needs the C locale. */
static int read_text(const json_t *fit, const char *key, size_t n, double *v)
{
    const char *text = json_string_value(json_object_get(fit, key));

    for (size_t i = 0; text && i < n; i++) {
        char *end;
        v[i] = strtod(text, &end);
        text = *end == ' ' ? end + 1 : NULL;
    }
    if (text && !*text)
        return 0;
    return gradus_error_set("gradus.checkpoint: %s must be %zu numbers", key,
                            n);
}

/* ---- what the checkpoint is of ------------------------------------------ */

/* Writes the hash of what is fed: of each data node the kind, the size and the
 * number of rows, and the labels.  With options.next that changes from batch
 * to batch, and does not count. */
static void hash_data(const gradus_fit_state *f, char text[20])
{
    uint64_t h = GRADUS_HASH_OF_NOTHING;

    for (int i = 0; i < f->g->count && !f->options.next; i++) {
        const gradus_node *n = f->g->node[i];
        uint64_t sizes[] = { n->kind, (uint64_t)n->size, n->fed.rows };
        if (n->kind != GRADUS_KIND_COMPUTED)
            h = gradus_hash(h, sizes, sizeof sizes);
        if (n->fed.labels)
            h = gradus_hash(h, n->fed.labels, n->fed.rows * (size_t)n->size *
                                                  sizeof *n->fed.labels);
    }
    snprintf(text, 20, "%016jx", (uintmax_t)h);
}

/* Returns what must be the same when the training goes on, or NULL if out of
 * memory. */
static json_t *same_of(const gradus_fit_state *f)
{
    char data[20];

    hash_data(f, data);
    return json_pack("{s:i, s:i, s:b, s:b, s:s}", "batch", f->options.batch,
                     "samples", f->n, "keep_order", f->options.keep_order,
                     "restore_best", f->options.restore_best,
                     "labels (their hash)", data);
}

/* ---- write -------------------------------------------------------------- */

enum { BEST = 4, EPOCH = 6 }; /* numbers of a gradus_best, a gradus_epoch */

/* Returns the history of the epochs that are over, as text. */
static json_t *history_of(const gradus_fit_state *f)
{
    size_t n = f->options.history ? (size_t)f->p.epoch : 0;
    double *v = malloc((n + 1) * EPOCH * sizeof *v);

    for (size_t i = 0; v && i < n; i++) {
        const gradus_epoch *e = &f->options.history[i];
        memcpy(v + i * EPOCH,
               (double[EPOCH]){ (double)e->samples, e->seconds, e->train_loss,
                                e->train_accuracy, e->valid_loss,
                                e->valid_accuracy }, EPOCH * sizeof *v);
    }
    json_t *text = v ? text_of(n * EPOCH, v) : NULL;
    free(v);
    return text;
}

/* Returns all that the checkpoint says of this call, or NULL if out of
 * memory.  Needs the C locale. */
static json_t *describe(const gradus_fit_state *f)
{
    const gradus_best *b = &f->best;
    const gradus_meter *m = &f->meter;

    return json_pack(
        "{s:o, s:i, s:i, s:i, s:I, s:f, s:I, s:f, s:I, s:b, s:o,"
        " s:[I, I, I], s:o, s:o}", "same", same_of(f), "epochs", f->p.epochs,
        "epoch", f->p.epoch, "done", f->p.batch, "samples",
        (json_int_t)f->p.so_far.samples, "seconds", f->p.so_far.seconds,
        "steps", (json_int_t)f->step, "rate", f->rate, "log",
        (json_int_t)gradus_log_size(&f->log), "finished", f->finished, "best",
        text_of(BEST, (double[BEST]){ b->epoch, b->loss, b->mark,
                                      b->waited }), "labels",
        (json_int_t)m->labels, (json_int_t)m->correct,
        (json_int_t)m->in_top_k, "meter",
        text_of(2 * (size_t)f->g->count, &m->total->sum), "history",
        history_of(f));
}

static int save(gradus_fit_state *f)
{
    const gradus_fit_options *o = &f->options;
    gradus_c_locale locale;

    if (gradus_c_locale_enter(&locale))
        return -1;
    json_t *fit = describe(f);
    gradus_c_locale_leave(&locale);
    int status = fit ? gradus_keep_older(o->checkpoint, o->checkpoint_keep) ||
                       gradus_checkpoint_write(f->o, f->best.theta, fit,
                                               o->checkpoint)
                     : gradus_no_memory("the checkpoint %s", o->checkpoint);
    json_decref(fit);
    f->saved = gradus_now();
    return status ? -1 : 0;
}

void gradus_checkpoint(gradus_fit_state *f, bool always)
{
    const gradus_fit_options *o = &f->options;

    if (!o->checkpoint)
        return;
    if (o->checkpoint_batches)
        always |= f->step % (uint64_t)o->checkpoint_batches == 0;
    if (o->checkpoint_seconds > 0)
        always |= gradus_now() - f->saved >= o->checkpoint_seconds;
    if (always && save(f))
        snprintf(f->warning, sizeof f->warning, "no checkpoint was written: "
                 "%s", gradus_error());
}

/* ---- resume ------------------------------------------------------------- */

static int read_history(gradus_fit_state *f, const json_t *fit)
{
    size_t n = f->options.history ? (size_t)f->p.epoch : 0;
    double *v = malloc((n + 1) * EPOCH * sizeof *v);
    int status = v ? 0 : gradus_no_memory("the history of %zu epochs", n);

    if (!status && n)
        status = read_text(fit, "history", n * EPOCH, v);
    for (size_t i = 0; !status && i < n; i++) {
        const double *e = v + i * EPOCH;
        f->options.history[i] = (gradus_epoch){ (size_t)e[0], e[1], e[2],
                                                e[3], e[4], e[5] };
    }
    free(v);
    return status;
}

/* Puts the state of this call where it was.  Needs the C locale. */
static int restore(gradus_fit_state *f, json_t *fit)
{
    json_int_t samples, steps, log, labels, correct, in_top_k;
    double best[BEST];
    int finished;
    json_error_t error;

    if (json_unpack_ex(fit, &error, 0,
                       "{s:i, s:i, s:I, s:F, s:I, s:F, s:I, s:b, s:[I, I, I]}",
                       "epoch", &f->p.epoch, "done", &f->p.batch, "samples",
                       &samples, "seconds", &f->p.so_far.seconds, "steps",
                       &steps, "rate", &f->rate, "log", &log, "finished",
                       &finished, "labels", &labels, &correct, &in_top_k))
        return gradus_error_set("gradus.checkpoint: %s", error.text);
    if (f->p.epoch < 0 || f->p.epoch > f->p.epochs || f->p.batch < 0 ||
        samples < 0 || (!f->options.next && samples > f->n))
        return gradus_error_set("the checkpoint is of epoch %d, sample %lld; "
                                "must be within %d epochs of %d samples",
                                f->p.epoch + 1, samples, f->p.epochs, f->n);
    f->p.so_far.samples = (size_t)samples;
    f->in_epoch = f->p.batch > 0;
    f->step = (uint64_t)steps;
    f->finished = finished;
    f->meter.labels = (size_t)labels;
    f->meter.correct = (size_t)correct;
    f->meter.in_top_k = (size_t)in_top_k;
    if (read_text(fit, "best", BEST, best) ||
        read_text(fit, "meter", 2 * (size_t)f->g->count,
                  &f->meter.total->sum) || read_history(f, fit))
        return -1;
    if (!(best[0] >= -1 && best[0] < f->p.epochs && best[3] >= 0 &&
          best[3] <= f->p.epochs))
        return gradus_error_set("gradus.checkpoint: best is of epoch %g, and "
                                "waited for %g; must be within %d epochs",
                                best[0], best[3], f->p.epochs);
    f->best.epoch = (int)best[0];
    f->best.loss = best[1];
    f->best.mark = best[2];
    f->best.waited = (int)best[3];
    return gradus_log_cut(&f->log, log);
}

/* Reads what the checkpoint says of the call that wrote it. */
static int read_fit(void *arg, json_t *fit)
{
    gradus_fit_state *f = arg;
    const gradus_fit_options *o = &f->options;
    uint64_t steps = (uint64_t)f->p.epochs * (uint64_t)f->p.batches;
    int epochs = 0;

    if (!fit)
        return gradus_error_set("is no checkpoint of gradus_fit; "
                                "gradus_load_checkpoint may read it");
    json_t *here = same_of(f);
    int status = here ? gradus_json_compare("", here,
                                            json_object_get(fit, "same"))
                      : gradus_no_memory("a comparison");
    json_decref(here);
    if (status || restore(f, fit))
        return -1;
    json_unpack(fit, "{s:i}", "epochs", &epochs);
    if (o->learning_rate && f->step &&
        (epochs != f->p.epochs ||
         o->learning_rate(f->step - 1, steps, o->user) != f->rate))
        snprintf(f->warning, sizeof f->warning, "the learning rate has "
                 "another schedule than in the checkpoint, which is of a "
                 "training for %d epochs; this one is for %d", epochs,
                 f->p.epochs);
    return 0;
}

static int check_options(const gradus_fit_options *o)
{
    if (o->checkpoint_batches < 0 || o->checkpoint_keep < 0)
        return gradus_error_set("gradus_fit: checkpoint_%s is %d; must be at "
                                "least 0",
                                o->checkpoint_batches < 0 ? "batches" : "keep",
                                o->checkpoint_batches < 0
                                    ? o->checkpoint_batches
                                    : o->checkpoint_keep);
    if (!(o->checkpoint_seconds >= 0))
        return gradus_error_set("gradus_fit: checkpoint_seconds is %g; must "
                                "be at least 0", o->checkpoint_seconds);
    if (!o->checkpoint && (o->checkpoint_batches || o->checkpoint_seconds ||
                           o->checkpoint_keep || o->resume))
        return gradus_error_set("gradus_fit: checkpoint is NULL; must be a "
                                "path, as other options of checkpoints are "
                                "set");
    return 0;
}

int gradus_resume(gradus_fit_state *f)
{
    const char *path = f->options.checkpoint;
    gradus_c_locale locale;

    if (check_options(&f->options))
        return -1;
    if (!path || access(path, F_OK))
        return path ? save(f) : 0; /* it is better to know now that it cannot
                                      be written */
    if (!f->options.resume)
        return gradus_error_set("%s: exists; resume the training that it "
                                "holds, or choose another name", path);
    if (gradus_c_locale_enter(&locale))
        return -1;
    int status = gradus_checkpoint_read(f->o, f->best.theta, path, read_fit,
                                        f, f->warning);
    gradus_c_locale_leave(&locale);
    f->saved = gradus_now();
    if (status)
        f->best.epoch = -1; /* there is nothing to restore */
    if (f->finished || f->p.epoch == f->p.epochs)
        *f->warning = 0; /* nothing will be computed */
    return status;
}
