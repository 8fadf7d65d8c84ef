/* number.c -- reads a number from text. */
#include "base/number.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A run of digits, and what they are as one whole number with those before,
 * of which `digits` counted. */
static const char *take_digits(const char *p, const char *end, uint64_t *whole,
                               int *digits)
{
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        *digits += *whole || *p != '0';
        if (*digits <= 18)
            *whole = *whole * 10 + (uint64_t)(*p - '0');
    }
    return p;
}

static const char *take_sign(const char *p, const char *end, int *negative)
{
    *negative = p < end && *p == '-';
    return p + (p < end && (*p == '-' || *p == '+'));
}

/* What fits no simpler way. */
static int parse_long(const char *text, size_t n, double *v)
{
    char copy[512];

    if (n >= sizeof copy)
        return -1;
    memcpy(copy, text, n);
    copy[n] = 0;
    *v = strtod(copy, NULL);
    return 0;
}

/* whole * 10^power is one rounding, so right to the last bit, where both are
 * exact as doubles (Clinger 1990): below 2^53, and powers up to 22. */
int gradus_number_parse(const char *text, size_t n, double *v)
{
    static const double power_of_10[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    };
    const char *end = text + n, *p, *from;
    uint64_t whole = 0, exponent = 0;
    int negative, down = 0, digits = 0, exponent_digits = 0;
    ptrdiff_t seen, after = 0;

    from = take_sign(text, end, &negative);
    p = take_digits(from, end, &whole, &digits);
    seen = p - from;
    if (p < end && *p == '.') {
        from = p + 1;
        p = take_digits(from, end, &whole, &digits);
        after = p - from;
    }
    if (seen + after == 0)
        return -1;
    if (p < end && (*p == 'e' || *p == 'E')) {
        from = take_sign(p + 1, end, &down);
        p = take_digits(from, end, &exponent, &exponent_digits);
        if (p == from)
            return -1;
    }
    if (p < end)
        return -1;
    if (digits > 18 || whole >> 53 || exponent > 1000 || after > 1000)
        return parse_long(text, n, v);
    int power = (down ? -(int)exponent : (int)exponent) - (int)after;
    if (power < -22 || power > 22)
        return parse_long(text, n, v);
    *v = power < 0 ? (double)whole / power_of_10[-power]
                   : (double)whole * power_of_10[power];
    if (negative)
        *v = -*v;
    return 0;
}
