/* source.h -- the data that a command is given: a table, a folder of images, or
 * a folder of files in MNIST's format. */
#ifndef SOURCE_H
#define SOURCE_H

#include "model.h"

enum { MAX_COLUMNS = 4096 }; /* that --target or --ignore may list */

typedef enum { SOURCE_TABLE, SOURCE_FOLDER, SOURCE_IDX } source_kind;

/* What the command line says of the data.  The lists end with NULL. */
typedef struct {
    const char *label;                   /* or NULL */
    const char *targets[MAX_COLUMNS + 1];
    const char *ignore[MAX_COLUMNS + 1]; /* that of the groups, too */
    const char *group;                   /* rows with the same text in this
                                            column belong together; or NULL */
    gradus_missing missing;
    int indicators, no_header;           /* 0 or 1 */
    int height, width, grey;             /* of a folder's images */
    int sized;                           /* --size was given */
} source_options;

/* The data, owned. */
typedef struct {
    const char *path;     /* borrowed */
    source_kind kind;
    gradus_table *table;  /* of a table, else NULL */
    gradus_dataset *data; /* all rows, or the training images of IDX files */
    gradus_dataset *test; /* the test images of IDX files, else NULL */
} source;

/* Appends the names in a text such as "a,b" to a list. */
void take_columns(const char *option, char *text,
                  const char *list[MAX_COLUMNS + 1]);

/* Reads the size of images, such as 32x32. */
void take_size(const char *text, source_options *o);

/* Does the folder have a file of training images in MNIST's format? */
int is_idx_folder(const char *folder);

/* Opens the data at a path to train on.  Returns 0, or -1 with a message on
 * stderr.  close_source frees it in any case. */
int open_source(source *s, const char *path, const source_options *o);

/* Opens the data at a path to look at, with whatever columns can be used.
 * Returns and frees as above. */
int look_at_source(source *s, const char *path, const source_options *o);

/* Opens data for a model: the columns are those of its table, and images have
 * the shape that it takes and its classes.  A path of - is that of a table in
 * standard input.  Returns and frees as above; the table stays the model's. */
int open_source_for(source *s, const char *path, const model *m);

void close_source(source *s);

/* Prints a line for each column that is taken as a text, but has numbers with
 * a unit.  t may be NULL. */
void print_units(FILE *to, const gradus_table *t);

/* "8 columns: age, income, ..": the names of a table's columns. */
void print_columns(FILE *to, const gradus_table *t);

#endif
