/* test_csv_memory.c -- how much memory the CSV loader takes, for files whose
 * cells are as short as can be, and for gzip files that unpack to much. */
#include "files.h"
#include "tests.h"

#include "allocations.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 120)

enum { TEXT = 1 << 20, CONSTANT = 1 << 17 };

static char text[TEXT + 64];

/* Fills the text with this row, again and again.  An @ in it becomes a name
 * that no other row has, in as few bytes as possible.  Returns its length. */
static size_t fill(const char *header, const char *row)
{
    size_t n = (size_t)sprintf(text, "%s", header);

    for (unsigned i = 0; n < TEXT; i++)
        for (const char *p = row; *p; p++) {
            if (*p != '@')
                text[n++] = *p;
            for (unsigned k = i + 1; *p == '@' && k; k /= 191)
                text[n++] = (char)(65 + k % 191);
        }
    return n;
}

static size_t peak_of(const char *path, const gradus_csv_options *o,
                      gradus_dataset **d)
{
    long before = allocations_bytes();

    allocations_peak();
    *d = gradus_load_csv(path, o);
    return (size_t)(allocations_peak() - before);
}

#define NAMES .header = GRADUS_CSV_NO_HEADER
#define LIST(...) (const char *const[]){ __VA_ARGS__, NULL }

static const struct {
    bool loads;
    const char *header, *row;
    gradus_csv_options o;
} SHORT[] = {
    { true, "", "1\n", { NAMES } },
    { true, "", "1,1\n", { NAMES } },
    { true, "", "1,0\n", { NAMES, .label = "2" } },
    { true, "", "1,a\n", { NAMES, .label = "2" } },
    { true, "", "1,@\n", { NAMES, .label = "2" } },
    { true, "", "@,1\n", { NAMES, .label = "1", .text_labels = true } },
    { true, "", "1,,,,\n", { NAMES, .ignore = LIST("2", "3", "4", "5") } },
    { true, "", "1,2,3\n", { NAMES, .targets = LIST("2", "1") } },
    { true, "a\n", "1\r\n", { 0 } },
    { true, "", "1,", { NAMES, .ignore = LIST("-1") } },
    { false, "", ",", { NAMES } },
    { false, "1", ",", { NAMES } },
    { false, "", "a,", { 0 } },
    { false, "a,b\n", "1,@", { 0 } },
    { true, "a,b\n1,2\n", "\n", { 0 } },
    { true, "a,b\n", "\"1\",\"@\"\n", { .label = "b" } },
};

LOOP_TEST(a_csv_file_takes_at_most_8_times_its_size, COUNT(SHORT))
{
    size_t n = fill(SHORT[_i].header, SHORT[_i].row);
    gradus_dataset *d;
    size_t peak = peak_of(files_write("data.csv", text, n), &SHORT[_i].o, &d);

    ck_assert_msg(!d != SHORT[_i].loads, "%s", gradus_error());
    gradus_dataset_free(d);
    ck_assert_msg(peak <= 8 * n + CONSTANT,
                  "%zu bytes took %zu, %.1f times as much; must be at most 8",
                  n, peak, (double)peak / (double)n);
    peak = peak_of(files_write_gz("data.gz", text, n), &SHORT[_i].o, &d);
    gradus_dataset_free(d);
    ck_assert_msg(peak <= 8 * n + CONSTANT,
                  "gzip: %zu bytes took %zu, %.1f times as much; must be at "
                  "most 8", n, peak, (double)peak / (double)n);
}

/* Writes a gzip file that unpacks to this many rows of "1\n". */
static const char *bomb(size_t rows)
{
    static char ones[1 << 16];
    const char *path = files_path("bomb.gz");
    gzFile f = gzopen(path, "wb9");

    for (size_t i = 0; i < sizeof ones; i++)
        ones[i] = "1\n"[i % 2];
    for (size_t n = 2 * rows, k; n > 0; n -= k) {
        k = n < sizeof ones ? n : sizeof ones;
        gzwrite(f, ones, (unsigned)k);
    }
    gzclose(f);
    return path;
}

TEST(a_gzip_file_that_unpacks_to_too_much_is_refused)
{
    enum { MIB = 1 << 20 };
    gradus_csv_options o = { NAMES };
    gradus_dataset *d;

    size_t peak = peak_of(bomb(32 * MIB), &o, &d);
    ck_assert_ptr_null(d);
    assert_error("bomb.gz: larger than 16777216 bytes when unpacked; to "
                 "allow more, set max_bytes");
    ck_assert_uint_le(peak, 2 * 16 * MIB + CONSTANT);

    /* exactly as many are allowed, and one more is not */
    const char *path = bomb(8 * MIB);
    d = gradus_load_csv(path, &o);
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, 8 * MIB);
    gradus_dataset_free(d);
    ck_assert_ptr_null(gradus_load_csv(bomb(8 * MIB + 1), &o));
    assert_error("max_bytes");
}

TEST(the_longest_text_is_set_by_an_option)
{
    gradus_csv_options o = { NAMES, .max_bytes = 17 << 20 };
    const char *path = bomb(17 << 19);
    gradus_dataset *d = gradus_load_csv(path, &o);

    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, 17 << 19);
    gradus_dataset_free(d);
    o.max_bytes--;
    ck_assert_ptr_null(gradus_load_csv(path, &o));
    assert_error("bomb.gz: larger than 17825791 bytes when unpacked");
    o.max_bytes = 4;
    path = files_write("data.csv", "1\n2\n", 4);
    d = gradus_load_csv(path, &o);
    ck_assert_msg(d != NULL, "%s", gradus_error());
    gradus_dataset_free(d);
    ck_assert_ptr_null(gradus_load_csv(files_write("data.csv", "1\n23\n", 5),
                                       &o));
    assert_error("data.csv: larger than 4 bytes; to allow more, set max_bytes");
}

/* The random digits take more than 180 kB in the file, which are allowed more
 * than 18 MB. */
TEST(a_gzip_file_may_unpack_to_100_times_its_size)
{
    enum { MIB = 1 << 20 };
    static char noise[1000000];
    const char *path = files_path("large.gz");
    gzFile f = gzopen(path, "wb");
    gradus_dataset *d;
    gradus_random r;

    gradus_random_init(&r, 1, 2, 3);
    for (size_t i = 0; i < sizeof noise; i += 2) {
        noise[i] = (char)('0' + gradus_random_below(&r, 10));
        noise[i + 1] = '\n';
    }
    gzwrite(f, noise, sizeof noise);
    for (int i = 0; i < 17 * MIB / 64; i++)
        gzwrite(f, "1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n"
                "1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n", 64);
    gzclose(f);
    d = gradus_load_csv(path, &(gradus_csv_options){ NAMES });
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, sizeof noise / 2 + 17 * MIB / 2);
    gradus_dataset_free(d);
}
