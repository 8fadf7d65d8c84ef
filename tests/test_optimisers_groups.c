/* test_optimisers_groups.c -- nodes with a learning rate and a weight decay of
 * their own, frozen nodes, and weight decay of matrices only. */
#include "probe.h"
#include "tests.h"

#include <math.h>

/* Two layers, and the sizes of their weights W1, W2 and biases B1, B2. */
enum { IN = 3, HIDDEN = 4, OUT = 2 };
enum { W1 = IN * HIDDEN, B1 = HIDDEN, W2 = HIDDEN * OUT, B2 = OUT };
enum { FIRST = W1 + B1, SECOND = W2 + B2, P = FIRST + SECOND };

static gradus_graph *g;
static gradus_node *first, *second;
static gradus_real before[P];

static void begin(void)
{
    g = gradus_graph_new(3);
    first = gradus_dense(gradus_input(g, IN), HIDDEN);
    second = gradus_dense(first, OUT);
    ck_assert_int_eq(gradus_compile(g, 1, 2), 0);
    probe_fill(gradus_parameters(g), P, 1);
    memcpy(before, gradus_parameters(g), sizeof before);
    probe_fill(gradus_gradients(g), P, 2);
}

static void end(void)
{
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

/* Makes SGD, Adam, AdamW, RMSprop or Adagrad for kind = 0 .. 4. */
static gradus_optimiser *make(int kind)
{
    static const gradus_sgd_options sgd = {
        .learning_rate = 0.5, .momentum = 0.5, .weight_decay = 0.25,
    };
    static const gradus_adam_options adam = { .learning_rate = 0.5,
                                              .weight_decay = 0.25 };
    static const gradus_rmsprop_options rms = {
        .learning_rate = 0.5, .momentum = 0.5, .weight_decay = 0.25,
    };
    static const gradus_adagrad_options ada = { .learning_rate = 0.5,
                                                .weight_decay = 0.25 };
    gradus_optimiser *o = kind == 0   ? gradus_sgd(g, &sgd)
                          : kind == 1 ? gradus_adam(g, &adam)
                          : kind == 2 ? gradus_adamw(g, &adam)
                          : kind == 3 ? gradus_rmsprop(g, &rms)
                                      : gradus_adagrad(g, &ada);

    ck_assert_ptr_nonnull(o);
    return o;
}

enum { KINDS = 5 };

static void group(gradus_node *n, double lr_scale, double decay_scale)
{
    ck_assert_msg(gradus_set_group(n, lr_scale, decay_scale) == 0, "%s",
                  gradus_error());
}

static void step(gradus_optimiser *o)
{
    ck_assert_msg(gradus_step(o) == 0, "%s", gradus_error());
}

/* Asserts that parameter i is one step of SGD away from before[i]. */
static void assert_sgd(size_t i, double lr, double lambda)
{
    double theta = before[i], grad = gradus_gradients(g)[i];

    ck_assert_double_eq_tol(gradus_parameters(g)[i],
                            theta - lr * (grad + lambda * theta), 1e-6);
}

TEST(each_node_has_the_scales_of_its_group)
{
    gradus_optimiser *o = make(0);

    group(second, 0.25, 3);
    step(o);
    for (size_t i = 0; i < FIRST; i++)
        assert_sgd(i, 0.5, 0.25);
    for (size_t i = FIRST; i < P; i++)
        assert_sgd(i, 0.125, 0.75);
    gradus_optimiser_free(o);
}

TEST(a_group_may_change_between_steps)
{
    gradus_optimiser *o = gradus_sgd(
        g, &(gradus_sgd_options){ .learning_rate = 0.5, .weight_decay = 1 });

    group(first, 4, 0);
    group(first, 1, 1); /* replaces the one above */
    step(o);
    assert_sgd(0, 0.5, 1);
    memcpy(before, gradus_parameters(g), sizeof before);
    group(first, 2, 0.5);
    step(o);
    assert_sgd(0, 1, 0.5);
    assert_sgd(FIRST, 0.5, 1);
    gradus_optimiser_free(o);
}

/* Without a gradient, AdamW only decays by lr lambda, both of them scaled. */
TEST(decoupled_decay_is_scaled_too)
{
    gradus_optimiser *o = make(2);

    memset(gradus_gradients(g), 0, P * sizeof(gradus_real));
    group(second, 0.5, 2);
    group(first, 0.5, 0);
    step(o);
    for (size_t i = 0; i < FIRST; i++)
        assert_sgd(i, 0.25, 0);
    for (size_t i = FIRST; i < P; i++)
        assert_sgd(i, 0.25, 0.5);
    gradus_optimiser_free(o);
}

LOOP_TEST(a_frozen_node_stays_where_it_is, KINDS)
{
    gradus_optimiser *o = make(_i);
    gradus_real frozen[FIRST], *theta = gradus_parameters(g);

    step(o);
    memcpy(frozen, theta, sizeof frozen);
    group(first, 0, 1);
    for (int t = 0; t < 3; t++) {
        memcpy(before, theta, sizeof before);
        step(o);
        ck_assert_mem_eq(theta, frozen, sizeof frozen);
        for (size_t i = FIRST; i < P; i++)
            ck_assert_double_ne(theta[i], before[i]);
    }
    gradus_optimiser_free(o);
}

TEST(momentum_rests_while_a_node_is_frozen)
{
    gradus_optimiser *o = make(0);
    gradus_real *theta = gradus_parameters(g), *grad = gradus_gradients(g);

    memset(theta, 0, sizeof before);
    grad[0] = 1;
    step(o); /* v = 1 */
    group(first, 0, 1);
    grad[0] = 100;
    step(o);
    group(first, 1, 0);
    grad[0] = 2;
    step(o); /* v = 0.5 + 2 */
    ck_assert_double_eq(theta[0], -0.5 * 1 - 0.5 * 2.5);
    gradus_optimiser_free(o);
}

/* Takes two steps of a new optimiser from the parameters `before`.  Copies the
 * parameters to theta [P]. */
static void two_steps(int kind, double decay_scale, int matrices_only,
                      gradus_real *theta)
{
    gradus_optimiser *o = make(kind);

    memcpy(gradus_parameters(g), before, sizeof before);
    group(first, 1, decay_scale);
    group(second, 1, decay_scale);
    ck_assert_int_eq(gradus_set_decay_matrices_only(o, matrices_only), 0);
    /* Adam's first step depends on the signs of the gradients alone, so that
     * the decay shows only in the second. */
    probe_fill(gradus_gradients(g), P, 2);
    step(o);
    probe_fill(gradus_gradients(g), P, 3);
    step(o);
    memcpy(theta, gradus_parameters(g), sizeof before);
    gradus_optimiser_free(o);
}

/* If only matrices decay, biases move as without decay, and weights as with
 * it. */
LOOP_TEST(biases_do_not_decay_if_only_matrices_do, KINDS)
{
    gradus_real with[P], without[P], matrices[P];

    two_steps(_i, 1, 0, with);
    two_steps(_i, 0, 0, without);
    two_steps(_i, 1, 1, matrices);
    for (size_t i = 0; i < P; i++) {
        int bias = (i >= W1 && i < FIRST) || i >= FIRST + W2;
        ck_assert_double_ne(with[i], without[i]);
        ck_assert_double_eq(matrices[i], bias ? without[i] : with[i]);
    }
}

TEST(bad_groups_are_refused)
{
    gradus_node *x = gradus_node_at(g, 0);

    ck_assert_int_ne(gradus_set_group(NULL, 1, 1), 0);
    assert_error("gradus_set_group: the node is NULL");
    ck_assert_int_ne(gradus_set_group(x, 1, 1), 0);
    assert_error("node 0, input: has no parameters to learn");
    ck_assert_int_ne(gradus_set_group(first, -1, 1), 0);
    assert_error("node 1, dense1: lr_scale is -1 and decay_scale 1; both must "
                 "be 0 to 1e30");
    ck_assert_int_ne(gradus_set_group(first, NAN, 1), 0);
    ck_assert_int_ne(gradus_set_group(first, INFINITY, 1), 0);
    ck_assert_int_ne(gradus_set_group(first, 1, -1), 0);
    ck_assert_int_ne(gradus_set_group(first, 1, NAN), 0);
    ck_assert_int_ne(gradus_set_group(first, 1, INFINITY), 0);
    ck_assert_int_ne(gradus_set_decay_matrices_only(NULL, 1), 0);
    assert_error("gradus_set_decay_matrices_only: the optimiser is NULL");
    gradus_optimiser *o = make(0);
    step(o); /* none of this has had an effect */
    assert_sgd(0, 0.5, 0.25);
    gradus_optimiser_free(o);
}
