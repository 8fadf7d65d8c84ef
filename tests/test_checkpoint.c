/* test_checkpoint.c -- a training that goes on from a checkpoint gives the
 * same bits as one that was never cut off. */
#define _GNU_SOURCE /* memmem */
#include "tests.h"

#include "allocations.h"
#include "faults.h"
#include "model_files.h"
#include "nets.h"

#include "base/gemm.h"
#include "graph/graph.h"
#include "optim/optimiser.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIDE = 6, IN = SIDE * SIDE, CLASSES = 4, SAMPLES = 95, BATCH = 10,
       EPOCHS = 2, BATCHES = 20 };

/* A net with everything that depends on a count or remembers something:
 * augmentation, batch normalisation, dropout. */
typedef struct {
    gradus_graph *g;
    gradus_optimiser *o;
    gradus_epoch history[EPOCHS + 1];
    int best;
} run;

static gradus_dataset d, valid;
static char warned[512]; /* the last warning that keep_warning was given */

static void begin(void)
{
    files_begin();
    warned[0] = 0;
    d = data_new(1, SAMPLES, IN, CLASSES);
    valid = data_new(2, 40, IN, CLASSES);
}

static void end(void)
{
    data_free(&d);
    data_free(&valid);
    files_end();
}

EACH_TEST(.begin = begin, .end = end, .timeout = 120)

static gradus_optimiser *make(int kind, gradus_graph *g)
{
    switch (kind) {
    case 0: return gradus_sgd(g, &(gradus_sgd_options){ .momentum = 0.9 });
    case 1: return gradus_adam(g, NULL);
    case 2: return gradus_adamw(g, NULL);
    case 3: return gradus_rmsprop(g, &(gradus_rmsprop_options){
                .momentum = 0.5 });
    case 4: return gradus_adagrad(g, NULL);
    default: return gradus_sgd(g, NULL);
    }
}

static run run_new(int kind, uint64_t seed, int threads)
{
    run r = { .g = gradus_graph_new(seed) };
    gradus_node *x = gradus_image(r.g, 1, SIDE, SIDE);
    gradus_node *t = gradus_labels(r.g, 1);

    gradus_augment(x, &(gradus_augment_options){ .shift = 1, .rotate = 10 });
    gradus_node *h = gradus_batchnorm(gradus_dense(x, 20));
    h = gradus_dropout(gradus_relu(h), 0.3);
    gradus_softmax_ce(gradus_dense(h, CLASSES), t, NULL);
    ck_assert_int_eq(gradus_compile(r.g, BATCH, threads), 0);
    r.o = make(kind, r.g);
    return r;
}

static void run_free(run *r)
{
    gradus_optimiser_free(r->o);
    gradus_graph_free(r->g);
}

static double rate(uint64_t step, uint64_t steps, void *user)
{
    (void)user;
    return gradus_lr_cosine(0.02, step, steps, 0.001);
}

/* Stops after the batch number *user, counted from 1 over all epochs; 0: does
 * not stop. */
static int stop_at(const gradus_progress *p, void *user)
{
    return !p->epoch_done && p->epoch * p->batches + p->batch == *(int *)user;
}

static gradus_fit_options options(run *r, int *stop)
{
    return (gradus_fit_options){
        .epochs = EPOCHS, .validation = &valid, .callback = stop_at,
        .learning_rate = rate, .user = stop, .history = r->history,
        .restore_best = true, .best_epoch = &r->best, .patience = 5,
    };
}

static void fit(run *r, const gradus_fit_options *o)
{
    ck_assert_msg(gradus_fit(r->o, &d, o) == 0, "%s", gradus_error());
}

/* The log without its seconds. */
static void read_log(const char *name, char *text, size_t room)
{
    FILE *f = fopen(files_path(name), "rb");
    char line[256], *at = text;

    ck_assert_ptr_nonnull(f);
    while (fgets(line, sizeof line, f)) {
        int seconds = 0, rest = 0;
        sscanf(line, "%*d,%n%*f,%n", &seconds, &rest);
        at += snprintf(at, room - (size_t)(at - text), "%.*s%s", seconds,
                       line, line + rest);
    }
    fclose(f);
}

static void assert_same_run(const run *a, const run *b)
{
    ck_assert_uint_eq(gradus_parameters_hash(a->g),
                      gradus_parameters_hash(b->g));
    size_t n = (size_t)a->o->rule->states * gradus_parameter_count(a->g);
    ck_assert_mem_eq(a->o->state, b->o->state, n * sizeof *a->o->state);
    ck_assert_uint_eq(a->o->steps, b->o->steps);
    ck_assert(a->o->learning_rate == b->o->learning_rate);
    ck_assert_uint_eq(a->g->passes, b->g->passes);
    ck_assert_uint_eq(a->g->epochs, b->g->epochs);
}

static void assert_same_history(const run *a, const run *b)
{
    ck_assert_int_eq(a->best, b->best);
    for (int e = 0; e < EPOCHS; e++) {
        const gradus_epoch *p = &a->history[e], *q = &b->history[e];
        ck_assert_uint_eq(p->samples, q->samples);
        ck_assert(p->train_loss == q->train_loss);
        ck_assert(p->train_accuracy == q->train_accuracy);
        ck_assert(p->valid_loss == q->valid_loss);
        ck_assert(p->valid_accuracy == q->valid_accuracy);
    }
}

/* A run that is stopped after each of its batches, in turn, and goes on in a
 * new graph, with another number of threads. */
LOOP_TEST(a_run_goes_on_from_every_batch, BATCHES + 1)
{
    int never = 0, stop = _i;
    char text[2][2048] = { "" };
    run whole = run_new(1, 1, 1), first = run_new(1, 1, 2);
    run second = run_new(1, 1, 1);
    gradus_fit_options o = options(&whole, &never);

    o.log = files_path("whole.csv");
    fit(&whole, &o);
    o = options(&first, &stop);
    o.log = files_path("log.csv");
    o.checkpoint = files_path("run.gradus");
    o.checkpoint_batches = 7;
    fit(&first, &o);
    o = options(&second, &never);
    o.log = files_path("log.csv");
    o.checkpoint = files_path("run.gradus");
    o.resume = true;
    fit(&second, &o);
    assert_same_run(&whole, &second);
    assert_same_history(&whole, &second);
    read_log("whole.csv", text[0], sizeof text[0]);
    read_log("log.csv", text[1], sizeof text[1]);
    ck_assert_str_eq(text[0], text[1]);
    run_free(&whole);
    run_free(&first);
    run_free(&second);
}

/* A run that ended when it happened to be between two checkpoints loses the
 * batches after the last one, and nothing else. */
LOOP_TEST(a_run_that_is_killed_goes_on_from_the_last_checkpoint, 6)
{
    static const int every[] = { 1, 3, 5, 7, 10, 19 };
    int never = 0, stop = 13;
    run whole = run_new(_i, 1, 1), first = run_new(_i, 1, 1);
    run second = run_new(_i, 1, 1);
    gradus_fit_options o = options(&whole, &never);

    fit(&whole, &o);
    /* The copy is the file as it is before the callback's stop is saved. */
    o = options(&first, &stop);
    o.checkpoint = files_path("run.gradus");
    o.checkpoint_batches = every[_i];
    o.checkpoint_keep = 2;
    fit(&first, &o);
    bool twice = stop % every[_i] == 0;
    o = options(&second, &never);
    o.checkpoint = files_path(twice ? "run.gradus" : "run.gradus.1");
    o.resume = true;
    fit(&second, &o);
    assert_same_run(&whole, &second);
    assert_same_history(&whole, &second);
    run_free(&whole);
    run_free(&first);
    run_free(&second);
}

/* The passes of the model in the checkpoint, when a batch has been trained on
 * and the checkpoint after it is yet to be written. */
static int passes_so_far(const gradus_progress *p, void *user)
{
    gradus_graph *g = gradus_load(files_path("run.gradus"), BATCH, 1, NULL);

    (void)p;
    ck_assert_msg(g != NULL, "%s", gradus_error());
    *(uint64_t *)user = g->passes;
    gradus_graph_free(g);
    return 0;
}

/* So many seconds after the last checkpoint comes the next: after each batch,
 * or not before the end. */
LOOP_TEST(a_checkpoint_is_written_every_so_many_seconds, 2)
{
    uint64_t passes = 99;
    run a = run_new(0, 1, 1);
    gradus_fit_options o = {
        .checkpoint = files_path("run.gradus"), .callback = passes_so_far,
        .checkpoint_seconds = _i ? 3600 : 1e-9, .user = &passes,
    };

    fit(&a, &o);
    /* The last call is that of the whole epoch. */
    ck_assert_uint_eq(passes, _i ? 0 : BATCHES / EPOCHS);
    run_free(&a);
}

/* Feeds the rows of one batch, which the counters of the progress choose. */
static int next_rows(const gradus_progress *p, void *user)
{
    const run *r = user;
    size_t from = (size_t)(p->batch * BATCH);

    gradus_feed(gradus_node_at(r->g, 0), d.x + from * IN, BATCH);
    gradus_feed_labels(gradus_node_at(r->g, 1), d.labels + from, BATCH);
    return p->batch < 8 ? BATCH : 0;
}

static int stop_after_batch_11(const gradus_progress *p, void *user)
{
    (void)user;
    return !p->epoch_done && p->epoch == 1 && p->batch == 3;
}

/* Where a function feeds the batches, the progress tells it which is next. */
TEST(a_run_whose_batches_are_made_goes_on_as_well)
{
    run whole = run_new(1, 1, 1), first = run_new(1, 1, 1);
    run second = run_new(1, 1, 1);
    gradus_fit_options o = { .epochs = EPOCHS, .next = next_rows,
                             .user = &whole };

    ck_assert_int_eq(gradus_fit(whole.o, NULL, &o), 0);
    o.user = &first;
    o.checkpoint = files_path("run.gradus");
    o.callback = stop_after_batch_11;
    ck_assert_int_eq(gradus_fit(first.o, NULL, &o), 0);
    o.user = &second;
    o.callback = NULL;
    o.resume = true;
    ck_assert_msg(gradus_fit(second.o, NULL, &o) == 0, "%s", gradus_error());
    ck_assert_uint_eq(whole.g->passes, 16);
    assert_same_run(&whole, &second);
    run_free(&whole);
    run_free(&first);
    run_free(&second);
}

/* A finished run that is started again does nothing but report what it came
 * to, the parameters of its best epoch included. */
TEST(a_finished_run_ends_as_it_did)
{
    int never = 0;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &never);

    o.checkpoint = files_path("run.gradus");
    o.resume = true; /* there is no such file yet */
    fit(&a, &o);
    o = options(&b, &never);
    o.checkpoint = files_path("run.gradus");
    o.resume = true;
    fit(&b, &o);
    assert_same_run(&a, &b);
    assert_same_history(&a, &b);
    run_free(&a);
    run_free(&b);
}

/* A run that patience has ended stays ended. */
TEST(a_run_that_patience_ended_ends_as_it_did)
{
    int never = 0;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_epoch history[9];
    gradus_fit_options o = options(&a, &never);

    o.epochs = 9;
    o.history = history;
    o.patience = 1;
    o.min_delta = 1e6; /* no epoch but the first is progress */
    o.checkpoint = files_path("run.gradus");
    fit(&a, &o);
    ck_assert_uint_eq(a.g->epochs, 2);
    o.best_epoch = &b.best;
    o.resume = true;
    fit(&b, &o);
    assert_same_run(&a, &b);
    ck_assert_int_eq(a.best, b.best);
    run_free(&a);
    run_free(&b);
}

static int keep_warning(const gradus_progress *p, void *user);

/* More patience lets a run go on that patience had ended. */
TEST(more_patience_goes_on)
{
    int never = 0;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_epoch history[4];
    gradus_fit_options o = options(&a, &never);

    o.epochs = 4;
    o.history = history;
    o.patience = 1;
    o.min_delta = 1e6;
    o.checkpoint = files_path("run.gradus");
    fit(&a, &o);
    ck_assert_uint_eq(a.g->epochs, 2);
    o.patience = 3;
    o.resume = true;
    fit(&b, &o);
    ck_assert_uint_eq(b.g->epochs, 4);
    run_free(&a);
    run_free(&b);
}

/* A finished run that is started again takes no line away that others have
 * added to its log; a log that lost lines is a warning. */
TEST(lines_of_others_stay_in_the_log)
{
    int never = 0, stop = 15;
    char text[2][4096];
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1), c = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &never);

    o.checkpoint = files_path("run.gradus");
    o.log = files_path("log.csv");
    fit(&a, &o);
    FILE *f = fopen(files_path("log.csv"), "a");
    fputs("3,1,1,1,1,1,1\n", f);
    fclose(f);
    read_log("log.csv", text[0], sizeof text[0]);
    o.resume = true;
    fit(&b, &o);
    read_log("log.csv", text[1], sizeof text[1]);
    ck_assert_str_eq(text[0], text[1]);

    unlink(o.checkpoint);
    o.user = &stop;
    o.resume = false;
    run_free(&b);
    b = run_new(1, 1, 1);
    fit(&b, &o);
    unlink(o.log);
    o.resume = true;
    o.callback = keep_warning;
    fit(&c, &o);
    ck_assert_ptr_nonnull(strstr(warned, "log.csv is shorter than it was at"));
    run_free(&a);
    run_free(&b);
    run_free(&c);
}

static int keep_warning(const gradus_progress *p, void *user)
{
    (void)user;
    if (p->warning)
        snprintf(warned, sizeof warned, "%s", p->warning);
    return 0;
}

TEST(more_epochs_are_a_warning_where_there_is_a_schedule)
{
    int never = 0;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &never);

    o.checkpoint = files_path("run.gradus");
    fit(&a, &o);
    o = options(&b, &never);
    o.checkpoint = files_path("run.gradus");
    o.resume = true;
    o.callback = keep_warning;
    o.epochs = EPOCHS + 1;
    fit(&b, &o);
    ck_assert_ptr_nonnull(strstr(warned, "for 2 epochs and is now for 3: from here on"));
    ck_assert_uint_eq(b.history[EPOCHS].samples, SAMPLES);
    ck_assert_uint_eq(b.g->epochs, EPOCHS + 1);
    run_free(&a);
    run_free(&b);
}

/* Fewer epochs than the checkpoint has seen cannot be all there is. */
LOOP_TEST(fewer_epochs_than_are_done_are_refused, 2)
{
    int stop = _i ? 15 : 0; /* within the second epoch, or at its end */
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &stop);

    o.checkpoint = files_path("run.gradus");
    fit(&a, &o);
    o = options(&b, &stop);
    o.checkpoint = files_path("run.gradus");
    o.resume = true;
    o.epochs = 1;
    ck_assert_int_ne(gradus_fit(b.o, &d, &o), 0);
    assert_error("it has got to epoch 2, but this training is for 1 epoch; "
                 "must be for 2 or more");
    ck_assert_uint_eq(b.g->passes, 0);
    run_free(&a);
    run_free(&b);
}

/* The history of a training that kept none begins where it is asked for. */
TEST(a_history_may_be_asked_for_later)
{
    int stop = 12, never = 0;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &stop);

    o.checkpoint = files_path("run.gradus");
    o.history = NULL;
    fit(&a, &o);
    o = options(&b, &never);
    o.checkpoint = files_path("run.gradus");
    o.resume = true;
    fit(&b, &o);
    ck_assert_uint_eq(b.history[0].samples, 0);
    ck_assert_uint_eq(b.history[1].samples, SAMPLES);
    run_free(&a);
    run_free(&b);
}

static double rate_of_its_own(uint64_t step, uint64_t n, void *user)
{
    (void)n, (void)user;
    return gradus_lr_step(0.02, step, 8, 0.5);
}

/* A schedule that does not depend on the number of steps goes on alike. */
TEST(more_epochs_are_no_warning_where_the_schedule_is_the_same)
{
    int never = 0;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &never);

    o.checkpoint = files_path("run.gradus");
    o.learning_rate = rate_of_its_own;
    fit(&a, &o);
    o.epochs = EPOCHS + 1;
    o.history = b.history;
    o.resume = true;
    o.callback = keep_warning;
    fit(&b, &o);
    ck_assert_str_eq(warned, "");
    ck_assert_uint_eq(b.g->epochs, EPOCHS + 1);
    run_free(&a);
    run_free(&b);
}

static double other_rate(uint64_t step, uint64_t n, void *user)
{
    (void)user;
    return gradus_lr_cosine(0.03, step, n, 0.001);
}

LOOP_TEST(another_schedule_is_a_warning, 2)
{
    int stop = 5;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &stop);

    o.checkpoint = files_path("run.gradus");
    fit(&a, &o);
    o = options(&b, &stop);
    o.checkpoint = files_path("run.gradus");
    o.resume = true;
    o.callback = keep_warning;
    o.learning_rate = _i ? other_rate : rate;
    fit(&b, &o);
    if (_i)
        ck_assert_ptr_nonnull(strstr(warned, "for 2, but with another "
                                             "schedule: from here on"));
    else
        ck_assert_str_eq(warned, "");
    run_free(&a);
    run_free(&b);
}

/* ---- loops of one's own ------------------------------------------------- */

static void steps(run *r, int n)
{
    gradus_feed(gradus_node_at(r->g, 0), d.x, SAMPLES);
    gradus_feed_labels(gradus_node_at(r->g, 1), d.labels, SAMPLES);
    for (int i = 0; i < n; i++)
        ck_assert_msg(gradus_train_step(r->o, NULL, BATCH) == 0, "%s",
                      gradus_error());
}

/* Every optimiser goes on in another graph as it would have in its own. */
LOOP_TEST(a_checkpoint_holds_the_optimiser, 6)
{
    run a = run_new(_i, 1, 1), b = run_new(_i, 1, 1);
    const char *path = files_path("c.gradus");

    steps(&a, 7);
    gradus_set_learning_rate(a.o, 0.0123);
    ck_assert_int_eq(gradus_save_checkpoint(a.o, path), 0);
    ck_assert_msg(gradus_load_checkpoint(b.o, path) == 0, "%s",
                  gradus_error());
    assert_same_run(&a, &b);
    steps(&a, 9);
    steps(&b, 9);
    assert_same_run(&a, &b);
    run_free(&a);
    run_free(&b);
}

/* gradus_load reads it as a model, and its file is that of the model. */
TEST(a_checkpoint_is_a_model_file)
{
    run a = run_new(1, 1, 1);
    const char *path = files_path("c.gradus");

    steps(&a, 3);
    ck_assert_int_eq(gradus_save_checkpoint(a.o, path), 0);
    gradus_graph *g = gradus_load(path, BATCH, 1, NULL);
    ck_assert_msg(g != NULL, "%s", gradus_error());
    ck_assert_uint_eq(gradus_parameters_hash(g), gradus_parameters_hash(a.g));
    ck_assert_uint_eq(g->passes, 3);
    gradus_graph_free(g);
    run b = run_new(0, 7, 1);
    ck_assert_int_eq(gradus_load_parameters(b.g, path), 0);
    ck_assert_uint_eq(gradus_parameters_hash(b.g),
                      gradus_parameters_hash(a.g));
    run_free(&a);
    run_free(&b);
}

/* Where the optimiser has no state, "save, load, train on" is the same as
 * "train on": masks, augmentation and the order of the samples go on. */
LOOP_TEST(a_model_that_is_loaded_trains_on, 3)
{
    int never = 0;
    run a = run_new(5, 1, 1);
    const char *path = files_path("m.gradus");
    gradus_fit_options o = options(&a, &never);

    o.restore_best = false;
    for (int i = 0; i < _i; i++)
        fit(&a, &o);
    ck_assert_int_eq(gradus_save(a.g, path), 0);
    run b = run_new(5, 1, 1);
    if (_i % 2) {
        ck_assert_int_eq(gradus_load_parameters(b.g, path), 0);
    } else {
        run_free(&b);
        b.g = gradus_load(path, BATCH, 1, NULL);
        ck_assert_msg(b.g != NULL, "%s", gradus_error());
        b.o = make(5, b.g);
    }
    fit(&a, &o);
    o.history = b.history;
    fit(&b, &o);
    ck_assert_uint_eq(gradus_parameters_hash(a.g),
                      gradus_parameters_hash(b.g));
    ck_assert_uint_eq(a.g->passes, b.g->passes);
    ck_assert_uint_eq(a.g->epochs, b.g->epochs);
    run_free(&a);
    run_free(&b);
}

/* ---- refused ------------------------------------------------------------ */

static void assert_refused(run *r, const char *path, const char *message)
{
    uint64_t before = gradus_parameters_hash(r->g), passes = r->g->passes;

    ck_assert_int_eq(gradus_load_checkpoint(r->o, path), -1);
    assert_error(message);
    ck_assert_uint_eq(gradus_parameters_hash(r->g), before);
    ck_assert_uint_eq(r->g->passes, passes);
    ck_assert_uint_eq(r->o->steps, 0);
}

TEST(another_training_is_refused)
{
    run a = run_new(1, 1, 1);
    const char *path = files_path("c.gradus");
    static const struct {
        int kind, seed;
        const char *message;
    } cases[] = {
        { 1, 2, "seed is \"2\" here, \"1\" in the file" },
        { 2, 1, "optimiser is \"adamw\" here, \"adam\" in the file" },
        { 5, 1, "optimiser is \"sgd\" here, \"adam\" in the file" },
        { 0, 1, "optimiser is \"sgd\" here, \"adam\" in the file" },
    };

    steps(&a, 3);
    ck_assert_int_eq(gradus_save_checkpoint(a.o, path), 0);
    for (int k = 0; k < COUNT(cases); k++) {
        run b = run_new(cases[k].kind, (uint64_t)cases[k].seed, 1);
        assert_refused(&b, path, cases[k].message);
        run_free(&b);
    }
    net n = net_new(1, (int[]){ IN, 20, CLASSES }, BATCH, 1);
    run other = { .g = n.g, .o = gradus_adam(n.g, NULL) };
    assert_refused(&other, path, "node input attr shape 0 is 36 here, 1 in");
    gradus_optimiser_free(other.o);
    net_free(&n);
    ck_assert_int_eq(gradus_save(a.g, path), 0);
    run b = run_new(1, 1, 1);
    assert_refused(&b, path, "is no checkpoint");
    assert_refused(&b, files_path("none"), "none: No such file");
    run_free(&b);
    run_free(&a);
}

/* An optimiser that was made with another setting is refused by its name. */
TEST(another_setting_is_refused)
{
    run a = run_new(1, 1, 1);
    const char *path = files_path("c.gradus");
    static const struct {
        gradus_adam_options o;
        const char *message;
    } cases[] = {
        { { .beta1 = 0.8 }, "beta1 is 0.8 here, 0.9 in the file" },
        { { .beta1 = 0.9000000000001 }, "beta1 is 0.90000000000010005 here, "
                                        "0.90000000000000002 in the file" },
        { { .beta2 = 0.99 }, "beta2 is 0.99 here, 0.999 in" },
        { { .epsilon = 1e-6 }, "epsilon is 1e-6 here, 1e-8 in" },
        { { .learning_rate = 0.1 }, "learning_rate is 0.1 here" },
        { { .weight_decay = 1e-3 }, "weight_decay is 0.001 here, 0.0 in" },
    };

    steps(&a, 3);
    ck_assert_int_eq(gradus_save_checkpoint(a.o, path), 0);
    for (int k = 0; k < COUNT(cases); k++) {
        run b = run_new(1, 1, 1);
        gradus_optimiser_free(b.o);
        b.o = gradus_adam(b.g, &cases[k].o);
        assert_refused(&b, path, cases[k].message);
        run_free(&b);
    }
    run_free(&a);
}

/* What is set after an optimiser was made decides the training as well. */
TEST(what_was_set_later_is_compared)
{
    run a = run_new(0, 1, 1), b = run_new(0, 1, 1);
    const char *path = files_path("c.gradus");

    gradus_set_clip(a.o, 1, 0.5);
    gradus_set_decay_matrices_only(a.o, true);
    gradus_set_group(gradus_find_node(a.g, "dense1"), 0, 0.25);
    steps(&a, 3);
    ck_assert_int_eq(gradus_save_checkpoint(a.o, path), 0);
    assert_refused(&b, path, "max_norm is 0.0 here, 1.0 in the file");
    gradus_set_clip(b.o, 1, 0);
    assert_refused(&b, path, "max_value is 0.0 here, 0.5 in the file");
    gradus_set_clip(b.o, 1, 0.5);
    assert_refused(&b, path, "decay_matrices_only is false here, true in");
    gradus_set_decay_matrices_only(b.o, true);
    assert_refused(&b, path, "groups dense1 is missing here, [0.0,0.25] in");
    gradus_set_group(gradus_find_node(b.g, "dense1"), 0, 1);
    assert_refused(&b, path, "groups dense1 1 is 1.0 here, 0.25 in the file");
    gradus_set_group(gradus_find_node(b.g, "dense1"), 0, 0.25);
    ck_assert_int_eq(gradus_load_checkpoint(b.o, path), 0);
    gradus_optimiser_free(b.o);
    b.o = gradus_sgd(b.g, &(gradus_sgd_options){ .momentum = 0.9,
                                                 .nesterov = true });
    ck_assert_int_ne(gradus_load_checkpoint(b.o, path), 0);
    assert_error("optimiser is \"sgd with nesterov\" here, \"sgd\" in");
    run_free(&a);
    run_free(&b);
}

/* gradus_fit also looks at the data and at its own options. */
TEST(fit_refuses_another_training)
{
    int stop = 5, never = 0;
    run a = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &stop);
    const char *path = files_path("run.gradus");

    o.checkpoint = path;
    fit(&a, &o);
    run b = run_new(1, 1, 1);
    uint64_t before = gradus_parameters_hash(b.g);
    o = options(&b, &never);
    o.checkpoint = path;
    ck_assert_int_ne(gradus_fit(b.o, &d, &o), 0);
    assert_error("run.gradus: exists; resume the training that it holds");
    files_folder("folder");
    o.checkpoint = files_path("folder");
    ck_assert_int_eq(gradus_fit(b.o, &d, &o), -1);
    assert_error("folder: not a regular file");
    o.checkpoint = path;
    o.resume = true;
    o.batch = 9;
    ck_assert_int_eq(gradus_fit(b.o, &d, &o), -1);
    assert_error("batch is 9 here, 10 in the file");
    o.batch = 10;
    o.keep_order = true;
    ck_assert_int_ne(gradus_fit(b.o, &d, &o), 0);
    assert_error("keep_order is true here, false in the file");
    o.keep_order = false;
    gradus_dataset less = d;
    less.n--;
    ck_assert_int_ne(gradus_fit(b.o, &less, &o), 0);
    assert_error("samples is 94 here, 95 in the file");
    ((int32_t *)d.labels)[0] = (d.labels[0] + 1) % CLASSES;
    ck_assert_int_ne(gradus_fit(b.o, &d, &o), 0);
    assert_error("data (a hash) is \"");
    ((int32_t *)d.labels)[0] = (d.labels[0] + CLASSES - 1) % CLASSES;
    ((gradus_real *)d.x)[5] += 1;
    ck_assert_int_ne(gradus_fit(b.o, &d, &o), 0);
    assert_error("data (a hash) is \"");
    ((gradus_real *)d.x)[5] -= 1;
    ck_assert_uint_eq(gradus_parameters_hash(b.g), before);
    ck_assert_int_eq(gradus_save_checkpoint(b.o, path), 0);
    o.restore_best = false;
    ck_assert_int_ne(gradus_fit(b.o, &d, &o), 0);
    assert_error("gradus_load_checkpoint may read it");
    run_free(&a);
    run_free(&b);
}

TEST(options_without_a_path_or_below_0_are_refused)
{
    run a = run_new(1, 1, 1);
    static const gradus_fit_options wrong[] = {
        { .checkpoint_batches = 1 }, { .checkpoint_seconds = 1 },
        { .checkpoint_keep = 1 }, { .resume = true },
        { .checkpoint = "x", .checkpoint_batches = -1 },
        { .checkpoint = "x", .checkpoint_seconds = -1 },
        { .checkpoint = "x", .checkpoint_seconds = NAN },
        { .checkpoint = "x", .checkpoint_keep = -1 },
        { .checkpoint = "x", .checkpoint_keep = 1001 },
        { .checkpoint = "x", .replay = "./x" },
        { .checkpoint = "tests/../x", .log = "./x" },
        { .replay = "x", .log = "x" },
        { .checkpoint = "x", .checkpoint_keep = 3, .log = "x.2" },
        { .checkpoint = "x", .checkpoint_keep = 2, .replay = "./x.1" },
    };

    static const char *const why[] = {
        "checkpoint is NULL", "checkpoint is NULL", "checkpoint is NULL",
        "checkpoint is NULL", "checkpoint_batches is -1; must be at least 0",
        "checkpoint_seconds is -1; must be at least 0",
        "checkpoint_seconds is nan; must be at least 0",
        "checkpoint_keep is -1; must be 0 to 1000",
        "checkpoint_keep is 1001; must be 0 to 1000",
        "must be different files; x and ./x are one",
        "must be different files; tests/../x and ./x are one",
        "must be different files; x and x are one",
        "must be different files; x and x.2 are one, or a version of it",
        "must be different files; x and ./x.1 are one, or a version of it",
    };

    for (int k = 0; k < COUNT(wrong); k++) {
        ck_assert_int_eq(gradus_fit(a.o, &d, &wrong[k]), -1);
        assert_error(why[k]);
        ck_assert_int_ne(access("x", F_OK), 0);
    }
    run_free(&a);
}

TEST(the_optimiser_and_the_path_of_a_checkpoint_are_needed)
{
    run a = run_new(1, 1, 1);

    ck_assert_int_ne(gradus_save_checkpoint(NULL, "x"), 0);
    assert_error("gradus_save_checkpoint: the optimiser is NULL");
    ck_assert_int_ne(gradus_save_checkpoint(a.o, NULL), 0);
    assert_error("gradus_save_checkpoint: the path is NULL");
    ck_assert_int_ne(gradus_load_checkpoint(NULL, "x"), 0);
    assert_error("gradus_load_checkpoint: the optimiser is NULL");
    ck_assert_int_ne(gradus_load_checkpoint(a.o, NULL), 0);
    assert_error("gradus_load_checkpoint: the path is NULL");
    run_free(&a);
}

/* An infinite bound only measures; JSON has no such number. */
TEST(an_infinite_bound_of_clipping_is_saved)
{
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    const char *path = files_path("c.gradus");

    ck_assert_int_eq(gradus_set_clip(a.o, INFINITY, 0), 0);
    steps(&a, 2);
    ck_assert_msg(!gradus_save_checkpoint(a.o, path), "%s", gradus_error());
    ck_assert_int_ne(gradus_load_checkpoint(b.o, path), 0);
    assert_error("max_norm is 0.0 here, \"inf\" in the file");
    gradus_set_clip(b.o, INFINITY, 0);
    ck_assert_int_eq(gradus_load_checkpoint(b.o, path), 0);
    assert_same_run(&a, &b);
    run_free(&a);
    run_free(&b);
}

TEST(class_names_are_compared)
{
    static const char *const names[] = { "a", "b", "c", "d" };
    static const char *const others[] = { "a", "b", "d", "c" };
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    const char *path = files_path("c.gradus");

    gradus_set_class_names(a.g, 4, names);
    ck_assert_int_eq(gradus_save_checkpoint(a.o, path), 0);
    gradus_set_class_names(b.g, 4, others);
    ck_assert_int_ne(gradus_load_checkpoint(b.o, path), 0);
    assert_error("class 2 is \"d\" here, \"c\" in the file");
    gradus_set_class_names(b.g, 4, names);
    ck_assert_int_eq(gradus_load_checkpoint(b.o, path), 0);
    gradus_set_class_names(b.g, 0, NULL);
    ck_assert_int_eq(gradus_load_checkpoint(b.o, path), 0);
    run_free(&a);
    run_free(&b);
}

/* Another BLAS may round differently, which is said. */
TEST(another_blas_is_a_warning)
{
    int stop = 5;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &stop);

    o.checkpoint = files_path("run.gradus");
    fit(&a, &o);
    contents file = read_whole(o.checkpoint);
    char *blas = memmem(file.byte, file.size, gradus_blas_name(), 6);
    ck_assert_ptr_nonnull(blas);
    memcpy(blas, "Others", 6);
    seal(file);
    files_write("run.gradus", file.byte, file.size);
    free(file.byte);
    o = options(&b, &stop);
    o.checkpoint = files_path("run.gradus");
    o.resume = true;
    o.callback = keep_warning;
    fit(&b, &o);
    ck_assert_ptr_nonnull(strstr(warned, "was written with Others"));
    char *here = strstr(warned, "and this is ");
    ck_assert_ptr_nonnull(here);
    ck_assert_int_eq(memcmp(here + 12, gradus_blas_name(), 6), 0);
    run_free(&a);
    run_free(&b);
}

/* ---- faults ------------------------------------------------------------- */

/* Whichever call fails while checkpoints are written, the training goes on or
 * has not begun, and the file is a whole one if there is one. */
TEST(a_file_that_cannot_be_written_never_harms_the_one_before)
{
    static const int errors[] = { ENOSPC, EIO, EINTR };
    int never = 0, k = 0, ended = 0;
    const char *path = files_path("run.gradus");
    const char *older[] = { files_path("run.gradus.1"),
                            files_path("run.gradus.2") };

    for (bool failed = true; failed; k++) {
        run a = run_new(0, 1, 1);
        gradus_fit_options o = options(&a, &never);
        o.epochs = 1;
        o.checkpoint = path;
        o.checkpoint_batches = 4;
        o.checkpoint_keep = 3;
        o.callback = keep_warning;
        unlink(path);
        unlink(older[0]);
        unlink(older[1]);
        warned[0] = 0;
        fault_at(k + 1, errors[k % 3]);
        int status = gradus_fit(a.o, &d, &o);
        failed = fault.seen != NULL;
        fault_at(0, 0);
        ended += status != 0;
        if (access(path, F_OK) == 0) {
            run b = run_new(0, 1, 1);
            o = options(&b, &never);
            o.epochs = 1;
            o.checkpoint = path;
            o.resume = true;
            fit(&b, &o);
            ck_assert(status || b.g->passes == a.g->passes);
            run_free(&b);
        } else {
            ck_assert_int_ne(status, 0);
        }
        run_free(&a);
    }
    ck_assert_int_gt(k, 60);
    ck_assert_int_le(ended, 32); /* in the first checkpoint and the last */
}

/* Where no older version can be kept, the newest is still written. */
TEST(a_version_that_cannot_be_kept_is_a_warning)
{
    int stop = 2;
    run a = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &stop);

    o.checkpoint = files_path("run.gradus");
    fit(&a, &o);
    o.checkpoint_keep = 2;
    o.resume = true;
    stop = 5;
    files_folder("run.gradus.1");
    ck_assert_int_eq(gradus_fit(a.o, &d, &o), 1);
    assert_error("the training has ended, but the checkpoint before the last "
                 "could not be kept: ");
    gradus_graph *g = gradus_load(o.checkpoint, 1, 1, NULL);
    ck_assert_uint_eq(g->passes, 5);
    gradus_graph_free(g);
    run_free(&a);
}

/* Behind a symbolic link, too, the versions differ. */
TEST(versions_of_a_link_are_kept)
{
    int stop = 6;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &stop);

    o.checkpoint = files_path("real");
    fit(&a, &o);
    ck_assert_int_eq(symlink("real", files_path("link")), 0);
    o = options(&b, &stop);
    o.checkpoint = files_path("link");
    o.checkpoint_keep = 3;
    o.resume = true;
    stop = 12;
    fit(&b, &o);
    gradus_graph *g = gradus_load(files_path("link.1"), 1, 1, NULL);
    ck_assert_msg(g != NULL, "%s", gradus_error());
    ck_assert_uint_lt(g->passes, 12);
    gradus_graph_free(g);
    run_free(&a);
    run_free(&b);
}

/* Whoever removes a damaged checkpoint does not lose the one before it. */
TEST(an_older_checkpoint_is_pointed_out)
{
    int stop = 5;
    run a = run_new(1, 1, 1), b = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &stop);
    const char *path = files_path("run.gradus");

    o.checkpoint = path;
    o.checkpoint_keep = 2;
    o.checkpoint_batches = 2;
    fit(&a, &o);
    contents file = read_whole(path);
    file.byte[file.size - 1] ^= 1;
    files_write("run.gradus", file.byte, file.size);
    free(file.byte);
    o = options(&b, &stop);
    o.checkpoint = path;
    o.checkpoint_keep = 2;
    o.resume = true;
    ck_assert_int_ne(gradus_fit(b.o, &d, &o), 0);
    assert_error("run.gradus: damaged: its checksum is ");
    assert_error("run.gradus.1 is the checkpoint before it");
    unlink(path);
    ck_assert_int_ne(gradus_fit(b.o, &d, &o), 0);
    assert_error("run.gradus: is missing, but ");
    assert_error("run.gradus.1 is there; rename that one to go on from it");
    o.checkpoint_keep = 0; /* then no older one would be lost */
    fit(&b, &o);
    ck_assert_int_eq(rename(files_path("run.gradus.1"), path), 0);
    run_free(&b);
    b = run_new(1, 1, 1);
    fit(&b, &o);
    run_free(&a);
    run_free(&b);
}

/* The last versions, of which each can be resumed. */
TEST(the_last_checkpoints_are_kept)
{
    int never = 0;
    run a = run_new(1, 1, 1);
    gradus_fit_options o = options(&a, &never);
    char name[32] = "run.gradus";

    o.checkpoint = files_path("run.gradus");
    o.checkpoint_batches = 5;
    o.checkpoint_keep = 3;
    fit(&a, &o);
    for (int k = 0; k < 4; k++) {
        if (k)
            snprintf(name, sizeof name, "run.gradus.%d", k);
        ck_assert_int_eq(access(files_path(name), F_OK) == 0, k < 3);
        if (k > 2)
            continue;
        run b = run_new(1, 1, 1);
        ck_assert_msg(gradus_load_checkpoint(b.o, files_path(name)) == 0,
                      "%s", gradus_error());
        static const uint64_t done[] = { 20, 20, 15 };
        ck_assert_uint_eq(b.o->steps, done[k]);
        run_free(&b);
    }
    run_free(&a);
}

/* Memory that runs out while a checkpoint is written is a warning, unless it
 * is the first; while one is read, it is an error that changes nothing.  None
 * is lost.  (jansson allocates texts that the library frees, and these are not
 * counted.) */
TEST(each_allocation_of_a_checkpoint_may_fail)
{
    int stop = 5, never = 0, k = 0;
    run whole = run_new(0, 1, 1);
    gradus_fit_options o = options(&whole, &never);

    fit(&whole, &o);
    for (bool failed = true; failed; k++) {
        run a = run_new(0, 1, 1), b = run_new(0, 1, 1);
        const char *path = files_path("run.gradus");
        unlink(path);
        o = options(&a, &stop);
        o.checkpoint = path;
        int before = allocations_live();
        allocations_fail(k + 1, 0);
        int status = gradus_fit(a.o, &d, &o);
        failed = allocations_made() > k;
        allocations_fail(0, 0);
        ck_assert_int_le(allocations_live(), before);
        if (access(path, F_OK)) {
            ck_assert_int_ne(status, 0);
            run_free(&a);
            run_free(&b);
            continue;
        }
        uint64_t hash = gradus_parameters_hash(b.g);
        o = options(&b, &never);
        o.checkpoint = path;
        o.resume = true;
        before = allocations_live();
        allocations_fail(k + 1, 0);
        status = gradus_fit(b.o, &d, &o);
        bool refused = status && b.g->passes == 0;
        allocations_fail(0, 0);
        ck_assert_int_le(allocations_live(), before);
        ck_assert(!refused || gradus_parameters_hash(b.g) == hash);
        run_free(&b);
        b = run_new(0, 1, 1);
        o = options(&b, &never);
        o.checkpoint = path;
        o.resume = true;
        fit(&b, &o);
        ck_assert_uint_eq(gradus_parameters_hash(b.g),
                          gradus_parameters_hash(whole.g));
        run_free(&a);
        run_free(&b);
    }
    ck_assert_int_gt(k, 15);
    run_free(&whole);
}
