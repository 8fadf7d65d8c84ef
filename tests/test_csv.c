/* test_csv.c -- CSV files, good and bad. */
#define _POSIX_C_SOURCE 200809L
#include "files.h"
#include "tests.h"

#include "base/locale.h"
#include "base/number.h"
#include "allocations.h"
#include "nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const gradus_csv_options NUMBERS = { .header = GRADUS_CSV_NO_HEADER };
static gradus_dataset *d;

static void end(void)
{
    gradus_dataset_free(d);
    d = NULL;
    files_end();
}

EACH_TEST(.begin = files_begin, .end = end)

static const char *file(const char *text)
{
    return files_write("data.csv", text, strlen(text));
}

static void load(const char *text, const gradus_csv_options *o)
{
    gradus_dataset_free(d);
    d = gradus_load_csv(file(text), o);
    ck_assert_msg(d != NULL, "%s", gradus_error());
}

/* Asserts that d holds the values x [n,size]. */
static void holds(size_t n, int size, const double *x)
{
    ck_assert_uint_eq(d->n, n);
    ck_assert_int_eq(d->size, size);
    ck_assert_ptr_null(d->pixels);
    for (size_t i = 0; i < n * (size_t)size; i++)
        ck_assert_msg(d->x[i] == (gradus_real)x[i],
                      "value %zu is %.17g; must be %.17g", i, (double)d->x[i],
                      x[i]);
}

/* Asserts that d holds these labels [n]. */
static void labelled(const int32_t *labels, int classes)
{
    ck_assert_int_eq(d->classes, classes);
    ck_assert_int_eq(d->positions, 1);
    ck_assert_mem_eq(d->labels, labels, d->n * sizeof *labels);
}

/* Asserts that a file of this text is refused with this message, and that no
 * memory is lost. */
static void refused(const char *text, const gradus_csv_options *o,
                    const char *message)
{
    int live = allocations_live();

    ck_assert_msg(gradus_load_csv(file(text), o) == NULL,
                  "\"%s\" was loaded; must be refused", text);
    assert_error(message);
    ck_assert_int_eq(allocations_live(), live);
}

/* ---- what is read ------------------------------------------------------- */

TEST(a_header_and_rows_of_numbers_are_read)
{
    static const double x[] = { 1, 2.5, -3, 4e-3, 0, 5e2 };

    load("a,b,c\n1,2.5,-3\n4e-3,0,+5E+2\n", NULL);
    holds(2, 3, x);
    ck_assert_ptr_null(d->labels);
    ck_assert_ptr_null(d->targets);
    ck_assert_ptr_null(d->class_names);
}

/* Each text is the table with the rows 1 2 and 3 4. */
static const struct {
    const char *text;
    gradus_csv_options o;
} SAME[] = {
    { "a,b\r\n1,2\r\n3,4\r\n", { 0 } },
    { "a,b\n1,2\n3,4", { 0 } },
    { "a,b\n1,2\n3,4\n\n\r\n\n", { 0 } },
    { "a,b\n1,2\n3,4\n  \n \t\n", { 0 } },
    { "a,b\r1,2\r3,4\r", { 0 } },
    { "a,b\r1,2\r3,4", { 0 } },
    { "a,b\r1,2\r3,4\r\r\r", { 0 } },
    { "a,b\r\n1,2\r3,4\n", { 0 } },
    { "a,b\n1,2\r\n3,4\r", { 0 } },
    { "a\tb\r1\t2\r3\t4\r", { .separator = '\t' } },
    { "\"a\",\"b\"\r\"1\",\"2\" \r3,4\r", { 0 } },
    { "\xef\xbb\xbf" "a,b\n1,2\n3,4\n", { 0 } },
    { "\"a\",\"b\"\n\"1\",\"2\"\n\"3\" , \"4\"\r\n", { 0 } },
    { "  a , b\n 1,\t2\n3  ,4 \n", { 0 } },
    { "a;b\n1;2\n3;4\n", { .separator = ';' } },
    { "a\tb\n1\t 2\n3\t4\n", { .separator = '\t' } },
    { "1,2\n3,4\n", { .header = GRADUS_CSV_NO_HEADER } },
    { "0,1\n1,2\n3,4\n", { .header = GRADUS_CSV_HEADER } },
    { "\"a\nb\",\"a,b\"\n1,2\n3,4\n", { 0 } },
};

LOOP_TEST(a_table_is_read_alike_in_every_notation, sizeof SAME / sizeof *SAME)
{
    static const double x[] = { 1, 2, 3, 4 };

    load(SAME[_i].text, &SAME[_i].o);
    holds(2, 2, x);
}

TEST(a_gzip_file_loads)
{
    static const double x[] = { 1, 2 };

    d = gradus_load_csv(files_write_gz("data", "a,b\n1,2\n", 8), NULL);
    ck_assert_msg(d != NULL, "%s", gradus_error());
    holds(1, 2, x);
}

/* The text has 200 kB, the file less than 1 kB. */
TEST(a_long_gzip_file_loads_to_its_end)
{
    enum { ROWS = 50000 };
    static char text[4 + 4 * ROWS + 1];
    size_t n = (size_t)sprintf(text, "a,b\n");

    for (int i = 0; i < ROWS; i++)
        n += (size_t)sprintf(text + n, "%d,%d\n", i % 10, i % 7);
    d = gradus_load_csv(files_write_gz("data", text, n), NULL);
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, ROWS);
    for (int i = 0; i < ROWS; i++)
        ck_assert(d->x[2 * i] == i % 10 && d->x[2 * i + 1] == i % 7);
}

/* The bits must be those of strtod, which rounds to nearest. */
TEST(numbers_are_read_to_the_last_bit)
{
    static const char *const text[] = {
        "0", "-0", "1", "0.1", "3.14159265358979323846", "1e22", "1e23",
        "9007199254740993", "1e-22", "4.9e-324", "1.7976931348623157e308",
        "123456789012345678", "0.000001234567", "00012.500", ".5", "5.",
        "2.2250738585072011e-308", "1e-400", "8.5e+00002", "0e9999",
        "179769313486231580793728971405301e-20",
    };

    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        double v = 99, w = strtod(text[i], NULL);
        ck_assert_int_eq(gradus_number_parse(text[i], &v), 0);
        ck_assert_msg(memcmp(&v, &w, sizeof v) == 0,
                      "%s is read as %.17g; must be %.17g", text[i], v, w);
    }
    for (uint64_t i = 0; i < 20000; i++) {
        gradus_random r;
        char s[64];
        double v, w;
        gradus_random_init(&r, i, 1, 1);
        v = gradus_random_uniform(&r) - 0.5;
        snprintf(s, sizeof s, "%.*e", (int)(i % 18),
                 v * pow(10, (int)(i % 50) - 25));
        w = strtod(s, NULL);
        ck_assert_int_eq(gradus_number_parse(s, &v), 0);
        ck_assert_msg(v == w, "%s is read as %.17g; must be %.17g", s, v, w);
    }
}

TEST(a_number_may_have_a_thousand_digits)
{
    char text[1001] = "0.";
    double v;

    memset(text + 2, '3', sizeof text - 3);
    ck_assert_int_eq(gradus_number_parse(text, &v), 0);
    ck_assert(v == 1. / 3);
}

TEST(a_locale_with_a_decimal_comma_changes_no_number)
{
    static const double x[] = { 2.5, 0.1, 1e-30, 2.25e25 };

    if (files_comma_locale())
        load("a,b\n2.5,0.1\n0.1e-29,22500000000000000000000000.0\n", NULL);
    else
        fputs("csv: skipped: there is no locale with a decimal comma\n",
              stderr);
    files_point_locale();
    if (d)
        holds(2, 2, x);
}

TEST(what_is_not_a_number_is_refused)
{
    static const char *const text[] = {
        "", "-", "+", ".", "e5", "1e", "1e+", "--1", "1,5", "1 2", "0x10",
        "nan", "NaN", "inf", "-Infinity", "1.2.3", "1f", "1_000",
        ("\xc2\xa0" "1"),
    };

    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        double v;
        ck_assert_msg(gradus_number_parse(text[i], &v) != 0,
                      "\"%s\" is read as a number; must be refused", text[i]);
    }
}

/* ---- labels and targets ------------------------------------------------- */

TEST(the_label_column_is_given_by_name_or_by_number)
{
    static const double x[] = { 1, 2, 3, 4, 5, 6 };
    static const int32_t labels[] = { 2, 0, 4 };
    static const char *const called[] = { "kind", "2", "-2" };

    for (int i = 0; i < 3; i++) {
        load("a,kind,b\n1,2,2\n3,0,4\n5,4.0,6\n",
             &(gradus_csv_options){ .label = called[i] });
        holds(3, 2, x);
        labelled(labels, 5);
        ck_assert_ptr_null(d->class_names);
    }
}

TEST(a_carriage_return_ends_a_row_unless_it_is_quoted)
{
    static const double x[] = { 1, 3 };
    static const int32_t numbers[] = { 0, 1 }, names[] = { 1, 0 };
    gradus_csv_options o = { .header = GRADUS_CSV_NO_HEADER, .label = "2" };

    load("1,0\r3,1\r", &o);
    holds(2, 1, x);
    labelled(numbers, 2);
    load("1,\"b\r\"\r3,\"a\rb\"\r\n", &o);
    holds(2, 1, x);
    labelled(names, 2);
    ck_assert_str_eq(d->class_names[0], "a\rb");
    ck_assert_str_eq(d->class_names[1], "b\r");
}

TEST(class_names_are_ordered_by_their_bytes)
{
    static const double x[] = { 1, 2, 3, 4, 5 };
    static const int32_t labels[] = { 2, 1, 2, 0, 3 };
    static const char *const names[] = { "Z", "a \"b\", c", "d", "\xc3\xa9" };

    load("x,y\n1,d\n2,\"a \"\"b\"\", c\"\n3,\"d\"\n4, Z \n5,\xc3\xa9\n",
         &(gradus_csv_options){ .label = "y" });
    holds(5, 1, x);
    labelled(labels, 4);
    for (int k = 0; k < 4; k++)
        ck_assert_str_eq(d->class_names[k], names[k]);
}

TEST(numbers_are_class_names_with_text_labels)
{
    static const int32_t labels[] = { 1, 0, 1 };

    load("x,y\n1,7\n2,-1\n3,7\n",
         &(gradus_csv_options){ .label = "y", .text_labels = 1 });
    labelled(labels, 2);
    ck_assert_str_eq(d->class_names[0], "-1");
    ck_assert_str_eq(d->class_names[1], "7");
}

TEST(a_class_name_that_is_NULL_is_refused)
{
    static const char *const names[] = { "a", NULL };
    gradus_csv_options o = { .label = "y", .class_names = names,
                             .classes = 2 };

    refused("x,y\n1,a\n", &o, "class_names[1] is NULL");
}

TEST(given_class_names_decide_the_labels)
{
    static const int32_t labels[] = { 0, 2 };
    static const char *const names[] = { "one", "two", "three" };
    gradus_csv_options o = { .label = "y", .class_names = names,
                             .classes = 3 };

    load("x,y\n1,one\n2,three\n", &o);
    labelled(labels, 3);
    for (int k = 0; k < 3; k++)
        ck_assert_str_eq(d->class_names[k], names[k]);
    refused("x,y\n1,one\n2,four\n", &o,
            "data.csv:3: column 2 (\"y\"): got \"four\"; must be one of the "
            "class names");
}

TEST(targets_come_in_the_order_asked_for)
{
    static const double x[] = { 2, 6 };
    static const gradus_real t[] = { 4, 1, 8, 5 };

    load("a,b,id,c\n1,2,x7,4\n5,6,,8\n",
         &(gradus_csv_options){
             .targets = (const char *const[]){ "c", "a", NULL },
             .ignore = (const char *const[]){ "id", NULL } });
    holds(2, 1, x);
    ck_assert_int_eq(d->target_size, 2);
    ck_assert_mem_eq(d->targets, t, sizeof t);
}

TEST(a_net_learns_from_a_csv_file)
{
    net n = net_new(1, (int[]){ 2, 8, 2 }, 4, 1);
    gradus_optimiser *o =
        gradus_sgd(n.g, &(gradus_sgd_options){ .learning_rate = 0.5 });
    gradus_metrics m = { 0 };

    load("0,0,even\n0,1,odd\n1,0,odd\n1,1,even\n",
         &(gradus_csv_options){ .header = GRADUS_CSV_NO_HEADER,
                                .label = "-1" });
    ck_assert_int_eq(
        gradus_fit(o, d, &(gradus_fit_options){ .epochs = 500 }), 0);
    ck_assert_int_eq(gradus_evaluate(n.g, d, NULL, &m), 0);
    ck_assert_double_eq(m.accuracy, 1);
    gradus_optimiser_free(o);
    net_free(&n);
}

/* ---- what is refused ---------------------------------------------------- */

TEST(errors_name_file_row_and_column)
{
    refused("id,name,age\n1,2,3\n1,2,abc\n", NULL,
            "data.csv:3: column 3 (\"age\"): got \"abc\"; must be a number");
    refused("1,2\n3,abc\n", &NUMBERS,
            "data.csv:2: column 2: got \"abc\"; must be a number");
    refused("a,b\n1,\n", NULL, "data.csv:2: column 2 (\"b\"): got an empty "
                               "field; must be a number");
    refused("a,b\n1,nan\n", NULL, "got \"nan\"; must be a number");
    refused("a,b\n-inf,1\n", NULL, "got \"-inf\"; must be a number");
    refused("a,b\n1,1e999\n", NULL, "got \"1e999\"; must be in the range of");
    refused("a,b\n1,\"1\n2\"\nx,2\n", &(gradus_csv_options){
            .ignore = (const char *const[]){ "b", NULL } },
            "data.csv:4: column 1 (\"a\"): got \"x\"");
    refused("\"a\nb\",c\n\"1\",x\n", NULL,
            "data.csv:3: column 2 (\"c\"): got \"x\"");
    refused("a,b\r\n1,\"\n\"\"\n2\"\r\n3,\"4\r\n", NULL,
            "data.csv:5: column 2: its quote is not closed");
    refused("a,b\r1,2\r3,x\r", NULL,
            "data.csv:3: column 2 (\"b\"): got \"x\"");
    refused("a,b\r1,\"2\r\r\n\"\r3,4\r", NULL, "data.csv:2: column 2");
    refused("c,a,b\r\n1,\"1\r\n\n\r\",2\r\n3,4,x\n", &(gradus_csv_options){
            .ignore = (const char *const[]){ "a", NULL } },
            "data.csv:6: column 3 (\"b\"): got \"x\"");
    refused("a;b\n1,5;2\n", &(gradus_csv_options){ .separator = ';' },
            "data.csv:2: column 1 (\"a\"): got \"1,5\"; must be a num");
}

TEST(rows_of_another_length_are_refused)
{
    refused("a,b,c\n1,2,3\n1,2\n", NULL,
            "data.csv:3: got 2 columns; must be 3, as in the first row");
    refused("a,b,c\n1,2,3,\n", NULL, "data.csv:2: got 4 columns");
    refused("a,b\n1,\"2\n3\"\n4\n", NULL,
            "data.csv:4: got 1 column; must be 2");
}

/* Lines that are not rows, with what is said of them. */
static const struct {
    const char *text, *message;
    gradus_csv_options o;
} NO_ROW[] = {
    { "\na,b\n1,2\n", "data.csv:1: a blank line; must be removed", { 0 } },
    { "\r\na,b\r\n1,2\r\n", "data.csv:1: a blank line", { 0 } },
    { " \t\na,b\n1,2\n", "data.csv:1: a blank line", { 0 } },
    { "\n\na\n1\n", "data.csv:1: a blank line", { 0 } },
    { "\n1,2\n", "data.csv:1: a blank line", { .header = 2 } },
    { "\xef\xbb\xbf\na,b\n1,2\n", "data.csv:1: a blank line", { 0 } },
    { "a,b\n1,2\n\n3,4\n", "data.csv:3: a blank line", { 0 } },
    { "a,b\r1,2\r\r3,4\r", "data.csv:3: a blank line", { 0 } },
    { "a,b\n\"1\",\"2\"\n  \n3,4\n", "data.csv:3: a blank line", { 0 } },
    { "a,b\n1,\"2\n3\"\n\n3,4\n", "data.csv:4: a blank line", { 0 } },
    { "a\n1\n\n2\n", "data.csv:3: a blank line", { 0 } },
    { "a\n1\n\"\"\n2\n", "data.csv:3: column 1 (\"a\"): got an empty field",
      { 0 } },
    { "# by me\na,b\n1,2\n", "data.csv:1: begins with #; must be", { 0 } },
    { "# of x, y\na,b\n1,2\n", "remove the line if it is a comment", { 0 } },
    { "  #a,b\n1,2\n", "set the option header to GRADUS_CSV_HEADER", { 0 } },
    { "#\n1\n", "data.csv:1: begins with #", { 0 } },
    { "# made by me\n1,2\n", "data.csv:2: got 2 columns; must be 1, as in the "
      "first row; lines that begin with # are not passed over: remove them",
      { .header = GRADUS_CSV_NO_HEADER } },
    { "a,b\n1,2\n# the end\n", "data.csv:3: got 1 column; must be 2, as in "
      "the first row; lines that begin with #", { 0 } },
    { "a,b\n# x, y, z\n1,2\n", "data.csv:2: got 3 columns; must be 2, as in "
      "the first row; lines that begin with #", { 0 } },
    { "# a\n1\n", "data.csv:1: column 1: got \"# a\"; must be a number",
      { .header = GRADUS_CSV_NO_HEADER } },
    { "sep=;\na;b\n1;2\n", "data.csv:1: a sep= line, which Excel alone reads; "
      "must be removed, and the option separator set to its character",
      { 0 } },
    { "sep=;\na;b\n1;2\n", "data.csv:1: a sep= line", { .separator = ';' } },
    { "SEP=,\r\na,b\r\n1,2\r\n", "data.csv:1: a sep= line", { 0 } },
    { "\"sep=\t\"\na\tb\n1\t2\n", "data.csv:1: a sep= line", { 0 } },
    { "\xef\xbb\xbfsep=|\r1|2\r", "data.csv:1: a sep= line", { .header = 2 } },
};

LOOP_TEST(blank_comment_and_sep_lines_are_refused_as_such, COUNT(NO_ROW))
{
    refused(NO_ROW[_i].text, &NO_ROW[_i].o, NO_ROW[_i].message);
}

TEST(a_header_may_begin_with_a_number_sign_if_that_is_asked_for)
{
    static const double x[] = { 1, 2, 3, 4 };

    load("#a,b\n1,2\n3,4\n",
         &(gradus_csv_options){ .header = GRADUS_CSV_HEADER });
    holds(2, 2, x);
    load("\"a\",#b\n1,2\n3,4\n", NULL);
    holds(2, 2, x);
    load("sep=,b\n1,2\n3,4\n", NULL);
    holds(2, 2, x);
}

/* Files with another separator than the options say. */
static const struct {
    const char *text, *message;
    gradus_csv_options o;
} OTHER[] = {
    { "area;price\n1;2\n", "has no column \"price\"; must be a name in its "
      "header, a number from 1 to 1, or from -1 (the last) to -1; its rows "
      "seem to be separated by \";\": set separator", { .label = "price" } },
    { "area\tprice\n1\t2\n", "its rows seem to be separated by tabs: set "
      "separator", { .label = "price" } },
    { "area|price\n1|2\n", "separated by \"|\"", { .label = "price" } },
    { "area:price\n1:2\n", "separated by \":\"", { .label = "price" } },
    { "area,price\n1,2\n", "separated by \",\"",
      { .separator = ';', .label = "price" } },
    { "t: h;price\n1;2\n", "separated by \";\"", { .label = "price" } },
    { "a;b\n1,5;2\n", "data.csv:2: got 2 columns; must be 1, as in the first "
      "row; its rows seem to be separated by \";\"", { 0 } },
    { "a;b\n1;2\n", "data.csv:2: column 1 (\"a;b\"): got \"1;2\"; must be a "
      "number; its rows seem to be separated by \";\"", { 0 } },
    { "1;2\n3;4\n", "column 1: got \"1;2\"; must be a number; its rows seem "
      "to be separated by \";\"", { .header = GRADUS_CSV_NO_HEADER } },
    { "a;b\n1;2\n", "that is not a label, a target or ignored; its rows seem "
      "to be separated by \";\"", { .label = "1" } },
    { "\"a\";\"b\"\n1;2\n", "data.csv:1: column 1: text after its closing "
      "quote; its rows seem to be separated by \";\"", { 0 } },
    { "\"a\"\t\"b\"\n1\t2\n", "separated by tabs", { 0 } },
    { "a;\"b\"\n1;2\n", "data.csv:1: column 1: a quote inside a field that "
      "does not begin with one; its rows seem to be separated by \";\"",
      { 0 } },
};

LOOP_TEST(the_separator_that_is_seen_is_named, COUNT(OTHER))
{
    refused(OTHER[_i].text, &OTHER[_i].o, OTHER[_i].message);
}

TEST(no_other_separator_is_named_where_none_is_seen)
{
    static const char *const texts[] = {
        "a\nx\n", "a\n1,2\n", "a,b;c\n1,x\n", "\"a,b\"\nx\n",
    };

    for (int i = 0; i < COUNT(texts); i++) {
        refused(texts[i], NULL, "data.csv:");
        ck_assert_ptr_null(strstr(gradus_error(), "separated"));
    }
}

TEST(a_column_of_names_with_other_separators_loads)
{
    static const double x[] = { 1, 2 };

    load("rate (a:b)\n1\n2\n", NULL);
    holds(2, 1, x);
    load("a;b\n1\n2\n", NULL);
    holds(2, 1, x);
}

TEST(a_first_row_of_data_is_not_taken_for_names)
{
    refused("5.1,3.5,setosa\n4,5,setosa\n", NULL,
            "data.csv:1: column 1: got \"5.1\"; must be a name: set the");
}

TEST(quotes_that_do_not_match_are_refused)
{
    refused("a,b\n1,\"2\n3,4\n", NULL,
            "data.csv:2: column 2: its quote is not closed");
    refused("a,b\n1,\"2\"3\n", NULL, "column 2: text after its closing quote");
    refused("a,b\n1,2\"3\n", NULL, "column 2: a quote inside a field");
}

TEST(what_is_not_a_label_is_refused)
{
    gradus_csv_options o = { .label = "y" };

    refused("x,y\n1,0\n2,cat\n", &o,
            "data.csv:3: column 2 (\"y\"): got \"cat\"; must be a label");
    refused("x,y\n1,-1\n", &o,
            "got \"-1\"; must be a label, a whole number from 0");
    refused("x,y\n1,1.5\n", &o, "got \"1.5\"; must be a label");
    refused("x,y\n1,3e9\n", &o, "got \"3e9\"; must be a label");
    refused("x,y\n1,cat\n2,\n", &o, "data.csv:3: column 2 (\"y\"): got an "
                                    "empty field; must be a label");
}

TEST(columns_that_do_not_exist_are_refused)
{
    static const char *const none[] = { "z", "0", "3", "-3", "1.5", "" };

    for (int i = 0; i < 6; i++) {
        refused("x,y\n1,2\n", &(gradus_csv_options){ .label = none[i] },
                "has no column \"");
        refused("x,y\n1,2\n", &(gradus_csv_options){
                .ignore = (const char *const[]){ none[i], NULL } },
                "has no column \"");
    }
    refused("1,2\n", &(gradus_csv_options){
            .label = "z", .header = GRADUS_CSV_NO_HEADER },
            "has no column \"z\"; must be a number from 1 to 2");
    refused("x,y\n1,a\n", &(gradus_csv_options){
            .targets = (const char *const[]){ "y", NULL } },
            "column 2 (\"y\"): got \"a\"; must be a number");
    refused("x,y\n1,1e999\n", &(gradus_csv_options){
            .targets = (const char *const[]){ "y", NULL } },
            sizeof(gradus_real) == sizeof(float)
                ? "must be in the range of a float, -3.4e38 to 3.4e38"
                : "must be in the range of a double, -1.8e308 to 1.8e308");
    refused("x,x\n1,2\n", &(gradus_csv_options){ .label = "x" },
            "columns 1 and 2 are both called \"x\"");
    refused("x,y\n1,2\n", &(gradus_csv_options){
            .label = "y", .targets = (const char *const[]){ "2", NULL } },
            "column 2 is asked for twice, here as \"2\"");
    refused("y\n1\n", &(gradus_csv_options){ .label = "y" },
            "no column holds values; must leave at least 1");
}

TEST(files_without_rows_are_refused)
{
    static const char *const empty[] = { "", "\n", "\r\n\n", "\xef\xbb\xbf" };

    for (int i = 0; i < 4; i++)
        refused(empty[i], NULL, "data.csv: empty file");
    refused("a,b\n", NULL, "data.csv: no rows after the header");
    ck_assert_ptr_null(
        gradus_load_csv(files_write("wide", "a\0,\0b\0\n\0", 8), NULL));
    assert_error("wide: byte 1 is NUL, as in UTF-16; must be text in UTF-8");
}

TEST(files_that_cannot_be_read_are_refused)
{
    files_folder("folder");
    ck_assert_ptr_null(gradus_load_csv(files_path("folder"), NULL));
    assert_error("/folder: Is a directory");
    ck_assert_ptr_null(gradus_load_csv(files_path("none"), NULL));
    assert_error("/none: No such file");
    ck_assert_ptr_null(gradus_load_csv(NULL, NULL));
    assert_error("path is NULL");
}

/* The bytes of files that are no CSV files, plain or in gzip. */
static const struct {
    size_t n;
    const char *bytes, *message;
} OTHER_KIND[] = {
    { 6, "PK\3\4\24", "data: is a zip archive (.xlsx, .npz and .pt files are, "
      "too); must be a CSV file" },
    { 8, "\377\376a\0,\0b", "data: is text in UTF-16; must be a CSV file in "
      "UTF-8" },
    { 16, "<!DOCTYPE html>\n", "data: is an HTML page" },
    { 30, "version https://git-lfs.github", "data: is a Git LFS pointer" },
    { 7, "\3757zXZ\0", "data: is an xz file" },
    { 8, "\0\0\10\3\0\0\0\1", "data: is an IDX file" },
};

LOOP_TEST(a_file_of_another_kind_is_named, COUNT(OTHER_KIND))
{
    for (int gz = 0; gz < 2; gz++) {
        ck_assert_ptr_null(gradus_load_csv(
            (gz ? files_write_gz : files_write)("data", OTHER_KIND[_i].bytes,
                                                OTHER_KIND[_i].n), NULL));
        assert_error(OTHER_KIND[_i].message);
    }
}

TEST(impossible_csv_options_are_refused)
{
    static const char *const names[] = { "b", "a", "b" };

    refused("a\n1\n", &(gradus_csv_options){ .separator = '.' },
            "separator is character 46");
    refused("a\n1\n", &(gradus_csv_options){ .header = 3 }, "header is 3");
    refused("a,y\n1,b\n", &(gradus_csv_options){ .label = "y", .classes = 2 },
            "classes is 2, but class_names is NULL");
    refused("a,y\n1,b\n", &(gradus_csv_options){
            .label = "y", .classes = 3, .class_names = names },
            "are both called \"b\"");
    refused("a\n1\n", &(gradus_csv_options){ .text_labels = 1 },
            "text_labels without a label column");
}

TEST(each_allocation_of_the_csv_loader_may_fail)
{
    const char *path = file("x,y\n1,cat\n2,dog\n");
    gradus_csv_options o = { .label = "y" };
    int live = allocations_live(), k = 1;

    for (; !d; k++) {
        allocations_fail(k, 0);
        d = gradus_load_csv(path, &o);
        allocations_fail(0, 0);
        if (!d) {
            assert_error("out of memory");
            ck_assert_int_eq(allocations_live(), live);
        }
    }
    ck_assert_int_gt(k, 4); /* at least text, columns, classes and dataset */
}

/* What is left of the file loads or is refused, and nothing else happens. */
TEST(a_csv_file_cut_short_at_any_byte_does_no_harm)
{
    static const char whole[] =
        "x,y,\"z \"\"1\"\"\"\r\n1.5,cat,\"3\"\r\n-2e1,\"d,og\",4\r\n";
    gradus_csv_options o = { .label = "y" };

    for (size_t n = 0; n < sizeof whole; n++) {
        char *exact = malloc(n + !n);
        memcpy(exact, whole, n);
        gradus_dataset *some =
            gradus_load_csv(files_write("data.csv", exact, n), &o);
        free(exact);
        ck_assert_msg(some || strstr(gradus_error(), "data.csv"),
                      "cut to %zu bytes: the message is %s", n,
                      gradus_error());
        ck_assert_msg(!some || (some->n >= 1 && some->n <= 2),
                      "cut to %zu bytes: %zu rows; must be 1 or 2", n,
                      some ? some->n : 0);
        gradus_dataset_free(some);
    }
}
