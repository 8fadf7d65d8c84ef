/* utf8.c -- tells UTF-8 from other bytes. */
#include "base/utf8.h"

size_t gradus_utf8(const char *s, uint32_t *c)
{
    static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
    unsigned char first = (unsigned char)*s;
    int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    int i = 0;

    *c = more ? first - (0x780u >> more & 0xff) : first;
    while (i < more && (s[i + 1] & 0xc0) == 0x80)
        *c = *c << 6 | (s[++i] & 0x3f);
    return i < more || *c < least[more] || *c >> 11 == 0x1b || *c > 0x10ffff
               ? 0 : (size_t)more + 1;
}

bool gradus_is_utf8(const char *text)
{
    uint32_t c;

    for (size_t n; *text; text += n)
        if ((n = gradus_utf8(text, &c)) == 0)
            return false;
    return true;
}
