/* group.c -- what learning rate and weight decay each parameter gets. */
#include "base/error.h"
#include "graph/graph.h"

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
