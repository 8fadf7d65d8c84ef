/* adam.c -- Adam, and AdamW: Adam with decoupled weight decay.
 *
 *   g += lambda theta                 Adam's weight decay: L2 in the loss
 *   m  = beta1 m + (1 - beta1) g      moments of the gradient; both start at 0
 *   v  = beta2 v + (1 - beta2) g^2
 *   d  = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *   d += lambda theta                 AdamW's weight decay
 *   theta -= lr d
 *
 * t counts this optimiser's steps from 1.  Kingma, Ba: Adam (2015), and
 * Loshchilov, Hutter: Decoupled weight decay regularization (2019), in the
 * form that PyTorch uses: the learning rate multiplies AdamW's lambda too.
 */
#include "base/error.h"
#include "graph/graph.h"
#include "optim/optimiser.h"

#include <tgmath.h> /* sqrt of a gradus_real, float or double */

typedef struct {
    gradus_optimiser base;
    double beta1, beta2;
    gradus_real epsilon;
    gradus_real m_scale, v_scale; /* of this step: 1 / (1 - beta^t) */
    int decoupled;
} adam;

static void begin(gradus_optimiser *o)
{
    adam *a = (adam *)o;
    double t = (double)o->steps;

    a->m_scale = (gradus_real)(1 / (1 - pow(a->beta1, t)));
    a->v_scale = (gradus_real)(1 / (1 - pow(a->beta2, t)));
}

static void direction(gradus_optimiser *o, size_t from, size_t n, double decay,
                      gradus_real *d)
{
    const adam *a = (const adam *)o;
    const gradus_real beta1 = (gradus_real)a->beta1;
    const gradus_real beta2 = (gradus_real)a->beta2;
    const gradus_real rest1 = (gradus_real)(1 - a->beta1);
    const gradus_real rest2 = (gradus_real)(1 - a->beta2);
    const gradus_real m_scale = a->m_scale, v_scale = a->v_scale;
    const gradus_real coupled = a->decoupled ? 0 : (gradus_real)decay;
    const gradus_real decoupled = a->decoupled ? (gradus_real)decay : 0;
    const gradus_real epsilon = a->epsilon;
    const gradus_real *grad = o->graph->grad + from;
    const gradus_real *theta = o->graph->theta + from;
    gradus_real *m = o->state + from, *v = m + o->graph->parameters;

    for (size_t i = 0; i < n; i++) {
        gradus_real g = grad[i] + coupled * theta[i];
        m[i] = gradus_unfaded(beta1 * m[i] + rest1 * g);
        v[i] = gradus_unfaded(beta2 * v[i] + rest2 * (g * g));
        d[i] = m_scale * m[i] / (sqrt(v_scale * v[i]) + epsilon) +
               decoupled * theta[i];
    }
}

static int check_options(const char *name, const gradus_adam_options *o)
{
    if (gradus_optimiser_fraction(name, "beta1", o->beta1) ||
        gradus_optimiser_fraction(name, "beta2", o->beta2) ||
        gradus_optimiser_epsilon(name, o->epsilon) ||
        gradus_optimiser_amount(name, "weight decay", o->weight_decay))
        return -1;
    return 0;
}

static gradus_optimiser *make(gradus_graph *g, const char *name, int decoupled,
                              const gradus_adam_options *options)
{
    gradus_adam_options o = { 0 };

    if (options)
        o = *options;
    if (check_options(name, &o))
        return NULL;
    double lr = o.learning_rate ? o.learning_rate : 0.001;
    adam *a = (adam *)gradus_optimiser_new(g, name, sizeof *a, lr, 2);
    if (!a)
        return NULL;
    a->base.begin = begin;
    a->base.direction = direction;
    a->base.weight_decay = o.weight_decay;
    a->beta1 = o.beta1 ? o.beta1 : 0.9;
    a->beta2 = o.beta2 ? o.beta2 : 0.999;
    a->epsilon = (gradus_real)(o.epsilon ? o.epsilon : 1e-8);
    a->decoupled = decoupled;
    return &a->base;
}

gradus_optimiser *gradus_adam(gradus_graph *g,
                              const gradus_adam_options *options)
{
    return make(g, "adam", 0, options);
}

gradus_optimiser *gradus_adamw(gradus_graph *g,
                               const gradus_adam_options *options)
{
    gradus_adam_options o = { 0 };

    if (options)
        o = *options;
    if (o.weight_decay == 0)
        o.weight_decay = 0.01;
    return make(g, "adamw", 1, &o);
}
