/* columns.c -- learns from the fields of a table what each of its columns
 * becomes: a number, or the categories of a text or of a label.  A column that
 * no net could learn from, such as one of dates, is a fault; all faults stand
 * in one message. */
#define _POSIX_C_SOURCE 200809L
#include "table/table.h"

#include "base/error.h"
#include "base/number.h"
#include "base/utf8.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

enum {
    FEW = 20, /* so many different values say nothing about what they are */
    LIST = 700 /* bytes of all faults together */
};

/* The faults of all columns so far. */
typedef struct {
    char text[LIST], one[256]; /* all, and the last fault alone */
    int count, left_out; /* columns; faults that are not in the text */
    size_t first;        /* the number of row 0 in its file, as in a
                            spreadsheet: 2 below a header, else 1 */
    const char *last;    /* the name of the last of the columns */
} faults;

/* ---- faults ------------------------------------------------------------ */

/* Adds what is wrong with a column to the list, if there is room. */
__attribute__((format(printf, 3, 4)))
static void fault(faults *f, const gradus_seen *s, const char *format, ...)
{
    char *one = f->one;
    va_list values;

    va_start(values, format);
    vsnprintf(one, sizeof f->one, format, values);
    va_end(values);
    f->count += f->last != s->name;
    f->last = s->name;
    const size_t used = strlen(f->text);
    const int n = snprintf(f->text + used, sizeof f->text - used,
                           "%s\"%.64s\" %s", used ? "; " : "", s->name, one);
    if ((size_t)n < sizeof f->text - used)
        return;
    f->text[used] = '\0';
    f->left_out++;
}

/* Sets the message about all faults. */
static int refuse(const gradus_csv *c, const faults *f)
{
    char more[48] = "";

    if (f->left_out)
        snprintf(more, sizeof more, "; and %d more", f->left_out);
    return gradus_error_set("%s: %d column%s cannot be used as %s: %s%s.  "
                            "Leave a column out with ignore; missing says "
                            "what empty fields are taken for", c->path,
                            f->count, f->count > 1 ? "s" : "",
                            f->count > 1 ? "they are" : "it is", f->text,
                            more);
}

/* ---- categories ------------------------------------------------------- */

int gradus_by_number(const void *a, const void *b)
{
    double x = 0, y = 0;

    gradus_number_parse(*(const char *const *)a, &x);
    gradus_number_parse(*(const char *const *)b, &y);
    return x != y ? (x > y) - (x < y) : gradus_by_name(a, b);
}

/* Returns the different texts of the column but those for missing, sorted,
 * and sets *count.  They are the table's own, but the caller frees the array.
 * NULL, with a message, if memory runs out. */
static const char **different(const gradus_seen *s, size_t *count)
{
    const char **text = calloc(s->rows, sizeof *text);
    size_t n = 0;

    *count = 0;
    if (!text)
        return gradus_no_memory("the categories of %.64s", s->name), NULL;
    for (size_t i = 0; i < s->rows; i++)
        if (!gradus_is_missing(s->field[i]))
            text[n++] = s->field[i];
    qsort(text, n, sizeof *text,
          s->numbers == n ? gradus_by_number : gradus_by_name);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(text[*count - 1], text[i]) != 0)
            text[(*count)++] = text[i];
    return text;
}

/* Makes the texts the categories of the column. */
static int keep(gradus_column *c, const char **text, size_t count)
{
    c->category = calloc(count + 1, sizeof *c->category);
    for (size_t i = 0; c->category && i < count; i++) {
        c->category[i] = strdup(text[i]);
        if (!c->category[i])
            break;
        c->categories++;
    }
    return c->category && c->categories == (int)count
               ? 0 : gradus_no_memory("the categories of %.64s", c->name);
}

/* ---- the kinds of column ----------------------------------------------- */

/* Is the column called a number that only tells rows apart? */
static bool is_called_id(const char *name)
{
    const size_t n = strlen(name);

    return n >= 2 && strcasecmp(name + n - 2, "id") == 0 &&
           (n == 2 || strchr("_ -", name[n - 3]) ||
            (islower((unsigned char)name[n - 3]) && name[n - 2] == 'I'));
}

/* How many different numbers the texts are, sorted by number; or, as_reals,
 * how many of them a gradus_real tells apart. */
static size_t different_numbers(const char **text, size_t count, bool as_reals)
{
    size_t n = 0;
    double before = 0, v = 0;

    for (size_t i = 0; i < count; i++, before = v) {
        gradus_number_parse(text[i], &v);
        v = as_reals ? (double)(gradus_real)v : v;
        n += i == 0 || v != before;
    }
    return n;
}

/* Are the texts, sorted by number, in the range of a gradus_real?  Where they
 * are not, gradus_csv_number says so when the rows are read. */
static bool in_range(const char **text, size_t count)
{
    double least, most;

    gradus_number_parse(text[0], &least);
    gradus_number_parse(text[count - 1], &most);
    return isfinite((gradus_real)least) && isfinite((gradus_real)most);
}

static void learn_number(const gradus_seen *s, faults *f, const char **text,
                         size_t values)
{
    const size_t numbers = different_numbers(text, values, false);
    const size_t reals = different_numbers(text, values, true);

    if (2 * reals < numbers && in_range(text, values))
        fault(f, s, "has %zu different numbers, such as %.30s, that become "
              "%zu in %zu bits: subtract what they have in common", numbers,
              text[0], reals, 8 * sizeof(gradus_real));
    else if (s->rows >= FEW && s->counting)
        fault(f, s, "counts the rows");
    else if (s->rows >= FEW && values == s->rows && is_called_id(s->name))
        fault(f, s, "is another number in each row: an identifier");
}

/* A text, or a label whose `label` is true. */
static void learn_text(const gradus_seen *s, faults *f, const char **text,
                       size_t values, bool label)
{
    const size_t present = s->rows - s->missing;
    const bool all_differ = values > FEW && 2 * values > present;

    if (label && values == 1)
        fault(f, s, "has one class alone");
    else if (label && all_differ && s->numbers == present)
        fault(f, s, "has %zu different numbers: to predict numbers, make it "
              "a target and not the label", values);
    else if (s->dates == present)
        fault(f, s, "holds dates or times, such as \"%.20s\"", s->date);
    else if (!label && s->commas && s->commas + s->numbers == present)
        fault(f, s, "has numbers with commas; must be with a point");
    else if (!label && 10 * s->numbers >= 9 * present)
        fault(f, s, "holds numbers, but row %zu has \"%.40s\"",
              s->odd_row + f->first, s->odd);
    else if ((all_differ || values > GRADUS_MOST_CATEGORIES) &&
             gradus_have_unit(text, values))
        fault(f, s, "has numbers with a unit, such as \"%.20s\"; must be "
              "numbers alone", text[0]);
    else if (all_differ)
        fault(f, s, "has %zu different texts in %zu rows: names or "
              "identifiers", values, s->rows);
    else if (values > GRADUS_MOST_CATEGORIES)
        fault(f, s, "has %zu different texts; must have at most %d", values,
              GRADUS_MOST_CATEGORIES);
}

/* Adds a fault if one of the texts is not UTF-8, in which a model file is
 * written. */
static void check_utf8(const gradus_seen *s, faults *f, const char **text,
                       size_t count)
{
    size_t i = 0;

    while (i < count && gradus_is_utf8(text[i]))
        i++;
    if (i < count)
        fault(f, s, "has the text \"%.40s\"; must be UTF-8", text[i]);
}

/* Sets the kind of the column, whose role is known, and its categories. */
static int learn(gradus_column *c, const gradus_seen *s, int role,
                 const gradus_table_options *o, faults *f)
{
    const bool numbers = s->numbers + s->missing == s->rows;
    size_t count;

    c->kind = role >= GRADUS_CSV_TARGET     ? GRADUS_COLUMN_TARGET
              : role == GRADUS_CSV_LABEL    ? GRADUS_COLUMN_LABEL
              : role == GRADUS_CSV_IGNORED  ? GRADUS_COLUMN_IGNORED
              : numbers                     ? GRADUS_COLUMN_NUMBER
                                            : GRADUS_COLUMN_TEXT;
    c->missing = s->missing > 0;
    if (!gradus_is_utf8(s->name))
        fault(f, s, "has a name that is not UTF-8");
    if (c->kind == GRADUS_COLUMN_IGNORED)
        return 0;
    if (s->missing == s->rows) {
        fault(f, s, "is empty");
        return 0;
    }
    if (c->missing && (role != GRADUS_CSV_VALUE || !o->missing))
        fault(f, s, "has %zu empty field%s, the first in row %zu%s",
              s->missing, s->missing > 1 ? "s" : "",
              s->first_missing + f->first,
              role == GRADUS_CSV_VALUE ? "" : ": such rows must be removed");
    if (c->kind == GRADUS_COLUMN_TARGET && !numbers) {
        fault(f, s, "is a target, but row %zu has \"%.40s\"; must be a number",
              s->odd_row + f->first, s->odd);
        return 0;
    }
    c->indicator = c->missing && o->indicators &&
                   c->kind <= GRADUS_COLUMN_TEXT;
    const char **text = different(s, &count);
    if (!text)
        return -1;
    int error = 0;
    if (c->kind == GRADUS_COLUMN_NUMBER)
        learn_number(s, f, text, count);
    else if (c->kind == GRADUS_COLUMN_TARGET && s->rows > 1 &&
             in_range(text, count) &&
             different_numbers(text, count, true) == 1)
        fault(f, s, "has one number alone, %.30s: nothing is to be predicted",
              text[0]);
    else if (c->kind != GRADUS_COLUMN_TARGET) {
        learn_text(s, f, text, count, c->kind == GRADUS_COLUMN_LABEL);
        check_utf8(s, f, text, count);
        error = f->count ? 0 : keep(c, text, count);
    }
    free(text);
    return error;
}

/* Leaves out a column that has just been found to have a fault, and forgets
 * the fault but for its text. */
static int leave_out(gradus_column *c, faults *f)
{
    c->kind = GRADUS_COLUMN_IGNORED;
    c->indicator = false;
    c->fault = strdup(f->one);
    *f = (faults){ .count = 0 };
    return c->fault ? 0 : gradus_no_memory("the column %.64s", c->name);
}

int gradus_columns_learn(gradus_table *t, const gradus_csv *c,
                         const gradus_table_options *o)
{
    const char **field = gradus_fields_begin(c);
    const char *name = c->text;
    faults f = { .first = c->header ? 2 : 1 };
    int error = !field;

    for (int k = 0; k < c->columns && !error; k++) {
        gradus_column *column = &t->column[k];
        char number[32];
        snprintf(number, sizeof number, "%d", k + 1);
        column->name = strdup(c->header ? name : number);
        if (!column->name) {
            error = gradus_no_memory("the names of %d columns", c->columns);
            break;
        }
        const gradus_seen s =
            gradus_see(column->name, field, c->rows - c->header);
        error = learn(column, &s, c->role[k], o, &f) ||
                (f.count && o->tolerant && leave_out(column, &f));
        gradus_fields_next(c, field);
        name = c->header ? gradus_csv_skip(name, 1) : name;
    }
    free(field);
    return error ? -1 : f.count ? refuse(c, &f) : 0;
}
