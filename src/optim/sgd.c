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
#include "../error.h"
#include "../graph.h"
#include "../optimiser.h"

enum { BLOCK = 1024 };

typedef struct {
    gradus_optimiser base;
    gradus_real momentum, weight_decay;
    int nesterov;
} sgd;

/* At most BLOCK parameters.  The direction d is made first, and theta written
 * in one run after it: its cache lines have been read by every core, and
 * taking them back one by one between writes to v was measured three times as
 * slow. */
static void update_block(const sgd *s, size_t from, size_t n)
{
    const gradus_real lr = (gradus_real)s->base.learning_rate;
    const gradus_real mu = s->momentum, lambda = s->weight_decay;
    const int nesterov = s->nesterov;
    const gradus_real *grad = s->base.graph->grad + from;
    gradus_real *theta = s->base.graph->theta + from;
    gradus_real *v = s->base.state ? s->base.state + from : NULL;
    gradus_real d[BLOCK];

    for (size_t i = 0; !v && i < n; i++)
        d[i] = grad[i] + lambda * theta[i];              /* g += lambda theta */
    for (size_t i = 0; v && i < n; i++) {
        gradus_real g = grad[i] + lambda * theta[i];
        v[i] = mu * v[i] + g;                            /* v = mu v + g      */
        d[i] = nesterov ? g + mu * v[i] : v[i];
    }
    for (size_t i = 0; i < n; i++)
        theta[i] -= lr * d[i];                           /* theta -= lr v     */
}

static void update(gradus_optimiser *o, size_t from, size_t to)
{
    for (; from < to; from += BLOCK)
        update_block((const sgd *)o, from,
                     to - from < BLOCK ? to - from : BLOCK);
}

static int check_options(const gradus_sgd_options *o)
{
    if (!(o->momentum >= 0 && (gradus_real)o->momentum < 1))
        return gradus_error_set("sgd: momentum %g, 0 to below 1 wanted",
                                o->momentum);
    if (o->nesterov && o->momentum == 0)
        return gradus_error_set("sgd: Nesterov's momentum wants a momentum "
                                "above 0");
    if (!(o->weight_decay >= 0 && o->weight_decay <= 1e30))
        return gradus_error_set("sgd: weight decay %g, finite and at least 0 "
                                "wanted", o->weight_decay);
    return 0;
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
    s->base.update = update;
    s->momentum = (gradus_real)o.momentum;
    s->weight_decay = (gradus_real)o.weight_decay;
    s->nesterov = o.nesterov;
    return &s->base;
}
