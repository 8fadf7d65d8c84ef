/* test_metadata.c -- texts that a caller keeps with a graph. */
#include "model_files.h"

#include "nets.h"

#include <stdlib.h>

static gradus_graph *g;

static void begin(void)
{
    files_begin();
    g = small_net(1);
}

static void end(void)
{
    gradus_graph_free(g);
    files_end();
}

EACH_TEST(.begin = begin, .end = end)

static void set(const char *key, const char *text)
{
    ck_assert_msg(gradus_set_metadata(g, key, text) == 0, "%s",
                  gradus_error());
}

/* Asserts that the keys and texts of h are these, in this order. */
static void holds(const gradus_graph *h, int n, const char *const pairs[][2])
{
    for (int i = 0; i < n; i++) {
        const char *key = gradus_metadata_key(h, i);
        ck_assert_msg(key != NULL, "key %d is missing", i);
        ck_assert_str_eq(key, pairs[i][0]);
        ck_assert_str_eq(gradus_metadata(h, key), pairs[i][1]);
    }
    ck_assert_ptr_null(gradus_metadata_key(h, n));
}

#define HOLDS(h, ...)                                                       \
    holds(h, (int)(sizeof (const char *[][2]){ __VA_ARGS__ } /              \
                   sizeof(const char *[2])),                                \
          (const char *const[][2]){ __VA_ARGS__ })

TEST(a_text_is_kept_under_its_key)
{
    char key[] = "data", text[] = "people.csv";

    ck_assert_ptr_null(gradus_metadata_key(g, 0));
    set(key, text);
    key[0] = text[0] = 'x'; /* both were copied */
    HOLDS(g, { "data", "people.csv" });
    ck_assert_ptr_null(gradus_metadata(g, "Data"));
    ck_assert_ptr_null(gradus_metadata_key(g, -1));
}

TEST(keys_stay_in_the_order_in_which_they_were_set_first)
{
    set("c", "1");
    set("a", "2");
    set("b", "3");
    set("c", "4");
    HOLDS(g, { "c", "4" }, { "a", "2" }, { "b", "3" });
    set("a", NULL);
    HOLDS(g, { "c", "4" }, { "b", "3" });
    set("a", "5");
    HOLDS(g, { "c", "4" }, { "b", "3" }, { "a", "5" });
    set("c", NULL);
    set("a", NULL);
    set("none", NULL);
    set("b", NULL);
    ck_assert_ptr_null(gradus_metadata_key(g, 0));
}

TEST(a_text_may_be_set_to_itself)
{
    set("a", "some text");
    set("a", gradus_metadata(g, "a"));
    HOLDS(g, { "a", "some text" });
    set(gradus_metadata_key(g, 0), "another");
    HOLDS(g, { "a", "another" });
    set(gradus_metadata_key(g, 0), NULL);
    ck_assert_ptr_null(gradus_metadata_key(g, 0));
}

static void refused(const char *key, const char *text, const char *why)
{
    ck_assert_int_ne(gradus_set_metadata(g, key, text), 0);
    assert_error(why);
}

TEST(keys_of_the_library_and_texts_that_are_not_utf8_are_refused)
{
    set("a", "1");
    refused("", "b", "got the key \"\"; must not be empty");
    refused("gradus.", "b", "got the key \"gradus.\"; must not be empty, nor "
                            "begin with \"gradus.\"");
    refused("gradus.table", "b", "got the key \"gradus.table\"");
    refused("gradus.table", NULL, "got the key \"gradus.table\"");
    refused("a", "\xff", "the text of \"a\" is not UTF-8");
    refused("a", "\xc3", "the text of \"a\" is not UTF-8");
    refused("a", "x\xed\xa0\x80", "the text of \"a\" is not UTF-8");
    refused("a", "\xf4\x90\x80\x80", "the text of \"a\" is not UTF-8");
    refused("a", "\xc0\xaf", "the text of \"a\" is not UTF-8");
    refused("caf\xe9", "b", "the key \"caf\\xe9\" is not UTF-8");
    refused(NULL, "b", "gradus_set_metadata: the key is NULL");
    ck_assert_int_ne(gradus_set_metadata(NULL, "a", "b"), 0);
    assert_error("gradus_set_metadata: the graph is NULL");
    HOLDS(g, { "a", "1" });
    set("gradus", "2"); /* not the library's */
    set("\xf0\x9f\x90\x88", "\xc3\xa9l\xc3\xa9phant");
    HOLDS(g, { "a", "1" }, { "gradus", "2" },
          { "\xf0\x9f\x90\x88", "\xc3\xa9l\xc3\xa9phant" });
}

TEST(questions_about_nothing_have_no_answer)
{
    ck_assert_ptr_null(gradus_metadata(NULL, "a"));
    ck_assert_ptr_null(gradus_metadata(g, NULL));
    ck_assert_ptr_null(gradus_metadata(g, "a"));
    set("a", "1");
    ck_assert_ptr_null(gradus_metadata(g, NULL));
    ck_assert_ptr_null(gradus_metadata_key(NULL, 0));
}

/* ---- model files -------------------------------------------------------- */

static void set_some(void)
{
    set("z", "\"quoted\\\"\n\t\x01");
    set("empty", "");
    set("format", "pt");
    set("\xc3\xa9", "\xe2\x82\xac 1,5");
}

static void assert_same_files(const char *name, const char *other)
{
    contents a = read_whole(files_path(name));
    contents b = read_whole(files_path(other));

    ck_assert(same(a, b));
    free(a.byte);
    free(b.byte);
}

TEST(a_model_file_keeps_them)
{
    set_some();
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    gradus_graph *h = gradus_load(files_path("net"), 4, 1, NULL);
    ck_assert_msg(h != NULL, "%s", gradus_error());
    HOLDS(h, { "z", "\"quoted\\\"\n\t\x01" }, { "empty", "" },
          { "format", "pt" }, { "\xc3\xa9", "\xe2\x82\xac 1,5" });
    ck_assert_int_eq(gradus_save(h, files_path("again")), 0);
    assert_same_files("net", "again");
    ck_assert_int_eq(gradus_set_metadata(h, "z", NULL), 0); /* after compile */
    ck_assert_int_eq(gradus_save(h, files_path("less")), 0);
    gradus_graph_free(h);
    h = gradus_load(files_path("less"), 4, 1, NULL);
    HOLDS(h, { "empty", "" }, { "format", "pt" },
          { "\xc3\xa9", "\xe2\x82\xac 1,5" });
    gradus_graph_free(h);
}

/* What is loaded from a checkpoint as a model has the texts, but not the
 * optimiser's. */
TEST(a_checkpoint_keeps_them)
{
    gradus_optimiser *o = gradus_sgd(g, NULL);

    set_some();
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    ck_assert_msg(gradus_save_checkpoint(o, files_path("state")) == 0, "%s",
                  gradus_error());
    gradus_graph *h = gradus_load(files_path("state"), 4, 1, NULL);
    ck_assert_msg(h != NULL, "%s", gradus_error());
    ck_assert_int_eq(gradus_save(h, files_path("again")), 0);
    assert_same_files("net", "again");
    gradus_graph_free(h);
    set("z", "of the graph");
    ck_assert_int_eq(gradus_load_checkpoint(o, files_path("state")), 0);
    ck_assert_str_eq(gradus_metadata(g, "z"), "of the graph");
    gradus_optimiser_free(o);
}

TEST(parameters_are_loaded_from_a_file_with_other_metadata)
{
    gradus_graph *h = small_net(2);

    set_some();
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    ck_assert_int_eq(gradus_load_parameters(h, files_path("net")), 0);
    ck_assert_uint_eq(gradus_parameters_hash(h), gradus_parameters_hash(g));
    ck_assert_ptr_null(gradus_metadata_key(h, 0));
    gradus_graph_free(h);
}

TEST(a_file_of_pytorchs_is_read_for_its_parameters)
{
    static const char header[] =
        "{\"__metadata__\":{\"format\":\"pt\",\"author\":\"\"},"
        "\"dense1.weight\":{\"dtype\":\"F32\",\"shape\":[1,2],"
        "\"data_offsets\":[0,8]},\"dense1.bias\":{\"dtype\":\"F32\","
        "\"shape\":[1],\"data_offsets\":[8,12]}}";
    unsigned char data[12];
    gradus_graph *h = gradus_graph_new(1);

    gradus_dense(gradus_input(h, 2), 1);
    ck_assert_int_eq(gradus_compile(h, 1, 1), 0);
    float_bytes((const float[]){ 1, 2, 3 }, 3, data);
    const char *path = write_safetensors("pt", header, strlen(header), data,
                                         sizeof data);
    ck_assert_msg(gradus_load_parameters(h, path) == 0, "%s", gradus_error());
    ck_assert(gradus_parameters(h)[1] == 2);
    ck_assert_ptr_null(gradus_metadata_key(h, 0));
    gradus_graph_free(h);
}

/* Keys of a later version's are not the caller's. */
TEST(unknown_keys_of_the_librarys_are_not_kept)
{
    set("wradus.x", "1");
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    contents c = read_whole(files_path("net"));
    *strstr((char *)c.byte + 8, "wradus.x") = 'g';
    seal(c);
    files_write("net", c.byte, c.size);
    free(c.byte);
    gradus_graph *h = gradus_load(files_path("net"), 4, 1, NULL);
    ck_assert_msg(h != NULL, "%s", gradus_error());
    ck_assert_ptr_null(gradus_metadata_key(h, 0));
    gradus_graph_free(h);
}
