/* fuse.c -- lets an op compute the nodes behind its own at the same time. */
#include "graph/graph.h"

/* The only node that uses n, or NULL if none or several do. */
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

/* All nodes whose value went into `before` have it go into `after`. */
static void move_result(gradus_graph *g, const gradus_node *before,
                        gradus_node *after)
{
    for (int i = 0; i < g->count; i++)
        if (g->node[i]->result == before)
            g->node[i]->result = after;
}

/* Each op is asked as long as the last node that it computes has one user, and
 * nobody wants to see the value between the two. */
void gradus_fuse(gradus_graph *g)
{
    for (int i = 0; i < g->count; i++) {
        gradus_node *n = g->node[i];
        while (n->op->fuse && !gradus_info(n->result)->wants_value) {
            gradus_node *user = only_user(g, n->result);
            if (!user || !n->op->fuse(n, user))
                break;
            move_result(g, n->result, user);
        }
    }
}
