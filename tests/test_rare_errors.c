/* test_rare_errors.c -- errors that hardly ever happen: a disk that cannot be
 * read, memory that runs out anywhere in a loader, and options and datasets
 * that no program should make. */
#include "allocations.h"
#include "faults.h"
#include "files.h"
#include "pictures.h"
#include "tests.h"

#include <errno.h>
#include <limits.h>
#include <math.h>

/* ---- loaders --------------------------------------------------------------*/

static const char TABLE[] = "size,price,kind\n1,2.5,cat\n3,4,dog\n";
static const uint8_t IMAGES[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1,
                                 0, 0, 0, 2, 1, 2, 3, 4};
static const uint8_t LABELS[] = {0, 0, 8, 1, 0, 0, 0, 2, 0, 1};

static int load_table(void)
{
    const gradus_csv_options o = {.label = "kind"};
    gradus_dataset *d = gradus_load_csv(files_path("file"), &o);
    gradus_dataset_free(d);
    return !d;
}

static int load_idx(void)
{
    gradus_dataset *d =
        gradus_load_idx(files_path("file"), files_path("labels"));
    gradus_dataset_free(d);
    return !d;
}

static int load_image(void)
{
    uint8_t pixels[3 * 3 * 3];
    return gradus_load_image(files_path("file"), 3, 3, 3, pixels);
}

static int load_folder(void)
{
    gradus_dataset *d = gradus_load_image_folder(files_path("folder"), 1, 2,
                                                 3, NULL);
    gradus_dataset_free(d);
    return !d;
}

static const struct {
    const char *name;
    int (*load)(void);
} loaders[] = {{"a table", load_table}, {"a table, gzip", load_table},
               {"IDX", load_idx},       {"IDX, gzip", load_idx},
               {"an image", load_image}, {"folders", load_folder}};

static void write_files(int which)
{
    static const uint8_t grey[4] = {10, 20, 30, 40};
    static picture p;
    picture_png(&p, 2, 2, 1, grey);
    files_write("labels", LABELS, sizeof LABELS);
    switch (which) {
    case 0: files_write("file", TABLE, sizeof TABLE - 1); break;
    case 1: files_write_gz("file", TABLE, sizeof TABLE - 1); break;
    case 2: files_write("file", IMAGES, sizeof IMAGES); break;
    case 3: files_write_gz("file", IMAGES, sizeof IMAGES); break;
    case 4: files_write("file", p.bytes, p.n); break;
    default:
        files_folder("folder");
        files_folder("folder/cat");
        files_folder("folder/dog");
        files_write("folder/cat/a.png", p.bytes, p.n);
        files_write("folder/dog/b.png", p.bytes, p.n);
    }
}

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 60)

LOOP_TEST(a_disk_that_cannot_be_read_is_an_error, COUNT(loaders))
{
    int k = 0, failed;

    write_files(_i);
    ck_assert_msg(!loaders[_i].load(), "%s: %s", loaders[_i].name,
                  gradus_error());
    do {
        fault_at(++k, EIO);
        failed = loaders[_i].load();
        const char *seen = fault.seen;
        fault_at(0, 0);
        if (seen && strcmp(seen, "close") != 0) {
            ck_assert_msg(failed, "%s: call %d, a %s, failed in silence",
                          loaders[_i].name, k, seen);
            assert_error(strerror(EIO));
            assert_error(files_path("")); /* it names the file */
        }
        if (!seen)
            break;
    } while (k < 1000);
    ck_assert_int_gt(k, 1);
}

LOOP_TEST(a_read_that_a_signal_interrupts_is_done_again, COUNT(loaders))
{
    int reads = 0;

    write_files(_i);
    for (int k = 1; k < 1000; k++) {
        fault_at(k, EINTR);
        int failed = loaders[_i].load();
        const char *seen = fault.seen;
        fault_at(0, 0);
        if (!seen)
            break;
        if (strcmp(seen, "read") != 0)
            continue;
        ck_assert_msg(!failed, "%s: %s", loaders[_i].name, gradus_error());
        reads++;
    }
    ck_assert_int_gt(reads, 0);
}

LOOP_TEST(memory_that_runs_out_in_a_loader_is_an_error, COUNT(loaders))
{
    int k = 0, failed;

    write_files(_i);
    do {
        int live = allocations_live();
        allocations_fail(++k, 0);
        failed = loaders[_i].load();
        int made = allocations_made();
        allocations_fail(0, 0);
        /* scandir's names are allocated where no one counts them. */
        if (loaders[_i].load != load_folder)
            ck_assert_int_eq(allocations_live(), live);
        if (failed)
            ck_assert_str_ne(gradus_error(), "");
        else if (made < k)
            break;
    } while (k < 1000);
    ck_assert_int_gt(k, 1);
    ck_assert(!failed);
}

/* ---- options and datasets that no program should make --------------------*/

LOOP_TEST(impossible_options_of_tables_are_refused, 5)
{
    static const char *const names[] = {"cat", "dog"};
    static const struct {
        gradus_csv_options o;
        const char *error;
    } cases[] = {
        {{.label = "kind", .class_names = names, .classes = -1},
         "classes is -1, but class_names is not NULL"},
        {{.label = "kind", .class_names = names}, "classes is 0"},
        {{.label = "kind", .classes = 2}, "class_names is NULL"},
        {{.text_labels = true}, "text_labels without a label column"},
        {{.class_names = names, .classes = 2},
         "class_names without a label column"},
    };

    write_files(0);
    ck_assert_ptr_null(gradus_load_csv(files_path("file"), &cases[_i].o));
    assert_error(cases[_i].error);
}

LOOP_TEST(a_dataset_that_cannot_be_split_is_refused, 6)
{
    static const gradus_real x[] = {1, 2, 3, 4};
    static const int32_t labels[] = {0, 1, 0, 1};
    static const char *const names[] = {"cat", NULL};
    static const struct {
        size_t n;
        int positions, classes;
        const char *const *names;
        const char *error;
    } cases[] = {
        {0, 0, 0, NULL, "has 0 samples"},
        {(size_t)INT_MAX + 1, 0, 0, NULL, "2147483648 samples"},
        {4, -1, 0, NULL, "positions is -1 and classes is 0"},
        {4, 0, -2, NULL, "positions is 0 and classes is -2"},
        {4, 0, 2, names, "class_names[1] is NULL"},
        {1, 0, 0, NULL, "1"},
    };
    gradus_dataset d = {.n = cases[_i].n, .size = 1, .x = x,
                        .labels = labels, .positions = cases[_i].positions,
                        .classes = cases[_i].classes,
                        .class_names = cases[_i].names};
    gradus_dataset train, valid;

    ck_assert_int_ne(gradus_split(&d, 0.5, 1, NULL, &train, &valid), 0);
    assert_error("gradus_split");
    assert_error(cases[_i].error);
    ck_assert_ptr_null(train.x);
    ck_assert_ptr_null(valid.x);
}

TEST(a_split_needs_all_its_arguments)
{
    static const gradus_real x[] = {1, 2};
    gradus_dataset d = {.n = 2, .size = 1, .x = x}, train, valid;

    ck_assert_int_ne(gradus_split(NULL, 0.5, 1, NULL, &train, &valid), 0);
    ck_assert_int_ne(gradus_split(&d, 0.5, 1, NULL, NULL, &valid), 0);
    ck_assert_int_ne(gradus_split(&d, 0.5, 1, NULL, &train, NULL), 0);
    assert_error("gradus_split");
}

LOOP_TEST(class_weights_need_labels, 5)
{
    static const int32_t labels[] = {0, 1};
    double weight[2];
    gradus_dataset d = {.n = 2, .size = 1, .labels = labels,
                        .positions = _i == 2 ? -1 : 1};

    if (_i == 1)
        d.labels = NULL;
    ck_assert_int_ne(gradus_class_weights(_i ? &d : NULL, _i == 3 ? 0 : 2,
                                          _i == 4 ? NULL : weight), 0);
    assert_error("gradus_class_weights: needs a dataset with labels");
}

static void nothing(gradus_node *n, gradus_part p)
{
    (void)n;
    (void)p;
}

LOOP_TEST(a_setting_that_is_not_finite_is_not_saved, 3)
{
    const gradus_op op = {.name = "own", .forward = nothing,
                          .backward = nothing};
    gradus_graph *g = gradus_graph_new(1);
    gradus_node *x = gradus_input(g, 2);
    gradus_node *n = gradus_append(NULL, &op, sizeof *n, 1, &x);

    gradus_set_attr(gradus_set_shape(n, 1, (int[]){2}), "depth", 2,
                    (double[]){1, (double[]){NAN, INFINITY, -INFINITY}[_i]});
    ck_assert_msg(gradus_compile(g, 1, 1) == 0, "%s", gradus_error());
    ck_assert_int_ne(gradus_save(g, files_path("net")), 0);
    assert_error("own1: depth is ");
    assert_error("must be finite");
    gradus_graph_free(g);
}
