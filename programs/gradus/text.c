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

/* Is there a character that ends a field or a row, or begins quotes? */
static int is_special(const char *text)
{
    return text[strcspn(text, ",\"\r\n")] != '\0';
}

/* Readers of CSV drop blanks at the ends of a field that has no quotes. */
static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void print_field(FILE *to, const char *text, const char *more)
{
    const char *end = *more ? more : text;
    const int quotes = is_special(text) || is_special(more) ||
                       is_blank(*text) ||
                       (*end && is_blank(end[strlen(end) - 1]));

    if (is_terminal(to)) {
        text = printable(text);
        more = printable(more);
    }
    fputs(quotes ? "\"" : "", to);
    print_quoted(to, text);
    print_quoted(to, more);
    fputs(quotes ? "\"" : "", to);
}

void index_text(int rank, const int *shape, size_t at, char text[64])
{
    size_t index[4] = { 0 };
    int end = 0;

    for (int i = rank - 1; i >= 0; i--) {
        index[i] = at % (size_t)shape[i];
        at /= (size_t)shape[i];
    }
    for (int i = 0; i < rank; i++)
        end += snprintf(text + end, 64 - (size_t)end, "%s%zu", i ? "," : "[",
                        index[i]);
    snprintf(text + end, 64 - (size_t)end, "]");
}
