/* fit.c -- gradus_fit: trains for some epochs.
 *
 * Each epoch shuffles the rows, takes a training step for each mini-batch of
 * them, evaluates the validation data, and reports to the callback, the
 * history and the log.  Labels and weights are checked before the first step,
 * unless options.next feeds them as they are needed. */
#include "base/clock.h"
#include "base/error.h"
#include "base/mode.h"
#include "base/shuffle.h"
#include "graph/ranks.h"
#include "optim/optimiser.h"
#include "run/run.h"
#include "train/train.h"

#include <math.h>
#include <stdlib.h>

/* Calls the callback, if there is one, with the progress so far.  It can stop
 * the training. */
static void call_back(gradus_fit_state *f)
{
    if (!f->p.epoch_done) /* else it is what the log has */
        f->p.so_far.seconds = gradus_now() - f->start;
    f->p.warning = *f->warning ? f->warning : NULL;
    if (!f->options.callback)
        return;
    if (f->options.callback(&f->p, f->options.user))
        f->stopped = true;
    *f->warning = 0;
}

/* ---- a batch --------------------------------------------------------- */

/* How many rows the next mini-batch of this epoch has; 0 after the last one;
 * -1, with a message, on error.  options.next, if there is one, feeds the rows
 * and returns how many there are. */
static int rows_of_batch(gradus_fit_state *f)
{
    const int most = f->options.batch;

    if (!f->options.next) {
        int left = f->n - (int)f->p.so_far.samples;
        return left < most ? left : most;
    }
    int rows = f->options.next(&f->p, f->options.user);
    bool empty = rows == 0 && f->p.batch == 0; /* no batch in this epoch */
    const char *why = rows < 0 ? gradus_error() : "";
    if (rows < 0 || rows > most || empty)
        return gradus_error_set("next returned %d; must be 1 to %d rows, or 0 "
                                "after the last batch of an epoch%s%s", rows,
                                most, *why ? "; the last error was: " : "",
                                why);
    return rows;
}

/* Sets the learning rate of the next step if options.learning_rate is given.
 * That function is told how many steps this call will take, or 0 with
 * options.next, as the number is then not known. */
static int set_learning_rate(gradus_fit_state *f)
{
    uint64_t steps = (uint64_t)f->p.epochs * (uint64_t)f->p.batches;
    gradus_mode mode;

    if (!f->options.learning_rate)
        return 0;
    gradus_mode_enter(&mode);
    double rate = f->options.learning_rate(f->step, steps, f->options.user);
    gradus_mode_leave(&mode);
    return gradus_set_learning_rate(f->o, rate);
}

/* Takes one training step with the next `rows` rows of this epoch, and adds
 * them to the meter.  On error the parameters are as the batch before has left
 * them. */
static int run_batch(gradus_fit_state *f, int rows)
{
    const int *index = f->options.next ? NULL
                                       : f->order + f->p.so_far.samples;

    gradus_mode mode;

    int status = set_learning_rate(f);
    if (gradus_agree_on_rate(f, status))
        return -1;
    if (gradus_train_step(f->o, index, rows)) {
        if (f->options.replay)
            gradus_replay_write(f->g, rows, f->options.replay);
        return -1;
    }
    f->rate = gradus_learning_rate(f->o);
    f->step++;
    gradus_mode_enter(&mode);
    status = gradus_meter_add(&f->meter);
    gradus_metrics m = gradus_meter_read(&f->meter);
    gradus_mode_leave(&mode);
    f->p.batch++;
    f->p.so_far.samples += (size_t)rows;
    f->p.so_far.train_loss = m.loss;
    f->p.so_far.train_accuracy = m.accuracy;
    call_back(f);
    return status || gradus_agree_to_stop(f) ? -1 : 0;
}

/* ---- an epoch -------------------------------------------------------- */

/* Shuffles the rows, unless keep_order is set.  Their order depends on the
 * graph's seed and on how many epochs the graph has been trained for, so that
 * two calls for one epoch each do the same as one call for two.  An epoch that
 * a checkpoint was written in goes on where it was. */
static void begin_epoch(gradus_fit_state *f)
{
    gradus_epoch begun = { .valid_loss = NAN, .valid_accuracy = NAN };

    f->start = gradus_now();
    f->p.epoch_done = false;
    if (f->in_epoch) {
        gradus_metrics m = gradus_meter_read(&f->meter);
        begun.samples = f->p.so_far.samples;
        begun.train_loss = m.loss;
        begun.train_accuracy = m.accuracy;
        f->start -= f->p.so_far.seconds;
    } else {
        f->p.batch = 0;
        gradus_meter_reset(&f->meter);
    }
    f->p.so_far = begun;
    f->in_epoch = false;
    for (int i = 0; i < f->n; i++)
        f->order[i] = i;
    if (!f->options.keep_order)
        gradus_shuffle(f->order, f->n, f->g->seed, GRADUS_SHUFFLE_EPOCH,
                       f->g->epochs);
}

/* Trains on batch after batch until the rows of the epoch are used up or the
 * callback stops the training.  *whole then says whether they are used up. */
static int run_batches(gradus_fit_state *f, bool *whole)
{
    int rows;

    do {
        rows = rows_of_batch(f);
        if (f->options.next && gradus_agree_on_rows(f, rows))
            rows = -1;
        if (rows < 0 || (rows > 0 && run_batch(f, rows)))
            return gradus_error_set("epoch %d, batch %d: %s", f->p.epoch + 1,
                                    f->p.batch + 1, gradus_error());
        if (rows > 0)
            gradus_checkpoint(f, f->stopped);
    } while (rows > 0 && !f->stopped);
    *whole = f->options.next ? rows == 0
                             : f->p.so_far.samples == (size_t)f->n;
    return 0;
}

/* Evaluates the validation data, if there are any, and stops the training if
 * patience has run out. */
static int validate(gradus_fit_state *f)
{
    gradus_metrics m = { 0 };

    if (!f->options.validation)
        return 0;
    if (gradus_evaluate(f->g, f->options.validation, NULL, &m))
        return -1;
    f->p.so_far.valid_loss = m.loss;
    f->p.so_far.valid_accuracy = m.accuracy;
    if (gradus_best_note(&f->best, f->g, &f->options, f->p.epoch, m.loss))
        f->finished = true; /* the epoch's last callback is still called */
    return 0;
}

/* Writes the epoch's line to the log.  A full disk does not end the training:
 * the callback is warned. */
static void log_epoch(gradus_fit_state *f)
{
    f->p.so_far.seconds = gradus_now() - f->start;
    if (gradus_log_write(&f->log, f->g->epochs, f->rate, &f->p.so_far))
        snprintf(f->warning, sizeof f->warning, "epoch %d is not in the log: "
                 "%s", f->p.epoch + 1, gradus_error());
}

/* Runs one epoch.  If the callback stops it, the validation data are not
 * evaluated, and the log has a line for it only if its rows were used up.  The
 * history has an entry for it in any case. */
static int run_epoch(gradus_fit_state *f)
{
    bool whole = false;

    begin_epoch(f);
    int status = run_batches(f, &whole);
    if (whole)
        f->g->epochs++;
    if (!status && !f->stopped) {
        status = validate(f);
        f->p.epoch_done = true;
    }
    if (!status && whole)
        log_epoch(f);
    if (!status && f->p.epoch_done) {
        call_back(f);
        if (gradus_compare_weights(f, gradus_agree_to_stop(f)))
            status = gradus_error_set("epoch %d, batch %d: %s", f->p.epoch + 1,
                                      f->p.batch, gradus_error());
    }
    if (f->options.history)
        f->options.history[f->p.epoch] = f->p.so_far;
    return status;
}

/* ---- the call -------------------------------------------------------- */

/* Checks every label and every weight of the n rows that are fed, in batches
 * of `batch` rows as they will be used. */
static int check_data(gradus_graph *g, int n, int batch, bool training)
{
    for (int from = 0, rows; from < n; from += rows) {
        rows = n - from < batch ? n - from : batch;
        if (gradus_prepare(g, NULL, from, rows, training))
            return -1;
        g->batch.rows = 0; /* no forward follows */
    }
    return 0;
}

/* Checks the labels and weights of the validation data in the same way.  They
 * are fed for that, and afterwards what was fed before is fed again. */
static int check_validation(gradus_graph *g, const gradus_dataset *d)
{
    gradus_fed_before before = { 0 };

    if (!d)
        return 0;
    int status = gradus_feed_dataset(g, d, &before) ||
                 check_data(g, (int)d->n, g->max_batch, false);
    gradus_feed_restore(&before);
    return status ? gradus_error_set("validation data: %s", gradus_error())
                  : 0;
}

/* Does what can fail before the first step on one rank and not on others:
 * feeds the data, allocates memory, checks the data and opens the log. */
static int begin(gradus_fit_state *f, const gradus_dataset *data)
{
    if (gradus_need_loss(f->g) ||
        gradus_best_start(&f->best, f->g, &f->options) ||
        (data && gradus_feed_training(f->g, data, &f->before)))
        return -1;
    f->n = f->options.next ? 0 : gradus_fed_rows(f->g);
    if (f->n < 0)
        return -1;
    f->order = malloc(((size_t)f->n + 1) * sizeof *f->order); /* n may be 0 */
    if (!f->order)
        return gradus_no_memory("the order of %d samples", f->n);
    f->p.batches = f->n ? (f->n - 1) / f->options.batch + 1 : 0;
    if (gradus_meter_start(&f->meter, f->g, &(gradus_evaluate_options){ 0 }) ||
        check_data(f->g, f->n, f->options.batch, true) ||
        check_validation(f->g, f->options.validation))
        return -1;
    return gradus_log_open(&f->log, f->options.log);
}

/* Frees what `begin` has made, even if that has failed half-way, restores the
 * best epoch's parameters if that is wanted, and feeds what was fed before. */
static void end(gradus_fit_state *f)
{
    gradus_log_close(&f->log);
    gradus_best_end(&f->best, f->g, &f->options);
    gradus_meter_free(&f->meter);
    free(f->order);
    gradus_feed_restore(&f->before);
}

/* Goes on to the next epoch.  There is a checkpoint between two epochs if no
 * other time was given, and in any case one when the training ends here. */
static void end_epoch(gradus_fit_state *f)
{
    const gradus_fit_options *o = &f->options;

    f->p.epoch++;
    f->p.batch = 0;
    f->p.so_far = (gradus_epoch){ 0 };
    gradus_checkpoint(f, f->stopped || f->finished ||
                         f->p.epoch == f->p.epochs ||
                         (!o->checkpoint_batches && !o->checkpoint_seconds));
}

static int run(gradus_fit_state *f, const gradus_dataset *data)
{
    int status = gradus_compare_training(f, begin(f, data));

    if (!status)
        status = gradus_resume(f);
    while (!status && !f->stopped && !f->finished &&
           f->p.epoch < f->p.epochs) {
        status = run_epoch(f);
        if (!status && f->p.epoch_done)
            end_epoch(f);
    }
    end(f);
    if (status)
        return -1;
    if (*f->warning)
        gradus_error_set("the training has ended, but %s", f->warning);
    if (gradus_agree(f->g, *f->warning))
        return *f->g->ranks->why ? -1 : 1;
    return 0;
}

int gradus_fit(gradus_optimiser *o, const gradus_dataset *data,
               const gradus_fit_options *options)
{
    if (!o)
        return gradus_error_set("gradus_fit: the optimiser is NULL");
    gradus_fit_state f = { .o = o, .g = o->graph, .log.fd = -1 };

    if (options)
        f.options = *options;
    int status = gradus_settle_options(&f.options, f.g->max_batch);
    if (!status && data && f.options.next)
        status = gradus_error_set("gradus_fit: data and next are both given; "
                                  "must be only one of them");
    if (status)
        return gradus_compare_training(&f, status);
    if (f.g->ranks->rank > 0) /* rank 0 writes the files */
        f.options.log = f.options.replay = NULL;
    f.p.optimiser = o;
    f.p.epochs = f.options.epochs;
    return run(&f, data);
}
