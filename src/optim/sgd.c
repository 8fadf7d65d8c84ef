/* sgd.c -- stochastic gradient descent (SGD), with momentum (plain or
 * Nesterov's) and weight decay.
 *
 *   g += lambda theta                 weight decay, coupled: L2 in the loss
 *   v  = mu v + g                     momentum; v starts at 0
 *   d  = v                            or, Nesterov: g + mu v
 *   theta -= lr d
 *
 * Sutskever, Martens, Dahl, Hinton: On the importance of initialization and
 * momentum in deep learning (2013), in the form that PyTorch uses: the
 * learning rate is not a factor within v, so it may change between steps.
 * The velocity v is state[0].
 */
#include "base/error.h"
#include "optim/optimiser.h"

static void plain_direction(const gradus_optimiser *o, const gradus_span *s)
{
    const gradus_real lambda = (gradus_real)s->decay;

    (void)o;
    for (size_t i = 0; i < s->n; i++)
        s->d[i] = s->grad[i] + lambda * s->theta[i]; /* (O2) */
}

static void momentum_direction(const gradus_optimiser *o, const gradus_span *s)
{
    const gradus_sgd_options *a = o->own;
    const gradus_real mu = (gradus_real)a->momentum;
    const gradus_real lambda = (gradus_real)s->decay;
    const bool nesterov = a->nesterov;
    gradus_real *v = s->state[0];

    for (size_t i = 0; i < s->n; i++) {
        gradus_real g = s->grad[i] + lambda * s->theta[i]; /* (O2) */
        v[i] = gradus_unfaded(mu * v[i] + g);              /* (O3) */
        s->d[i] = nesterov ? g + mu * v[i] : v[i];         /* (O4) */
    }
}

/* Without momentum there is no v to remember, and so no state. */
static const gradus_rule
    plain = { .name = "sgd", .learning_rate = 0.01,
              .settings = { "learning_rate", "momentum" },
              .direction = plain_direction },
    with_momentum = { .name = "sgd", .learning_rate = 0.01, .states = 1,
                      .settings = { "learning_rate", "momentum" },
                      .direction = momentum_direction },
    with_nesterov = { .name = "sgd with nesterov", .learning_rate = 0.01,
                      .states = 1, .settings = { "learning_rate", "momentum" },
                      .direction = momentum_direction };

gradus_optimiser *gradus_sgd(gradus_graph *g,
                             const gradus_sgd_options *options)
{
    gradus_sgd_options o = options ? *options : (gradus_sgd_options){ 0 };

    if (gradus_need_fraction("sgd", "momentum", &o.momentum, 0))
        return NULL;
    if (o.nesterov && o.momentum == 0)
        return gradus_error_set("sgd: nesterov needs a momentum above 0"),
               NULL;
    const gradus_rule *rule = o.nesterov ? &with_nesterov
                            : o.momentum > 0 ? &with_momentum : &plain;
    return gradus_optimiser_new(g, rule, &o, sizeof o, o.learning_rate,
                                o.weight_decay);
}
