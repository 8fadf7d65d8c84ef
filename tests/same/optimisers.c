/* optimisers.c -- every rule with every option, groups, clipping, schedules,
 * and how parameters start. */
#include "same.h"

#include <inttypes.h>
#include <math.h>

/* The net has a normalisation too, whose parameters have a single axis. */
static void net(same_model *m, const void *with)
{
    gradus_node *h = gradus_dense(same_input(m, 40), 150);

    (void)with;
    h = gradus_relu(gradus_layernorm(h));
    gradus_softmax_ce(gradus_dense(h, 6), same_labels(m, 1, 6), NULL);
}

static void groups(same_model *m, const void *with)
{
    gradus_node *frozen = gradus_dense(same_input(m, 40), 70);
    gradus_node *slow = gradus_dense(gradus_relu(frozen), 60);

    (void)with;
    same_must(!gradus_set_group(frozen, 0, 1) &&
              !gradus_set_group(slow, 0.1, 2), "param_group");
    gradus_softmax_ce(gradus_dense(gradus_tanh(slow), 6),
                      same_labels(m, 1, 6), NULL);
}

static void start(gradus_node *n, gradus_initialiser how, double a)
{
    same_must(!gradus_initialise(n, how, a), "initialise");
}

static void starts(same_model *m, const void *with)
{
    gradus_node *x = same_input(m, 40), *n[6];

    (void)with;
    for (int i = 0; i < 6; i++)
        n[i] = gradus_dense(x, 20);
    start(n[0], GRADUS_INIT_ZERO, 0);
    start(n[1], GRADUS_INIT_HE, 0);
    start(n[2], GRADUS_INIT_GLOROT, 0);
    start(n[3], GRADUS_INIT_NORMAL, 0.2);
    start(n[4], GRADUS_INIT_UNIFORM, 0.3);
    start(n[5], GRADUS_INIT_CONSTANT, 0.01);
    gradus_softmax_ce(gradus_dense(gradus_tanh(gradus_concat(6, n)), 6),
                      same_labels(m, 1, 6), NULL);
}

/* ---- the rules -------------------------------------------------------- */

static gradus_optimiser *sgd(gradus_graph *g)
{
    return gradus_sgd(g, &(gradus_sgd_options){ .learning_rate = 0.1 });
}

static gradus_optimiser *sgd_decay(gradus_graph *g)
{
    return gradus_sgd(g, &(gradus_sgd_options){ .learning_rate = 0.1,
                                                .weight_decay = 0.01 });
}

static gradus_optimiser *nesterov(gradus_graph *g)
{
    return gradus_sgd(g, &(gradus_sgd_options){
        .learning_rate = 0.05, .momentum = 0.8, .nesterov = 1,
        .weight_decay = 0.02 });
}

static gradus_optimiser *matrices_only(gradus_graph *g)
{
    gradus_optimiser *o = nesterov(g);

    same_must(o && !gradus_set_decay_matrices_only(o, 1), "matrices only");
    return o;
}

static gradus_optimiser *adam(gradus_graph *g)
{
    return gradus_adam(g, NULL);
}

static gradus_optimiser *adam_all(gradus_graph *g)
{
    return gradus_adam(g, &(gradus_adam_options){
        .learning_rate = 0.01, .beta1 = 0.8, .beta2 = 0.95,
        .epsilon = 1e-6, .weight_decay = 0.03 });
}

static gradus_optimiser *adamw(gradus_graph *g)
{
    return gradus_adamw(g, NULL);
}

static gradus_optimiser *adamw_all(gradus_graph *g)
{
    gradus_optimiser *o = gradus_adamw(g, &(gradus_adam_options){
        .learning_rate = 0.01, .weight_decay = 0.1 });

    same_must(o && !gradus_set_decay_matrices_only(o, 1), "matrices only");
    return o;
}

static gradus_optimiser *rmsprop(gradus_graph *g)
{
    return gradus_rmsprop(g, NULL);
}

static gradus_optimiser *rmsprop_all(gradus_graph *g)
{
    return gradus_rmsprop(g, &(gradus_rmsprop_options){
        .learning_rate = 0.005, .alpha = 0.9, .epsilon = 1e-6,
        .momentum = 0.7, .weight_decay = 0.01 });
}

static gradus_optimiser *adagrad(gradus_graph *g)
{
    return gradus_adagrad(g, &(gradus_adagrad_options){
        .learning_rate = 0.02, .lr_decay = 0.1, .weight_decay = 0.01 });
}

static gradus_optimiser *clipped(gradus_optimiser *o, double norm,
                                 double value)
{
    same_must(o && !gradus_set_clip(o, norm, value), "clip");
    return o;
}

static gradus_optimiser *clip_norm(gradus_graph *g)
{
    return clipped(sgd(g), 0.05, 0);
}

static gradus_optimiser *clip_value(gradus_graph *g)
{
    return clipped(nesterov(g), 0, 0.002);
}

static gradus_optimiser *clip_both(gradus_graph *g)
{
    return clipped(adam(g), 0.05, 0.002);
}

static gradus_optimiser *measured(gradus_graph *g)
{
    return clipped(sgd(g), INFINITY, 0);
}

/* ---- schedules -------------------------------------------------------- */

static void print_schedules(void)
{
    uint64_t h = SAME_FNV;

    for (uint64_t step = 0; step < 120; step++) {
        const double lr[] = {
            gradus_lr_step(0.1, step, 30, 0.5),
            gradus_lr_exponential(0.1, step, 0.97),
            gradus_lr_cosine(0.1, step, 100, 0.001),
            gradus_lr_warmup(0.1, step, 20),
            gradus_lr_one_cycle(0.1, step, 120, 0, 0, 0),
            gradus_lr_one_cycle(0.1, step, 120, 0.2, 10, 100),
        };
        h = same_hash(h, lr, sizeof lr);
    }
    printf("schedules %s: %016" PRIx64 "\n", same_precision(), h);
}

#define MANY { 65, 300 }

int same_optimisers(void)
{
    const same_case c[] = {
        { "sgd", net, NULL, sgd, { 1, 65, 300 } },
        { "sgd decay", net, NULL, sgd_decay, MANY },
        { "nesterov", net, NULL, nesterov, MANY },
        { "matrices only", net, NULL, matrices_only, MANY },
        { "adam", net, NULL, adam, { 1, 65, 300 } },
        { "adam all", net, NULL, adam_all, MANY },
        { "adamw", net, NULL, adamw, MANY },
        { "adamw all", net, NULL, adamw_all, MANY },
        { "rmsprop", net, NULL, rmsprop, MANY },
        { "rmsprop all", net, NULL, rmsprop_all, MANY },
        { "adagrad", net, NULL, adagrad, MANY },
        { "clip norm", net, NULL, clip_norm, MANY },
        { "clip value", net, NULL, clip_value, MANY },
        { "clip both", net, NULL, clip_both, MANY },
        { "measured norm", net, NULL, measured, MANY },
        { "groups sgd", groups, NULL, nesterov, MANY },
        { "groups adamw", groups, NULL, adamw_all, MANY },
        { "groups clip", groups, NULL, clip_norm, MANY },
        { "starts", starts, NULL, NULL, MANY },
    };

    print_schedules();
    return same_run(c, sizeof c / sizeof *c);
}
