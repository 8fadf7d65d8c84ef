/* test_ranks.c -- a net that several ranks train together ends with the bits
 * of one that is trained alone.  The ranks are threads (threads.h);
 * tests/test_mpi.sh has processes. */
#include "tests.h"

#include "files.h"
#include "graph/cut.h"
#include "graph/ranks.h"
#include "threads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SIDE = 8, SIZE = SIDE * SIDE, CLASSES = 5, ROWS = 700, BATCH = 300 };

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 120)

/* ---- what is trained ---------------------------------------------------- */

/* The nets: each has something that the ones before it do not have. */
enum { DENSE, CONV, NORMS, WEIGHTED, KINDS };

static gradus_node *dense_net(gradus_graph *g)
{
    return gradus_dense(gradus_relu(gradus_dense(gradus_input(g, SIZE), 48)),
                        CLASSES);
}

static gradus_node *conv_net(gradus_graph *g)
{
    gradus_node *h = gradus_image(g, 1, SIDE, SIDE);

    h = gradus_conv2d(h, 8, 3, &(gradus_conv2d_options){ .padding = 1 });
    h = gradus_maxpool2d(gradus_relu(h), 2, NULL);
    h = gradus_conv2d(h, 16, 3, &(gradus_conv2d_options){ .padding = 1 });
    return gradus_dense(gradus_global_avgpool2d(gradus_relu(h)), CLASSES);
}

/* Batch normalisation, dropout and augmentation, and shares of a slice. */
static gradus_node *norms_net(gradus_graph *g)
{
    gradus_node *h = gradus_image(g, 1, SIDE, SIDE);

    gradus_augment(h, &(gradus_augment_options){ .shift = 1, .rotate = 10 });
    h = gradus_conv2d(h, 8, 3, NULL);
    h = gradus_relu(gradus_batchnorm(h));
    h = gradus_dropout(gradus_dense(h, 40), 0.3);
    h = gradus_batchnorm(gradus_layernorm(h));
    return gradus_dense(h, CLASSES);
}

static gradus_graph *graph_of(int kind, uint64_t seed, gradus_communicator *c,
                              int threads)
{
    gradus_graph *g = gradus_graph_new(seed);
    gradus_node *h = kind == CONV ? conv_net(g) : kind == NORMS ? norms_net(g)
                                                                : dense_net(g);
    gradus_node *t = gradus_labels(g, 1);

    if (kind == WEIGHTED)
        gradus_softmax_ce(h, t, &(gradus_softmax_ce_options){
                                    .row_weight = gradus_row_weights(g),
                                    .label_smoothing = 0.1,
                                    .use_ignore_label = true });
    else
        gradus_softmax_ce(h, t, NULL);
    if (!(c && gradus_set_communicator(g, c)) &&
        !gradus_compile(g, BATCH, threads))
        return g;
    gradus_graph_free(g);
    return NULL;
}

static gradus_optimiser *optimiser_of(int kind, gradus_graph *g)
{
    gradus_optimiser *o =
        kind == DENSE ? gradus_sgd(g, NULL)
        : kind == CONV
            ? gradus_sgd(g, &(gradus_sgd_options){ .momentum = 0.9,
                                                   .learning_rate = 0.05 })
            : gradus_adamw(g, &(gradus_adam_options){ .learning_rate = 0.01 });

    if (o && kind == NORMS)
        gradus_set_clip(o, 0.5, 0.1);
    return o;
}

static gradus_real x[ROWS * SIZE], weight[ROWS];
static int32_t labels[ROWS];

static gradus_dataset data(void)
{
    gradus_random r;

    gradus_random_init(&r, 3, 0, 0);
    for (int i = 0; i < ROWS; i++) {
        labels[i] = (int32_t)gradus_random_below(&r, CLASSES);
        weight[i] = (gradus_real)gradus_random_uniform(&r);
        for (int k = 0; k < SIZE; k++)
            x[i * SIZE + k] = (gradus_real)(gradus_random_normal(&r) +
                                            (k % CLASSES == labels[i]));
    }
    return (gradus_dataset){ .n = ROWS, .size = SIZE, .x = x, .height = SIDE,
                             .width = SIDE, .channels = 1, .labels = labels,
                             .weights = weight };
}

/* ---- a training, alone or together -------------------------------------- */

/* What the callbacks of a rank know. */
typedef struct {
    gradus_graph *g;
    const gradus_dataset *d;
    int rank;
} worker;

/* What is to be trained, and what came of it on each rank. */
typedef struct {
    int kind, epochs, threads;
    uint64_t seed[MOST_RANKS];
    gradus_dataset d[MOST_RANKS];
    gradus_fit_options options;
    void (*change)(gradus_fit_options *o, int rank); /* of a rank, or NULL */
    struct {
        int status;
        uint64_t hash;
        gradus_epoch last;
        gradus_metrics metrics;
        size_t confusion[CLASSES * CLASSES];
        char error[GRADUS_ERROR_ROOM];
    } got[MOST_RANKS];
} training;

static void train(gradus_communicator *c, void *arg)
{
    training *t = arg;
    const int r = c ? c->rank : 0;
    gradus_graph *g = graph_of(t->kind, t->seed[r], c, t->threads);
    gradus_optimiser *o = g ? optimiser_of(t->kind, g) : NULL;
    gradus_epoch history[8] = { { 0 } };
    gradus_fit_options options = t->options;
    if (t->change)
        t->change(&options, r);
    worker w = { g, &t->d[r], r };

    if (!options.epochs)
        options.epochs = t->epochs;
    options.history = history;
    options.user = &w;
    if (!options.next)
        options.validation = &t->d[r];
    t->got[r].status = !o ||
                       gradus_fit(o, options.next ? NULL : &t->d[r],
                                  &options) ||
                       gradus_evaluate(g, &t->d[r],
                                       &(gradus_evaluate_options){
                                           .confusion = t->got[r].confusion },
                                       &t->got[r].metrics);
    snprintf(t->got[r].error, GRADUS_ERROR_ROOM, "%s", gradus_error());
    t->got[r].hash = g ? gradus_parameters_hash(g) : 0;
    t->got[r].last = history[t->epochs - 1];
    t->got[r].last.seconds = 0;
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

static training training_of(int kind)
{
    training t = { .kind = kind, .epochs = 2, .threads = 1 };

    for (int r = 0; r < MOST_RANKS; r++) {
        t.seed[r] = 1;
        t.d[r] = data();
    }
    return t;
}

/* The last batch of an epoch has 100 rows, which rank 0 computes alone; and of
 * the 3 pieces of the others, some of 4 ranks or more have none. */
LOOP_TEST(ranks_end_with_the_bits_of_one, KINDS)
{
    training alone = training_of(_i);

    train(NULL, &alone);
    ck_assert_msg(!alone.got[0].status, "%s", alone.got[0].error);
    for (int size = 1; size <= MOST_RANKS; size++) {
        training t = training_of(_i);
        t.threads = 1 + size % 2;
        threads_run(size, 0, train, &t);
        for (int r = 0; r < size; r++) {
            ck_assert_msg(!t.got[r].status, "%s", t.got[r].error);
            ck_assert_uint_eq(t.got[r].hash, alone.got[0].hash);
            ck_assert_mem_eq(&t.got[r].last, &alone.got[0].last,
                             sizeof(gradus_epoch));
            ck_assert_mem_eq(&t.got[r].metrics, &alone.got[0].metrics,
                             sizeof(gradus_metrics));
            ck_assert_mem_eq(t.got[r].confusion, alone.got[0].confusion,
                             sizeof t.got[r].confusion);
        }
    }
}

/* ---- step by step ------------------------------------------------------- */

/* What a loop of its own computes: two batches' gradients, added up, a step,
 * and the values and gradients of every node of a third. */
enum { STEP_ROWS = 290 };

typedef struct {
    int kind;
    gradus_dataset d;
    struct {
        int status;
        double loss;
        uint64_t gradients, theta, values;
    } got[MOST_RANKS];
} by_hand;

static uint64_t hash(uint64_t h, const gradus_real *v, size_t n)
{
    for (size_t i = 0; v && i < n * sizeof *v; i++)
        h = (h ^ ((const unsigned char *)v)[i]) * 0x100000001b3;
    return h;
}

static void feed_by_hand(gradus_graph *g, const gradus_dataset *d)
{
    for (int i = 0; i < gradus_node_count(g); i++) {
        gradus_node *n = gradus_node_at(g, i);
        if (n->kind == GRADUS_KIND_VALUES)
            gradus_feed(n, d->x, d->n);
        if (n->kind == GRADUS_KIND_LABELS)
            gradus_feed_labels(n, d->labels, d->n);
        if (n->kind == GRADUS_KIND_WEIGHTS)
            gradus_feed(n, d->weights, d->n);
    }
}

static void step_by_hand(gradus_communicator *c, void *arg)
{
    by_hand *b = arg;
    const int r = c ? c->rank : 0;
    gradus_graph *g = graph_of(b->kind, 1, c, 1);
    gradus_optimiser *o = optimiser_of(b->kind, g);
    uint64_t h = 0;

    feed_by_hand(g, &b->d);
    int status = gradus_forward(g, NULL, STEP_ROWS) || gradus_backward(g) ||
                 gradus_forward(g, NULL, 40) || gradus_backward_add(g);
    b->got[r].gradients =
        hash(0, gradus_gradients(g), gradus_parameter_count(g));
    status = status || gradus_step(o) || gradus_forward(g, NULL, STEP_ROWS) ||
             gradus_backward(g);
    for (int i = 0; i < gradus_node_count(g); i++) {
        const gradus_node *n = gradus_node_at(g, i);
        h = hash(h, n->y, STEP_ROWS * (size_t)n->size);
        h = hash(h, n->dy, STEP_ROWS * (size_t)n->size);
    }
    b->got[r].values = h;
    b->got[r].theta = gradus_parameters_hash(g);
    b->got[r].loss = gradus_loss(g);
    b->got[r].status = status;
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

LOOP_TEST(a_step_by_hand_leaves_what_one_process_has, KINDS)
{
    by_hand alone = { .kind = _i, .d = data() };

    step_by_hand(NULL, &alone);
    ck_assert_int_eq(alone.got[0].status, 0);
    for (int size = 2; size <= 4; size++) {
        by_hand b = { .kind = _i, .d = alone.d };
        threads_run(size, 0, step_by_hand, &b);
        for (int r = 0; r < size; r++)
            ck_assert_mem_eq(&b.got[r], &alone.got[0], sizeof b.got[r]);
    }
}

/* Adds to the gradients that a step, which clips them, has left: on each rank
 * those of its own tiles alone. */
static void add_after_step(gradus_communicator *c, void *arg)
{
    by_hand *b = arg;
    const int r = c ? c->rank : 0;
    gradus_graph *g = graph_of(b->kind, 1, c, 1);
    gradus_optimiser *o = optimiser_of(b->kind, g);

    feed_by_hand(g, &b->d);
    gradus_set_clip(o, 0.01, 0.001);
    for (int i = 0; i < 2 && !b->got[r].status; i++)
        b->got[r].status =
            (i ? gradus_train_step(o, NULL, STEP_ROWS)
               : gradus_forward(g, NULL, STEP_ROWS) || gradus_backward(g) ||
                     gradus_step(o)) ||
            gradus_forward(g, NULL, STEP_ROWS) || gradus_backward_add(g) ||
            gradus_step(o);
    b->got[r].theta = gradus_parameters_hash(g);
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

LOOP_TEST(what_a_step_has_left_can_be_added_to, KINDS)
{
    by_hand alone = { .kind = _i, .d = data() };

    add_after_step(NULL, &alone);
    ck_assert_int_eq(alone.got[0].status, 0);
    by_hand b = { .kind = _i, .d = alone.d };
    threads_run(3, 0, add_after_step, &b);
    for (int r = 0; r < 3; r++)
        ck_assert_mem_eq(&b.got[r], &alone.got[0], sizeof b.got[r]);
}

/* Steps that may overflow, of which the last one does. */
static void overflow(gradus_communicator *c, void *arg)
{
    by_hand *b = arg;
    const int r = c ? c->rank : 0;
    gradus_graph *g = graph_of(b->kind, 1, c, 1);
    gradus_optimiser *o = optimiser_of(b->kind, g);
    int steps = 0;

    feed_by_hand(g, &b->d);
    gradus_set_learning_rate(o, 3e7);
    while (steps < 6 && !b->got[r].status) {
        b->got[r].status = gradus_train_step(o, NULL, STEP_ROWS);
        steps++;
    }
    b->got[r].values = (uint64_t)steps;
    b->got[r].theta = gradus_parameters_hash(g);
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

LOOP_TEST(a_step_that_overflows_is_taken_back_on_all_ranks, KINDS)
{
    by_hand alone = { .kind = _i, .d = data() };

    overflow(NULL, &alone);
    by_hand b = { .kind = _i, .d = alone.d };
    threads_run(3, 0, overflow, &b);
    for (int r = 0; r < 3; r++)
        ck_assert_mem_eq(&b.got[r], &alone.got[0], sizeof b.got[r]);
}

/* ---- checkpoints -------------------------------------------------------- */

static int stop_at_batch_4(const gradus_progress *p, void *user)
{
    (void)user;
    return p->epoch == 1 && p->batch == 1;
}

/* Three ranks stop in the second epoch, and 1, 2 or 4 go on. */
LOOP_TEST(another_number_of_ranks_goes_on, KINDS)
{
    training alone = training_of(_i);

    train(NULL, &alone);
    for (int size = 1; size <= 4; size *= 2) {
        training t = training_of(_i);
        remove(files_path("c"));
        t.options.checkpoint = files_path("c");
        t.options.callback = stop_at_batch_4;
        threads_run(3, 0, train, &t);
        ck_assert_msg(!t.got[0].status, "%s", t.got[0].error);
        ck_assert_uint_ne(t.got[0].hash, alone.got[0].hash);
        t.options.callback = NULL;
        t.options.resume = true;
        threads_run(size, 0, train, &t);
        for (int r = 0; r < size; r++) {
            ck_assert_msg(!t.got[r].status, "%s", t.got[r].error);
            ck_assert_uint_eq(t.got[r].hash, alone.got[0].hash);
        }
    }
}

/* ---- what goes wrong ---------------------------------------------------- */

static int stop_on_rank_1(const gradus_progress *p, void *user)
{
    return p->batch == 2 && ((worker *)user)->rank == 1;
}

TEST(if_one_rank_stops_all_do)
{
    training t = training_of(DENSE);

    t.options.callback = stop_on_rank_1;
    threads_run(3, 0, train, &t);
    for (int r = 0; r < 3; r++) {
        ck_assert_int_eq(t.got[r].status, 0);
        ck_assert_uint_eq(t.got[r].hash, t.got[0].hash);
    }
    t.options.callback = NULL;
    t.epochs = 1;
    train(NULL, &t);
    ck_assert_uint_ne(t.got[0].hash, t.got[1].hash);
}

/* Trains, which must fail on all ranks with this message; on `rank`, which is
 * to blame, without the second text in front of it. */
static void assert_all_fail(training *t, int size, int rank,
                            const char *message)
{
    char front[32];

    threads_run(size, 0, train, t);
    snprintf(front, sizeof front, "rank %d: ", rank);
    for (int r = 0; r < size; r++) {
        const char *error = t->got[r].error;
        ck_assert_int_ne(t->got[r].status, 0);
        ck_assert_msg(strstr(error, message) != NULL, "rank %d: %s", r, error);
        ck_assert_msg(rank < 0 || r == rank || strstr(error, front) != NULL,
                      "rank %d: %s", r, error);
    }
}

/* Only the labels of rank 2 are wrong: it alone notices. */
TEST(an_error_of_one_rank_is_that_of_all)
{
    training t = training_of(DENSE);
    int32_t wrong[ROWS];

    memcpy(wrong, labels, sizeof wrong);
    wrong[650] = CLASSES;
    t.d[2].labels = wrong;
    assert_all_fail(&t, 4, 2, "sample 650, position 0: the label is 5");
}

/* A row that becomes NaN is in the portion of one rank, and all know it by the
 * message of a process that is alone. */
LOOP_TEST(a_nan_is_traced_as_if_by_one_process, KINDS)
{
    training alone = training_of(_i), t = training_of(_i);

    x[333 * SIZE + 7] = NAN;
    train(NULL, &alone);
    ck_assert_int_ne(alone.got[0].status, 0);
    ck_assert_ptr_ne(strstr(alone.got[0].error, "sample 333"), NULL);
    assert_all_fail(&t, 3, -1, alone.got[0].error);
    for (int r = 0; r < 3; r++)
        ck_assert_uint_eq(t.got[r].hash, alone.got[0].hash);
}

TEST(ranks_of_another_kind_are_named)
{
    training t = training_of(DENSE);
    gradus_real other[ROWS * SIZE];

    t.seed[0] = 2; /* two of three are right */
    assert_all_fail(&t, 3, -1, "rank 0 has another seed than rank 1: got 2; "
                               "must be 1");
    t = training_of(DENSE);
    memcpy(other, x, sizeof other);
    other[5]++;
    t.d[1].x = other;
    assert_all_fail(&t, 3, -1, "rank 1 has another data set");
}

static void change_min_delta(gradus_fit_options *o, int rank)
{
    o->patience = 1;
    o->min_delta = rank == 1 ? 1 : 0;
}

static void change_epochs(gradus_fit_options *o, int rank)
{
    o->epochs = rank == 1 ? -3 : 2;
}

/* Only rank 0 has the checkpoint that a training of one process has left
 * before its first step. */
static void change_checkpoint(gradus_fit_options *o, int rank)
{
    static char path[MOST_RANKS][300];

    snprintf(path[rank], sizeof path[rank], "%s%d", o->checkpoint, rank);
    o->checkpoint = path[rank];
    o->resume = true;
}

TEST(options_that_differ_are_named)
{
    training t = training_of(DENSE);

    t.change = change_min_delta;
    assert_all_fail(&t, 3, -1, "rank 1 has another training than rank 0");
    t.change = change_epochs;
    assert_all_fail(&t, 3, 1, "epochs is -3; must be at least 1");
}

static double rate_of_rank(uint64_t step, uint64_t steps, void *user)
{
    (void)steps;
    return ((worker *)user)->rank == 1 && step == 3 ? 0.011 : 0.01;
}

static double bad_rate(uint64_t step, uint64_t steps, void *user)
{
    (void)steps;
    return ((worker *)user)->rank == 1 && step == 3 ? NAN : 0.01;
}

/* Rank 1 has no schedule. */
static void change_schedule(gradus_fit_options *o, int rank)
{
    o->learning_rate = rank == 1 ? NULL : rate_of_rank;
}

TEST(learning_rates_that_differ_are_named)
{
    training t = training_of(DENSE);

    t.change = change_schedule;
    assert_all_fail(&t, 3, -1, "rank 1 has another training than rank 0");
    t.change = NULL;

    t.options.learning_rate = rate_of_rank;
    assert_all_fail(&t, 3, -1, "epoch 2, batch 1: rank 1 has another learning "
                               "rate than rank 0");
    t.options.learning_rate = bad_rate;
    assert_all_fail(&t, 3, 1, "sgd: learning rate is nan");
}

/* How the evaluation of rank 1 differs, and what all ranks say of it. */
enum { FEWER_ROWS, MORE_VALUES, ANOTHER_K, A_CONFUSION_MATRIX, DIFFERENCES };

static const char *const said_of_evaluation[DIFFERENCES] = {
    ("rank 1 has another evaluation than rank 0: got 699 rows, k 1; must be "
     "700 rows, k 1"),
    "takes 64 values a sample, but the dataset has 65",
    "got 700 rows, k 3; must be 700 rows, k 1",
    "got 700 rows, k 1, a confusion matrix; must be 700 rows, k 1",
};

static int difference;

static void evaluate_otherwise(gradus_communicator *c, void *arg)
{
    training *t = arg;
    gradus_graph *g = graph_of(DENSE, 1, c, 1);
    gradus_metrics m;
    gradus_dataset d = t->d[c->rank];
    gradus_evaluate_options o = { 0 };

    if (c->rank == 1) {
        d.n -= difference == FEWER_ROWS;
        d.size += difference == MORE_VALUES;
        o.k = difference == ANOTHER_K ? 3 : 0;
        if (difference == A_CONFUSION_MATRIX)
            o.confusion = t->got[1].confusion;
    }
    t->got[c->rank].status = gradus_evaluate(g, &d, &o, &m);
    snprintf(t->got[c->rank].error, GRADUS_ERROR_ROOM, "%s", gradus_error());
    gradus_graph_free(g);
}

LOOP_TEST(evaluations_that_differ_are_named, DIFFERENCES)
{
    training t = training_of(DENSE);

    difference = _i;
    threads_run(3, 0, evaluate_otherwise, &t);
    for (int r = 0; r < 3; r++) {
        ck_assert_int_ne(t.got[r].status, 0);
        ck_assert_msg(strstr(t.got[r].error, said_of_evaluation[_i]) != NULL,
                      "%s", t.got[r].error);
    }
}

/* Rank 1 trains on rows 1, 2, .., and the others on rows 0, 1, .. */
static void take_other_rows(gradus_communicator *c, void *arg)
{
    training *t = arg;
    gradus_graph *g = graph_of(DENSE, 1, c, 1);
    gradus_optimiser *o = gradus_sgd(g, NULL);
    int rows[BATCH];

    feed_by_hand(g, &t->d[c->rank]);
    for (int i = 0; i < BATCH; i++)
        rows[i] = i + (c->rank == 1);
    t->got[c->rank].status = gradus_train_step(o, rows, BATCH);
    snprintf(t->got[c->rank].error, GRADUS_ERROR_ROOM, "%s", gradus_error());
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

TEST(rows_that_differ_are_named)
{
    training t = training_of(DENSE);

    threads_run(3, 0, take_other_rows, &t);
    for (int r = 0; r < 3; r++) {
        ck_assert_int_ne(t.got[r].status, 0);
        ck_assert_msg(strstr(t.got[r].error, "rank 1 has another batch than "
                             "rank 0") != NULL, "%s", t.got[r].error);
    }
}

static int fail_at_once(const gradus_progress *p, void *user)
{
    (void)p, (void)user;
    return -1;
}

TEST(a_checkpoint_that_only_one_rank_has_is_refused)
{
    training t = training_of(DENSE);

    t.options.checkpoint = files_path("k0");
    t.options.next = fail_at_once;
    train(NULL, &t); /* leaves the first checkpoint */
    ck_assert_int_eq(access(t.options.checkpoint, F_OK), 0);
    t.options.checkpoint = files_path("k");
    t.change = change_checkpoint;
    assert_all_fail(&t, 3, -1, "rank 0 has another number of checkpoints than "
                               "rank 1: got 1; must be 0");
}

static int feed_a_batch(const gradus_progress *p, void *user)
{
    const worker *w = user;
    size_t from = (size_t)p->batch * 260, rows = from < 520 ? 260 : 0;

    feed_by_hand(w->g, &(gradus_dataset){ .n = rows ? rows : 1,
                                          .x = w->d->x + from * SIZE,
                                          .labels = w->d->labels + from });
    return (int)rows;
}

static int feed_too_little(const gradus_progress *p, void *user)
{
    int rows = feed_a_batch(p, user);

    return rows && p->batch == 1 && ((worker *)user)->rank == 1 ? 200 : rows;
}

TEST(rows_may_be_fed_batch_by_batch)
{
    training alone = training_of(CONV), t = training_of(CONV);

    alone.options.next = t.options.next = feed_a_batch;
    train(NULL, &alone);
    ck_assert_msg(!alone.got[0].status, "%s", alone.got[0].error);
    threads_run(3, 0, train, &t);
    for (int r = 0; r < 3; r++)
        ck_assert_uint_eq(t.got[r].hash, alone.got[0].hash);
    t.options.next = feed_too_little;
    assert_all_fail(&t, 3, -1, "epoch 1, batch 2: rank 1 has another number "
                               "of rows from `next` than rank 0: got 200");
}

/* Rank 1 does not come to its second step. */
static void lose_a_rank(gradus_communicator *c, void *arg)
{
    training *t = arg;
    gradus_graph *g = graph_of(DENSE, 1, c, 1);
    gradus_optimiser *o = gradus_sgd(g, NULL);

    feed_by_hand(g, &t->d[c->rank]);
    int status = gradus_train_step(o, NULL, BATCH);
    if (c->rank != 1)
        status = status || gradus_train_step(o, NULL, BATCH);
    if (status && c->rank != 1) /* and once it has failed, it always does */
        status = gradus_train_step(o, NULL, BATCH);
    t->got[c->rank].status = status;
    snprintf(t->got[c->rank].error, GRADUS_ERROR_ROOM, "%s", gradus_error());
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

TEST(a_rank_that_is_lost_is_named)
{
    training t = training_of(DENSE);

    threads_run(3, 1, lose_a_rank, &t);
    ck_assert_int_eq(t.got[1].status, 0);
    for (int r = 0; r < 3; r += 2) {
        ck_assert_int_ne(t.got[r].status, 0);
        ck_assert_str_eq(t.got[r].error, "rank 1 has sent nothing for 1 s");
    }
}

/* ---- a wait that fails -------------------------------------------------- */

static int (*true_wait[MOST_RANKS])(gradus_communicator *c);
static int waits[MOST_RANKS], failing_wait;

static int wait_or_fail(gradus_communicator *c)
{
    if (++waits[c->rank] < failing_wait)
        return true_wait[c->rank](c);
    snprintf(c->why, sizeof c->why, "wait %d has failed", failing_wait);
    return -1;
}

/* Trains, and then saves the net and a checkpoint, which must fail if the
 * training has. */
static void train_until_wait_fails(gradus_communicator *c, void *arg)
{
    training *t = arg;
    const int r = c->rank;
    char path[300];

    true_wait[r] = c->wait;
    waits[r] = 0;
    c->wait = wait_or_fail;
    gradus_graph *g = graph_of(t->kind, 1, c, 1);
    gradus_optimiser *o = g ? optimiser_of(t->kind, g) : NULL;
    gradus_fit_options options = t->options;
    options.validation = &t->d[r];
    t->got[r].status = o ? gradus_fit(o, &t->d[r], &options) : -1;
    snprintf(t->got[r].error, GRADUS_ERROR_ROOM, "%s", gradus_error());
    snprintf(path, sizeof path, "%s-saved", t->options.checkpoint);
    const int saved = g ? gradus_save(g, path) : -1;
    const int kept = o ? gradus_save_checkpoint(o, path) : -1;
    if (t->got[r].status && (!saved || !kept || access(path, F_OK) == 0))
        t->got[r].status = 2;
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

/* The training of which each wait fails in turn, until all have passed. */
LOOP_TEST(a_wait_that_fails_is_an_error_whenever_it_comes, 2)
{
    training t = training_of(_i ? NORMS : DENSE);
    int failures = 0;

    t.options.epochs = 2;
    t.options.checkpoint = files_path("k");
    do {
        failing_wait = ++failures;
        remove(t.options.checkpoint);
        threads_run(3, 0, train_until_wait_fails, &t);
        for (int r = 0; r < 3; r++) {
            ck_assert_int_eq(t.got[r].status, t.got[0].status);
            ck_assert_msg(!t.got[r].status ||
                              strstr(t.got[r].error, "has failed"),
                          "%s", t.got[r].error);
        }
        ck_assert_int_le(t.got[0].status, 0);
    } while (t.got[0].status);
    ck_assert_int_gt(failures, 60);
}

static void send_nothing(gradus_communicator *c, int to, const void *data,
                         size_t bytes)
{
    (void)c, (void)to, (void)data, (void)bytes;
}

static void receive_nothing(gradus_communicator *c, int from, void *data,
                            size_t bytes)
{
    (void)c, (void)from, (void)data, (void)bytes;
}

static int never_wait(gradus_communicator *c)
{
    return c == NULL;
}

TEST(communicators_that_make_no_sense_are_refused)
{
    gradus_communicator c = { .rank = 2, .size = 2, .send = send_nothing,
                              .receive = receive_nothing };
    gradus_graph *g = gradus_graph_new(1);

    ck_assert_int_ne(gradus_set_communicator(g, NULL), 0);
    assert_error("the communicator is NULL");
    c.rank = 0;
    ck_assert_int_ne(gradus_set_communicator(g, &c), 0);
    assert_error("lacks a function");
    c.rank = 2;
    c.wait = never_wait;
    ck_assert_int_ne(gradus_set_communicator(g, &c), 0);
    assert_error("rank that is not 0 to size - 1");
    ck_assert_int_ne(gradus_set_communicator(NULL, &c), 0);
    assert_error("the graph is NULL");
    c.rank = 0;
    c.size = 1;
    ck_assert_int_eq(gradus_set_communicator(g, &c), 0);
    gradus_dense(gradus_input(g, 2), 2);
    ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    ck_assert_int_ne(gradus_set_communicator(g, &c), 0);
    assert_error("the graph is compiled already");
    gradus_graph_free(g);
}

/* ---- portions ----------------------------------------------------------- */

/* The portions of a batch follow each other; all but the last of them that is
 * not empty have the same power of two of pieces. */
TEST(portions_have_each_piece_once)
{
    for (int size = 1; size <= 9; size++)
        for (int rows = 1; rows <= 40 * 128; rows += 61) {
            gradus_communicator c = { .size = size };
            const gradus_graph g = { .ranks = &c };
            int piece = 0, slice = 0, row = 0, first = 0;
            for (int r = 0; r < size; r++) {
                gradus_portion p = gradus_portion_of(&g, r, rows);
                ck_assert_int_eq(p.piece, piece);
                ck_assert_int_eq(p.slice, slice);
                ck_assert_int_eq(p.row, row);
                piece = p.piece_end;
                slice = p.slice_end;
                row = p.row_end;
                first = r ? first : piece;
                ck_assert_int_le(p.piece_end - p.piece, first);
                if (r < size - 1 &&
                    gradus_portion_of(&g, r + 1, rows).row_end > row)
                    ck_assert_int_eq(p.piece_end - p.piece, first);
            }
            ck_assert_int_eq(size > 1 ? first & (first - 1) : 0, 0);
            ck_assert_int_eq(piece, gradus_piece_count(rows));
            ck_assert_int_eq(slice, gradus_slice_count(rows));
            ck_assert_int_eq(row, rows);
        }
}

/* No rank updates more than its part of the parameters and one tile: of
 * 784-128-10, which has four large tiles, each of four ranks a quarter. */
TEST(ranks_update_about_as_many_parameters)
{
    gradus_graph *g = gradus_graph_new(1);

    gradus_dense(gradus_dense(gradus_input(g, 784), 128), 10);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    for (int size = 1; size <= 9; size++) {
        gradus_communicator c = { .size = size };
        size_t updates[9] = { 0 }, largest = 0, all = 0;
        g->ranks = &c;
        gradus_cut_tiles(g);
        for (int i = 0; i < g->tiles; i++) {
            const gradus_tile t = g->tile[i];
            size_t n = 0;
            for (int j = 0; j < t.node->n_params; j++)
                n += gradus_tile_range(t, j).count;
            updates[t.rank] += n;
            largest = n > largest ? n : largest;
        }
        for (int r = 0; r < size; r++) {
            all += updates[r];
            ck_assert_uint_lt(updates[r],
                              g->parameters / (size_t)size + largest);
            if (size == 4)
                ck_assert_uint_lt(updates[r], g->parameters / 10 * 3);
        }
        ck_assert_uint_eq(all, g->parameters);
    }
    g->ranks = &gradus_alone;
    gradus_graph_free(g);
}
