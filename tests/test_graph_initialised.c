/* test_graph_initialised.c -- how parameters start. */
#include "tests.h"

#include "nets.h"

#include <math.h>

typedef struct {
    double mean, variance, least, most; /* of the weights */
    double bias;                        /* the sum of the biases' sizes */
} spread;

/* How the weights of a dense layer start, with 200 inputs and 300 units. */
static spread start(gradus_initialiser how, double a)
{
    gradus_graph *g = gradus_graph_new(3);
    gradus_node *n = gradus_dense(gradus_input(g, 200), 300);
    spread s = { 0 };

    ck_assert(how == GRADUS_INIT_HE || gradus_initialise(n, how, a) == 0);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    const gradus_real *w = n->param[0].w;
    double count = (double)n->param[0].size;
    for (size_t i = 0; i < n->param[0].size; i++) {
        s.mean += w[i] / count;
        s.variance += (double)w[i] * w[i] / count;
        s.least = fmin(s.least, w[i]);
        s.most = fmax(s.most, w[i]);
    }
    for (int i = 0; i < n->units; i++)
        s.bias += fabs(n->param[1].w[i]);
    gradus_graph_free(g);
    return s;
}

/* There are 60,000 weights.  The variance may be off by 3 %, five times the
 * standard deviation that it has for normal numbers. */
static void assert_spread(spread s, double variance, double limit)
{
    ck_assert_double_eq_tol(s.mean, 0, 5 * sqrt(variance / 60000));
    ck_assert_double_eq_tol(s.variance, variance, 0.03 * variance);
    ck_assert_double_ge(s.least, -limit);
    ck_assert_double_le(s.most, limit);
    ck_assert_double_eq(s.bias, 0);
}

EACH_TEST(.timeout = 60)

TEST(he_is_the_default_and_has_a_variance_of_2_over_fan_in)
{
    assert_spread(start(GRADUS_INIT_HE, 0), 2.0 / 200, 6 * sqrt(2.0 / 200));
}

TEST(glorot_is_uniform_and_has_a_variance_of_2_over_fan_in_plus_fan_out)
{
    spread s = start(GRADUS_INIT_GLOROT, 0);
    double a = sqrt(6.0 / 500);

    assert_spread(s, 2.0 / 500, a * 1.0001);
    ck_assert_double_gt(s.most, 0.999 * a);
}

TEST(the_normal_initialiser_has_the_deviation_that_was_asked_for)
{
    assert_spread(start(GRADUS_INIT_NORMAL, 0.5), 0.25, 3);
}

TEST(the_uniform_initialiser_fills_its_range_and_no_more)
{
    spread s = start(GRADUS_INIT_UNIFORM, 0.25);

    assert_spread(s, 0.25 * 0.25 / 3, 0.25);
    ck_assert_double_lt(s.least, -0.249);
    ck_assert_double_gt(s.most, 0.249);
}

TEST(the_constant_initialiser_sets_that_number)
{
    spread s = start(GRADUS_INIT_CONSTANT, -0.25);

    ck_assert_double_eq(s.least, -0.25);
    ck_assert_double_eq_tol(s.mean, -0.25, 1e-9);
    ck_assert_double_eq_tol(s.variance, 0.0625, 1e-9);
}

TEST(the_zero_initialiser_sets_zero)
{
    spread s = start(GRADUS_INIT_ZERO, 0);

    ck_assert_double_eq(s.variance, 0);
    ck_assert_double_eq(s.bias, 0);
}

static uint64_t hash_of_seed(uint64_t seed, int threads)
{
    net n = net_new(seed, (int[]){ 4, 8, 3 }, 2, threads);
    uint64_t hash = gradus_parameters_hash(n.g);

    net_free(&n);
    return hash;
}

TEST(parameters_depend_on_the_seed_and_on_nothing_else)
{
    ck_assert_uint_eq(hash_of_seed(1, 1), hash_of_seed(1, 3));
    ck_assert_uint_ne(hash_of_seed(1, 1), hash_of_seed(2, 1));
    ck_assert_uint_ne(hash_of_seed(1, 1), hash_of_seed(1ULL << 32 | 1, 1));
}

TEST(two_equal_layers_start_differently)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 4);
    gradus_node *a = gradus_dense(x, 4), *b = gradus_dense(x, 4);

    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_mem_ne(a->param[0].w, b->param[0].w, 16 * sizeof(gradus_real));
    gradus_graph_free(g);
}

TEST(the_hash_of_the_parameters_is_fnv_1a_of_their_bytes)
{
    net n = net_new(1, (int[]){ 1, 1, 2 }, 1, 1);
    uint64_t hash = 0xcbf29ce484222325;
    gradus_real *theta = gradus_parameters(n.g);

    for (size_t i = 0; i < gradus_parameter_count(n.g); i++)
        theta[i] = (gradus_real)(0.5 * (double)i);
    for (size_t i = 0; i < gradus_parameter_count(n.g) * sizeof *theta; i++) {
        hash ^= ((unsigned char *)theta)[i];
        hash *= 0x100000001b3;
    }
    ck_assert_uint_eq(gradus_parameters_hash(n.g), hash);
    theta[3] = -theta[3];
    ck_assert_uint_ne(gradus_parameters_hash(n.g), hash);
    net_free(&n);
}
