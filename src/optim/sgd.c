/* sgd.c -- stochastic gradient descent, with momentum and weight decay.
 *
 *   g += lambda theta                 weight decay, coupled: L2 in the loss
 *   v  = mu v + g                     momentum; v starts at 0
 *   theta -= lr v                     or, Nesterov: lr (g + mu v)
 *
 * Sutskever, Martens, Dahl, Hinton: On the importance of initialization and
 * momentum in deep learning (2013), in the form that PyTorch uses: the
 * learning rate stands outside v, so it may change between steps.
 */
#include "base/error.h"
#include "graph/graph.h"
#include "optim/optimiser.h"

typedef struct {
    gradus_optimiser base;
    gradus_real momentum;
    int nesterov;
} sgd;

static void direction(gradus_optimiser *o, size_t from, size_t n, double decay,
                      gradus_real *d)
{
    const sgd *s = (const sgd *)o;
    const gradus_real mu = s->momentum, lambda = (gradus_real)decay;
    const int nesterov = s->nesterov;
    const gradus_real *grad = o->graph->grad + from;
    const gradus_real *theta = o->graph->theta + from;
    gradus_real *v = o->state ? o->state + from : NULL;

    for (size_t i = 0; !v && i < n; i++)
        d[i] = grad[i] + lambda * theta[i];              /* g += lambda theta */
    for (size_t i = 0; v && i < n; i++) {
        gradus_real g = grad[i] + lambda * theta[i];
        v[i] = gradus_unfaded(mu * v[i] + g);            /* v = mu v + g      */
        d[i] = nesterov ? g + mu * v[i] : v[i];
    }
}

static int check_options(const gradus_sgd_options *o)
{
    if (gradus_optimiser_fraction("sgd", "momentum", o->momentum))
        return -1;
    if (o->nesterov && o->momentum == 0)
        return gradus_error_set("sgd: Nesterov's momentum wants a momentum "
                                "above 0");
    return gradus_optimiser_amount("sgd", "weight decay", o->weight_decay);
}

gradus_optimiser *gradus_sgd(gradus_graph *g,
                             const gradus_sgd_options *options)
{
    gradus_sgd_options o = { 0 };

    if (options)
        o = *options;
    if (check_options(&o))
        return NULL;
    sgd *s = (sgd *)gradus_optimiser_new(g, "sgd", sizeof *s,
                                         o.learning_rate ? o.learning_rate
                                                         : 0.01,
                                         o.momentum > 0);
    if (!s)
        return NULL;
    s->base.direction = direction;
    s->base.weight_decay = o.weight_decay;
    s->momentum = (gradus_real)o.momentum;
    s->nesterov = o.nesterov;
    return &s->base;
}
