/* labels.c -- the nodes for what a loss needs to know of each row besides its
 * values: labels [B,positions], and a weight [B].  They have no forward:
 * run/step.c gathers both from what was fed, before the batch is computed. */
#include "gradus_layer.h"

/* make_labels and make_weights build the nodes from a model file. */
static gradus_node *make_labels(const gradus_saved *s)
{
    return gradus_labels(s->graph, gradus_attr_int(s->attr, "positions", 0));
}

static gradus_node *make_weights(const gradus_saved *s)
{
    return gradus_row_weights(s->graph);
}

const gradus_op gradus_labels_op = { .name = "labels", .make = make_labels };

const gradus_op gradus_row_weights_op = {
    .name = "row_weights", .make = make_weights,
};

gradus_node *gradus_labels(gradus_graph *g, int positions)
{
    gradus_node *n = gradus_append(g, &gradus_labels_op, sizeof *n, 0, NULL);

    if (n)
        n->kind = GRADUS_KIND_LABELS;
    n = gradus_set_shape(n, 1, &positions);
    return gradus_set_attr(n, "positions", 1, &(double){ positions });
}

gradus_node *gradus_row_weights(gradus_graph *g)
{
    gradus_node *n =
        gradus_append(g, &gradus_row_weights_op, sizeof *n, 0, NULL);

    if (n)
        n->kind = GRADUS_KIND_WEIGHTS;
    return gradus_set_shape(n, 1, &(int){ 1 });
}
