/* test_residual.c -- a net with branches and every layer without parameters:
 * trained, on several threads, inferred from, saved. */
#include "files.h"
#include "nets.h"
#include "probe.h"
#include "reload.h"
#include "tests.h"

#include <math.h>

enum { ROWS = 150, BATCH = 75, WIDTH = 24, CLASSES = 3 };

static gradus_dataset data;

static void begin(void)
{
    data = data_new(5, ROWS, 12, CLASSES);
    data.channels = 3;
    data.height = data.width = 2;
}

static void end(void)
{
    data_free(&data);
}

/* h + silu(dense(h)) */
static gradus_node *block(gradus_node *h)
{
    return gradus_add(h, gradus_silu(gradus_dense(h, WIDTH)));
}

/* A softmax over each group of six. */
static gradus_node *groups(gradus_node *h)
{
    return gradus_flatten(
        gradus_softmax(gradus_reshape(h, 2, (int[]){ -1, 6 })));
}

static gradus_graph *residual_net(int threads)
{
    gradus_graph *g = gradus_graph_new(3);
    gradus_node *x = gradus_image(g, 3, 2, 2);
    gradus_node *h = block(gradus_tanh(gradus_dense(x, WIDTH)));
    gradus_node *branches[] = {
        gradus_gelu(gradus_dense(h, WIDTH)), groups(gradus_dense(h, WIDTH)),
        gradus_leaky_relu(h, 0.1), gradus_sigmoid(h), gradus_flatten(x)
    };
    gradus_node *z = gradus_dense(gradus_concat(5, branches), CLASSES);

    gradus_softmax_ce(z, gradus_labels(g, 1), NULL);
    ck_assert_msg(gradus_compile(g, BATCH, threads) == 0, "%s",
                  gradus_error());
    return g;
}

static void train(gradus_graph *g, int epochs, gradus_epoch *history)
{
    gradus_optimiser *o =
        gradus_sgd(g, &(gradus_sgd_options){ .learning_rate = 0.1,
                                             .momentum = 0.9 });
    ck_assert_msg(gradus_fit(o, &data,
                             &(gradus_fit_options){ .epochs = epochs,
                                                    .history = history }) == 0,
                  "%s", gradus_error());
    gradus_optimiser_free(o);
}

START_TEST(it_learns)
{
    enum { EPOCHS = 150 };
    gradus_epoch history[EPOCHS];
    gradus_graph *g = residual_net(2);

    train(g, EPOCHS, history);
    ck_assert_double_gt(history[0].train_loss, 0.8);
    ck_assert_double_lt(history[EPOCHS - 1].train_loss, 0.1);
    gradus_graph_free(g);
}
END_TEST

START_TEST(the_bits_are_the_same_on_any_number_of_threads)
{
    uint64_t hash[4];

    for (int threads = 1; threads <= 3; threads++) {
        gradus_graph *g = residual_net(threads);
        train(g, 3, NULL);
        hash[threads] = gradus_parameters_hash(g);
        gradus_graph_free(g);
    }
    ck_assert_uint_eq(hash[2], hash[1]);
    ck_assert_uint_eq(hash[3], hash[1]);
}
END_TEST

START_TEST(a_loaded_model_infers_the_same_bits)
{
    gradus_graph *g = residual_net(1);

    train(g, 2, NULL);
    gradus_graph *h = reload(g);
    gradus_workspace *a = gradus_workspace_new(g, ROWS);
    gradus_workspace *b = gradus_workspace_new(h, ROWS);
    const gradus_real *p = gradus_infer(a, data.x, ROWS);
    const gradus_real *q = gradus_infer(b, data.x, ROWS);
    ck_assert_msg(p && q, "%s", gradus_error());
    ck_assert_mem_eq(p, q, ROWS * CLASSES * sizeof *p);
    gradus_workspace_free(a);
    gradus_workspace_free(b);
    gradus_graph_free(g);
    gradus_graph_free(h);
}
END_TEST

#ifdef GRADUS_DOUBLE
START_TEST(gradients_are_those_of_central_differences)
{
    gradus_graph *g = residual_net(1);

    gradus_feed(gradus_node_at(g, 0), data.x, ROWS);
    for (int i = 0; i < gradus_node_count(g); i++)
        if (gradus_node_at(g, i)->kind == GRADUS_LABELS)
            gradus_feed_labels(gradus_node_at(g, i), data.labels, ROWS);
    ck_assert_msg(check(g, 3) <= 1, "%s", worst());
    gradus_graph_free(g);
}
END_TEST
#endif

Suite *suite_residual(void)
{
    Suite *s = suite_create("residual");
    TCase *t = tcase_create("residual");

    tcase_add_checked_fixture(t, files_begin, files_end);
    tcase_add_checked_fixture(t, begin, end);
    tcase_add_test(t, it_learns);
    tcase_add_test(t, the_bits_are_the_same_on_any_number_of_threads);
    tcase_add_test(t, a_loaded_model_infers_the_same_bits);
#ifdef GRADUS_DOUBLE
    tcase_add_test(t, gradients_are_those_of_central_differences);
#endif
    suite_add_tcase(s, t);
    return s;
}
