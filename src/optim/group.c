/* group.c -- what learning rate and weight decay each parameter gets. */
#include "base/error.h"
#include "graph/graph.h"
#include "optim/optimiser.h"

int gradus_param_group(gradus_node *n, double lr_scale, double decay_scale)
{
    if (!n)
        return gradus_error_set("gradus_param_group: the node is NULL");
    if (n->n_params == 0)
        return gradus_refuse(n, "has no parameters to make a group of");
    if (!(lr_scale >= 0 && lr_scale <= 1e30 && decay_scale >= 0 &&
          decay_scale <= 1e30))
        return gradus_refuse(n, "a group of learning rate x %g, weight decay "
                             "x %g; finite and at least 0 wanted", lr_scale,
                             decay_scale);
    n->lr_scale = lr_scale;
    n->decay_scale = decay_scale;
    return 0;
}

int gradus_decay_matrices_only(gradus_optimiser *o, int matrices_only)
{
    if (!o)
        return gradus_error_set("gradus_decay_matrices_only: the optimiser is "
                                "NULL");
    o->decay_matrices_only = matrices_only;
    return 0;
}

double gradus_optimiser_decay(const gradus_optimiser *o, const gradus_node *n,
                              const gradus_param *p)
{
    return o->decay_matrices_only && p->rank < 2
               ? 0
               : o->weight_decay * n->decay_scale;
}
