/* csv.h -- what the files of the CSV loader share.
 *
 * csv_cells.c cuts the text into rows of cells, csv_columns.c finds out what
 * each column is for, and csv_labels.c finds out which classes there are and
 * which one a label is.  csv.c has the loader itself, and fills the
 * dataset. */
#ifndef GRADUS_CSV_H
#define GRADUS_CSV_H

#include "data/data.h"

#include <string.h>

/* What a column is for.  A number from 0 is its index among the targets. */
enum {
    GRADUS_CSV_TARGET = 0,   /* the first of the regression targets */
    GRADUS_CSV_VALUE = -1,   /* one of the input values of the sample, in x */
    GRADUS_CSV_LABEL = -2,   /* the class label */
    GRADUS_CSV_IGNORED = -3
};

/* A table while it is being loaded.  The loader owns its arrays.  The cells
 * are strings that lie one after another, row by row, and are found by
 * walking over them: pointers to them would take more memory than they do
 * themselves. */
typedef struct {
    const char *path;        /* borrowed, for messages */
    gradus_csv_options o;    /* a copy; its strings are the caller's */
    char *text;              /* the whole file, then [rows,columns] cells */
    size_t rows;             /* with the header; at most INT_MAX */
    int columns;             /* cells in each row */
    bool has_empty;          /* a cell is empty */
    char separator;          /* one that stands in the first line, where
                                o.separator does not; or NUL */
    bool header;             /* the first row is the names of the columns */
    const char *data;        /* the first cell after the header */
    int *role;               /* [columns], what each is for */
    int values, targets;     /* how many columns there are of each kind */
    int label;               /* the column of the labels, if there is one */
    const char **names;      /* the names of the classes, sorted, where the
                                options give none: o.class_names is then
                                these */
    gradus_class *class;     /* [o.classes], sorted by name, where the options
                                give names */
} gradus_csv;

/* Reads the file c->path, which must not be empty, and sets text, [rows,
 * columns].  Returns 0, or non-zero with a message. */
int gradus_csv_read(gradus_csv *c);

/* Returns the cell that is n cells further. */
static inline const char *gradus_csv_skip(const char *cell, int n)
{
    while (n-- > 0)
        cell += strlen(cell) + 1;
    return cell;
}

/* Sets the message that the cell "must ..", with its place in the file.
 * Always returns -1. */
int gradus_csv_refuse(const gradus_csv *c, const char *cell, const char *must);

/* Stores the number in the cell, rounded to a float where gradus_real is one.
 * Returns 0; or -1, with a message, if there is none, or none that fits. */
int gradus_csv_number(const gradus_csv *c, const char *cell, gradus_real *to);

/* csv_columns.c: gives every column its role, and checks the header, if
 * there is one. */
int gradus_csv_read_columns(gradus_csv *c);

/* csv_labels.c: where labels are names, lists the classes: those that the
 * options name, or else all that occur. */
int gradus_csv_read_classes(gradus_csv *c);
/* Returns the label that stands in the cell; -1, with a message, if there is
 * none. */
int32_t gradus_csv_label(const gradus_csv *c, const char *cell);

#endif
