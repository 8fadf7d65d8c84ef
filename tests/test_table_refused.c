/* test_table_refused.c -- columns that no net can use, files that are not as
 * their table, and arguments that are wrong, with their messages. */
#include "files.h"
#include "tests.h"

#include "allocations.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char text[1 << 16]; /* of a file */
static gradus_table *t;

static void begin(void)
{
    files_begin();
    *text = '\0';
}

static void end(void)
{
    gradus_table_free(t);
    t = NULL;
    files_end();
}

EACH_TEST(.begin = begin, .end = end)

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static const char *file(const char *contents)
{
    return files_write("data.csv", contents, strlen(contents));
}

/* Asserts that a file of this text makes no table, and why. */
static void refused(const char *contents, gradus_table_options o,
                    const char *why)
{
    const char *path = file(contents);
    int live = allocations_live();

    ck_assert_msg(gradus_table_new(path, &o) == NULL,
                  "\"%s\" is a table; must be refused", contents);
    assert_error(why);
    ck_assert_uint_lt(strlen(gradus_error()), 1024);
    ck_assert_int_eq(allocations_live(), live);
}

/* Makes the text a file of n rows.  In each, # is the row's number from 0, %
 * half of it, and @ the number times 7 modulo n, which is in no order. */
static void rows(const char *header, const char *row, int n)
{
    char *to = text + sprintf(text, "%s\n", header);

    for (int i = 0; i < n; i++) {
        for (const char *p = row; *p; p++)
            if (*p == '#' || *p == '%' || *p == '@')
                to += sprintf(to, "%d", *p == '#'   ? i
                                        : *p == '%' ? i / 2
                                                    : i * 7 % n);
            else
                *to++ = *p;
        *to++ = '\n';
    }
    *to = '\0';
}

/* ---- one fault ---------------------------------------------------------- */

static const struct {
    const char *row; /* as of rows(), for the header a,b,c */
    int n;
    gradus_table_options o;
    const char *why;
} FAULTS[] = {
    { "%,x,1", 3, { .label = "b" }, "\"b\" has one class alone" },
    { "%,,1", 3, { 0 }, "1 column cannot be used as it is: \"b\" is empty.  "
                        "Leave a column out with ignore" },
    { "%,,1", 3, { .label = "b" }, "\"b\" is empty" },
    { "%,NA,1", 3, { .targets = LIST("b") }, "\"b\" is empty" },
    { "%,NA,1", 3, { .missing = GRADUS_MISSING_MEAN }, "\"b\" is empty" },
    { "%,x#,1", 21, { 0 }, "\"b\" has 21 different texts in 21 rows: names or "
                           "identifiers" },
    { "%,x#,1", 21, { .label = "b" }, "\"b\" has 21 different texts in 21" },
    { "%,# kg,1", 21, { 0 }, "\"b\" has numbers with a unit, such as "
                             "\"0 kg\"; must be numbers alone" },
    { "%,-#.5kg,1", 21, { 0 }, "\"b\" has numbers with a unit" },
    { "%,\"1,00# days\",1", 21, { 0 }, "\"b\" has numbers with a unit" },
    { "%,#\u00b0C,1", 21, { .label = "b" }, "\"b\" has numbers with a unit" },
    { "%,$#.50,1", 21, { 0 }, "\"b\" has numbers with a unit, such as \"$0" },
    { "%,\u20ac #,1", 1001, { 0 }, "\"b\" has numbers with a unit" },
    { "%,# kg,1", 2002, { 0 }, "\"b\" has numbers with a unit" },
    { "%,A#,1", 21, { 0 }, "\"b\" has 21 different texts in 21 rows" },
    { "%,Room #,1", 21, { 0 }, "\"b\" has 21 different texts in 21 rows" },
    { "%,#th floor,1", 21, { 0 }, "\"b\" has 21 different texts in 21 rows" },
    { "%,#x#,1", 21, { 0 }, "\"b\" has 21 different texts in 21 rows" },
    { "%,#-door,1", 21, { 0 }, "\"b\" has 21 different texts in 21 rows" },
    { "%,# of the days of this month,1", 21, { 0 }, "\"b\" has 21 different" },
    { "%,$#.50 a day,1", 21, { 0 }, "\"b\" has 21 different texts in 21" },
    { "%,@,1", 22, { .label = "b" },
      "\"b\" has 22 different numbers: to predict numbers, make it a target "
      "and not the label" },
    { "%,#,1", 20, { 0 }, "\"b\" counts the rows" },
    { "%,5.#,1", 3, { .targets = LIST("b"), .label = "c" },
      "\"c\" has one class alone" },
    { "%,2024-01-#,1", 3, { 0 },
      "\"b\" holds dates or times, such as \"2024-01-0\"" },
    { "%,31.1.202#,1", 3, { 0 }, "\"b\" holds dates or times" },
    { "%,1/3/2#,1", 3, { 0 }, "\"b\" holds dates or times" },
    { "%,12:3#,1", 3, { 0 }, "\"b\" holds dates or times, such as" },
    { "%,2024-01-01T00:0#,1", 3, { 0 }, "\"b\" holds dates or times" },
    { "%,2024-01-01 #,1", 3, { .missing = GRADUS_MISSING_MEAN },
      "\"b\" holds dates or times" },
    { "%,\"1,#\",1", 3, { 0 },
      "\"b\" has numbers with commas; must be with a point" },
    { "%,\"1,234,00#\",1", 3, { 0 }, "\"b\" has numbers with commas" },
    { "%,x,1", 3, { .targets = LIST("b"), .missing = GRADUS_MISSING_MEAN },
      "\"b\" is a target, but row 2 has \"x\"; must be a number" },
    { "%,7,1", 3, { .targets = LIST("a", "b") },
      "1 column cannot be used as it is: \"b\" has one number alone, 7: "
      "nothing is to be predicted.  Leave" },
    { "%,2024-01-01,1", 3, { .targets = LIST("b") },
      "\"b\" is a target, but row 2 has \"2024-01-01\"; must be a number" },
    { "%,caf\xe9,1", 3, { 0 },
      "\"b\" has the text \"caf\\xe9\"; must be UTF-8" },
    { "caf\xe9#,1,2", 3, { .label = "a" },
      "\"a\" has the text \"caf\\xe90\"" },
    { "\xe9,1,2", 3, { .ignore = LIST("a"), .label = "b" }, "\"b\" has one" },
};

LOOP_TEST(a_column_that_cannot_be_used_is_refused, COUNT(FAULTS))
{
    rows("a,b,c", FAULTS[_i].row, FAULTS[_i].n);
    refused(text, FAULTS[_i].o, FAULTS[_i].why);
    assert_error("data.csv: 1 column cannot be used as it is: ");
}

TEST(numbers_that_a_float_does_not_tell_apart_are_refused)
{
    rows("a,b,c", "%,123456789.@,1", 22);
    if (sizeof(gradus_real) == sizeof(float)) {
        refused(text, (gradus_table_options){ 0 },
                "\"b\" has 20 different numbers, such as 123456789.0, that "
                "become 1 in 32 bits: subtract what they have in common");
        rows("a,b,c", "%,1234.@,1", 22);
    }
    t = gradus_table_new(file(text), NULL);
    ck_assert_msg(t != NULL, "%s", gradus_error());
}

/* Those that are nearly one of these faults. */
static const struct {
    const char *header, *row;
    int n;
    gradus_table_options o;
} USED[] = {
    { "a,b,c", "%,x#,1", 20, { 0 } },
    { "a,b,c", "%,#,1", 19, { 0 } },
    { "a,id,c", "%,@,1", 19, { 0 } },
    { "a,paid,c", "%,@,1", 22, { 0 } },
    { "a,id,c", "%,%,1", 22, { 0 } },
    { "a,b,c", "%,@,1", 22, { .targets = LIST("b") } },
    { "a,b,c", "%,x%,1", 50, { 0 } },
    { "a,b,c", "%,1:2:#x,1", 3, { .ignore = LIST("b") } },
    { "a,b,c", "%,10.0.0.#,1", 3, { 0 } },
    { "a,b,c", "%,1-2-x#,1", 3, { 0 } },
    { "a,b,c", "%,\"1,#x\",1", 3, { 0 } },
    { "a,caf\xc3\xa9,c", "%,\xc3\xa9,1", 3, { 0 } },
};

LOOP_TEST(what_only_resembles_a_fault_is_used, COUNT(USED))
{
    rows(USED[_i].header, USED[_i].row, USED[_i].n);
    t = gradus_table_new(file(text), &USED[_i].o);
    ck_assert_msg(t != NULL, "%s", gradus_error());
}

LOOP_TEST(numbers_that_all_differ_in_a_column_called_id_are_refused, 6)
{
    static const char *const name[] = { "id", "ID", "user_id", "user-Id",
                                        "user id", "userID" };
    char header[64];

    sprintf(header, "a,%s", name[_i]);
    rows(header, "%,@", 22);
    sprintf(header, "\"%s\" is another number in each row: an identifier",
            name[_i]);
    refused(text, (gradus_table_options){ 0 }, header);
}

TEST(a_text_among_numbers_is_refused_with_its_row)
{
    static const char *const odd[] = { "x", "2024-01-01", "\"1,5x\"",
                                       "12:30" };

    for (int i = 0; i < COUNT(odd); i++) {
        strcpy(text, "a,b\n");
        for (int k = 0; k < 20; k++)
            sprintf(text + strlen(text), "%s,%d\n", k == 6 ? odd[i] : "4",
                    k % 3);
        refused(text, (gradus_table_options){ 0 },
                "\"a\" holds numbers, but row 8 has \"");
    }
}

TEST(a_target_with_a_text_is_refused_with_its_row)
{
    gradus_table_options o = { .targets = LIST("a") };

    refused("a,b\n1,1\n2,1\n\"3,5\",1\n", o,
            "\"a\" is a target, but row 4 has \"3,5\"; must be a number");
    refused("a,b\n1,1\n2024-01-01,1\nx,1\n", o,
            "\"a\" is a target, but row 3 has \"2024-01-01\"");
}

TEST(empty_fields_are_refused_unless_they_are_taken_for_something)
{
    gradus_table_options o = { 0 };

    refused("a,b\n1,2\n,3\n4,5\nNA,5\n", o,
            "\"a\" has 2 empty fields, the first in row 3.  Leave");
    refused("a,b\n1,2\n1,?\n", o,
            "\"b\" has 1 empty field, the first in row 3");
    o.missing = GRADUS_MISSING_MEAN;
    o.label = "b";
    refused("a,b\n1,x\n1,?\n2,y\n", o, "\"b\" has 1 empty field, the first in "
                                       "row 3: such rows must be removed");
    o.label = NULL;
    o.targets = LIST("b");
    refused("a,b\n1,1\n1,\n", o, "row 3: such rows must be removed");
}

/* A person looks for the row in a spreadsheet, where a header is row 1. */
TEST(rows_are_counted_as_in_a_spreadsheet)
{
    gradus_table_options o = { .header = GRADUS_CSV_NO_HEADER };

    refused("1,2\n,3\n4,5\n", o, "has 1 empty field, the first in row 2");
    o.header = GRADUS_CSV_HEADER;
    refused("a,b\n1,2\n,3\n4,5\n", o,
            "has 1 empty field, the first in row 3");
}

/* ---- many faults -------------------------------------------------------- */

TEST(all_faults_stand_in_one_message)
{
    rows("name,when,price,gap,count,y", "n#,2024-1-#,\"1,5\",,#,x", 25);
    refused(text, (gradus_table_options){ .label = "y" },
            "data.csv: 6 columns cannot be used as they are: \"name\" has 25 "
            "different texts in 25 rows: names or identifiers; \"when\" holds "
            "dates or times, such as \"2024-1-0\"; \"price\" has numbers with "
            "commas; must be with a point; \"gap\" is empty; \"count\" counts "
            "the rows; \"y\" has one class alone.  Leave a column out with "
            "ignore; missing says what empty fields are taken for");
}

/* A column with two faults is one column. */
TEST(columns_are_counted_and_not_their_faults)
{
    refused("a,b\n,1\n2024-01-01,2\n2024-01-02,3\n",
            (gradus_table_options){ 0 },
            "1 column cannot be used as it is: \"a\" has 1 empty field, the "
            "first in row 2; \"a\" holds dates or times");
}

TEST(a_message_about_many_faults_says_how_many_more_there_are)
{
    for (int k = 0; k < 100; k++)
        sprintf(text + strlen(text), "%scolumn%d", k ? "," : "", k);
    strcat(text, "\n");
    for (int k = 0; k < 100; k++)
        strcat(text, k ? ",2024-01-01" : "2024-01-01");
    refused(text, (gradus_table_options){ 0 },
            "data.csv: 100 columns cannot be used as they are: \"column0\" "
            "holds dates or times, such as \"2024-01-01\"; \"column1\" holds");
    assert_error("; and ");
    assert_error(" more.  Leave a column out with ignore");
}

TEST(a_long_name_is_cut_and_not_its_fault)
{
    memset(text, 'n', 2000);
    strcpy(text + 2000, ",b\n2024-01-01,2\n");
    refused(text, (gradus_table_options){ 0 },
            "1 column cannot be used as it is: \"nnnn");
    assert_error("n\" holds dates or times, such as \"2024-01-01\".  Leave");
}

TEST(names_that_are_not_utf8_are_refused_even_of_ignored_columns)
{
    refused("caf\xe9,b\nx,1\ny,2\n", (gradus_table_options){ .ignore =
            LIST("1") }, "\"caf\\xe9\" has a name that is not UTF-8");
}

TEST(names_must_differ)
{
    refused("a,b,a\n1,2,3\n", (gradus_table_options){ 0 },
            "data.csv: columns 1 and 3 are both called \"a\"; must have "
            "different names");
    refused("b,,\n1,2,3\n", (gradus_table_options){ .ignore = LIST("2", "3") },
            "columns 2 and 3 are both called \"\"");
}

/* ---- files and options -------------------------------------------------- */

TEST(files_without_rows_or_values_are_refused)
{
    gradus_table_options o = { 0 };

    refused("a,b\n", o, "data.csv: no rows after the header");
    refused("\xef\xbb\xbf\n", o, "data.csv");
    refused("1,2\n3,4\n", o, "must be a name: set the option header");
    refused("a,b\n1\n", o, "data.csv:2: got 1 column; must be 2");
    refused("a;b\n1,2\n", o, "data.csv:2: got 1 column; must be 2");
    o.label = "a";
    refused("a\n1\n2\n", o, "no column holds values");
    o.label = "c";
    refused("a,b\n1,2\n", o, "has no column \"c\"");
    o.label = "a";
    o.ignore = LIST("a");
    refused("a,b\n1,2\n", o, "is asked for twice");
    ck_assert_ptr_null(gradus_table_new(files_path("none.csv"), NULL));
    assert_error("none.csv: ");
    o = (gradus_table_options){ .max_bytes = 5 };
    refused("a,b\n1,2\n", o, "larger than 5 bytes");
}

TEST(options_that_are_no_options_are_refused)
{
    const char *path = file("a,b\n1,2\n");
    gradus_table_options o = { .separator = 'x' };

    ck_assert_ptr_null(gradus_table_new(path, &o));
    assert_error("gradus_table_new: separator is 120, header 0 and missing 0; "
                 "must be one of");
    o = (gradus_table_options){ .header = (gradus_csv_header)7 };
    ck_assert_ptr_null(gradus_table_new(path, &o));
    assert_error("header 7");
    o = (gradus_table_options){ .missing = (gradus_missing)-1 };
    ck_assert_ptr_null(gradus_table_new(path, &o));
    assert_error("missing -1");
    ck_assert_ptr_null(gradus_table_new(NULL, NULL));
    assert_error("gradus_table_new: path is NULL");
}

/* ---- another file ------------------------------------------------------- */

static const char PEOPLE[] = "id,age,sex,outcome,income\n"
                             "k1,30,f,good,1000\n"
                             "k2,,m,bad,2000\n";

static void learn_people(void)
{
    t = gradus_table_new(file(PEOPLE), &(gradus_table_options){
        .ignore = LIST("id"), .label = "outcome", .targets = LIST("income"),
        .missing = GRADUS_MISSING_MEAN });
    ck_assert_msg(t != NULL, "%s", gradus_error());
}

static void not_loaded(const char *contents, const char *why)
{
    const char *path = files_write("new.csv", contents, strlen(contents));
    int live = allocations_live();

    ck_assert_msg(gradus_table_load(t, path, 0) == NULL,
                  "\"%s\" is loaded; must be refused", contents);
    assert_error(why);
    ck_assert_uint_lt(strlen(gradus_error()), 1024);
    ck_assert_int_eq(allocations_live(), live);
}

TEST(another_file_must_have_the_columns_of_the_table)
{
    learn_people();
    not_loaded("age\n3\n", "new.csv: has no column \"sex\"; must have the "
                           "columns that the table was made from, in any "
                           "order");
    not_loaded("Age,sex,x\n3,f,1\n", "new.csv: has no column \"age\"; has "
                                     "other columns: \"Age\", \"x\"; must");
    not_loaded("age,sex,x\n3,f,1\n",
               "new.csv: has other columns: \"x\"; must");
    not_loaded("age,sex,age\n3,f,1\n", "new.csv: columns 1 and 3 are both "
                                       "called \"age\"");
    not_loaded("age,sex\n", "new.csv: no rows after the header");
    not_loaded("3,f\n4,m\n", "new.csv: has no column \"age\", \"sex\"; has "
                             "other columns: \"3\", \"f\"");
    not_loaded("age;sex\n3;f\n", "has other columns: \"age;sex\"; must have "
               "the columns that the table was made from, in any order; its "
               "fields must be separated by \",\", as those of the table, and "
               "the first line has none");
    ck_assert_ptr_null(gradus_table_load(t, files_path("none"), 0));
    assert_error("none: ");
    ck_assert_ptr_null(gradus_table_load(t, file(PEOPLE), 9));
    assert_error("larger than 9 bytes");
}

TEST(a_message_about_many_other_columns_keeps_its_reason)
{
    learn_people();
    for (int k = 0; k < 1000; k++)
        sprintf(text + strlen(text), "%scolumn%d", k ? "," : "", k);
    strcat(text, "\n");
    for (int k = 0; k < 1000; k++)
        strcat(text, k ? ",1" : "1");
    not_loaded(text, "new.csv: has no column \"age\", \"sex\"; has other "
                     "columns: \"column0\", \"column1\"");
    assert_error(", ..; must have the columns that the table was made from");
}

TEST(fields_that_the_table_does_not_know_are_refused_with_their_line)
{
    learn_people();
    not_loaded("sex,age\nf,3\n\"x\",4\n",
               "new.csv:3: column 1 (\"sex\"): got \"x\"; must be one of "
               "\"f\", \"m\"");
    not_loaded("sex,age\nf,3\n,4\n", "new.csv:3: column 1 (\"sex\"): got an "
               "empty field; must have a value, as it had in all rows that "
               "the table was made from");
    not_loaded("sex,age\nf,3\nf,x\n", "new.csv:3: column 2 (\"age\"): got "
                                      "\"x\"; must be a number");
    not_loaded("sex,age\nf,1e999\n", "must be in the range of a ");
    not_loaded("outcome,sex,age\nugly,f,3\n", "new.csv:2: column 1 "
               "(\"outcome\"): got \"ugly\"; must be one of \"bad\", "
               "\"good\"");
    not_loaded("outcome,sex,age\n,f,3\n", "got an empty field; must be one");
    not_loaded("income,sex,age\n,f,3\n", "new.csv:2: column 1 (\"income\"): "
                                         "got an empty field; must be a num");
    not_loaded("sex,age\nf\n", "new.csv:2: got 1 column; must be 2");
}

TEST(a_message_about_one_of_many_categories_names_the_first)
{
    rows("a", "category number %", 100);
    t = gradus_table_new(file(text), NULL);
    ck_assert_msg(t != NULL, "%s", gradus_error());
    not_loaded("a\nx\n", "got \"x\"; must be one of \"category number 0\", "
                         "\"category number 1\", \"category number 10\"");
    ck_assert_str_eq(gradus_error() + strlen(gradus_error()) - 4, ", ..");
}

TEST(a_table_without_names_needs_as_many_columns)
{
    t = gradus_table_new(file("1,x\n2,y\n"), &(gradus_table_options){
        .header = GRADUS_CSV_NO_HEADER });
    ck_assert_msg(t != NULL, "%s", gradus_error());
    not_loaded("1\n", "new.csv: has 1 columns; must have 2, as the table has "
                      "no names for them");
    not_loaded("1,x,3\n", "new.csv: has 3 columns; must have 2");
    not_loaded("1,z\n", "new.csv:1: column 2: got \"z\"; must be one of");
    not_loaded("1,x\na,y\n", "new.csv:2: column 1: got \"a\"; must be a num");
}

/* ---- fitting ------------------------------------------------------------ */

static gradus_dataset *load(const char *contents)
{
    gradus_dataset *d = gradus_table_load(t, file(contents), 0);

    ck_assert_msg(d != NULL, "%s", gradus_error());
    return d;
}

TEST(a_column_without_a_value_in_the_training_data_is_refused)
{
    learn_people();
    gradus_dataset *d = load("age,sex,income\n,m,1\n");
    ck_assert_int_ne(gradus_table_fit(t, d), 0);
    assert_error("gradus_table_fit: column \"age\" has no value in the "
                 "training data; must have one");
    gradus_node *x = gradus_input(NULL, 3);
    ck_assert_int_ne(gradus_set_table(x, NULL, t), 0);
    assert_error("the table is not fitted yet; call gradus_table_fit first");
    gradus_dataset_free(d);
    gradus_table_free(t);
    t = gradus_table_new(file("a,b\nx,1\n,2\n"), &(gradus_table_options){
        .missing = GRADUS_MISSING_MEAN });
    d = load("a,b\n,1\n");
    ck_assert_int_ne(gradus_table_fit(t, d), 0);
    assert_error("column \"a\" has no value in the training data");
    gradus_dataset_free(d);
}

TEST(numbers_too_close_to_0_to_standardise_name_their_column)
{
    const char *rows = "a,b,p\n1,5,2e-31\n2,5,1e-31\n";

    t = gradus_table_new(file(rows), &(gradus_table_options){
        .targets = LIST("p") });
    ck_assert_msg(t != NULL, "%s", gradus_error());
    gradus_dataset *d = load(rows);
    ck_assert_int_ne(gradus_table_fit(t, d), 0);
    assert_error("column \"p\" has a mean of 1.5e-31 and a standard deviation "
                 "of 5e-32; the latter must be above 1e-30: multiply its "
                 "numbers");
    gradus_dataset_free(d);
    d = load("a,b,p\n1,5,2e-29\n2,5,1e-29\n"); /* b, all 5, is no error */
    ck_assert_msg(gradus_table_fit(t, d) == 0, "%s", gradus_error());
    gradus_dataset_free(d);
}

/* Many such numbers are not taken for many that are the same. */
LOOP_TEST(numbers_beyond_the_range_of_a_float_are_named, 2)
{
    char rows[4096] = "a,b\n";

    for (int i = 0; i < 80; i++)
        snprintf(rows + strlen(rows), 64, "0.%d,%d.5e%d\n", i, i + 1,
                 sizeof(gradus_real) == 4 ? 300 : 400);
    t = gradus_table_new(file(rows), &(gradus_table_options){
        .targets = _i ? LIST("b") : NULL });
    ck_assert_msg(t != NULL, "%s", gradus_error());
    ck_assert_ptr_null(gradus_table_load(t, file(rows), 0));
    assert_error(sizeof(gradus_real) == 4
                 ? "csv:2: column 2 (\"b\"): got \"1.5e300\"; must be in the "
                   "range of a float"
                 : "csv:2: column 2 (\"b\"): got \"1.5e400\"; must be in the "
                   "range of a double");
}

TEST(a_mean_too_large_to_standardise_names_its_column)
{
    t = gradus_table_new(file("a,b\n1,2e32\n2,1e31\n"), NULL);
    ck_assert_msg(t != NULL, "%s", gradus_error());
    gradus_dataset *d = load("a,b\n1,2e32\n2,1e31\n");
    ck_assert_int_ne(gradus_table_fit(t, d), 0);
    assert_error("gradus_table_fit: column \"b\" has a mean of 1.05e+32 and a "
                 "standard deviation of 9.5e+31; both must be below 1e30: "
                 "divide its numbers");
    gradus_dataset_free(d);
    d = load("a,b\n1,3e38\n1,-3e38\n");
    ck_assert_int_ne(gradus_table_fit(t, d), 0);
    assert_error("column \"b\" has a mean of 0 and a standard");
    gradus_dataset_free(d);
    gradus_table_free(t);
    t = gradus_table_new(file("a,p\n1,2e32\n2,1e31\n"),
                         &(gradus_table_options){ .targets = LIST("p") });
    d = load("a,p\n1,2e32\n2,1e31\n");
    ck_assert_int_ne(gradus_table_fit(t, d), 0);
    assert_error("gradus_table_fit: column \"p\" has a mean of");
    gradus_dataset_free(d);
}

#ifdef GRADUS_DOUBLE
TEST(sums_that_overflow_are_refused)
{
    t = gradus_table_new(file("a\n1e308\n-1.7e308\n"), NULL);
    gradus_dataset *d = load("a\n1.7e308\n-1.7e308\n1.7e308\n");
    ck_assert_int_ne(gradus_table_fit(t, d), 0);
    assert_error("column \"a\" has a mean of");
    gradus_dataset_free(d);
}
#endif

TEST(only_data_of_the_table_fit_it)
{
    learn_people();
    gradus_dataset *d = load(PEOPLE), other = *d;
    gradus_real x[8] = { 0 };

    ck_assert_int_eq(gradus_table_fit(t, d), 0);
    other.size = 4;
    ck_assert_int_ne(gradus_table_fit(t, &other), 0);
    assert_error("gradus_table_fit: got 2 rows of 4 values and 1 targets; "
                 "must be rows that gradus_table_load has read, of 3 values "
                 "and 1 targets");
    other = *d;
    other.targets = NULL;
    ck_assert_int_ne(gradus_table_fit(t, &other), 0);
    assert_error("got 2 rows of 3 values and 0 targets");
    other = *d;
    other.target_size = 2;
    ck_assert_int_ne(gradus_table_fit(t, &other), 0);
    other = *d;
    other.n = 0;
    ck_assert_int_ne(gradus_table_fit(t, &other), 0);
    assert_error("got 0 rows");
    other = *d;
    other.x = NULL;
    ck_assert_int_ne(gradus_table_fit(t, &other), 0);
    other = (gradus_dataset){ .n = 2, .size = 3, .x = x, .targets = x,
                              .target_size = 1 };
    ck_assert_int_ne(gradus_table_fit(t, &other), 0); /* of no category */
    assert_error("column \"sex\" has no value");
    ck_assert_int_ne(gradus_table_fit(t, NULL), 0);
    assert_error("gradus_table_fit: the dataset is NULL");
    ck_assert_int_ne(gradus_table_fit(NULL, d), 0);
    assert_error("gradus_table_fit: the table is NULL");
    gradus_dataset_free(d);
}

TEST(a_table_goes_to_inputs_of_its_sizes_in_one_graph)
{
    gradus_graph *g = gradus_graph_new(1), *h = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 3), *y = gradus_input(g, 1);
    gradus_node *wide = gradus_input(g, 4), *there = gradus_input(h, 1);

    learn_people();
    ck_assert_int_ne(gradus_set_table(x, y, t), 0);
    assert_error("gradus_set_table: the table is not fitted yet");
    gradus_dataset *d = load(PEOPLE);
    ck_assert_int_eq(gradus_table_fit(t, d), 0);
    ck_assert_int_ne(gradus_set_table(NULL, y, t), 0);
    assert_error("gradus_set_table: the input is NULL");
    ck_assert_int_ne(gradus_set_table(wide, y, t), 0);
    assert_error("gradus_set_table: got inputs of 4 values and of 1 targets; "
                 "must be 3 and 1");
    ck_assert_int_ne(gradus_set_table(x, wide, t), 0);
    assert_error("got inputs of 3 values and of 4 targets");
    ck_assert_int_ne(gradus_set_table(x, there, t), 0);
    assert_error("gradus_set_table: the inputs are of two graphs");
    ck_assert_int_ne(gradus_set_table(x, y, NULL), 0);
    assert_error("gradus_set_table: the table is NULL");
    ck_assert_ptr_null(gradus_get_table(g));
    assert_error("gradus_get_table: the graph has no table: gradus_set_table "
                 "was not called");
    ck_assert_ptr_null(gradus_get_table(NULL));
    assert_error("gradus_get_table: the graph is NULL");
    ck_assert_int_eq(gradus_set_table(x, y, t), 0);
    ck_assert_int_ne(gradus_set_table(x, y, t), 0);
    assert_error("the input is standardised");
    ck_assert_int_ne(gradus_set_table(gradus_image(g, 1, 1, 3), NULL, t), 0);
    assert_error("the input is an image");
    gradus_dataset_free(d);
    gradus_graph_free(g);
    gradus_graph_free(h);
}

TEST(a_file_with_words_for_nothing_is_no_table)
{
    ck_assert_ptr_null(gradus_table_load(NULL, "x", 0));
    assert_error("gradus_table_load: the table is NULL");
    learn_people();
    ck_assert_ptr_null(gradus_table_load(t, NULL, 0));
    assert_error("gradus_table_load: the path is NULL");
    gradus_table_free(NULL);
    ck_assert_int_eq(gradus_table_columns(NULL), 0);
    ck_assert_ptr_null(gradus_column_name(NULL, 0));
    ck_assert_ptr_null(gradus_column_use(NULL, 0));
    ck_assert_ptr_null(gradus_column_category(NULL, 0, 0));
    ck_assert_int_eq(gradus_column_span(NULL, 0, NULL), -1);
    ck_assert_int_eq(gradus_column_span(t, INT_MAX, NULL), -1);
    ck_assert_ptr_null(gradus_column_name(t, INT_MIN));
}
