/* test_infer.c -- inference with workspaces. */
#include "tests.h"

#include "nets.h"
#include "probe.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

enum { IN = 30, CLASSES = 5, SAMPLES = 300 };
static const int SIZES[] = { IN, 250, CLASSES };

static net n;
static gradus_dataset d;

static void begin(void)
{
    n = net_new(1, SIZES, SAMPLES, 2);
    d = data_new(1, SAMPLES, IN, CLASSES);
    net_feed(&n, &d);
}

static void end(void)
{
    net_free(&n);
    data_free(&d);
}

EACH_TEST(.begin = begin, .end = end, .timeout = 60)

static gradus_workspace *workspace(const gradus_graph *g, int max_batch)
{
    gradus_workspace *w = gradus_workspace_new(g, max_batch);

    ck_assert_msg(w != NULL, "%s", gradus_error());
    return w;
}

static const int batches[] = { 1, 2, 16, 33, 64, 100, 257, SAMPLES };

/* Rounding may differ, as the matrix products have other sizes. */
LOOP_TEST(inference_gives_the_values_of_forward, COUNT(batches))
{
    gradus_workspace *w = workspace(n.g, SAMPLES);
    const size_t values = (size_t)batches[_i] * CLASSES;

    ck_assert_int_eq(gradus_forward(n.g, NULL, batches[_i]), 0);
    const gradus_real *y = gradus_infer(w, d.x, batches[_i]);
    ck_assert_msg(y != NULL, "%s", gradus_error());
    ck_assert_double_le(distance(y, n.loss->y, values), TOLERANCE);
    gradus_workspace_free(w);
}

TEST(inferred_probabilities_are_positive_and_sum_to_one)
{
    gradus_workspace *w = workspace(n.g, SAMPLES);
    const gradus_real *y = gradus_infer(w, d.x, SAMPLES);

    ck_assert_ptr_nonnull(y);
    for (int i = 0; i < SAMPLES; i++) {
        double sum = 0;
        for (int k = 0; k < CLASSES; k++) {
            ck_assert_double_gt(y[i * CLASSES + k], 0);
            sum += y[i * CLASSES + k];
        }
        ck_assert_double_eq_tol(sum, 1, TOLERANCE);
    }
    gradus_workspace_free(w);
}

TEST(a_workspace_may_take_more_rows_than_the_graph)
{
    net small = net_new(1, SIZES, 1, 1);
    gradus_workspace *w = workspace(small.g, SAMPLES);

    ck_assert_int_eq(gradus_forward(n.g, NULL, SAMPLES), 0);
    const gradus_real *y = gradus_infer(w, d.x, SAMPLES);
    ck_assert_ptr_nonnull(y);
    ck_assert_double_le(distance(y, n.loss->y, SAMPLES * CLASSES), TOLERANCE);
    gradus_workspace_free(w);
    net_free(&small);
}

TEST(inference_changes_nothing_and_uses_the_latest_parameters)
{
    gradus_workspace *w = workspace(n.g, 10);
    gradus_optimiser *o = gradus_sgd(n.g, NULL);
    gradus_real before[CLASSES];

    ck_assert_int_eq(gradus_forward(n.g, NULL, SAMPLES), 0);
    uint64_t hash = gradus_parameters_hash(n.g);
    double loss = gradus_loss(n.g);
    memcpy(before, gradus_infer(w, d.x + IN, 1), sizeof before);
    ck_assert_uint_eq(gradus_parameters_hash(n.g), hash);
    ck_assert_double_eq(gradus_loss(n.g), loss);
    ck_assert_ptr_eq(n.x->fed.x, d.x);
    ck_assert_int_eq(gradus_train_step(o, NULL, SAMPLES), 0);
    ck_assert_mem_ne(gradus_infer(w, d.x + IN, 1), before, sizeof before);
    gradus_optimiser_free(o);
    gradus_workspace_free(w);
}

/* ---- several threads ---------------------------------------------------- */

typedef struct {
    pthread_t thread;
    const gradus_real *wanted; /* [SAMPLES,CLASSES] */
    int wrong; /* how many results differ from `wanted` */
} reader;

static void *infer_many_times(void *arg)
{
    reader *r = arg;
    gradus_workspace *w = gradus_workspace_new(n.g, SAMPLES);

    r->wrong = !w;
    for (int i = 0; w && i < 20; i++) {
        const gradus_real *y = gradus_infer(w, d.x, SAMPLES);
        r->wrong += !y || memcmp(y, r->wanted,
                                 SAMPLES * CLASSES * sizeof *y) != 0;
    }
    gradus_workspace_free(w);
    return NULL;
}

TEST(threads_infer_from_one_graph_at_once)
{
    gradus_workspace *w = workspace(n.g, SAMPLES);
    const gradus_real *wanted = gradus_infer(w, d.x, SAMPLES);
    reader r[4];

    ck_assert_ptr_nonnull(wanted);
    for (int i = 0; i < 4; i++) {
        r[i].wanted = wanted;
        ck_assert_int_eq(pthread_create(&r[i].thread, NULL, infer_many_times,
                                        &r[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(r[i].thread, NULL);
        ck_assert_int_eq(r[i].wrong, 0);
    }
    gradus_workspace_free(w);
}

/* ---- pixels ------------------------------------------------------------- */

TEST(an_inferred_pixel_is_its_value_divided_by_255)
{
    gradus_workspace *w = workspace(n.g, 1), *v = workspace(n.g, 1);
    uint8_t pixels[IN];
    gradus_real x[IN];

    for (int i = 0; i < IN; i++) {
        pixels[i] = (uint8_t)(i * 255 / (IN - 1));
        x[i] = (gradus_real)(pixels[i] / 255.0);
    }
    const gradus_real *a = gradus_infer_u8(w, pixels, 1);
    const gradus_real *b = gradus_infer(v, x, 1);
    ck_assert(a && b);
    ck_assert_double_lt(distance(a, b, CLASSES), TOLERANCE);
    ck_assert_int_eq(gradus_feed_u8(n.x, pixels, 1), 0);
    ck_assert_int_eq(gradus_forward(n.g, NULL, 1), 0);
    ck_assert_double_le(distance(a, n.loss->y, CLASSES), TOLERANCE);
    gradus_workspace_free(w);
    gradus_workspace_free(v);
}

/* ---- convolutions ------------------------------------------------------- */

enum { MANY = 20 }; /* rows */

/* In order, they are computed by conv_vectors.c, conv_max2.c, conv_direct.c,
 * conv_gemm.c and conv_winograd.c.  The last has too many weights to keep; one
 * row is computed by conv_direct.c, and MANY by conv_winograd.c. */
static const struct {
    int in, side, out, kernel;
    gradus_conv2d_options o;
    bool max2;
} convolutions[] = {
    { 1, 12, 8, 5, { 0 }, false },
    { 1, 12, 8, 5, { 0 }, true },
    { 6, 9, 20, 3, { .stride = 2, .groups = 2 }, false },
    { 6, 9, 4, 3, { .stride = 2 }, false },
    { 16, 8, 16, 3, { .padding = 1 }, false },
    { 144, 4, 128, 3, { .padding = 1 }, false },
};

/* Asserts that w infers n rows of x as a new workspace does, bit for bit. */
static void assert_like_new(gradus_workspace *w, const gradus_node *y,
                            const gradus_real *x, int rows)
{
    gradus_workspace *fresh = workspace(y->graph, rows);
    const gradus_real *a = gradus_infer(w, x, rows);
    const gradus_real *b = gradus_infer(fresh, x, rows);

    ck_assert_msg(a && b, "%s", gradus_error());
    ck_assert_mem_eq(a, b, (size_t)rows * (size_t)y->size * sizeof *a);
    gradus_workspace_free(fresh);
}

/* A workspace keeps the weights of convolutions as the kernels need them.  It
 * has to notice when they change, whoever has changed them, and when the
 * number of rows asks for another order. */
LOOP_TEST(a_workspace_infers_with_the_weights_as_they_are, COUNT(convolutions))
{
    static gradus_real x[MANY * 144 * 16];
    static const int rows[] = { 1, 1, MANY, 1, MANY, MANY };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *y = gradus_conv2d(
        gradus_image(g, convolutions[_i].in, convolutions[_i].side,
                     convolutions[_i].side), convolutions[_i].out,
        convolutions[_i].kernel, &convolutions[_i].o);

    if (convolutions[_i].max2)
        y = gradus_maxpool2d(gradus_relu(y), 2, NULL);
    probe_fill(x, COUNT(x), 1);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_workspace *w = workspace(g, MANY);
    for (size_t k = 0; k < 3 * COUNT(rows); k++) {
        if (k % 3 == 1) /* a weight near the first, or near the last */
            gradus_parameters(g)[k] += 1;
        if (k % 3 == 2)
            gradus_parameters(g)[gradus_parameter_count(g) -
                                 (size_t)convolutions[_i].out - k] -= 1;
        assert_like_new(w, y, x, rows[k / 3]);
    }
    gradus_workspace_free(w);
    gradus_graph_free(g);
}

/* ---- which output, which input ------------------------------------------ */

TEST(without_a_loss_the_output_is_the_last_node)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *y = gradus_relu(gradus_dense(gradus_input(g, IN), 7));

    ck_assert_int_eq(gradus_compile(g, 3, 1), 0);
    gradus_workspace *w = workspace(g, 3);
    gradus_feed(gradus_node_at(g, 0), d.x, 3);
    ck_assert_int_eq(gradus_forward(g, NULL, 3), 0);
    const gradus_real *out = gradus_infer(w, d.x, 3);
    ck_assert_ptr_nonnull(out);
    ck_assert_double_le(distance(out, y->y, 3 * 7), TOLERANCE);
    gradus_workspace_free(w);
    gradus_graph_free(g);
}

TEST(the_output_is_the_last_loss_and_only_its_own_input_is_fed)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *a = gradus_input(g, 4), *b = gradus_input(g, IN);
    gradus_node *t = gradus_labels(g, 1);

    gradus_softmax_ce(gradus_dense(a, 9), t, NULL);
    gradus_softmax_ce(gradus_dense(b, 3), t, NULL);
    gradus_dense(a, 5);
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_workspace *w = workspace(g, 2); /* its input is b */
    ck_assert_ptr_nonnull(gradus_infer(w, d.x, 2));
    gradus_workspace_free(w);
    gradus_graph_free(g);
}

/* An op of the test's own: y = a + b, where a and b have the same shape. */
static void add(gradus_node *s, gradus_part p)
{
    const gradus_real *a = gradus_row(s->in[0]->y, p, s->size);
    const gradus_real *b = gradus_row(s->in[1]->y, p, s->size);
    gradus_real *y = gradus_row(s->y, p, s->size);

    for (int i = 0; i < p.rows * s->size; i++)
        y[i] = a[i] + b[i];
}

static const gradus_op ADD = { .name = "plus", .forward = add };

static gradus_node *sum_of(gradus_node *a, gradus_node *b)
{
    gradus_node *in[] = { a, b };

    return gradus_set_shape(
        gradus_append(NULL, &ADD, sizeof(gradus_node), 2, in), a->rank,
        a->shape);
}

TEST(an_output_of_two_inputs_is_refused)
{
    gradus_graph *g = gradus_graph_new(1);

    sum_of(gradus_input(g, 3), gradus_input(g, 3));
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    ck_assert_ptr_null(gradus_workspace_new(g, 2));
    assert_error("depends on one input alone");
    gradus_graph_free(g);
}

TEST(a_node_used_twice_is_computed_once)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 3);
    const gradus_real three[] = { 1, -2, 3 };

    sum_of(x, gradus_relu(x));
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    gradus_workspace *w = workspace(g, 2);
    const gradus_real *y = gradus_infer(w, three, 1);
    ck_assert_ptr_nonnull(y);
    ck_assert(y[0] == 2 && y[1] == -2 && y[2] == 6);
    gradus_workspace_free(w);
    gradus_graph_free(g);
}

/* A loss of the test's own, whose check reads its targets. */
static int check_labels(gradus_node *l, gradus_part p)
{
    for (int i = 0; i < p.rows; i++)
        if (l->in[1]->label[i] != 7)
            return gradus_fail(l, "label %d is not 7", i), -1;
    return 0;
}

static void copy_value(gradus_node *l, gradus_part p)
{
    memcpy(gradus_row(l->y, p, l->size), gradus_row(l->in[0]->y, p, l->size),
           gradus_count(p, l->size) * sizeof *l->y);
}

/* In inference there are no targets, and may be more rows than the graph has
 * room for. */
TEST(the_check_of_a_loss_is_not_called)
{
    static const gradus_loss_rule rule = { 0 };
    static const gradus_op op = { .name = "sevens", .forward = copy_value,
                                  .check = check_labels, .loss = &rule };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *in[] = { gradus_input(g, 3), gradus_labels(g, 1) };

    gradus_set_shape(gradus_append(NULL, &op, sizeof(gradus_loss_node), 2, in),
                     1, in[0]->shape);
    ck_assert_msg(gradus_compile(g, 1, 1) == 0, "%s", gradus_error());
    gradus_workspace *w = workspace(g, 100);
    const gradus_real *y = gradus_infer(w, d.x, 100);
    ck_assert_msg(y != NULL, "%s", gradus_error());
    ck_assert_mem_eq(y, d.x, 300 * sizeof *y);
    gradus_workspace_free(w);
    gradus_graph_free(g);
}

/* ---- values of the nodes on the way ------------------------------------- */

/* All rows must be there, however many of them are computed at a time. */
LOOP_TEST(the_values_on_the_way_are_those_of_forward, COUNT(batches))
{
    gradus_workspace *w = workspace(n.g, SAMPLES);

    ck_assert_int_eq(gradus_forward(n.g, NULL, batches[_i]), 0);
    const gradus_real *y = gradus_infer(w, d.x, batches[_i]);
    ck_assert_msg(y != NULL, "%s", gradus_error());
    for (int i = 0; i < gradus_node_count(n.g); i++) {
        gradus_node *node = gradus_node_at(n.g, i);
        const gradus_real *v = gradus_infer_value(w, node);
        size_t values = (size_t)(batches[_i] * node->size);
        if (node == n.t)
            continue;
        ck_assert_msg(v != NULL, "%s", gradus_error());
        ck_assert_double_le(distance(v, gradus_value(node), values),
                            TOLERANCE);
    }
    ck_assert_ptr_eq(gradus_infer_value(w, n.loss), y);
    gradus_workspace_free(w);
}

/* A workspace for one image in a net whose convolution also computes the ReLU
 * behind it, unless its value is wanted. */
static gradus_workspace *image_workspace(gradus_graph *g, bool wanted)
{
    gradus_node *conv = gradus_conv2d(gradus_image(g, 1, 6, 5), 2, 3, NULL);

    gradus_dense(gradus_relu(conv), 3);
    if (wanted)
        ck_assert_int_eq(gradus_want_value(conv), 0);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_workspace *w = workspace(g, 1);
    ck_assert_ptr_nonnull(gradus_infer(w, d.x, 1));
    return w;
}

TEST(a_value_that_is_wanted_before_compile_is_there_in_inference)
{
    gradus_graph *g = gradus_graph_new(1), *h = gradus_graph_new(1);
    gradus_workspace *w = image_workspace(g, true);
    gradus_workspace *v = image_workspace(h, false);
    const gradus_real *y = gradus_infer_value(w, gradus_find_node(g, "conv1"));
    const gradus_real *r = gradus_infer_value(w, gradus_find_node(g, "relu1"));

    ck_assert(y && r);
    for (int i = 0; i < 2 * 4 * 3; i++)
        ck_assert(r[i] == (y[i] > 0 ? y[i] : 0));
    ck_assert_ptr_null(gradus_infer_value(v, gradus_find_node(h, "conv1")));
    assert_error("conv1: is computed together with relu1; call "
                 "gradus_want_value(conv1) before gradus_compile");
    ck_assert_ptr_nonnull(gradus_infer_value(v,
                                             gradus_find_node(h, "relu1")));
    gradus_workspace_free(w);
    gradus_workspace_free(v);
    gradus_graph_free(g);
    gradus_graph_free(h);
}

TEST(a_value_that_inference_does_not_compute_is_refused)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_workspace *w = image_workspace(g, false);
    gradus_workspace *v = workspace(n.g, 1);

    ck_assert_ptr_nonnull(gradus_infer(v, d.x, 1));
    ck_assert_ptr_null(gradus_infer_value(v, n.t));
    assert_error("labels: has no value in inference, as that of softmax_ce1 "
                 "does not depend on it");
    ck_assert_ptr_null(gradus_infer_value(v, gradus_find_node(g, "dense1")));
    assert_error("dense1: is of another graph; must be of the graph that the "
                 "workspace was made for");
    ck_assert_ptr_null(gradus_infer_value(v, NULL));
    assert_error("gradus_infer_value: the node is NULL");
    ck_assert_ptr_null(gradus_infer_value(NULL, n.relu));
    assert_error("gradus_infer_value: the workspace is NULL");
    gradus_workspace_free(v);
    gradus_workspace_free(w);
    gradus_graph_free(g);
}

TEST(only_an_inference_that_succeeds_leaves_values)
{
    static const char why[] = "relu1: has no value before a gradus_infer "
                              "succeeds";
    gradus_workspace *w = workspace(n.g, 2);
    gradus_real bad[IN] = { NAN };
    uint8_t pixels[IN] = { 0 };

    ck_assert_ptr_null(gradus_infer_value(w, n.relu));
    assert_error(why);
    ck_assert_ptr_nonnull(gradus_infer_u8(w, pixels, 1));
    ck_assert_ptr_nonnull(gradus_infer_value(w, n.relu));
    ck_assert_ptr_null(gradus_infer(w, bad, 1));
    ck_assert_ptr_null(gradus_infer_value(w, n.relu));
    assert_error(why);
    ck_assert_ptr_nonnull(gradus_infer(w, d.x, 1));
    ck_assert_ptr_null(gradus_infer(w, d.x, 3));
    ck_assert_ptr_null(gradus_infer_value(w, n.relu));
    assert_error(why);
    gradus_workspace_free(w);
}

/* ---- errors ------------------------------------------------------------- */

TEST(a_nan_or_infinity_is_an_error_that_names_the_row)
{
    gradus_workspace *w = workspace(n.g, SAMPLES);
    gradus_real *x = (gradus_real *)d.x;

    x[70 * IN + 3] = (gradus_real)NAN;
    ck_assert_ptr_null(gradus_infer(w, x, SAMPLES));
    assert_error("row 70");
    x[70 * IN + 3] = INFINITY;
    ck_assert_ptr_null(gradus_infer(w, x, SAMPLES));
    assert_error("row 70");
    x[70 * IN + 3] = 0;
    ck_assert_ptr_nonnull(gradus_infer(w, x, SAMPLES));
    gradus_workspace_free(w);
}

TEST(a_wrong_number_of_rows_is_an_error)
{
    gradus_workspace *w = workspace(n.g, 10);
    uint8_t pixels[IN] = { 0 };

    ck_assert_ptr_null(gradus_infer(w, d.x, 0));
    assert_error("got 0 rows; must be 1 to 10");
    ck_assert_ptr_null(gradus_infer(w, d.x, -1));
    ck_assert_ptr_null(gradus_infer(w, d.x, 11));
    ck_assert_ptr_null(gradus_infer_u8(w, pixels, 0));
    assert_error("0 rows");
    gradus_workspace_free(w);
}
