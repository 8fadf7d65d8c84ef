/* nets.c -- the nets of mnist-train, and those whose instructions are counted
 * (bench/steps.c). */
#include "same.h"

#include "../../programs/shared/nets.h"

static void end(same_model *m, gradus_node *z)
{
    gradus_softmax_ce(z, same_labels(m, 1, 10), NULL);
}

static void mnist(same_model *m, const void *with)
{
    const settings *s = with;
    gradus_node *x = s->net == NET_MLP ? same_input(m, 784)
                                       : same_image(m, PIXELS, 1, 28, 28);

    end(m, net_logits(s, x, 10));
}

static void mlp(same_model *m, const void *with)
{
    gradus_node *h = same_input(m, 784);

    (void)with;
    end(m, gradus_dense(gradus_relu(gradus_dense(h, 128)), 10));
}

static void cnn(same_model *m, const void *with)
{
    gradus_node *h = same_image(m, PIXELS, 1, 28, 28);

    (void)with;
    h = gradus_maxpool2d(gradus_relu(gradus_conv2d(h, 8, 5, NULL)), 2, NULL);
    h = gradus_maxpool2d(gradus_relu(gradus_conv2d(h, 16, 5, NULL)), 2, NULL);
    end(m, gradus_dense(h, 10));
}

static void norm(same_model *m, const void *with)
{
    gradus_node *h = same_image(m, PIXELS, 1, 28, 28);

    (void)with;
    h = gradus_batchnorm(gradus_conv2d(h, 8, 3, NULL));
    end(m, gradus_dense(gradus_maxpool2d(gradus_relu(h), 2, NULL), 10));
}

static gradus_optimiser *adam(gradus_graph *g)
{
    return gradus_adam(g, NULL);
}

#define NET(how, ...) mnist, &(const settings){ .net = how, __VA_ARGS__ }

int same_nets(void)
{
    const same_case c[] = {
        { "mlp", NET(NET_MLP, .hidden = { 128 }, .layers = 1), NULL,
          { 1, 64, 65, 129, 300 } },
        { "mlp wide", NET(NET_MLP, .hidden = { 512, 300 }, .layers = 2,
                          .dropout = 0.2), NULL, { 1, 65, 300 } },
        { "lenet", NET(NET_LENET, .dropout = 0), NULL, { 1, 65 } },
        { "lenet dropout", NET(NET_LENET, .dropout = 0.5), adam, { 33 } },
        { "convnet", NET(NET_CONVNET, .dropout = 0), NULL, { 33 } },
        { "convnet dropout", NET(NET_CONVNET, .dropout = 0.3), adam, { 16 } },
        { "residual", NET(NET_RESIDUAL, .dropout = 0), NULL, { 1, 33 } },
        { "residual dropout", NET(NET_RESIDUAL, .dropout = 0.3), adam,
          { 16 } },
        { "steps mlp", mlp, NULL, NULL, { 64, 256 } },
        { "steps cnn", cnn, NULL, NULL, { 1, 64, 129 } },
        { "steps norm", norm, NULL, adam, { 64, 129 } },
    };

    return same_run(c, sizeof c / sizeof *c);
}
