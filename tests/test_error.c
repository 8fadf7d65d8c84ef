/* test_error.c -- messages whose arguments are long, or hold bytes that would
 * act on a terminal or make JSON invalid. */
#include "files.h"
#include "tests.h"

#include "base/error.h"

#include <jansson.h>
#include <stdlib.h>

/* ---- bytes that are shown by their numbers ------------------------------ */

static const struct {
    const char *given, *shown;
} bytes[] = {
    { "", "" },
    { "plain text: ~ !", "plain text: ~ !" },
    { "\033[2Jx", "\\x1b[2Jx" },
    { "a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd" },
    { "\x01\x02\x1f\x7f", "\\x01\\x02\\x1f\\x7f" },
    { "\xff", "\\xff" },
    { "a\xffz", "a\\xffz" },
    /* Every length of UTF-8, and its first and last characters. */
    { "\xc2\xa0\xdf\xbf", "\xc2\xa0\xdf\xbf" },
    { "\xe0\xa0\x80\xef\xbf\xbf", "\xe0\xa0\x80\xef\xbf\xbf" },
    { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
    { "Gr\xc3\xbc\xc3\x9f", "Gr\xc3\xbc\xc3\x9f" },
    { "\xe7\x8c\xab \xf0\x9f\x90\x88", "\xe7\x8c\xab \xf0\x9f\x90\x88" },
    /* U+009B, which begins a terminal's command as ESC [ does; and others of
     * these control characters. */
    { "\xc2\x9b" "2J", "\\xc2\\x9b2J" },
    { "\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f" },
    /* Cut short, too long, a surrogate, beyond Unicode, no first byte. */
    { "\xc3", "\\xc3" },
    { "\xe7\x8c", "\\xe7\\x8c" },
    { "\xe7\x8cz", "\\xe7\\x8cz" },
    { "\xf0\x9f\x90", "\\xf0\\x9f\\x90" },
    { "\xc0\x80\xc1\xbf", "\\xc0\\x80\\xc1\\xbf" },
    { "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf" },
    { "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf" },
    { "\xed\xa0\x80\xed\xbf\xbf", "\\xed\\xa0\\x80\\xed\\xbf\\xbf" },
    { "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
    { "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80" },
    { "\x80\xbf", "\\x80\\xbf" },
    { "\xc3\xbc\xbc", "\xc3\xbc\\xbc" },
};

LOOP_TEST(control_characters_and_stray_bytes_are_shown_as_numbers,
          COUNT(bytes))
{
    gradus_error_set("%s", bytes[_i].given);
    ck_assert_str_eq(gradus_error(), bytes[_i].shown);
    gradus_error_set("file: %s: %d", bytes[_i].given, 7);
    assert_error(bytes[_i].shown);
    /* A second message with the first in it changes nothing more. */
    gradus_error_set("%s: x", bytes[_i].given);
    gradus_error_set("%s", gradus_error());
    ck_assert(strncmp(gradus_error(), bytes[_i].shown,
                      strlen(bytes[_i].shown)) == 0);
}

/* jansson decides what is UTF-8: every character of one byte to four. */
TEST(a_message_is_always_valid_in_json)
{
    for (unsigned first = 1; first < 256; first++)
        for (unsigned next = 0; next < 256; next++) {
            char text[] = { (char)first, (char)next, (char)(next ^ 0x20),
                            (char)(0x80 | first), 0 };
            gradus_error_set("%s", text);
            json_t *json = json_string(gradus_error());
            ck_assert_msg(json != NULL, "bytes %02x %02x", first, next);
            json_decref(json);
        }
}

/* ---- lengths ------------------------------------------------------------ */

/* A string of n bytes: `unit` over and over. */
static char *repeated(const char *unit, size_t n)
{
    char *text = calloc(n + 1, 1);

    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < n; i++)
        text[i] = unit[i % strlen(unit)];
    return text;
}

static int ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);

    return n >= k && strcmp(text + n - k, end) == 0;
}

static const size_t lengths[] = { 560, 1000, 1011, 1012, 1013, 1024, 4096, 4097,
                                  10000 };

LOOP_TEST(the_front_of_a_long_path_is_cut_and_its_reason_stands,
          COUNT(lengths))
{
    char *path = repeated("abcdefgh/", lengths[_i]);

    memcpy(path, "/begin", 6);
    gradus_error_set("%s: the reason", path);
    ck_assert_msg(ends_with(gradus_error(), ": the reason"), "%s",
                  gradus_error());
    if (lengths[_i] <= 1011) {
        ck_assert(strncmp(gradus_error(), path, lengths[_i]) == 0);
    } else {
        ck_assert(strncmp(gradus_error(), "...", 3) == 0);
        ck_assert_uint_eq(strlen(gradus_error()), 1023);
    }
    /* The place may be added by a second call. */
    gradus_error_set("the reason");
    gradus_error_set("%s: %s", path, gradus_error());
    ck_assert(ends_with(gradus_error(), ": the reason"));
    free(path);
}

TEST(a_lack_of_memory_is_told_however_long_the_path_is)
{
    char *path = repeated("abcdefgh/", 4000);

    gradus_no_memory("the %d lines of %s", 12, path);
    ck_assert(strncmp(gradus_error(), "out of memory for ...abc", 21) == 0);
    ck_assert_uint_eq(strlen(gradus_error()), 1023);
    ck_assert(ends_with(gradus_error(), "abcdefgh/abcd"));
    free(path);
}

/* 0 to 3 bytes before the path move the place of the cut within a
 * character. */
LOOP_TEST(a_path_is_cut_between_characters, 12)
{
    static const char *const units[] = { "\xc3\xbc", "\xe7\x8c\xab",
                                         "\xf0\x9f\x90\x88" };
    const char *unit = units[_i % 3];
    char *path = repeated(unit, strlen(unit) * 1000);

    gradus_error_set("%s: x%.*s", path, _i / 3, "yyyy");
    ck_assert_uint_gt(strlen(gradus_error()), 1019);
    ck_assert(strncmp(gradus_error(), "...", 3) == 0);
    ck_assert(strncmp(gradus_error() + 3, unit, strlen(unit)) == 0);
    ck_assert_ptr_null(strstr(gradus_error(), "\\x"));
    free(path);
}

TEST(a_string_of_no_sensible_length_is_a_reason_itself)
{
    for (size_t n = 16370; n < 200000; n = n < 16400 ? n + 1 : 3 * n) {
        char *path = repeated("abcdefgh/", n);
        gradus_error_set("%s: the reason", path);
        ck_assert(ends_with(gradus_error(), "the reason") ||
                  ends_with(gradus_error(), "of bytes is too long"));
        free(path);
    }
    gradus_error_set("%s", "");
    ck_assert_str_eq(gradus_error(), "");
}

TEST(a_long_string_of_control_characters_does_not_push_out_the_reason)
{
    char *path = repeated("\033", 900);

    gradus_error_set("%s: %.64s: the reason", path, path);
    ck_assert(ends_with(gradus_error(), "\\x1b: the reason"));
    free(path);
}

/* ---- every function that takes a path ----------------------------------- */

static char long_path[601];

/* The path of a file in folders in one another, none of which is there. */
static const char *deep(size_t n)
{
    snprintf(long_path, sizeof long_path, "%s", files_path("d"));
    while (strlen(long_path) < n)
        strcat(long_path, strlen(long_path) % 11 ? "x" : "/");
    return long_path;
}

static int load_model(const char *path)
{
    gradus_graph *g = gradus_load(path, 1, 1, NULL);

    gradus_graph_free(g);
    return g == NULL;
}

static int load_csv(const char *path)
{
    return gradus_load_csv(path, NULL) == NULL;
}

static int load_idx(const char *path)
{
    return gradus_load_idx(path, path) == NULL;
}

static int load_mnist(const char *path)
{
    return gradus_load_mnist(path, "train") == NULL;
}

static int load_image(const char *path)
{
    uint8_t pixels[4];

    return gradus_load_image(path, 1, 2, 2, pixels);
}

static int load_folder(const char *path)
{
    return gradus_load_image_folder(path, 1, 2, 2, NULL) == NULL;
}

static gradus_graph *tiny(void)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 1), *t = gradus_labels(g, 1);

    gradus_softmax_ce(gradus_dense(x, 2), t, NULL);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    return g;
}

static int load_parameters(const char *path)
{
    gradus_graph *g = tiny();
    int error = gradus_load_parameters(g, path);

    gradus_graph_free(g);
    return error;
}

static int save(const char *path)
{
    gradus_graph *g = tiny();
    int error = gradus_save(g, path);

    gradus_graph_free(g);
    return error;
}

static int write_log(const char *path)
{
    static const gradus_real x[] = { 1 };
    static const int32_t labels[] = { 0 };
    const gradus_dataset d = { .n = 1, .size = 1, .x = x, .labels = labels };
    gradus_graph *g = tiny();
    gradus_optimiser *o = gradus_sgd(g, NULL);
    int error = gradus_fit(o, &d, &(gradus_fit_options){ .log = path });

    gradus_optimiser_free(o);
    gradus_graph_free(g);
    return error;
}

static int (*const takers[])(const char *path) = {
    load_model, load_parameters, save,        load_csv,  load_idx,
    load_mnist, load_image,      load_folder, write_log,
};

EACH_TEST(.begin = files_begin, .end = files_end)

LOOP_TEST(the_reason_stands_however_long_the_path_is, COUNT(takers))
{
    static const char missing[] = "No such file or directory";

    ck_assert_int_ne(takers[_i](deep(560)), 0);
    assert_error(missing);
    for (size_t n = 1000; n < 300000; n = n < 4000 ? n + 1000 : n * 5) {
        char *path = repeated("abcdefgh/", n);
        ck_assert_int_ne(takers[_i](path), 0);
        ck_assert_msg(strstr(gradus_error(), missing) ||
                          strstr(gradus_error(), "File name too long") ||
                          strstr(gradus_error(), "too long"),
                      "path of %zu bytes: %s", n, gradus_error());
        free(path);
    }
}

/* ---- names -------------------------------------------------------------- */

TEST(a_long_name_does_not_push_out_the_reason)
{
    char *name = repeated("abc\033", 3000);
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2);

    ck_assert_int_ne(gradus_set_name(x, name), 0);
    assert_error("must be 1 to 31 letters");
    ck_assert_ptr_null(strchr(gradus_error(), '\033'));
    ck_assert_int_ne(gradus_compile(g, 1, 1), 0);
    assert_error("must be 1 to 31 letters");
    gradus_fail(NULL, "setting %s is wrong", name);
    ck_assert(ends_with(gradus_error(), " is wrong"));
    gradus_fail(x, "%.40s is wrong", name);
    ck_assert(strncmp(gradus_error(), "node 0, input: abc\\x1b", 21) == 0);
    ck_assert(ends_with(gradus_error(), " is wrong"));
    gradus_fail(x, "%s is wrong", name);
    ck_assert(ends_with(gradus_error(), " is wrong"));
    free(name);
    gradus_graph_free(g);
}

TEST(a_field_of_a_csv_file_cannot_clear_the_screen)
{
    static const char csv[] = "a,b\n1,\033[2Jx\n";

    ck_assert_ptr_null(gradus_load_csv(
        files_write("\xff.csv", csv, sizeof csv - 1), NULL));
    assert_error("/\\xff.csv:2: column 2 (\"b\"): got \"\\x1b[2Jx\"");
}
