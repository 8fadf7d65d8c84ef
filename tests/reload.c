/* reload.c -- saves a graph to a model file and loads it again, for tests of
 * layers. */
#include "reload.h"

#include "model_files.h"

#include <stdlib.h>

static void assert_same_node(const gradus_node *a, const gradus_node *b)
{
    ck_assert_ptr_eq(a->op, b->op);
    ck_assert_str_eq(a->name, b->name);
    ck_assert_int_eq(a->rank, b->rank);
    ck_assert_mem_eq(a->shape, b->shape, sizeof a->shape);
    ck_assert_int_eq(a->n_in, b->n_in);
    for (int j = 0; j < a->n_in; j++)
        ck_assert_int_eq(a->in[j]->id, b->in[j]->id);
}

static void save(const gradus_graph *g, const char *name)
{
    ck_assert_msg(gradus_save(g, files_path(name)) == 0, "%s", gradus_error());
}

gradus_graph *reload(const gradus_graph *g)
{
    files_begin();
    save(g, "net");
    gradus_graph *h = gradus_load(files_path("net"), gradus_max_batch(g), 1, NULL);
    ck_assert_msg(h != NULL, "%s", gradus_error());
    ck_assert_int_eq(gradus_node_count(h), gradus_node_count(g));
    for (int i = 0; i < gradus_node_count(g); i++)
        assert_same_node(gradus_node_at(g, i), gradus_node_at(h, i));
    save(h, "again");
    contents a = read_whole(files_path("net"));
    contents b = read_whole(files_path("again"));
    ck_assert(same(a, b));
    free(a.byte);
    free(b.byte);
    files_end();
    return h;
}

void refuse_reload(const gradus_graph *g, const char *right, const char *wrong,
                   const char *message)
{
    files_begin();
    save(g, "net");
    contents c = read_whole(files_path("net"));
    char *at = strstr((char *)c.byte + 8, right);
    ck_assert_msg(at != NULL, "the file must contain %s, but does not", right);
    ck_assert_uint_eq(strlen(right), strlen(wrong));
    memcpy(at, wrong, strlen(wrong));
    seal(c);
    files_write("net", c.byte, c.size);
    free(c.byte);
    ck_assert_msg(!gradus_load(files_path("net"), 1, 1, NULL),
                  "a file with %s was loaded; must be refused", wrong);
    assert_error(message);
    files_end();
}
