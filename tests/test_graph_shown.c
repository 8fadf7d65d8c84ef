/* test_graph_shown.c -- tests what a graph shows of itself: values and
 * gradients of nodes, also of fused ones, and nodes and parameters by name and
 * by number. */
#include "allocations.h"
#include "one_graph.h"
#include "tests.h"

#include <limits.h>
#include <math.h>

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

/* The nodes of a net [B,1,4,4] -> [B,2,4,4] -> [B,2,2,2] -> [B,3], whose
 * convolution can also compute the ReLU and the maxima behind it. */
static gradus_node *x, *t, *conv, *relu, *pool, *dense, *loss;

static void make_net(void)
{
    x = gradus_image(g, 1, 4, 4);
    t = gradus_labels(g, 1);
    conv = gradus_conv2d(x, 2, 3, &(gradus_conv2d_options){ .padding = 1 });
    relu = gradus_relu(conv);
    pool = gradus_maxpool2d(relu, 2, NULL);
    dense = gradus_dense(pool, 3);
    loss = gradus_softmax_ce(dense, t, NULL);
}

/* Feeds two images [2,1,4,4] with labels, and runs the batch of both forward
 * and backward. */
static void run_net(void)
{
    static gradus_real image[32];
    static const int32_t labels[] = { 2, 0 };

    for (int i = 0; i < 32; i++)
        image[i] = (gradus_real)(i * 7 % 13 - 6);
    ck_assert_int_eq(gradus_feed(x, image, 2), 0);
    ck_assert_int_eq(gradus_feed_labels(t, labels, 2), 0);
    one_graph_forward(NULL, 2);
    ck_assert_int_eq(gradus_backward(g), 0);
}

/* ---- values and gradients ---------------------------------------------- */

TEST(a_fused_node_says_what_to_call_for_its_value)
{
    make_net();
    one_graph_compile(2);
    run_net();
    ck_assert_ptr_null(gradus_value(conv));
    assert_error("conv1: is computed together with maxpool1; call "
                 "gradus_want_value(conv1) before gradus_compile");
    ck_assert_ptr_null(gradus_gradient(relu));
    assert_error("relu1: is computed together with maxpool1");
    ck_assert_ptr_nonnull(gradus_value(pool));
    ck_assert_ptr_nonnull(gradus_gradient(pool));
}

TEST(wanted_values_are_those_of_the_layers_one_by_one)
{
    gradus_real fused[16];

    make_net();
    one_graph_compile(2);
    run_net();
    memcpy(fused, gradus_value(pool), sizeof fused);
    one_graph_end();
    one_graph_begin();
    make_net();
    ck_assert_int_eq(gradus_want_value(conv), 0);
    ck_assert_int_eq(gradus_want_value(relu), 0);
    one_graph_compile(2);
    run_net();
    const gradus_real *y = gradus_value(conv), *r = gradus_value(relu);
    const gradus_real *m = gradus_value(pool);
    ck_assert(y && r && m && gradus_gradient(conv) && gradus_gradient(relu));
    for (int i = 0; i < 2 * 2 * 16; i++)
        ck_assert(r[i] == (y[i] > 0 ? y[i] : 0));
    for (int i = 0; i < 2 * 2 * 4; i++) {
        const gradus_real *in = r + i / 4 * 16 + i / 2 % 2 * 8 + i % 2 * 2;
        gradus_real top = in[0] > in[1] ? in[0] : in[1];
        gradus_real low = in[4] > in[5] ? in[4] : in[5];
        ck_assert(m[i] == (top > low ? top : low));
        ck_assert(fabs((double)(m[i] - fused[i])) < 1e-4);
    }
}

TEST(a_value_and_a_gradient_need_their_pass)
{
    make_net();
    one_graph_compile(2);
    ck_assert_ptr_null(gradus_value(dense));
    assert_error("dense1: has no value before a forward succeeds");
    ck_assert_ptr_null(gradus_gradient(dense));
    assert_error("dense1: has no gradient before a backward succeeds");
    run_net();
    ck_assert_ptr_nonnull(gradus_gradient(dense));
    one_graph_forward(NULL, 1);
    ck_assert_ptr_nonnull(gradus_value(dense));
    ck_assert_ptr_null(gradus_gradient(dense));
    assert_error("dense1: has no gradient before a backward succeeds");
}

TEST(labels_losses_and_inputs_say_why_they_have_none)
{
    make_net();
    one_graph_compile(2);
    run_net();
    ck_assert_ptr_null(gradus_value(t));
    assert_error("labels: holds labels, not values");
    ck_assert_ptr_null(gradus_gradient(loss));
    assert_error("softmax_ce1: has no gradient: it is a loss");
    ck_assert_ptr_null(gradus_gradient(x));
    assert_error("input: has no gradient");
    ck_assert_ptr_null(gradus_value(NULL));
    assert_error("gradus_value: the node is NULL");
    ck_assert_ptr_null(gradus_gradient(NULL));
    assert_error("gradus_gradient: the node is NULL");
}

TEST(an_input_that_wants_its_gradient_has_it)
{
    make_net();
    ck_assert_int_eq(gradus_want_gradient(x), 0);
    one_graph_compile(2);
    run_net();
    ck_assert_ptr_nonnull(gradus_gradient(x));
}

/* ---- by name and by number --------------------------------------------- */

TEST(nodes_are_found_by_number_and_by_name)
{
    make_net();
    ck_assert_int_eq(gradus_node_count(g), 7);
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(gradus_node_at(g, i)->id, i);
    ck_assert_ptr_null(gradus_node_at(g, -1));
    ck_assert_ptr_null(gradus_node_at(g, 7));
    ck_assert_ptr_eq(gradus_find_node(g, "relu1"), relu);
    ck_assert_ptr_null(gradus_find_node(g, "relu2"));
    ck_assert_int_eq(gradus_set_name(relu, "bent"), 0);
    ck_assert_ptr_eq(gradus_find_node(g, "bent"), relu);
    ck_assert_ptr_null(gradus_find_node(g, "relu1"));
    ck_assert_str_eq(gradus_node_name(relu), "bent");
    ck_assert_str_eq(gradus_node_op(relu), "relu");
}

TEST(parameters_are_found_by_number_and_by_name)
{
    make_net();
    const gradus_param *w = gradus_find_param(dense, "weight");
    const gradus_param *b = gradus_find_param(dense, "bias");
    ck_assert_ptr_eq(gradus_param_at(dense, 0), w);
    ck_assert_ptr_eq(gradus_param_at(dense, 1), b);
    ck_assert_ptr_null(gradus_param_at(dense, 2));
    ck_assert_ptr_null(gradus_param_at(dense, -1));
    ck_assert_ptr_null(gradus_param_at(relu, 0));
    ck_assert_ptr_null(gradus_find_param(dense, "weights"));
    ck_assert_ptr_null(w->w);
    one_graph_compile(2);
    ck_assert_uint_eq(w->size, 3 * 8);
    ck_assert_ptr_nonnull(w->w);
    ck_assert(!w->buffer);
}

TEST(a_shape_is_shown_with_its_rank)
{
    int shape[GRADUS_MAX_RANK];

    make_net();
    ck_assert_int_eq(gradus_node_shape(pool, shape), 3);
    ck_assert_int_eq(shape[0] * 100 + shape[1] * 10 + shape[2], 222);
    ck_assert_int_eq(gradus_node_shape(dense, NULL), 1);
    ck_assert_int_eq(gradus_node_size(dense), 3);
}

TEST(the_version_is_that_of_the_header)
{
    ck_assert_str_eq(gradus_version(), GRADUS_VERSION);
}

/* ---- a compile that fails ----------------------------------------------- */

/* Compiles g for batches of 2, and has the allocation fail with which a
 * compile ends: that of the memory of all nodes. */
static void fail_to_compile(void)
{
    gradus_graph *other = gradus_graph_new(1);

    gradus_dense(gradus_input(other, 1), 1);
    allocations_fail(0, 0); /* counts; Check allocates in its assertions too */
    int made = gradus_compile(other, 2, 1) ? 0 : allocations_made();
    allocations_fail(made, 0);
    int status = gradus_compile(g, 2, 1);
    allocations_fail(0, 0);
    ck_assert_int_ne(status, 0);
    assert_error("out of memory");
    gradus_graph_free(other);
}

/* The nodes are fused by then, so another user of one would find no value. */
TEST(after_a_compile_that_fails_a_graph_can_only_be_compiled_again)
{
    make_net();
    fail_to_compile();
    ck_assert_int_eq(gradus_threads(g), 0);
    ck_assert_int_ne(gradus_want_value(conv), 0);
    assert_error("conv1: gradus_compile was called");
    one_graph_compile(2);
    run_net();
    ck_assert_int_eq(gradus_threads(g), 1);
}

TEST(nodes_are_not_added_after_a_compile_that_fails)
{
    make_net();
    fail_to_compile();
    assert_refused(gradus_sigmoid(conv), "sigmoid: gradus_compile was called");
}

TEST(a_layer_of_too_many_units_for_memory_is_refused_in_time)
{
    gradus_dense(gradus_input(g, 1), INT_MAX);
    fail_to_compile();
}

/* ---- ops of the caller's own -------------------------------------------- */

/* Sets what a node without operands has: y = 0. */
static void be_zero(gradus_node *n, gradus_part p)
{
    memset(gradus_row(n->y, p, n->size), 0,
           gradus_count(p, n->size) * sizeof *n->y);
    if (n->op->loss)
        memset(gradus_as_loss(n)->loss + p.row, 0,
               (size_t)p.rows * sizeof(double));
}

static void add_nothing(gradus_node *n, gradus_part p)
{
    (void)n, (void)p;
}

static bool ask_nothing(gradus_node *n, int row)
{
    (void)n, (void)row;
    return false;
}

TEST(a_loss_without_operands_infers_nothing_and_hides_no_NaN)
{
    static const gradus_loss_rule rule = { .diagnose = ask_nothing };
    static const gradus_op op = { .name = "penalty", .forward = be_zero,
                                  .backward = add_nothing, .loss = &rule };
    const gradus_real bad[16] = { NAN };
    const int32_t label = 1;
    gradus_node *penalty;

    make_net();
    penalty = gradus_append(g, &op, sizeof(gradus_loss_node), 0, NULL);
    ck_assert_ptr_nonnull(gradus_set_shape(penalty, 1, &(int){ 1 }));
    one_graph_compile(2);
    ck_assert_ptr_null(gradus_workspace_new(g, 2));
    assert_error("depends on one input, and this depends on none");
    ck_assert_int_eq(gradus_feed(x, bad, 1), 0);
    ck_assert_int_eq(gradus_feed_labels(t, &label, 1), 0);
    ck_assert_int_ne(gradus_forward(g, NULL, 1), 0);
    assert_error("row 0 (sample 0): value 0 is nan");
}

static void take_sums(gradus_node *n, gradus_part p)
{
    (void)n, (void)p;
}

TEST(an_op_that_sums_over_rows_must_unite_the_sums)
{
    static const gradus_mixing half = { .sum = take_sums };
    static const gradus_op op = { .name = "half", .forward = be_zero,
                                  .mixing = &half };
    gradus_node *in = gradus_input(g, 1);
    gradus_node *n = gradus_append(NULL, &op, sizeof *n, 1, &in);

    ck_assert_ptr_nonnull(gradus_set_shape(n, 1, &(int){ 1 }));
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("half1: its op's mixing must have unite");
}

TEST(too_many_operands_make_compile_fail)
{
    static const gradus_op op = { .name = "many", .forward = be_zero };
    gradus_node *in[GRADUS_MAX_OPERANDS + 1];

    in[0] = gradus_input(g, 1);
    for (int i = 1; i <= GRADUS_MAX_OPERANDS; i++)
        in[i] = in[0];
    assert_refused(gradus_append(NULL, &op, sizeof(gradus_node),
                                 GRADUS_MAX_OPERANDS + 1, in),
                   "many: got 9 operands; must be 0 to 8");
}

TEST(all_parameters_of_a_node_have_the_same_first_axis)
{
    static const gradus_op op = { .name = "two", .forward = be_zero,
                                  .backward = add_nothing };
    gradus_node *in = gradus_input(g, 1);
    gradus_node *n = gradus_append(NULL, &op, sizeof *n, 1, &in);

    n = gradus_set_shape(n, 1, &(int){ 1 });
    n = gradus_add_param(n, "a", 1, &(int){ 3 }, GRADUS_INIT_ZERO, 0);
    assert_refused(gradus_add_param(n, "b", 1, &(int){ 4 }, GRADUS_INIT_ZERO,
                                    0), "the first axis of parameter b is 4");
}

/* ---- after a gradient check --------------------------------------------- */

TEST(a_gradient_check_leaves_no_batch_at_hand)
{
    make_net();
    one_graph_compile(2);
    run_net();
    ck_assert(gradus_check_gradients(g, 2, 1e-3, NULL) >= 0);
    ck_assert_ptr_null(gradus_value(dense));
    assert_error("has no value before a forward succeeds");
}

TEST(a_node_with_parameters_and_no_operands_can_be_checked)
{
    static const gradus_op op = { .name = "constant", .forward = be_zero,
                                  .backward = add_nothing };
    const gradus_real one[] = { 1, 2 };
    gradus_node *in = gradus_input(g, 1);
    gradus_node *constant = gradus_append(g, &op, sizeof *constant, 0, NULL);

    constant = gradus_set_shape(constant, 1, &(int){ 1 });
    constant = gradus_add_param(constant, "w", 1, &(int){ 1 },
                                GRADUS_INIT_ZERO, 0);
    gradus_mse(gradus_add(gradus_dense(in, 1), constant), in, NULL);
    one_graph_compile(2);
    ck_assert_int_eq(gradus_feed(in, one, 2), 0);
    ck_assert(gradus_check_gradients(g, 2, 1e-3, NULL) >= 0);
}
