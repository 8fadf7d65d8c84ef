/* dot.h -- a net as a graph for Graphviz. */
#ifndef DOT_H
#define DOT_H

#include "gradus_layer.h"

/* "16 x 28 x 28": the shape of a row of n's value. */
void shape_text(const gradus_node *n, char text[64]);

/* How many numbers the parameters of n have. */
size_t parameters_of(const gradus_node *n);

/* Prints the net.  `more`, unless it is NULL, prints what else a node says of
 * itself, in lines that each begin with \n, a backslash and an n. */
void print_dot(const gradus_graph *g, void (*more)(const gradus_node *n));

#endif
