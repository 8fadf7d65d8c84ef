/* test_old_models.c -- tests that model files written by earlier versions load
 * and compute what they did then.  The files are in tests/models, where
 * write.c made them.  A text beside each file says what to feed, and what must
 * come out. */
#define _XOPEN_SOURCE 700
#include "model_files.h"
#include "probe.h"
#include "reload.h"

#include "io/io.h"

#include <glob.h>
#include <math.h>
#include <stdlib.h>

static glob_t files; /* the model files, which file_count finds */

static void forget_files(void)
{
    globfree(&files);
}

/* How many model files there are.  Should none be found, the test that looks
 * for every op fails. */
static int file_count(void)
{
    if (!files.gl_pathv) {
        glob("tests/models/*.safetensors", 0, NULL, &files);
        atexit(forget_files);
    }
    return (int)files.gl_pathc;
}

static const char *const *paths(void)
{
    return (const char *const *)files.gl_pathv;
}

static gradus_graph *load(const char *path)
{
    gradus_graph *g = gradus_load(path, 16, 1, NULL);

    ck_assert_msg(g != NULL, "%s", gradus_error());
    return g;
}

/* ---- the text beside a file ------------------------------------------- */

/* Opens "images.txt" for "images.safetensors". */
static FILE *open_text(const char *path)
{
    char name[256];

    snprintf(name, sizeof name, "%.*s.txt", (int)strcspn(path, "."), path);
    FILE *f = fopen(name, "r");
    ck_assert_msg(f != NULL, "%s is missing", name);
    return f;
}

static void read_numbers(FILE *f, double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(fscanf(f, "%lf", &v[i]), 1);
}

/* Reads this word and the n numbers behind it, which the caller frees. */
static double *read_line(FILE *f, const char *word, size_t n)
{
    char found[64];
    double *v = malloc(n * sizeof *v);

    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(fscanf(f, "%63s", found), 1);
    ck_assert_str_eq(found, word);
    read_numbers(f, v, n);
    return v;
}

static void *as_reals(const double *v, size_t n)
{
    gradus_real *x = malloc(n * sizeof *x);

    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (gradus_real)v[i];
    return x;
}

static void *as_labels(const double *v, size_t n)
{
    int32_t *label = malloc(n * sizeof *label);

    ck_assert_ptr_nonnull(label);
    for (size_t i = 0; i < n; i++)
        label[i] = (int32_t)v[i];
    return label;
}

/* Feeds n the data on the next line.  Returns them, to be freed after use. */
static void *feed(gradus_node *n, FILE *f, int rows)
{
    const size_t all = (size_t)rows * (size_t)n->size;
    const int labels = n->kind == GRADUS_KIND_LABELS;
    double *v = read_line(f, n->name, all);
    void *data = labels ? as_labels(v, all) : as_reals(v, all);

    free(v);
    ck_assert_int_eq(labels ? gradus_feed_labels(n, data, (size_t)rows)
                            : gradus_feed(n, data, (size_t)rows), 0);
    return data;
}

/* ---- tests ------------------------------------------------------------ */

static void check_loss(gradus_graph *g, FILE *f)
{
    gradus_metrics m = { 0 };
    double *loss = read_line(f, "loss", 1);

    ck_assert_msg(!gradus_evaluate(g, NULL, NULL, &m), "%s", gradus_error());
    ck_assert_msg(fabs(m.loss - *loss) <= 1e-4 * fabs(*loss),
                  "the loss is %.9g; must be %.9g, as it was", m.loss, *loss);
    free(loss);
}

static void check_output(gradus_graph *g, const gradus_real *x, FILE *f,
                         int rows)
{
    const gradus_node *last = gradus_node_at(g, gradus_node_count(g) - 1);
    const size_t n = (size_t)rows * (size_t)last->size;
    gradus_workspace *w = gradus_workspace_new(g, rows);
    double *output = read_line(f, "output", n);

    ck_assert_ptr_nonnull(w);
    const gradus_real *y = gradus_infer(w, x, rows);
    ck_assert_msg(y != NULL, "%s", gradus_error());
    assert_near(y, output, n, 1e-4);
    gradus_workspace_free(w);
    free(output);
}

LOOP_TEST(an_old_model_file_computes_what_it_did, file_count())
{
    gradus_graph *g = load(paths()[_i]);
    FILE *f = open_text(paths()[_i]);
    void *data[32] = { NULL };
    int rows;

    ck_assert_int_eq(fscanf(f, "%d rows", &rows), 1);
    ck_assert_int_le(gradus_node_count(g), 32);
    for (int i = 0; i < gradus_node_count(g); i++)
        if (gradus_node_at(g, i)->kind != GRADUS_KIND_COMPUTED)
            data[i] = feed(gradus_node_at(g, i), f, rows);
    check_loss(g, f);
    check_output(g, data[0], f, rows);
    for (int i = 0; i < 32; i++)
        free(data[i]);
    fclose(f);
    gradus_graph_free(g);
}

LOOP_TEST(an_old_model_file_is_saved_to_the_same_bytes, file_count())
{
    gradus_graph *g = load(paths()[_i]), *again = reload(g);

    ck_assert_uint_eq(gradus_parameters_hash(g),
                      gradus_parameters_hash(again));
#ifndef GRADUS_DOUBLE /* the double version saves doubles */
    files_begin();
    ck_assert_msg(gradus_save(g, files_path("net")) == 0, "%s",
                  gradus_error());
    contents a = read_whole(paths()[_i]), b = read_whole(files_path("net"));
    ck_assert_msg(same(a, b), "%s is saved to other bytes", paths()[_i]);
    free(a.byte);
    free(b.byte);
    files_end();
#endif
    gradus_graph_free(g);
    gradus_graph_free(again);
}

/* Does the file hold a node of this op? */
static int holds(const char *path, const gradus_op *op)
{
    gradus_graph *g = load(path);
    int found = 0;

    for (int i = 0; i < gradus_node_count(g); i++)
        found |= gradus_node_at(g, i)->op == op;
    gradus_graph_free(g);
    return found;
}

TEST(every_op_is_in_an_old_model_file)
{
    for (int i = 0; gradus_ops[i]; i++) {
        int found = 0;
        for (size_t k = 0; k < files.gl_pathc; k++)
            found |= holds(paths()[k], gradus_ops[i]);
        ck_assert_msg(found, "no file in tests/models holds the op \"%s\"; "
                      "add a model with it to tests/models/write.c",
                      gradus_ops[i]->name);
    }
}

TEST(the_table_in_an_old_model_file_reads_a_file)
{
    gradus_graph *g = load("tests/models/table.safetensors");
    gradus_table *t = gradus_get_table(g);

    ck_assert_msg(t != NULL, "%s", gradus_error());
    gradus_dataset *d = gradus_table_load(t, "tests/models/people.csv", 0);
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_int_eq(d->size, gradus_node_size(gradus_node_at(g, 0)));
    ck_assert(d->x[0] == 36 && d->x[1] == 0);
    ck_assert(isnan(d->x[4 * d->size]) && d->x[4 * d->size + 1] == 1);
    ck_assert_int_eq(d->labels[4], 2);
    ck_assert_str_eq(d->class_names[2], "yes, abroad");
    ck_assert(d->targets[3] == 3050);
    ck_assert_str_eq(gradus_metadata(g, gradus_metadata_key(g, 0)),
                     "people.csv, \xc3\xa9tude 1");
    gradus_workspace *w = gradus_workspace_new(g, 6);
    ck_assert_msg(gradus_infer(w, d->x, 6) != NULL, "%s", gradus_error());
    gradus_workspace_free(w);
    gradus_dataset_free(d);
    gradus_table_free(t);
    gradus_graph_free(g);
}

TEST(class_names_in_an_old_model_file_are_read)
{
    gradus_graph *g = load("tests/models/images.safetensors");

    ck_assert_int_eq(gradus_class_count(g), 3);
    ck_assert_str_eq(gradus_class_name(g, 0), "cat");
    ck_assert_str_eq(gradus_class_name(g, 2), "\xc3\xa9l\xc3\xa9phant");
    gradus_graph_free(g);
}
