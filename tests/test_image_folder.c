/* test_image_folder.c -- a folder that has one folder of images for each
 * class. */
#define _POSIX_C_SOURCE 200809L
#include "files.h"
#include "pictures.h"
#include "tests.h"

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
    return gradus_load_image_folder(files_path("."), 1, 2, 2);
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
    gradus_dataset *d = gradus_load_image_folder(files_path("."), 3, 5, 4);
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
        gradus_load_image_folder(files_path("missing"), 1, 2, 2));
    assert_error("No such file");
    ck_assert_ptr_null(
        gradus_load_image_folder(files_write("file", "x", 1), 1, 2, 2));
    assert_error("Not a directory");
    ck_assert_ptr_null(gradus_load_image_folder(NULL, 1, 2, 2));
    assert_error("NULL");
}

TEST(impossible_sizes_are_errors)
{
    make_folder();
    ck_assert_ptr_null(gradus_load_image_folder(files_path("."), 4, 2, 2));
    assert_error("channels is 4");
    ck_assert_ptr_null(gradus_load_image_folder(files_path("."), 1, 0, 2));
    assert_error("0 x 2 pixels");
}
