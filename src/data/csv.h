/* csv.h -- what the files of the CSV loader share.
 *
 * csv_text.c cuts the text into fields, csv_rows.c walks over all rows,
 * csv_columns.c finds out what each column is for and csv_labels.c which
 * classes there are; csv.c has the loader, and stores the numbers. */
#ifndef GRADUS_CSV_H
#define GRADUS_CSV_H

#include "data/data.h"

/* ----- csv_text.c: rows and fields of a CSV file (RFC 4180) -------------- */

/* A field is a part of the text, so it must not outlive it. */
typedef struct {
    const char *begin; /* without the blanks and quotes around it */
    size_t length;     /* bytes */
    bool quoted;       /* "" in it stands for " */
} gradus_csv_field;

/* A file's text, and a place in it: begin <= at <= end. */
typedef struct {
    const char *path;        /* borrowed, for messages */
    char separator;
    char *text;              /* the whole file, with a NUL behind it; owned */
    const char *begin, *end; /* the rows, without blank lines at their end */
    size_t begin_line;       /* the line of `begin`, from 1 */
    const char *at;          /* where the next field begins */
    size_t line;             /* the line of `at`, from 1 */
    size_t row;              /* the line where the last field's row began */
    int column;              /* of the last field, from 0; -1 between rows */
} gradus_csv_text;

/* Reads the whole file, which must not be empty.  Close it in any case. */
int gradus_csv_open(gradus_csv_text *t, const char *path, char separator);
void gradus_csv_close(gradus_csv_text *t);
/* Goes back to the first row. */
void gradus_csv_rewind(gradus_csv_text *t);
/* Makes the next row the first one, to which rewind goes back. */
void gradus_csv_begin_here(gradus_csv_text *t);
/* Reads the next field; *last says whether it is the last one of its row. */
int gradus_csv_next(gradus_csv_text *t, gradus_csv_field *f, bool *last);

/* Compares two fields byte by byte, as strcmp does. */
int gradus_csv_compare(const gradus_csv_field *a, const gradus_csv_field *b);
/* Writes a field as a string of at most length + 1 bytes; returns its end. */
char *gradus_csv_copy(char *to, const gradus_csv_field *f);

/* ----- a table while it is being loaded ---------------------------------- */

typedef enum {
    GRADUS_CSV_VALUE,
    GRADUS_CSV_LABEL,
    GRADUS_CSV_TARGET,
    GRADUS_CSV_IGNORED
} gradus_csv_role;

typedef struct {
    gradus_csv_role role;
    int slot;              /* of a value or target: its place among them */
    gradus_csv_field name; /* in the header, if there is one */
} gradus_csv_column;

typedef struct {
    gradus_csv_field name;
    int32_t label;
} gradus_csv_class;

typedef struct {
    gradus_csv_text text;
    gradus_csv_options o;
    bool header;               /* the names of the columns are known */
    int columns;               /* in each row */
    int values, targets;       /* columns that hold one */
    gradus_csv_column *column; /* [columns] */
    size_t rows;               /* in all; during a walk, before the current */
    bool text_labels;          /* labels are names, not numbers */
    size_t classes;            /* where labels are names */
    gradus_csv_class *class;   /* [classes], sorted by name */
    const char **names;        /* [classes], where the options give none */
    gradus_loaded *l;
} gradus_csv;

/* ----- csv_rows.c -------------------------------------------------------- */

/* What to do with the field in column k of the current row. */
typedef int (*gradus_csv_visitor)(gradus_csv *c, int k,
                                  const gradus_csv_field *f);

/* Visits every field of every row, from the first row on, and counts the rows;
 * 0, or non-zero with a message. */
int gradus_csv_walk(gradus_csv *c, gradus_csv_visitor visit);

/* Sets the message that this field of column k "must ..": -1. */
int gradus_csv_refuse(const gradus_csv *c, int k, const gradus_csv_field *f,
                      const char *must);

/* ----- csv_columns.c ----------------------------------------------------- */

/* Reads the header, if there is one, and gives every column its role. */
int gradus_csv_read_columns(gradus_csv *c);

/* ----- csv_labels.c ------------------------------------------------------ */

/* A visitor: sees from the first row whether labels are numbers or names. */
int gradus_csv_see_label(gradus_csv *c, int k, const gradus_csv_field *f);
/* Lists the classes, those of the options or all that occur, where labels are
 * names. */
int gradus_csv_read_classes(gradus_csv *c);
/* *to = the label that field f of column k holds. */
int gradus_csv_store_label(gradus_csv *c, int k, const gradus_csv_field *f,
                           int32_t *to);

#endif
