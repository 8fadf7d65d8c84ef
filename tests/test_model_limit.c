/* test_model_limit.c -- how much memory a model file may ask for. */
#include "model_files.h"

#include <limits.h>
#include <stdlib.h>

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 60)

/* Saves a graph without parameters, or with one, of `units` by `units`.
 * Returns the path. */
static const char *save(int values, int units)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, values);
    const char *path = files_path("net");

    gradus_mse(units ? gradus_dense(x, units) : gradus_relu(x), x, NULL);
    ck_assert_msg(gradus_compile(g, 1, 1) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_save(g, path) == 0, "%s", gradus_error());
    gradus_graph_free(g);
    return path;
}

static const struct {
    int values, units, max_batch;
    size_t max_bytes;
    bool fits;
} cases[] = {
    /* The default is 1 GiB.  A row takes 8 bytes or more for each value. */
    { 1000, 0, 1, 0, true },
    { 1000, 0, 1000, 0, true },
    { 1000, 0, 1000000, 0, false },
    { 1000, 0, INT_MAX, 0, false },
    { 1000000, 0, 1, 0, true },
    { 1000000, 0, 1000, 0, false },
    { 1000000, 0, INT_MAX, 0, false },
    { 1500000000, 0, 1, 0, false },
    { 1500000000, 0, INT_MAX, 0, false },
    /* A limit of the caller's. */
    { 1000, 0, 1, 1, false },
    { 1000, 0, 1, 1000, false },
    { 1000, 0, 1, 100000, true },
    { 1000, 0, 1000, 1000000, false },
    { 1000, 0, 1000, 100000000, true },
    { 1000, 0, 1000, SIZE_MAX, true },
    { 1000000, 0, 1000, 1ull << 30, false },
    { 1000000, 0, INT_MAX, 1ull << 40, false },
    /* What the parameters take is in proportion to the file. */
    { 1000, 1000, 1, 0, true },
    { 1000, 1000, 1, 1, true },
    { 1000, 1000, 1000, 1, false },
    { 1000, 1000, 1000, SIZE_MAX, true },
};

/* Replaces the 1,000,000 values of the graph in the file by 1,500,000,000, for
 * which this program might not have the memory. */
static const char *enlarge(const char *path)
{
    contents c = read_whole(path);
    char *at = strstr((char *)c.byte + 8, "[1000000]");

    ck_assert_ptr_nonnull(at);
    memcpy(at, "[1.500e9]", 9);
    seal(c);
    files_write("net", c.byte, c.size);
    free(c.byte);
    return path;
}

LOOP_TEST(a_graph_that_needs_more_than_max_bytes_is_refused, COUNT(cases))
{
    bool large = cases[_i].values > 1000000;
    const char *path = save(large ? 1000000 : cases[_i].values,
                            cases[_i].units);
    char rows[64];

    if (large)
        path = enlarge(path);
    gradus_graph *g = gradus_load(
        path, cases[_i].max_batch, 1,
        &(gradus_load_options){ .max_bytes = cases[_i].max_bytes });
    ck_assert_msg((g != NULL) == cases[_i].fits, "%s", gradus_error());
    if (!g) {
        snprintf(rows, sizeof rows, "net: a max_batch of %d needs ",
                 cases[_i].max_batch);
        assert_error(rows);
        assert_error(" bytes, but at most ");
        assert_error("pass a smaller max_batch, or a larger max_bytes");
    }
    gradus_graph_free(g);
}

TEST(both_numbers_are_in_the_message)
{
    const char *path = save(1000, 0);
    size_t needed, limit;

    ck_assert_ptr_null(gradus_load(path, 1000000, 1, NULL));
    const char *at = strstr(gradus_error(), "0 needs ");
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at, "0 needs %zu bytes, but at most %zu are",
                            &needed, &limit), 2);
    ck_assert_uint_eq(limit, 1 << 30);
    ck_assert_uint_gt(needed, 2000u * 1000000 * sizeof(gradus_real));
    gradus_load_options o = { .max_bytes = needed - 1 };
    ck_assert_ptr_null(gradus_load(path, 1000000, 1, &o));
    assert_error("a larger max_bytes");

    /* With just as many bytes, it is loaded. */
    ck_assert_ptr_null(gradus_load(path, 1000, 1,
                                   &(gradus_load_options){ .max_bytes = 1 }));
    at = strstr(gradus_error(), "0 needs ");
    ck_assert_int_eq(sscanf(at, "0 needs %zu", &o.max_bytes), 1);
    gradus_graph *g = gradus_load(path, 1000, 1, &o);
    ck_assert_msg(g != NULL, "%s", gradus_error());
    gradus_graph_free(g);
}
