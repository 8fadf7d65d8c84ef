/* csv_rows.c -- walks over the rows of a CSV file, calling a function for
 * each field, and words the messages about fields that it refuses. */
#include "data/csv.h"

#include "base/error.h"

#include <stdio.h>

/* Visits the fields of one row.  Fields beyond the last column are counted,
 * for the message, but not visited. */
static int walk_row(gradus_csv *c, gradus_csv_visitor visit)
{
    gradus_csv_field f;
    bool last = false;
    size_t fields = 0;

    while (!last) {
        if (gradus_csv_next(&c->text, &f, &last))
            return -1;
        if (fields < (size_t)c->columns && visit(c, (int)fields, &f))
            return -1;
        fields++;
    }
    if (fields != (size_t)c->columns)
        return gradus_error_set("%s:%zu: got %zu column%s; must be %d, as in "
                                "the first row", c->text.path, c->text.row,
                                fields, fields == 1 ? "" : "s", c->columns);
    return 0;
}

int gradus_csv_walk(gradus_csv *c, gradus_csv_visitor visit)
{
    gradus_csv_rewind(&c->text);
    for (c->rows = 0; c->text.at < c->text.end; c->rows++)
        if (walk_row(c, visit))
            return -1;
    return 0;
}

/* Returns how many bytes of a field a message shows: all, but at most
 * `most`. */
static int shown(const gradus_csv_field *f, int most)
{
    return f->length < (size_t)most ? (int)f->length : most;
}

/* The message reads: path:17: column 3 ("age"): got "abc"; must be a number */
int gradus_csv_refuse(const gradus_csv *c, int k, const gradus_csv_field *f,
                      const char *must)
{
    char name[80] = "", got[48] = "an empty field";

    if (c->header) {
        const gradus_csv_field *n = &c->column[k].name;
        snprintf(name, sizeof name, " (\"%.*s\")", shown(n, 64), n->begin);
    }
    if (f->length > 0)
        snprintf(got, sizeof got, "\"%.*s\"", shown(f, 40), f->begin);
    return gradus_error_set("%s:%zu: column %d%s: got %s; must %s",
                            c->text.path, c->text.row, k + 1, name, got, must);
}
