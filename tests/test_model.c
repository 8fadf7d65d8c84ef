/* test_model.c -- saving and loading models. */
#define _XOPEN_SOURCE 700
#include "model_files.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>

/* ---- round trips ---------------------------------------------------------*/

/* A net with every kind of setting, at values that are hard to print. */
static gradus_graph *rich_net(void)
{
    gradus_graph *g = gradus_graph_new(18446744073709551615u);
    gradus_node *image = gradus_image(g, 2, 3, 2);
    gradus_node *t = gradus_labels(g, 1);
    gradus_node *w = gradus_row_weights(g);
    const double mean[] = { 0.1307, -0.0 }, std[] = { 1.0 / 3, 5e-30 };
    const double class_weight[] = { 1, 0.1, 4.9e-324 };

    gradus_normalise(image, mean, std);
    gradus_node *h = gradus_relu(gradus_dense(image, 5));
    gradus_set_name(gradus_dense(h, 1), "a_side_branch");
    gradus_node *loss = gradus_softmax_ce(
        gradus_dense(h, 3), t,
        &(gradus_softmax_ce_options){ .reduction = GRADUS_REDUCE_SUM,
                                      .label_smoothing = 0.1,
                                      .use_ignore_label = 1,
                                      .ignore_label = -100,
                                      .last_axis = 1,
                                      .class_weight = class_weight,
                                      .row_weight = w });
    gradus_set_loss_weight(loss, 0.30000000000000004);
    ck_assert_int_eq(
        gradus_set_class_names(
            g, 3, (const char *const[]){ "", "\"quoted\\\"\n", "\xc3\xa9" }),
        0);
    ck_assert_msg(gradus_compile(g, 4, 1) == 0, "%s", gradus_error());
    return g;
}

/* Asserts that g is saved to the bytes of this file. */
static void assert_saves_the_same(const gradus_graph *g, const char *path)
{
    contents a = read_whole(path), b;

    ck_assert_msg(gradus_save(g, files_path("again")) == 0, "%s",
                  gradus_error());
    b = read_whole(files_path("again"));
    ck_assert_mem_eq(a.byte, b.byte, a.size + 1);
    ck_assert_uint_eq(a.size, b.size);
    free(a.byte);
    free(b.byte);
}

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 120)

LOOP_TEST(a_loaded_model_saves_to_the_same_bytes, 2)
{
    gradus_graph *g = _i ? rich_net() : small_net(1);
    const char *path = files_path("net");

    ck_assert_msg(gradus_save(g, path) == 0, "%s", gradus_error());
    gradus_graph *h = gradus_load(path, 7, 1, NULL);
    ck_assert_msg(h != NULL, "%s", gradus_error());
    ck_assert(gradus_parameters_hash(g) == gradus_parameters_hash(h));
    ck_assert_int_eq(gradus_max_batch(h), 7);
    assert_saves_the_same(h, path);
    ck_assert_int_eq(files_in_folder(), 2);
    gradus_graph_free(g);
    gradus_graph_free(h);
}

TEST(settings_are_loaded_bit_for_bit)
{
    gradus_graph *g = rich_net();

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    gradus_graph *h = gradus_load(files_path("net"), 1, 1, NULL);
    ck_assert_msg(h != NULL, "%s", gradus_error());
    ck_assert_int_eq(gradus_node_count(h), gradus_node_count(g));
    for (int i = 0; i < gradus_node_count(g); i++) {
        gradus_node *a = gradus_node_at(g, i), *b = gradus_node_at(h, i);
        ck_assert_ptr_eq(a->op, b->op);
        ck_assert_str_eq(a->name, b->name);
        ck_assert_mem_eq(a->shape, b->shape, sizeof a->shape);
        if (gradus_as_loss(a))
            ck_assert(gradus_as_loss(a)->weight == gradus_as_loss(b)->weight);
        for (int j = 0; j < a->n_in; j++)
            ck_assert_int_eq(a->in[j]->id, b->in[j]->id);
    }
    int n;
    const double *mean =
        gradus_attr_values(gradus_node_at(h, 0)->attr, "mean", &n);
    ck_assert_int_eq(n, 2);
    ck_assert(mean[0] == 0.1307 && mean[1] == 0 && signbit(mean[1]));
    ck_assert_int_eq(gradus_class_count(h), 3);
    ck_assert_str_eq(gradus_class_name(h, 1), "\"quoted\\\"\n");
    gradus_graph_free(g);
    gradus_graph_free(h);
}

/* The locale is set for the whole process, or for the calling thread alone. */
LOOP_TEST(a_locale_with_a_decimal_comma_changes_no_model_file, 2)
{
    gradus_graph *g = rich_net();

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    if (files_comma_locale()) {
        locale_t comma = duplocale(LC_GLOBAL_LOCALE);
        ck_assert(comma != (locale_t)0);
        if (_i) {
            setlocale(LC_ALL, "C");
            uselocale(comma);
        }
        gradus_graph *h = gradus_load(files_path("net"), 1, 1, NULL);
        ck_assert_str_eq(localeconv()->decimal_point, ",");
        ck_assert_msg(h != NULL, "%s", gradus_error());
        assert_saves_the_same(h, files_path("net"));
        gradus_graph_free(h);
        uselocale(LC_GLOBAL_LOCALE);
        freelocale(comma);
    } else {
        fputs("model: skipped: there is no locale with a decimal comma\n",
              stderr);
    }
    files_point_locale();
    gradus_graph_free(g);
}

TEST(the_header_of_a_model_file_is_padded_to_eight_bytes)
{
    gradus_graph *g = small_net(1);

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    contents c = read_whole(files_path("net"));
    ck_assert_uint_eq(c.byte[0] % 8, 0);
    ck_assert_uint_eq(c.size, 8u + c.byte[0] + 256u * c.byte[1] +
                                  17 * sizeof(gradus_real));
    free(c.byte);
    gradus_graph_free(g);
}

/* ---- damage --------------------------------------------------------------*/

TEST(every_flipped_bit_of_a_model_file_is_an_error)
{
    gradus_graph *g = small_net(1), *to = small_net(2);
    const char *path = files_path("net");
    uint64_t before = gradus_parameters_hash(to);

    ck_assert_int_eq(
        gradus_set_class_names(g, 2, (const char *const[]){ "no", "yes" }), 0);
    ck_assert_int_eq(gradus_save(g, path), 0);
    contents c = read_whole(path);
    for (size_t i = 0; i < 8 * c.size; i++) {
        c.byte[i / 8] ^= (unsigned char)(1 << i % 8);
        files_write("net", c.byte, c.size);
        c.byte[i / 8] ^= (unsigned char)(1 << i % 8);
        gradus_graph *h = gradus_load(path, 4, 1, NULL);
        ck_assert_msg(h == NULL, "loaded with bit %zu of byte %zu flipped",
                      i % 8, i / 8);
        ck_assert_msg(gradus_load_parameters(to, path) != 0,
                      "parameters loaded with bit %zu of byte %zu flipped",
                      i % 8, i / 8);
    }
    ck_assert(gradus_parameters_hash(to) == before);
    files_write("net", c.byte, c.size);
    ck_assert_msg(gradus_load_parameters(to, path) == 0, "%s",
                  gradus_error());
    free(c.byte);
    gradus_graph_free(g);
    gradus_graph_free(to);
}

TEST(a_model_file_cut_short_at_any_byte_is_an_error)
{
    gradus_graph *g = small_net(1), *to = small_net(2);
    const char *path = files_path("net");
    uint64_t before = gradus_parameters_hash(to);

    ck_assert_int_eq(gradus_save(g, path), 0);
    contents c = read_whole(path);
    /* The last case has one byte more: the 0 behind the contents. */
    for (size_t size = 0; size <= c.size + 1; size++) {
        if (size == c.size)
            continue;
        files_write("net", c.byte, size);
        ck_assert_msg(!gradus_load(path, 4, 1, NULL),
                      "%zu of %zu bytes were loaded; must be refused", size,
                      c.size);
        ck_assert_msg(gradus_load_parameters(to, path) != 0,
                      "parameters of %zu of %zu bytes were loaded; must be "
                      "refused", size, c.size);
        assert_error("net: ");
    }
    ck_assert(gradus_parameters_hash(to) == before);
    free(c.byte);
    gradus_graph_free(g);
    gradus_graph_free(to);
}

TEST(damaged_weights_are_reported_as_damage)
{
    gradus_graph *g = small_net(1);

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    contents c = read_whole(files_path("net"));
    c.byte[c.size - sizeof(gradus_real)] ^= 1;
    files_write("net", c.byte, c.size);
    ck_assert_ptr_null(gradus_load(files_path("net"), 1, 1, NULL));
    assert_error("net: damaged: its checksum");
    free(c.byte);
    gradus_graph_free(g);
}

/* ---- other nets, class names, misuse ------------------------------------*/

TEST(a_shape_that_differs_is_named_with_both_shapes)
{
    gradus_graph *g = small_net(1), *other = gradus_graph_new(1);
    gradus_node *x = gradus_input(other, 2), *t = gradus_labels(other, 1);
    gradus_softmax_ce(gradus_dense(gradus_dense(x, 4), 2), t, NULL);
    ck_assert_int_eq(gradus_compile(other, 1, 1), 0);

    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    ck_assert_int_ne(gradus_load_parameters(other, files_path("net")), 0);
    assert_error("net: tensor dense1.weight is [3,2] in the file, [4,2] in");
    gradus_graph_free(g);
    gradus_graph_free(other);
}

TEST(class_names_are_copied_and_replaced)
{
    gradus_graph *g = small_net(1);
    char cat[] = "cat";
    const char *names[] = { cat, "dog" };

    ck_assert_int_eq(gradus_class_count(g), 0);
    ck_assert_ptr_null(gradus_class_name(g, 0));
    ck_assert_int_eq(gradus_set_class_names(g, 2, names), 0);
    cat[0] = 'b';
    ck_assert_str_eq(gradus_class_name(g, 0), "cat");
    ck_assert_str_eq(gradus_class_name(g, 1), "dog");
    ck_assert_ptr_null(gradus_class_name(g, 2));
    ck_assert_ptr_null(gradus_class_name(g, -1));
    names[0] = gradus_class_name(g, 1);
    names[1] = gradus_class_name(g, 0);
    ck_assert_int_eq(gradus_set_class_names(g, 2, names), 0);
    ck_assert_str_eq(gradus_class_name(g, 0), "dog");
    ck_assert_str_eq(gradus_class_name(g, 1), "cat");
    ck_assert_int_eq(gradus_set_class_names(g, 0, NULL), 0);
    ck_assert_int_eq(gradus_class_count(g), 0);
    gradus_graph_free(g);
}

/* The net has 3 classes. */
LOOP_TEST(every_class_must_have_a_name_or_none, 7)
{
    static const char *const names[] = { "a", "b", "b", "d", "e", "f" };
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2), *t = gradus_labels(g, 1);
    const bool right = _i == 0 || _i == 3;
    char why[64];

    gradus_softmax_ce(gradus_dense(x, 4), t, NULL); /* not the last */
    gradus_set_name(gradus_softmax_ce(gradus_dense(x, 3), t, NULL), "animal");
    gradus_sigmoid_ce(gradus_dense(x, 5), gradus_input(g, 5), NULL);
    snprintf(why, sizeof why, "got %d class names; animal has 3 classes", _i);
    ck_assert_int_eq(gradus_set_class_names(g, _i, names), 0);
    ck_assert_int_eq(gradus_compile(g, 4, 1) == 0, right);
    if (!right) {
        assert_error(why);
        ck_assert_int_eq(gradus_set_class_names(g, 0, NULL), 0);
        ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    }
    ck_assert_int_eq(gradus_set_class_names(g, _i, names), 0);
    ck_assert_int_eq(gradus_save(g, files_path("net")) == 0, right);
    if (!right)
        assert_error(why);
    ck_assert_int_eq(files_in_folder(), right);
    gradus_graph_free(g);
}

TEST(a_failed_constructor_is_reported_before_class_names)
{
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2);

    gradus_softmax_ce(gradus_dense(x, 3), gradus_labels(g, 1), NULL);
    gradus_dense(x, -1);
    gradus_set_class_names(g, 1, &(const char *){ "a" });
    ck_assert_int_ne(gradus_compile(g, 4, 1), 0);
    assert_error("units is -1");
    gradus_graph_free(g);
}

/* Earlier versions saved models with fewer names than classes. */
TEST(a_model_file_with_too_few_names_loads)
{
    gradus_graph *g = small_net(1);
    const char *path = files_path("net");

    gradus_set_class_names(g, 2, (const char *const[]){ "no", "yes" });
    ck_assert_int_eq(gradus_save(g, path), 0);
    gradus_graph_free(g);
    contents c = read_whole(path);
    char *name = strstr((char *)c.byte + 8, ",\\\"yes\\\"]");
    ck_assert_ptr_nonnull(name);
    memcpy(name, "]        ", 9);
    seal(c);
    files_write("net", c.byte, c.size);
    g = gradus_load(path, 4, 1, NULL);
    ck_assert_msg(g != NULL, "%s", gradus_error());
    ck_assert_int_eq(gradus_class_count(g), 1);
    ck_assert_int_ne(gradus_save(g, path), 0);
    assert_error("net: got 1 class names; softmax_ce1 has 2 classes; call");
    gradus_set_class_names(g, 2, (const char *const[]){ "no", "yes" });
    ck_assert_int_eq(gradus_save(g, path), 0);
    free(c.byte);
    gradus_graph_free(g);
}

TEST(class_names_that_files_cannot_hold_are_errors)
{
    static const char *const bad[] = { "\xff",         "\xc0\x80",
                                       "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                       "\xe2\x82",     "a\x80" };
    gradus_graph *g = small_net(1);
    char longest[257];

    ck_assert_int_eq(
        gradus_set_class_names(g, 1, &(const char *){ "\xf4\x8f\xbf\xbf" }),
        0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(gradus_set_class_names(g, 1, &bad[i]) != 0,
                      "bad name %zu is accepted; must be refused", i);
        assert_error("class 0: the name is not UTF-8; must be UTF-8 of at most "
                     "255 bytes");
    }
    memset(longest, 'a', 256);
    longest[256] = 0;
    ck_assert_int_ne(
        gradus_set_class_names(g, 1, &(const char *){ longest }), 0);
    assert_error("class 0: the name is too long; must be");
    ck_assert_int_ne(gradus_set_class_names(g, 1, &(const char *){ NULL }), 0);
    assert_error("class 0: the name is NULL; must be");
    ck_assert_int_ne(gradus_set_class_names(g, 1, NULL), 0);
    assert_error("the array of names is NULL");
    ck_assert_int_ne(gradus_set_class_names(g, -1, bad), 0);
    assert_error("got -1 names; must be at least 0");
    ck_assert_int_ne(gradus_set_class_names(NULL, 1, bad), 0);
    ck_assert_int_eq(gradus_class_count(g), 1);
    ck_assert_int_eq(gradus_class_count(NULL), 0);
    ck_assert_ptr_null(gradus_class_name(NULL, 0));
    gradus_graph_free(g);
}

TEST(more_class_names_than_a_file_may_hold_are_not_saved)
{
    enum { N = 262144 };
    gradus_graph *g = gradus_graph_new(1); /* without a loss over classes */
    const char **names = calloc(N, sizeof *names);

    gradus_dense(gradus_input(g, 2), 3);
    ck_assert_int_eq(gradus_compile(g, 4, 1), 0);
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    contents before = read_whole(files_path("net")), after;
    for (int i = 0; i < N; i++)
        names[i] = "n";
    ck_assert_int_eq(gradus_set_class_names(g, N, names), 0);
    ck_assert_int_ne(gradus_save(g, files_path("net")), 0);
    assert_error("net: gradus.classes holds more than 262144 values");
    after = read_whole(files_path("net"));
    ck_assert_mem_eq(before.byte, after.byte, before.size);
    ck_assert_int_eq(gradus_set_class_names(g, N - 1, names), 0);
    ck_assert_msg(gradus_save(g, files_path("net")) == 0, "%s",
                  gradus_error());
    gradus_graph *h = gradus_load(files_path("net"), 1, 1, NULL);
    ck_assert_int_eq(gradus_class_count(h), N - 1);
    free(names);
    free(before.byte);
    free(after.byte);
    gradus_graph_free(g);
    gradus_graph_free(h);
}

static void add_nothing(gradus_node *n, gradus_part p)
{
    (void)n, (void)p;
}

/* Appends a layer of the caller's own, whose two parameters [2] may have any
 * names. */
static gradus_node *named_layer(gradus_node *x, const gradus_op *op,
                                const char *first, const char *second)
{
    gradus_node *n = gradus_append(NULL, op, sizeof *n, 1, &x);

    gradus_set_shape(n, x->rank, x->shape);
    gradus_add_param(n, first, 1, (int[]){ 2 }, GRADUS_INIT_ZERO, 0);
    return gradus_add_param(n, second, 1, (int[]){ 2 }, GRADUS_INIT_ZERO, 0);
}

LOOP_TEST(names_of_ops_and_parameters_that_files_cannot_hold_are_not_saved, 4)
{
    static const struct {
        const char *op, *first, *second, *error;
    } cases[] = {
        { "\"own\"\n\x1f", "w", "\xc3\xa9\\", NULL },
        { "own", "w", "w", "duplicate object key near '\"own1.w\"'" },
        { "own\xff", "w", "v",
          "gradus.architecture, byte 70: unable to decode" },
        { "own", "w", "\xc3", "unable to decode byte 0xc3" },
    };
    gradus_op op = { .name = cases[_i].op, .forward = add_nothing,
                     .backward = add_nothing };
    gradus_graph *g = gradus_graph_new(1);

    named_layer(gradus_input(g, 2), &op, cases[_i].first, cases[_i].second);
    ck_assert_msg(gradus_compile(g, 1, 1) == 0, "%s", gradus_error());
    int error = gradus_save(g, files_path("net"));
    if (cases[_i].error) {
        ck_assert_int_ne(error, 0);
        assert_error(cases[_i].error);
        ck_assert_int_eq(files_in_folder(), 0);
    } else {
        ck_assert_msg(!error, "%s", gradus_error());
        ck_assert_int_eq(gradus_load_parameters(g, files_path("net")), 0);
    }
    gradus_graph_free(g);
}

TEST(a_tensor_serves_one_parameter_only)
{
    static const char header[] = "{\"own1.w\":{\"dtype\":\"F32\","
                                 "\"shape\":[2],\"data_offsets\":[0,8]}}";
    const gradus_op op = { .name = "own", .forward = add_nothing,
                           .backward = add_nothing };
    gradus_graph *g = gradus_graph_new(1);

    named_layer(gradus_input(g, 2), &op, "w", "w");
    ck_assert_msg(gradus_compile(g, 1, 1) == 0, "%s", gradus_error());
    write_safetensors("net", header, sizeof header - 1, (float[]){ 1, 2 }, 8);
    ck_assert_int_ne(gradus_load_parameters(g, files_path("net")), 0);
    assert_error("net: tensor own1.w [2] is missing");
    gradus_graph_free(g);
}

LOOP_TEST(a_number_that_is_not_finite_is_not_saved, 3)
{
    static const struct {
        int at;
        const char *where;
    } cases[] = {
        { 0, "net: dense1.weight[0] is " },
        { 5999, "net: dense1.weight[5999] is " },
        { 6100, "net: dense1.bias[100] is " },
    };
    static const double values[] = { NAN, INFINITY, -INFINITY };
    gradus_graph *g = gradus_graph_new(1);

    gradus_dense(gradus_input(g, 20), 300);
    ck_assert_int_eq(gradus_compile(g, 1, 1), 0);
    for (int old = 0; old < 2; old++) {
        gradus_parameters(g)[cases[_i].at] = (gradus_real)values[_i];
        ck_assert_int_ne(gradus_save(g, files_path("net")), 0);
        assert_error(cases[_i].where);
        ck_assert_int_eq(files_in_folder(), old);
        gradus_parameters(g)[cases[_i].at] = 0;
        if (old)
            assert_saves_the_same(g, files_path("net"));
        else
            ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    }
    gradus_graph_free(g);
}

TEST(misuse_of_saving_and_loading_is_an_error)
{
    gradus_graph *g = small_net(1), *early = gradus_graph_new(1);

    gradus_input(early, 2);
    ck_assert_int_ne(gradus_save(NULL, files_path("net")), 0);
    assert_error("gradus_save: the graph is NULL");
    ck_assert_int_ne(gradus_save(g, NULL), 0);
    assert_error("gradus_save: the path is NULL");
    ck_assert_int_ne(gradus_save(early, files_path("net")), 0);
    assert_error("gradus_save: the graph is not compiled; call "
                 "gradus_compile first");
    ck_assert_ptr_null(gradus_load(NULL, 1, 1, NULL));
    assert_error("gradus_load: the path is NULL");
    ck_assert_int_ne(gradus_load_parameters(NULL, files_path("net")), 0);
    assert_error("the graph is NULL");
    ck_assert_int_ne(gradus_load_parameters(g, NULL), 0);
    assert_error("the path is NULL");
    ck_assert_int_ne(gradus_load_parameters(early, files_path("net")), 0);
    assert_error("not compiled");
    ck_assert_int_eq(gradus_save(g, files_path("net")), 0);
    ck_assert_ptr_null(gradus_load(files_path("net"), 0, 1, NULL));
    ck_assert_ptr_null(gradus_load(files_path("net"), 1, -1, NULL));
    gradus_graph_free(g);
    gradus_graph_free(early);
}
