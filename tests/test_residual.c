/* test_residual.c -- a net with branches, and with every layer that has no
 * parameters, must learn. */
#include "nets.h"
#include "tests.h"

enum { ROWS = 150, BATCH = 75, WIDTH = 24, CLASSES = 3 };

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

static gradus_graph *residual_net(void)
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
    ck_assert_msg(gradus_compile(g, BATCH, 2) == 0, "%s",
                  gradus_error());
    return g;
}

TEST(a_net_with_branches_learns)
{
    enum { EPOCHS = 150 };
    gradus_epoch history[EPOCHS];
    gradus_dataset data = data_new(5, ROWS, 12, CLASSES);
    data.channels = 3;
    data.height = data.width = 2;
    gradus_graph *g = residual_net();
    gradus_optimiser *o =
        gradus_sgd(g, &(gradus_sgd_options){ .learning_rate = 0.1,
                                             .momentum = 0.9 });

    ck_assert_msg(gradus_fit(o, &data,
                             &(gradus_fit_options){ .epochs = EPOCHS,
                                                    .history = history }) == 0,
                  "%s", gradus_error());
    ck_assert_double_gt(history[0].train_loss, 0.8);
    ck_assert_double_lt(history[EPOCHS - 1].train_loss, 0.1);
    gradus_optimiser_free(o);
    gradus_graph_free(g);
    data_free(&data);
}
