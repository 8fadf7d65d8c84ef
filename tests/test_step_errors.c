/* test_step_errors.c -- steps that fail leave everything as it was. */
#include "tests.h"

#include "nets.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#ifdef GRADUS_DOUBLE
#define REAL_MAX DBL_MAX
#else
#define REAL_MAX FLT_MAX
#endif

enum { IN = 8, CLASSES = 5, SAMPLES = 60, BATCH = 20 };
static const int SIZES[] = { IN, 16, CLASSES };

/* A net in the middle of its training, with momentum. */
typedef struct {
    net n;
    gradus_dataset d;
    gradus_real *x;  /* d.x, which tests may change */
    int32_t *labels; /* d.labels, likewise */
    gradus_optimiser *o;
} trainee;

static void train(trainee *t, int steps)
{
    for (int i = 0; i < steps; i++)
        ck_assert_int_eq(gradus_train_step(t->o, NULL, BATCH), 0);
}

static trainee trainee_new(void)
{
    trainee t = { .n = net_new(1, SIZES, BATCH, 2),
                  .d = data_new(1, SAMPLES, IN, CLASSES) };

    t.x = (gradus_real *)t.d.x;
    t.labels = (int32_t *)t.d.labels;
    t.o = gradus_sgd(t.n.g, &(gradus_sgd_options){ .learning_rate = 0.1,
                                                   .momentum = 0.9,
                                                   .weight_decay = 1e-3 });
    net_feed(&t.n, &t.d);
    train(&t, 5);
    return t;
}

static void trainee_free(trainee *t)
{
    gradus_optimiser_free(t->o);
    net_free(&t->n);
    data_free(&t->d);
}

/* The samples of the step that goes wrong: row 3 is sample 47. */
static const int ROWS[] = { 40, 41, 50, 47 };

/* Asserts, after a step that failed, that the parameters are those before it,
 * and that training goes on as if it had never been tried, so that the
 * optimiser's memory is unchanged too. */
static void assert_unharmed(trainee *t)
{
    trainee other = trainee_new();

    ck_assert_uint_eq(gradus_parameters_hash(t->n.g),
                      gradus_parameters_hash(other.n.g));
    train(t, 5);
    train(&other, 5);
    ck_assert_uint_eq(gradus_parameters_hash(t->n.g),
                      gradus_parameters_hash(other.n.g));
    trainee_free(&other);
}

EACH_TEST(.timeout = 60)

TEST(a_nan_in_the_data_names_node_and_sample_and_changes_nothing)
{
    trainee t = trainee_new();

    t.x[47 * IN + 2] = (gradus_real)NAN;
    ck_assert_int_ne(gradus_train_step(t.o, ROWS, 4), 0);
    assert_error("input: row 3 (sample 47): value 2 is nan");
    assert_error("sample 47");
    ck_assert(isnan(gradus_loss(t.n.g)));
    assert_unharmed(&t);
    trainee_free(&t);
}

TEST(an_exploding_loss_names_node_and_sample_and_changes_nothing)
{
    trainee t = trainee_new();

    for (int i = 0; i < IN; i++)
        t.x[47 * IN + i] = (gradus_real)(i % 2 ? -REAL_MAX : REAL_MAX);
    ck_assert_int_ne(gradus_train_step(t.o, ROWS, 4), 0);
    assert_error("the loss is");
    assert_error("dense1: row 3 (sample 47): value");
    assert_error("sample 47");
    assert_unharmed(&t);
    trainee_free(&t);
}

/* Only the weight of the loss makes the sum infinite, so no row is named. */
TEST(finite_losses_that_add_up_to_infinity_are_an_error)
{
    trainee t = trainee_new();

    ck_assert_int_eq(gradus_set_loss_weight(t.n.loss, DBL_MAX), 0);
    for (int i = 0; i < BATCH; i++) /* far from the data of the training */
        t.x[i * IN] = 1000;
    ck_assert_int_ne(gradus_train_step(t.o, NULL, BATCH), 0);
    assert_error("though that of every row is finite");
    trainee_free(&t);
}

TEST(backward_and_step_after_a_failed_forward_are_refused)
{
    trainee t = trainee_new();

    t.x[47 * IN] = (gradus_real)NAN;
    ck_assert_int_ne(gradus_forward(t.n.g, ROWS, 4), 0);
    ck_assert_int_ne(gradus_backward(t.n.g), 0);
    assert_error("no forward has run, or the last one failed; call "
                 "gradus_forward first");
    ck_assert_int_ne(gradus_step(t.o), 0);
    assert_error("call gradus_forward and gradus_backward first");
    assert_unharmed(&t);
    trainee_free(&t);
}

/* With x = REAL_MAX and W = 0, logits and loss are finite, but each of the
 * first four rows adds half of REAL_MAX to the gradient, which overflows. */
typedef struct {
    gradus_graph *g;
    gradus_optimiser *o;
    gradus_real x[8];
} overflow;

static void overflow_new(overflow *f)
{
    static const int32_t labels[8] = { 0 };

    f->g = gradus_graph_new(1);
    gradus_node *x = gradus_input(f->g, 1), *t = gradus_labels(f->g, 1);
    gradus_node *z = gradus_dense(x, 2);
    gradus_initialise(z, GRADUS_INIT_ZERO, 0);
    gradus_softmax_ce(z, t, &(gradus_softmax_ce_options){
                                .reduction = GRADUS_REDUCE_SUM });
    ck_assert_int_eq(gradus_compile(f->g, 8, 2), 0);
    f->o = gradus_sgd(f->g, &(gradus_sgd_options){ .momentum = 0.9 });
    for (int i = 0; i < 8; i++)
        f->x[i] = i < 4 ? REAL_MAX : 1;
    gradus_feed(x, f->x, 8);
    gradus_feed_labels(t, labels, 8);
}

/* The last line of the image is in no window, so that the loss is finite. */
LOOP_TEST(a_nan_that_a_pool_leaves_out_is_named_by_its_gradient, 2)
{
    enum { B = 3, SIZE = 12, BAD = 10 };
    static const int32_t labels[B] = { 0, 1, 0 };
    gradus_real x[B * SIZE];
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *image = gradus_image(g, 1, 3, 4), *t = gradus_labels(g, 1);
    gradus_node *h = _i ? gradus_conv2d(image, 2, 1, NULL)
                        : gradus_layernorm(image);

    gradus_softmax_ce(gradus_dense(gradus_avgpool2d(h, 2, NULL), 2), t, NULL);
    ck_assert_int_eq(gradus_compile(g, B, 1), 0);
    for (int i = 0; i < B * SIZE; i++) /* the last row is the largest */
        x[i] = (gradus_real)(i * 7 % 5 + (i / SIZE == 2 ? 100 * i : 0));
    x[SIZE + BAD] = NAN;
    gradus_feed(image, x, B);
    gradus_feed_labels(t, labels, B);
    ck_assert_int_eq(gradus_forward(g, NULL, B), 0);
    ck_assert_int_ne(gradus_backward(g), 0);
    assert_error("node 0, input: row 1 (sample 1): value 10 is nan");
    gradus_graph_free(g);
}

TEST(an_overflowing_gradient_is_named_and_changes_nothing)
{
    static const int small[] = { 4, 5, 6, 7 };
    overflow f, other;

    overflow_new(&f);
    overflow_new(&other);
    ck_assert_int_ne(gradus_train_step(f.o, NULL, 4), 0);
    assert_error("dense1: the gradient of weight[0]");
    ck_assert_int_eq(gradus_forward(f.g, NULL, 4), 0);
    ck_assert_int_ne(gradus_backward(f.g), 0);
    assert_error("the gradient of weight[0]");
    ck_assert_int_ne(gradus_step(f.o), 0);
    ck_assert_int_eq(gradus_train_step(f.o, small, 4), 0);
    ck_assert_int_eq(gradus_train_step(other.o, small, 4), 0);
    ck_assert_uint_eq(gradus_parameters_hash(f.g),
                      gradus_parameters_hash(other.g));
    gradus_optimiser_free(f.o);
    gradus_optimiser_free(other.o);
    gradus_graph_free(f.g);
    gradus_graph_free(other.g);
}

TEST(gradients_that_a_user_makes_infinite_are_refused)
{
    trainee t = trainee_new();
    size_t last = gradus_parameter_count(t.n.g) - 1;

    gradus_gradients(t.n.g)[last] = -INFINITY;
    ck_assert_int_ne(gradus_step(t.o), 0);
    assert_error("dense2: the gradient of bias[4] is -inf");
    assert_unharmed(&t);
    trainee_free(&t);
}

LOOP_TEST(a_label_out_of_range_names_its_sample_and_changes_nothing, 4)
{
    static const int32_t bad[] = { -1, CLASSES, INT32_MAX, INT32_MIN };
    trainee t = trainee_new();

    t.labels[47] = bad[_i];
    ck_assert_int_ne(gradus_train_step(t.o, ROWS, 4), 0);
    assert_error("softmax_ce1: sample 47, position 0: the label is ");
    assert_error("must be 0 to 4");
    ck_assert_int_ne(gradus_forward(t.n.g, ROWS, 4), 0);
    assert_error("sample 47");
    assert_unharmed(&t);
    trainee_free(&t);
}

TEST(an_index_out_of_range_names_the_row_and_changes_nothing)
{
    trainee t = trainee_new();

    ck_assert_int_ne(gradus_train_step(t.o, (int[]){ 0, SAMPLES }, 2), 0);
    assert_error("row 60 is asked for; must be 0 to 59, as 60 rows were fed");
    ck_assert_int_ne(gradus_train_step(t.o, (int[]){ 0, -1 }, 2), 0);
    assert_error("row -1 is asked for");
    ck_assert_int_ne(gradus_forward(t.n.g, (int[]){ SAMPLES }, 1), 0);
    assert_unharmed(&t);
    trainee_free(&t);
}

TEST(a_batch_of_no_rows_or_too_many_is_refused)
{
    trainee t = trainee_new();

    ck_assert_int_ne(gradus_train_step(t.o, NULL, 0), 0);
    assert_error("the batch has 0 rows; must be 1 to 20");
    ck_assert_int_ne(gradus_train_step(t.o, NULL, -5), 0);
    ck_assert_int_ne(gradus_forward(t.n.g, NULL, BATCH + 1), 0);
    assert_error("the batch has 21 rows");
    assert_unharmed(&t);
    trainee_free(&t);
}

TEST(a_batch_of_more_rows_than_were_fed_is_refused)
{
    trainee t = trainee_new();

    gradus_feed_labels(t.n.t, t.labels, BATCH - 1);
    ck_assert_int_ne(gradus_train_step(t.o, NULL, BATCH), 0);
    assert_error("labels: row 19 is asked for; must be 0 to 18, as 19 rows "
                 "were fed");
    trainee_free(&t);
}

TEST(backward_needs_a_forward)
{
    net n = net_new(1, SIZES, BATCH, 1);

    ck_assert_int_ne(gradus_backward(n.g), 0);
    assert_error("no forward has run, or the last one failed; call "
                 "gradus_forward first");
    ck_assert(isnan(gradus_loss(n.g)));
    net_free(&n);
}

TEST(backward_needs_the_parameters_of_its_forward)
{
    trainee t = trainee_new();

    ck_assert_int_eq(gradus_train_step(t.o, NULL, BATCH), 0);
    ck_assert_int_ne(gradus_backward(t.n.g), 0);
    assert_error("parameters have changed since the last forward");
    trainee_free(&t);
}

/* Forward copies the index, so that the caller may free it. */
TEST(the_index_need_not_outlive_forward)
{
    trainee t = trainee_new();
    int *index = malloc(2 * sizeof *index);

    index[0] = 3;
    index[1] = 5;
    ck_assert_int_eq(gradus_forward(t.n.g, index, 2), 0);
    double loss = gradus_loss(t.n.g);
    free(index);
    ck_assert_int_eq(gradus_backward(t.n.g), 0);
    ck_assert_int_eq(gradus_forward(t.n.g, (int[]){ 3, 5 }, 2), 0);
    ck_assert(gradus_loss(t.n.g) == loss);
    trainee_free(&t);
}

TEST(forward_needs_data)
{
    net n = net_new(1, SIZES, BATCH, 1);

    ck_assert_int_ne(gradus_forward(n.g, NULL, 1), 0);
    assert_error("input: nothing was fed");
    net_free(&n);
}

TEST(a_step_needs_a_backward)
{
    trainee t = trainee_new();

    ck_assert_int_eq(gradus_forward(t.n.g, NULL, BATCH), 0);
    ck_assert_int_ne(gradus_step(t.o), 0);
    assert_error("gradients belong to an earlier batch or to other "
                 "parameters; call gradus_forward and gradus_backward first");
    assert_unharmed(&t);
    trainee_free(&t);
}

TEST(backward_after_an_evaluation_is_refused)
{
    trainee t = trainee_new();
    gradus_metrics m = { 0 };

    ck_assert_int_eq(gradus_evaluate(t.n.g, &t.d, NULL, &m), 0);
    ck_assert_int_ne(gradus_backward(t.n.g), 0);
    ck_assert_int_ne(gradus_step(t.o), 0);
    assert_unharmed(&t);
    trainee_free(&t);
}

/* ---- the cause of numbers that grow without bound ------------------------ */

static const struct {
    double target, learning_rate;
    bool huber;
    const char *why;
} growing[] = {
    { 3e5, 0.01, false, "; the largest target of loss is 300000, and the "
                        "largest prediction " },
    { -3e5, 0.01, false, "; the largest target of loss is 300000, and the" },
    { 1000, 10, false, ": scale the targets to about 1" },
    { 5e7, 1e30, true, "; the largest target of loss is 5e+07, and the" },
    { 1, 10, false, " already, so look at the steps before, and lower the" },
    { 0.5, 1e6, false, " already, so look at the steps before, and lower" },
    { INFINITY, 0.01, false, "; check the data, or lower the learning rate" },
};

/* A layer of values as large as the targets, as in tables of prices. */
LOOP_TEST(targets_that_are_too_large_are_named, COUNT(growing))
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 1), *t = gradus_input(g, 1);
    gradus_node *y = gradus_dense(gradus_dense(x, 8), 1);
    gradus_real v[] = { 3, -2, 5, 4 }, target[4];

    gradus_set_name(growing[_i].huber
                        ? gradus_huber(y, t, &(gradus_huber_options){
                                                 .delta = 1e30 })
                        : gradus_mse(y, t, NULL), "loss");
    ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    gradus_optimiser *o = gradus_sgd(g, &(gradus_sgd_options){
        .learning_rate = growing[_i].learning_rate });
    for (int i = 0; i < 4; i++)
        target[i] = (gradus_real)(i == 2 ? growing[_i].target : 0.25);
    gradus_feed(x, v, 4);
    gradus_feed(t, target, 4);
    int status = 0;
    for (int i = 0; i < 2000 && !status; i++)
        status = gradus_train_step(o, NULL, 4);
    ck_assert_int_ne(status, 0);
    assert_error(growing[_i].why);
    assert_error("parameters are unchanged");
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}
