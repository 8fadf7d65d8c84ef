/* apart.c -- a net whose layers can all be looked at: it is built anew, by the
 * constructors and with the settings of its nodes, as from a model file. */
#include "apart.h"

#include <string.h>

/* Appends a copy of n to the graph. */
static int copy_node(gradus_graph *to, const gradus_node *n)
{
    gradus_saved s = { .graph = to, .n_in = n->n_in, .attr = n->attr };

    for (int j = 0; j < n->n_in; j++)
        s.in[j] = gradus_node_at(to, n->in[j]->id);
    gradus_node *copy = n->op->unary ? n->op->unary(s.in[0])
                                     : n->op->make(&s);
    return !copy || gradus_set_name(copy, n->name) ||
           gradus_want_value(copy) ||
           (n->op->loss &&
            gradus_set_loss_weight(copy, gradus_as_loss(n)->weight));
}

/* Can the input x have a gradient?  The target of a loss has none, and an
 * embedding passes none to its tokens. */
static int may_have_gradient(const gradus_graph *g, const gradus_node *x)
{
    for (int i = 0; i < gradus_node_count(g); i++) {
        const gradus_node *n = gradus_node_at(g, i);
        for (int j = 0; j < n->n_in; j++)
            if (n->in[j] == x && (!n->op->backward || (n->op->loss && j)))
                return 0;
    }
    return 1;
}

gradus_graph *take_apart(const gradus_graph *g, int rows)
{
    gradus_graph *copy = gradus_graph_new(1);
    int failed = !copy;

    for (int i = 0; i < gradus_node_count(g) && !failed; i++)
        failed = copy_node(copy, gradus_node_at(g, i));
    if (!failed && may_have_gradient(copy, gradus_node_at(copy, 0)))
        failed = gradus_want_gradient(gradus_node_at(copy, 0));
    if (!failed && !gradus_compile(copy, rows, 1)) {
        memcpy(gradus_parameters(copy), gradus_parameters((gradus_graph *)g),
               gradus_parameter_count(g) * sizeof(gradus_real));
        return copy;
    }
    gradus_graph_free(copy);
    return NULL;
}
