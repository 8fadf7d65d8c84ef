/* test_table.c -- tables of CSV files: what their columns become, how they are
 * standardised, and how other files are read in the same way. */
#include "model_files.h"

#include "nets.h"
#include "probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static gradus_table *t;
static gradus_dataset *d;

static void end(void)
{
    gradus_table_free(t);
    gradus_dataset_free(d);
    t = NULL;
    d = NULL;
    files_end();
}

EACH_TEST(.begin = files_begin, .end = end, .timeout = 60)

#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static void load_path(const char *path)
{
    gradus_dataset_free(d);
    d = gradus_table_load(t, path, 0);
    ck_assert_msg(d != NULL, "%s", gradus_error());
}

static void load(const char *text)
{
    load_path(files_write("data.csv", text, strlen(text)));
}

/* Learns the table t from a file of this text, and loads that. */
static void learn(const char *text, gradus_table_options o)
{
    const char *path = files_write("data.csv", text, strlen(text));

    gradus_table_free(t);
    t = gradus_table_new(path, &o);
    ck_assert_msg(t != NULL, "%s", gradus_error());
    load_path(path);
}

/* Asserts that d holds the values x [n,size]. */
static void holds(size_t n, int size, const double *x)
{
    ck_assert_uint_eq(d->n, n);
    ck_assert_int_eq(d->size, size);
    for (size_t i = 0; i < n * (size_t)size; i++)
        ck_assert_msg(isnan(x[i]) ? isnan(d->x[i])
                                  : d->x[i] == (gradus_real)x[i],
                      "value %zu is %g; must be %g", i, (double)d->x[i],
                      x[i]);
}

#define HOLDS(n, ...)                                                       \
    holds(n, (int)(sizeof((double[]){ __VA_ARGS__ }) / sizeof(double) / (n)), \
          (const double[]){ __VA_ARGS__ })

static void labelled(const int32_t *labels, int classes)
{
    ck_assert_int_eq(d->classes, classes);
    ck_assert_int_eq(d->positions, 1);
    ck_assert_mem_eq(d->labels, labels, d->n * sizeof *labels);
}

/* Asserts what column k is. */
static void is_column(int k, const char *name, const char *use, int first,
                      int count)
{
    int n = -7;

    ck_assert_str_eq(gradus_column_name(t, k), name);
    ck_assert_str_eq(gradus_column_use(t, k), use);
    ck_assert_int_eq(gradus_column_span(t, k, &n), first);
    ck_assert_int_eq(n, count);
    ck_assert_int_eq(gradus_column_span(t, k, NULL), first);
}

/* ---- columns ------------------------------------------------------------ */

TEST(texts_become_a_value_for_each_category)
{
    learn("colour,size\nred,1\nblue,2.5\nRed,-3\nred,4e1\n",
          (gradus_table_options){ 0 });
    HOLDS(4, 0, 0, 1, 1, /* Red, blue, red, by their bytes; then the size */
          0, 1, 0, 2.5,
          1, 0, 0, -3,
          0, 0, 1, 40);
    ck_assert_ptr_null(d->labels);
    ck_assert_ptr_null(d->targets);
    ck_assert_int_eq(gradus_table_columns(t), 2);
    is_column(0, "colour", "text", 0, 3);
    is_column(1, "size", "number", 3, 1);
    ck_assert_str_eq(gradus_column_category(t, 0, 0), "Red");
    ck_assert_str_eq(gradus_column_category(t, 0, 2), "red");
    ck_assert_ptr_null(gradus_column_category(t, 0, 3));
    ck_assert_ptr_null(gradus_column_category(t, 0, -1));
    ck_assert_ptr_null(gradus_column_category(t, 1, 0));
}

TEST(what_is_not_there_has_no_name)
{
    int n = -7;

    learn("a,b\n1,2\n", (gradus_table_options){ 0 });
    ck_assert_ptr_null(gradus_column_name(t, 2));
    ck_assert_ptr_null(gradus_column_name(t, -1));
    ck_assert_ptr_null(gradus_column_use(t, 2));
    ck_assert_ptr_null(gradus_column_category(t, 2, 0));
    ck_assert_int_eq(gradus_column_span(t, 2, &n), -1);
    ck_assert_int_eq(n, 0);
}

/* Each text is the same table. */
static const struct {
    const char *text;
    gradus_table_options o;
} SAME[] = {
    { "a,b\nx,1\n\"y,z\",2\n", { 0 } },
    { "a;b\nx;1\ny,z;2\n", { 0 } },
    { "a\tb\r\nx\t1\r\n\"y,z\"\t2\r\n", { 0 } },
    { "a|b\rx|1\ry,z|2", { 0 } },
    { "a;b\nx;1\ny,z;2\n", { .separator = ';' } },
    { "\xef\xbb\xbf\"a\" , b\n x ,1\n\"y,z\",\"2\"\n\n", { 0 } },
};

LOOP_TEST(a_table_is_learnt_alike_in_every_notation, COUNT(SAME))
{
    learn(SAME[_i].text, SAME[_i].o);
    HOLDS(2, 1, 0, 1, 0, 1, 2);
    is_column(0, "a", "text", 0, 2);
    ck_assert_str_eq(gradus_column_category(t, 0, 1), "y,z");
}

TEST(a_gzip_file_is_read)
{
    const char *path = files_write_gz("data.gz", "a,b\nx,1\ny,2\n", 12);

    t = gradus_table_new(path, NULL);
    ck_assert_msg(t != NULL, "%s", gradus_error());
    load_path(path);
    HOLDS(2, 1, 0, 1, 0, 1, 2);
}

TEST(quoted_fields_keep_separators_quotes_and_newlines)
{
    learn("\"a,b\",c\n\"1\n2\",5\n\"say \"\"x\"\"\",6\n",
          (gradus_table_options){ 0 });
    is_column(0, "a,b", "text", 0, 2);
    ck_assert_str_eq(gradus_column_category(t, 0, 0), "1\n2");
    ck_assert_str_eq(gradus_column_category(t, 0, 1), "say \"x\"");
}

TEST(numbers_among_texts_are_texts)
{
    learn("a,b\n1,1\nx,2\n2,3\n1,4\n", (gradus_table_options){ 0 });
    is_column(0, "a", "text", 0, 3);
    ck_assert_str_eq(gradus_column_category(t, 0, 0), "1");
    HOLDS(4, 1, 0, 0, 1, 0, 0, 1, 2, 0, 1, 0, 3, 1, 0, 0, 4);
}

TEST(numbers_with_a_unit_are_texts_that_say_so)
{
    learn("rate,days,code,two,few,price,class\n"
          "5%,1 day,A1,1 kg,1 kg,$1,1 kg\n10%,2 days,A2,2 kg,2 kg,$2.5,2 kg\n"
          ",3 days,A3,3 g,1 kg,$-3,3 kg\n0.5%,1 day,A1,1 kg,2 kg,$2.5,1 kg\n",
          (gradus_table_options){ .missing = GRADUS_MISSING_MEAN,
                                  .label = "class" });
    is_column(0, "rate", "text", 0, 3);
    ck_assert(gradus_column_has_unit(t, 0));
    ck_assert(gradus_column_has_unit(t, 1));
    ck_assert(!gradus_column_has_unit(t, 2));
    ck_assert(!gradus_column_has_unit(t, 3));
    ck_assert(!gradus_column_has_unit(t, 4));
    ck_assert(gradus_column_has_unit(t, 5));
    ck_assert(!gradus_column_has_unit(t, 6)); /* the label */
    ck_assert(!gradus_column_has_unit(t, 7));
    ck_assert(!gradus_column_has_unit(t, -1));
}

TEST(labels_that_are_texts_are_sorted_by_their_bytes)
{
    learn("y,a\nno,1\nYes,2\nno,3\n", (gradus_table_options){ .label = "y" });
    HOLDS(3, 1, 2, 3);
    labelled((const int32_t[]){ 1, 0, 1 }, 2);
    ck_assert_str_eq(d->class_names[0], "Yes");
    ck_assert_str_eq(d->class_names[1], "no");
    is_column(0, "y", "label", -1, 0);
    ck_assert_str_eq(gradus_column_category(t, 0, 0), "Yes");
}

TEST(labels_that_are_numbers_are_sorted_by_size)
{
    learn("a,y\n1,10\n2,2\n3,-1\n4,10\n5,2.0\n",
          (gradus_table_options){ .label = "-1" });
    labelled((const int32_t[]){ 3, 1, 0, 3, 2 }, 4);
    ck_assert_str_eq(d->class_names[0], "-1");
    ck_assert_str_eq(d->class_names[1], "2");
    ck_assert_str_eq(d->class_names[2], "2.0");
    ck_assert_str_eq(d->class_names[3], "10");
}

TEST(targets_are_numbers_to_predict)
{
    learn("p,a,q\n10,x,-1\n20,y,-2\n",
          (gradus_table_options){ .targets = LIST("q", "p") });
    HOLDS(2, 1, 0, 0, 1);
    ck_assert_int_eq(d->target_size, 2);
    assert_near(d->targets, (double[]){ 10, -1, 20, -2 }, 4, 0);
    is_column(0, "p", "target", 0, 1); /* in the order of the file */
    is_column(2, "q", "target", 1, 1);
}

TEST(label_and_targets_may_be_there_both)
{
    learn("y,p,a\nm,10,1\nf,20,2\n",
          (gradus_table_options){ .label = "y", .targets = LIST("p") });
    HOLDS(2, 1, 2);
    labelled((const int32_t[]){ 1, 0 }, 2);
    assert_near(d->targets, (double[]){ 10, 20 }, 2, 0);
}

TEST(columns_may_be_left_out)
{
    learn("id,a,when\nk1,5,2024-01-31\nk2,6,\n",
          (gradus_table_options){ .ignore = LIST("id", "-1") });
    HOLDS(2, 5, 6);
    is_column(0, "id", "ignored", -1, 0);
    is_column(2, "when", "ignored", -1, 0);
}

TEST(a_table_without_names_has_numbers_for_them)
{
    learn("1,x,a\n2,y,b\n", (gradus_table_options){
          .header = GRADUS_CSV_NO_HEADER, .label = "3" });
    HOLDS(2, 1, 1, 0, 2, 0, 1);
    is_column(1, "2", "text", 1, 2);
    is_column(2, "3", "label", -1, 0);
    load("3,x,b\n");
    HOLDS(1, 3, 1, 0);
    labelled((const int32_t[]){ 1 }, 2);
}

/* The years 1990 to 2024, in order, tell nothing but the row; the same
 * numbers, shuffled, may tell something. */
TEST(numbers_that_all_differ_are_numbers)
{
    char text[1024] = "year\n";

    for (int i = 0; i < 35; i++)
        sprintf(text + strlen(text), "%d\n", 1990 + i * 2 % 35);
    learn(text, (gradus_table_options){ 0 });
    is_column(0, "year", "number", 0, 1);
}

/* 1e17 + 1 is 1e17. */
TEST(a_large_constant_does_not_count_the_rows)
{
    char text[1024] = "a\n";

    for (int i = 0; i < 35; i++)
        strcat(text, "1e17\n");
    learn(text, (gradus_table_options){ 0 });
    is_column(0, "a", "number", 0, 1);
}

/* ---- missing fields ----------------------------------------------------- */

static const char GAPS[] = "n,c,y\n"
                           "1,red,a\n"
                           "NA,?,b\n"
                           "7,blue,a\n"
                           "1,blue,b\n"
                           ",-,a\n";

TEST(what_is_missing_is_nan)
{
    learn(GAPS, (gradus_table_options){ .label = "y",
                                        .missing = GRADUS_MISSING_MEAN });
    HOLDS(5, 1, 0, 1,
          NAN, NAN, NAN,
          7, 1, 0,
          1, 1, 0,
          NAN, NAN, NAN);
}

TEST(indicators_say_what_is_missing)
{
    learn(GAPS, (gradus_table_options){
          .label = "y", .missing = GRADUS_MISSING_MEAN, .indicators = true });
    HOLDS(5, 1, 0, 0, 1, 0,
          NAN, 1, NAN, NAN, 1,
          7, 0, 1, 0, 0,
          1, 0, 1, 0, 0,
          NAN, 1, NAN, NAN, 1);
    is_column(0, "n", "number", 0, 2);
    is_column(1, "c", "text", 2, 3);
    learn("a,b\n1,2\n", (gradus_table_options){ .indicators = true });
    HOLDS(1, 1, 2);
}

TEST(every_word_for_missing_is_known)
{
    learn("a,b\n,1\nNA,1\nN/A,1\nn/a,1\nNaN,1\nnan,1\nNULL,1\nnull,1\nNone,1\n"
          "?,1\n-,1\n5,1\n",
          (gradus_table_options){ .missing = GRADUS_MISSING_MEAN });
    ck_assert_uint_eq(d->n, 12);
    for (int i = 0; i < 11; i++)
        ck_assert(isnan(d->x[2 * i]));
    ck_assert(d->x[22] == 5);
}

/* ---- scales ------------------------------------------------------------- */

/* Sets a graph's inputs by the table, which is fitted to train, and returns
 * what becomes of the rows v [n,size].  To be freed. */
static gradus_real *standardised(const gradus_dataset *train,
                                 const gradus_real *v, int n)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, train->size);
    const size_t all = (size_t)n * (size_t)train->size;
    gradus_real *y = calloc(all, sizeof *y);

    ck_assert_msg(gradus_table_fit(t, train) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_set_table(x, NULL, t) == 0, "%s", gradus_error());
    ck_assert_int_eq(gradus_compile(g, n, 1), 0);
    gradus_feed(x, v, (size_t)n);
    ck_assert_msg(gradus_forward(g, NULL, n) == 0, "%s", gradus_error());
    memcpy(y, x->y, all * sizeof *y);
    gradus_graph_free(g);
    return y;
}

/* Asserts that the rows of d become y once the table is fitted to `train`. */
static void becomes(const gradus_dataset *train, const double *y)
{
    gradus_real *got = standardised(train, d->x, (int)d->n);

    assert_near(got, y, d->n * (size_t)d->size, rounding());
    free(got);
}

TEST(numbers_are_standardised_and_categories_are_not)
{
    learn("a,b\n1,x\n3,y\n5,x\n7,y\n", (gradus_table_options){ 0 });
    const double s = sqrt(5);
    becomes(d, (double[]){ -3 / s, 1, 0, -1 / s, 0, 1, 1 / s, 1, 0, 3 / s, 0,
                           1 });
}

TEST(a_constant_becomes_zero)
{
    learn("a,b,c\n0.1,x,5\n0.1,x,6\n0.1,x,7\n", (gradus_table_options){ 0 });
    const double s = sqrt(2 / 3.);
    becomes(d, (double[]){ 0, 1, -1 / s, 0, 1, 0, 0, 1, 1 / s });
    load("a,b,c\n1.1,x,6\n"); /* another value is not divided by 0 */
    const gradus_dataset other = *d;
    gradus_dataset train = other;
    gradus_real three[] = { (gradus_real)0.1, 1, 6, (gradus_real)0.1, 1, 6 };
    train.x = three;
    train.n = 2;
    becomes(&train, (double[]){ 1, 1, 0 });
}

/* A sum of many equal numbers is not exact. */
TEST(a_constant_of_many_rows_becomes_exactly_zero)
{
    enum { N = 100000 };
    gradus_real *v = calloc(N, sizeof *v);

    learn("a\n1\n2\n", (gradus_table_options){ 0 });
    for (int i = 0; i < N; i++)
        v[i] = (gradus_real)0.1;
    gradus_dataset train = { .n = N, .size = 1, .x = v };
    gradus_real *y = standardised(&train, v, 3);
    ck_assert(y[0] == 0 && y[2] == 0);
    free(y);
    free(v);
}

/* Of 1 1 7 the mean is 3 and the variance 8; of the texts, blue is the most
 * frequent, and of the numbers 1. */
LOOP_TEST(what_is_missing_is_taken_for_the_mean_or_the_most_frequent, 2)
{
    learn(GAPS, (gradus_table_options){
          .label = "y", .indicators = true,
          .missing = _i ? GRADUS_MISSING_MOST_FREQUENT
                        : GRADUS_MISSING_MEAN });
    const double s = sqrt(8), gap = _i ? -2 / s : 0;
    becomes(d, (double[]){ -2 / s, 0, 0, 1, 0,
                           gap, 1, 1, 0, 1,
                           4 / s, 0, 1, 0, 0,
                           -2 / s, 0, 1, 0, 0,
                           gap, 1, 1, 0, 1 });
}

TEST(the_lowest_of_the_most_frequent_numbers_is_taken)
{
    learn("a\n5\n-2\n5\n?\n-2\n9\n", (gradus_table_options){
          .missing = GRADUS_MISSING_MOST_FREQUENT });
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 1);
    ck_assert_int_eq(gradus_table_fit(t, d), 0);
    ck_assert_int_eq(gradus_set_table(x, NULL, t), 0);
    ck_assert_double_eq(*gradus_attr_values(x->attr, "missing", NULL), -2);
    ck_assert_double_eq(*gradus_attr_values(x->attr, "centre", NULL), 3);
    gradus_graph_free(g);
}

/* The rows from 4 on are held back.  In those before, the mean of a is 2, its
 * deviation 1, the most frequent text y, and the target's mean 20. */
static const char SPLIT[] = "a,b,p\n1,x,10\n3,y,30\n1,y,10\n3,y,30\n"
                            "1000,x,9000\n,x,7\n2000,,8\n5000,x,9\n";

TEST(scales_and_fills_are_those_of_the_training_rows_alone)
{
    learn(SPLIT, (gradus_table_options){ .targets = LIST("p"),
                                         .missing = GRADUS_MISSING_MEAN });
    gradus_dataset train = *d;
    train.n = 4;
    becomes(&train, (double[]){ -1, 1, 0, 1, 0, 1, -1, 0, 1, 1, 0, 1,
                                998, 1, 0,
                                0, 1, 0,
                                1998, 0, 1,
                                4998, 1, 0 });
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 3), *to = gradus_input(g, 1);
    ck_assert_int_eq(gradus_set_table(x, to, t), 0);
    ck_assert_double_eq(*gradus_attr_values(to->attr, "centre", NULL), 20);
    ck_assert_double_eq(*gradus_attr_values(to->attr, "scale", NULL), 10);
    gradus_graph_free(g);
}

TEST(a_split_of_a_table_can_be_fitted)
{
    gradus_dataset train, valid;

    learn(SPLIT, (gradus_table_options){ .targets = LIST("p"),
                                         .missing = GRADUS_MISSING_MEAN });
    ck_assert_int_eq(gradus_split(d, 0.25, 1, NULL, &train, &valid), 0);
    ck_assert_msg(gradus_table_fit(t, &train) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_table_fit(t, d) == 0, "%s", gradus_error());
    gradus_dataset_free(&train);
    gradus_dataset_free(&valid);
}

TEST(only_where_values_may_be_missing_is_a_nan_taken_for_one)
{
    learn("a,b\n1,2\n3,4\n", (gradus_table_options){
          .missing = GRADUS_MISSING_MEAN });
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2);
    ck_assert_int_eq(gradus_table_fit(t, d), 0);
    ck_assert_int_eq(gradus_set_table(x, NULL, t), 0);
    ck_assert_ptr_null(gradus_attr_values(x->attr, "missing", NULL));
    gradus_graph_free(g);
}

/* ---- other files -------------------------------------------------------- */

static const char PEOPLE[] = "id,age,sex,outcome,income\n"
                             "k1,30,f,good,1000\n"
                             "k2,50,m,bad,2000\n"
                             "k3,,m,good,3000\n";

static void learn_people(void)
{
    learn(PEOPLE, (gradus_table_options){
          .ignore = LIST("id"), .label = "outcome", .targets = LIST("income"),
          .missing = GRADUS_MISSING_MEAN });
}

TEST(columns_are_found_in_any_order)
{
    learn_people();
    load("sex,income,id,outcome,age\nm,5,,bad,40\nf,6,k9,good,NA\n");
    HOLDS(2, 40, 0, 1, NAN, 1, 0);
    labelled((const int32_t[]){ 0, 1 }, 2);
    assert_near(d->targets, (double[]){ 5, 6 }, 2, 0);
}

TEST(label_targets_and_ignored_columns_may_be_missing)
{
    learn_people();
    load("sex,age\nm,40\n");
    HOLDS(1, 40, 0, 1);
    ck_assert_ptr_null(d->labels);
    ck_assert_ptr_null(d->targets);
    ck_assert_int_eq(d->positions, 0);
    ck_assert_int_eq(d->target_size, 0);
    ck_assert_int_eq(d->classes, 2);
    ck_assert_str_eq(d->class_names[1], "good");
    load("sex,age,outcome\nm,40,bad\n");
    labelled((const int32_t[]){ 0 }, 2);
    ck_assert_ptr_null(d->targets);
}

TEST(answers_may_be_passed_over_whatever_stands_in_them)
{
    learn_people();
    gradus_table_ignore_answers(t);
    load("sex,income,id,outcome,age\nm,rich,,great,40\nf,,k9,,30\n");
    HOLDS(2, 40, 0, 1, 30, 1, 0);
    ck_assert_ptr_null(d->labels);
    ck_assert_ptr_null(d->targets);
    ck_assert_int_eq(d->target_size, 0);
    ck_assert_int_eq(d->classes, 0);
    is_column(3, "outcome", "ignored", -1, 0);
    is_column(4, "income", "ignored", -1, 0);
    load("sex,age\nm,40\n");
    HOLDS(1, 40, 0, 1);
    learn("4,2,no\n5,3,yes\n", (gradus_table_options){
          .header = GRADUS_CSV_NO_HEADER, .label = "3" });
    gradus_table_ignore_answers(t);
    load("6,7,\n");
    HOLDS(1, 6, 7);
}

TEST(where_one_of_several_targets_is_missing_there_are_none)
{
    learn("a,p,q\n1,2,3\n", (gradus_table_options){
          .targets = LIST("p", "q") });
    load("q,a\n5,6\n");
    HOLDS(1, 6);
    ck_assert_ptr_null(d->targets);
}

/* ---- saved with a model ------------------------------------------------- */

/* Trains a net on the table of people, and saves it. */
static void save_people(const char *name)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, d->size), *to = gradus_input(g, 1);

    ck_assert_msg(gradus_table_fit(t, d) == 0, "%s", gradus_error());
    ck_assert_msg(gradus_set_table(x, to, t) == 0, "%s", gradus_error());
    gradus_mse(gradus_dense(x, 1), to, NULL);
    ck_assert_int_eq(gradus_set_metadata(g, "by", "me"), 0);
    ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    ck_assert_str_eq(gradus_metadata_key(g, 0), "by"); /* not the table's */
    ck_assert_ptr_null(gradus_metadata_key(g, 1));
    ck_assert_int_eq(gradus_save(g, files_path(name)), 0);
    gradus_graph_free(g);
}

/* Asserts that a and b hold the same. */
static void same_data(const gradus_dataset *a, const gradus_dataset *b)
{
    ck_assert_uint_eq(a->n, b->n);
    ck_assert_int_eq(a->size, b->size);
    ck_assert_mem_eq(a->x, b->x, a->n * (size_t)a->size * sizeof *a->x);
    ck_assert_int_eq(a->classes, b->classes);
    ck_assert_int_eq(a->positions, b->positions);
    if (a->positions)
        ck_assert_mem_eq(a->labels, b->labels, a->n * sizeof *a->labels);
    for (int k = 0; k < a->classes; k++)
        ck_assert_str_eq(a->class_names[k], b->class_names[k]);
    ck_assert_int_eq(a->target_size, b->target_size);
    if (a->targets)
        ck_assert_mem_eq(a->targets, b->targets,
                         a->n * (size_t)a->target_size * sizeof *a->targets);
}

TEST(a_table_is_read_back_from_a_model_file)
{
    learn_people();
    save_people("net");
    gradus_graph *g = gradus_load(files_path("net"), 4, 1, NULL);
    ck_assert_msg(g != NULL, "%s", gradus_error());
    ck_assert_int_eq(gradus_save(g, files_path("again")), 0);
    contents a = read_whole(files_path("net"));
    contents b = read_whole(files_path("again"));
    ck_assert(same(a, b));
    free(a.byte);
    free(b.byte);
    gradus_table *back = gradus_get_table(g);
    ck_assert_msg(back != NULL, "%s", gradus_error());
    gradus_dataset *e = gradus_table_load(back, files_path("data.csv"), 0);
    ck_assert_msg(e != NULL, "%s", gradus_error());
    same_data(d, e);
    for (int k = 0; k < gradus_table_columns(t); k++) {
        int n;
        const int first = gradus_column_span(back, k, &n);
        is_column(k, gradus_column_name(back, k), gradus_column_use(back, k),
                  first, n);
    }
    gradus_workspace *w = gradus_workspace_new(g, 3);
    ck_assert_msg(gradus_infer(w, e->x, 3) != NULL, "%s", gradus_error());
    gradus_workspace_free(w);
    gradus_dataset_free(e);
    gradus_table_free(back);
    gradus_graph_free(g);
}

/* Also where it has no names, and odd characters in its categories. */
TEST(every_setting_of_a_table_is_kept)
{
    learn("1;\"\"\"\n\xc3\xa9\\\";3\n;b;10\n2;b;7\n", (gradus_table_options){
          .header = GRADUS_CSV_NO_HEADER, .label = "3", .indicators = true,
          .missing = GRADUS_MISSING_MOST_FREQUENT });
    gradus_graph *g = gradus_graph_new(1);
    ck_assert_int_eq(gradus_table_fit(t, d), 0);
    ck_assert_int_eq(gradus_set_table(gradus_input(g, d->size), NULL, t), 0);
    gradus_table *back = gradus_get_table(g);
    ck_assert_msg(back != NULL, "%s", gradus_error());
    gradus_dataset *e = gradus_table_load(back, files_path("data.csv"), 0);
    ck_assert_msg(e != NULL, "%s", gradus_error());
    ck_assert_uint_eq(e->n, 3);
    ck_assert(isnan(e->x[e->size]) && e->x[e->size + 1] == 1);
    ck_assert_str_eq(gradus_column_category(back, 1, 0), "\"\n\xc3\xa9\\");
    ck_assert_str_eq(gradus_column_category(back, 2, 2), "10");
    ck_assert_int_eq(gradus_table_fit(back, e), 0);
    gradus_dataset_free(e);
    gradus_table_free(back);
    gradus_graph_free(g);
}

/* Writes a table of 2 `categories` rows and some columns, each of so many
 * categories, and returns its path. */
static const char *many(int columns, int categories)
{
    const size_t rows = 2 * (size_t)categories;
    char *text = malloc((rows + 1) * (size_t)columns * 6 + 1), *to = text;

    ck_assert_ptr_nonnull(text);
    for (int k = 0; k < columns; k++)
        to += sprintf(to, "%s%d", k ? ",n" : "n", k);
    to += sprintf(to, "\n");
    for (size_t i = 0; i < rows; i++)
        for (int k = 0; k < columns; k++)
            to += sprintf(to, "c%zu%c", i / 2, k < columns - 1 ? ',' : '\n');
    const char *path = files_write("many.csv", text, (size_t)(to - text));
    free(text);
    return path;
}

TEST(a_table_of_many_categories_can_be_saved)
{
    t = gradus_table_new(many(12, 1000), NULL);
    ck_assert_msg(t != NULL, "%s", gradus_error());
    load_path(files_path("many.csv"));
    ck_assert_int_eq(d->size, 12000);
    gradus_graph *g = gradus_graph_new(1);
    ck_assert_int_eq(gradus_table_fit(t, d), 0);
    ck_assert_int_eq(gradus_set_table(gradus_input(g, d->size), NULL, t), 0);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    ck_assert_msg(gradus_try_save(g, files_path("net")) == 0, "%s",
                  gradus_error());
    gradus_graph_free(g);
}

TEST(a_table_of_too_many_values_is_refused)
{
    ck_assert_ptr_null(gradus_table_new(many(66, 1000), NULL));
    assert_error("many.csv: the columns up to \"n65\" become 66000 values and "
                 "0 targets; must be at most 65536 each: leave columns of "
                 "many categories out with ignore");
    ck_assert_ptr_null(gradus_table_new(many(1, 1001), NULL));
    assert_error("\"n0\" has 1001 different texts; must have at most 1000");
}
