/* train.c -- gradus train: from data to a net that is validated.  The net with
 * the lowest validation loss is kept, and may be saved. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "openblas.h"
#include "progress.h"
#include "report.h"
#include "score.h"
#include "setup.h"
#include "stop.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All that a training has; owned. */
typedef struct {
    setup of;                /* its data and its settings */
    gradus_graph *graph;
    char *command;           /* the command line */
    int best_epoch, epochs_done;
    gradus_epoch *history;   /* [s.epochs] */
    progress shown;
} training;

/* The data to test with, or NULL. */
static const gradus_dataset *testing(const training *t)
{
    return t->of.test_data.data ? t->of.test_data.data : t->of.data.test;
}

static int patience(const training *t)
{
    const int quarter = t->of.s.epochs / 4;

    return t->of.flags->patience >= 0 ? t->of.flags->patience
           : quarter > 10          ? quarter
                                   : 10;
}

/* Says once what was assumed. */
static void say(const training *t)
{
    const settings *s = &t->of.s;
    const gradus_dataset *d = &t->of.train;
    FILE *to = stderr;

    fprintf(to, "%s: trains on %zu rows of %d values and validates with %zu",
            printable(s->data), d->n, d->size, t->of.valid.n);
    if (d->labels)
        fprintf(to, "; %d classes", d->classes);
    else
        fprintf(to, "; %d number%s to predict", d->target_size,
                d->target_size == 1 ? "" : "s");
    if (t->of.groups)
        fprintf(to, "\n\"%s\" is left out; each of its %d groups either "
                "trains or validates", printable(t->of.flags->of.group),
                t->of.groups->classes);
    fputc('\n', to);
    print_units(to, t->of.data.table);
    fprintf(to, "net %s", net_name(s->net));
    for (int i = 0; i < s->layers && s->net == NET_MLP; i++)
        fprintf(to, "%s%d", i ? "," : " ", s->hidden[i]);
    fprintf(to, " with %zu parameters; %s, learning rate %g (%s); batches of "
            "%d, at most %d epochs; seed %" PRIu64 "\n",
            gradus_parameter_count(t->graph), optim_name(s->optim), s->lr,
            schedule_name(s->schedule), s->batch, s->epochs, s->seed);
}

/* ---- training ------------------------------------------------------------ */

static double learning_rate(uint64_t step, uint64_t steps, void *user)
{
    training *t = user;

    return learning_rate_of(step, steps, &t->of.s);
}

static int between(const gradus_progress *p, void *user)
{
    training *t = user;

    progress_show(&t->shown, p);
    t->epochs_done = p->epoch + p->epoch_done;
    return stop_signal();
}

static int fit(training *t, int utf8)
{
    const settings *s = &t->of.s;
    gradus_optimiser *o = optimiser_of(s, t->graph);
    const gradus_fit_options how = {
        .epochs = s->epochs, .validation = &t->of.valid,
        .callback = between, .learning_rate = learning_rate, .user = t,
        .history = t->history,
        .patience = patience(t), .restore_best = true,
        .best_epoch = &t->best_epoch, .log = s->log,
        .checkpoint = s->checkpoint, .checkpoint_batches = s->every,
        .checkpoint_seconds = s->every_seconds, .checkpoint_keep = s->keep,
        .resume = s->resume, .replay = s->replay };

    progress_start(&t->shown, utf8);
    t->shown.every = (s->epochs + 19) / 20;
    int status = !o ? -1 : gradus_fit(o, &t->of.train, &how);
    progress_clear(&t->shown);
    if (status)
        complain("%s", gradus_error());
    gradus_optimiser_free(o);
    return status < 0 ? -1 : 0;
}

/* ---- the report ---------------------------------------------------------- */

static double seconds(const training *t)
{
    double sum = 0;

    for (int e = 0; e < t->of.s.epochs; e++)
        sum += t->history[e].samples ? t->history[e].seconds : 0;
    return sum;
}

/* The epochs of this training, with the learning rate at the end of each. */
static int epochs_of(const training *t, history *h)
{
    const size_t batch = (size_t)t->of.s.batch;
    const uint64_t steps = (t->of.train.n + batch - 1) / batch;
    int failed = 0;

    for (int e = 0; e < t->of.s.epochs && !failed; e++) {
        const gradus_epoch *p = &t->history[e];
        const double row[] = {
            e + 1, p->seconds,
            learning_rate_of(steps * ((uint64_t)e + 1) - 1,
                             steps * (uint64_t)t->of.s.epochs,
                             (void *)&t->of.s),
            p->train_loss, p->train_accuracy, p->valid_loss,
            p->valid_accuracy };
        failed = p->samples ? history_add(h, row) : 0;
    }
    if (failed)
        complain("out of memory");
    return failed;
}

static size_t samples(const training *t)
{
    size_t sum = 0;

    for (int e = 0; e < t->of.s.epochs; e++)
        sum += t->history[e].samples;
    return sum;
}

/* Writes the page that --report asks for. */
static int write_report(const training *t, const score *valid,
                        const score *test)
{
    const int images = t->of.train.height > 0;
    report r = {
        .graph = t->graph, .table = t->of.data.table,
        .model = t->of.s.save, .data = t->of.s.data, .samples = samples(t),
        .chosen = 1,
        .shown = { .data = &t->of.valid, .score = valid, .unseen = 1,
                   .numbered = t->of.flags->valid != NULL,
                   .name = images ? "validation images" : "validation rows" },
        .test = { .data = testing(t), .score = test, .unseen = 1,
                  .name = images ? "test images" : "test rows" } };
    int failed = epochs_of(t, &r.history) ||
                 report_write(&r, t->of.flags->report);

    history_free(&r.history);
    return failed;
}

static int report_json(const training *t, const score *valid,
                       const score *test)
{
    char seed[24], hash[24];

    snprintf(seed, sizeof seed, "%" PRIu64, t->of.s.seed);
    snprintf(hash, sizeof hash, "%016" PRIx64,
             gradus_parameters_hash(t->graph));
    json_t *json = json_pack(
        "{s:o, s:I, s:I, s:i, s:i, s:f, s:s, s:s, s:o}", "data",
        json_text(t->of.s.data), "train_rows", (json_int_t)t->of.train.n,
        "parameters", (json_int_t)gradus_parameter_count(t->graph),
        "epochs", t->epochs_done, "best_epoch", t->best_epoch + 1, "seconds",
        seconds(t), "seed", seed, "weights_hash", hash, "validation",
        score_json(valid, t->graph));
    if (json && test)
        json_object_set_new(json, "test", score_json(test, t->graph));
    return print_json(json);
}

static void print_scores(const training *t, const score *valid,
                         const score *test)
{
    printf("best epoch %d of %d, in %.2f s\n", t->best_epoch + 1,
           t->epochs_done, seconds(t));
    score_print(stdout, "validation", valid);
    if (test)
        score_print(stdout, "test", test);
    if (t->of.s.save)
        printf("saved in %s\n", printable(t->of.s.save));
    else if (!t->of.s.checkpoint)
        puts("the net is not kept; --save FILE keeps it");
    if (t->of.flags->report)
        printf("the report is in %s\n", printable(t->of.flags->report));
}

/* Scores the validation data and, once, the test data. */
static int tell(training *t)
{
    score valid = { 0 }, test = { 0 };
    const gradus_dataset *d = testing(t);
    const train_flags *f = t->of.flags;
    int failed = score_data(&valid, t->graph, &t->of.valid,
                            f->valid ? f->valid : f->s.data) ||
                 (d && score_data(&test, t->graph, d,
                                  f->test ? f->test : f->s.data));

    if (!failed && f->report)
        failed = write_report(t, &valid, &test);
    if (!failed && t->of.s.json)
        failed = report_json(t, &valid, d ? &test : NULL);
    else if (!failed)
        print_scores(t, &valid, d ? &test : NULL);
    score_free(&valid);
    score_free(&test);
    return failed;
}

/* ---- all of it ------------------------------------------------------------- */

static int work(training *t, const train_flags *flags)
{
    const int utf8 = use_utf8();

    if ((flags->report && report_try(flags->report)) ||
        open_setup(&t->of, flags))
        return 1;
    t->graph = build_net(&t->of);
    t->history = calloc((size_t)t->of.s.epochs, sizeof *t->history);
    if (!t->graph || !t->history ||
        note_training(t->graph, &t->of.s, t->command, t->of.train.n) ||
        (t->of.s.save && gradus_try_save(t->graph, t->of.s.save))) {
        complain("%s", gradus_error());
        return 1;
    }
    if (!openblas_has_room(gradus_threads(t->graph)))
        return 1;
    say(t);
    warn_of_few_steps(&t->of.s, t->of.train.n);
    if (fit(t, utf8))
        return 1;
    if (t->of.s.save && gradus_save(t->graph, t->of.s.save)) {
        complain("the model was not saved: %s", gradus_error());
        return 1;
    }
    return tell(t);
}

int command_train(int argc, char **argv)
{
    static train_flags flags; /* large: it lists columns */
    static training t;

    t.command = command_line(argc, argv);
    flags = parse_train(argc, argv);
    catch_signals();
    if (!t.command)
        complain("out of memory");
    int failed = !t.command || work(&t, &flags);
    free(t.command);
    gradus_graph_free(t.graph);
    free(t.history);
    close_setup(&t.of);
    return failed ? 1 : stop_signal() ? 128 + stop_signal() : 0;
}
