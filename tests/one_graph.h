/* one_graph.h -- for files in which each test makes and uses one graph. */
#ifndef ONE_GRAPH_H
#define ONE_GRAPH_H

#include <gradus_layer.h>

/* The graph of the test that runs. */
extern gradus_graph *g;

/* For EACH_TEST: makes g empty and new before a test, and frees it after. */
void one_graph_begin(void);
void one_graph_end(void);

/* Compiles g for one thread.  Runs forward.  Both assert that it succeeds. */
void one_graph_compile(int max_batch);
void one_graph_forward(const int *index, int rows);

/* Asserts that n was refused: that it is NULL, that the message contains
 * `why`, and that compiling g fails with this message too. */
void assert_refused(const gradus_node *n, const char *why);

#endif
