/* test_check.c -- tests of gradus_check_gradients itself: what it compares,
 * what it tells, and that a corner of the loss is not taken for an error.  The
 * test of each layer plants errors that it must catch. */
#include "one_graph.h"
#include "probe.h"
#include "tests.h"

#include <math.h>

EACH_TEST(.begin = one_graph_begin, .end = one_graph_end)

static gradus_node *x, *t, *h;

/* The net and the rows of README.md's XOR. */
static void make_xor(void)
{
    static const gradus_real X[] = { 0, 0,  0, 1,  1, 0,  1, 1 };
    static const int32_t labels[] = { 0, 1, 1, 0 };

    x = gradus_input(g, 2);
    t = gradus_labels(g, 1);
    h = gradus_relu(gradus_dense(x, 8));
    gradus_softmax_ce(gradus_dense(h, 2), t, NULL);
    one_graph_compile(4);
    gradus_feed(x, X, 4);
    gradus_feed_labels(t, labels, 4);
}

/* What `each` was called with. */
static gradus_check_entry seen[64];
static size_t calls;

static void see(const gradus_check_entry *e, void *user)
{
    ck_assert_ptr_eq(user, g);
    ck_assert_uint_lt(calls, COUNT(seen));
    seen[calls++] = *e;
}

/* Checks the graph's first 4 rows, and sees what is compared. */
static double check_and_see(gradus_check *check)
{
    check->each = see;
    check->user = g;
    calls = 0;
    double worst = gradus_check_gradients(g, 4, 1e-6, check);
    ck_assert_msg(worst >= 0, "%s", gradus_error());
    ck_assert_uint_eq(check->compared, calls);
    ck_assert_double_eq(check->worst.error, worst);
    return worst;
}

/* ---- what is compared --------------------------------------------------- */

TEST(every_entry_is_compared_in_the_order_of_the_parameters)
{
    gradus_check check = { 0 };
    size_t at = 0;

    make_xor();
    check_and_see(&check);
    for (int i = 0; i < gradus_node_count(g); i++) {
        const gradus_node *n = gradus_node_at(g, i);
        for (int j = 0; j < n->n_params; j++)
            for (size_t k = 0; k < n->param[j].size; k++, at++) {
                ck_assert_ptr_eq(seen[at].node, n);
                ck_assert_ptr_eq(seen[at].param, &n->param[j]);
                ck_assert_uint_eq(seen[at].entry, k);
            }
    }
    ck_assert_uint_eq(at, calls);
    ck_assert_uint_eq(at, 16 + 8 + 16 + 2);
}

TEST(of_large_arrays_some_entries_are_drawn_by_the_seed)
{
    gradus_check check = { .most = 5, .seed = 1 };
    size_t first[5], same = 0;

    make_xor();
    check_and_see(&check);
    ck_assert_uint_eq(calls, 5 + 5 + 5 + 2);
    for (int k = 0; k < 5; k++) {
        first[k] = seen[k].entry; /* of 16: one from each fifth */
        ck_assert_uint_ge(first[k], (size_t)(k * 16 / 5));
        ck_assert_uint_lt(first[k], (size_t)((k + 1) * 16 / 5));
    }
    check_and_see(&check);
    for (int k = 0; k < 5; k++)
        ck_assert_uint_eq(seen[k].entry, first[k]);
    check.seed = 2;
    check_and_see(&check);
    for (int k = 0; k < 5; k++)
        same += seen[k].entry == first[k];
    ck_assert_uint_lt(same, 5);
}

TEST(an_input_that_wants_a_gradient_is_compared_too)
{
    const gradus_real X[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    gradus_check check = { 0 };

    x = gradus_input(g, 2);
    t = gradus_input(g, 2);
    gradus_want_gradient(x);
    gradus_mse(x, t, NULL);
    one_graph_compile(4);
    gradus_feed(x, X, 4);
    gradus_feed(t, X, 4);
    check_and_see(&check);
    ck_assert_uint_eq(calls, 8);
    ck_assert_ptr_eq(seen[7].node, x);
    ck_assert_ptr_null(seen[7].param);
    ck_assert_uint_eq(seen[7].entry, 7);
}

TEST(a_check_leaves_the_parameters_and_its_own_settings_as_they_were)
{
    gradus_check check = { .most = 3, .seed = 9 };

    make_xor();
    uint64_t hash = gradus_parameters_hash(g);
    check_and_see(&check);
    ck_assert_uint_eq(gradus_parameters_hash(g), hash);
    ck_assert_uint_eq(check.most, 3);
    ck_assert_uint_eq(check.seed, 9);
    ck_assert_ptr_eq(check.user, g);
}

TEST(a_check_that_fails_has_compared_nothing)
{
    gradus_check check = { .compared = 7, .where = "somewhere" };

    make_xor();
    ck_assert_double_lt(gradus_check_gradients(g, 4, 0, &check), 0);
    assert_error("h is 0; must be above 0 and below 1");
    ck_assert_uint_eq(check.compared, 0);
    ck_assert_str_eq(check.where, "");
    check = (gradus_check){ .compared = 7, .where = "somewhere" };
    gradus_feed_labels(t, (int32_t[]){ 0, 1, 2, 0 }, 4);
    ck_assert_double_lt(gradus_check_gradients(g, 4, 1e-6, &check), 0);
    assert_error("the label is 2; must be 0 to 1");
    ck_assert_uint_eq(check.compared, 0);
    ck_assert_str_eq(check.where, "");
}

/* ---- corners ------------------------------------------------------------ */

#ifdef GRADUS_DOUBLE

static void assert_right(const gradus_check *check, double worst)
{
    ck_assert_msg(worst <= 1, "the gradient of %s is off by %g times what is "
                  "allowed", check->where, worst);
}

/* The gradients after a corner are those of the whole batch, too. */
TEST(what_is_told_of_an_entry_agrees)
{
    gradus_check check = { 0 };

    make_xor();
    assert_right(&check, check_and_see(&check));
    one_graph_forward(NULL, 4);
    ck_assert_int_eq(gradus_backward(g), 0);
    for (size_t i = 0; i < calls; i++) {
        ck_assert_double_eq_tol(seen[i].gradient,
                                seen[i].param->dw[seen[i].entry], 1e-14);
        const gradus_check_entry *e = &seen[i];
        const double larger = fmax(fabs(e->gradient), fabs(e->difference));
        ck_assert_double_eq_tol(e->error, fabs(e->gradient - e->difference) /
                                              (1e-6 + 1e-4 * larger), 1e-9);
        ck_assert(e->corner || e->error <= 1);
    }
    ck_assert_double_gt(fabs(check.worst.gradient), 0);
}

/* With biases of 0, the row (0,0) gives each of the 8 ReLUs a 0. */
TEST(the_corners_of_xor_are_counted_and_are_no_errors)
{
    gradus_check check = { 0 };

    make_xor();
    assert_right(&check, check_and_see(&check));
    ck_assert_uint_eq(check.corners, 8);
    for (size_t i = 0; i < calls; i++)
        if (seen[i].corner) {
            ck_assert_str_eq(seen[i].node->name, "dense1");
            ck_assert_str_eq(seen[i].param->name, "bias");
            ck_assert_double_gt(seen[i].error, 1);
        }
}

/* With equal weights, two or three values of each window are the largest, and
 * a change of one weight moves them by different amounts. */
TEST(equal_maxima_are_a_corner)
{
    const gradus_real X[] = { 1, 0, 0, 0,  0, 1, 0, 0,
                              3, 2, 2, 1,  0, 1, 1, 1 };
    const gradus_real T[] = { 5, -5 };
    gradus_check check = { 0 };

    x = gradus_image(g, 2, 2, 2);
    t = gradus_input(g, 1);
    h = gradus_conv2d(x, 1, 1, NULL);
    gradus_mse(gradus_maxpool2d(h, 2, NULL), t, NULL);
    one_graph_compile(2);
    h->param[0].w[0] = h->param[0].w[1] = 0.5;
    gradus_feed(x, X, 2);
    gradus_feed(t, T, 2);
    double worst = gradus_check_gradients(g, 2, 1e-6, &check);
    assert_right(&check, worst);
    ck_assert_uint_eq(check.compared, 3);
    ck_assert_uint_eq(check.corners, 2); /* the bias moves all alike */
}

TEST(a_value_of_an_input_may_stand_on_a_corner)
{
    const gradus_real X[] = { 0, 1, -1, 2 };
    const gradus_real T[] = { 3, 3, 3, 3 };
    gradus_check check = { 0 };

    x = gradus_input(g, 1);
    t = gradus_input(g, 1);
    gradus_want_gradient(x);
    gradus_mse(gradus_relu(x), t, NULL);
    one_graph_compile(4);
    gradus_feed(x, X, 4);
    gradus_feed(t, T, 4);
    assert_right(&check, check_and_see(&check));
    ck_assert_uint_eq(check.corners, 1);
    ck_assert(seen[0].corner);
}

/* A corner must not hide an error: here every gradient through the ReLU is
 * twice the right one, at the corners too. */
static void twice(gradus_node *n, gradus_part p)
{
    for (int i = p.row * n->size; i < (p.row + p.rows) * n->size; i++)
        n->in[0]->dy[i] = n->y[i] > 0 ? 2 * n->dy[i] : 0;
}

TEST(an_error_at_a_corner_is_an_error)
{
    gradus_check check = { 0 };
    gradus_op wrong;

    make_xor();
    const gradus_op *right = probe_plant(h, &wrong);
    wrong.backward = twice;
    ck_assert_double_gt(check_and_see(&check), 1);
    ck_assert_uint_eq(check.corners, 0);
    ck_assert_str_eq(check.worst.node->name, "dense1");
    h->op = right;
    assert_right(&check, check_and_see(&check));
    ck_assert_uint_eq(check.corners, 8);
}

/* Where the loss is smooth there is no corner, whatever backward does there:
 * this one leaves out the values that are exactly 0. */
static void without_zeros(gradus_node *n, gradus_part p)
{
    for (int i = p.row * n->size; i < (p.row + p.rows) * n->size; i++)
        n->in[0]->dy[i] =
            n->y[i] != 0 ? n->dy[i] * (1 - n->y[i] * n->y[i]) : 0;
}

TEST(an_error_at_one_point_alone_is_no_corner)
{
    const gradus_real X[] = { 0, 1, -1, 2 };
    gradus_check check = { 0 };
    gradus_op wrong;

    x = gradus_input(g, 1);
    t = gradus_input(g, 1);
    gradus_want_gradient(x);
    h = gradus_tanh(x);
    gradus_mse(h, t, NULL);
    one_graph_compile(4);
    gradus_feed(x, X, 4);
    gradus_feed(t, (gradus_real[]){ 3, 3, 3, 3 }, 4);
    probe_plant(h, &wrong);
    wrong.backward = without_zeros;
    ck_assert_double_gt(check_and_see(&check), 1);
    ck_assert_uint_eq(check.corners, 0);
    ck_assert_str_eq(check.where, "input.y[0]");
}

#endif
