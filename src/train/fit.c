/* fit.c -- training for some epochs: order, batches, history. */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include "run/batch.h"
#include "train/best.h"
#include "base/error.h"
#include "train/feed.h"
#include "graph/graph.h"
#include "train/log.h"
#include "train/meter.h"
#include "optim/optimiser.h"
#include "base/shuffle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* One call of gradus_fit. */
typedef struct {
    gradus_optimiser *o;
    gradus_graph *g;
    gradus_fit_options options;
    int *order, n; /* [n], the fed rows in the order of this epoch; n is 0
                      where they come from options.next */
    gradus_meter meter;
    gradus_best best;
    gradus_log log;
    double rate; /* of the last step */
    gradus_progress p;
    uint64_t step; /* of this call, the next one */
    double start;  /* of this epoch */
    int stopped;
} fit;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void set_order(fit *f)
{
    for (int i = 0; i < f->n; i++)
        f->order[i] = i;
    if (!f->options.keep_order)
        gradus_shuffle(f->order, f->n, f->g->seed, GRADUS_SHUFFLE_EPOCH,
                       f->g->epochs);
}

static int next_rows(fit *f)
{
    int rows = f->options.next(&f->p, f->options.user);

    if (rows < 0 || rows > f->options.batch || (!rows && !f->p.batch))
        return gradus_error_set("epoch %d, batch %d: next returned %d; 1 to "
                                "%d rows, or 0 after an epoch's last, wanted",
                                f->p.epoch + 1, f->p.batch + 1, rows,
                                f->options.batch);
    return rows;
}

/* Rows of the next batch; 0 after the last; -1 with a message. */
static int rows_of_batch(fit *f)
{
    if (f->options.next)
        return next_rows(f);
    int left = f->n - (int)f->p.so_far.samples;
    return left < f->options.batch ? left : f->options.batch;
}

static void call_back(fit *f)
{
    f->p.so_far.seconds = now() - f->start;
    if (f->options.callback && f->options.callback(&f->p, f->options.user))
        f->stopped = 1;
}

static int set_learning_rate(fit *f)
{
    uint64_t steps = (uint64_t)f->p.epochs * (uint64_t)f->p.batches;

    if (!f->options.learning_rate)
        return 0;
    return gradus_set_learning_rate(
        f->o, f->options.learning_rate(f->step++, steps, f->options.user));
}

static int run_batch(fit *f, int rows)
{
    const int *index = f->options.next ? NULL
                                       : f->order + f->p.so_far.samples;

    if (set_learning_rate(f) || gradus_train_step(f->o, index, rows)) {
        return gradus_error_prefix("epoch %d, batch %d", f->p.epoch + 1,
                                   f->p.batch + 1);
    }
    f->rate = gradus_learning_rate(f->o);
    gradus_meter_add(&f->meter);
    f->p.batch++;
    f->p.so_far.samples += (size_t)rows;
    f->p.so_far.train_loss = gradus_meter_loss(&f->meter);
    f->p.so_far.train_accuracy = gradus_meter_accuracy(&f->meter);
    call_back(f);
    return 0;
}

static int validate(fit *f)
{
    gradus_metrics m = { 0 };

    if (!f->options.validation)
        return 0;
    if (gradus_evaluate(f->g, f->options.validation, &m))
        return -1;
    f->p.so_far.valid_loss = m.loss;
    f->p.so_far.valid_accuracy = m.accuracy;
    if (gradus_best_note(&f->best, f->g, &f->options, f->p.epoch, m.loss))
        f->stopped = 1; /* after this epoch's last callback */
    return 0;
}

static int run_epoch(fit *f)
{
    int status, rows, whole;

    f->start = now();
    f->p.batch = 0;
    f->p.epoch_done = 0;
    f->p.so_far = (gradus_epoch){ .valid_loss = NAN, .valid_accuracy = NAN };
    gradus_meter_reset(&f->meter);
    set_order(f);
    do {
        rows = rows_of_batch(f);
        status = rows < 0 || (rows && run_batch(f, rows)) ? -1 : 0;
    } while (rows && !status && !f->stopped);
    whole = f->options.next ? !rows : f->p.so_far.samples == (size_t)f->n;
    if (!status && whole)
        f->g->epochs++;
    if (!status && !f->stopped) {
        status = validate(f);
        f->p.epoch_done = 1;
        if (!status)
            call_back(f);
    }
    if (f->options.history)
        f->options.history[f->p.epoch] = f->p.so_far;
    if (!status && whole)
        status = gradus_log_write(&f->log, f->g->epochs, f->rate,
                                  &f->p.so_far);
    return status;
}

/* Every label and weight of the n rows that are fed, in batches of the sizes
 * that come. */
static int check_data(gradus_graph *g, int n, int batch, int training)
{
    for (int from = 0, rows; from < n; from += rows) {
        rows = n - from < batch ? n - from : batch;
        if (gradus_batch_prepare(g, NULL, from, rows, training))
            return -1;
    }
    return 0;
}

static int check_validation(gradus_graph *g, const gradus_dataset *d)
{
    gradus_fed_before before = { 0 };

    if (!d)
        return 0;
    int status = gradus_feed_dataset(g, d, &before) ||
                 check_data(g, (int)d->n, g->max_batch, 0);
    gradus_feed_restore(&before);
    return status ? gradus_error_prefix("validation data") : 0;
}

static int run(fit *f)
{
    int status = 0;

    f->n = f->options.next ? 0 : gradus_fed_rows(f->g);
    if (f->n < 0 || gradus_best_start(&f->best, f->g, &f->options))
        return -1;
    f->order = malloc(((size_t)f->n + 1) * sizeof *f->order);
    if (!f->order || gradus_meter_start(&f->meter, f->g)) {
        free(f->order);
        gradus_best_end(&f->best, f->g, &f->options);
        return gradus_error_set("out of memory for the order of %d samples",
                                f->n);
    }
    f->p.batches = f->n ? (f->n - 1) / f->options.batch + 1 : 0;
    status = check_data(f->g, f->n, f->options.batch, 1) ||
             check_validation(f->g, f->options.validation) ||
             gradus_log_open(&f->log, f->options.log);
    for (; !status && !f->stopped && f->p.epoch < f->p.epochs; f->p.epoch++)
        status = run_epoch(f);
    gradus_log_close(&f->log);
    gradus_best_end(&f->best, f->g, &f->options);
    gradus_meter_free(&f->meter);
    free(f->order);
    return status;
}

static int check_options(fit *f)
{
    gradus_fit_options *o = &f->options;

    if (o->best_epoch)
        *o->best_epoch = -1;
    if (o->epochs < 0 || o->batch < 0 || o->batch > f->g->max_batch)
        return gradus_error_set("gradus_fit: %d epochs of batches of %d; at "
                                "least 1 epoch and a batch of 1 to %d (what "
                                "the graph is compiled for) wanted", o->epochs,
                                o->batch, f->g->max_batch);
    o->epochs += !o->epochs;
    o->batch = o->batch ? o->batch : f->g->max_batch;
    if (o->history)
        memset(o->history, 0, (size_t)o->epochs * sizeof *o->history);
    return 0;
}

int gradus_fit(gradus_optimiser *o, const gradus_dataset *data,
               const gradus_fit_options *options)
{
    if (!o)
        return gradus_error_set("gradus_fit: the optimiser is NULL");
    fit f = { .o = o, .g = o->graph, .log.fd = -1 };
    gradus_fed_before before = { 0 };

    if (options)
        f.options = *options;
    if (check_options(&f))
        return -1;
    if (data && f.options.next)
        return gradus_error_set("gradus_fit: either data or next wanted, not "
                                "both");
    f.p.optimiser = o;
    f.p.epochs = f.options.epochs;
    if (data && gradus_feed_dataset(f.g, data, &before))
        return -1;
    int status = run(&f);
    gradus_feed_restore(&before);
    return status;
}
