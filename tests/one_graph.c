/* one_graph.c -- for files in which each test makes and uses one graph. */
#include "one_graph.h"

#include "tests.h"

gradus_graph *g;

void one_graph_begin(void)
{
    g = gradus_graph_new(1);
}

void one_graph_end(void)
{
    gradus_graph_free(g);
}

void one_graph_compile(int max_batch)
{
    ck_assert_msg(gradus_compile(g, max_batch, 1) == 0, "%s", gradus_error());
}

void one_graph_forward(const int *index, int rows)
{
    ck_assert_msg(gradus_forward(g, index, rows) == 0, "%s", gradus_error());
}

void assert_refused(const gradus_node *n, const char *why)
{
    ck_assert_msg(n == NULL, "the node is made; must be refused with \"%s\"",
                  why);
    assert_error(why);
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error(why);
}
