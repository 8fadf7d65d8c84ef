/* test_idx_mnist.c -- the folder of MNIST's files, plain or gzip. */
#include "files.h"
#include "tests.h"

/* One image of one pixel, and its label. */
static const unsigned char IMAGE[] = { 0, 0, 8, 3, 0, 0, 0, 1, 0,
                                       0, 0, 1, 0, 0, 0, 1, 42 };
static const unsigned char LABEL[] = { 0, 0, 8, 1, 0, 0, 0, 1, 9 };

static void check_good(const char *part)
{
    gradus_dataset *d = gradus_load_mnist(files_path("."), part);

    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, 1);
    ck_assert_int_eq(d->pixels[0], 42);
    ck_assert_int_eq(d->labels[0], 9);
    gradus_dataset_free(d);
}

EACH_TEST(.begin = files_begin, .end = files_end)

TEST(plain_and_gzip_files_load_in_any_mixture)
{
    files_write("t10k-images-idx3-ubyte", IMAGE, sizeof IMAGE);
    files_write_gz("t10k-labels-idx1-ubyte.gz", LABEL, sizeof LABEL);
    check_good("t10k");
    files_write_gz("train-images-idx3-ubyte.gz", IMAGE, sizeof IMAGE);
    files_write("train-labels-idx1-ubyte", LABEL, sizeof LABEL);
    check_good("train");
}

TEST(a_plain_file_is_preferred_to_a_gzip_file)
{
    files_write("t10k-images-idx3-ubyte.gz", "bad", 3);
    files_write("t10k-images-idx3-ubyte", IMAGE, sizeof IMAGE);
    files_write("t10k-labels-idx1-ubyte.gz", "bad", 3);
    files_write("t10k-labels-idx1-ubyte", LABEL, sizeof LABEL);
    check_good("t10k");
}

TEST(names_with_a_dot_are_found_after_those_with_a_dash)
{
    files_write("train-images.idx3-ubyte", IMAGE, sizeof IMAGE);
    files_write("train-labels.idx1-ubyte", LABEL, sizeof LABEL);
    check_good("train");
    files_write_gz("t10k-images.idx3-ubyte.gz", IMAGE, sizeof IMAGE);
    files_write("t10k-labels-idx1-ubyte", LABEL, sizeof LABEL);
    check_good("t10k");
    files_write_gz("t10k-images-idx3-ubyte.gz", IMAGE, sizeof IMAGE);
    files_write("t10k-images.idx3-ubyte", "bad", 3);
    files_write("t10k-images.idx3-ubyte.gz", "bad", 3);
    files_write("t10k-labels.idx1-ubyte", "bad", 3);
    check_good("t10k");
}

/* The names that other collections of digits have. */
TEST(files_of_similar_names_are_listed_in_the_error)
{
    files_write("emnist-digits-train-images-idx3-ubyte.gz", "", 0);
    files_write("emnist-digits-test-images-idx3-ubyte.gz", "", 0);
    files_write("readme.txt", "", 0);
    ck_assert_ptr_null(gradus_load_mnist(files_path("."), "train"));
    assert_error("/.: has neither train-images-idx3-ubyte nor "
                 "train-images-idx3-ubyte.gz, but "
                 "emnist-digits-test-images-idx3-ubyte.gz, "
                 "emnist-digits-train-images-idx3-ubyte.gz; if one of these "
                 "is that file, rename it");
    files_write("train-images-idx3-ubyte", IMAGE, sizeof IMAGE);
    files_write("train_labels_ubyte", "", 0);
    ck_assert_ptr_null(gradus_load_mnist(files_path("."), "train"));
    assert_error("/.: has neither train-labels-idx1-ubyte nor");
    assert_error(", train_labels_ubyte; if one");
    for (int i = 0; i < 100; i++)
        files_write(files_case("ubyte file", (size_t)i), "", 0);
    ck_assert_ptr_null(gradus_load_mnist(files_path("."), "t10k"));
    assert_error("; if one of these is that file, rename it");
}

TEST(missing_files_are_named_with_the_way_to_get_them)
{
    ck_assert_ptr_null(gradus_load_mnist(files_path("none"), "train"));
    assert_error("none/train-images-idx3-ubyte,");
    assert_error("none/train-images-idx3-ubyte.gz: No such file");
    assert_error("data/fetch.sh");
    files_write("train-images-idx3-ubyte", IMAGE, sizeof IMAGE);
    ck_assert_ptr_null(gradus_load_mnist(files_path("."), "train"));
    assert_error("train-labels-idx1-ubyte.gz");
}

TEST(other_parts_and_long_paths_are_refused)
{
    static char longest[5000];

    memset(longest, 'x', sizeof longest - 1);
    ck_assert_ptr_null(gradus_load_mnist(longest, "train"));
    assert_error("too long");
    ck_assert_ptr_null(gradus_load_mnist(".", "test"));
    assert_error("part is test; must be train or t10k");
    ck_assert_ptr_null(gradus_load_mnist(".", NULL));
    assert_error("part is NULL");
    ck_assert_ptr_null(gradus_load_mnist(NULL, "train"));
    assert_error("dir is NULL");
}

static void check_sample(const char *dir, const char *part, size_t n)
{
    gradus_dataset *d = gradus_load_mnist(dir, part);

    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, n);
    ck_assert_int_eq(d->height, 28);
    ck_assert_int_eq(d->width, 28);
    ck_assert_int_eq(d->classes, 10);
    gradus_dataset_free(d);
}

TEST(the_sample_in_data_loads)
{
    check_sample("data/sample", "train", 6000);
    check_sample("data/sample", "t10k", 1000);
}
