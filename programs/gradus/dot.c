/* dot.c -- a net as a graph for Graphviz. */
#include "dot.h"

#include <stdio.h>
#include <string.h>

void shape_text(const gradus_node *n, char text[64])
{
    int shape[GRADUS_MAX_RANK], rank = gradus_node_shape(n, shape);

    text[0] = '\0';
    for (int i = 0; i < rank; i++)
        snprintf(text + strlen(text), 64 - strlen(text), "%s%d",
                 i ? " x " : "", shape[i]);
}

size_t parameters_of(const gradus_node *n)
{
    size_t count = 0;
    const gradus_param *p;

    for (int j = 0; (p = gradus_param_at(n, j)); j++)
        count += p->size;
    return count;
}

/* A name or an op has no character that is special in a text of Graphviz. */
void print_dot(const gradus_graph *g, void (*more)(const gradus_node *n))
{
    printf("digraph net {\n    node [shape=box, fontname=\"sans-serif\"];\n");
    for (int i = 0; i < gradus_node_count(g); i++) {
        const gradus_node *n = gradus_node_at(g, i);
        const size_t parameters = parameters_of(n);
        char shape[64];
        shape_text(n, shape);
        printf("    n%d [label=\"%s\\n%s\\n%s", i, gradus_node_op(n),
               gradus_node_name(n), shape);
        if (parameters)
            printf("\\n%zu parameters", parameters);
        if (more)
            more(n);
        printf("\"];\n");
        for (int j = 0; j < n->n_in; j++)
            printf("    n%d -> n%d;\n", n->in[j]->id, i);
    }
    printf("}\n");
}
