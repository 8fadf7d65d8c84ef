/* adagrad.c -- Adagrad, with weight decay: the step of each parameter is
 * divided by the root of the sum of its squared gradients so far.
 *
 *   g += lambda theta                 weight decay, coupled: L2 in the loss
 *   v += g^2                          v starts at 0
 *   d  = g / (sqrt(v) + epsilon) / (1 + (t - 1) lr_decay)
 *   theta -= lr d
 *
 * v is state[0], and t counts this optimiser's steps from 1.  Duchi, Hazan,
 * Singer: Adaptive subgradient methods (2011), in the form that PyTorch uses.
 */
#include "optim/optimiser.h"

#include <tgmath.h> /* sqrt of a gradus_real, float or double */

static void direction(const gradus_optimiser *o, const gradus_span *s)
{
    const gradus_adagrad_options *a = o->own;
    const gradus_real lambda = (gradus_real)s->decay;
    const gradus_real epsilon = (gradus_real)a->epsilon;
    const gradus_real scale =
        (gradus_real)(1 / (1 + (double)(o->steps - 1) * a->lr_decay));
    gradus_real *v = s->state[0];

    for (size_t i = 0; i < s->n; i++) {
        gradus_real g = s->grad[i] + lambda * s->theta[i]; /* (O2)  */
        v[i] += g * g;                                     /* (O12) */
        s->d[i] = scale * g / (sqrt(v[i]) + epsilon);      /* (O13) */
    }
}

static const gradus_rule rule = { .name = "adagrad", .learning_rate = 0.01,
                                  .settings = { "learning_rate", "lr_decay",
                                                "epsilon" },
                                  .states = 1, .direction = direction };

gradus_optimiser *gradus_adagrad(gradus_graph *g,
                                 const gradus_adagrad_options *options)
{
    gradus_adagrad_options o =
        options ? *options : (gradus_adagrad_options){ 0 };

    if (gradus_need_amount("adagrad", "lr_decay", o.lr_decay) ||
        gradus_need_positive("adagrad", "epsilon", &o.epsilon, 1e-10))
        return NULL;
    return gradus_optimiser_new(g, &rule, &o, sizeof o, o.learning_rate,
                                o.weight_decay);
}
