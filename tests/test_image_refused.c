/* test_image_refused.c -- PNG and JPEG files that are damaged or malicious. */
#include "files.h"
#include "pictures.h"
#include "tests.h"

#include "data/data.h"

static picture p; /* too large for the stack */

static void check_bad(const char *words, const char *what)
{
    picture_check_bad(files_write("picture", p.bytes, p.n), words, what);
}

static void make_jpeg(void)
{
    picture_read(&p, "tests/pictures/baseline.jpg");
}

static void make_png(void)
{
    const uint8_t rgb[18] = { 1, 2, 3, 40, 50, 60, 7, 8, 9, 255 };

    picture_png(&p, 3, 2, 3, rgb);
}

EACH_TEST(.begin = files_begin, .end = files_end, .timeout = 120)

TEST(an_image_cut_short_at_any_byte_is_an_error)
{
    make_png();
    while (p.n-- > 0)
        check_bad("", files_case("PNG cut", p.n));
    make_jpeg();
    while (p.n-- > 0)
        check_bad("", files_case("JPEG cut", p.n));
    picture_read(&p, "tests/pictures/progressive.jpg");
    while (p.n-- > 0)
        check_bad("", files_case("progressive JPEG cut", p.n));
}

TEST(every_bit_flip_in_a_png_is_an_error)
{
    make_png();
    for (size_t bit = 0; bit < 8 * p.n; bit++) {
        p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_bad("", files_case("bit flipped", bit));
        p.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

TEST(data_after_a_png_is_an_error)
{
    make_png();
    picture_bytes(&p, "", 1);
    check_bad("after its end", "zero");
}

/* Each header has the right checksum, and two rows of 9 zeros behind it. */
static const struct {
    int width, height, depth, colour;
    const char *words;
} BAD_HEADER[] = {
    { 0, 2, 8, 2, "a side of 0 pixels" },
    { 3, 0, 8, 2, "a side of 0 pixels" },
    { 3, 4, 8, 2, "" },
    { 9, 2, 8, 2, "" },
    { 3, 2, 16, 2, "" },
    { 3, 2, 8, 6, "" },
    { -1, 2, 8, 2, "a side" },
    { 3, -1, 8, 2, "a side" },
    { -1, -1, 8, 2, "a side" },
    { 16385, 2, 8, 2, "a side" },
    { 3, 16385, 8, 2, "a side" },
    { 1 << 30, 4, 8, 2, "a side" },
    { 16384, 16384, 8, 2, "too many pixels" },
    { 16384, 16384, 1, 0, "more pixels than the file can hold" },
    { 9999, 3000, 8, 2, "more pixels than the file can hold" },
    { 3, 2, 0, 2, "no such number of bits" },
    { 3, 2, 3, 2, "no such number of bits" },
    { 3, 2, 32, 2, "no such number of bits" },
    { 3, 2, 255, 2, "no such number of bits" },
    { 3, 2, 8, 1, "colour" },
    { 3, 2, 8, 5, "colour" },
    { 3, 2, 8, 7, "colour" },
    { 3, 2, 8, 255, "colour" },
    { 3, 2, 8, 3, "" },
    { 3, 2, 16, 3, "" },
};

LOOP_TEST(a_wrong_png_header_is_an_error, COUNT(BAD_HEADER))
{
    static const uint8_t zeros[18];

    picture_png_header(&p, BAD_HEADER[_i].width, BAD_HEADER[_i].height,
                       BAD_HEADER[_i].depth, BAD_HEADER[_i].colour);
    picture_png_rows(&p, zeros, 2, 9);
    check_bad(BAD_HEADER[_i].words, "header");
}

TEST(wrong_png_chunks_are_errors)
{
    static const uint8_t zeros[18];

    picture_png_header(&p, 3, 2, 8, 2);
    picture_chunk(&p, "IEND", NULL, 0);
    check_bad("", "no data");

    picture_png_header(&p, 3, 2, 8, 2);
    picture_chunk(&p, "IDAT", "no zlib", 7);
    picture_chunk(&p, "IEND", NULL, 0);
    check_bad("", "no zlib data");

    picture_png_header(&p, 3, 2, 8, 2);
    picture_chunk(&p, "UGLY", "1", 1);
    picture_png_rows(&p, zeros, 2, 9);
    check_bad("not known", "unknown chunk");

    picture_png_header(&p, 3, 2, 8, 2);
    picture_chunk(&p, "IHDR", p.bytes + 16, 13);
    picture_png_rows(&p, zeros, 2, 9);
    check_bad("", "two headers");

    p.n = 8;
    picture_png_rows(&p, zeros, 2, 9);
    check_bad("does not begin with its header", "no header");
}

/* The file is long enough to hold 8192 x 8192 pixels. */
TEST(more_pixels_than_the_limit_are_an_error)
{
    static uint8_t words[1 << 16];

    picture_png_header(&p, 8192, 8192, 8, 0);
    picture_chunk(&p, "teXt", words, sizeof words);
    picture_png_rows(&p, words, 2, 9);
    check_bad("33 million", "area");
}

enum { DQT = 0xdb, SOF = 0xc0, DHT = 0xc4, SOS = 0xda };

/* The byte of a good JPEG at the distance `at` from the marker of a segment is
 * set to `value`.  The segment's length is at 2, its content from 4 on. */
static const struct {
    const char *what;
    int marker, at, value;
    const char *words;
} BAD_BYTE[] = {
    { "Huffman class 2", DHT, 4, 0x20, "Huffman" },
    { "Huffman number 4", DHT, 4, 0x04, "Huffman" },
    { "Huffman counts beyond the segment", DHT, 20, 255, "Huffman" },
    { "Huffman counts beyond it, but not 256", DHT, 20, 200, "Huffman" },
    { "Huffman counts that move the rest", DHT, 5, 1, "" },
    { "another Huffman number", DHT, 4, 0x03, "not there" },
    { "Huffman segment of length 0", DHT, 3, 0, "bad length" },
    { "Huffman segment too long", DHT, 2, 255, "cut short" },
    { "Huffman segment one shorter", DHT, 3, 0x1e, "Huffman" },
    { "quantiser number 4", DQT, 4, 0x04, "quantiser" },
    { "quantiser precision", DQT, 4, 0x10, "quantiser" },
    { "another quantiser number", DQT, 4, 0x03, "not there" },
    { "quantiser segment too long", DQT, 2, 255, "cut short" },
    { "12 bits", SOF, 4, 12, "JPEG: must have 8 bits a value" },
    { "16 bits", SOF, 4, 16, "JPEG: must have 8 bits a value" },
    { "height 65296", SOF, 5, 255, "more pixels than" },
    { "height 0", SOF, 6, 0, "a side of 0 pixels" },
    { "width 65296", SOF, 7, 255, "more pixels than" },
    { "width 0", SOF, 8, 0, "a side of 0 pixels" },
    { "no components", SOF, 9, 0, "header" },
    { "one component", SOF, 9, 1, "header" },
    { "four components", SOF, 9, 4, "header" },
    { "255 components", SOF, 9, 255, "header" },
    { "another component id", SOF, 10, 9, "not there" },
    { "a component id twice", SOF, 10, 2, "" },
    { "sampling 0", SOF, 11, 0, "" },
    { "sampling 5", SOF, 11, 0x51, "" },
    { "quantiser 3, which is not there", SOF, 12, 3, "not there" },
    { "quantiser 4", SOF, 12, 4, "not there" },
    { "quantiser 200", SOF, 12, 200, "not there" },
    { "lossless", SOF, 1, 0xc3, "lossless or hierarchical; must be baseline" },
    { "hierarchical", SOF, 1, 0xc5, "lossless or hierarchical" },
    { "lossless, hierarchical", SOF, 1, 0xc7, "lossless or hierarchical" },
    { "arithmetic", SOF, 1, 0xc9, "arithmetic coding; must be Huffman" },
    { "arithmetic, progressive", SOF, 1, 0xca, "arithmetic coding" },
    { "arithmetic, lossless", SOF, 1, 0xcb, "arithmetic coding" },
    { "arithmetic, hierarchical", SOF, 1, 0xcf, "arithmetic coding" },
    { "arithmetic, its tables", DHT, 1, 0xcc, "arithmetic coding" },
    { "no frame at all", SOF, 1, 0xc8, "not there" },
    { "no frame, but a comment", SOF, 1, 0xfe, "not there" },
    { "frame too short", SOF, 3, 16, "header" },
    { "no components in the scan", SOS, 4, 0, "not there" },
    { "two components in the scan", SOS, 4, 2, "not there" },
    { "five components in the scan", SOS, 4, 5, "not there" },
    { "another component in the scan", SOS, 5, 77, "not there" },
    { "a component twice in the scan", SOS, 5, 2, "" },
    { "Huffman tables 2, not there", SOS, 6, 0x22, "not there" },
    { "AC table 2, not there", SOS, 6, 0x02, "not there" },
    { "Huffman tables 15", SOS, 6, 0xff, "not there" },
    { "first coefficient 1", SOS, 11, 1, "" },
    { "bit range", SOS, 13, 0x11, "" },
    { "no scan, but a comment", SOS, 1, 0xfe, "missing" },
};

LOOP_TEST(a_wrong_byte_in_a_jpeg_is_an_error, COUNT(BAD_BYTE))
{
    make_jpeg();
    size_t at = picture_segment(&p, BAD_BYTE[_i].marker);
    p.bytes[at + (size_t)BAD_BYTE[_i].at] = (uint8_t)BAD_BYTE[_i].value;
    check_bad(BAD_BYTE[_i].words, BAD_BYTE[_i].what);
}

/* stb_image would take the four colours for others. */
TEST(four_colours_of_no_known_kind_are_an_error)
{
    static const int transforms[] = { 1, 3, 255 };

    for (int i = 0; i < 4; i++) {
        picture_read(&p, "tests/pictures/cmyk.jpg");
        uint8_t *adobe = p.bytes + picture_segment(&p, 0xee);
        if (i < 3)
            adobe[15] = (uint8_t)transforms[i];
        else
            adobe[4] = 'a';
        check_bad("JPEG: four colours that it does not name; must be grey "
                  "or RGB", "cmyk");
    }
}

/* Adds copies of the first scan before it, until there are so many scans. */
static void make_scans(int wanted)
{
    static picture whole;
    size_t end, scans = 0;

    picture_read(&p, "tests/pictures/progressive.jpg");
    size_t at = picture_segment(&p, SOS);
    for (size_t i = 0; i + 1 < p.n; i++)
        scans += p.bytes[i] == 0xff && p.bytes[i + 1] == SOS;
    for (end = at + 2; p.bytes[end] != 0xff || p.bytes[end + 1] == 0; end++)
        continue;
    whole = p;
    p.n = at;
    for (size_t k = scans; k < (size_t)wanted; k++)
        picture_bytes(&p, whole.bytes + at, end - at);
    picture_bytes(&p, whole.bytes + at, whole.n - at);
}

TEST(a_jpeg_of_more_than_100_scans_is_an_error)
{
    static uint8_t few[3 * 16 * 16], many[3 * 16 * 16];

    make_scans(0);
    ck_assert_int_eq(gradus_load_image(files_write("few", p.bytes, p.n), 3, 16,
                                       16, few), 0);
    make_scans(100);
    ck_assert_msg(gradus_load_image(files_write("many", p.bytes, p.n), 3, 16,
                                    16, many) == 0, "%s", gradus_error());
    ck_assert_mem_eq(few, many, sizeof few);
    make_scans(101);
    check_bad("JPEG: more than 100 scans; pictures have about 10", "101");
    make_scans(1000);
    check_bad("JPEG: more than 100 scans", "1000");
}

TEST(a_jpeg_without_one_of_its_segments_is_an_error)
{
    static const int markers[] = { DQT, SOF, DHT, SOS };

    for (int i = 0; i < 4; i++) {
        make_jpeg();
        uint8_t *s = p.bytes + picture_segment(&p, markers[i]);
        size_t length = 2 + s[2] * 256u + s[3];
        p.n -= length;
        memmove(s, s + length, p.n - (size_t)(s - p.bytes));
        check_bad("", files_case("segment left out", (size_t)(s - p.bytes)));
    }
}

/* stb_image would write 4080 sizes into an array of 257. */
TEST(a_huffman_table_of_4080_codes_is_an_error)
{
    static uint8_t table[4 + 17 + 4080] = { 0xff, DHT, 0x10, 0x03 };

    memset(table + 5, 255, 16);
    p.n = 0;
    picture_bytes(&p, "\377\330", 2);
    picture_bytes(&p, table, sizeof table);
    picture_bytes(&p, "\377\331", 2);
    check_bad("Huffman", "4080 codes");

    static const uint8_t last[] = {
        0xff, 0xd8, 0xff, DHT, 0, 19, 0, 0, 0, 0,   0,    0,    0,
        0,    0,    0,    0,   0, 0,  0, 0, 0, 200, 0xff, 0xd9,
    };
    p.n = 0;
    picture_bytes(&p, last, sizeof last);
    check_bad("Huffman", "200 codes that are not there");
}

/* ---- JPEG segments, one by one ------------------------------------------ */

/* Each file is ff d8, these bytes and ff d9. */
#define SOF "\xff\xc0\0\x11\x08\0\1\0\1\3\1\x11\0\2\x11\0\3\x11\0"
#define SOF_OF_4 "\xff\xc0\0\x14\x08\0\1\0\1\4\1\x11\0\2\x11\0\3\x11\0" \
                 "\4\x11\0"
#define ADOBE(transform) "\xff\xee\0\x0e" "Adobe\0\0\0\0\0\0" transform
static const struct {
    const char *name, *bytes;
    size_t n;
    const char *fault;
} SEGMENTS[] = {
#define CASE(name, bytes, fault) { name, bytes, sizeof bytes - 1, fault }
    CASE("nothing", "", "no picture in it"),
    CASE("padding alone", "\xff\xff", "no picture in it"),
    CASE("a restart", "\xff\xd0\xff\xd7", "no picture in it"),
    CASE("coded data", "\1\xff\0\2", "no picture in it"),
    CASE("a comment", "\xff\xfe\0\3x", "no picture in it"),
    CASE("a comment without a length", "\xff\xfe\0\0", "bad length"),
    CASE("a long comment", "\xff\xfe\1\0x", "cut short"),
    CASE("a short table", "\xff\xc4\0\3\0", "bad Huffman table"),
    CASE("a table of class 2", "\xff\xc4\0\x14\x20"
         "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x", "bad Huffman table"),
    CASE("table 4", "\xff\xc4\0\x14\4"
         "\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0x", "bad Huffman table"),
    CASE("a table of no codes", "\xff\xc4\0\x13\0"
         "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "bad Huffman table"),
    CASE("a frame of 5 bytes", "\xff\xc0\0\7\x08\0\1\0\1", "bad header"),
    CASE("a frame of no components", "\xff\xc0\0\x08\x08\0\1\0\1\0",
         "bad header"),
    CASE("a frame of 5 components", "\xff\xc0\0\x08\x08\0\1\0\1\5",
         "bad header"),
    CASE("a frame that is cut", "\xff\xc0\0\x08\x08\0\1\0\1\3",
         "bad header"),
    CASE("two frames", SOF SOF, "bad header"),
    CASE("a frame without a scan", SOF, "a component is missing"),
    CASE("a frame of 12 bits", "\xff\xc0\0\x0b\x0c\0\1\0\1\1\1\x11\0",
         "must have 8 bits a value"),
    CASE("a frame of no pixels", "\xff\xc0\0\x0b\x08\0\0\0\1\1\1\x11\0",
         "a side of 0 pixels"),
    CASE("four unnamed colours", SOF_OF_4, "four colours"),
    CASE("four colours of kind 1", ADOBE("\1") SOF_OF_4, "four colours"),
    CASE("CMYK", ADOBE("\0") SOF_OF_4, "a component is missing"),
    CASE("YCCK", ADOBE("\2") SOF_OF_4, "a component is missing"),
    CASE("a short Adobe segment", "\xff\xee\0\7" "Adobe" SOF_OF_4,
         "four colours"),
    CASE("another program's segment", "\xff\xee\0\x0e" "Adobx\0\0\0\0\0\0\0"
         SOF_OF_4, "four colours"),
    CASE("an empty scan", SOF "\xff\xda\0\2", "that is used is not there"),
    CASE("a scan of none", SOF "\xff\xda\0\6\0\0\0\0", "used is not there"),
    CASE("a scan of 5", SOF "\xff\xda\0\3\5", "used is not there"),
    CASE("a scan that is cut", SOF "\xff\xda\0\5\1\1\0", "used is not there"),
    CASE("a scan of a stranger", SOF "\xff\xda\0\x08\1\x09\0\0\x3f\0",
         "used is not there"),
    CASE("a scan without a quantiser", SOF "\xff\xda\0\x08\1\1\0\0\x3f\0",
         "used is not there"),
    CASE("arithmetic coding", "\xff\xc9\0\2", "arithmetic coding"),
    CASE("lossless coding", "\xff\xc3\0\2", "lossless or hierarchical"),
    CASE("a hierarchy", "\xff\xc7\0\2", "lossless or hierarchical"),
    CASE("a short EXIF", "\xff\xe1\0\4" "Ex", "no picture in it"),
    CASE("no EXIF", "\xff\xe1\0\x0a" "http://x", "no picture in it"),
#undef CASE
};

LOOP_TEST(a_segment_that_cannot_be_right_is_refused, COUNT(SEGMENTS))
{
    uint8_t file[128] = { 0xff, 0xd8 };
    size_t n = SEGMENTS[_i].n;
    int orientation = 0;

    memcpy(file + 2, SEGMENTS[_i].bytes, n);
    memcpy(file + 2 + n, "\xff\xd9", 2);
    const char *fault = gradus_jpeg_fault(file, n + 4, &orientation);
    ck_assert_msg(fault && strstr(fault, SEGMENTS[_i].fault),
                  "%s: \"%s\"; must contain \"%s\"", SEGMENTS[_i].name,
                  fault ? fault : "", SEGMENTS[_i].fault);
    ck_assert_int_eq(orientation, 0);
}

TEST(a_png_begins_with_its_header)
{
    const uint8_t header[13] = { 0, 0, 0, 1, 0, 0, 0, 1, 8 };
    int orientation = 0;

    p.n = 0;
    picture_bytes(&p, "\x89PNG\r\n\x1a\n", 8);
    picture_chunk(&p, "tEXt", header, 13);
    ck_assert_str_eq(gradus_png_fault(p.bytes, p.n, &orientation),
                     "damaged: it does not begin with its header");
}
