/* rmsprop.c -- RMSprop, with momentum and weight decay: the step of each
 * parameter is divided by the root of a running mean of its squared gradient.
 *
 *   g += lambda theta                 weight decay, coupled: L2 in the loss
 *   v  = alpha v + (1 - alpha) g^2    v starts at 0
 *   d  = g / (sqrt(v) + epsilon)
 *   b  = mu b + d;  d = b             momentum; b starts at 0
 *   theta -= lr d
 *
 * v is state[0], and b is state[1].
 * Tieleman, Hinton: Lecture 6.5 (2012), in the form that PyTorch uses, not
 * centred.
 */
#include "optim/optimiser.h"

#include <tgmath.h> /* sqrt of a gradus_real, float or double */

static void plain_direction(const gradus_optimiser *o, const gradus_span *s)
{
    const gradus_rmsprop_options *a = o->own;
    const gradus_real alpha = (gradus_real)a->alpha;
    const gradus_real rest = (gradus_real)(1 - a->alpha);
    const gradus_real lambda = (gradus_real)s->decay;
    const gradus_real epsilon = (gradus_real)a->epsilon;
    gradus_real *v = s->state[0];

    for (size_t i = 0; i < s->n; i++) {
        gradus_real g = s->grad[i] + lambda * s->theta[i];    /* (O2)  */
        v[i] = gradus_unfaded(alpha * v[i] + rest * (g * g)); /* (O9)  */
        s->d[i] = g / (sqrt(v[i]) + epsilon);                 /* (O10) */
    }
}

/* Computes d without momentum first, and then replaces it by b. */
static void momentum_direction(const gradus_optimiser *o, const gradus_span *s)
{
    const gradus_rmsprop_options *a = o->own;
    const gradus_real mu = (gradus_real)a->momentum;
    gradus_real *b = s->state[1];

    plain_direction(o, s);
    for (size_t i = 0; i < s->n; i++)
        s->d[i] = b[i] = gradus_unfaded(mu * b[i] + s->d[i]); /* (O11) */
}

/* Without momentum there is no b to remember, and so only one state. */
static const gradus_rule
    plain = { .name = "rmsprop", .learning_rate = 0.01, .states = 1,
              .settings = { "learning_rate", "alpha", "epsilon" },
              .direction = plain_direction },
    with_momentum = { .name = "rmsprop", .learning_rate = 0.01, .states = 2,
                      .settings = { "learning_rate", "alpha", "epsilon",
                                    "momentum" },
                      .direction = momentum_direction };

gradus_optimiser *gradus_rmsprop(gradus_graph *g,
                                 const gradus_rmsprop_options *options)
{
    gradus_rmsprop_options o =
        options ? *options : (gradus_rmsprop_options){ 0 };

    if (gradus_need_fraction("rmsprop", "alpha", &o.alpha, 0.99) ||
        gradus_need_fraction("rmsprop", "momentum", &o.momentum, 0) ||
        gradus_need_positive("rmsprop", "epsilon", &o.epsilon, 1e-8))
        return NULL;
    return gradus_optimiser_new(g, o.momentum > 0 ? &with_momentum : &plain,
                                &o, sizeof o, o.learning_rate, o.weight_decay);
}
