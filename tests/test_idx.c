/* test_idx.c -- IDX files, plain and compressed by gzip, good and bad. */
#define _POSIX_C_SOURCE 200809L
#include "files.h"
#include "tests.h"

#include "allocations.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Two images of 2x3 and their labels. */
static const unsigned char IMAGES[] = {
    0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3, 0, 1, 2, 3, 4, 255, 6, 7,
    8, 9, 10, 11,
};
static const unsigned char LABELS[] = { 0, 0, 8, 1, 0, 0, 0, 2, 7, 3 };

typedef const char *(*writer)(const char *, const void *, size_t);
static const writer WRITERS[] = { files_write, files_write_gz };

static const char *good_images(void)
{
    return files_write("images", IMAGES, sizeof IMAGES);
}

static const char *good_labels(void)
{
    return files_write("labels", LABELS, sizeof LABELS);
}

static void check_good(gradus_dataset *d)
{
    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_uint_eq(d->n, 2);
    ck_assert_int_eq(d->size, 6);
    ck_assert_int_eq(d->channels, 1);
    ck_assert_int_eq(d->height, 2);
    ck_assert_int_eq(d->width, 3);
    ck_assert_mem_eq(d->pixels, IMAGES + 16, 12);
    ck_assert_int_eq(d->labels[0], 7);
    ck_assert_int_eq(d->labels[1], 3);
    ck_assert_int_eq(d->positions, 1);
    ck_assert_int_eq(d->classes, 8);
    ck_assert_ptr_null(d->x);
    ck_assert_ptr_null(d->class_names);
    gradus_dataset_free(d);
}

/* Asserts that loading fails, and that the message contains `culprit`, the
 * file, and `words`.  `what` names the case, for messages of the test. */
static void check_bad(const char *images, const char *labels,
                      const char *culprit, const char *words,
                      const char *what)
{
    gradus_dataset *d = gradus_load_idx(images, labels);

    ck_assert_msg(d == NULL, "%s: was loaded; must be refused", what);
    ck_assert_msg(strstr(gradus_error(), culprit) != NULL,
                  "%s: the message must contain \"%s\", but is \"%s\"", what,
                  culprit, gradus_error());
    ck_assert_msg(strstr(gradus_error(), words) != NULL,
                  "%s: the message must contain \"%s\", but is \"%s\"", what,
                  words, gradus_error());
}

EACH_TEST(.begin = files_begin, .end = files_end)

TEST(plain_and_gzip_files_load_whatever_their_names)
{
    for (int i = 0; i < 4; i++)
        check_good(gradus_load_idx(
            WRITERS[i & 1]("images", IMAGES, sizeof IMAGES),
            WRITERS[i >> 1]("labels.gz", LABELS, sizeof LABELS)));
}

TEST(a_file_of_rank_2_has_no_height_and_width)
{
    unsigned char rows[12 + 12] = { 0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 6 };
    gradus_dataset *d = gradus_load_idx(
        files_write("rows", rows, sizeof rows), good_labels());

    ck_assert_msg(d != NULL, "%s", gradus_error());
    ck_assert_int_eq(d->size, 6);
    ck_assert_int_eq(d->channels + d->height + d->width, 0);
    gradus_dataset_free(d);
}

TEST(labels_of_rank_2_are_read_as_those_of_rank_1)
{
    enum { ALL = 12 + 2 };
    unsigned char t[ALL + 1] = { 0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 7, 3 };

    for (int i = 0; i < 2; i++)
        check_good(gradus_load_idx(good_images(),
                                   WRITERS[i]("labels", t, ALL)));
    check_bad(good_images(), files_write("bad", t, ALL - 1), "/bad",
              "cut short by 1 byte", "a label missing");
    check_bad(good_images(), files_write("bad", t, ALL + 1), "/bad",
              "after its end", "a label more");
    t[11] = 2; /* [2,2] */
    check_bad(good_images(), files_write("bad", t, ALL), "/bad",
              "images where labels belong", "two for each");
    unsigned char one[] = { 0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1,
                            0, 0, 0, 1, 7, 3 };
    check_bad(good_images(), files_write("bad", one, sizeof one), "/bad",
              "images where labels belong", "images of one pixel");
    check_good(gradus_load_idx(good_images(), good_labels()));
}

/* There are more labels than the reader's buffer holds, and one is 255. */
TEST(ten_thousand_labels_arrive_in_order)
{
    enum { N = 10000 };
    static unsigned char x[12 + N] = { 0, 0, 8, 2, 0, 0, N >> 8, N & 255,
                                       0, 0, 0, 1 };
    static unsigned char t[8 + N] = { 0, 0, 8, 1, 0, 0, N >> 8, N & 255 };

    for (int i = 0; i < N; i++)
        t[8 + i] = (unsigned char)(i * 37);
    gradus_dataset *d = gradus_load_idx(files_write("x", x, sizeof x),
                                        files_write_gz("t", t, sizeof t));
    ck_assert_msg(d != NULL, "%s", gradus_error());
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(d->labels[i], t[8 + i]);
    ck_assert_int_eq(d->classes, 256);
    gradus_dataset_free(d);
}

TEST(a_gzip_file_of_two_members_loads_whole)
{
    const char *a = files_write_gz("a", IMAGES, 20);
    const char *b = files_write_gz("b", IMAGES + 20, sizeof IMAGES - 20);
    unsigned char both[512];
    FILE *f = fopen(a, "rb"), *g = fopen(b, "rb");
    size_t n = fread(both, 1, 256, f);

    n += fread(both + n, 1, 256, g);
    fclose(f);
    fclose(g);
    check_good(gradus_load_idx(files_write("both", both, n), good_labels()));
}

/* A bad file: the first `bytes` bytes of a good one, or all of it and zeros,
 * and then with the four bytes `put` written at `at`. */
typedef struct {
    const char *what;
    size_t bytes, at;
    unsigned char put[5]; /* the fifth is the 0 that ends a string literal */
    const char *words;    /* what the message contains */
} change;

enum { X = sizeof IMAGES, T = sizeof LABELS };
/* Writes at 4, where the number of rows is, the 2 that is there already. */
#define KEEP 4, { 0, 0, 0, 2, 0 }

static const change BAD_IMAGES[] = {
    { "empty", 0, KEEP, "" },
    { "one byte", 1, KEEP, "cut short" },
    { "half a magic", 2, KEEP, "cut short" },
    { "magic only", 4, KEEP, "cut short" },
    { "one size", 8, KEEP, "cut short" },
    { "header only", 16, KEEP, "cut short" },
    { "one value missing", X - 1, KEEP, "cut short by 1 byte" },
    { "one value more", X + 1, KEEP, "after its end" },
    { "a page of zeros more", X + 4096, KEEP, "after its end" },
    { "byte 0", X, 0, "\1\0\10\3", "not an IDX file" },
    { "byte 1", X, 0, "\0\1\10\3", "not an IDX file" },
    { "little-endian magic", X, 0, "\3\10\0\0", "not an IDX file" },
    { "text", X, 0, "<htm", "not an IDX file" },
    { "PNG", X, 0, "\211PNG", "not an IDX file" },
    { "all ones", X, 0, "\377\377\377\377", "not an IDX file" },
    { "half a gzip magic", X, 0, "\37\0\10\3", "not an IDX file" },
    { "zeros", X, 0, "\0\0\0\0", "type 0x00" },
    { "i8", X, 0, "\0\0\11\3", "type 0x09" },
    { "i16", X, 0, "\0\0\13\3", "type 0x0b" },
    { "i32", X, 0, "\0\0\14\3", "type 0x0c" },
    { "float", X, 0, "\0\0\15\3", "type 0x0d" },
    { "double", X, 0, "\0\0\16\3", "type 0x0e" },
    { "rank 0", X, 0, "\0\0\10\0", "rank 0" },
    { "rank 1", X, 0, "\0\0\10\1", "labels where images belong" },
    { "rank 2", X, 0, "\0\0\10\2", "after its end" },
    { "rank 4", X, 0, "\0\0\10\4", "rank 4" },
    { "rank 255", X, 0, "\0\0\10\377", "rank 255" },
    { "n 0", X, 4, "\0\0\0\0", "size 0 in its header is 0" },
    { "n 1", X, 4, "\0\0\0\1", "1 images, but" },
    { "n 3", X, 4, "\0\0\0\3", "3 images, but" },
    { "n 2^31-1", X, 4, "\177\377\377\377", "do not fit" },
    { "n 2^31", X, 4, "\200\0\0\0", "size 0 in its header is 2147483648" },
    { "n 2^32-1", X, 4, "\377\377\377\377", "size 0" },
    { "n little-endian", X, 4, "\2\0\0\0", "do not fit" },
    { "height 0", X, 8, "\0\0\0\0", "size 1 in its header is 0" },
    { "height 1", X, 8, "\0\0\0\1", "after its end" },
    { "height 3", X, 8, "\0\0\0\3", "cut short" },
    { "height 2^31-1", X, 8, "\177\377\377\377", "do not fit" },
    { "height 2^31", X, 8, "\200\0\0\0", "size 1" },
    { "height 2^32-1", X, 8, "\377\377\377\377", "size 1" },
    { "width 0", X, 12, "\0\0\0\0", "size 2 in its header is 0" },
    { "width 2", X, 12, "\0\0\0\2", "after its end" },
    { "width 4", X, 12, "\0\0\0\4", "cut short" },
    { "width 2^31-1", X, 12, "\177\377\377\377", "do not fit" },
    { "width 2^32-1", X, 12, "\377\377\377\377", "size 2" },
};

static const change BAD_LABELS[] = {
    { "empty", 0, KEEP, "" },
    { "one byte", 1, KEEP, "cut short" },
    { "magic only", 4, KEEP, "cut short" },
    { "header only", 8, KEEP, "cut short" },
    { "one label missing", T - 1, KEEP, "cut short" },
    { "one label more", T + 1, KEEP, "after its end" },
    { "byte 0", T, 0, "\1\0\10\1", "not an IDX file" },
    { "float", T, 0, "\0\0\15\1", "type 0x0d" },
    { "rank 0", T, 0, "\0\0\10\0", "rank 0" },
    { "rank 2", T, 0, "\0\0\10\2", "cut short" },
    { "rank 3", T + 8, 0, "\0\0\10\3", "size 2 in its header is 0" },
    { "n 0", T, 4, "\0\0\0\0", "size 0 in its header is 0" },
    { "n 1", T, 4, "\0\0\0\1", "1 labels" },
    { "n 3, and 3 labels", T + 1, 4, "\0\0\0\3", "3 labels" },
    { "n 2^31-1", T, 4, "\177\377\377\377", "do not fit" },
    { "n 2^32-1", T, 4, "\377\377\377\377", "size 0" },
};

/* Writes the bad file into `to`, and returns how many bytes it has. */
static size_t changed(const change *c, const unsigned char *good,
                      size_t good_bytes, unsigned char *to)
{
    memset(to, 0, c->bytes + 16);
    memcpy(to, good, good_bytes < c->bytes ? good_bytes : c->bytes);
    if (c->at + 4 <= c->bytes)
        memcpy(to + c->at, c->put, 4);
    return c->bytes;
}

LOOP_TEST(a_bad_image_file_is_an_error_that_names_it, 2 * COUNT(BAD_IMAGES))
{
    unsigned char file[8192];
    const char *labels = good_labels();
    const change *c = &BAD_IMAGES[_i / 2];
    size_t n = changed(c, IMAGES, sizeof IMAGES, file);
    const char *bad = WRITERS[_i % 2]("bad", file, n);

    check_bad(bad, labels, "/bad", c->words, c->what);
}

LOOP_TEST(a_bad_label_file_is_an_error_that_names_it, 2 * COUNT(BAD_LABELS))
{
    unsigned char file[8192];
    const char *images = good_images();
    const change *c = &BAD_LABELS[_i / 2];
    size_t n = changed(c, LABELS, sizeof LABELS, file);
    const char *bad = WRITERS[_i % 2]("bad", file, n);

    check_bad(images, bad, "/bad", c->words, c->what);
}

/* 16 x 2^30 x 2^30 is 0 in 64 bits. */
TEST(sizes_whose_product_wraps_are_an_error)
{
    const unsigned char wraps[28] = { 0,    0, 8, 3, 0,    0, 0, 16,
                                      0x40, 0, 0, 0, 0x40, 0, 0, 0 };

    check_bad(files_write("bad", wraps, sizeof wraps), good_labels(), "/bad",
              "do not fit", "wraps");
}

TEST(an_idx_file_cut_short_at_any_byte_is_an_error)
{
    const char *images = good_images(), *labels = good_labels();

    for (size_t n = 0; n < sizeof IMAGES; n++)
        check_bad(files_write("bad", IMAGES, n), labels, "/bad", "",
                  files_case("images cut", n));
    for (size_t n = 0; n < sizeof LABELS; n++)
        check_bad(images, files_write("bad", LABELS, n), "/bad", "",
                  files_case("labels cut", n));
}

/* Compresses n bytes by gzip into `to`, which has `room` bytes.  Returns how
 * many bytes there are then. */
static size_t gzipped(const void *bytes, size_t n, unsigned char *to,
                      size_t room)
{
    FILE *f = fopen(files_write_gz("whole.gz", bytes, n), "rb");
    size_t k = fread(to, 1, room, f);

    fclose(f);
    ck_assert_uint_lt(k, room);
    return k;
}

TEST(a_gzip_idx_file_cut_short_at_any_byte_is_an_error)
{
    unsigned char gz[256];
    const char *images = good_images(), *labels = good_labels();
    size_t n = gzipped(IMAGES, sizeof IMAGES, gz, sizeof gz);

    for (size_t k = 0; k < n; k++)
        check_bad(files_write("bad", gz, k), labels, "/bad", "",
                  files_case("images cut", k));
    n = gzipped(LABELS, sizeof LABELS, gz, sizeof gz);
    for (size_t k = 0; k < n; k++)
        check_bad(images, files_write("bad", gz, k), "/bad", "",
                  files_case("labels cut", k));
}

/* The first 10 bytes are gzip's header, which no checksum covers. */
TEST(every_bit_flip_in_gzip_data_is_an_error)
{
    unsigned char gz[256];
    const char *labels = good_labels();
    size_t n = gzipped(IMAGES, sizeof IMAGES, gz, sizeof gz);

    for (size_t bit = 80; bit < 8 * n; bit++) {
        gz[bit / 8] ^= (unsigned char)(1 << bit % 8);
        check_bad(files_write("bad", gz, n), labels, "/bad", "",
                  files_case("bit flipped", bit));
        gz[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

TEST(data_after_gzip_data_is_an_error)
{
    unsigned char gz[256] = { 0 };
    size_t n = gzipped(IMAGES, sizeof IMAGES, gz, sizeof gz);

    for (size_t k = 1; k < 100; k++)
        check_bad(files_write("bad", gz, n + k), good_labels(), "/bad",
                  "there is data, such as padding, after the end of its gzip "
                  "data; must be cut off", files_case("zeros", k));
    memcpy(gz + n, "rubbish", 7);
    check_bad(files_write("bad", gz, n + 7), good_labels(), "/bad",
              "after the end of its gzip data", "rubbish");
    gz[n] = gz[0]; /* half of the two bytes with which a member begins */
    check_bad(files_write("bad", gz, n + 1), good_labels(), "/bad",
              "after the end of its gzip data", "half a magic");
    memcpy(gz + n, gz, 10); /* a second member, cut short or damaged */
    check_bad(files_write("bad", gz, n + 10), good_labels(), "/bad",
              "gzip data cut short", "a member cut short");
    gz[n + 2] = 7;
    check_bad(files_write("bad", gz, n + 10), good_labels(), "/bad",
              "gzip data damaged", "a damaged member");
}

/* The bytes of files that are no IDX files. */
static const struct {
    size_t n;
    const char *bytes, *kind;
} OTHER_KIND[] = {
    { 10, "\211PNG\r\n\032\n\0", "but a PNG image: it starts with 89 50" },
    { 6, "\377\330\377\340\0", "but a JPEG image: it starts with ff d8" },
    { 12, "\0\0\0\030ftypheic", "but a HEIC image: it starts with 00 00 00" },
    { 6, "PK\3\4\24", "but a zip archive (" },
    { 7, "\3757zXZ\0", "but an xz file: " },
    { 8, "\x93NUMPY\1", "but a NumPy file: " },
    { 16, "<!DOCTYPE html>\n", "but an HTML page (did a download fail?): it" },
    { 27, "version https://git-lfs.git", "but a Git LFS pointer" },
    { 10, "\377\376a\0,\0b\0\n\0", "but text in UTF-16: it starts" },
    { 12, "label,pixel\n", "not an IDX file: it starts with 6c 61 62 65" },
};

LOOP_TEST(a_file_that_is_no_idx_file_is_named, COUNT(OTHER_KIND))
{
    const char *bad = files_write("bad", OTHER_KIND[_i].bytes,
                                  OTHER_KIND[_i].n);

    check_bad(bad, good_labels(), "/bad: not an IDX file",
              OTHER_KIND[_i].kind, "images");
    check_bad(good_images(), bad, "/bad: not an IDX file",
              OTHER_KIND[_i].kind, "labels");
}

/* Sets the sizes in the header of an image file. */
static void put_shape(unsigned char *p, const unsigned size[3])
{
    static const unsigned char magic[4] = { 0, 0, 8, 3 };

    memcpy(p, magic, 4);
    for (int i = 0; i < 12; i++)
        p[4 + i] = (unsigned char)(size[i / 4] >> (24 - 8 * (i % 4)));
}

/* Sizes that the headers of small files claim; in gzip files, 16 MiB are
 * allowed at most, and must then be there. */
TEST(what_a_header_claims_takes_no_memory_before_it_is_there)
{
    static const unsigned shapes[][3] = {
        { 2, 1 << 12, 1 << 11 }, { 2, (1 << 23) + 1, 1 }, { 1 << 24, 28, 28 },
        { 2, 1 << 15, 1 << 15 }, { 1000, 28, 28 }, { 2, 100, 100 },
    };

    for (int i = 0; i < 2 * COUNT(shapes); i++) {
        unsigned char file[16 + 100] = { 0 };
        put_shape(file, shapes[i / 2]);
        const char *bad = WRITERS[i % 2]("bad", file, sizeof file);
        long before = allocations_bytes();
        allocations_peak();
        check_bad(bad, good_labels(), "/bad",
                  i % 2 ? "" : "do not fit in its 116",
                  files_case("shape", (size_t)i));
        ck_assert_int_le(allocations_peak() - before,
                          i % 2 ? (16 << 20) + 65536 : 1024);
    }
    unsigned char file[16] = { 0 };
    put_shape(file, shapes[1]);
    check_bad(files_write_gz("bad", file, 16), good_labels(), "/bad",
              ", which may unpack to 100 times as many, or 16 MiB; unpack it "
              "yourself if it is whole", "1 pixel above 16 MiB");
}

/* An image of 16 MiB of zeros, which may be packed, and one of 18 MiB, which
 * may not. */
TEST(a_gzip_idx_file_may_unpack_to_16_MiB)
{
    static unsigned char file[16 + (18 << 20)];

    for (unsigned mib = 16; mib <= 18; mib += 2) {
        put_shape(file, (unsigned[]){ 2, mib << 9, 1 << 10 });
        gradus_dataset *d = gradus_load_idx(
            files_write_gz("zeros", file, 16 + (mib << 20)), good_labels());
        ck_assert_msg(!d == (mib > 16), "%u MiB: %s", mib, gradus_error());
        gradus_dataset_free(d);
    }
    assert_error("/zeros: cut short or damaged: 2 x 9216 x 1024 values");
    gradus_dataset *d = gradus_load_idx(
        files_write("zeros", file, sizeof file), good_labels());
    ck_assert_msg(d != NULL, "%s", gradus_error());
    gradus_dataset_free(d);
}

TEST(gzip_in_gzip_is_an_error)
{
    unsigned char gz[256];
    size_t n = gzipped(IMAGES, sizeof IMAGES, gz, sizeof gz);

    check_bad(files_write_gz("bad", gz, n), good_labels(), "/bad",
              "not an IDX file", "twice");
}

/* The most memory that this process has had, in KiB. */
static long peak_kb(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

/* The first file is 64 MB of zeros compressed to 64 KB, more than its header
 * announces.  The header of the second announces more than a file of its size
 * can hold. */
TEST(a_gzip_bomb_takes_no_memory)
{
    static const unsigned char zeros[1 << 16];
    static const unsigned char huge[16] = { 0, 0, 8, 3, 0, 0, 16, 0,
                                            0, 0, 1, 0, 0, 0, 1, 0 };
    const char *labels = good_labels(), *bomb = files_path("bomb");
    gzFile f = gzopen(bomb, "wb9");

    gzwrite(f, IMAGES, sizeof IMAGES);
    for (int i = 0; i < 1024; i++)
        gzwrite(f, zeros, sizeof zeros);
    gzclose(f);
    const char *liar = files_write_gz("liar", huge, sizeof huge);
    long before = peak_kb();
    check_bad(bomb, labels, "/bomb", "after its end", "bomb");
    check_bad(liar, labels, "/liar", "do not fit", "liar");
    ck_assert_int_lt(peak_kb() - before, 16 * 1024);
}

TEST(swapped_files_are_reported_as_swapped)
{
    check_bad(good_labels(), good_images(), "/labels", "swap the two", "");
    check_bad(good_images(), good_images(), "/images",
              "images where labels belong", "");
    check_bad(good_labels(), good_labels(), "/labels",
              "labels where images belong", "");
}

TEST(a_path_that_is_not_a_regular_file_is_an_error)
{
    const char *images = good_images(), *labels = good_labels();
    const char *fifo = files_path("fifo"), *link = files_path("dangling");

    files_folder("folder");
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    ck_assert_int_eq(symlink("nowhere", link), 0);
    check_bad(files_path("folder"), labels, "/folder", "directory", "");
    check_bad(images, files_path("folder"), "/folder", "directory", "");
    check_bad(fifo, labels, "/fifo", "regular", "");
    check_bad(link, labels, "/dangling", "No such file", "");
    check_bad(files_path("missing"), labels, "/missing", "No such file", "");
    check_bad(images, files_path("missing"), "/missing", "No such file", "");
    check_bad("", labels, "", "No such file", "");
    check_bad(NULL, labels, "", "NULL", "");
    check_bad(images, NULL, "", "NULL", "");
}

TEST(a_file_that_may_not_be_read_is_an_error)
{
    const char *images = good_images(), *labels = good_labels();

    if (files_unreadable(images))
        check_bad(images, labels, "/images", "Permission denied", "");
    else
        fprintf(stderr, "skipped: this user can read everything\n");
    files_readable();
}

TEST(a_symbolic_link_to_a_good_file_loads)
{
    const char *link = files_path("link");

    ck_assert_int_eq(symlink(good_images(), link), 0);
    check_good(gradus_load_idx(link, good_labels()));
}

TEST(freeing_null_or_a_dataset_that_owns_nothing_is_allowed)
{
    gradus_dataset own = { .n = 1 };

    gradus_dataset_free(NULL);
    gradus_dataset_free(&own);
}
