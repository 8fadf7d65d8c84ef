/* jpeg.c -- what stb_image takes on trust in a JPEG file (ITU T.81, annex B):
 * that Huffman tables fit into its arrays, that tables are there when they are
 * used, that each component is coded, and that the file ends where it should.
 * Data after the end is allowed: cameras put further pictures there.  Coded
 * data has no checksum: damage in it makes a damaged picture, not an error. */
#include "data/data.h"

typedef struct {
    int components;
    uint8_t id[4], quantiser[4]; /* of each component            */
    int coded[4];                /* it is in some scan           */
    int have_quantiser[4];       /* by table number              */
    int have_huffman[2][4];      /* DC, AC                       */
} picture;

/* Tables of: class and number, counts of codes of 1..16 bits, a value each. */
static int huffman_tables(picture *j, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t codes = 0;
        if (n < 17 || p[0] >> 4 > 1 || (p[0] & 15) > 3)
            return -1;
        for (int i = 1; i <= 16; i++)
            codes += p[i];
        if (codes < 1 || codes > 256 || codes > n - 17)
            return -1;
        j->have_huffman[p[0] >> 4][p[0] & 15] = 1;
        p += 17 + codes;
        n -= 17 + codes;
    }
    return 0;
}

/* Tables of: precision and number, 64 values of 1 or 2 bytes. */
static int quantiser_tables(picture *j, const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t length = p[0] >> 4 ? 129 : 65;
        if ((p[0] & 15) > 3 || length > n)
            return -1;
        j->have_quantiser[p[0] & 15] = 1;
        p += length;
        n -= length;
    }
    return 0;
}

/* Precision, height, width, components; of each: id, sampling, quantiser. */
static int frame(picture *j, const uint8_t *p, size_t n)
{
    if (j->components || n < 6 || p[5] < 1 || p[5] > 4 || n != 6 + 3u * p[5])
        return -1;
    j->components = p[5];
    for (int i = 0; i < j->components; i++) {
        j->id[i] = p[6 + 3 * i];
        j->quantiser[i] = p[8 + 3 * i];
    }
    return 0;
}

/* Count; of each component: id, DC and AC table; first and last coefficient,
 * where 0 is DC; bit range. */
static int scan(picture *j, const uint8_t *p, size_t n)
{
    if (n < 1 || p[0] < 1 || p[0] > 4 || n != 4 + 2u * p[0])
        return -1;
    int dc = p[1 + 2 * p[0]] == 0, ac = p[2 + 2 * p[0]] > 0;
    for (int k = 0; k < p[0]; k++) {
        int id = p[1 + 2 * k], tables = p[2 + 2 * k], i = 0;
        while (i < j->components && j->id[i] != id)
            i++;
        if (i == j->components || tables >> 4 > 3 || (tables & 15) > 3 ||
            (dc && !j->have_huffman[0][tables >> 4]) ||
            (ac && !j->have_huffman[1][tables & 15]) ||
            j->quantiser[i] > 3 || !j->have_quantiser[j->quantiser[i]])
            return -1;
        j->coded[i] |= dc;
    }
    return 0;
}

static const char *segment_fault(picture *j, int marker, const uint8_t *p,
                                 size_t n, size_t file)
{
    switch (marker) {
    case 0xc4:
        return huffman_tables(j, p, n) ? "damaged: bad Huffman table" : NULL;
    case 0xdb:
        return quantiser_tables(j, p, n) ? "damaged: bad quantiser" : NULL;
    case 0xda:
        return scan(j, p, n) ? "damaged: a table or component that is used is "
                               "not there"
                             : NULL;
    case 0xc0: /* baseline, extended, progressive; stb_image reads no other */
    case 0xc1:
    case 0xc2:
        if (frame(j, p, n))
            return "damaged: bad header";
        /* each 8x8 block takes a bit at least */
        if ((p[1] * 256u + p[2]) * (p[3] * 256u + p[4]) / 512 > file)
            return "more pixels than the file can hold";
    }
    return NULL;
}

/* Before the next 0xff that begins a marker: what is neither the filling of
 * coded data (0x00) nor of a marker (0xff) nor a restart (0xd0..0xd7). */
static size_t next_marker(const uint8_t *p, size_t n, size_t at)
{
    while (at + 1 < n && (p[at] != 0xff || p[at + 1] == 0 ||
                          p[at + 1] == 0xff || (p[at + 1] & 0xf8) == 0xd0))
        at++;
    return at;
}

const char *gradus_jpeg_fault(const uint8_t *p, size_t n)
{
    picture j = {0};
    for (size_t at = 2;;) {
        at = next_marker(p, n, at);
        if (n - at < 2)
            return "cut short";
        if (p[at + 1] == 0xd9)
            break;
        if (n - at < 4)
            return "cut short";
        size_t length = p[at + 2] * 256u + p[at + 3];
        if (length > n - at - 2)
            return "cut short";
        if (length < 2)
            return "damaged: bad length";
        const char *fault =
            segment_fault(&j, p[at + 1], p + at + 4, length - 2, n);
        if (fault)
            return fault;
        at += 2 + length;
    }
    for (int i = 0; i < j.components; i++)
        if (!j.coded[i])
            return "damaged: a component is missing";
    return j.components ? NULL : "damaged: no picture in it";
}
