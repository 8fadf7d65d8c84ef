/* adam.c -- Adam, and AdamW: Adam with decoupled weight decay.  Both keep
 * running means of the gradient and of its square.
 *
 *   g += lambda theta                 Adam's weight decay: L2 in the loss
 *   m  = beta1 m + (1 - beta1) g      the running means; both start at 0
 *   v  = beta2 v + (1 - beta2) g^2
 *   d  = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon)
 *   d += lambda theta                 AdamW's weight decay
 *   theta -= lr d
 *
 * m is state[0], v is state[1], and t counts this optimiser's steps from 1.
 * Kingma, Ba: Adam (2015), and Loshchilov, Hutter: Decoupled weight decay
 * regularization (2019), in the form that PyTorch uses: the learning rate
 * multiplies AdamW's lambda too.
 */
#include "optim/optimiser.h"

#include <tgmath.h> /* sqrt of a gradus_real, float or double */

typedef struct {
    gradus_adam_options o;
    bool decoupled;               /* true for AdamW, false for Adam */
    gradus_real m_scale, v_scale; /* the bias corrections of this step,
                                     1 / (1 - beta1^t) and 1 / (1 - beta2^t) */
} adam;

/* Computes the bias corrections of step t. */
static void begin(gradus_optimiser *o)
{
    adam *a = o->own;
    double t = (double)o->steps;

    a->m_scale = (gradus_real)(1 / (1 - pow(a->o.beta1, t)));
    a->v_scale = (gradus_real)(1 / (1 - pow(a->o.beta2, t)));
}

static void direction(const gradus_optimiser *o, const gradus_span *s)
{
    const adam *a = o->own;
    const gradus_real beta1 = (gradus_real)a->o.beta1;
    const gradus_real beta2 = (gradus_real)a->o.beta2;
    const gradus_real rest1 = (gradus_real)(1 - a->o.beta1);
    const gradus_real rest2 = (gradus_real)(1 - a->o.beta2);
    const gradus_real m_scale = a->m_scale, v_scale = a->v_scale;
    /* lambda, at one of its two places in the equations, and 0 at the other */
    const gradus_real coupled = a->decoupled ? 0 : (gradus_real)s->decay;
    const gradus_real decoupled = a->decoupled ? (gradus_real)s->decay : 0;
    const gradus_real epsilon = (gradus_real)a->o.epsilon;
    gradus_real *m = s->state[0], *v = s->state[1];

    for (size_t i = 0; i < s->n; i++) {
        gradus_real g = s->grad[i] + coupled * s->theta[i];    /* (O2) */
        m[i] = gradus_unfaded(beta1 * m[i] + rest1 * g);       /* (O5) */
        v[i] = gradus_unfaded(beta2 * v[i] + rest2 * (g * g)); /* (O6) */
        s->d[i] = m_scale * m[i] / (sqrt(v_scale * v[i]) +
                                    epsilon) +                 /* (O7) */
                 decoupled * s->theta[i];                      /* (O8) */
    }
}

static const gradus_rule
    adam_rule = { .name = "adam", .learning_rate = 0.001, .states = 2,
                  .settings = { "learning_rate", "beta1", "beta2",
                                "epsilon" },
                  .begin = begin, .direction = direction },
    adamw_rule = { .name = "adamw", .learning_rate = 0.001, .states = 2,
                   .settings = { "learning_rate", "beta1", "beta2",
                                 "epsilon" },
                   .begin = begin, .direction = direction,
                   .weight_decay = 0.01 };

/* Makes an Adam or an AdamW, as the rule says. */
static gradus_optimiser *make(gradus_graph *g, const gradus_rule *rule,
                              const gradus_adam_options *options)
{
    adam a = { .o = options ? *options : (gradus_adam_options){ 0 },
               .decoupled = rule == &adamw_rule };

    if (gradus_need_fraction(rule->name, "beta1", &a.o.beta1, 0.9) ||
        gradus_need_fraction(rule->name, "beta2", &a.o.beta2, 0.999) ||
        gradus_need_positive(rule->name, "epsilon", &a.o.epsilon,
                             1e-8))
        return NULL;
    return gradus_optimiser_new(g, rule, &a, sizeof a, a.o.learning_rate,
                                a.o.weight_decay);
}

gradus_optimiser *gradus_adam(gradus_graph *g,
                              const gradus_adam_options *options)
{
    return make(g, &adam_rule, options);
}

gradus_optimiser *gradus_adamw(gradus_graph *g,
                               const gradus_adam_options *options)
{
    return make(g, &adamw_rule, options);
}
