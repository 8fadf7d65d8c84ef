/* test_image_turned.c -- pictures that EXIF says have to be turned. */
#include "allocations.h"
#include "files.h"
#include "pictures.h"
#include "tests.h"

#include "data/data.h"

#include <stdlib.h>

static picture p; /* too large for the stack */

EACH_TEST(.begin = files_begin, .end = files_end)

static void put(uint8_t *to, unsigned v, size_t n, bool little)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> 8 * (little ? i : n - 1 - i));
}

enum { EXIF = 8 + 2 + 3 * 12 + 4 };

/* Makes an EXIF block of three entries, of which the second says how the
 * picture has to be turned. */
static void make_exif(uint8_t block[EXIF], bool little, unsigned orientation)
{
    static const unsigned tag[3] = { 0x10f, 0x112, 0x11a };

    memset(block, 0, EXIF);
    memcpy(block, little ? "II" : "MM", 2);
    put(block + 2, 42, 2, little);
    put(block + 4, 8, 4, little);
    put(block + 8, 3, 2, little);
    for (int i = 0; i < 3; i++) {
        uint8_t *entry = block + 10 + 12 * i;
        put(entry, tag[i], 2, little);
        put(entry + 2, 3, 2, little);
        put(entry + 4, 1, 4, little);
        put(entry + 8, i == 1 ? orientation : 2, 2, little);
    }
}

/* Makes a grey PNG of 2 x 3 pixels with this EXIF block. */
static const char *png_with(const uint8_t *exif, size_t n, bool after)
{
    static const uint8_t pixels[6] = { 10, 20, 30, 40, 50, 60 };

    picture_png(&p, 3, 2, 1, pixels);
    picture whole = p;
    p.n = after ? p.n - 12 : 8 + 25; /* after the pixels, or the header */
    size_t end = p.n;
    picture_chunk(&p, "eXIf", exif, n);
    picture_bytes(&p, whole.bytes + end, whole.n - end);
    return files_write("turned.png", p.bytes, p.n);
}

/* What is to be seen of the pixels 10 20 30 / 40 50 60, by orientation. */
static const struct {
    int height, width;
    uint8_t pixels[6];
} SEEN[9] = {
    [1] = { 2, 3, { 10, 20, 30, 40, 50, 60 } },
    [2] = { 2, 3, { 30, 20, 10, 60, 50, 40 } },
    [3] = { 2, 3, { 60, 50, 40, 30, 20, 10 } },
    [4] = { 2, 3, { 40, 50, 60, 10, 20, 30 } },
    [5] = { 3, 2, { 10, 40, 20, 50, 30, 60 } },
    [6] = { 3, 2, { 40, 10, 50, 20, 60, 30 } },
    [7] = { 3, 2, { 60, 30, 50, 20, 40, 10 } },
    [8] = { 3, 2, { 30, 60, 20, 50, 10, 40 } },
};

static void shows(const char *path, int orientation)
{
    uint8_t out[6];
    int h = SEEN[orientation].height, w = SEEN[orientation].width;

    ck_assert_msg(gradus_load_image(path, 1, h, w, out) == 0, "%s",
                  gradus_error());
    ck_assert_mem_eq(out, SEEN[orientation].pixels, 6);
}

LOOP_TEST(a_png_is_turned_as_its_exif_block_says, 8 * 2 * 2)
{
    uint8_t exif[EXIF];

    make_exif(exif, _i % 2, (unsigned)_i / 4 + 1);
    shows(png_with(exif, EXIF, _i / 2 % 2), _i / 4 + 1);
}

/* Inserts a segment of n bytes behind the first two bytes of the JPEG p. */
static void insert_segment(int marker, const void *bytes, size_t n)
{
    static picture whole;
    const uint8_t head[4] = { 0xff, (uint8_t)marker, (uint8_t)((n + 2) >> 8),
                              (uint8_t)(n + 2) };

    whole = p;
    p.n = 2;
    picture_bytes(&p, head, 4);
    picture_bytes(&p, bytes, n);
    picture_bytes(&p, whole.bytes + 2, whole.n - 2);
}

static void insert_exif(bool little, unsigned orientation)
{
    uint8_t block[6 + EXIF] = "Exif\0";

    make_exif(block + 6, little, orientation);
    insert_segment(0xe1, block, sizeof block);
}

enum { SIDE = 16 };

/* The left half of the picture is darker than the right half. */
static void load(uint8_t *out)
{
    ck_assert_msg(gradus_load_image(files_write("a.jpg", p.bytes, p.n), 1,
                                    SIDE, SIDE, out) == 0,
                  "%s", gradus_error());
}

/* Where the pixel that is seen at row y, column x is stored. */
static int stored(int orientation, int y, int x)
{
    const int far = SIDE - 1;
    const int at[9][2] = {
        [1] = { y, x },       [2] = { y, far - x },
        [3] = { far - y, far - x }, [4] = { far - y, x },
        [5] = { x, y },       [6] = { far - x, y },
        [7] = { far - x, far - y }, [8] = { x, far - y },
    };

    return at[orientation][0] * SIDE + at[orientation][1];
}

LOOP_TEST(a_jpeg_is_turned_as_its_exif_block_says, 8 * 2 * 2)
{
    static const char *const files[] = { "tests/pictures/baseline.jpg",
                                         "tests/pictures/progressive.jpg" };
    uint8_t plain[SIDE * SIDE], turned[SIDE * SIDE];
    int orientation = _i / 4 + 1;

    picture_read(&p, files[_i / 2 % 2]);
    load(plain);
    insert_exif(_i % 2, (unsigned)orientation);
    load(turned);
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            ck_assert_int_eq(turned[y * SIDE + x],
                             plain[stored(orientation, y, x)]);
    ck_assert_int_gt(abs(plain[0] - plain[SIDE - 1]), 100);
}

TEST(the_first_exif_block_of_a_jpeg_counts)
{
    uint8_t plain[SIDE * SIDE], turned[SIDE * SIDE];

    picture_read(&p, "tests/pictures/baseline.jpg");
    load(plain);
    insert_exif(true, 3);
    insert_exif(true, 1);
    insert_segment(0xe1, "http://ns.adobe.com/xap/1.0/", 29);
    load(turned);
    ck_assert_mem_eq(turned, plain, sizeof plain);
    picture_read(&p, "tests/pictures/baseline.jpg");
    insert_exif(true, 1);
    insert_exif(true, 3);
    load(turned);
    ck_assert_mem_ne(turned, plain, sizeof plain);
}

TEST(rgb_pictures_are_turned_before_they_are_resized)
{
    static const uint8_t rgb[2][3][3] = {
        { { 0, 1, 2 }, { 10, 11, 12 }, { 20, 21, 22 } },
        { { 100, 101, 102 }, { 110, 111, 112 }, { 120, 121, 122 } },
    };
    static const uint8_t upright[3][2][3] = {
        { { 100, 101, 102 }, { 0, 1, 2 } },
        { { 110, 111, 112 }, { 10, 11, 12 } },
        { { 120, 121, 122 }, { 20, 21, 22 } },
    };
    uint8_t exif[EXIF], seen[3 * 7 * 5], expected[3 * 7 * 5];

    picture_png(&p, 2, 3, 3, &upright[0][0][0]);
    ck_assert_int_eq(gradus_load_image(files_write("a.png", p.bytes, p.n), 3,
                                       7, 5, expected), 0);
    make_exif(exif, false, 6);
    picture_png_header(&p, 3, 2, 8, 2);
    picture_chunk(&p, "eXIf", exif, EXIF);
    picture_png_rows(&p, &rgb[0][0][0], 2, 9);
    ck_assert_int_eq(gradus_load_image(files_write("b.png", p.bytes, p.n), 3,
                                       7, 5, seen), 0);
    ck_assert_mem_eq(seen, expected, sizeof seen);
}

/* A change of a good block, which then counts as none. */
static const struct {
    const char *what;
    size_t at, n;
    unsigned value;
} BROKEN[] = {
    { "no byte order", 0, 2, 0x4949 + 0x1000 },
    { "two byte orders", 0, 2, 0x494d },
    { "the other byte order", 0, 2, 0x4949 },
    { "no TIFF", 2, 2, 43 },
    { "directory at 2^32 - 1", 4, 4, 0xffffffff },
    { "directory at 2^31", 4, 4, 0x80000000 },
    { "directory at the last byte", 4, 4, EXIF - 1 },
    { "directory at the last two bytes", 4, 4, EXIF - 2 },
    { "directory behind the end", 4, 4, EXIF },
    { "no entries", 8, 2, 0 },
    { "one entry", 8, 2, 1 },
    { "another tag", 22, 2, 0x113 },
    { "a value of 4 bytes", 24, 2, 4 },
    { "two values", 26, 4, 2 },
    { "2^32 - 1 values", 26, 4, 0xffffffff },
    { "value 0", 30, 2, 0 },
    { "value 9", 30, 2, 9 },
    { "value 65535", 30, 2, 65535 },
};

/* The array is as long as the block, so that a sanitiser notices a byte that
 * is read behind it. */
static int orientation(const uint8_t *block, size_t n)
{
    uint8_t *exact = malloc(n + !n);

    memcpy(exact, block, n);
    int o = gradus_exif_orientation(exact, n);
    free(exact);
    return o;
}

LOOP_TEST(a_broken_exif_block_counts_as_none, COUNT(BROKEN))
{
    uint8_t exif[EXIF];

    make_exif(exif, false, 6);
    ck_assert_int_eq(orientation(exif, EXIF), 6);
    put(exif + BROKEN[_i].at, BROKEN[_i].value, BROKEN[_i].n, false);
    ck_assert_msg(orientation(exif, EXIF) == 1, "%s: is %d; must be 1",
                  BROKEN[_i].what, orientation(exif, EXIF));
    shows(png_with(exif, EXIF, false), 1);
}

/* The value ends at byte 32, and the entry at byte 34. */
TEST(an_exif_block_cut_short_or_too_long_reads_nothing_outside)
{
    uint8_t exif[EXIF];

    for (int little = 0; little < 2; little++) {
        make_exif(exif, little, 8);
        for (size_t n = 0; n <= EXIF; n++)
            ck_assert_int_eq(orientation(exif, n), n < 34 ? 1 : 8);
        put(exif + 8, 0xffff, 2, little);
        ck_assert_int_eq(orientation(exif, EXIF), 8);
        put(exif + 22, 0x113, 2, little);
        ck_assert_int_eq(orientation(exif, EXIF), 1);
    }
    for (unsigned i = 0; i < 20000; i++) {
        gradus_random r;
        gradus_random_init(&r, i, 3, 4);
        make_exif(exif, i % 2, 1 + i % 8);
        for (int k = 0; k < 3; k++)
            exif[gradus_random_below(&r, EXIF)] =
                (uint8_t)gradus_random_u32(&r);
        int o = orientation(exif, gradus_random_below(&r, EXIF + 1));
        ck_assert(o >= 1 && o <= 8);
    }
}

/* To find out that a PNG is no JPEG, stb_image needs memory that it can do
 * without. */
TEST(each_allocation_of_a_turned_picture_may_fail)
{
    uint8_t block[EXIF], pixels[3 * 2];
    int k = 0, errors = 0;

    make_exif(block, true, 6);
    const char *path = png_with(block, sizeof block, false);
    for (bool failed = true; failed; k++) {
        int before = allocations_live();
        allocations_fail(k + 1, 0);
        int status = gradus_load_image(path, 1, 3, 2, pixels);
        failed = allocations_made() > k;
        allocations_fail(0, 0);
        ck_assert_int_eq(allocations_live(), before);
        ck_assert(!status || strstr(gradus_error(), "memory"));
        errors += status != 0;
    }
    ck_assert_int_gt(errors, 4);
}
