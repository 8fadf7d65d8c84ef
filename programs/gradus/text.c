/* text.c -- texts in tables for people, and in CSV for programs. */
#include "text.h"

#include "common.h"

#include <string.h>

/* Does a character of UTF-8 begin with this byte? */
static int begins(char c)
{
    return (c & 0xc0) != 0x80;
}

int text_width(const char *text)
{
    int n = 0;

    for (; *text; text++)
        n += begins(*text);
    return n;
}

void print_cell(FILE *to, const char *text, int width, int right)
{
    const char *shown = printable(text), *end = shown;
    int n = 0;

    while (*end && (n < width || !begins(*end)))
        n += begins(*end++);
    fprintf(to, "%*s%.*s%*s", right ? width - n : 0, "", (int)(end - shown),
            shown, right ? 0 : width - n, "");
}

/* Prints a text in which each quote is doubled. */
static void print_quoted(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text, to);
    }
}

/* Readers of CSV drop blanks at the ends of a field that has no quotes. */
static int needs_quotes(const char *text)
{
    const size_t n = strlen(text);

    return text[strcspn(text, ",\"\r\n")] ||
           (n && (strchr(" \t", text[0]) || strchr(" \t", text[n - 1])));
}

void print_field(FILE *to, const char *text, const char *more)
{
    const int quotes = needs_quotes(text) || needs_quotes(more);

    if (is_terminal(to)) {
        text = printable(text);
        more = printable(more);
    }
    fputs(quotes ? "\"" : "", to);
    print_quoted(to, text);
    print_quoted(to, more);
    fputs(quotes ? "\"" : "", to);
}
