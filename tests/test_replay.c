/* test_replay.c -- a step that fails is kept in a file, from which
 * gradus_replay runs it again and shows where its numbers went wrong. */
#include "io/io.h" /* the first header, as it says there */

#include "tests.h"

#include "allocations.h"
#include "faults.h"
#include "files.h"
#include "nets.h"

#include "graph/graph.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIDE = 6, IN = SIDE * SIDE, CLASSES = 4, SAMPLES = 45, BATCH = 10 };

static gradus_dataset d;
static uint8_t pixels[SAMPLES * IN];

static void begin(void)
{
    files_begin();
    d = data_new(1, SAMPLES, IN, CLASSES);
    for (int i = 0; i < SAMPLES * IN; i++)
        pixels[i] = (uint8_t)(i * 37);
}

static void end(void)
{
    data_free(&d);
    files_end();
}

EACH_TEST(.begin = begin, .end = end, .timeout = 120)

typedef struct {
    gradus_graph *g;
    gradus_node *first;
    gradus_optimiser *o;
    int batches; /* how many the callback has seen */
    int bad;     /* which of them makes the next one overflow */
} training;

/* A net whose step depends on all that a replay has to repeat: augmentation,
 * dropout and batch normalisation. */
static training training_new(void)
{
    training t = { .g = gradus_graph_new(7) };
    gradus_node *x = gradus_image(t.g, 1, SIDE, SIDE);
    gradus_node *labels = gradus_labels(t.g, 1);

    gradus_augment(x, &(gradus_augment_options){ .shift = 1, .rotate = 10 });
    t.first = gradus_dense(x, 20);
    gradus_node *h = gradus_dropout(gradus_batchnorm(t.first), 0.3);
    h = gradus_dense(gradus_relu(h), CLASSES);
    gradus_softmax_ce(h, labels, NULL);
    ck_assert_int_eq(gradus_compile(t.g, BATCH, 2), 0);
    t.o = gradus_sgd(t.g, NULL);
    return t;
}

static void training_free(training *t)
{
    gradus_optimiser_free(t->o);
    gradus_graph_free(t->g);
}

/* Trains until a step fails, and leaves its message in `message`. */
static void train_until_it_fails(training *t, const gradus_fit_options *o,
                                 char message[GRADUS_ERROR_ROOM])
{
    ck_assert_int_ne(gradus_fit(t->o, &d, o), 0);
    snprintf(message, GRADUS_ERROR_ROOM, "%s", gradus_error());
}

/* Returns what gradus_replay prints, until the next call. */
static char *replayed(const char *path)
{
    static char text[16384];
    FILE *f = fmemopen(text, sizeof text, "w");

    ck_assert_msg(gradus_replay(path, f) == 0, "%s", gradus_error());
    fclose(f);
    return text;
}

/* The sample and the place of a value that is not a number are named, and so
 * is the node where it enters. */
LOOP_TEST(a_bad_value_is_traced_to_its_sample, 3)
{
    const gradus_real values[] = { NAN, INFINITY, -INFINITY };
    const char *path = files_path("step");
    char message[GRADUS_ERROR_ROOM];
    training t = training_new();

    ((gradus_real *)d.x)[37 * IN + 14] = values[_i];
    train_until_it_fails(&t, &(gradus_fit_options){ .replay = path },
                         message);
    ck_assert_ptr_nonnull(strstr(message, "sample 37"));
    ck_assert_ptr_nonnull(strstr(message, "; the step is kept in "));
    char *text = replayed(path);
    char *where = strstr(text, "  input ");
    ck_assert_ptr_nonnull(where);
    *strchr(where, '\n') = 0;
    ck_assert_ptr_nonnull(strstr(where, "nan  sample 37, value "));
    ck_assert_ptr_nonnull(strstr(where, "<- the first that is not finite"));
    training_free(&t);
}

static gradus_real *three_rows;

/* Feeds fewer rows than it says; the step fails, and cannot be kept. */
static int feed_too_few(const gradus_progress *p, void *user)
{
    training *t = user;

    (void)p;
    gradus_feed(gradus_node_at(t->g, 0), three_rows, 3);
    gradus_feed_labels(gradus_node_at(t->g, 1), d.labels, BATCH);
    return BATCH;
}

#ifndef GRADUS_DOUBLE /* where the loss would be infinite, too */
/* Asserts that what was printed contains a line with the largest number of
 * v [rows,size], a value or a gradient of n. */
static void assert_line(const char *text, const gradus_node *n,
                        const gradus_real *v, int rows)
{
    char line[128];
    size_t at = 0, count = (size_t)rows * (size_t)n->size;

    for (size_t i = 0; i < count; i++)
        if (fabs((double)v[i]) > fabs((double)v[at]))
            at = i;
    snprintf(line, sizeof line, "  %-24s %14.7g  sample %d, value %zu\n",
             n->name, (double)v[at], n->graph->index[at / (size_t)n->size],
             at % (size_t)n->size);
    ck_assert_msg(strstr(text, line) != NULL, "%s is not in:\n%s", line, text);
}

/* Makes the loss so heavy that the next step's gradients are infinite, while
 * all its values are finite. */
static int make_heavy(const gradus_progress *p, void *user)
{
    training *t = user;

    (void)p;
    if (++t->batches == t->bad)
        gradus_as_loss(t->g->node[t->g->count - 1])->weight = 1e40;
    return 0;
}

/* The step that is run again gives the values that the graph still has, of
 * augmented images, dropout and batch normalisation, in the second epoch too;
 * and the same message. */
LOOP_TEST(the_step_is_run_again_exactly, 4)
{
    const char *path = files_path("step");
    char message[GRADUS_ERROR_ROOM];
    training t = training_new();
    int lines = 0;

    if (_i % 2) {
        d.pixels = pixels;
        free((void *)d.x);
        d.x = NULL;
    }
    t.bad = _i < 2 ? 2 : 7;
    gradus_fit_options o = { .replay = path, .callback = make_heavy,
                             .user = &t, .epochs = 3 };
    train_until_it_fails(&t, &o, message);
    ck_assert_ptr_nonnull(strstr(message, _i < 2 ? "epoch 1, batch 3"
                                                 : "epoch 2, batch 2"));
    char *text = replayed(path), *last = strstr(text, "run again: ");
    for (int i = 0; i < t.g->count; i++) {
        const gradus_node *n = t.g->node[i];
        if (n->y && !gradus_is_fused(n) && n->result == n)
            assert_line(text, n, n->y, BATCH), lines++;
    }
    ck_assert_int_ge(lines, 5);
    ck_assert_ptr_nonnull(last);
    *strchr(last, '\n') = 0;
    ck_assert_msg(strstr(message, last + strlen("run again: ")) != NULL,
                  "%s is not in %s", last, message);
    training_free(&t);
}
#endif

/* Without a loss there is no step to keep. */
TEST(a_graph_without_a_loss_is_refused_before)
{
    gradus_graph *g = gradus_graph_new(1);

    gradus_dense(gradus_input(g, 2), 2);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    training t = { .g = g };
    ck_assert_int_ne(gradus_fit(o, NULL, &(gradus_fit_options){
        .next = feed_too_few, .user = &t, .replay = files_path("step") }), 0);
    assert_error("the graph has no loss");
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

/* An older replay file is removed at the start; any other file stays. */
TEST(what_is_at_the_path_is_a_replay_file_or_stays)
{
    const char *path = files_path("step");
    training t = training_new();
    char message[GRADUS_ERROR_ROOM];
    gradus_real *bad = (gradus_real *)d.x + 37 * IN + 14, good = *bad;

    *bad = NAN;
    train_until_it_fails(&t, &(gradus_fit_options){ .replay = path }, message);
    *bad = good;
    ck_assert_int_eq(gradus_fit(t.o, &d, &(gradus_fit_options){
        .replay = path }), 0);
    ck_assert_int_ne(access(path, F_OK), 0);
    files_write("step", "my,table\n", 9);
    ck_assert_int_ne(gradus_fit(t.o, &d, &(gradus_fit_options){
        .replay = path }), 0);
    assert_error("step: exists and is not a replay file; choose another name");
    ck_assert_int_eq(gradus_save(t.g, path), 0);
    ck_assert_int_ne(gradus_fit(t.o, &d, &(gradus_fit_options){
        .replay = path }), 0);
    assert_error("step: exists and is not a replay file; choose another name");
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_int_ne(gradus_fit(t.o, &d, &(gradus_fit_options){
        .replay = "/no/such/folder" }), 0);
    assert_error("/no/such/folder: ");
    training_free(&t);
}

/* The loss is finite here, and the gradient is not. */
TEST(a_gradient_is_shown_on_its_way_back)
{
    const double most = sizeof(gradus_real) == 4 ? 3e38 : 1.7e308;
    gradus_real x[] = { 1, (gradus_real)most }, y[] = { 1, 20 };
    gradus_dataset two = { .n = 2, .size = 1, .x = x, .targets = y,
                           .target_size = 1 };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *in = gradus_input(g, 1), *t = gradus_input(g, 1);

    gradus_mse(gradus_dense(in, 1), t, NULL);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_parameters(g)[0] = (gradus_real)(1 / most);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    gradus_fit_options options = { .replay = files_path("step"),
                                   .keep_order = true };
    ck_assert_int_ne(gradus_fit(o, &two, &options), 0);
    assert_error("the gradient of weight[0] is -inf, and the largest gradient "
                 "of its value that of row 1 (sample 1); parameters are");
    char *text = replayed(files_path("step"));
    ck_assert_ptr_nonnull(strstr(text, "backward, the largest gradients:\n"));
    ck_assert_ptr_nonnull(strstr(text, "-inf  [0]  <- the first that is not "
                                       "finite\n"));
    ck_assert_ptr_nonnull(strstr(text, "run again: node 2, dense1: the "
                                       "gradient of weight[0] is -inf"));
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

TEST(a_step_that_was_not_fed_is_not_kept)
{
    training t = training_new();
    gradus_fit_options o = { .replay = files_path("step"),
                             .next = feed_too_few, .user = &t };

    three_rows = malloc(3 * IN * sizeof *three_rows);
    memcpy(three_rows, d.x, 3 * IN * sizeof *three_rows);
    ck_assert_int_ne(gradus_fit(t.o, NULL, &o), 0);
    assert_error("row 3 is asked for; must be 0 to 2");
    assert_error("the step was not kept: not all of its rows were fed");
    ck_assert_int_ne(gradus_replay(files_path("step"), stdout), 0);
    free(three_rows);
    training_free(&t);
}

/* Whatever fails while the file is written, the step's own message stays,
 * unless that was found out before the first step. */
TEST(each_call_that_writes_the_file_may_fail)
{
    const char *path = files_path("step");
    char message[GRADUS_ERROR_ROOM];
    int k = 0, before = 0; /* how often it was found out before */

    ((gradus_real *)d.x)[37 * IN + 14] = NAN;
    for (bool failed = true; failed; k++) {
        training t = training_new();
        fault_at(k + 1, ENOSPC);
        int status = gradus_fit(t.o, &d, &(gradus_fit_options){
            .replay = path });
        failed = fault.seen != NULL;
        fault_at(0, 0);
        snprintf(message, sizeof message, "%s", gradus_error());
        ck_assert_int_ne(status, 0);
        before += t.g->batch.pass == 0 && !strstr(message, "sample");
        ck_assert(strstr(message, "sample 37") || t.g->passes == 0);
        training_free(&t);
    }
    ck_assert_int_gt(k, 10);
    ck_assert_int_lt(before, k / 2 + 2);
    ck_assert_ptr_nonnull(strstr(message, "the step is kept in "));
}

TEST(each_allocation_may_fail)
{
    const char *path = files_path("step");
    int k = 0, shown = 0;

    ((gradus_real *)d.x)[37 * IN + 14] = NAN;
    for (bool failed = true; failed; k++) {
        training t = training_new();
        int before = allocations_live();
        allocations_fail(k + 1, 0);
        int status = gradus_fit(t.o, &d, &(gradus_fit_options){
            .replay = path });
        failed = allocations_made() > k;
        allocations_fail(0, 0);
        ck_assert_int_le(allocations_live(), before);
        ck_assert_int_ne(status, 0);
        training_free(&t);
    }
    ck_assert_int_gt(k, 8);
    k = 0;
    for (bool failed = true; failed; k++) {
        FILE *out = fopen("/dev/null", "w");
        int before = allocations_live();
        allocations_fail(k + 1, 0);
        int status = gradus_replay(path, out);
        failed = allocations_made() > k;
        allocations_fail(0, 0);
        ck_assert_int_le(allocations_live(), before);
        ck_assert(status == 0 || *gradus_error());
        shown += status == 0;
        fclose(out);
    }
    ck_assert_int_gt(k, 20);
    ck_assert_int_ge(shown, 1);
}

/* ---- refused ------------------------------------------------------------ */

TEST(what_is_no_replay_file_is_refused)
{
    training t = training_new();
    const char *path = files_path("model");
    FILE *full = fopen("/dev/full", "w");

    ck_assert_int_eq(gradus_save(t.g, path), 0);
    ck_assert_int_ne(gradus_replay(path, stdout), 0);
    assert_error("model: is not a replay file; must be one that gradus_fit has");
    ck_assert_int_ne(gradus_replay(files_path("none"), stdout), 0);
    assert_error("none: No such file");
    ck_assert_int_ne(gradus_replay(NULL, stdout), 0);
    assert_error("gradus_replay: the path is NULL");
    ck_assert_int_ne(gradus_replay(path, NULL), 0);
    assert_error("gradus_replay: the file is NULL");
    ((gradus_real *)d.x)[0] = NAN;
    path = files_path("step");
    ck_assert_int_ne(gradus_fit(t.o, &d, &(gradus_fit_options){
        .replay = path }), 0);
    ck_assert_int_ne(gradus_replay(path, full), 0);
    assert_error("gradus_replay: cannot write");
    fclose(full);
    training_free(&t);
}

/* Whoever makes such a file by hand, with a right checksum, may get numbers
 * wrong. */
TEST(wrong_numbers_are_refused)
{
    static const struct { const char *numbers, *why; } cases[] = {
        { "", "end too early" },
        { "-1 1 0", "its number of passes is -1; must be 0 to " },
        { "nan 1 0", "its number of passes is nan; must be 0 to " },
        { "0 2000000", "its number of rows is 2000000; must be 0 to 1" },
        { "0 1.5e300", "its number of rows is 1.5e+300" },
        { "0 0", "end too early" },
        { "0 0 0 0", "got 0 rows; must be 1 to " },
        { "0 1", "end too early" },
        { "0 1 -1", "its number of samples is -1; must be 0 to 2147483646" },
        { "0 1 2147483647", "its number of samples is 2147483647" },
        { "0 1 0", "end too early" },
        { "0 1 0 2", "its number of u8 is 2; must be 0 to 1" },
        { "0 1 0 1 256", "its number of pixels is 256; must be 0 to 255" },
        { "0 1 0 1 -1", "its number of pixels is -1" },
        { "0 1 0 0 1", "end too early" },
        { "0 1 0 0 1 2", "end too early" },
        { "0 1 0 0 1 2 0", "end too early" },
        { "0 1 0 0 1 2 0 -1", "its number of labels is -1" },
        { "0 1 0 0 1 2 0 5e9", "its number of labels is 5000000000" },
        { "0 1 0 1 1 2 1 2147483648", "" },
        { "0 1 0 0 1 2 0 2147483648", "" },
        { "0 1 0 0 1 2 0 2147483653", "" }, /* its label is refused again */
        { "x", "end too early" },
    };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2), *t = gradus_labels(g, 1);

    gradus_softmax_ce(gradus_dense(x, 2), t, NULL);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    for (int k = 0; k < COUNT(cases); k++) {
        char text[128];
        snprintf(text, sizeof text, "%s\nthe message", cases[k].numbers);
        const char *path = files_path("made");
        ck_assert_int_eq(gradus_write_file(&(gradus_contents){
            .graph = g, .key = "gradus.replay", .text = text }, path), 0);
        FILE *out = fopen("/dev/null", "w");
        int status = gradus_replay(path, out);
        fclose(out);
        ck_assert_msg((status != 0) == (*cases[k].why != 0), "%s: %s",
                      cases[k].numbers, gradus_error());
        if (status)
            assert_error(cases[k].why);
    }
    gradus_graph_free(g);
}
