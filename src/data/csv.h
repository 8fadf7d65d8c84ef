/* csv.h -- what the files of the CSV loader share.
 *
 * csv_cells.c cuts the text into rows of cells, csv_columns.c finds out what
 * each column is for, and csv_labels.c finds out which classes there are and
 * stores the labels.  csv.c has the loader itself, and stores the numbers. */
#ifndef GRADUS_CSV_H
#define GRADUS_CSV_H

#include "data/data.h"

#include <string.h>

/* What a column is for. */
typedef enum {
    GRADUS_CSV_VALUE,  /* one of the input values of the sample, in x */
    GRADUS_CSV_LABEL,  /* the class label */
    GRADUS_CSV_TARGET, /* one of the regression targets */
    GRADUS_CSV_IGNORED,
    GRADUS_CSV_ROLES /* how many roles there are */
} gradus_csv_role;

/* A column of the table. */
typedef struct {
    gradus_csv_role role;
    int target; /* its index among the targets, if it is one */
} gradus_csv_column;

/* A class whose name occurs in the table or in the options. */
typedef struct {
    const char *name;
    int32_t label; /* the class's number, from 0 */
} gradus_csv_class;

/* A table while it is being loaded.  The loader owns its arrays.  The rows
 * are numbered from 0, and the header, if there is one, is row 0; sample s
 * is thus row s + header. */
typedef struct {
    const char *path;          /* borrowed, for messages */
    gradus_csv_options o;      /* a copy; its strings are the caller's */
    char *text;                /* the whole file, then all cells: strings, one
                                  after another */
    size_t rows;               /* with the header; at most INT_MAX */
    int columns;               /* cells in each row */
    const char **row;          /* [rows], the first cell of each */
    bool header;               /* row 0 is the names of the columns */
    gradus_csv_column *column; /* [columns] */
    int count[GRADUS_CSV_ROLES]; /* the columns that have each role */
    int label;                 /* the column of the labels, if there is one */
    const char **names;        /* the names of the classes, where the options
                                  give none: o.class_names is then these */
    gradus_csv_class *class;   /* [o.classes], sorted by name; NULL where
                                  labels are numbers */
} gradus_csv;

/* Reads the file c->path, which must not be empty, and sets row, [rows],
 * each of as many columns.  Returns 0, or non-zero with a message. */
int gradus_csv_read(gradus_csv *c);

/* Returns the next cell of its row. */
static inline const char *gradus_csv_next(const char *cell)
{
    return cell + strlen(cell) + 1;
}

/* Returns the cell of row i in column k. */
const char *gradus_csv_cell(const gradus_csv *c, size_t i, int k);

/* Sets the message that the cell of row i in column k "must ..", with its
 * place in the file.  Always returns -1. */
int gradus_csv_refuse(const gradus_csv *c, size_t i, int k, const char *must);

/* csv_columns.c: gives every column its role, and checks the header, if
 * there is one. */
int gradus_csv_read_columns(gradus_csv *c);

/* csv_labels.c: where labels are names, lists the classes: those that the
 * options name, or else all that occur. */
int gradus_csv_read_classes(gradus_csv *c);
/* Stores the label of every row in the dataset. */
int gradus_csv_store_labels(const gradus_csv *c, gradus_loaded *l);

#endif
