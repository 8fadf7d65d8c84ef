/* rmsprop.c -- RMSprop, with momentum and weight decay.
 *
 *   g += lambda theta                 weight decay, coupled: L2 in the loss
 *   v  = alpha v + (1 - alpha) g^2    v starts at 0
 *   d  = g / (sqrt(v) + epsilon)
 *   b  = mu b + d;  d = b             momentum; b starts at 0
 *   theta -= lr d
 *
 * Tieleman, Hinton: Lecture 6.5 (2012), in the form that PyTorch uses, not
 * centred.
 */
#include "base/error.h"
#include "graph/graph.h"
#include "optim/optimiser.h"

#include <tgmath.h> /* sqrt of a gradus_real, float or double */

typedef struct {
    gradus_optimiser base;
    double alpha;
    gradus_real epsilon, momentum;
} rmsprop;

static void direction(gradus_optimiser *o, size_t from, size_t n, double decay,
                      gradus_real *d)
{
    const rmsprop *s = (const rmsprop *)o;
    const gradus_real alpha = (gradus_real)s->alpha;
    const gradus_real rest = (gradus_real)(1 - s->alpha);
    const gradus_real lambda = (gradus_real)decay, epsilon = s->epsilon;
    const gradus_real mu = s->momentum;
    const gradus_real *grad = o->graph->grad + from;
    const gradus_real *theta = o->graph->theta + from;
    gradus_real *v = o->state + from;
    gradus_real *b = mu > 0 ? v + o->graph->parameters : NULL;

    for (size_t i = 0; i < n; i++) {
        gradus_real g = grad[i] + lambda * theta[i];
        v[i] = gradus_unfaded(alpha * v[i] + rest * (g * g));
        d[i] = g / (sqrt(v[i]) + epsilon);
    }
    for (size_t i = 0; b && i < n; i++)
        d[i] = b[i] = gradus_unfaded(mu * b[i] + d[i]);
}

static int check_options(const gradus_rmsprop_options *o)
{
    if (gradus_optimiser_fraction("rmsprop", "alpha", o->alpha) ||
        gradus_optimiser_fraction("rmsprop", "momentum", o->momentum) ||
        gradus_optimiser_epsilon("rmsprop", o->epsilon) ||
        gradus_optimiser_amount("rmsprop", "weight decay", o->weight_decay))
        return -1;
    return 0;
}

gradus_optimiser *gradus_rmsprop(gradus_graph *g,
                                 const gradus_rmsprop_options *options)
{
    gradus_rmsprop_options o = { 0 };

    if (options)
        o = *options;
    if (check_options(&o))
        return NULL;
    rmsprop *s = (rmsprop *)gradus_optimiser_new(
        g, "rmsprop", sizeof *s, o.learning_rate ? o.learning_rate : 0.01,
        1 + ((gradus_real)o.momentum > 0));
    if (!s)
        return NULL;
    s->base.direction = direction;
    s->base.weight_decay = o.weight_decay;
    s->alpha = o.alpha ? o.alpha : 0.99;
    s->epsilon = (gradus_real)(o.epsilon ? o.epsilon : 1e-8);
    s->momentum = (gradus_real)o.momentum;
    return &s->base;
}
