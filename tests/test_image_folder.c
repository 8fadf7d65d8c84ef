/* test_image_folder.c -- a folder that has one folder of images for each
 * class. */
#define _POSIX_C_SOURCE 200809L
#include "files.h"
#include "pictures.h"
#include "tests.h"

#include "allocations.h"

#include <sys/stat.h>
#include <unistd.h>

static picture p; /* too large for the stack */

/* Writes a grey image of 2x2 pixels of this value. */
static void put(const char *name, int value)
{
    uint8_t grey[4];

    memset(grey, value, 4);
    picture_png(&p, 2, 2, 1, grey);
    files_write(name, p.bytes, p.n);
}

static gradus_dataset *load(void)
{
    return gradus_load_image_folder(files_path("."), 1, 2, 2, NULL);
}

/* Asserts that loading fails, and that the message contains these. */
static void check_bad(const char *culprit, const char *words)
{
    ck_assert_ptr_null(load());
    assert_error(culprit);
    assert_error(words);
}

/* Makes a class of two images and a class of one. */
static void make_folder(void)
{
    files_folder("cat");
    files_folder("Dog");
    put("cat/b.png", 3);
    put("cat/a.png", 2);
    put("Dog/10.png", 1);
}

EACH_TEST(.begin = files_begin, .end = files_end)

TEST(classes_and_files_come_in_the_order_of_their_bytes)
{
    make_folder();
    put("Dog/2.png", 9);
    gradus_dataset *d = load();
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, 4);
    ck_assert_int_eq(d->size, 4);
    ck_assert_int_eq(d->channels, 1);
    ck_assert_int_eq(d->height, 2);
    ck_assert_int_eq(d->width, 2);
    ck_assert_int_eq(d->classes, 2);
    ck_assert_str_eq(d->class_names[0], "Dog");
    ck_assert_str_eq(d->class_names[1], "cat");
    const int values[4] = { 1, 9, 2, 3 }, labels[4] = { 0, 0, 1, 1 };
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(d->pixels[4 * i], values[i]);
        ck_assert_int_eq(d->pixels[4 * i + 3], values[i]);
        ck_assert_int_eq(d->labels[i], labels[i]);
    }
    gradus_dataset_free(d);
}

TEST(hidden_files_are_skipped_and_links_followed)
{
    make_folder();
    files_write(".hidden", "x", 1);
    files_write("cat/.DS_Store", "x", 1);
    ck_assert_int_eq(symlink("../Dog/10.png", files_path("cat/link.png")), 0);
    ck_assert_int_eq(symlink("Dog", files_path("Wolf")), 0);
    gradus_dataset *d = load();
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, 5);
    ck_assert_int_eq(d->classes, 3);
    ck_assert_int_eq(d->pixels[4 * 4], 1);
    gradus_dataset_free(d);
}

TEST(rgb_and_resized_images_load)
{
    make_folder();
    gradus_dataset *d = gradus_load_image_folder(files_path("."), 3, 5, 4,
                                                 NULL);
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_int_eq(d->size, 60);
    for (int i = 0; i < 60; i++)
        ck_assert_int_eq(d->pixels[60 + i], 2);
    gradus_dataset_free(d);
}

TEST(a_hundred_files_load)
{
    make_folder();
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "cat/%c%d.png", 'c' + i % 7, i);
        put(name, i);
    }
    gradus_dataset *d = load();
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, 103);
    gradus_dataset_free(d);
}

static gradus_dataset *load_as(const char *const *names, int classes)
{
    gradus_image_folder_options o = { .class_names = names,
                                      .classes = classes };

    return gradus_load_image_folder(files_path("."), 1, 2, 2, &o);
}

/* The names are in another order than the folders, and three of them have
 * none. */
TEST(given_class_names_decide_the_labels_of_folders)
{
    static const char *const names[] = { "../cat", "cat", "bird", "Dog", "" };

    make_folder();
    gradus_dataset *d = load_as(names, 5);
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, 3);
    ck_assert_int_eq(d->classes, 5);
    for (int k = 0; k < 5; k++)
        ck_assert_str_eq(d->class_names[k], names[k]);
    const int values[3] = { 1, 2, 3 }, labels[3] = { 3, 1, 1 };
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(d->pixels[4 * i], values[i]);
        ck_assert_int_eq(d->labels[i], labels[i]);
    }
    gradus_dataset_free(d);
}

/* Only the second class of the training data occurs. */
TEST(a_folder_of_one_class_keeps_its_number)
{
    static const char *const names[] = { "a", "b" };

    files_folder("b");
    put("b/1.png", 7);
    gradus_dataset *d = load_as(names, 2);
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, 1);
    ck_assert_int_eq(d->labels[0], 1);
    ck_assert_int_eq(d->classes, 2);
    gradus_dataset_free(d);
    d = load();
    ck_assert_int_eq(d->labels[0], 0);
    gradus_dataset_free(d);
}

TEST(a_folder_that_is_none_of_the_given_classes_is_an_error)
{
    static const char *const names[][2] = {
        { "cat", "dog" }, { "cat", "Do" }, { "cat", "Dogs" },
        { "cat", "./Dog" },
    };

    make_folder();
    for (int i = 0; i < COUNT(names); i++) {
        ck_assert_ptr_null(load_as(names[i], 2));
        assert_error("/./Dog: must be one of the class names");
    }
    ck_assert_ptr_null(load_as(names[0], 1));
    assert_error("/./Dog: must be one of the class names");
}

TEST(impossible_class_names_are_errors)
{
    static const char *const names[] = { "cat", "Dog", "cat", NULL };

    make_folder();
    int live = allocations_live();
    ck_assert_ptr_null(load_as(names, 3));
    assert_error("gradus_load_image_folder: classes 0 and 2 are both called "
                 "\"cat\"");
    ck_assert_ptr_null(load_as(names, 4));
    assert_error("gradus_load_image_folder: class_names[3] is NULL");
    ck_assert_ptr_null(load_as(NULL, 2));
    assert_error("classes is 2, but class_names is NULL; set both or neither");
    ck_assert_ptr_null(load_as(names, 0));
    assert_error("classes is 0, but class_names is not NULL; set both");
    ck_assert_ptr_null(load_as(names, -1));
    assert_error("classes is -1, but class_names is not NULL; set both");
    ck_assert_int_eq(allocations_live(), live);
    gradus_dataset *d = load_as(names, 2);
    ck_assert_msg(d != NULL, "%s", gradus_error());
    gradus_dataset_free(d);
}

TEST(each_allocation_of_the_folder_loader_may_fail)
{
    static const char *const names[] = { "cat", "Dog" };
    gradus_dataset *d = NULL;
    int k = 1;

    make_folder();
    for (; !d; k++) {
        allocations_fail(k, 0);
        d = load_as(names, 2);
        allocations_fail(0, 0);
        if (!d)
            assert_error("memory");
    }
    ck_assert_int_gt(k, 5);
    gradus_dataset_free(d);
}

TEST(a_folder_without_classes_is_an_error)
{
    check_bad("/.", "empty; must be a folder of at least 1 class folder");
}

TEST(an_empty_class_is_an_error)
{
    make_folder();
    files_folder("empty");
    check_bad("/empty", "empty; must be a class folder of at least 1 image");
}

TEST(a_file_beside_the_classes_is_an_error)
{
    make_folder();
    put("stray.png", 1);
    check_bad("/stray.png", "Not a directory; must be a class folder");
}

TEST(a_file_that_is_not_an_image_is_an_error_that_names_it)
{
    make_folder();
    files_write("cat/notes.txt", "miaow", 5);
    check_bad("/cat/notes.txt", "must be a PNG or JPEG image");
}

TEST(a_damaged_image_is_an_error_that_names_it)
{
    make_folder();
    put("cat/c.png", 1);
    files_write("cat/c.png", p.bytes, p.n - 1);
    check_bad("/cat/c.png", "cut short");
}

TEST(a_folder_in_a_class_is_an_error)
{
    make_folder();
    files_folder("cat/more");
    check_bad("/cat/more", "directory");
}

TEST(a_pipe_in_a_class_is_an_error)
{
    make_folder();
    ck_assert_int_eq(mkfifo(files_path("cat/pipe"), 0600), 0);
    check_bad("/cat/pipe", "regular");
}

TEST(dangling_links_are_errors)
{
    make_folder();
    ck_assert_int_eq(symlink("nowhere", files_path("cat/x.png")), 0);
    check_bad("/cat/x.png", "No such file");
    ck_assert_int_eq(symlink("nowhere", files_path("other")), 0);
    check_bad("/other", "No such file");
}

TEST(a_path_that_is_not_a_folder_is_an_error)
{
    ck_assert_ptr_null(
        gradus_load_image_folder(files_path("missing"), 1, 2, 2, NULL));
    assert_error("No such file");
    ck_assert_ptr_null(
        gradus_load_image_folder(files_write("file", "x", 1), 1, 2, 2,
                                 NULL));
    assert_error("Not a directory");
    ck_assert_ptr_null(gradus_load_image_folder(NULL, 1, 2, 2, NULL));
    assert_error("NULL");
}

TEST(impossible_sizes_are_errors)
{
    make_folder();
    ck_assert_ptr_null(gradus_load_image_folder(files_path("."), 4, 2, 2,
                                                NULL));
    assert_error("channels is 4");
    ck_assert_ptr_null(gradus_load_image_folder(files_path("."), 1, 0, 2,
                                                NULL));
    assert_error("0 x 2 pixels");
}
