/* test_sgd.c -- stochastic gradient descent: compared with its formula written
 * out in double; what it refuses; and that a bad gradient changes nothing. */
#include "probe.h"
#include "tests.h"

#include <math.h>

enum { IN = 4, OUT = 5, P = OUT * IN + OUT };

static gradus_graph *g;

static gradus_graph *new_graph(int in, int out, int threads)
{
    gradus_graph *new = gradus_graph_new(3);

    gradus_dense(gradus_input(new, in), out);
    ck_assert_int_eq(gradus_compile(new, 1, threads), 0);
    return new;
}

static void begin(void)
{
    g = new_graph(IN, OUT, 1);
}

static void end(void)
{
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

static gradus_optimiser *sgd(gradus_graph *of, gradus_sgd_options options)
{
    gradus_optimiser *o = gradus_sgd(of, &options);

    ck_assert_msg(o != NULL, "%s", gradus_error());
    return o;
}

static void step(gradus_optimiser *o)
{
    ck_assert_msg(gradus_step(o) == 0, "%s", gradus_error());
}

/* ---- the formula ----------------------------------------------------- */

static const gradus_sgd_options kind[] = {
    { .learning_rate = 0 },
    { .weight_decay = 0.01 },
    { .momentum = 0.9 },
    { .momentum = 0.9, .weight_decay = 0.01 },
    { .momentum = 0.9, .nesterov = 1 },
    { .momentum = 0.9, .nesterov = 1, .weight_decay = 0.01 },
};

enum { KINDS = sizeof kind / sizeof *kind };

/* The formula: one step of one parameter theta, whose velocity is v. */
static void reference_step(const gradus_sgd_options *o, double lr, double grad,
                           double *theta, double *v)
{
    double with_decay = grad + o->weight_decay * *theta;        /* (O2) */

    *v = o->momentum * *v + with_decay;                         /* (O3) */
    if (o->nesterov)
        *theta = *theta - lr * (with_decay + o->momentum * *v); /* (O4) */
    else
        *theta = *theta - lr * *v;                              /* (O1) */
}

LOOP_TEST(a_thousand_steps_of_sgd_follow_its_formula, KINDS)
{
    double theta[P], v[P] = { 0 }, off = 0, length = 0;
    gradus_optimiser *o = sgd(g, kind[_i]);

    for (int i = 0; i < P; i++)
        theta[i] = gradus_parameters(g)[i];
    for (int t = 0; t < 1000; t++) {
        double lr = t % 3 ? 0.1 / (1 + 0.01 * t) : 0.02;
        ck_assert_int_eq(gradus_set_learning_rate(o, lr), 0);
        probe_fill(gradus_gradients(g), P, (uint64_t)t + 1);
        for (int i = 0; i < P; i++)
            reference_step(&kind[_i], lr, gradus_gradients(g)[i], &theta[i],
                           &v[i]);
        step(o);
    }
    for (int i = 0; i < P; i++) {
        off += pow(gradus_parameters(g)[i] - theta[i], 2);
        length += pow(theta[i], 2);
    }
    ck_assert_double_le(sqrt(off / length), 5 * rounding());
    gradus_optimiser_free(o);
}

TEST(two_steps_of_sgd_match_cases_worked_by_hand)
{
    /* theta after each step.  It starts at 1; the gradients are 0.5 and 2, and
     * the learning rates 0.5 and 0.25. */
    static const struct {
        gradus_sgd_options o;
        double theta[2];
    } by_hand[] = {
        { { .learning_rate = 0.5 }, { 0.75, 0.25 } },
        { { .learning_rate = 0.5, .weight_decay = 0.5 }, { 0.5, -0.0625 } },
        { { .learning_rate = 0.5, .momentum = 0.5 }, { 0.75, 0.1875 } },
        { { .learning_rate = 0.5, .momentum = 0.5, .nesterov = 1 },
          { 0.625, -0.15625 } },
    };

    for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++) {
        gradus_optimiser *o = sgd(g, by_hand[i].o);
        gradus_parameters(g)[P - 1] = 1;
        gradus_gradients(g)[P - 1] = 0.5;
        step(o);
        double first = gradus_parameters(g)[P - 1];
        gradus_gradients(g)[P - 1] = 2;
        gradus_set_learning_rate(o, 0.25);
        step(o);
        ck_assert_msg(first == by_hand[i].theta[0] &&
                          gradus_parameters(g)[P - 1] == by_hand[i].theta[1],
                      "case %zu: theta is %g and %g; must be %g and %g", i,
                      first, (double)gradus_parameters(g)[P - 1],
                      by_hand[i].theta[0], by_hand[i].theta[1]);
        gradus_optimiser_free(o);
    }
}

TEST(without_options_the_learning_rate_of_sgd_is_a_hundredth)
{
    gradus_optimiser *o = gradus_sgd(g, NULL);

    ck_assert_double_eq(gradus_learning_rate(o), 0.01);
    gradus_parameters(g)[0] = 0;
    gradus_gradients(g)[0] = 1;
    step(o);
    ck_assert_double_eq_tol(gradus_parameters(g)[0], -0.01, 1e-9);
    gradus_optimiser_free(o);
}

TEST(a_learning_rate_of_zero_moves_nothing)
{
    gradus_optimiser *o = sgd(g, (gradus_sgd_options){ .weight_decay = 1 });
    uint64_t before = gradus_parameters_hash(g);

    ck_assert_int_eq(gradus_set_learning_rate(o, 0), 0);
    probe_fill(gradus_gradients(g), P, 1);
    step(o);
    ck_assert_uint_eq(gradus_parameters_hash(g), before);
    gradus_optimiser_free(o);
}

/* 1,000 units of 41 parameters each are two tiles, and enough work to wake a
 * second thread. */
TEST(a_step_of_sgd_moves_every_parameter_once)
{
    enum { N = 1000 * 40 + 1000 };
    static gradus_real before[N];
    gradus_graph *big = new_graph(40, 1000, 2);
    gradus_optimiser *o = sgd(big, (gradus_sgd_options){ .learning_rate = 1 });

    ck_assert_uint_eq(gradus_parameter_count(big), N);
    memcpy(before, gradus_parameters(big), sizeof before);
    for (int i = 0; i < N; i++)
        gradus_gradients(big)[i] = (gradus_real)i;
    step(o);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq(gradus_parameters(big)[i],
                            (gradus_real)(before[i] - (gradus_real)i));
    gradus_optimiser_free(o);
    gradus_graph_free(big);
}

/* ---- refused --------------------------------------------------------- */

static void assert_refused(gradus_sgd_options options, const char *why)
{
    ck_assert_msg(!gradus_sgd(g, &options),
                  "the optimiser is made; must be refused with \"%s\"", why);
    assert_error(why);
}

TEST(bad_options_of_sgd_are_refused)
{
    assert_refused((gradus_sgd_options){ .learning_rate = -1 },
                   "sgd: learning rate is -1; must be from 0 to 1e30");
    assert_refused((gradus_sgd_options){ .learning_rate = NAN },
                   "sgd: learning rate");
    assert_refused((gradus_sgd_options){ .learning_rate = INFINITY },
                   "sgd: learning rate is inf; must be from 0 to 1e30");
    assert_refused((gradus_sgd_options){ .momentum = 1 },
                   "sgd: momentum is 1; must be at least 0 and below 1");
    assert_refused((gradus_sgd_options){ .momentum = -0.1 },
                   "sgd: momentum is -0.1");
    assert_refused((gradus_sgd_options){ .momentum = NAN }, "sgd: momentum");
    assert_refused((gradus_sgd_options){ .nesterov = 1 },
                   "sgd: nesterov needs a momentum above 0");
    assert_refused((gradus_sgd_options){ .weight_decay = -1 },
                   "sgd: weight decay is -1; must be from 0 to 1e30");
    assert_refused((gradus_sgd_options){ .weight_decay = NAN },
                   "sgd: weight decay");
    assert_refused((gradus_sgd_options){ .weight_decay = INFINITY },
                   "sgd: weight decay is inf");
}

TEST(sgd_needs_a_compiled_graph_with_parameters)
{
    gradus_graph *other = gradus_graph_new(1);

    ck_assert_ptr_null(gradus_sgd(NULL, NULL));
    assert_error("sgd: the graph is NULL");
    gradus_input(other, 1);
    ck_assert_ptr_null(gradus_sgd(other, NULL));
    assert_error("sgd: the graph is not compiled; call gradus_compile first");
    ck_assert_int_eq(gradus_compile(other, 1, 1), 0);
    ck_assert_ptr_null(gradus_sgd(other, NULL));
    assert_error("sgd: the graph has no parameters");
    gradus_graph_free(other);
}

TEST(a_bad_learning_rate_leaves_the_old_one)
{
    gradus_optimiser *o = sgd(g, (gradus_sgd_options){ .learning_rate = 0.5 });

    ck_assert_int_ne(gradus_set_learning_rate(o, -1), 0);
    assert_error("sgd: learning rate is -1");
    ck_assert_int_ne(gradus_set_learning_rate(o, NAN), 0);
    ck_assert_int_ne(gradus_set_learning_rate(o, INFINITY), 0);
    ck_assert_double_eq(gradus_learning_rate(o), 0.5);
    gradus_optimiser_free(o);
}

TEST(a_null_optimiser_is_an_error)
{
    ck_assert_int_ne(gradus_step(NULL), 0);
    assert_error("gradus_step: the optimiser is NULL");
    ck_assert_int_ne(gradus_set_learning_rate(NULL, 1), 0);
    assert_error("gradus_set_learning_rate: the optimiser is NULL");
    ck_assert(isnan(gradus_learning_rate(NULL)));
    gradus_optimiser_free(NULL);
}

/* ---- a bad gradient -------------------------------------------------- */

/* Takes a good step, then one that is refused, as the gradient is bad at
 * `place` (-1: no such step), and another good one.  Returns the hash of the
 * parameters. */
static uint64_t hash_after(const gradus_sgd_options *options, int place,
                           double bad)
{
    gradus_graph *own = new_graph(IN, OUT, 1);
    gradus_optimiser *o = sgd(own, *options);

    probe_fill(gradus_gradients(own), P, 1);
    step(o);
    if (place >= 0) {
        probe_fill(gradus_gradients(own), P, 2);
        gradus_gradients(own)[place] = (gradus_real)bad;
        ck_assert_int_ne(gradus_step(o), 0);
        assert_error(place < IN * OUT ? "dense1: the gradient of weight["
                                      : "dense1: the gradient of bias[");
    }
    probe_fill(gradus_gradients(own), P, 3);
    step(o);
    uint64_t hash = gradus_parameters_hash(own);
    gradus_optimiser_free(o);
    gradus_graph_free(own);
    return hash;
}

LOOP_TEST(a_gradient_that_is_not_finite_changes_nothing, KINDS)
{
    uint64_t good = hash_after(&kind[_i], -1, 0);

    for (int place = 0; place < P; place++) {
        const double bad[] = { NAN, INFINITY, -INFINITY };
        for (int i = 0; i < 3; i++)
            ck_assert_msg(hash_after(&kind[_i], place, bad[i]) == good,
                          "a gradient of %g at %d changes what comes after",
                          bad[i], place);
    }
}

TEST(a_bad_gradient_in_the_last_tile_leaves_the_first_unchanged)
{
    gradus_graph *big = new_graph(40, 1000, 2);
    gradus_optimiser *o = sgd(big, (gradus_sgd_options){ .momentum = 0.5 });
    uint64_t before = gradus_parameters_hash(big);
    size_t n = gradus_parameter_count(big);

    probe_fill(gradus_gradients(big), n, 1);
    gradus_gradients(big)[n - 1] = NAN;
    ck_assert_int_ne(gradus_step(o), 0);
    assert_error("node 1, dense1: the gradient of bias[999] is");
    ck_assert_uint_eq(gradus_parameters_hash(big), before);
    gradus_optimiser_free(o);
    gradus_graph_free(big);
}
