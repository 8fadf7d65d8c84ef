/* csv_text.c -- cuts the text of a CSV file into rows and fields (RFC 4180).
 *
 * It accepts more than the RFC does: rows that end in LF as well as in CR
 * LF; a UTF-8 byte order mark before the first row; blanks around fields,
 * which are not part of them; and blank lines after the last row. */
#include "data/csv.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* Blank lines are removed at the end alone: elsewhere a blank line is a row
 * with one empty field.  A file with a NUL in it is refused, since strtod
 * would take the NUL for the end of the text; most likely the file is in
 * UTF-16. */
int gradus_csv_open(gradus_csv_text *t, const char *path, char separator)
{
    size_t n;

    *t = (gradus_csv_text){ .path = path, .separator = separator };
    t->text = gradus_source_contents(path, true, SIZE_MAX / 2, &n);
    if (!t->text)
        return -1;
    const char *nul = memchr(t->text, 0, n);
    if (nul)
        return gradus_error_set("%s: byte %td is NUL; must be text in UTF-8",
                                path, nul - t->text);
    t->begin = t->text;
    t->begin_line = 1;
    t->end = t->text + n;
    if (n >= 3 && memcmp(t->begin, "\xef\xbb\xbf", 3) == 0)
        t->begin += 3;
    while (t->end > t->begin && (t->end[-1] == '\n' || t->end[-1] == '\r'))
        t->end--;
    if (t->begin == t->end)
        return gradus_error_set("%s: empty file", path);
    gradus_csv_rewind(t);
    return 0;
}

void gradus_csv_close(gradus_csv_text *t)
{
    free(t->text);
}

void gradus_csv_rewind(gradus_csv_text *t)
{
    t->at = t->begin;
    t->line = t->row = t->begin_line;
    t->column = -1;
}

void gradus_csv_begin_here(gradus_csv_text *t)
{
    t->begin = t->at;
    t->begin_line = t->line;
}

/* Sets a message with the place of the last field.  Always returns -1. */
static int fail(const gradus_csv_text *t, const char *what)
{
    return gradus_error_set("%s:%zu: column %d: %s", t->path, t->row,
                            t->column + 1, what);
}

/* Is c a blank, which is dropped at both ends of a field?  A tab that
 * separates fields is not.  A CR counts as one, so rows that end in CR LF
 * need no code of their own. */
static bool is_blank(const gradus_csv_text *t, char c)
{
    return c != t->separator && (c == ' ' || c == '\t' || c == '\r');
}

static void skip_blanks(gradus_csv_text *t)
{
    while (t->at < t->end && is_blank(t, *t->at))
        t->at++;
}

/* Is the present place the end of a field, that is, a separator, a newline
 * or the end of the text? */
static bool at_end(const gradus_csv_text *t)
{
    return t->at == t->end || *t->at == t->separator || *t->at == '\n';
}

/* Reads a field in quotes, which may contain separators and newlines.  A
 * quote within it is written as two. */
static int take_quoted(gradus_csv_text *t, gradus_csv_field *f)
{
    f->quoted = true;
    f->begin = ++t->at;
    for (; t->at < t->end; t->at++) {
        t->line += *t->at == '\n';
        if (*t->at != '"')
            continue;
        if (t->at + 1 == t->end || t->at[1] != '"')
            break;
        t->at++;
    }
    if (t->at == t->end)
        return fail(t, "its quote is not closed");
    f->length = (size_t)(t->at++ - f->begin);
    skip_blanks(t);
    return at_end(t) ? 0 : fail(t, "text after its closing quote");
}

/* Reads a field without quotes, up to the next separator or newline.  A
 * quote within it is most likely the end of a field whose beginning was
 * lost, so it is refused. */
static int take_plain(gradus_csv_text *t, gradus_csv_field *f)
{
    f->quoted = false;
    f->begin = t->at;
    for (; !at_end(t); t->at++)
        if (*t->at == '"')
            return fail(t, "a quote inside a field that does not begin with "
                           "one");
    f->length = (size_t)(t->at - f->begin);
    while (f->length && is_blank(t, f->begin[f->length - 1]))
        f->length--;
    return 0;
}

/* Where column is -1 a row begins, and its line is noted for messages:
 * quoted fields may spread the row over several lines. */
int gradus_csv_next(gradus_csv_text *t, gradus_csv_field *f, bool *last)
{
    if (t->column < 0)
        t->row = t->line;
    t->column++;
    skip_blanks(t);
    if (t->at < t->end && *t->at == '"' ? take_quoted(t, f) : take_plain(t, f))
        return -1;
    *last = t->at == t->end || *t->at == '\n';
    if (*last)
        t->column = -1;
    t->line += t->at < t->end && *t->at == '\n';
    t->at += t->at < t->end; /* over the separator or the newline */
    return 0;
}

/* Returns the character of a field at index *i, or -1 at its end, and moves
 * *i to the next one; of two quotes that stand for one, it skips the
 * second. */
static int character(const gradus_csv_field *f, size_t *i)
{
    if (*i == f->length)
        return -1;
    int c = (unsigned char)f->begin[(*i)++];
    *i += f->quoted && c == '"';
    return c;
}

int gradus_csv_compare(const gradus_csv_field *a, const gradus_csv_field *b)
{
    size_t i = 0, j = 0;
    int x, y;

    do {
        x = character(a, &i);
        y = character(b, &j);
    } while (x == y && x >= 0);
    return x - y;
}

char *gradus_csv_copy(char *to, const gradus_csv_field *f)
{
    size_t i = 0;

    for (int c; (c = character(f, &i)) >= 0;)
        *to++ = (char)c;
    *to++ = 0;
    return to;
}
