/* test_model_matching.c -- loading those parameters of a model file that match
 * the graph, and the report of those that do not. */
#define _XOPEN_SOURCE 700
#include "model_files.h"

#include "graph/graph.h"
#include "nets.h"

#include <stdlib.h>
#include <unistd.h>

enum { TRUNK = 2 * 3 + 3, ALL = TRUNK + 3 * 4 + 4 };

/* The graph into which files are loaded, with a head of 4 units, and its
 * parameters as they were before.  Files are mostly of small_net, whose layers
 * are dense1, of 3 units like this one's, and dense2. */
static gradus_graph *to;
static gradus_real before[ALL];

/* input 2 -> dense1 3 -> relu -> head -> softmax_ce. */
static gradus_graph *net_with_head(uint64_t seed, int units)
{
    gradus_graph *g = gradus_graph_new(seed);
    gradus_node *x = gradus_input(g, 2), *t = gradus_labels(g, 1);
    gradus_node *head = gradus_dense(gradus_relu(gradus_dense(x, 3)), units);

    gradus_set_name(head, "head");
    gradus_softmax_ce(head, t, NULL);
    ck_assert_msg(gradus_compile(g, 4, 1) == 0, "%s", gradus_error());
    return g;
}

static void begin(void)
{
    files_begin();
    to = net_with_head(7, 4);
    ck_assert_uint_eq(gradus_parameter_count(to), ALL);
    memcpy(before, gradus_parameters(to), sizeof before);
}

static void end(void)
{
    gradus_graph_free(to);
    files_end();
}

EACH_TEST(.begin = begin, .end = end, .timeout = 60)

static void assert_unchanged(void)
{
    ck_assert_mem_eq(gradus_parameters(to), before, sizeof before);
}

/* Loads a file into g, and returns what gradus_load_matching does.  The report
 * is then in `report`. */
static char report[2048];

static int load(gradus_graph *g, const char *path)
{
    FILE *out = fopen(files_path("report"), "w+");
    int loaded = gradus_load_matching(g, path, out);

    rewind(out);
    report[fread(report, 1, sizeof report - 1, out)] = 0;
    fclose(out);
    return loaded;
}

/* ---- what is loaded ------------------------------------------------------*/

TEST(a_trunk_is_loaded_and_the_head_is_kept)
{
    gradus_graph *from = small_net(1);
    const gradus_real *a = gradus_parameters(from);

    ck_assert_int_eq(gradus_save(from, files_path("net")), 0);
    ck_assert_msg(load(to, files_path("net")) == 2, "%s", gradus_error());
    ck_assert_mem_eq(gradus_parameters(to), a, TRUNK * sizeof *a);
    ck_assert_mem_eq(gradus_parameters(to) + TRUNK, before + TRUNK,
                     (ALL - TRUNK) * sizeof *a);
    ck_assert_str_eq(report, "dense1.weight loaded\n"
                             "dense1.bias loaded\n"
                             "head.weight: not in the file: kept as it was\n"
                             "head.bias: not in the file: kept as it was\n"
                             "in the file alone: dense2.weight\n"
                             "in the file alone: dense2.bias\n");
    gradus_graph_free(from);
}

TEST(a_parameter_of_another_shape_is_reported_with_both)
{
    gradus_graph *from = net_with_head(1, 2);

    ck_assert_int_eq(gradus_save(from, files_path("net")), 0);
    ck_assert_int_eq(load(to, files_path("net")), 2);
    ck_assert_mem_eq(gradus_parameters(to) + TRUNK, before + TRUNK,
                     (ALL - TRUNK) * sizeof *before);
    ck_assert_str_eq(report,
                     "dense1.weight loaded\n"
                     "dense1.bias loaded\n"
                     "head.weight: got [2,3] in the file; must be [4,3]: kept "
                     "as it was\n"
                     "head.bias: got [2] in the file; must be [4]: kept as it "
                     "was\n");
    gradus_graph_free(from);
}

TEST(what_a_graph_saved_matches_all_of_it)
{
    ck_assert_int_eq(gradus_save(to, files_path("net")), 0);
    memset(gradus_parameters(to), 0, sizeof before);
    ck_assert_int_eq(gradus_load_matching(to, files_path("net"), NULL), 4);
    assert_unchanged();
}

/* As a new training begins, its random numbers do so, too. */
TEST(counts_of_passes_and_epochs_are_not_loaded)
{
    to->passes = 40;
    to->epochs = 2;
    ck_assert_int_eq(gradus_save(to, files_path("net")), 0);
    to->passes = to->epochs = 0;
    ck_assert_int_eq(gradus_load_matching(to, files_path("net"), NULL), 4);
    ck_assert(to->passes == 0 && to->epochs == 0);
    ck_assert_int_eq(gradus_load_parameters(to, files_path("net")), 0);
    ck_assert(to->passes == 40 && to->epochs == 2);
}

TEST(a_backward_needs_a_new_forward_after_a_load)
{
    const gradus_real x[] = { 1, -1 };
    const int32_t label = 3;

    gradus_feed(gradus_node_at(to, 0), x, 1);
    gradus_feed_labels(gradus_node_at(to, 1), &label, 1);
    ck_assert_int_eq(gradus_forward(to, NULL, 1), 0);
    ck_assert_int_eq(gradus_save(to, files_path("net")), 0);
    ck_assert_int_eq(gradus_load_matching(to, files_path("net"), NULL), 4);
    ck_assert_int_ne(gradus_backward(to), 0);
}

TEST(the_arrays_of_a_checkpoint_are_not_reported)
{
    gradus_graph *from = small_net(1);
    gradus_optimiser *o = gradus_adam(from, NULL);

    ck_assert_int_eq(gradus_save_checkpoint(o, files_path("point")), 0);
    ck_assert_int_eq(load(to, files_path("point")), 2);
    ck_assert_ptr_nonnull(strstr(report, "alone: dense2.bias\n"));
    ck_assert_ptr_null(strstr(report, "gradus:"));
    gradus_optimiser_free(o);
    gradus_graph_free(from);
}

/* ---- files of other programs ---------------------------------------------*/

#define T(name, dtype, shape, at)                                           \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":[" shape               \
    "],\"data_offsets\":[" at "]}"

/* Writes a file of this header and 24 bytes: three doubles in which the bytes
 * of two hold floats. */
static const char *foreign(const char *header)
{
    unsigned char data[24];

    double_bytes((double[]){ 0.5, -2, 0.25 }, 3, data);
    return write_safetensors("foreign", header, strlen(header), data,
                             sizeof data);
}

/* A tensor that is passed over may have any type and shape, be empty, and have
 * any name; that name must not reach a terminal as it is. */
TEST(files_of_other_programs_are_matched)
{
    const char *path = foreign(
        "{" T("z", "F16", "0", "0,0") "," T("bn.num_batches_tracked", "I64",
        "", "0,8") "," T("head.bias", "BF16", "2,2", "8,16") ","
        T("a\\u001b\\u0080\\n", "F8", "2,4", "16,24") "}");

    ck_assert_int_eq(load(to, path), -1);
    assert_error("foreign: holds no parameter of the graph in the same shape; "
                 "give the nodes the names that they have in the file "
                 "(gradus_set_name)");
    ck_assert_ptr_nonnull(strstr(report, "head.bias: got [2,2] in the file"));
    ck_assert_ptr_nonnull(strstr(report, "alone: a\\x1b\\xc2\\x80\\x0a\n"));
    ck_assert_ptr_nonnull(strstr(report, "alone: z\n"));
    ck_assert_ptr_null(strstr(report, "tracked"));
    assert_unchanged();
    path = foreign("{" T("dense1.bias", "F64", "3", "0,24") "}");
    ck_assert_int_eq(load(to, path), 1);
    ck_assert(gradus_parameters(to)[6] == (gradus_real)0.5 &&
              gradus_parameters(to)[8] == (gradus_real)0.25);
}

LOOP_TEST(an_empty_tensor_may_stand_before_or_behind_another, 3)
{
    static const char *const headers[] = {
        "{" T("a", "F32", "0", "0,0") "," T("dense1.bias", "F64", "3", "0,24")
        "}",
        "{" T("dense1.bias", "F64", "3", "0,24") "," T("a", "F32", "0", "0,0")
        "}",
        "{" T("a", "F32", "0", "24,24") "," T("dense1.bias", "F64", "3",
        "0,24") "}",
    };

    ck_assert_msg(load(to, foreign(headers[_i])) == 1, "%s", gradus_error());
}

LOOP_TEST(what_is_wrong_with_a_foreign_file_is_an_error, 6)
{
    static const struct {
        const char *header, *error;
    } cases[] = {
        { "{" T("dense1.bias", "F16", "3", "0,24") "}",
          "tensor dense1.bias has dtype F16; must be F32 or F64" },
        { "{" T("dense1.bias", "F64", "3", "0,16") "," T("a", "U8", "8",
          "16,24") "}", "tensor dense1.bias: its shape needs 24 bytes" },
        { "{" T("dense1.bias", "F32", "3", "0,12") "}",
          "cut short or damaged" },
        { "{" T("dense1.bias", "F32", "3", "0,12") "," T("a", "U8", "12",
          "4,16") "}", "tensor a begins at byte 4 of the data; must" },
        { "{" T("dense1.bias", "F64", "3", "0,24") ",\"a\":7}", "tensor a: " },
        { "{\"dense1.bias\":{\"dtype\":\"F64\",\"data_offsets\":[0,24]}}",
          "tensor dense1.bias: " },
    };

    ck_assert_int_eq(load(to, foreign(cases[_i].header)), -1);
    assert_error(cases[_i].error);
    ck_assert_str_eq(report, "");
    assert_unchanged();
}

/* ---- errors --------------------------------------------------------------*/

TEST(a_file_that_is_damaged_anywhere_changes_and_reports_nothing)
{
    gradus_graph *from = small_net(1);
    const char *path = files_path("net");

    ck_assert_int_eq(gradus_save(from, path), 0);
    contents c = read_whole(path);
    for (size_t i = 0; i < c.size; i++) {
        c.byte[i] ^= (unsigned char)(1 << i % 8);
        path = files_write("net", c.byte, c.size);
        c.byte[i] ^= (unsigned char)(1 << i % 8);
        ck_assert_msg(gradus_load_matching(to, path, NULL) == -1,
                      "loaded with a bit of byte %zu flipped", i);
    }
    for (size_t size = 0; size < c.size; size++) {
        path = files_write("net", c.byte, size);
        ck_assert_msg(load(to, path) == -1, "%zu of %zu bytes were loaded",
                      size, c.size);
        ck_assert_str_eq(report, "");
    }
    assert_unchanged();
    free(c.byte);
    gradus_graph_free(from);
}

TEST(a_graph_without_parameters_matches_nothing)
{
    gradus_graph *g = gradus_graph_new(1);

    gradus_relu(gradus_input(g, 2));
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    ck_assert_int_eq(load(g, files_path("net")), -1);
    assert_error("net: holds no parameter of the graph");
    ck_assert_str_eq(report, "");
    gradus_graph_free(g);
}

/* The second stream has no buffer, so it fails earlier. */
LOOP_TEST(a_report_that_cannot_be_written_is_an_error, 2)
{
    FILE *full = access("/dev/full", W_OK) ? NULL : fopen("/dev/full", "w");

    if (!full)
        return;
    ck_assert_int_eq(gradus_save(to, files_path("net")), 0);
    gradus_parameters(to)[0] = before[0] = 9;
    if (_i)
        setvbuf(full, NULL, _IONBF, 0);
    ck_assert_int_eq(gradus_load_matching(to, files_path("net"), full), -1);
    assert_error("net: the report cannot be written");
    assert_unchanged();
    fclose(full);
}
