/* png.c -- checks what stb_image does not look at in a PNG file (ISO 15948).
 *
 * stb_image 2.27 compares no checksum: of the 552 bits in the chunks of a
 * small picture, 225 can be flipped without its noticing.  Nor does it
 * check what follows the end, and it allocates memory for as many pixels as
 * the header claims before it knows whether the file has them. */
#include "data/data.h"

#include "base/bytes.h"

#include <string.h>

/* Guards against a file of a few bytes whose header asks for 160 MB.  The
 * header is width, height, bits of a value and colour type; n is the file's
 * size in bytes.  Unpacked, a row of pixels is one byte for its filter, and
 * then its values. */
static const char *size_fault(const uint8_t *header, size_t n)
{
    static const uint8_t channels[7] = { 1, 0, 3, 1, 2, 0, 4 }; /* by type */
    uint64_t width = gradus_big_endian(header);
    uint64_t height = gradus_big_endian(header + 4);

    if (width == 0 || height == 0)
        return "damaged: a side of 0 pixels";
    if (width > GRADUS_IMAGE_SIDE || height > GRADUS_IMAGE_SIDE)
        return "a side is longer than 16384 pixels, the most allowed";
    if (header[9] > 6 || channels[header[9]] == 0)
        return "damaged: no such kind of colour";
    if (header[8] == 0 || header[8] > 16 || header[8] & (header[8] - 1))
        return "damaged: no such number of bits";
    uint64_t row = 1 + (width * channels[header[9]] * header[8] + 7) / 8;
    if (height * row > GRADUS_IMAGE_MEMORY)
        return "too many pixels";
    if (height * row / GRADUS_DEFLATE_RATIO > n)
        return "more pixels than the file can hold";
    return NULL;
}

/* Is this the type of a critical chunk (its first letter is upper case, so
 * a reader must understand it) that stb_image does not know?  It refuses
 * these too, but writes their name to a static array, where two threads
 * would race. */
static bool is_unknown(const uint8_t *type)
{
    return !(type[0] & 32) && memcmp(type, "IHDR", 4) != 0 &&
           memcmp(type, "PLTE", 4) != 0 && memcmp(type, "IDAT", 4) != 0 &&
           memcmp(type, "IEND", 4) != 0;
}

/* A file is 8 bytes and then chunks, each of which is a length, a type,
 * data, and a CRC-32 of the last two.  Walking over all of them finds
 * damage anywhere in them, a file that was cut short, and one that
 * something was appended to. */
const char *gradus_png_fault(const uint8_t *p, size_t n, int *orientation)
{
    for (size_t at = 8;;) {
        if (n - at < 12 || gradus_big_endian(p + at) > n - at - 12)
            return "cut short";
        uint32_t length = gradus_big_endian(p + at);
        const uint8_t *type = p + at + 4, *data = type + 4;
        if (crc32(0, type, length + 4) != gradus_big_endian(data + length))
            return "damaged: a checksum is wrong";
        if (is_unknown(type))
            return "a chunk of a kind that is not known";
        if (at == 8 && (length != 13 || memcmp(type, "IHDR", 4) != 0))
            return "damaged: it does not begin with its header";
        if (at == 8 && size_fault(data, n))
            return size_fault(data, n);
        if (memcmp(type, "eXIf", 4) == 0)
            *orientation = gradus_exif_orientation(data, length);
        at += 12 + (size_t)length;
        if (memcmp(type, "IEND", 4) == 0)
            return at < n ? "there is data after its end" : NULL;
    }
}
