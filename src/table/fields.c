/* fields.c -- walks over the fields of a CSV file column by column, and sees
 * what those of a column look like: numbers, dates, texts, or nothing. */
#include "table/table.h"

#include "base/error.h"
#include "base/number.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

bool gradus_is_missing(const char *text)
{
    static const char *const words[] = { "", "NA", "N/A", "n/a", "NaN", "nan",
                                         "NULL", "null", "None", "?", "-" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return false;
}

const char **gradus_fields_begin(const gradus_csv *c)
{
    const size_t rows = c->rows - c->header;
    const char **field = calloc(rows, sizeof *field);
    const char *at = c->data;

    if (!field)
        return gradus_no_memory("%zu rows of %s", rows, c->path), NULL;
    for (size_t i = 0; i < rows; i++, at = gradus_csv_skip(at, c->columns))
        field[i] = at;
    return field;
}

void gradus_fields_next(const gradus_csv *c, const char **field)
{
    for (size_t i = 0; i < c->rows - c->header; i++)
        field[i] = gradus_csv_skip(field[i], 1);
}

/* Returns what follows up to `most` digits at p, of which there is at least
 * one; else NULL. */
static const char *after_digits(const char *p, int most)
{
    const char *from = p;

    while (p && p - from < most && isdigit((unsigned char)*p))
        p++;
    return p > from ? p : NULL;
}

/* Is it a date or a time of day, such as 2024-01-31, 31.1.2024 12:30 or 12:30?
 * What follows the day is not looked at. */
static bool is_date(const char *text)
{
    const char *p = after_digits(text, 4);

    if (!p || !*p || !strchr("-/.:", *p))
        return false;
    const char mark = *p;
    p = after_digits(p + 1, 2);
    if (p && mark == ':')
        return true;
    p = p && *p == mark ? after_digits(p + 1, 4) : NULL;
    return p && (*p == '\0' || *p == ' ' || *p == 'T');
}

/* Would it be a number if its commas were points? */
static bool has_comma(const char *text)
{
    char copy[64];
    double v;

    if (strlen(text) >= sizeof copy || !strchr(text, ','))
        return false;
    strcpy(copy, text);
    char *to = strchr(copy, ',');
    *to = '.';
    for (char *p = to; (p = strchr(p, ','));)
        memmove(p, p + 1, strlen(p)); /* 1,234,567 */
    return gradus_number_parse(copy, &v) == 0;
}

/* ---- numbers with a unit ------------------------------------------------ */

enum { LONGEST_UNIT = 20 }; /* bytes; what is longer is a text */

typedef struct {
    const char *text; /* within a field, such as the % of 85% */
    size_t length;    /* without the s of a plural */
} unit;

/* How many bytes of a currency's sign the text begins with. */
static size_t currency(const char *text)
{
    static const char *const signs[] = { "$", "\u20ac", "\u00a3", "\u00a5",
                                         "\u20b9" };

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (strncmp(text, signs[i], strlen(signs[i])) == 0)
            return strlen(signs[i]);
    return 0;
}

/* May this stand behind a number as its unit?  An ordinal is none, such as
 * 4th, and neither is what has digits of its own, such as a date. */
static bool is_unit(const char *text)
{
    const unsigned char first = (unsigned char)*text;
    const bool begins = isalpha(first) || first >= 0x80 ||
                        (first && strchr("%$\"'", first));
    const bool ordinal = strncmp(text, "th", 2) == 0 &&
                         !isalpha((unsigned char)text[2]);

    return begins && !ordinal && strlen(text) <= LONGEST_UNIT &&
           !strpbrk(text, "0123456789");
}

/* Is the text a number with a unit, such as 85%, 12 kg or $3.50?  Then sets
 * *u to that. */
static bool find_unit(const char *text, unit *u)
{
    const size_t sign = currency(text);
    const char *p = text + sign + strspn(text + sign, " ");

    p += *p == '-' || *p == '+';
    if (!isdigit((unsigned char)*p))
        return false;
    p += strspn(p, "0123456789.,");
    p += strspn(p, " ");
    const size_t n = strlen(p), plural = n > 1 && p[n - 1] == 's';
    *u = sign ? (unit){ text, sign } : (unit){ p, n - plural };
    return sign ? n == 0 : is_unit(p);
}

bool gradus_have_unit(const char *const *text, size_t n)
{
    unit first, u;
    size_t i = 0;

    while (i < n && find_unit(text[i], i ? &u : &first) &&
           (i == 0 || (u.length == first.length &&
                       memcmp(u.text, first.text, u.length) == 0)))
        i++;
    return i == n && n >= 3;
}

/* ---- a column ----------------------------------------------------------- */

gradus_seen gradus_see(const char *name, const char **field, size_t rows)
{
    gradus_seen s = { .name = name, .field = field, .rows = rows,
                      .counting = true };
    double v, before = NAN;

    for (size_t i = 0; i < rows; i++) {
        const bool number = gradus_number_parse(field[i], &v) == 0;
        if (number) {
            s.numbers++;
            /* 1e17 + 1 is 1e17 */
            s.counting = s.counting && (i == 0 || (v == before + 1 &&
                                                   v != before));
            before = v;
        } else if (gradus_is_missing(field[i])) {
            if (s.missing++ == 0)
                s.first_missing = i;
        } else {
            if (!s.odd) {
                s.odd = field[i];
                s.odd_row = i;
            }
            if (is_date(field[i]))
                s.date = s.dates++ ? s.date : field[i];
            else
                s.commas += has_comma(field[i]);
        }
    }
    s.counting = s.counting && s.numbers == rows;
    return s;
}
