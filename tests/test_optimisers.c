/* test_optimisers.c -- Adam, AdamW, RMSprop and Adagrad, compared with their
 * formulas written out in double; their defaults; and what they refuse. */
#include "probe.h"
#include "tests.h"

#include <math.h>

enum { IN = 4, OUT = 5, P = OUT * IN + OUT };

static gradus_graph *g;

static void begin(void)
{
    g = gradus_graph_new(3);
    gradus_dense(gradus_input(g, IN), OUT);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
}

static void end(void)
{
    gradus_graph_free(g);
}

EACH_TEST(.begin = begin, .end = end)

static void step(gradus_optimiser *o)
{
    ck_assert_msg(gradus_step(o) == 0, "%s", gradus_error());
}

/* ---- the formulas ---------------------------------------------------- */

/* One parameter, and what an optimiser remembers of it. */
typedef struct {
    double theta, first, second;
} number;

/* Each optimiser below comes in two versions: i = 0 has the default options,
 * and i = 1 has others. */
static gradus_optimiser *new_adam(int i)
{
    static const gradus_adam_options kind[] = {
        { .learning_rate = 0 },
        { .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3,
          .weight_decay = 0.1 },
    };
    return gradus_adam(g, &kind[i]);
}

static gradus_optimiser *new_adamw(int i)
{
    static const gradus_adam_options kind[] = {
        { .learning_rate = 0 },
        { .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3,
          .weight_decay = 0.1 },
    };
    return gradus_adamw(g, &kind[i]);
}

static const double BETA1[] = { 0.9, 0.8 }, BETA2[] = { 0.999, 0.95 };
static const double EPSILON[] = { 1e-8, 1e-3 };

/* The step that adam and adamw share; t counts the steps from 1. */
static void moments(number *x, int i, double lr, double grad, int t)
{
    x->first = BETA1[i] * x->first + (1 - BETA1[i]) * grad;          /* (O5) */
    x->second = BETA2[i] * x->second + (1 - BETA2[i]) * grad * grad; /* (O6) */
    double m = x->first / (1 - pow(BETA1[i], t));
    double v = x->second / (1 - pow(BETA2[i], t));
    x->theta = x->theta - lr * m / (sqrt(v) + EPSILON[i]);           /* (O7) */
}

static void adam(number *x, int i, double lr, double grad, int t)
{
    static const double lambda[] = { 0, 0.1 };

    moments(x, i, lr, grad + lambda[i] * x->theta, t);
}

static void adamw(number *x, int i, double lr, double grad, int t)
{
    static const double lambda[] = { 0.01, 0.1 };

    x->theta = x->theta - lr * lambda[i] * x->theta; /* (O8) */
    moments(x, i, lr, grad, t);
}

static const gradus_rmsprop_options RMSPROP[] = {
    { .alpha = 0.99, .epsilon = 1e-8 }, /* the defaults */
    { .alpha = 0.9, .epsilon = 1e-3, .momentum = 0.8, .weight_decay = 0.1 },
};

static gradus_optimiser *new_rmsprop(int i)
{
    return gradus_rmsprop(g, i ? &RMSPROP[i] : NULL);
}

static void rmsprop(number *x, int i, double lr, double grad, int t)
{
    const gradus_rmsprop_options *o = &RMSPROP[i];

    (void)t;
    grad = grad + o->weight_decay * x->theta;
    x->first = o->alpha * x->first + (1 - o->alpha) * grad * grad; /* (O9)  */
    double d = grad / (sqrt(x->first) + o->epsilon);               /* (O10) */
    x->second = o->momentum * x->second + d;                       /* (O11) */
    x->theta = x->theta - lr * x->second;
}

static const gradus_adagrad_options ADAGRAD[] = {
    { .epsilon = 1e-10 }, /* the defaults */
    { .lr_decay = 0.01, .epsilon = 1e-3, .weight_decay = 0.1 },
};

static gradus_optimiser *new_adagrad(int i)
{
    return gradus_adagrad(g, i ? &ADAGRAD[i] : NULL);
}

static void adagrad(number *x, int i, double lr, double grad, int t)
{
    const gradus_adagrad_options *o = &ADAGRAD[i];

    grad = grad + o->weight_decay * x->theta;
    x->first = x->first + grad * grad;                        /* (O12) */
    x->theta = x->theta - lr / (1 + (t - 1) * o->lr_decay) *
                              grad / (sqrt(x->first) +
                                      o->epsilon);            /* (O13) */
}

static const struct {
    gradus_optimiser *(*make)(int i);
    void (*step)(number *x, int i, double lr, double grad, int t);
    int i;
} rule[] = {
    { new_adam, adam, 0 },   { new_adam, adam, 1 },
    { new_adamw, adamw, 0 }, { new_adamw, adamw, 1 },
    { new_rmsprop, rmsprop, 0 }, { new_rmsprop, rmsprop, 1 },
    { new_adagrad, adagrad, 0 }, { new_adagrad, adagrad, 1 },
};

enum { RULES = sizeof rule / sizeof *rule };

/* Sets the gradients of a bowl, with noise.  Its lowest point is at another
 * place for each parameter.  One parameter has a gradient of 0. */
static void set_gradients(int t)
{
    gradus_real *grad = gradus_gradients(g);

    probe_fill(grad, P, (uint64_t)t);
    for (int i = 0; i < P; i++)
        grad[i] += gradus_parameters(g)[i] - (gradus_real)0.1 * (gradus_real)i;
    grad[7] = 0;
}

LOOP_TEST(a_thousand_steps_of_each_optimiser_follow_its_formula, RULES)
{
    number x[P] = { 0 };
    double off = 0, length = 0;
    gradus_optimiser *o = rule[_i].make(rule[_i].i);

    ck_assert_msg(o != NULL, "%s", gradus_error());
    for (int i = 0; i < P; i++)
        x[i].theta = gradus_parameters(g)[i];
    for (int t = 1; t <= 1000; t++) {
        double lr = t % 3 ? 0.01 : 0.02;
        ck_assert_int_eq(gradus_set_learning_rate(o, lr), 0);
        set_gradients(t);
        for (int i = 0; i < P; i++)
            rule[_i].step(&x[i], rule[_i].i, lr, gradus_gradients(g)[i], t);
        step(o);
    }
    for (int i = 0; i < P; i++) {
        off += pow(gradus_parameters(g)[i] - x[i].theta, 2);
        length += pow(x[i].theta, 2);
    }
    ck_assert_double_gt(length, 1);
    ck_assert_double_le(sqrt(off / length), 5 * rounding());
    gradus_optimiser_free(o);
}

/* Asserts that o has the learning rate lr, and that its first step leads from
 * 1 to theta with a gradient of 4.  Frees o. */
static void assert_first(gradus_optimiser *o, double lr, double theta)
{
    ck_assert_msg(o != NULL, "%s", gradus_error());
    ck_assert_double_eq(gradus_learning_rate(o), lr);
    gradus_parameters(g)[P - 1] = 1;
    gradus_gradients(g)[P - 1] = 4;
    step(o);
    ck_assert_double_eq_tol(gradus_parameters(g)[P - 1], theta, 2e-7);
    gradus_optimiser_free(o);
}

TEST(first_steps_of_each_optimiser_match_cases_worked_by_hand)
{
    gradus_adam_options adam1 = { .learning_rate = 0.25, .epsilon = 4 };
    gradus_adam_options adam2 = { .learning_rate = 0.25, .epsilon = 4,
                                  .weight_decay = 0.5 };
    gradus_rmsprop_options rms = { .alpha = 0.75, .epsilon = 6,
                                   .learning_rate = 0.25 };
    gradus_adagrad_options ada = { .epsilon = 4, .learning_rate = 0.25,
                                   .weight_decay = 2 };

    assert_first(gradus_adam(g, NULL), 0.001, 0.999);
    assert_first(gradus_adam(g, &adam1), 0.25, 1 - 0.25 * 4 / 8);
    assert_first(gradus_adam(g, &adam2), 0.25, 1 - 0.25 * 4.5 / 8.5);
    assert_first(gradus_adamw(g, NULL), 0.001, 0.99899);
    assert_first(gradus_adamw(g, &adam2), 0.25, 0.875 - 0.25 * 4 / 8);
    assert_first(gradus_rmsprop(g, NULL), 0.01, 0.9);
    assert_first(gradus_rmsprop(g, &rms), 0.25, 1 - 0.25 * 4 / 8);
    assert_first(gradus_adagrad(g, NULL), 0.01, 0.99);
    assert_first(gradus_adagrad(g, &ada), 0.25, 1 - 0.25 * 6 / 10);
}

/* The second optimiser starts at t = 1, however many steps the graph has
 * taken. */
TEST(each_optimiser_counts_its_own_steps)
{
    gradus_optimiser *first = gradus_adam(g, NULL);

    for (int t = 0; t < 5; t++)
        step(first);
    gradus_optimiser_free(first);
    assert_first(gradus_adam(g, NULL), 0.001, 0.999);
}

/* Without a gradient, what an optimiser remembers of a weight becomes 0 in the
 * end.  It does not stay at the smallest numbers there are, with which
 * processors compute slowly. */
TEST(momentum_without_a_gradient_fades_to_zero)
{
    gradus_optimiser *fading[] = {
        gradus_sgd(g, &(gradus_sgd_options){ .momentum = 0.9 }),
        gradus_sgd(g, &(gradus_sgd_options){ .momentum = 0.9,
                                             .nesterov = 1 }),
        gradus_adam(g, NULL),
        gradus_adamw(g, NULL),
        gradus_rmsprop(g, &(gradus_rmsprop_options){ .momentum = 0.9 }),
    };

    for (size_t i = 0; i < sizeof fading / sizeof *fading; i++) {
        probe_fill(gradus_gradients(g), P, i + 1);
        step(fading[i]);
        memset(gradus_gradients(g), 0, P * sizeof(gradus_real));
        for (int t = 0; t < 8000; t++) /* 0.9^8000 is below any double */
            step(fading[i]);
        memset(gradus_parameters(g), 0, P * sizeof(gradus_real));
        gradus_set_learning_rate(fading[i], 1);
        step(fading[i]);
        for (int k = 0; k < P; k++)
            ck_assert_msg(gradus_parameters(g)[k] == 0,
                          "optimiser %zu moves parameter %d to %g; must be 0",
                          i, k, (double)gradus_parameters(g)[k]);
        gradus_optimiser_free(fading[i]);
    }
}

/* ---- refused --------------------------------------------------------- */

static void refused(gradus_optimiser *o, const char *why)
{
    ck_assert_msg(o == NULL, "the optimiser is made; must be refused with "
                  "\"%s\"", why);
    assert_error(why);
}

TEST(bad_options_of_adam_are_refused)
{
    static const struct {
        gradus_adam_options o;
        const char *why;
    } bad[] = {
        { { .learning_rate = -1 }, "learning rate is -1; must be from 0 to" },
        { { .beta1 = 1 }, "beta1 is 1; must be at least 0 and below 1" },
        { { .beta1 = -0.5 }, "beta1 is -0.5" },
        { { .beta2 = 1.5 }, "beta2 is 1.5; must be at least 0 and below" },
        { { .beta2 = NAN }, "beta2 is " },
        { { .epsilon = -1 }, "epsilon is -1; must be above 0, also when" },
        { { .epsilon = NAN }, "epsilon is " },
        { { .epsilon = INFINITY }, "epsilon is inf" },
        { { .weight_decay = -1 }, "weight decay is -1; must be from 0 to" },
        { { .weight_decay = NAN }, "weight decay is " },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        refused(gradus_adam(g, &bad[i].o), bad[i].why);
        assert_error("adam: ");
        refused(gradus_adamw(g, &bad[i].o), bad[i].why);
        assert_error("adamw: ");
    }
}

TEST(bad_options_of_rmsprop_and_adagrad_are_refused)
{
    static const struct {
        gradus_rmsprop_options o;
        const char *why;
    } rms[] = {
        { { .learning_rate = NAN }, "rmsprop: learning rate is " },
        { { .alpha = 1 }, "rmsprop: alpha is 1; must be at least 0" },
        { { .epsilon = -1 }, "rmsprop: epsilon is -1; must be above" },
        { { .momentum = 1 }, "rmsprop: momentum is 1; must be at" },
        { { .weight_decay = -1 }, "rmsprop: weight decay is -1; must be" },
    };
    static const struct {
        gradus_adagrad_options o;
        const char *why;
    } ada[] = {
        { { .learning_rate = -1 }, "adagrad: learning rate is -1" },
        { { .lr_decay = -1 }, "adagrad: lr_decay is -1; must be from 0" },
        { { .epsilon = -1e-320 }, "adagrad: epsilon is -9.99989e-321" },
        { { .weight_decay = NAN }, "adagrad: weight decay is " },
    };

    for (size_t i = 0; i < sizeof rms / sizeof *rms; i++)
        refused(gradus_rmsprop(g, &rms[i].o), rms[i].why);
    for (size_t i = 0; i < sizeof ada / sizeof *ada; i++)
        refused(gradus_adagrad(g, &ada[i].o), ada[i].why);
}

TEST(optimisers_need_a_graph)
{
    refused(gradus_adam(NULL, NULL), "adam: the graph is NULL");
    refused(gradus_adamw(NULL, NULL), "adamw: the graph is NULL");
    refused(gradus_rmsprop(NULL, NULL), "rmsprop: the graph is NULL");
    refused(gradus_adagrad(NULL, NULL), "adagrad: the graph is NULL");
}
