/* csv_cells.c -- reads a CSV file and cuts it into rows and cells (RFC 4180),
 * and words the messages about cells that are refused.
 *
 * It accepts more than the RFC does: rows that end in LF as well as in CR
 * LF; a UTF-8 byte order mark before the first row; blanks around cells,
 * which are not part of them; and blank lines after the last row. */
#include "data/csv.h"

#include "base/error.h"

#include <limits.h>
#include <stdlib.h>

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
 * separates cells is not.  A CR counts as one, so rows that end in CR LF
 * need no code of their own. */
static bool is_blank(const place *p, char c)
{
    return c != p->separator && (c == ' ' || c == '\t' || c == '\r');
}

static void skip_blanks(place *p)
{
    while (is_blank(p, *p->at))
        p->at++;
}

/* Does c, a separator, a newline or the end of the text, end a cell? */
static bool is_end(const place *p, char c)
{
    return c == p->separator || c == '\n' || c == '\0';
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

/* Returns the number of the line, from 1, on which row i begins: quoted
 * cells may spread the rows before it over several lines. */
static size_t line_of(const gradus_csv *c, size_t i)
{
    size_t line = 1 + i;

    for (const char *p = c->row[0]; p < c->row[i]; p++)
        line += *p == '\n';
    return line;
}

/* Cuts the next row.  All rows must have as many cells as the first. */
static int cut_row(gradus_csv *c, place *p)
{
    size_t cells = 0;

    c->row[c->rows] = p->to;
    do {
        skip_blanks(p);
        const char *fault = *p->at == '"' ? take_quoted(p) : take_plain(p);
        cells++;
        if (fault)
            return gradus_error_set("%s:%zu: column %zu: %s", c->path,
                                    line_of(c, c->rows), cells, fault);
        p->stop = *p->at++;
        *p->to++ = '\0';
    } while (p->stop == p->separator);
    if (cells > INT_MAX || c->rows == INT_MAX)
        return gradus_error_set("%s: has more than %d columns or rows",
                                c->path, INT_MAX);
    if (c->rows == 0)
        c->columns = (int)cells;
    if (cells != (size_t)c->columns)
        return gradus_error_set("%s:%zu: got %zu column%s; must be %d, as in "
                                "the first row", c->path, line_of(c, c->rows),
                                cells, cells == 1 ? "" : "s", c->columns);
    c->rows++;
    return 0;
}

/* Blank lines are removed at the end alone: elsewhere a blank line is a row
 * with one empty cell.  A file with a NUL in it is refused, since the cells
 * are strings; most likely the file is in UTF-16. */
int gradus_csv_read(gradus_csv *c)
{
    size_t n, lines = 1;

    c->text = gradus_source_contents(c->path, true, SIZE_MAX / 2, &n);
    if (!c->text)
        return -1;
    if (strlen(c->text) < n)
        return gradus_error_set("%s: byte %zu is NUL; must be text in UTF-8",
                                c->path, strlen(c->text));
    while (n > 0 && (c->text[n - 1] == '\n' || c->text[n - 1] == '\r'))
        c->text[--n] = '\0';
    place p = { .separator = c->o.separator, .at = c->text, .to = c->text };
    if (strncmp(p.at, "\xef\xbb\xbf", 3) == 0)
        p.at += 3;
    if (*p.at == '\0')
        return gradus_error_set("%s: empty file", c->path);
    for (size_t i = 0; i < n; i++)
        lines += c->text[i] == '\n';
    c->row = calloc(lines, sizeof *c->row);
    if (!c->row)
        return gradus_no_memory("the %zu lines of %s", lines, c->path);
    do {
        if (cut_row(c, &p))
            return -1;
    } while (p.stop != '\0');
    return 0;
}

const char *gradus_csv_cell(const gradus_csv *c, size_t i, int k)
{
    const char *cell = c->row[i];

    while (k-- > 0)
        cell = gradus_csv_next(cell);
    return cell;
}

/* The message reads: path:17: column 3 ("age"): got "abc"; must be a number */
int gradus_csv_refuse(const gradus_csv *c, size_t i, int k, const char *must)
{
    char name[80] = "", got[48] = "an empty field";
    const char *cell = gradus_csv_cell(c, i, k);

    if (c->header)
        snprintf(name, sizeof name, " (\"%.64s\")", gradus_csv_cell(c, 0, k));
    if (*cell)
        snprintf(got, sizeof got, "\"%.40s\"", cell);
    return gradus_error_set("%s:%zu: column %d%s: got %s; must %s", c->path,
                            line_of(c, i), k + 1, name, got, must);
}
