/* test_misuse.c -- passes NULL and nonsense to every public function, which
 * must fail with a message and never crash. */
#include "tests.h"

#include "nets.h"

#include <limits.h>
#include <math.h>

static net n;
static gradus_optimiser *o;
static gradus_workspace *w;
static gradus_real x[8];
static uint8_t pixels[8];
static int32_t labels[4];

static void begin(void)
{
    n = net_new(1, (int[]){ 2, 3, 2 }, 4, 1);
    o = gradus_sgd(n.g, NULL);
    w = gradus_workspace_new(n.g, 4);
    ck_assert(o && w);
}

static void end(void)
{
    gradus_workspace_free(w);
    gradus_optimiser_free(o);
    net_free(&n);
}

EACH_TEST(.begin = begin, .end = end)

/* Asserts that a function has failed, and that its message contains this. */
static void failed(int status, const char *text)
{
    ck_assert_msg(status != 0, "the call succeeds; must fail with \"%s\"",
                  text);
    assert_error(text);
}

/* Asserts that a constructor or loader has failed, with this message. */
static void null(const void *made, const char *text)
{
    ck_assert_msg(made == NULL, "the call succeeds; must fail with \"%s\"",
                  text);
    assert_error(text);
}

TEST(constructors_pass_null_on)
{
    null(gradus_input(NULL, 2), "input: the graph is NULL");
    null(gradus_image(NULL, 1, 2, 2), "input: the graph is NULL");
    null(gradus_labels(NULL, 1), "labels: the graph is NULL");
    null(gradus_row_weights(NULL), "row_weights: the graph is NULL");
    ck_assert_ptr_null(gradus_dense(NULL, 2));
    ck_assert_ptr_null(gradus_relu(NULL));
    ck_assert_ptr_null(gradus_softmax_ce(NULL, NULL, NULL));
    ck_assert_str_ne(gradus_error(), "");
}

TEST(settings_of_null_are_refused)
{
    double zero = 0, one = 1;

    failed(gradus_set_name(NULL, "a"), "node is NULL");
    failed(gradus_set_name(n.x, NULL), "name is NULL");
    failed(gradus_initialise(NULL, GRADUS_INIT_HE, 0), "node is NULL");
    failed(gradus_normalise(NULL, &zero, &one), "gradus_normalise");
    failed(gradus_normalise(n.x, NULL, &one), "gradus_normalise");
    failed(gradus_normalise(n.x, &zero, NULL), "gradus_normalise");
    failed(gradus_normalise(n.z, &zero, &one), "gradus_normalise");
    failed(gradus_standardise(NULL, &zero, &one, NULL), "gradus_standardise");
    failed(gradus_standardise(n.x, NULL, &one, NULL), "gradus_standardise");
    failed(gradus_standardise(n.z, &zero, &one, NULL), "gradus_standardise");
    failed(gradus_set_metadata(NULL, "a", "b"), "graph is NULL");
    failed(gradus_set_metadata(n.g, NULL, "b"), "key is NULL");
    failed(gradus_want_gradient(NULL), "node is NULL");
    failed(gradus_set_loss_weight(NULL, 1), "node is NULL");
    failed(gradus_compile(NULL, 1, 1), "graph is NULL");
    failed(gradus_summary(NULL, stdout), "graph is NULL");
    failed(gradus_summary(n.g, NULL), "file is NULL");
}

TEST(questions_about_null_get_an_empty_answer)
{
    ck_assert_int_eq(gradus_node_count(NULL), 0);
    ck_assert_ptr_null(gradus_node_at(NULL, 0));
    ck_assert_int_eq(gradus_threads(NULL), 0);
    ck_assert_int_eq(gradus_max_batch(NULL), 0);
    ck_assert_uint_eq(gradus_parameter_count(NULL), 0);
    ck_assert_ptr_null(gradus_parameters(NULL));
    ck_assert_ptr_null(gradus_gradients(NULL));
    ck_assert_uint_eq(gradus_parameters_hash(NULL), 0);
    ck_assert(isnan(gradus_loss(NULL)));
    ck_assert(isnan(gradus_learning_rate(NULL)));
    ck_assert_int_eq(gradus_class_count(NULL), 0);
    ck_assert_ptr_null(gradus_metadata(NULL, "a"));
    ck_assert_ptr_null(gradus_metadata(n.g, NULL));
    ck_assert_ptr_null(gradus_metadata_key(NULL, 0));
    ck_assert_int_eq(gradus_table_columns(NULL), 0);
    ck_assert_ptr_null(gradus_column_name(NULL, 0));
    ck_assert_ptr_null(gradus_column_use(NULL, 0));
    ck_assert_ptr_null(gradus_column_category(NULL, 0, 0));
    ck_assert_int_eq(gradus_column_span(NULL, 0, NULL), -1);
    ck_assert(!gradus_column_has_unit(NULL, 0));
    ck_assert_ptr_null(gradus_class_name(NULL, 0));
    ck_assert_ptr_null(gradus_class_name(n.g, -1));
    ck_assert_ptr_null(gradus_class_name(n.g, 0));
}

TEST(feeding_data_of_the_wrong_kind_is_refused)
{
    failed(gradus_feed(NULL, x, 4), "gradus_feed: the node is NULL");
    failed(gradus_feed(n.x, NULL, 4), "data is NULL");
    failed(gradus_feed(n.x, x, 0), "0 rows");
    failed(gradus_feed(n.x, x, (size_t)INT_MAX + 1), "2147483648 rows");
    failed(gradus_feed(n.z, x, 4), "computes its value");
    failed(gradus_feed(n.t, x, 4), "takes labels");
    failed(gradus_feed_u8(NULL, pixels, 4),
           "gradus_feed_u8: the node is NULL");
    failed(gradus_feed_u8(n.x, NULL, 4), "gradus_feed_u8: the data is NULL");
    failed(gradus_feed_u8(n.z, pixels, 4), "computes its value");
    failed(gradus_feed_u8(n.t, pixels, 4), "takes labels, not u8 values");
    failed(gradus_feed_labels(NULL, labels, 4),
           "gradus_feed_labels: the node is NULL");
    failed(gradus_feed_labels(n.t, NULL, 4),
           "gradus_feed_labels: the data is NULL");
    failed(gradus_feed_labels(n.x, labels, 4), "takes values");
    failed(gradus_feed_labels(n.loss, labels, 4), "computes its value");
}

TEST(training_null_or_an_uncompiled_graph_is_refused)
{
    gradus_graph *raw = gradus_graph_new(1);
    gradus_dataset d = { .n = 4, .size = 2, .x = x, .labels = labels };
    gradus_metrics m = { 0 };

    gradus_dense(gradus_input(raw, 2), 2);
    failed(gradus_forward(NULL, NULL, 1), "the graph is NULL");
    failed(gradus_forward(raw, NULL, 1), "the graph is not compiled");
    failed(gradus_backward(NULL), "gradus_backward: the graph is NULL");
    failed(gradus_backward(raw), "no forward");
    failed(gradus_step(NULL), "optimiser is NULL");
    failed(gradus_train_step(NULL, NULL, 1), "optimiser is NULL");
    failed(gradus_fit(NULL, &d, NULL), "optimiser is NULL");
    failed(gradus_evaluate(NULL, &d, NULL, &m), "the graph is NULL");
    failed(gradus_evaluate(raw, &d, NULL, &m), "not compiled");
    failed(gradus_evaluate(n.g, NULL, NULL, &m), "none was fed");
    failed(gradus_evaluate(n.g, &d, NULL, NULL), "the metrics are NULL");
    ck_assert_double_lt(gradus_check_gradients(NULL, 1, 1e-6, NULL), 0);
    assert_error("the graph is NULL");
    ck_assert_double_lt(gradus_check_gradients(raw, 1, 1e-6, NULL), 0);
    gradus_graph_free(raw);
}

TEST(an_empty_dataset_is_refused)
{
    gradus_dataset empty = { 0 };
    gradus_metrics m = { 0 };

    failed(gradus_fit(o, &empty, NULL), "either x or pixels");
    failed(gradus_evaluate(n.g, &empty, NULL, &m), "either x or pixels");
}

TEST(a_gradient_check_needs_a_positive_step_and_rows)
{
    gradus_check check = { .most = 1 };

    gradus_feed(n.x, x, 4);
    gradus_feed_labels(n.t, labels, 4);
    ck_assert_double_lt(gradus_check_gradients(n.g, 4, 0, &check), 0);
    assert_error("h is 0");
    ck_assert_double_lt(gradus_check_gradients(n.g, 4, NAN, &check), 0);
    ck_assert_double_lt(gradus_check_gradients(n.g, 4, -1, &check), 0);
    ck_assert_double_lt(gradus_check_gradients(n.g, 0, 1e-6, &check), 0);
    ck_assert_double_lt(gradus_check_gradients(n.g, 5, 1e-6, &check), 0);
    ck_assert_double_lt(gradus_check_gradients(n.g, INT_MAX, 1e-6, &check), 0);
    ck_assert_double_ge(gradus_check_gradients(n.g, 4, 1e-6, NULL), 0);
}

TEST(impossible_optimisers_are_refused)
{
    gradus_graph *raw = gradus_graph_new(1);

    null(gradus_sgd(NULL, NULL), "sgd: the graph is NULL");
    null(gradus_sgd(raw, NULL), "sgd: the graph is not compiled");
    gradus_input(raw, 2);
    ck_assert_int_eq(gradus_compile(raw, 1, 1), 0);
    null(gradus_sgd(raw, NULL), "no parameters");
    null(gradus_sgd(n.g, &(gradus_sgd_options){ .learning_rate = -1 }), "-1");
    null(gradus_sgd(n.g, &(gradus_sgd_options){ .learning_rate = NAN }),
         "learning rate");
    null(gradus_sgd(n.g, &(gradus_sgd_options){ .momentum = 1 }), "momentum");
    null(gradus_sgd(n.g, &(gradus_sgd_options){ .nesterov = 1 }), "nesterov");
    null(gradus_sgd(n.g, &(gradus_sgd_options){ .weight_decay = -1 }),
         "weight decay");
    failed(gradus_set_learning_rate(NULL, 1), "optimiser is NULL");
    failed(gradus_set_learning_rate(o, INFINITY), "learning rate is inf");
    ck_assert_double_eq(gradus_learning_rate(o), 0.01);
    gradus_graph_free(raw);
}

TEST(inference_with_null_is_refused)
{
    gradus_graph *raw = gradus_graph_new(1);

    null(gradus_workspace_new(NULL, 1), "the graph is NULL");
    null(gradus_workspace_new(raw, 1), "the graph is not compiled");
    null(gradus_workspace_new(n.g, 0), "max_batch is 0; must be at least 1");
    null(gradus_workspace_new(n.g, -1), "max_batch is -1; must be at least 1");
    null(gradus_infer(NULL, x, 1), "workspace is NULL");
    null(gradus_infer(w, NULL, 1), "data is NULL");
    null(gradus_infer_u8(NULL, pixels, 1), "workspace is NULL");
    null(gradus_infer_u8(w, NULL, 1), "data is NULL");
    gradus_graph_free(raw);
}

TEST(a_workspace_needs_an_output_that_is_computed)
{
    gradus_graph *g = gradus_graph_new(1);

    gradus_input(g, 2);
    gradus_labels(g, 1);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    null(gradus_workspace_new(g, 1), "depends on one input alone");
    gradus_graph_free(g);
}

static void be_one(gradus_node *node, gradus_part p)
{
    for (int i = 0; i < p.rows; i++)
        gradus_row(node->y, p, 1)[i] = 1;
}

TEST(a_workspace_wants_an_output_that_depends_on_an_input)
{
    static const gradus_op op = { .name = "one", .forward = be_one };
    gradus_graph *g = gradus_graph_new(1);

    gradus_set_shape(gradus_append(g, &op, sizeof(gradus_node), 0, NULL), 1,
                     &(int){ 1 });
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    null(gradus_workspace_new(g, 1), "one: inference needs an output that "
         "depends on one input, and this depends on none");
    gradus_graph_free(g);
}

TEST(loaders_refuse_null_and_nonsense)
{
    null(gradus_load_idx(NULL, "labels"), "NULL");
    null(gradus_load_idx("images", NULL), "NULL");
    null(gradus_load_mnist(NULL, "train"), "dir is NULL");
    null(gradus_load_mnist("no-such-folder", NULL), "part is NULL");
    null(gradus_load_image_folder(NULL, 1, 2, 2, NULL), "NULL");
    null(gradus_load_image_folder(".", 2, 2, 2, NULL), "channels");
    null(gradus_load_image_folder(".", 1, 0, INT_MAX, NULL), "0");
    failed(gradus_load_image(NULL, 1, 2, 4, pixels), "NULL");
    failed(gradus_load_image("no-such-file", 1, 2, 4, NULL), "NULL");
    failed(gradus_load_image("no-such-file", 1, 2, 4, pixels),
           "no-such-file");
    failed(gradus_load_image("no-such-file", 0, -1, 4, pixels), "");
}

TEST(model_files_refuse_null_and_nonsense)
{
    const char *names[] = { "a", NULL };

    failed(gradus_set_class_names(NULL, 1, names), "graph is NULL");
    failed(gradus_set_class_names(n.g, 1, NULL), "NULL");
    failed(gradus_set_class_names(n.g, -1, names), "-1 names");
    failed(gradus_set_class_names(n.g, 2, names), "class 1");
    failed(gradus_save(NULL, "file"), "");
    failed(gradus_save(n.g, NULL), "NULL");
    failed(gradus_save(n.g, "no-such-folder/file"), "no-such-folder");
    null(gradus_load(NULL, 1, 1, NULL), "NULL");
    null(gradus_load("no-such-file", 1, 1, NULL), "no-such-file");
    failed(gradus_load_parameters(NULL, "file"), "");
    failed(gradus_load_parameters(n.g, NULL), "NULL");
    failed(gradus_load_parameters(n.g, "no-such-file"), "no-such-file");
    failed(gradus_load_matching(NULL, "file", NULL),
           "gradus_load_matching: the graph is NULL");
    failed(gradus_load_matching(n.g, NULL, NULL),
           "gradus_load_matching: the path is NULL");
    failed(gradus_load_matching(n.g, "no-such-file", NULL), "no-such-file");
}

TEST(impossible_parts_of_a_users_layer_are_refused)
{
    static const gradus_op op = { .name = "own" };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *in[GRADUS_MAX_OPERANDS + 1] = { gradus_input(g, 2) };
    const int one = 1, five[] = { 1, 1, 1, 1, 1 };

    null(gradus_append(NULL, &op, sizeof(gradus_node), 0, NULL), "NULL");
    null(gradus_append(NULL, &op, sizeof(gradus_node), 9, in), "9 operands");
    null(gradus_append(NULL, &op, sizeof(gradus_node), -1, in), "-1 operands");
    ck_assert_ptr_null(gradus_set_shape(NULL, 1, &one));
    ck_assert_ptr_null(
        gradus_add_param(NULL, "w", 1, &one, GRADUS_INIT_ZERO, 0));
    ck_assert_ptr_null(gradus_set_attr(NULL, "a", 1, &(double){ 1 }));
    null(gradus_fail(NULL, "number %d", 7), "number 7");
    gradus_node *own = gradus_append(g, &op, sizeof(gradus_node), 0, NULL);
    null(gradus_set_shape(own, 4, five),
         "the shape has rank 4; must be 1 to 3");
    null(gradus_set_shape(own, 0, five), "the shape has rank 0");
    null(gradus_add_param(own, "w", 5, five, GRADUS_INIT_ZERO, 0),
         "of rank 1 to 4");
    null(gradus_add_param(own, "w", 1, &(int){ 0 }, GRADUS_INIT_ZERO, 0),
         "w is [0]; every axis must be at least 1");
    null(gradus_set_attr(own, "a", 0, &(double){ 1 }), "0 values");
    null(gradus_set_attr(own, "a_name_of_more_than_31_characters", 1,
                         &(double){ 1 }), "setting");
    gradus_graph_free(g);
}

TEST(freeing_null_is_allowed)
{
    gradus_graph_free(NULL);
    gradus_optimiser_free(NULL);
    gradus_workspace_free(NULL);
    gradus_dataset_free(NULL);
}
