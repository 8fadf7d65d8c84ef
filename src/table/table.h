/* table.h -- what a table's columns become, for the files that learn that from
 * a CSV file (columns.c), read other files in the same way (table.c), and save
 * it with a graph (saved.c). */
#ifndef GRADUS_TABLE_H
#define GRADUS_TABLE_H

#include "data/csv.h"

#include "gradus.h"

typedef enum {
    GRADUS_COLUMN_NUMBER,  /* one value */
    GRADUS_COLUMN_TEXT,    /* a value for each category: 1 for that of the
                              field, 0 for the others (one-hot) */
    GRADUS_COLUMN_LABEL,   /* the class, by its category */
    GRADUS_COLUMN_TARGET,  /* a number to predict */
    GRADUS_COLUMN_IGNORED,
    GRADUS_COLUMN_KINDS
} gradus_column_kind;

/* A column.  The table owns the strings. */
typedef struct {
    char *name;
    gradus_column_kind kind;
    bool missing;    /* fields of it may be missing */
    bool indicator;  /* one more value, after the others: 1 where the field is
                        missing, else 0 */
    int categories;  /* of text and of a label: how many, */
    char **category; /* [categories], and in which order */
    char *fault;     /* why it is ignored, if it could not be used; or NULL */
    int first;       /* the first of its values in a row of x, or its number
                        among the targets */
} gradus_column;

/* The last five arrays are NULL before gradus_table_fit. */
struct gradus_table {
    char separator;
    bool header;     /* columns have names in the file */
    gradus_missing fill;
    int columns;
    gradus_column *column; /* [columns], owned */
    int values, targets;   /* in a row of x, and of the targets */
    double *mean, *std;    /* [values + targets]: those of x, then those of the
                              targets */
    double *missing;       /* [values], what a missing value is taken for */
};

enum {
    GRADUS_MOST_CATEGORIES = 1000, /* of a column */
    GRADUS_MOST_VALUES = 1 << 16   /* of all columns: as many as an input that
                                      is standardised may have */
};

/* The number of values that the column has in a row of x. */
int gradus_column_values(const gradus_column *c);

/* The number of this text among the column's categories, or -1. */
int gradus_find_category(const gradus_column *c, const char *text);

/* A table of `columns` columns, all zeros; NULL, with a message, if memory
 * runs out.  gradus_table_free frees it and the strings. */
gradus_table *gradus_table_allocate(int columns);

/* Numbers the values and targets of all columns, whose kinds are known.
 * Returns 0, or -1 with a message that begins with `who` if they are too many
 * for an input that is standardised and saved. */
int gradus_table_number(gradus_table *t, const char *who);

/* Compares two texts that both are numbers, by size, for qsort. */
int gradus_by_number(const void *a, const void *b);

/* Returns the columns of t, sorted by name, to be freed; NULL, with a message,
 * if memory runs out. */
const gradus_column **gradus_table_sorted(const gradus_table *t);

/* Checks that no two columns have one name.  Returns 0, or -1 with a message
 * that begins with `who`. */
int gradus_table_check_names(const gradus_table *t, const char *who);

/* saved.c: puts t into the metadata of x's graph. */
int gradus_table_save(const gradus_table *t, gradus_node *x);

/* columns.c: learns from the cells of c what each column of t is for and which
 * categories it has.  c's columns have their roles.  Returns 0; or -1, with
 * one message about all the columns that cannot be used. */
int gradus_columns_learn(gradus_table *t, const gradus_csv *c,
                         const gradus_table_options *o);

/* ----- fields.c ---------------------------------------------------------- */

/* Does the text stand for a value that is not known? */
bool gradus_is_missing(const char *text);

/* Are these different texts [n] all numbers with the same unit?  Of one or two
 * of them nobody can tell. */
bool gradus_have_unit(const char *const *text, size_t n);

/* Walks over the fields of a table column by column: field [rows] points to
 * those of one column.  begin returns NULL, with a message, if memory runs
 * out, and else a block for the caller to free. */
const char **gradus_fields_begin(const gradus_csv *c);
void gradus_fields_next(const gradus_csv *c, const char **field);

/* What has been seen in a column. */
typedef struct {
    const char *name;
    const char **field;   /* [rows] */
    size_t rows;
    size_t missing, first_missing; /* how many fields, and the first row */
    size_t numbers, dates, commas; /* how many others look like that */
    const char *date;     /* the first date, or NULL */
    const char *odd;      /* the first that is not a number, or NULL, */
    size_t odd_row;       /* and its row */
    bool counting;        /* numbers, each 1 more than the one before */
} gradus_seen;

gradus_seen gradus_see(const char *name, const char **field, size_t rows);

#endif
