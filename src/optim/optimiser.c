/* optimiser.c -- what all optimisers share: their settings, how they are made
 * and freed, and the step theta -= lr d along the direction d that the rule of
 * the optimiser computes. */
#include "optim/optimiser.h"

#include "base/error.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024 }; /* for how many parameters the direction is computed
                          at once */

/* ---- settings -------------------------------------------------------- */

int gradus_set_learning_rate(gradus_optimiser *o, double learning_rate)
{
    if (!o)
        return gradus_error_set("gradus_set_learning_rate: the optimiser is "
                                "NULL");
    if (gradus_need_amount(o->rule->name, "learning rate", learning_rate))
        return -1;
    o->learning_rate = learning_rate;
    return 0;
}

double gradus_learning_rate(const gradus_optimiser *o)
{
    return o ? o->learning_rate : NAN;
}

int gradus_set_decay_matrices_only(gradus_optimiser *o, bool matrices_only)
{
    if (!o)
        return gradus_error_set("gradus_set_decay_matrices_only: the "
                                "optimiser is NULL");
    o->decay_matrices_only = matrices_only;
    return 0;
}

/* ---- life ------------------------------------------------------------ */

/* Returns 0 if an optimiser can be made for g; -1, with a message, if not. */
static int check_graph(const gradus_graph *g, const char *name)
{
    if (gradus_need_compiled(g, name))
        return -1;
    if (g->parameters == 0)
        return gradus_error_set("%s: the graph has no parameters", name);
    return 0;
}

/* All memory of an optimiser is allocated here, so a step cannot run out of
 * memory. */
gradus_optimiser *gradus_optimiser_new(gradus_graph *g,
                                       const gradus_rule *rule,
                                       const void *own, size_t bytes,
                                       double learning_rate,
                                       double weight_decay)
{
    if (check_graph(g, rule->name) ||
        gradus_need_amount(rule->name, "learning rate", learning_rate) ||
        gradus_need_amount(rule->name, "weight decay", weight_decay))
        return NULL;
    gradus_optimiser *o = calloc(1, sizeof *o + bytes);
    if (o) {
        o->own = memcpy(o + 1, own, bytes);
        o->rule = rule;
        o->graph = g;
        o->learning_rate = learning_rate ? learning_rate : rule->learning_rate;
        o->weight_decay = weight_decay ? weight_decay : rule->weight_decay;
        o->norm = NAN;
        o->state = calloc((size_t)rule->states * g->parameters + 1,
                          sizeof *o->state); /* calloc(0) may be NULL */
        o->square = calloc((size_t)g->tiles, sizeof *o->square);
    }
    if (!o || !o->state || !o->square) {
        gradus_optimiser_free(o);
        gradus_no_memory("%s with %zu parameters", rule->name, g->parameters);
        return NULL;
    }
    return o;
}

void gradus_optimiser_free(gradus_optimiser *o)
{
    if (!o)
        return;
    free(o->state);
    free(o->square);
    free(o);
}

/* ---- a step ---------------------------------------------------------- */

void gradus_optimiser_begin(gradus_optimiser *o)
{
    gradus_clip_sum(o);
    o->steps++; /* before the rule's begin, which reads t from it */
    if (o->rule->begin)
        o->rule->begin(o);
}

/* Computes theta -= lr d, one block of up to BLOCK parameters after the other.
 * The whole direction d of a block is computed before its theta is written.
 * All cores have read theta and hold copies of its cache lines, which a write
 * has to take back.  Writing line by line, between writes to the state, took
 * three times as long as writing a block in one run.  Node n's learning rate
 * and weight decay are the optimiser's times its lr_scale and decay_scale. */
void gradus_optimiser_update(const gradus_optimiser *o, const gradus_node *n,
                             const gradus_param *p, size_t from, size_t count)
{
    const gradus_graph *g = o->graph;
    const gradus_real lr =
        (gradus_real)(o->learning_rate * gradus_info(n)->lr_scale);
    gradus_real d[BLOCK];
    gradus_span s = { .d = d };

    /* A parameter of rank 1 is a bias, or a normalisation's scale or shift. */
    if (p->rank > 1 || !o->decay_matrices_only)
        s.decay = o->weight_decay * gradus_info(n)->decay_scale;
    for (size_t end = from + count; from < end; from += s.n) {
        gradus_real *theta = g->theta + from;
        s.n = end - from < BLOCK ? end - from : BLOCK;
        s.theta = theta;
        s.grad = g->grad + from;
        for (int k = 0; k < o->rule->states; k++)
            s.state[k] = o->state + (size_t)k * g->parameters + from;
        gradus_clip_scale(o, g->grad + from, s.n);
        o->rule->direction(o, &s);
        for (size_t i = 0; i < s.n; i++)
            theta[i] -= lr * d[i];                         /* (O1) */
    }
}
