/* jpeg.c -- checks what stb_image takes on trust in a JPEG file (ITU T.81,
 * annex B).
 *
 * For a Huffman table that is too long stb_image 2.27 writes past its arrays,
 * and where a table or a component is missing it makes a picture in wrong
 * colours.  Each function below says what it guards against.
 *
 * Data after the end is allowed: cameras put further pictures there.  Coded
 * data has no checksum, so damage in it makes a damaged picture, not an
 * error. */
#include "data/data.h"

#include <string.h>

/* A progressive picture has about 10 scans.  As a scan of a few bytes may take
 * as long as a whole one, more than these are refused. */
enum { SCANS = 100 };

/* Returns the number in the bytes p [2], the more significant one first. */
static size_t big_endian(const uint8_t *p)
{
    return p[0] * 256u + p[1];
}

/* What the segments read so far have said. */
typedef struct {
    int components;              /* 1..4, or 0 before the frame */
    uint8_t id[4], quantiser[4]; /* of each component */
    bool coded[4];               /* of each component: its DC is in a scan */
    bool have_quantiser[256];    /* [table number] */
    bool have_huffman[2][16];    /* [0: DC, 1: AC][table number] */
    size_t pixels;               /* height * width */
    int bits;                    /* of each value */
    int scans;                   /* how many there are */
    int transform;               /* Adobe's number for the kind of colours + 1;
                                    or 0 */
    int *orientation;            /* what the first EXIF block gives, or 0 */
} picture;

/* Guards against counts of codes whose sum is above 256: stb_image has 257
 * bytes for the lengths of the codes, and with 16 counts of 255 would write
 * 4080 of them.
 *
 * Each table is a byte for class and number, the counts of codes of 1..16
 * bits, and one value for each code. */
static bool read_huffman_tables(picture *j, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t codes = 0;
        if (n < 17 || p[0] >> 4 > 1 || (p[0] & 15) > 3)
            return false;
        for (int i = 1; i <= 16; i++)
            codes += p[i];
        if (codes < 1 || codes > 256 || codes > n - 17)
            return false;
        j->have_huffman[p[0] >> 4][p[0] & 15] = true;
        p += 17 + codes;
        n -= 17 + codes;
    }
    return true;
}

/* Notes which quantisation tables there are, for read_scan; bad ones are
 * refused by stb_image itself.  Each table is a byte for precision and
 * number, and 64 values of 1 or 2 bytes. */
static bool read_quantiser_tables(picture *j, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t length = p[0] >> 4 ? 129 : 65;
        if ((p[0] & 15) > 3 || length > n)
            return false;
        j->have_quantiser[p[0] & 15] = true;
        p += length;
        n -= length;
    }
    return true;
}

/* Notes the components, for read_scan; a bad frame is refused by stb_image
 * itself.  A frame is precision, height, width and the number of components
 * and, for each of these, its id, sampling and quantiser. */
static bool read_frame(picture *j, const uint8_t *p, size_t n)
{
    int components = n < 6 ? 0 : p[5];

    if (j->components || components < 1 || components > 4 ||
        n != 6 + 3 * (size_t)components)
        return false;
    j->bits = p[0];
    j->pixels = big_endian(p + 1) * big_endian(p + 3);
    j->components = components;
    for (int i = 0; i < components; i++) {
        j->id[i] = p[6 + 3 * i];
        j->quantiser[i] = p[8 + 3 * i];
    }
    return true;
}

/* Guards against a scan that uses a table which the file does not have:
 * stb_image takes a table of zeros instead, and shows wrong colours.  Tables
 * from 4 on are never there.
 *
 * A scan is the number of its components and, for each, its id and the
 * numbers of its DC and AC tables; then its first and last coefficient,
 * where 0 is DC, and a range of bits. */
static bool read_scan(picture *j, const uint8_t *p, size_t n)
{
    if (n < 1 || p[0] < 1 || p[0] > 4 || n != 4 + 2u * p[0])
        return false;
    j->scans++;
    bool dc = p[1 + 2 * p[0]] == 0, ac = p[2 + 2 * p[0]] > 0;
    for (int k = 0; k < p[0]; k++) {
        int id = p[1 + 2 * k], tables = p[2 + 2 * k], i = 0;
        while (i < j->components && j->id[i] != id)
            i++;
        if (i == j->components || !j->have_quantiser[j->quantiser[i]] ||
            (dc && !j->have_huffman[0][tables >> 4]) ||
            (ac && !j->have_huffman[1][tables & 15]))
            return false;
        j->coded[i] |= dc;
    }
    return true;
}

/* Notes how the picture has to be turned, if this is EXIF: "Exif", two zeros,
 * and a block. */
static bool read_exif(picture *j, const uint8_t *p, size_t n)
{
    if (n >= 6 && memcmp(p, "Exif\0", 6) == 0 && !*j->orientation)
        *j->orientation = gradus_exif_orientation(p + 6, n - 6);
    return true;
}

/* Notes which colours a picture of four components has: 0 is CMYK, 2 YCCK. */
static bool read_adobe(picture *j, const uint8_t *p, size_t n)
{
    if (n >= 12 && memcmp(p, "Adobe", 6) == 0)
        j->transform = 1 + p[11];
    return true;
}

/* Checks the content p, of n bytes, of the segment with this marker.
 * Returns what is wrong, or NULL. */
static const char *segment_fault(picture *j, int marker, const uint8_t *p,
                                 size_t n)
{
    static const struct {
        int marker;
        bool (*read)(picture *j, const uint8_t *p, size_t n);
        const char *fault;
    } kind[] = {
        { 0xc4, read_huffman_tables, "damaged: bad Huffman table" },
        { 0xdb, read_quantiser_tables, "damaged: bad quantiser" },
        { 0xda, read_scan,
          "damaged: a table or component that is used is not there" },
        /* baseline, extended, progressive */
        { 0xc0, read_frame, "damaged: bad header" },
        { 0xc1, read_frame, "damaged: bad header" },
        { 0xc2, read_frame, "damaged: bad header" },
        { 0xe1, read_exif, NULL },
        { 0xee, read_adobe, NULL },
    };

    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++)
        if (kind[i].marker == marker && !kind[i].read(j, p, n))
            return kind[i].fault;
    /* the frames that stb_image does not read; 0xc8 is none */
    if (marker > 0xc8 && marker < 0xd0)
        return "arithmetic coding; must be Huffman coding";
    if (marker == 0xc3 || (marker > 0xc4 && marker < 0xc8))
        return "lossless or hierarchical; must be baseline or progressive";
    return NULL;
}

/* Returns where the next marker begins: at a byte 0xff that is followed
 * neither by 0x00 (a byte of coded data), nor by 0xff (padding before a
 * marker), nor by 0xd0..0xd7 (a restart marker). */
static size_t next_marker(const uint8_t *p, size_t n, size_t at)
{
    while (at + 1 < n && (p[at] != 0xff || p[at + 1] == 0 ||
                          p[at + 1] == 0xff || (p[at + 1] & 0xf8) == 0xd0))
        at++;
    return at;
}

/* Guards against a small file that asks for many pixels, and would get them:
 * each block of 8 x 8 pixels takes at least one bit, so each of the file's n
 * bytes stands for at most 512 pixels.  And against a file in which a
 * component is never coded: stb_image shows grey for a progressive one without
 * a scan, and wrong colours where one component of three is coded.  It shows
 * wrong colours for four components, too, unless Adobe's segment says what
 * they are. */
static const char *picture_fault(const picture *j, size_t n)
{
    if (j->components && j->pixels == 0)
        return "damaged: a side of 0 pixels";
    if (j->components && j->bits != 8)
        return "must have 8 bits a value";
    if (j->components == 4 && j->transform != 1 && j->transform != 3)
        return "four colours that it does not name; must be grey or RGB";
    if (j->scans > SCANS)
        return "more than 100 scans; pictures have about 10";
    if (j->pixels / 512 > n)
        return "more pixels than the file can hold";
    for (int i = 0; i < j->components; i++)
        if (!j->coded[i])
            return "damaged: a component is missing";
    return j->components ? NULL : "damaged: no picture in it";
}

/* A file is two bytes and then segments.  Each is a marker of two bytes, a
 * length of two bytes, which counts itself, and content; the last one is
 * 0xffd9 alone.  A file that was cut short lacks the last one. */
const char *gradus_jpeg_fault(const uint8_t *p, size_t n, int *orientation)
{
    picture j = { .orientation = orientation };

    for (size_t at = 2;;) {
        at = next_marker(p, n, at);
        if (n - at >= 2 && p[at + 1] == 0xd9)
            return picture_fault(&j, n);
        if (n - at < 4 || big_endian(p + at + 2) > n - at - 2)
            return "cut short";
        size_t length = big_endian(p + at + 2);
        if (length < 2)
            return "damaged: bad length";
        const char *fault =
            segment_fault(&j, p[at + 1], p + at + 4, length - 2);
        if (fault)
            return fault;
        at += 2 + length;
    }
}
