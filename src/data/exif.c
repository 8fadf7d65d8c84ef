/* exif.c -- finds out from an EXIF block how a picture has to be turned.
 *
 * A block is a TIFF file (TIFF 6.0): "II" or "MM" for its byte order, 42, and
 * where its directory begins; there, the number of entries, and for each 12
 * bytes: tag, type, count, and the value if it fits. */
#include "data/data.h"

/* Returns the number in the bytes p [n]. */
static size_t number(const uint8_t *p, int n, bool little)
{
    size_t v = 0;

    for (int i = 0; i < n; i++)
        v = v << 8 | p[little ? n - 1 - i : i];
    return v;
}

int gradus_exif_orientation(const uint8_t *p, size_t n)
{
    bool little = n > 0 && p[0] == 'I';

    if (n < 8 || p[0] != p[1] || (p[0] != 'M' && !little) ||
        number(p + 2, 2, little) != 42 || number(p + 4, 4, little) > n - 2)
        return 1;
    size_t at = number(p + 4, 4, little), left = number(p + at, 2, little);
    for (at += 2; left > 0 && n - at >= 12; left--, at += 12)
        if (number(p + at, 2, little) == 0x112 && /* tag: orientation */
            number(p + at + 2, 2, little) == 3 && /* type: 16 bits */
            number(p + at + 4, 4, little) == 1) { /* count */
            size_t v = number(p + at + 8, 2, little);
            return v >= 1 && v <= 8 ? (int)v : 1;
        }
    return 1;
}
