/* test_image.c -- one PNG or JPEG file, good and bad, into pixels. */
#define _POSIX_C_SOURCE 200809L
#include "files.h"
#include "pictures.h"
#include "tests.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static picture p; /* too large for the stack */
static uint8_t out[28 * 28 * 3]; /* [channels,height,width] */

/* Writes the picture to a file and returns its path. */
static const char *written(void)
{
    return files_write("picture", p.bytes, p.n);
}

static void load(int channels, int height, int width)
{
    ck_assert_msg(gradus_load_image(written(), channels, height, width, out) ==
                      0,
                  "%s", gradus_error());
}

static void check_bad(const char *words, const char *what)
{
    picture_check_bad(written(), words, what);
}

EACH_TEST(.begin = files_begin, .end = files_end)

TEST(a_grey_png_arrives_as_it_is)
{
    const uint8_t grey[6] = { 0, 1, 2, 127, 254, 255 };

    picture_png(&p, 3, 2, 1, grey);
    load(1, 2, 3);
    ck_assert_mem_eq(out, grey, 6);
}

TEST(grey_becomes_three_equal_planes_of_rgb)
{
    const uint8_t grey[2] = { 10, 200 };
    const uint8_t planes[6] = { 10, 200, 10, 200, 10, 200 };

    picture_png(&p, 2, 1, 1, grey);
    load(3, 1, 2);
    ck_assert_mem_eq(out, planes, 6);
}

TEST(rgb_arrives_as_three_planes)
{
    const uint8_t rgb[6] = { 1, 2, 3, 4, 5, 6 };
    const uint8_t planes[6] = { 1, 4, 2, 5, 3, 6 };

    picture_png(&p, 2, 1, 3, rgb);
    load(3, 1, 2);
    ck_assert_mem_eq(out, planes, 6);
}

/* Grey is (77 R + 150 G + 29 B)/256, rounded down. */
TEST(rgb_becomes_grey_by_its_brightness)
{
    const uint8_t rgb[15] = { 255, 0,  0,  0,  255, 0,   0,  0,
                              255, 10, 20, 30, 255, 255, 255 };
    const uint8_t grey[5] = { 76, 149, 28, 18, 255 };

    picture_png(&p, 5, 1, 3, rgb);
    load(1, 1, 5);
    ck_assert_mem_eq(out, grey, 5);
}

/* A value v of opacity a becomes a v + (1-a) 255.  With a = 0 its colour does
 * not matter. */
TEST(transparent_pixels_become_white)
{
    const uint8_t rgba[12] = { 0, 0, 0, 0, 90, 60, 30, 51, 90, 60, 30, 255 };
    const uint8_t planes[9] = { 255, 222, 90, 255, 216, 60, 255, 210, 30 };
    const uint8_t grey_alpha[6] = { 7, 0, 100, 102, 100, 255 };
    const uint8_t grey[3] = { 255, 193, 100 };

    picture_png(&p, 3, 1, 4, rgba);
    load(3, 1, 3);
    ck_assert_mem_eq(out, planes, 9);
    picture_png(&p, 3, 1, 2, grey_alpha);
    load(1, 1, 3);
    ck_assert_mem_eq(out, grey, 3);
}

TEST(a_colour_marked_as_transparent_becomes_white)
{
    const uint8_t grey[3] = { 5, 6, 7 }, expected[3] = { 5, 255, 7 };

    picture_png_header(&p, 3, 1, 8, 0);
    picture_chunk(&p, "tRNS", "\0\6", 2);
    picture_png_rows(&p, grey, 1, 3);
    load(1, 1, 3);
    ck_assert_mem_eq(out, expected, 3);
}

TEST(pngs_of_1_and_16_bits_and_with_palettes_load)
{
    const uint8_t bits[1] = { 0xa0 }, black_white[3] = { 255, 0, 255 };

    picture_png_header(&p, 3, 1, 1, 0);
    picture_png_rows(&p, bits, 1, 1);
    load(1, 1, 3);
    ck_assert_mem_eq(out, black_white, 3);

    const uint8_t deep[4] = { 0x12, 0x34, 0xfe, 0xff };
    const uint8_t cut[2] = { 0x12, 0xfe };
    picture_png_header(&p, 2, 1, 16, 0);
    picture_png_rows(&p, deep, 1, 4);
    load(1, 1, 2);
    ck_assert_mem_eq(out, cut, 2);

    const uint8_t index[2] = { 1, 0 }, planes[6] = { 4, 1, 5, 2, 6, 3 };
    picture_png_header(&p, 2, 1, 8, 3);
    picture_chunk(&p, "PLTE", "\1\2\3\4\5\6", 6);
    picture_png_rows(&p, index, 1, 2);
    load(3, 1, 2);
    ck_assert_mem_eq(out, planes, 6);
}

/* The picture is 16x16: red is 100, green and blue are 20 in the left half and
 * 220 in the right. */
static void make_jpeg(void)
{
    picture_read(&p, "tests/pictures/baseline.jpg");
}

static void check_jpeg_pixels(void)
{
    load(3, 16, 16);
    for (int i = 0; i < 16 * 16; i++) {
        ck_assert_int_le(abs(out[i] - 100), 4);
        ck_assert_int_le(abs(out[256 + i] - (i % 16 < 8 ? 20 : 220)), 4);
    }
}

TEST(a_jpeg_is_decoded_to_nearly_its_pixels)
{
    make_jpeg();
    check_jpeg_pixels();
    picture_read(&p, "tests/pictures/progressive.jpg");
    check_jpeg_pixels();
}

/* It holds the colours as cyan, magenta, yellow and black. */
TEST(a_cmyk_jpeg_of_adobe_s_kind_is_decoded)
{
    picture_read(&p, "tests/pictures/cmyk.jpg");
    check_jpeg_pixels();
}

TEST(data_after_a_jpeg_is_ignored)
{
    make_jpeg();
    picture_bytes(&p, "\377\330 another picture", 18);
    check_jpeg_pixels();
}

TEST(the_digits_in_data_load)
{
    ck_assert_int_eq(gradus_load_image("data/digits/7-a.png", 1, 28, 28, out),
                     0);
}

TEST(an_image_made_smaller_consists_of_means)
{
    const uint8_t grey[16] = { 0,  4,  100, 100, 8,  12, 100, 100,
                               50, 50, 255, 255, 50, 50, 255, 255 };
    const uint8_t half[4] = { 6, 100, 50, 255 };

    picture_png(&p, 4, 4, 1, grey);
    load(1, 2, 2);
    ck_assert_mem_eq(out, half, 4);
    load(1, 1, 1);
    ck_assert_int_eq(out[0], (6 + 100 + 50 + 255 + 2) / 4);
}

TEST(channels_are_resized_separately)
{
    const uint8_t rgb[6] = { 0, 100, 7, 50, 200, 7 }, mean[3] = { 25, 150, 7 };

    picture_png(&p, 2, 1, 3, rgb);
    load(3, 1, 1);
    ck_assert_mem_eq(out, mean, 3);
}

TEST(an_image_made_larger_is_interpolated)
{
    const uint8_t grey[2] = { 0, 200 }, wide[4] = { 0, 50, 150, 200 };

    picture_png(&p, 2, 1, 1, grey);
    load(1, 1, 4);
    ck_assert_mem_eq(out, wide, 4);
}

TEST(one_colour_stays_that_colour_at_any_size)
{
    static uint8_t grey[64 * 64];

    memset(grey, 77, sizeof grey);
    for (int side = 1; side <= 64; side++) {
        picture_png(&p, side, 65 - side, 1, grey);
        load(1, 28, 28);
        for (int i = 0; i < 28 * 28; i++)
            ck_assert_msg(out[i] == 77, "from %d x %d: value %d is %d; must "
                          "be 77", side, 65 - side, i, out[i]);
    }
}

TEST(the_longest_side_loads_and_a_longer_one_does_not)
{
    static uint8_t grey[16385];

    memset(grey, 77, sizeof grey);
    picture_png(&p, 16384, 1, 1, grey);
    load(1, 1, 1);
    ck_assert_int_eq(out[0], 77);
    picture_png(&p, 1, 16384, 1, grey);
    load(1, 28, 28);
    ck_assert_int_eq(out[0], 77);
    picture_png(&p, 16385, 1, 1, grey);
    check_bad("a side is longer", "wide");
    picture_png(&p, 1, 16385, 1, grey);
    check_bad("a side is longer", "high");
}

/* What is said of files of other kinds. */
static const struct {
    size_t n;
    const char *bytes, *kind;
} OTHER_KIND[] = {
    { 8, "GIF89a\1\0", "picture: is a GIF image; must be a PNG or JPEG" },
    { 12, "RIFF\44\0\0\0WEBP", "picture: is a WebP image; must be" },
    { 12, "\0\0\0\30ftypheic", "picture: is a HEIC image; must be" },
    { 12, "\0\0\0\34ftypavif", "picture: is an AVIF image; must be" },
    { 12, "BM\106\0\0\0\0\0\0\0\66", "picture: is a BMP image; must be" },
    { 5, "MM\0*\0", "picture: is a TIFF image; must be" },
    { 15, "<!DOCTYPE html>", "picture: is an HTML page (did a" },
    { 30, "version https://git-lfs.github", "picture: is a Git LFS pointer" },
    { 5, "PK\3\4\24", "picture: is a zip archive" },
    { 8, "\0\0\10\3\0\0\0\1", "picture: is an IDX file; must be" },
    { 10, "x,y\n1,2\n3\n", "picture: unknown kind; must be a PNG or JPEG" },
};

LOOP_TEST(an_image_of_another_kind_is_named, COUNT(OTHER_KIND))
{
    p.n = 0;
    picture_bytes(&p, OTHER_KIND[_i].bytes, OTHER_KIND[_i].n);
    check_bad(OTHER_KIND[_i].kind, "kind");
}

static void make_png(void)
{
    const uint8_t rgb[18] = { 1, 2, 3, 40, 50, 60, 7, 8, 9, 255 };

    picture_png(&p, 3, 2, 3, rgb);
}

TEST(what_is_neither_png_nor_jpeg_is_an_error)
{
    static const char *const starts[] = {
        "hello, world", "GIF89a  ",     "BM      ",     "P5 1 1 255 a",
        "8BPS      ",   "#?RADIANCE\n", "RIFF    WEBP", "\211PNG\r\n\032",
        "\377\330",     "\377\330\330", "%PDF-1.4",     "\211PNG\r\n\032\r",
    };

    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        p.n = 0;
        picture_bytes(&p, starts[i], strlen(starts[i]));
        check_bad("must be a PNG or JPEG image", starts[i]);
    }
    p.n = 0;
    check_bad("empty", "empty");
    make_png();
    picture_check_bad(files_write_gz("picture.gz", p.bytes, p.n), "gzip",
                      "gz");
}

TEST(a_path_that_cannot_be_read_is_an_error)
{
    files_folder("folder");
    ck_assert_int_eq(mkfifo(files_path("fifo"), 0600), 0);
    picture_check_bad(files_path("folder"), "directory", "folder");
    picture_check_bad(files_path("fifo"), "regular", "fifo");
    picture_check_bad(files_path("missing"), "No such file", "missing");
    make_png();
    const char *path = written();
    if (files_unreadable(path))
        picture_check_bad(path, "Permission denied", "permission");
    else
        fprintf(stderr, "skipped: this user can read everything\n");
    files_readable();
}

TEST(a_file_of_more_than_128_MiB_is_an_error)
{
    const char *path = files_write("large", "\211PNG\r\n\032\n", 8);

    ck_assert_int_eq(truncate(path, (1 << 27) + 1), 0);
    picture_check_bad(path, "larger than 134217728 bytes", "large");
}

TEST(impossible_sizes_and_channels_are_errors)
{
    make_png();
    const char *path = written();
    ck_assert_int_ne(gradus_load_image(NULL, 1, 1, 1, out), 0);
    ck_assert_int_ne(gradus_load_image(path, 1, 1, 1, NULL), 0);
    assert_error("NULL");
    ck_assert_int_ne(gradus_load_image(path, 2, 1, 1, out), 0);
    assert_error("channels is 2");
    ck_assert_int_ne(gradus_load_image(path, 1, 0, 1, out), 0);
    ck_assert_int_ne(gradus_load_image(path, 1, 1, -1, out), 0);
    assert_error("1 x -1 pixels");
    ck_assert_int_ne(gradus_load_image(path, 1, 1 << 30, 1 << 30, out), 0);
    ck_assert_int_ne(gradus_load_image(path, 3, 16384, 16384, out), 0);
}
