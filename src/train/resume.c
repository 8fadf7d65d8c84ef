/* resume.c -- the checkpoints of gradus_fit: when they are written, and what
 * is in them beside the graph and the optimiser (io/checkpoint.c):
 *
 *   same      must be the same when the training goes on: the batch, a hash
 *             of the data, and so on
 *   numbers   a text of numbers, some of which may be inf or nan: where the
 *             training is, the best epoch, the meter and the history
 *
 * The order of the samples is not there, as the seed and the number of the
 * epoch decide it. */
#include "io/io.h" /* the first header, as it says there */

#include "base/bytes.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/locale.h"
#include "graph/ranks.h"
#include "train/train.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the numbers of a call ---------------------------------------------- */

static int pass_int(gradus_numbers *t, const char *name, int v, int most)
{
    return (int)gradus_transfer_count(t, name, v, most);
}

/* None of these is above 2^53, so that each is exact as a double. */
static size_t pass_size(gradus_numbers *t, const char *name, size_t v,
                        double most)
{
    return (size_t)gradus_transfer_count(t, name, (double)v, most);
}

enum { MOST_SECONDS = 1000000000 }; /* of an epoch: 30 years */

/* Passes the entries of the epochs that are over, unless the checkpoint was
 * written without a history. */
static void pass_history(gradus_fit_state *f, gradus_numbers *t)
{
    gradus_epoch *e = f->options.history;

    for (int i = 0; e && i < f->p.epoch && (t->out || *t->in); i++, e++) {
        e->samples = pass_size(t, "samples", e->samples, 0x1p53);
        e->seconds = gradus_transfer_count(t, "seconds", e->seconds,
                                           MOST_SECONDS);
        gradus_transfer(t, &e->train_loss);
        gradus_transfer(t, &e->train_accuracy);
        gradus_transfer(t, &e->valid_loss);
        gradus_transfer(t, &e->valid_accuracy);
    }
}

/* Refuses to go on for fewer epochs than the checkpoint has begun. */
static void check_epochs(gradus_fit_state *f, gradus_numbers *t)
{
    const unsigned begun = (unsigned)f->p.epoch + (f->p.batch > 0);

    if (begun <= (unsigned)f->p.epochs)
        return;
    if (!t->status)
        t->status = gradus_error_set("it has got to epoch %u, but this "
                                     "training is for %d epoch%s; must be for "
                                     "%u or more", begun, f->p.epochs,
                                     f->p.epochs == 1 ? "" : "s", begun);
    f->p.epoch = 0;
}

/* Passes where this call of gradus_fit is; *epochs are its epochs. */
static void pass_state(gradus_fit_state *f, gradus_numbers *t, int *epochs)
{
    const double most = 0x1p53;
    gradus_best *b = &f->best;
    gradus_meter *m = &f->meter;
    gradus_epoch *e = &f->p.so_far;
    bool made = f->options.next != NULL; /* how many batches is not known */

    *epochs = pass_int(t, "epochs", *epochs, INT_MAX);
    f->p.epoch = pass_int(t, "epochs done", f->p.epoch, *epochs);
    f->p.batch = pass_int(t, "batches", f->p.batch,
                          made ? INT_MAX / 2 : f->p.batches);
    check_epochs(f, t);
    e->samples = pass_size(t, "samples", e->samples, made ? most : f->n);
    f->step = pass_size(t, "steps", f->step, most);
    f->log_size = pass_size(t, "bytes of the log", f->log_size, most);
    b->epoch = pass_int(t, "epochs up to the best", b->epoch + 1,
                        f->p.epochs) - 1;
    b->waited = pass_int(t, "epochs without progress", b->waited,
                         f->p.epochs);
    m->labels = pass_size(t, "labels", m->labels, most);
    m->correct = pass_size(t, "correct labels", m->correct, most);
    m->in_top_k = pass_size(t, "labels among the top k", m->in_top_k, most);
    e->seconds = gradus_transfer_count(t, "seconds", e->seconds,
                                       MOST_SECONDS);
    gradus_transfer(t, &f->rate);
    gradus_transfer(t, &b->loss);
    gradus_transfer(t, &b->mark);
    for (int i = 0; i < f->g->count; i++) {
        gradus_transfer(t, &m->total[i].sum);
        gradus_transfer(t, &m->total[i].divisor);
    }
    pass_history(f, t);
}

/* ---- what the checkpoint is of ------------------------------------------ */

/* Returns what must be the same when the training goes on, or NULL if out of
 * memory. */
static json_t *same_of(const gradus_fit_state *f)
{
    return json_pack("{s:i, s:i, s:b, s:b, s:s}", "batch", f->options.batch,
                     "samples", f->n, "keep_order", f->options.keep_order,
                     "restore_best", f->options.restore_best,
                     "data (a hash)", f->data);
}

/* ---- write -------------------------------------------------------------- */

/* Returns all that the checkpoint says of this call, or NULL if out of
 * memory.  Needs the C locale. */
static json_t *describe(gradus_fit_state *f)
{
    char *text = NULL;
    size_t length;
    gradus_numbers t = { .out = open_memstream(&text, &length) };
    int epochs = f->p.epochs;

    f->log_size = gradus_log_size(&f->log);
    if (t.out)
        pass_state(f, &t, &epochs);
    json_t *fit = t.out && !fclose(t.out)
                      ? json_pack("{s:o, s:s}", "same", same_of(f), "numbers",
                                  text) : NULL;
    free(text);
    return fit;
}

static int save(gradus_fit_state *f)
{
    const gradus_fit_options *o = &f->options;
    gradus_c_locale locale;

    f->saved = gradus_now();
    if (gradus_gather_state(f->o))
        return -1;
    if (f->g->ranks->rank > 0) /* rank 0 writes the file */
        return 0;
    if (gradus_c_locale_enter(&locale))
        return -1;
    json_t *fit = describe(f);
    gradus_c_locale_leave(&locale);
    if (gradus_keep_older(o->checkpoint, o->checkpoint_keep))
        snprintf(f->warning, sizeof f->warning, "the checkpoint before the "
                 "last could not be kept: %s", gradus_error());
    int status = fit ? gradus_checkpoint_write(f->o, f->best.theta, fit,
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
    double due = always; /* all ranks take part, or none */
    if (!gradus_sum_ranks(f->g, &due, 1) && due > 0 && save(f))
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
    gradus_numbers t = { .in = text ? text : "" };
    int epochs = 0;

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
    pass_state(f, &t, &epochs);
    f->in_epoch = f->p.batch > 0;
    f->finished = o->patience && f->best.waited >= o->patience;
    if (t.status)
        return -1;
    uint64_t before = (uint64_t)epochs * (uint64_t)f->p.batches;
    if (o->learning_rate && f->step &&
        (o->learning_rate(f->step - 1, before, o->user) != f->rate ||
         o->learning_rate(f->step, before, o->user) !=
             o->learning_rate(f->step, steps, o->user)))
        snprintf(f->warning, sizeof f->warning, "the training was begun for "
                 "%d epochs and is now for %d%s: from here on the learning "
                 "rate is another than in a training without a break", epochs,
                 f->p.epochs, epochs == f->p.epochs ? ", but with another "
                                                      "schedule" : "");
    return 0;
}

/* Cuts off what was logged after the checkpoint, as it will be logged again.
 * Lines that are missing are a warning. */
static int restore_log(gradus_fit_state *f)
{
    if (f->log.path && gradus_log_size(&f->log) < f->log_size)
        snprintf(f->warning, sizeof f->warning, "%s is shorter than it was at "
                 "the checkpoint, so lines of it are missing", f->log.path);
    return gradus_log_cut(&f->log, f->log_size);
}

/* Reads the checkpoint, if there is one; *new says that there is none. */
static int look_for_checkpoint(gradus_fit_state *f, bool *new)
{
    const char *path = f->options.checkpoint;
    char older[PATH_MAX + 16];
    gradus_c_locale locale;

    if (f->options.replay && gradus_replay_begin(f->g, f->options.replay))
        return -1;
    if (!path)
        return 0;
    gradus_hash_data(f);
    snprintf(older, sizeof older, "%s.1", path);
    bool has_older = access(older, F_OK) == 0;
    *new = access(path, F_OK);
    if (*new)
        return has_older && f->options.checkpoint_keep > 1
                   ? gradus_error_set("%s: is missing, but %s is there; rename"
                                      " that one to go on from it, or remove "
                                      "it to begin anew", path, older)
                   : 0;
    struct stat st;
    if (!f->options.resume && !stat(path, &st) && S_ISREG(st.st_mode))
        return gradus_error_set("%s: exists; resume the training that it "
                                "holds, or choose another name", path);
    if (gradus_c_locale_enter(&locale))
        return -1;
    int status = gradus_checkpoint_read(f->o, f->best.theta, path, read_fit,
                                        f, f->warning);
    gradus_c_locale_leave(&locale);
    f->saved = gradus_now();
    if (status && has_older)
        gradus_error_set("%s; %s is the checkpoint before it", gradus_error(),
                         older);
    if (status)
        f->best.epoch = -1; /* there is nothing to restore */
    if (f->finished || f->p.epoch == f->p.epochs)
        *f->warning = 0; /* nothing will be computed */
    else if (!status)
        status = restore_log(f);
    return status;
}

/* The first checkpoint is written at once: it is better to know now that it
 * cannot be written. */
int gradus_resume(gradus_fit_state *f)
{
    bool new = false;
    int status = look_for_checkpoint(f, &new);

    if (gradus_compare_ranks(f->g, status, "number of checkpoints", "%d",
                             !new) ||
        gradus_compare_weights(f, 0))
        return -1;
    return new ? gradus_agree(f->g, save(f)) : 0;
}
