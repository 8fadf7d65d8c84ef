/* test_table_saved.c -- tables in model files that are damaged, or made to do
 * harm: none may crash, and each that is refused is so with a message. */
#include "model_files.h"

#include "graph/graph.h"

#include "allocations.h"

#include <stdio.h>
#include <stdlib.h>

static gradus_graph *g;

static void begin(void)
{
    files_begin();
    g = gradus_graph_new(1);
}

static void end(void)
{
    gradus_graph_free(g);
    files_end();
}

EACH_TEST(.begin = begin, .end = end, .timeout = 60)

/* A file as of the table below. */
static const char DATA[] = "a,b,y,p,z\n1,x,no,2,w\n,y,yes,3,w\n";

#define COLUMN(name, kind, missing, indicator, categories)                  \
    "{\"name\":\"" name "\",\"kind\":" kind ",\"missing\":" missing         \
    ",\"indicator\":" indicator ",\"categories\":[" categories "]}"
#define A COLUMN("a", "0", "true", "true", "")
#define B COLUMN("b", "1", "false", "false", "\"x\",\"y\"")
#define Y COLUMN("y", "2", "false", "false", "\"no\",\"yes\"")
#define P COLUMN("p", "3", "false", "false", "")
#define Z COLUMN("z", "4", "false", "false", "")
#define TABLE(columns)                                                      \
    "{\"separator\":\",\",\"header\":true,\"fill\":1,\"columns\":["         \
    columns "]}"

static const char GOOD[] = TABLE(A "," B "," Y "," P "," Z);

static gradus_table *table(const char *text)
{
    ck_assert_int_eq(gradus_set_note(g, "gradus.table", text), 0);
    return gradus_get_table(g);
}

TEST(a_table_is_saved_as_this_text)
{
    const char *path = files_write("data.csv", DATA, strlen(DATA));
    gradus_table *t = gradus_table_new(path, &(gradus_table_options){
        .label = "y", .missing = GRADUS_MISSING_MEAN, .indicators = true,
        .targets = (const char *const[]){ "p", NULL },
        .ignore = (const char *const[]){ "z", NULL } });
    ck_assert_msg(t != NULL, "%s", gradus_error());
    gradus_dataset *d = gradus_table_load(t, path, 0);
    ck_assert_int_eq(gradus_table_fit(t, d), 0);
    ck_assert_msg(gradus_set_table(gradus_input(g, 4), NULL, t) == 0, "%s",
                  gradus_error());
    ck_assert_str_eq(gradus_metadata(g, "gradus.table"), GOOD);
    gradus_dataset_free(d);
    gradus_table_free(t);
}

static const struct {
    const char *text, *why;
} BAD[] = {
    { "", "gradus.table, byte " },
    { "{", "gradus.table, byte " },
    { "[]", "gradus.table: it is not as gradus_set_table writes it" },
    { "7", "gradus.table, byte " },
    { "{}", "gradus.table: it is not" },
    { "{\"a\":1,\"a\":2}", "duplicate" },
    { "{\"columns\":\"\\u0000\"}", "gradus.table, byte " },
    { TABLE(""), "gradus.table: it is not" },
    { "{\"separator\":\",\",\"header\":true,\"fill\":1,\"columns\":{}}",
      "gradus.table: it is not" },
    { "{\"separator\":\",\",\"header\":1,\"fill\":1,\"columns\":[" A "]}",
      "gradus.table: it is not" },
    { "{\"separator\":\"\",\"header\":true,\"fill\":1,\"columns\":[" A "]}",
      "gradus.table: it is not" },
    { "{\"separator\":\"x\",\"header\":true,\"fill\":1,\"columns\":[" A "]}",
      "gradus.table: it is not" },
    { "{\"separator\":\",;\",\"header\":true,\"fill\":1,\"columns\":[" A "]}",
      "gradus.table: it is not" },
    { "{\"separator\":\",\",\"header\":true,\"fill\":-1,\"columns\":[" A "]}",
      "gradus.table: it is not" },
    { "{\"separator\":\",\",\"header\":true,\"fill\":3,\"columns\":[" A "]}",
      "gradus.table: it is not" },
    { "{\"separator\":\",\",\"header\":true,\"fill\":4294967296,\"columns\":["
      A "]}", "gradus.table: it is not" },
    { "{\"separator\":\",\",\"header\":true,\"columns\":[" A "]}", "it is" },
    { TABLE("7"), "gradus.table: a column is not as gradus_set_table" },
    { TABLE("null," A), "gradus.table: a column is not" },
    { TABLE("{\"name\":\"a\"}"), "gradus.table: a column is not" },
    { TABLE(COLUMN("a", "-1", "false", "false", "")), "a column is not" },
    { TABLE(COLUMN("a", "5", "false", "false", "")), "a column is not" },
    { TABLE(COLUMN("a", "4294967296", "false", "false", "")), "a column is" },
    { TABLE(COLUMN("a", "0.5", "false", "false", "")), "a column is not" },
    { TABLE(COLUMN("a", "0", "7", "false", "")), "a column is not" },
    { TABLE(COLUMN("a", "0", "false", "true", "")),
      "gradus.table: column \"a\" is not as gradus_set_table writes it" },
    { TABLE(A "," COLUMN("b", "2", "true", "true", "\"x\"")), "\"b\" is not" },
    { TABLE(COLUMN("a", "0", "false", "false", "\"x\"")), "\"a\" is not" },
    { TABLE(COLUMN("a", "1", "false", "false", "")), "\"a\" is not" },
    { TABLE(A "," COLUMN("b", "2", "false", "false", "")), "\"b\" is not" },
    { TABLE(COLUMN("a", "1", "false", "false", "7")), "a category is not" },
    { TABLE(COLUMN("a", "1", "false", "false", "\"x\",null")), "a category" },
    { TABLE(COLUMN("a", "1", "false", "false", "\"x\",\"x\"")),
      "\"a\" is not" },
    { TABLE(COLUMN("a", "1", "false", "false", "\"y\",\"x\"")),
      "\"a\" is not" },
    { TABLE(A "," COLUMN("b", "2", "false", "false", "\"10\",\"9\"")),
      "\"b\" is not" },
    { TABLE(A "," A),
      "gradus.table: columns 1 and 2 are both called \"a\"" },
    { TABLE(A "," Y "," COLUMN("x", "2", "false", "false", "\"no\"")),
      "gradus.table: has 2 columns of labels and 2 values; must have at most "
      "1, and at least 1" },
    { TABLE(Y "," P "," Z), "has 1 columns of labels and 0 values" },
};

LOOP_TEST(a_table_that_is_not_as_it_was_written_is_refused, COUNT(BAD))
{
    int live = allocations_live();

    gradus_set_note(g, "gradus.table", BAD[_i].text);
    ck_assert_msg(gradus_get_table(g) == NULL,
                  "%s is a table; must be refused", BAD[_i].text);
    assert_error(BAD[_i].why);
    gradus_set_note(g, "gradus.table", NULL);
    ck_assert_int_eq(allocations_live(), live);
}

TEST(labels_of_a_table_are_sorted_by_size_if_all_are_numbers)
{
    gradus_table *t = table(TABLE(A "," COLUMN(
        "b", "2", "false", "false", "\"9\",\"10\",\"10.0\"")));

    ck_assert_msg(t != NULL, "%s", gradus_error());
    gradus_table_free(t);
    t = table(TABLE(A "," COLUMN("b", "2", "false", "false",
                                 "\"10\",\"9\",\"x\"")));
    ck_assert_msg(t != NULL, "%s", gradus_error());
    gradus_table_free(t);
}

/* Prints a table of `columns` columns of `each` categories, to be freed. */
static char *large(int columns, int each)
{
    char *text = malloc((size_t)columns * ((size_t)each * 12 + 100) + 100);
    char *to = text;

    ck_assert_ptr_nonnull(text);
    to += sprintf(to, "{\"separator\":\",\",\"header\":true,\"fill\":0,"
                      "\"columns\":[");
    for (int k = 0; k < columns; k++) {
        to += sprintf(to, "%s{\"name\":\"%d\",\"kind\":1,\"missing\":false,"
                      "\"indicator\":false,\"categories\":[", k ? "," : "", k);
        for (int i = 0; i < each; i++)
            to += sprintf(to, "%s\"%08d\"", i ? "," : "", i);
        to += sprintf(to, "]}");
    }
    sprintf(to, "]}");
    return text;
}

TEST(sizes_are_limited)
{
    static const struct {
        int columns, each;
        const char *why;
    } cases[] = {
        { 65, 1000, NULL },
        { 66, 1000, "gradus.table: the columns up to \"65\" become 66000" },
        { 1, 1001, "\"0\" has 1001 categories; must have at most 1000" },
        { 300, 1000, "gradus.table holds more than 262144 values" },
        { 1, 300000, "gradus.table holds more than 262144 values" },
    };

    for (int i = 0; i < COUNT(cases); i++) {
        char *text = large(cases[i].columns, cases[i].each);
        gradus_table *t = table(text);
        ck_assert_msg(!t == (cases[i].why != NULL), "case %d: %s", i,
                      gradus_error());
        if (!t)
            assert_error(cases[i].why);
        gradus_table_free(t);
        free(text);
    }
}

/* Reads DATA by a table that may be anything. */
static void use(gradus_table *t)
{
    gradus_dataset *d = gradus_table_load(t, files_path("data.csv"), 0);

    ck_assert(d || *gradus_error());
    if (d && gradus_table_fit(t, d) == 0) {
        gradus_graph *h = gradus_graph_new(1);
        ck_assert_msg(gradus_set_table(gradus_input(h, d->size), NULL, t) ==
                          0, "%s", gradus_error());
        gradus_table *back = gradus_get_table(h);
        ck_assert_msg(back != NULL, "%s", gradus_error());
        gradus_table_free(back);
        gradus_graph_free(h);
    }
    gradus_dataset_free(d);
}

/* Each byte in turn is left out, or becomes another. */
TEST(a_table_with_a_wrong_byte_does_no_harm)
{
    static const char other[] = "\"{}[]:,-01234xay\\tfn ";
    char text[sizeof GOOD];
    int tables = 0;

    files_write("data.csv", DATA, strlen(DATA));
    for (size_t i = 0; i < strlen(GOOD); i++)
        for (size_t k = 0; k < sizeof other; k++) {
            strcpy(text, GOOD);
            if (other[k])
                text[i] = other[k];
            else
                memmove(text + i, text + i + 1, strlen(text + i));
            gradus_set_name(NULL, NULL); /* a message about something else */
            gradus_table *t = table(text);
            ck_assert_msg(t || strstr(gradus_error(), "gradus.table"),
                          "%s: %s", text, gradus_error());
            tables += t != NULL;
            if (t)
                use(t);
            gradus_table_free(t);
        }
    ck_assert_int_gt(tables, 100); /* other names, categories and kinds */
}

/* The same through a file, whose other parts stay as they are. */
TEST(a_damaged_table_does_not_keep_a_model_from_loading)
{
    gradus_dense(gradus_input(g, 4), 1);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    gradus_set_note(g, "gradus.table", GOOD);
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    contents c = read_whole(files_path("net"));
    char *at = strstr((char *)c.byte + 8, "\\\"kind\\\":3");
    ck_assert_ptr_nonnull(at);
    at[strlen("\\\"kind\\\":")] = '2'; /* a second label */
    seal(c);
    files_write("net", c.byte, c.size);
    free(c.byte);
    gradus_graph *h = gradus_load(files_path("net"), 1, 1, NULL);
    ck_assert_msg(h != NULL, "%s", gradus_error());
    ck_assert_ptr_null(gradus_get_table(h));
    assert_error("gradus.table: column \"p\" is not as");
    gradus_graph_free(h);
}
