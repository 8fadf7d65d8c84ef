/* adagrad.c -- Adagrad, with weight decay.
 *
 *   g += lambda theta                 weight decay, coupled: L2 in the loss
 *   v += g^2                          v starts at 0
 *   d  = g / (sqrt(v) + epsilon) / (1 + (t - 1) lr_decay)
 *   theta -= lr d
 *
 * t counts this optimiser's steps from 1.  Duchi, Hazan, Singer: Adaptive
 * subgradient methods (2011), in the form that PyTorch uses.
 */
#include "base/error.h"
#include "graph/graph.h"
#include "optim/optimiser.h"

#include <tgmath.h> /* sqrt of a gradus_real, float or double */

typedef struct {
    gradus_optimiser base;
    double lr_decay;
    gradus_real epsilon;
} adagrad;

static void direction(gradus_optimiser *o, size_t from, size_t n, double decay,
                      gradus_real *d)
{
    const adagrad *s = (const adagrad *)o;
    const gradus_real lambda = (gradus_real)decay, epsilon = s->epsilon;
    const gradus_real scale =
        (gradus_real)(1 / (1 + (double)(o->steps - 1) * s->lr_decay));
    const gradus_real *grad = o->graph->grad + from;
    const gradus_real *theta = o->graph->theta + from;
    gradus_real *v = o->state + from;

    for (size_t i = 0; i < n; i++) {
        gradus_real g = grad[i] + lambda * theta[i];
        v[i] += g * g;
        d[i] = scale * g / (sqrt(v[i]) + epsilon);
    }
}

static int check_options(const gradus_adagrad_options *o)
{
    if (gradus_optimiser_amount("adagrad", "lr_decay", o->lr_decay) ||
        gradus_optimiser_epsilon("adagrad", o->epsilon) ||
        gradus_optimiser_amount("adagrad", "weight decay", o->weight_decay))
        return -1;
    return 0;
}

gradus_optimiser *gradus_adagrad(gradus_graph *g,
                                 const gradus_adagrad_options *options)
{
    gradus_adagrad_options o = { 0 };

    if (options)
        o = *options;
    if (check_options(&o))
        return NULL;
    adagrad *s = (adagrad *)gradus_optimiser_new(
        g, "adagrad", sizeof *s, o.learning_rate ? o.learning_rate : 0.01, 1);
    if (!s)
        return NULL;
    s->base.direction = direction;
    s->base.weight_decay = o.weight_decay;
    s->lr_decay = o.lr_decay;
    s->epsilon = (gradus_real)(o.epsilon ? o.epsilon : 1e-10);
    return &s->base;
}
