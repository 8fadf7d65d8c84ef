/* optimiser.c -- what all optimisers share: their life and learning rate. */
#include "../optimiser.h"

#include "../error.h"
#include "../graph.h"

#include <math.h>
#include <stdlib.h>

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
    if (!o || (states && !o->state)) {
        free(o);
        gradus_error_set("%s: out of memory for %zu parameters", name,
                         g->parameters);
        return NULL;
    }
    o->name = name;
    o->graph = g;
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
    free(o);
}

int gradus_set_learning_rate(gradus_optimiser *o, double learning_rate)
{
    if (!o)
        return gradus_error_set("gradus_set_learning_rate: the optimiser is "
                                "NULL");
    if (!(learning_rate >= 0 && learning_rate <= 1e30))
        return gradus_error_set("%s: learning rate %g, finite and at least 0 "
                                "wanted", o->name, learning_rate);
    o->learning_rate = learning_rate;
    return 0;
}

double gradus_learning_rate(const gradus_optimiser *o)
{
    return o ? o->learning_rate : NAN;
}
