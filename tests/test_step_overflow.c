/* test_step_overflow.c -- a step that would make a number infinite is refused,
 * and leaves parameters and optimiser as they were. */
#include "tests.h"

#include "graph/graph.h"
#include "optim/optimiser.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#ifdef GRADUS_DOUBLE
static const double most = DBL_MAX;
#else
static const double most = FLT_MAX;
#endif

/* y = w x + b on two samples whose targets are 3 and 5. */
typedef struct {
    gradus_graph *g;
    gradus_node *y;
} line;

static const gradus_real X[] = { 1, 2 }, T[] = { 3, 5 };

static line line_new(void)
{
    line l = { .g = gradus_graph_new(1) };
    gradus_node *x = gradus_input(l.g, 1), *t = gradus_input(l.g, 1);

    l.y = gradus_dense(x, 1);
    gradus_mse(l.y, t, NULL);
    ck_assert_int_eq(gradus_compile(l.g, 2, 1), 0);
    ck_assert_int_eq(gradus_feed(x, X, 2), 0);
    ck_assert_int_eq(gradus_feed(t, T, 2), 0);
    return l;
}

/* Asserts that all that a step may change is finite. */
static void assert_finite(const line *l, const gradus_optimiser *o)
{
    size_t n = gradus_parameter_count(l->g);

    for (size_t i = 0; i < n; i++)
        ck_assert(isfinite(l->g->theta[i]));
    for (size_t i = 0; i < n * (size_t)o->rule->states; i++)
        ck_assert(isfinite(o->state[i]));
}

static void assert_saved(const line *l)
{
    char path[64];

    snprintf(path, sizeof path, "/tmp/gradus-overflow-%d", (int)getpid());
    ck_assert_msg(gradus_save(l->g, path) == 0, "%s", gradus_error());
    unlink(path);
}

static gradus_optimiser *make(int kind, gradus_graph *g, double lr,
                              double decay)
{
    switch (kind) {
    case 0:
        return gradus_sgd(g, &(gradus_sgd_options){
            .learning_rate = lr, .weight_decay = decay });
    case 1:
        return gradus_sgd(g, &(gradus_sgd_options){
            .learning_rate = lr, .weight_decay = decay, .momentum = 0.9,
            .nesterov = true });
    case 2:
        return gradus_adam(g, &(gradus_adam_options){
            .learning_rate = lr, .weight_decay = decay, .epsilon = 1e-30 });
    case 3:
        return gradus_adamw(g, &(gradus_adam_options){
            .learning_rate = lr, .weight_decay = decay });
    case 4:
        return gradus_rmsprop(g, &(gradus_rmsprop_options){
            .learning_rate = lr, .weight_decay = decay, .momentum = 0.9 });
    default:
        return gradus_adagrad(g, &(gradus_adagrad_options){
            .learning_rate = lr, .weight_decay = decay });
    }
}

enum { KINDS = 6 };

/* The rates of a training that diverges, slowly or at once. */
static const struct {
    double lr, decay;
} RATES[] = {
    { 0.5, 0 }, { 10, 0 }, { 1e6, 0 }, { 1e7, 0 }, { 1e30, 0 },
    { 0.5, 1 }, { 3, 1e3 }, { 1e-3, 1e30 }, { 1e30, 1e30 },
};

/* However long it goes on and wherever it ends, what is left can be saved,
 * and a step that is refused has changed nothing. */
LOOP_TEST(training_that_diverges_ends_with_finite_numbers, KINDS * COUNT(RATES))
{
    line l = line_new();
    gradus_optimiser *o = make(_i % KINDS, l.g, RATES[_i / KINDS].lr,
                               RATES[_i / KINDS].decay);
    uint64_t hash = 0, steps = 0;
    int status = 0;

    ck_assert_ptr_nonnull(o);
    for (int i = 0; i < 2000 && !status; i++) {
        hash = gradus_parameters_hash(l.g);
        steps = o->steps;
        status = gradus_train_step(o, NULL, 2);
        assert_finite(&l, o);
    }
    assert_saved(&l);
    if (status) {
        ck_assert_uint_eq(gradus_parameters_hash(l.g), hash);
        ck_assert_uint_eq(o->steps, steps);
    }
    gradus_optimiser_free(o);
    gradus_graph_free(l.g);
}

/* Plain gradient descent at a rate of 1e30 is refused in its first steps, with
 * a message that says what to do. */
TEST(the_message_names_the_parameter)
{
    line l = line_new();
    gradus_optimiser *o = make(0, l.g, 1e30, 0);
    gradus_real *dw = gradus_gradients(l.g);

    ck_assert_int_eq(gradus_forward(l.g, NULL, 2), 0);
    ck_assert_int_eq(gradus_backward(l.g), 0);
    dw[0] = (gradus_real)(most / 2);
    dw[1] = 0;
    ck_assert_int_eq(gradus_step(o), -1);
    assert_error("dense1: sgd: this step would make weight[0] infinite; "
                 "parameters are unchanged; lower the learning rate");
    gradus_optimiser_free(o);
    gradus_graph_free(l.g);
}

/* What an optimiser remembers may overflow, too: the square of 1e30 does as a
 * float, and the sum of two halves of the largest number in either. */
TEST(a_state_does_not_overflow)
{
    static const double gradients[] = { 0.75, 1e-8 };

    for (int kind = 1; kind < KINDS; kind++)
        for (int k = 0; k < COUNT(gradients); k++) {
            line l = line_new();
            gradus_optimiser *o = make(kind, l.g, 1e-30, 0);
            int status = 0;
            ck_assert_int_eq(gradus_forward(l.g, NULL, 2), 0);
            ck_assert_int_eq(gradus_backward(l.g), 0);
            for (int i = 0; i < 5 && !status; i++) {
                gradus_gradients(l.g)[0] = (gradus_real)(gradients[k] * most);
                status = gradus_step(o);
                assert_finite(&l, o);
            }
            ck_assert(status || (kind == 1 && k == 1));
            if (status)
                assert_error(kind == 1 ? "make weight[0] infinite"
                                       : "make the state of weight[0]");
            gradus_optimiser_free(o);
            gradus_graph_free(l.g);
        }
}

/* Large gradients that a step can use are used: this takes the careful way,
 * and must give what plain arithmetic gives. */
TEST(a_large_gradient_that_does_not_overflow_is_used)
{
    line l = line_new();
    gradus_optimiser *o = make(0, l.g, 1e-20, 0);
    gradus_real *theta = gradus_parameters(l.g), before = theta[0];

    ck_assert_int_eq(gradus_forward(l.g, NULL, 2), 0);
    ck_assert_int_eq(gradus_backward(l.g), 0);
    gradus_gradients(l.g)[0] = (gradus_real)1e20;
    ck_assert_int_eq(gradus_step(o), 0);
    gradus_real lr = (gradus_real)1e-20, g = (gradus_real)1e20;
    gradus_real step = lr * g;
    ck_assert(theta[0] == before - step);
    gradus_optimiser_free(o);
    gradus_graph_free(l.g);
}
