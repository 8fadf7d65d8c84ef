/* resume.c -- the checkpoints of gradus_fit: when they are written, and what
 * is in them beside the graph and the optimiser (io/checkpoint.c):
 *
 *   same                             must be the same when the training goes
 *                                    on: the batch, a hash of the sizes and
 *                                    the labels of what is fed, and so on
 *   numbers                          a text of numbers, some of which may be
 *                                    inf or nan: where the training is, the
 *                                    best epoch, the meter and the history
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

/* ---- the numbers of a call ---------------------------------------------- */

static int pass_int(gradus_numbers *l, const char *name, int v, int most)
{
    return (int)gradus_pass_count(l, name, v, most);
}

/* None of these is above 2^53, so that each is exact as a double. */
static size_t pass_size(gradus_numbers *l, const char *name, size_t v)
{
    return (size_t)gradus_pass_count(l, name, (double)v, 0x1p53);
}

/* Passes the entries of the epochs that are over, unless the checkpoint was
 * written without a history. */
static void pass_history(gradus_fit_state *f, gradus_numbers *l)
{
    gradus_epoch *e = f->options.history;

    for (int i = 0; e && i < f->p.epoch && (l->out || *l->in); i++, e++) {
        e->samples = pass_size(l, "samples", e->samples);
        gradus_pass(l, &e->seconds);
        gradus_pass(l, &e->train_loss);
        gradus_pass(l, &e->train_accuracy);
        gradus_pass(l, &e->valid_loss);
        gradus_pass(l, &e->valid_accuracy);
    }
}

/* Passes where this call of gradus_fit is; *epochs and *log are its epochs and
 * the size of its log. */
static void pass_state(gradus_fit_state *f, gradus_numbers *l, int *epochs,
                       size_t *log)
{
    gradus_best *b = &f->best;
    gradus_meter *m = &f->meter;
    gradus_epoch *e = &f->p.so_far;

    *epochs = pass_int(l, "epochs", *epochs, INT_MAX);
    f->p.epoch = pass_int(l, "epochs done", f->p.epoch, f->p.epochs);
    f->p.batch = pass_int(l, "batches", f->p.batch, INT_MAX);
    e->samples = pass_size(l, "samples", e->samples);
    f->step = pass_size(l, "steps", f->step);
    *log = pass_size(l, "bytes of the log", *log);
    f->finished = pass_int(l, "ends", f->finished, 1);
    b->epoch = pass_int(l, "epochs up to the best", b->epoch + 1,
                        f->p.epochs) - 1;
    b->waited = pass_int(l, "epochs without progress", b->waited,
                         f->p.epochs);
    m->labels = pass_size(l, "labels", m->labels);
    m->correct = pass_size(l, "correct labels", m->correct);
    m->in_top_k = pass_size(l, "labels among the top k", m->in_top_k);
    gradus_pass(l, &e->seconds);
    gradus_pass(l, &f->rate);
    gradus_pass(l, &b->loss);
    gradus_pass(l, &b->mark);
    for (int i = 0; i < f->g->count; i++) {
        gradus_pass(l, &m->total[i].sum);
        gradus_pass(l, &m->total[i].divisor);
    }
    pass_history(f, l);
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

/* Returns all that the checkpoint says of this call, or NULL if out of
 * memory.  Needs the C locale. */
static json_t *describe(gradus_fit_state *f)
{
    char *text = NULL;
    size_t length;
    gradus_numbers l = { .out = open_memstream(&text, &length) };
    int epochs = f->p.epochs;
    size_t log = gradus_log_size(&f->log);

    if (l.out)
        pass_state(f, &l, &epochs, &log);
    json_t *fit = l.out && !fclose(l.out)
                      ? json_pack("{s:o, s:s}", "same", same_of(f), "numbers",
                                  text) : NULL;
    free(text);
    return fit;
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

/* Reads what the checkpoint says of the call that wrote it, and puts this call
 * where that was.  Needs the C locale. */
static int read_fit(void *arg, json_t *fit)
{
    gradus_fit_state *f = arg;
    const gradus_fit_options *o = &f->options;
    uint64_t steps = (uint64_t)f->p.epochs * (uint64_t)f->p.batches;
    const char *text = json_string_value(json_object_get(fit, "numbers"));
    gradus_numbers l = { .in = text ? text : "" };
    int epochs = 0;
    size_t log = 0;

    if (!fit)
        return gradus_error_set("is no checkpoint of gradus_fit; "
                                "gradus_load_checkpoint may read it");
    json_t *here = same_of(f);
    int status = here ? gradus_json_compare("", here,
                                            json_object_get(fit, "same"))
                      : gradus_no_memory("a comparison");
    json_decref(here);
    if (status)
        return -1;
    pass_state(f, &l, &epochs, &log);
    f->in_epoch = f->p.batch > 0;
    if (!l.status && f->in_epoch && f->p.epoch == f->p.epochs)
        l.status = gradus_error_set("the checkpoint is within epoch %d; must "
                                    "be within %d epochs", f->p.epoch + 1,
                                    f->p.epochs);
    if (!l.status && !f->options.next && f->p.so_far.samples > (size_t)f->n)
        l.status = gradus_error_set("the checkpoint has done %zu samples of "
                                    "an epoch; must be at most %d",
                                    f->p.so_far.samples, f->n);
    if (l.status || gradus_log_cut(&f->log, log))
        return -1;
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
    if (o->checkpoint && o->replay && !strcmp(o->checkpoint, o->replay))
        return gradus_error_set("gradus_fit: checkpoint and replay are both "
                                "%s; must be two files", o->replay);
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
