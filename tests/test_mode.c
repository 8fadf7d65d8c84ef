/* test_mode.c -- the floating-point mode of the caller: it changes no result,
 * and is the same after a call as before. */
#define _GNU_SOURCE /* feenableexcept */
#include "tests.h"

#include "model_files.h"
#include "nets.h"

#include "optim/optimiser.h"

#include <fenv.h>
#include <math.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <immintrin.h>
#endif

enum { IN = 8, CLASSES = 5, ROWS = 512 };
static const int SIZES[] = { IN, 16, CLASSES };

static void flush_to_zero(void)
{
#ifdef __SSE2__
    _mm_setcsr(_mm_getcsr() | 0x8040); /* FTZ and DAZ */
#endif
}

static void upward(void)
{
    fesetround(FE_UPWARD);
}

static void downward(void)
{
    fesetround(FE_DOWNWARD);
}

static void toward_zero(void)
{
    fesetround(FE_TOWARDZERO);
}

static void flush_and_round_down(void)
{
    flush_to_zero();
    downward();
}

/* In this mode an operation that gives an infinite number or a NaN stops the
 * program. */
static void trap(void)
{
#ifdef __GLIBC__
    feenableexcept(FE_DIVBYZERO | FE_INVALID | FE_OVERFLOW);
#endif
}

static void (*const MODES[])(void) = { upward, downward, toward_zero,
                                       flush_to_zero, flush_and_round_down,
                                       trap };

/* What a training comes to. */
typedef struct {
    uint64_t first, last;          /* hashes of the parameters */
    double loss, epoch_loss;
    gradus_metrics metrics;
    gradus_real y[ROWS * CLASSES]; /* inference */
    gradus_real column[4];         /* numbers read from a table */
    uint8_t image[3 * 13 * 17];    /* a picture, resized */
    double weight[CLASSES];        /* of the classes */
    contents model, checkpoint;    /* files; owned */
    uint64_t loaded;               /* the hash of both when they are loaded,
                                      and saved again */
} outcome;

/* Numbers that are rounded when they are read: with one division, by strtod,
 * and to a subnormal number. */
static const char TABLE[] = "0.1\n0.12345678901234567890123\n1e-40\n3e-310\n";

/* Sets the mode for the next call, unless it is NULL. */
static void set(void (*mode)(void))
{
    fesetenv(FE_DFL_ENV);
    if (mode)
        mode();
}

static double rate(uint64_t step, uint64_t steps, void *user)
{
    (void)user;
    return gradus_lr_cosine(1e-3, step, steps, 1e-5);
}

/* Saves a model and a checkpoint, loads both, and saves them again.  Dropout
 * and Adam have settings that no double is exactly. */
static void use_files(outcome *out, gradus_optimiser *o)
{
    gradus_graph *g = o->graph;

    if (gradus_save(g, files_path("model")) ||
        gradus_save_checkpoint(o, files_path("checkpoint")) ||
        gradus_load_checkpoint(o, files_path("checkpoint")))
        out->first = 0;
    gradus_graph *again = gradus_load(files_path("model"), 4, 1, NULL);
    if (!again || gradus_save(again, files_path("again")))
        out->first = 0;
    out->loaded = again ? gradus_parameters_hash(again) : 0;
    gradus_graph_free(again);
    fenv_t mode;
    fegetenv(&mode);
    set(NULL);
    out->model = read_whole(files_path("again"));
    out->checkpoint = read_whole(files_path("checkpoint"));
    contents model = read_whole(files_path("model"));
    if (!same(model, out->model))
        out->first = 0;
    free(model.byte);
    fesetenv(&mode);
}

/* Trains on values some of which are subnormal, evaluates and infers.  Mode
 * `before` is set while the graph is made, and `after` from then on. */
static outcome work(void (*before)(void), void (*after)(void))
{
    outcome out = { 0 };
    gradus_dataset d = data_new(1, ROWS, IN, CLASSES);
    gradus_real *v = (gradus_real *)d.x;

    for (int i = 0; i < ROWS * IN; i += 3)
        v[i] *= (gradus_real)(sizeof *v == sizeof(float) ? 1e-39 : 1e-309);
    set(before);
    net n = net_new(1, SIZES, ROWS, 3);
    out.first = gradus_parameters_hash(n.g);
    gradus_optimiser *o = gradus_adam(n.g, NULL);
    net_feed(&n, &d);
    set(after);
    for (int i = 0; i < 5; i++)
        if (gradus_train_step(o, NULL, ROWS))
            out.first = 0;
    gradus_epoch history[1];
    if (gradus_fit(o, &d, &(gradus_fit_options){ .batch = 100,
                                                 .learning_rate = rate,
                                                 .history = history }))
        out.first = 0;
    out.epoch_loss = history[0].train_loss;
    out.last = gradus_parameters_hash(n.g);
    if (gradus_forward(n.g, NULL, ROWS))
        out.first = 0;
    out.loss = gradus_loss(n.g);
    if (gradus_evaluate(n.g, &d, NULL, &out.metrics))
        out.first = 0;
    gradus_workspace *w = gradus_workspace_new(n.g, ROWS);
    const gradus_real *y = gradus_infer(w, d.x, ROWS);
    const char *path = files_write("t.csv", TABLE, strlen(TABLE));
    gradus_dataset *table = gradus_load_csv(path, &(gradus_csv_options){
        .header = GRADUS_CSV_NO_HEADER });
    if (gradus_load_image("data/digits/7-a.png", 3, 13, 17, out.image) ||
        gradus_class_weights(&d, CLASSES, out.weight))
        out.first = 0;
    use_files(&out, o);
    set(NULL);
    if (table)
        memcpy(out.column, table->x, sizeof out.column);
    gradus_dataset_free(table);
    if (y)
        memcpy(out.y, y, sizeof out.y);
    gradus_workspace_free(w);
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
    return out;
}

EACH_TEST(.begin = files_begin, .end = files_end)

/* The mode is set before the graph is made, and so before its threads are; or
 * only after that; or both. */
LOOP_TEST(the_mode_of_the_caller_changes_no_result, 3 * COUNT(MODES))
{
    void (*mode)(void) = MODES[_i / 3];
    outcome right = work(NULL, NULL);
    outcome out = work(_i % 3 != 1 ? mode : NULL, _i % 3 != 0 ? mode : NULL);

    ck_assert_uint_ne(right.first, 0);
    ck_assert(isfinite(right.loss) && right.loss > 0);
    ck_assert_uint_eq(out.first, right.first);
    ck_assert_uint_eq(out.last, right.last);
    ck_assert_mem_eq(&out.loss, &right.loss, sizeof out.loss);
    ck_assert_mem_eq(&out.epoch_loss, &right.epoch_loss, sizeof out.loss);
    ck_assert_mem_eq(&out.metrics.loss, &right.metrics.loss, sizeof out.loss);
    ck_assert_mem_eq(out.y, right.y, sizeof out.y);
    ck_assert_mem_eq(out.column, right.column, sizeof out.column);
    ck_assert_uint_eq(out.loaded, right.loaded);
    ck_assert(same(out.model, right.model));
    ck_assert(same(out.checkpoint, right.checkpoint));
    free(out.model.byte);
    free(right.model.byte);
    free(out.checkpoint.byte);
    free(right.checkpoint.byte);
    ck_assert_mem_eq(out.image, right.image, sizeof out.image);
    ck_assert_mem_eq(out.weight, right.weight, sizeof out.weight);
}

/* Calls that change the mode for themselves put the caller's back. */
LOOP_TEST(the_mode_is_the_caller_s_again_after_a_call, 2)
{
    net n = net_new(1, SIZES, 20, 2);
    gradus_dataset d = data_new(1, 20, IN, CLASSES);
    gradus_optimiser *o = gradus_sgd(n.g, NULL);

    net_feed(&n, &d);
    MODES[_i]();
    int round = fegetround();
    int status = gradus_train_step(o, NULL, 20);
    int after = fegetround();
    set(NULL);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(after, round);
    ck_assert_int_ne(round, FE_TONEAREST);
    gradus_optimiser_free(o);
    net_free(&n);
    data_free(&d);
}
