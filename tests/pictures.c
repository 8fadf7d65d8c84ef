/* pictures.c -- PNG and JPEG files made for tests, right or wrong. */
#include "pictures.h"
#include "tests.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

void picture_bytes(picture *p, const void *bytes, size_t n)
{
    ck_assert_uint_le(n, sizeof p->bytes - p->n);
    if (n > 0)
        memcpy(p->bytes + p->n, bytes, n);
    p->n += n;
}

static void put_u32(picture *p, unsigned long v)
{
    uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
                    (uint8_t)v};
    picture_bytes(p, b, 4);
}

void picture_chunk(picture *p, const char *type, const void *data, size_t n)
{
    put_u32(p, (unsigned long)n);
    size_t at = p->n;
    picture_bytes(p, type, 4);
    picture_bytes(p, data, n);
    put_u32(p, crc32(0, p->bytes + at, (uInt)(n + 4)));
}

void picture_png_header(picture *p, int width, int height, int depth,
                        int colour)
{
    p->n = 0;
    picture_bytes(p, "\211PNG\r\n\032\n", 8);
    picture header = {0};
    put_u32(&header, (unsigned long)width);
    put_u32(&header, (unsigned long)height);
    uint8_t rest[5] = {(uint8_t)depth, (uint8_t)colour, 0, 0, 0};
    picture_bytes(&header, rest, 5);
    picture_chunk(p, "IHDR", header.bytes, header.n);
}

void picture_png_rows(picture *p, const uint8_t *rows, int height,
                      size_t row_bytes)
{
    static uint8_t raw[1 << 16], packed[1 << 16];
    size_t n = 0;
    for (int y = 0; y < height; y++) {
        ck_assert_uint_le(n + 1 + row_bytes, sizeof raw);
        raw[n++] = 0; /* no filter */
        memcpy(raw + n, rows + (size_t)y * row_bytes, row_bytes);
        n += row_bytes;
    }
    uLongf k = sizeof packed;
    ck_assert_int_eq(compress2(packed, &k, raw, n, 9), Z_OK);
    picture_chunk(p, "IDAT", packed, k);
    picture_chunk(p, "IEND", NULL, 0);
}

void picture_png(picture *p, int width, int height, int channels,
                 const uint8_t *pixels)
{
    static const int colour[] = {0, 0, 4, 2, 6};
    picture_png_header(p, width, height, 8, colour[channels]);
    picture_png_rows(p, pixels, height, (size_t)(width * channels));
}

void picture_read(picture *p, const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    p->n = fread(p->bytes, 1, sizeof p->bytes, f);
    fclose(f);
}

size_t picture_segment(const picture *p, int marker)
{
    size_t at = 2;
    while (p->bytes[at + 1] != marker) {
        ck_assert_uint_eq(p->bytes[at], 0xff);
        at += 2 + p->bytes[at + 2] * 256u + p->bytes[at + 3];
        ck_assert_uint_lt(at + 4, p->n);
    }
    return at;
}

void picture_check_bad(const char *path, const char *words, const char *what)
{
    static uint8_t out[28 * 28 * 3], before[sizeof out];
    memset(before, 0xaa, sizeof before);
    memcpy(out, before, sizeof out);
    ck_assert_msg(gradus_load_image(path, 3, 28, 28, out) != 0,
                  "%s: was loaded; must be refused", what);
    ck_assert_msg(strstr(gradus_error(), path) != NULL,
                  "%s: the message must contain \"%s\", but is \"%s\"", what,
                  path, gradus_error());
    ck_assert_msg(strstr(gradus_error(), words) != NULL,
                  "%s: the message must contain \"%s\", but is \"%s\"", what,
                  words, gradus_error());
    ck_assert_mem_eq(out, before, sizeof out);
}
