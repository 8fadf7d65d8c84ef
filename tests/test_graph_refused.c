/* test_graph_refused.c -- graphs that cannot be compiled, each with its
 * message. */
#include "tests.h"

#include "nets.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>

static gradus_graph *g; /* of the test that runs */
static gradus_node *x, *t;

static void begin(void)
{
    g = gradus_graph_new(1);
    x = gradus_input(g, 4);
    t = gradus_labels(g, 1);
}

static void end(void)
{
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

/* Asserts that compiling g fails with this message. */
static void assert_compile_says(const char *text)
{
    gradus_set_name(NULL, NULL); /* sets another message before */
    ck_assert_int_ne(gradus_compile(g, 4, 1), 0);
    assert_error(text);
    ck_assert_int_eq(gradus_max_batch(g), 0);
}

TEST(a_null_operand_from_outside_is_named_by_compile)
{
    ck_assert_ptr_null(gradus_softmax_ce(gradus_dense(NULL, 3), t, NULL));
    assert_compile_says("dense: operand 1 of 1 is NULL");
}

static gradus_node *dense_of_relu(gradus_node *h)
{
    return gradus_dense(gradus_relu(h), 3);
}

static gradus_node *sum(gradus_node *h)
{
    return gradus_sigmoid(gradus_add(h, h));
}

static gradus_node *joined(gradus_node *h)
{
    return gradus_concat(3, (gradus_node *[]){ h, h, h });
}

static gradus_node *loss(gradus_node *h)
{
    return gradus_mse(h, h, NULL);
}

static const struct {
    gradus_node *(*make)(gradus_node *h);
    const char *why;
} graphless[] = {
    { dense_of_relu, "relu: operand 1 of 1 is NULL" },
    { gradus_relu, "relu: operand 1 of 1 is NULL" },
    { sum, "add: operand 1 of 2 is NULL" },
    { joined, "concat: operand 1 of 3 is NULL" },
    { loss, "mse: operand 1 of 2 is NULL" },
};

/* No operand tells which graph it is, so that nothing is added to any. */
LOOP_TEST(a_null_operand_without_a_graph_is_an_error_of_compile,
          COUNT(graphless))
{
    gradus_graph *after = NULL;

    gradus_softmax_ce(gradus_dense(x, 3), t, NULL);
    gradus_feed(NULL, NULL, 0); /* another message, not taken to be why */
    ck_assert_ptr_null(graphless[_i].make(NULL));
    assert_error(graphless[_i].why);
    ck_assert_ptr_null(gradus_dense(gradus_relu(NULL), 3)); /* once more */
    after = gradus_graph_new(2); /* not concerned */
    gradus_dense(gradus_input(after, 4), 3);
    ck_assert_msg(gradus_compile(after, 4, 1) == 0, "%s", gradus_error());
    assert_compile_says(graphless[_i].why);
    assert_compile_says(graphless[_i].why); /* and again */
    gradus_graph_free(after);
}

TEST(the_same_null_operand_is_an_error_of_the_next_graph_too)
{
    gradus_relu(NULL);
    assert_compile_says("relu: operand 1 of 1 is NULL");
    gradus_relu(NULL);
    gradus_graph_free(g);
    g = gradus_graph_new(1);
    gradus_dense(gradus_input(g, 4), 3);
    gradus_relu(NULL);
    assert_compile_says("relu: operand 1 of 1 is NULL");
}

/* The NULL comes from a failure that its graph knows. */
TEST(a_null_that_is_passed_on_does_not_concern_other_graphs)
{
    gradus_graph *other = gradus_graph_new(2);

    gradus_dense(gradus_input(other, 4), 3);
    ck_assert_ptr_null(gradus_relu(gradus_relu(gradus_dense(x, 0))));
    assert_error("node 2, dense1: units is 0"); /* and not relu */
    ck_assert_msg(gradus_compile(other, 4, 1) == 0, "%s", gradus_error());
    assert_compile_says("node 2, dense1: units is 0");
    gradus_graph_free(other);
}

TEST(a_compiled_graph_is_not_concerned_by_null_operands)
{
    gradus_optimiser *o;

    gradus_dense(x, 3);
    ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    ck_assert_ptr_null(gradus_relu(NULL));
    gradus_feed(x, (gradus_real[]){ 1, 2, 3, 4 }, 1);
    gradus_feed_labels(t, (int32_t[]){ 0 }, 1);
    ck_assert_msg(gradus_forward(g, NULL, 1) == 0, "%s", gradus_error());
    o = gradus_sgd(g, NULL);
    ck_assert_ptr_nonnull(o);
    gradus_optimiser_free(o);
}

static void *relu_of_null(void *arg)
{
    gradus_relu(NULL);
    return arg;
}

TEST(a_null_operand_in_another_thread_does_not_concern_the_graph)
{
    pthread_t thread;

    gradus_dense(x, 3);
    ck_assert_int_eq(pthread_create(&thread, NULL, relu_of_null, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_msg(gradus_compile(g, 4, 1) == 0, "%s", gradus_error());
}

TEST(null_labels_are_named_by_compile)
{
    ck_assert_ptr_null(gradus_softmax_ce(gradus_dense(x, 3), NULL, NULL));
    assert_compile_says("softmax_ce: operand 2 of 2 is NULL");
}

TEST(a_failure_is_passed_on_and_the_first_message_stays)
{
    gradus_node *z = gradus_dense(gradus_relu(gradus_dense(x, 0)), -3);

    ck_assert_ptr_null(gradus_softmax_ce(z, t, NULL));
    gradus_dense(x, -7);
    assert_compile_says("node 2, dense1: units is 0; must be at least 1");
}

TEST(an_operand_of_another_graph_makes_both_graphs_fail)
{
    gradus_graph *other = gradus_graph_new(2);
    gradus_node *z = gradus_dense(gradus_input(other, 4), 3);

    ck_assert_ptr_null(gradus_softmax_ce(z, t, NULL));
    assert_error("another graph");
    ck_assert_int_ne(gradus_compile(other, 4, 1), 0);
    assert_error("another graph");
    assert_compile_says("another graph");
    gradus_graph_free(other);
}

TEST(a_loss_cannot_be_an_operand)
{
    gradus_node *loss = gradus_softmax_ce(gradus_dense(x, 3), t, NULL);

    ck_assert_ptr_nonnull(loss);
    ck_assert_ptr_null(gradus_dense(loss, 3));
    assert_compile_says(
        "softmax_ce1: is a loss; a loss cannot be an operand of dense");
}

TEST(labels_cannot_be_an_operand_of_a_layer)
{
    gradus_dense(t, 3);
    assert_compile_says("dense1: operand labels holds labels");
}

TEST(labels_cannot_be_logits)
{
    gradus_softmax_ce(t, t, NULL);
    assert_compile_says("operand labels holds labels");
}

TEST(targets_cannot_be_computed)
{
    gradus_node *z = gradus_dense(x, 3), *computed = gradus_relu(z);

    ck_assert_ptr_null(gradus_softmax_ce(z, computed, NULL));
    assert_compile_says("the targets come from relu1");
}

TEST(labels_for_other_positions_are_refused)
{
    gradus_softmax_ce(gradus_dense(x, 3), gradus_labels(g, 2), NULL);
    assert_compile_says("positions of labels2 is 2; must be 1, as in dense1");
}

TEST(targets_of_another_shape_are_refused)
{
    gradus_softmax_ce(gradus_dense(x, 3), gradus_input(g, 2), NULL);
    assert_compile_says(
        "the targets of input2 (rank 1, 2 a row) must have the shape");
}

TEST(row_weights_must_be_a_row_weights_node)
{
    gradus_softmax_ce(
        gradus_dense(x, 3), t,
        &(gradus_softmax_ce_options){ .row_weight = gradus_input(g, 1) });
    assert_compile_says("must be a gradus_row_weights node");
}

TEST(a_node_that_failed_is_refused_as_an_operand)
{
    gradus_input(g, 0);
    gradus_node *bad = gradus_node_at(g, 2);
    ck_assert_ptr_nonnull(bad);
    ck_assert_ptr_null(gradus_dense(bad, 3));
    ck_assert_ptr_null(gradus_relu(bad));
    ck_assert_ptr_null(gradus_softmax_ce(bad, t, NULL));
    ck_assert_int_ne(
        gradus_normalise(bad, &(double){ 0 }, &(double){ 1 }), 0);
    assert_compile_says("node 2, input2: the shape is [0]");
}

TEST(sizes_below_one_are_refused)
{
    ck_assert_ptr_null(gradus_input(g, 0));
    ck_assert_ptr_null(gradus_input(g, -1));
    ck_assert_ptr_null(gradus_labels(g, 0));
    ck_assert_ptr_null(gradus_image(g, 1, 0, 3));
    ck_assert_ptr_null(gradus_image(g, INT_MIN, 3, 3));
    ck_assert_ptr_null(gradus_dense(x, INT_MIN));
    assert_compile_says("node 2, input2");
}

TEST(an_image_of_more_than_INT_MAX_values_is_refused)
{
    ck_assert_ptr_null(gradus_image(g, 3, 32768, 32768));
    assert_compile_says("their product at most 2147483647");
}

TEST(a_weight_of_more_than_INT_MAX_numbers_is_refused)
{
    ck_assert_ptr_null(gradus_dense(x, INT_MAX / 4 + 1));
    assert_compile_says("weight is [536870912,");
}

TEST(a_batch_of_more_bytes_than_memory_can_have_is_refused)
{
    gradus_input(g, INT_MAX);
    ck_assert_int_ne(gradus_compile(g, INT_MAX, 2), 0);
    assert_error("out of memory");
    assert_error("try a smaller max_batch");
    ck_assert_ptr_null(gradus_parameters(g));
    ck_assert_int_eq(gradus_max_batch(g), 0);
}

TEST(impossible_numbers_of_rows_and_threads_are_refused)
{
    ck_assert_int_ne(gradus_compile(g, 0, 1), 0);
    assert_error("max_batch is 0");
    ck_assert_int_ne(gradus_compile(g, -1, 1), 0);
    ck_assert_int_ne(gradus_compile(g, 1, -1), 0);
    assert_error("threads is -1");
    ck_assert_int_ne(gradus_compile(g, 1, 1025), 0);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
}

TEST(a_graph_without_nodes_is_refused)
{
    gradus_graph *empty = gradus_graph_new(1);

    ck_assert_int_ne(gradus_compile(empty, 1, 1), 0);
    assert_error("no nodes");
    gradus_graph_free(empty);
}

TEST(a_graph_can_be_compiled_only_once)
{
    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    ck_assert_int_ne(gradus_compile(g, 2, 1), 0);
    assert_error("compiled already");
}

TEST(a_compiled_graph_refuses_nodes_and_settings)
{
    gradus_node *n = gradus_dense(x, 3);
    double zero = 0, one = 1;

    ck_assert_int_eq(gradus_compile(g, 2, 1), 0);
    uint64_t hash = gradus_parameters_hash(g);
    ck_assert_ptr_null(gradus_dense(x, 2));
    assert_error("gradus_compile was called; add nodes before it");
    ck_assert_ptr_null(gradus_input(g, 2));
    ck_assert_int_ne(gradus_initialise(n, GRADUS_INIT_ZERO, 0), 0);
    ck_assert_int_ne(gradus_normalise(x, &zero, &one), 0);
    ck_assert_int_ne(gradus_want_gradient(x), 0);
    ck_assert_int_ne(gradus_set_name(n, "late"), 0);
    ck_assert_str_eq(n->name, "dense1");
    ck_assert_int_eq(gradus_node_count(g), 3);
    ck_assert_uint_eq(gradus_parameters_hash(g), hash);
}

TEST(invalid_names_of_nodes_are_refused)
{
    static const char *const bad[] = { "", "a b", "a.b", "gr\303\274n",
                                       "a123456789b123456789c123456789dd" };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(gradus_set_name(x, bad[i]) != 0,
                      "the name \"%s\" is accepted; must be refused", bad[i]);
        assert_error("1 to 31 letters");
    }
    ck_assert_int_ne(gradus_set_name(x, "labels"), 0);
    assert_error("another node is named labels");
    ck_assert_str_eq(x->name, "input");
    assert_compile_says("1 to 31 letters");
}

TEST(the_longest_name_of_a_node_is_accepted)
{
    ck_assert_int_eq(gradus_set_name(x, "a123456789B123456789_123456789d"), 0);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
}

TEST(impossible_settings_are_refused)
{
    gradus_node *n = gradus_dense(x, 3);
    double zero = 0, nan = NAN;

    ck_assert_int_ne(gradus_initialise(x, GRADUS_INIT_HE, 0), 0);
    assert_error("no parameters");
    ck_assert_int_ne(gradus_initialise(n, (gradus_initialiser)99, 0), 0);
    ck_assert_int_ne(gradus_initialise(n, GRADUS_INIT_NORMAL, -1), 0);
    ck_assert_int_ne(gradus_initialise(n, GRADUS_INIT_UNIFORM, NAN), 0);
    ck_assert_int_ne(gradus_initialise(n, GRADUS_INIT_NORMAL, INFINITY), 0);
    ck_assert_int_ne(gradus_normalise(x, &zero, &zero), 0);
    assert_error("the standard deviation is 0");
    ck_assert_int_ne(gradus_normalise(x, &nan, &nan), 0);
    ck_assert_int_ne(gradus_normalise(n, &zero, &zero), 0);
    ck_assert_int_ne(gradus_want_gradient(n), 0);
    ck_assert_int_ne(gradus_want_gradient(t), 0);
    ck_assert_int_ne(gradus_set_loss_weight(n, 1), 0);
    assert_error("is not a loss");
}

static void forward_nothing(gradus_node *n, gradus_part p)
{
    (void)n, (void)p;
}

/* Compile finds what the op of a user's own layer lacks, before it is
 * called. */
TEST(incomplete_ops_are_refused)
{
    static const gradus_op no_forward = { .name = "lazy" };
    static const gradus_op no_gradient = { .name = "lazy",
                                           .forward = forward_nothing };
    gradus_node *n = gradus_append(NULL, &no_forward, sizeof *n, 1, &x);

    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("lazy1: has no shape");
    gradus_set_shape(n, 1, &(int){ 2 });
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("lazy1: computes its value, but its op has no forward");
    n->op = &no_gradient;
    gradus_add_param(n, "weight", 1, &(int){ 2 }, GRADUS_INIT_ZERO, 0);
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error(
        "lazy1: has parameters, but its op has neither gradient nor backward");
}

/* Otherwise nothing before the node would ever be trained. */
TEST(a_gradient_needs_a_backward_in_every_op_that_it_passes)
{
    static const gradus_op op = { .name = "lazy", .forward = forward_nothing };
    gradus_node *h = gradus_dense(x, 2);
    gradus_node *n = gradus_append(NULL, &op, sizeof *n, 1, &h);

    gradus_set_shape(n, 1, &(int){ 2 });
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("lazy1: operand dense1 wants a gradient, but the op has no "
                 "backward; must have one");
}

/* From a model file, such a node would be loaded as the built-in one. */
TEST(a_users_op_with_the_name_of_a_built_in_one_is_not_saved)
{
    static const gradus_op own = { .name = "relu",
                                   .forward = forward_nothing };
    gradus_node *n = gradus_append(NULL, &own, sizeof *n, 1, &x);

    ck_assert_ptr_nonnull(gradus_set_shape(n, x->rank, x->shape));
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_int_ne(gradus_save(g, "/nowhere/net"), 0);
    assert_error("/nowhere/net: the op of node relu1 is called relu, as a "
                 "built-in one; rename it");
}

TEST(a_setting_of_another_length_is_refused)
{
    gradus_node *n = gradus_dense(x, 3);

    ck_assert_ptr_null(
        gradus_set_attr(n, "units", 2, (double[]){ 3, 4 }));
    assert_error("the setting units got 2 values; must be 1");
}

TEST(a_mistake_in_feeding_does_not_spoil_the_graph)
{
    ck_assert_int_ne(gradus_feed(t, (gradus_real[]){ 1 }, 1), 0);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_ptr_null(gradus_set_shape(x, 1, &(int){ 9 }));
    assert_error("input: gradus_compile was called");
}

TEST(targets_cannot_want_a_gradient)
{
    gradus_node *target = gradus_input(g, 3);

    ck_assert_ptr_nonnull(gradus_softmax_ce(gradus_dense(x, 3), target, NULL));
    ck_assert_int_ne(gradus_want_gradient(target), 0);
    assert_error("is a target or a weight of a loss");
}

TEST(a_loss_weight_that_is_not_finite_is_refused)
{
    gradus_node *loss = gradus_softmax_ce(gradus_dense(x, 3), t, NULL);

    ck_assert_int_ne(gradus_set_loss_weight(loss, NAN), 0);
    ck_assert_int_ne(gradus_set_loss_weight(loss, INFINITY), 0);
}
