/* settings.c -- what a caller may set for any node: its name, the initialiser
 * of its weight, whether its value and gradient are wanted, the weight of a
 * loss, and factors of learning rate and weight decay. */
#include "graph/graph.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

/* May the caller still change n?  If not, because gradus_compile has been
 * called or n is NULL, sets a message. */
static bool can_change(const gradus_node *n, const char *function)
{
    if (!n)
        gradus_error_set("%s: the node is NULL", function);
    return n && gradus_is_open(n);
}

int gradus_set_name(gradus_node *n, const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

    if (!name)
        return gradus_error_set("gradus_set_name: the name is NULL");
    if (!can_change(n, "gradus_set_name"))
        return -1;
    size_t length = strlen(name);
    if (length < 1 || length >= sizeof n->name ||
        strspn(name, allowed) != length)
        return gradus_fail(n, "the name \"%.40s\" must be 1 to 31 letters, "
                           "digits and _", name), -1;
    if (strcmp(n->name, name) != 0 && gradus_find_node(n->graph, name))
        return gradus_fail(n, "another node is named %s already", name), -1;
    strcpy(n->name, name);
    return 0;
}

/* Sets how parameter 0 is initialised, which is the weight in every layer that
 * has one. */
int gradus_initialise(gradus_node *n, gradus_initialiser how, double a)
{
    if (!can_change(n, "gradus_initialise"))
        return -1;
    if (n->n_params == 0)
        return gradus_fail(n, "has no parameters to initialise"), -1;
    if (gradus_start_fails(n, how, a))
        return -1;
    gradus_info(n)->start[0] = (gradus_start){ how, a };
    return 0;
}

/* Is n a target or a row weight of some loss, that is, any operand of it but
 * the first? */
static bool is_side_operand(const gradus_node *n)
{
    for (int i = n->id + 1; i < n->graph->count; i++) {
        const gradus_node *user = n->graph->node[i];
        for (int j = 1; j < user->n_in; j++)
            if (user->op->loss && user->in[j] == n)
                return true;
    }
    return false;
}

int gradus_want_gradient(gradus_node *input)
{
    if (!can_change(input, "gradus_want_gradient"))
        return -1;
    if (input->kind != GRADUS_KIND_VALUES)
        return gradus_fail(input, "is not an input; only inputs can want a "
                           "gradient"), -1;
    if (is_side_operand(input))
        return gradus_fail(input, "is a target or a weight of a loss; these "
                           "have no gradient"), -1;
    input->wants_gradient = true;
    return 0;
}

int gradus_want_value(gradus_node *n)
{
    if (!can_change(n, "gradus_want_value"))
        return -1;
    gradus_info(n)->wants_value = true;
    return 0;
}

int gradus_set_loss_weight(gradus_node *n, double weight)
{
    if (!n)
        return gradus_error_set("gradus_set_loss_weight: the node is NULL");
    if (!n->op->loss)
        return gradus_fail(n, "is not a loss; only losses have a weight"), -1;
    if (!isfinite(weight))
        return gradus_fail(n, "the weight is %g; must be finite", weight), -1;
    gradus_as_loss(n)->weight = weight;
    return 0;
}

/* The scales can be changed at any time; with an lr_scale of 0 the node is
 * frozen. */
int gradus_set_group(gradus_node *n, double lr_scale, double decay_scale)
{
    if (!n)
        return gradus_error_set("gradus_set_group: the node is NULL");
    if (n->n_params == 0)
        return gradus_refuse(n, "has no parameters to learn");
    if (!(lr_scale >= 0 && lr_scale <= 1e30 && decay_scale >= 0 &&
          decay_scale <= 1e30))
        return gradus_refuse(n, "lr_scale is %g and decay_scale %g; both must "
                             "be 0 to 1e30", lr_scale, decay_scale);
    gradus_info(n)->lr_scale = lr_scale;
    gradus_info(n)->decay_scale = decay_scale;
    return 0;
}
