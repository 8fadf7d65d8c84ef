/* csv_cells.c -- reads a CSV file and cuts it into rows and cells (RFC 4180),
 * reads the numbers in them, and words the messages about those that are
 * refused.
 *
 * It accepts more than the RFC does: rows that end in LF or CR as well as in
 * CR LF; a UTF-8 byte order mark before the first row; blanks around cells,
 * which are not part of them; and blank lines after the last row. */
#define _POSIX_C_SOURCE 200809L
#include "data/csv.h"

#include "base/error.h"
#include "base/kind.h"
#include "base/number.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* The place that cutting has come to.  The cells are written over the text
 * that they are read from: a cell with its final NUL is never longer than
 * its text and the character after it, so to <= at. */
typedef struct {
    char separator; /* the character between two cells */
    char *at;       /* where the next cell's text begins */
    char *to;       /* where the next cell goes */
    char stop;      /* what stood after the last cell; NUL: the text's end */
} place;

/* Is c a blank, which is dropped at both ends of a cell?  A tab that
 * separates cells is not. */
static bool is_blank(const place *p, char c)
{
    return c != p->separator && (c == ' ' || c == '\t');
}

static bool is_newline(char c)
{
    return c == '\n' || c == '\r';
}

static void skip_blanks(place *p)
{
    while (is_blank(p, *p->at))
        p->at++;
}

/* Does c, a separator, a newline or the end of the text, end a cell? */
static bool is_end(const place *p, char c)
{
    return c == p->separator || is_newline(c) || c == '\0';
}

/* Takes a cell in quotes, which may contain separators and newlines.  A
 * quote within it is written as two.  Returns what is wrong, or NULL. */
static const char *take_quoted(place *p)
{
    while (*++p->at != '\0') {
        if (*p->at == '"' && *++p->at != '"') {
            skip_blanks(p);
            return is_end(p, *p->at) ? NULL : "text after its closing quote";
        }
        *p->to++ = *p->at;
    }
    return "its quote is not closed";
}

/* Takes a cell without quotes, up to the next separator or newline.  A
 * quote within it is most likely the end of a cell whose beginning was
 * lost, so it is refused. */
static const char *take_plain(place *p)
{
    const char *cell = p->to;

    for (; !is_end(p, *p->at); *p->to++ = *p->at++)
        if (*p->at == '"')
            return "a quote inside a field that does not begin with one";
    while (p->to > cell && is_blank(p, p->to[-1]))
        p->to--;
    return NULL;
}

/* Returns the number of the line, from 1, on which row i begins, whose first
 * cell is given: quoted cells may spread the rows before it over several
 * lines. */
static size_t line_of(const gradus_csv *c, const char *row, size_t i)
{
    size_t line = 1 + i;

    for (const char *p = c->text; p < row; p++)
        line += *p == '\n' || (*p == '\r' && p[1] != '\n');
    return line;
}

/* Returns what is wrong with a line that is not a row, or NULL.  Blank lines
 * at the end are gone already. */
static const char *line_fault(const gradus_csv *c, const char *line)
{
    if (is_newline(*line))
        return "a blank line; must be removed";
    if (c->rows > 0)
        return NULL;
    if (*line == '#' && c->o.header == GRADUS_CSV_NAMES)
        return "begins with #; must be the names of the columns: remove the "
               "line if it is a comment, else set the option header to "
               "GRADUS_CSV_HEADER";
    line += *line == '"';
    if (strncasecmp(line, "sep=", 4) == 0 && line[4] &&
        (is_newline(line[5]) || line[5] == '"'))
        return "a sep= line, which Excel alone reads; must be removed, and "
               "the option separator set to its character";
    return NULL;
}

/* Notes which separator stands in the first line, unless the right one does.
 * Those that are seldom part of a name come first. */
static void see_separator(gradus_csv *c, const char *line)
{
    const char *s = "\t;|,:";
    size_t n = strcspn(line, "\r\n");

    while (*s && !memchr(line, *s, n))
        s++;
    if (!memchr(line, c->o.separator, n))
        c->separator = *s;
}

/* Cuts the next row.  All rows must have as many cells as the first. */
static int cut_row(gradus_csv *c, place *p)
{
    const char *row = p->to;
    size_t cells = 0;

    skip_blanks(p);
    const char *fault = line_fault(c, p->at);
    if (fault)
        return gradus_error_set("%s:%zu: %s", c->path,
                                line_of(c, row, c->rows), fault);
    do {
        const char *cell = p->to;
        skip_blanks(p);
        fault = *p->at == '"' ? take_quoted(p) : take_plain(p);
        cells++;
        if (fault)
            return gradus_error_set("%s:%zu: column %zu: %s", c->path,
                                    line_of(c, row, c->rows), cells, fault);
        c->has_empty |= p->to == cell;
        p->stop = *p->at++;
        *p->to++ = '\0';
    } while (p->stop == p->separator);
    if (p->stop == '\r' && *p->at == '\n')
        p->at++;
    if (cells > INT_MAX || c->rows == INT_MAX)
        return gradus_error_set("%s: has more than %d columns or rows",
                                c->path, INT_MAX);
    if (c->rows == 0)
        c->columns = (int)cells;
    if (cells != (size_t)c->columns)
        return gradus_error_set("%s:%zu: got %zu column%s; must be %d, as in "
                                "the first row%s", c->path,
                                line_of(c, row, c->rows), cells,
                                cells == 1 ? "" : "s", c->columns,
                                *row == '#' || *c->text == '#'
                                    ? "; lines that begin with # are not "
                                      "passed over: remove them" : "");
    c->rows++;
    return 0;
}

/* Blank lines are removed at the end alone.  A file with a NUL in it is
 * refused, since the cells are strings. */
int gradus_csv_read(gradus_csv *c)
{
    size_t n;

    c->text = gradus_source_contents(c->path, c->o.max_bytes, "max_bytes", &n);
    if (!c->text)
        return -1;
    const char *kind = gradus_file_kind((unsigned char *)c->text, n);
    if (kind)
        return gradus_error_set("%s: is %s; must be a CSV file in UTF-8",
                                c->path, kind);
    if (strlen(c->text) < n)
        return gradus_error_set("%s: byte %zu is NUL, as in UTF-16; must be "
                                "text in UTF-8", c->path, strlen(c->text));
    place p = { .separator = c->o.separator, .at = c->text, .to = c->text };
    while (n > 0 && (is_newline(p.at[n - 1]) || is_blank(&p, p.at[n - 1])))
        p.at[--n] = '\0';
    if (strncmp(p.at, "\xef\xbb\xbf", 3) == 0)
        p.at += 3;
    if (*p.at == '\0')
        return gradus_error_set("%s: empty file", c->path);
    see_separator(c, p.at);
    do {
        if (cut_row(c, &p))
            return -1;
    } while (p.stop != '\0');
    return 0;
}

/* The message reads: path:17: column 3 ("age"): got "abc"; must be a number */
int gradus_csv_refuse(const gradus_csv *c, const char *cell, const char *must)
{
    char name[80] = "", got[48] = "an empty field";
    size_t cells = 0, columns = (size_t)c->columns;
    const char *row = c->text;

    for (const char *p = c->text; p < cell; p++)
        if (*p == '\0' && ++cells % columns == 0)
            row = p + 1;
    int k = (int)(cells % columns);
    if (c->header)
        snprintf(name, sizeof name, " (\"%.64s\")",
                 gradus_csv_skip(c->text, k));
    if (*cell)
        snprintf(got, sizeof got, "\"%.40s\"", cell);
    return gradus_error_set("%s:%zu: column %d%s: got %s; must %s", c->path,
                            line_of(c, row, cells / columns), k + 1, name,
                            got, must);
}

int gradus_csv_number(const gradus_csv *c, const char *cell, gradus_real *to)
{
    double v;

    if (gradus_number_parse(cell, &v))
        return gradus_csv_refuse(c, cell, "be a number");
    *to = (gradus_real)v;
    if (isfinite(*to))
        return 0;
    return gradus_csv_refuse(c, cell, sizeof *to == sizeof(float)
                             ? "be in the range of a float, -3.4e38 to 3.4e38"
                             : "be in the range of a double, -1.8e308 to "
                               "1.8e308");
}
