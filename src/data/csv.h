/* csv.h -- what the files of the CSV loader share.
 *
 * csv_text.c cuts the text into fields, csv_rows.c walks over all rows,
 * csv_columns.c finds out what each column is for, and csv_labels.c finds
 * out which classes there are.  csv.c has the loader itself, and stores the
 * numbers. */
#ifndef GRADUS_CSV_H
#define GRADUS_CSV_H

#include "data/data.h"

/* ----- csv_text.c: rows and fields of a CSV file (RFC 4180) -------------- */

/* One field, or cell, of the table.  It points into the text rather than
 * having a copy, so it is valid only as long as the text is. */
typedef struct {
    const char *begin; /* without the blanks and quotes around it */
    size_t length;     /* bytes */
    bool quoted;       /* it was in quotes: a "" within stands for one " */
} gradus_csv_field;

/* A file's text, and the place that reading has come to.  Always begin <=
 * at <= end. */
typedef struct {
    const char *path;        /* borrowed, for messages */
    char separator;          /* the character between two fields */
    char *text;              /* the whole file, with a NUL behind it; owned */
    const char *begin, *end; /* the rows, without blank lines at their end */
    size_t begin_line;       /* the line number of `begin`, from 1 */
    const char *at;          /* where the next field begins */
    size_t line;             /* the line number of `at`, from 1 */
    size_t row;              /* the line on which the present row began */
    int column;              /* the last field's, from 0; -1 between rows */
} gradus_csv_text;

/* Reads the whole file, which must not be empty, and sets the place to its
 * first row.  Call gradus_csv_close after errors too. */
int gradus_csv_open(gradus_csv_text *t, const char *path, char separator);
void gradus_csv_close(gradus_csv_text *t);
/* Goes back to the first row. */
void gradus_csv_rewind(gradus_csv_text *t);
/* Makes the next row the first one, to which rewind goes back. */
void gradus_csv_begin_here(gradus_csv_text *t);
/* Reads the next field into *f, and sets *last to whether it is the last
 * one of its row.  Returns 0, or non-zero with a message. */
int gradus_csv_next(gradus_csv_text *t, gradus_csv_field *f, bool *last);

/* Compares two fields byte by byte, without their quotes: like strcmp,
 * below, equal to or above 0. */
int gradus_csv_compare(const gradus_csv_field *a, const gradus_csv_field *b);
/* Writes a field, without its quotes, as a string of at most length + 1
 * bytes.  Returns the place just after the final NUL. */
char *gradus_csv_copy(char *to, const gradus_csv_field *f);

/* ----- a table while it is being loaded ---------------------------------- */

/* What a column is for. */
typedef enum {
    GRADUS_CSV_VALUE,  /* one of the input values of the sample, in x */
    GRADUS_CSV_LABEL,  /* the class label */
    GRADUS_CSV_TARGET, /* one of the regression targets */
    GRADUS_CSV_IGNORED
} gradus_csv_role;

/* A column of the table.  slot is used for values and targets alone. */
typedef struct {
    gradus_csv_role role;
    int slot;              /* its index among the values, or the targets */
    gradus_csv_field name; /* its name in the header, if there is a header */
} gradus_csv_column;

/* A class whose name occurs in the table or in the options. */
typedef struct {
    gradus_csv_field name;
    int32_t label; /* the class's number, from 0 */
} gradus_csv_class;

/* The table.  The loader owns text, column, class and names, and frees them
 * when it is done; the dataset l goes to the caller. */
typedef struct {
    gradus_csv_text text;
    gradus_csv_options o;      /* a copy; its strings are the caller's */
    bool header;               /* the names of the columns are known */
    int columns;               /* fields in each row */
    int values, targets;       /* columns that have this role */
    gradus_csv_column *column; /* [columns] */
    size_t rows;               /* rows in all; during a walk, those before the
                                  current one, so the current one's index */
    bool text_labels;          /* labels are names, not numbers */
    size_t classes;            /* their number, where labels are names */
    gradus_csv_class *class;   /* [classes], sorted by name */
    const char **names;        /* [classes], where the options give none */
    gradus_loaded *l;          /* the dataset, from the last walk on */
} gradus_csv;

/* ----- csv_rows.c -------------------------------------------------------- */

/* A function that a walk calls with the field in column k of the current
 * row.  It returns 0, or non-zero with a message, which ends the walk. */
typedef int (*gradus_csv_visitor)(gradus_csv *c, int k,
                                  const gradus_csv_field *f);

/* Calls visit for every field of every row, from the first row on, and
 * counts the rows.  Returns 0, or non-zero with a message. */
int gradus_csv_walk(gradus_csv *c, gradus_csv_visitor visit);

/* Sets the message that field f of column k "must ..", with the place of
 * the field in the file.  Always returns -1. */
int gradus_csv_refuse(const gradus_csv *c, int k, const gradus_csv_field *f,
                      const char *must);

/* ----- csv_columns.c ----------------------------------------------------- */

/* Reads the header, if there is one, and gives every column its role. */
int gradus_csv_read_columns(gradus_csv *c);

/* ----- csv_labels.c ------------------------------------------------------ */

/* A visitor: decides from the label in the first row whether labels are
 * numbers or names. */
int gradus_csv_see_label(gradus_csv *c, int k, const gradus_csv_field *f);
/* Where labels are names, lists the classes: those that the options name,
 * or else all that occur. */
int gradus_csv_read_classes(gradus_csv *c);
/* Sets *to to the label that field f of column k holds. */
int gradus_csv_store_label(gradus_csv *c, int k, const gradus_csv_field *f,
                           int32_t *to);

#endif
