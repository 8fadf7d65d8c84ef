/* optimiser.c -- what all optimisers share: their life, their learning rate,
 * the step that follows a direction. */
#include "optim/optimiser.h"

#include "base/error.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>

enum { BLOCK = 1024 };

gradus_optimiser *gradus_optimiser_new(gradus_graph *g, const char *name,
                                       size_t bytes, double learning_rate,
                                       int states)
{
    if (!g || !g->max_batch) {
        gradus_error_set("%s: a compiled graph wanted", name);
        return NULL;
    }
    if (g->parameters == 0) {
        gradus_error_set("%s: the graph has no parameters", name);
        return NULL;
    }
    gradus_optimiser *o = calloc(1, bytes);
    if (o && states)
        o->state = calloc(g->parameters, (size_t)states * sizeof *o->state);
    if (o)
        o->square = calloc((size_t)g->tiles, sizeof *o->square);
    if (!o || !o->square || (states && !o->state)) {
        gradus_optimiser_free(o);
        gradus_error_set("%s: out of memory for %zu parameters", name,
                         g->parameters);
        return NULL;
    }
    o->name = name;
    o->graph = g;
    o->norm = NAN;
    o->clip_scale = 1;
    if (gradus_set_learning_rate(o, learning_rate)) {
        gradus_optimiser_free(o);
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

int gradus_optimiser_amount(const char *name, const char *what, double value)
{
    if (!(value >= 0 && value <= 1e30))
        return gradus_error_set("%s: %s %g, finite and at least 0 wanted",
                                name, what, value);
    return 0;
}

int gradus_optimiser_fraction(const char *name, const char *what,
                              double value)
{
    if (!(value >= 0 && (gradus_real)value < 1))
        return gradus_error_set("%s: %s %g, 0 to below 1 wanted", name, what,
                                value);
    return 0;
}

int gradus_optimiser_epsilon(const char *name, double value)
{
    if (value == 0)
        return 0;
    if (!(value <= 1e30 && (gradus_real)value > 0))
        return gradus_error_set("%s: epsilon %g, finite and above 0 wanted",
                                name, value);
    return 0;
}

int gradus_set_learning_rate(gradus_optimiser *o, double learning_rate)
{
    if (!o)
        return gradus_error_set("gradus_set_learning_rate: the optimiser is "
                                "NULL");
    if (gradus_optimiser_amount(o->name, "learning rate", learning_rate))
        return -1;
    o->learning_rate = learning_rate;
    return 0;
}

double gradus_learning_rate(const gradus_optimiser *o)
{
    return o ? o->learning_rate : NAN;
}

/* In blocks: the direction is made first, and theta written in one run after
 * it.  Its cache lines have been read by every core, and taking them back one
 * by one between writes to the state was measured three times as slow. */
void gradus_optimiser_update(gradus_optimiser *o, size_t from, size_t to,
                             double lr_, double decay)
{
    const gradus_real lr = (gradus_real)lr_;
    gradus_real d[BLOCK];

    for (size_t n; from < to; from += n) {
        gradus_real *theta = o->graph->theta + from;
        n = to - from < BLOCK ? to - from : BLOCK;
        o->direction(o, from, n, decay, d);
        for (size_t i = 0; i < n; i++)
            theta[i] -= lr * d[i];
    }
}
