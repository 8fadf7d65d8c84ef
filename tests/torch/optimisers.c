/* optimisers.c -- a net's parameters after some steps of every optimiser. */
#include "write.h"

enum { CLASSES = 4 };

static const int32_t labels[] = { 0, 3, 2, 1, 3, 3 };

static gradus_optimiser *sgd(gradus_graph *g)
{
    return gradus_sgd(g, &(gradus_sgd_options){ .learning_rate = 0.1 });
}

static gradus_optimiser *sgd_momentum(gradus_graph *g)
{
    return gradus_sgd(g, &(gradus_sgd_options){
        .learning_rate = 0.05, .momentum = 0.9, .weight_decay = 0.01 });
}

static gradus_optimiser *sgd_nesterov(gradus_graph *g)
{
    return gradus_sgd(g, &(gradus_sgd_options){
        .learning_rate = 0.05, .momentum = 0.9, .nesterov = 1,
        .weight_decay = 0.01 });
}

static gradus_optimiser *adam(gradus_graph *g)
{
    return gradus_adam(g, NULL);
}

static gradus_optimiser *adam_options(gradus_graph *g)
{
    return gradus_adam(g, &(gradus_adam_options){
        .learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-6,
        .weight_decay = 0.1 });
}

static gradus_optimiser *adamw(gradus_graph *g)
{
    return gradus_adamw(g, NULL);
}

static gradus_optimiser *adamw_options(gradus_graph *g)
{
    return gradus_adamw(g, &(gradus_adam_options){
        .learning_rate = 0.01, .weight_decay = 0.1 });
}

static gradus_optimiser *rmsprop(gradus_graph *g)
{
    return gradus_rmsprop(g, NULL);
}

static gradus_optimiser *rmsprop_options(gradus_graph *g)
{
    return gradus_rmsprop(g, &(gradus_rmsprop_options){
        .learning_rate = 0.005, .alpha = 0.9, .epsilon = 1e-6,
        .momentum = 0.5, .weight_decay = 0.1 });
}

static gradus_optimiser *adagrad(gradus_graph *g)
{
    return gradus_adagrad(g, NULL);
}

static gradus_optimiser *adagrad_options(gradus_graph *g)
{
    return gradus_adagrad(g, &(gradus_adagrad_options){
        .learning_rate = 0.05, .lr_decay = 0.1, .weight_decay = 0.1 });
}

static gradus_optimiser *clip_norm(gradus_graph *g)
{
    gradus_optimiser *o = sgd(g);

    write_check(!o || gradus_set_clip(o, 0.5, 0));
    return o;
}

static gradus_optimiser *clip_value(gradus_graph *g)
{
    gradus_optimiser *o = sgd(g);

    write_check(!o || gradus_set_clip(o, 0, 0.05));
    return o;
}

static const struct {
    const char *name;
    gradus_optimiser *(*make)(gradus_graph *g);
} optimisers[] = {
    { "sgd", sgd },
    { "sgd_momentum", sgd_momentum },
    { "sgd_nesterov", sgd_nesterov },
    { "adam", adam },
    { "adam_options", adam_options },
    { "adamw", adamw },
    { "adamw_options", adamw_options },
    { "rmsprop", rmsprop },
    { "rmsprop_options", rmsprop_options },
    { "adagrad", adagrad },
    { "adagrad_options", adagrad_options },
    { "clip_norm", clip_norm },
    { "clip_value", clip_value },
};

static gradus_graph *trained_graph(void)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 8), *t = gradus_labels(g, 1);

    write_check(!t || gradus_set_name(t, "target"));
    gradus_node *h = gradus_tanh(gradus_dense(x, 10));
    gradus_softmax_ce(gradus_dense(h, CLASSES), t, NULL);
    write_check(gradus_compile(g, WRITE_ROWS, 1));
    write_draw_parameters(g);
    write_feed_inputs(g, 0);
    write_check(gradus_feed_labels(t, labels, WRITE_ROWS));
    return g;
}

static void write_optimiser(size_t i)
{
    write_case(optimisers[i].name);
    gradus_graph *g = trained_graph();
    gradus_optimiser *o = optimisers[i].make(g);
    write_check(!o);
    write_data(g);
    write_parameters(g, "");
    write_train(o);
    write_parameters(g, "after_");
    gradus_optimiser_free(o);
    gradus_graph_free(g);
}

void write_optimisers(void)
{
    for (size_t i = 0; i < sizeof optimisers / sizeof *optimisers; i++)
        write_optimiser(i);
}
