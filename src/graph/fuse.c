/* fuse.c -- lets an op compute the nodes that follow its own along with it.
 *
 * Fused nodes are a chain in which each has the next as its only user, and is
 * that one's first operand.  All of them have the last one as their `result`:
 * the first one's forward and backward compute the value and the gradient of
 * the whole chain. */
#include "graph/graph.h"

/* The only node that has n as an operand, and has it once; NULL if there is no
 * such node, or if there are several. */
static gradus_node *only_user(const gradus_graph *g, const gradus_node *n)
{
    gradus_node *user = NULL;

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_in; j++)
            if (g->node[i]->in[j] == n) {
                if (user)
                    return NULL;
                user = g->node[i];
            }
    return user;
}

/* Each op is asked whether it computes one more node, and asked again until it
 * declines, or the last node of the chain has no user or several, or the
 * caller wants to see that node's value (gradus_want_value).  The op of a node
 * that is fused itself is not asked. */
void gradus_fuse(gradus_graph *g)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        while (n->op->fuse && !gradus_is_fused(n) &&
               !gradus_info(n->result)->wants_value) {
            gradus_node *user = only_user(g, n->result);
            if (!user || user->in[0] != n->result || !n->op->fuse(n, user))
                break;
            for (gradus_node *m = n; m != user; m = only_user(g, m))
                m->result = user;
        }
    }
}
