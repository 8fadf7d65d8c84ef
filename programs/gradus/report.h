/* report.h -- a page of HTML about a net and how good it is.
 *
 * report.c has the command and the file, report_page.c the page.  Its larger
 * parts have files of their own: the score (report_score.c), where the net
 * errs (report_errors.c), the rows that it predicts worst (report_rows.c), and
 * what it looks at (report_input.c). */
#ifndef REPORT_H
#define REPORT_H

#include "history.h"
#include "score.h"

/* Some rows, and how they are predicted. */
typedef struct {
    const gradus_dataset *data; /* with labels or targets; NULL: none */
    const score *score;
    const char *name;           /* "validation rows" */
    int unseen;                 /* has the net never trained on them? */
    int numbered;               /* do they stand as in their file? */
} report_part;

/* What a page is about; all is borrowed. */
typedef struct {
    gradus_graph *graph;
    const gradus_table *table;  /* of its columns, or NULL */
    const char *model;          /* its file, or NULL */
    const char *data;           /* where the data are */
    report_part shown;          /* what all parts of the page show */
    report_part test;           /* what was looked at once, if anything */
    int chosen;                 /* did `shown` decide which epoch is kept? */
    int trained_on;             /* were these rows, or most, trained on? */
    history history;            /* of no epochs where it is not known */
    size_t samples;             /* trained on in all epochs; 0: not known */
} report;

/* Can the page be written there?  Returns 0, or -1 with a message on stderr.
 */
int report_try(const char *path);

/* Writes the page: to a file beside the path, which is then renamed.  Returns
 * 0, or -1 with a message on stderr. */
int report_write(const report *r, const char *path);

/* ---- the page and its parts, which return non-zero, with a message, if they
 * fail */

int report_page(FILE *f, const report *r);

/* The name of a class, or of a target, as it is: not yet escaped. */
const char *report_class(const report *r, int k);
const char *report_target(const report *r, int j);

/* How well target j is predicted. */
typedef struct {
    double mae, rmse, r2; /* as in gradus_regression_errors */
    double mean, spread;  /* of the targets: their mean, and their standard
                             deviation */
    double naive;         /* the mean absolute error of always predicting the
                             mean */
} report_figure;

report_figure report_figures(const report_part *p, int j);

/* The score in words, then as numbers. */
int report_headline(FILE *f, const report *r);
/* Which classes are confused, or how far numbers are off. */
int report_errors(FILE *f, const report *r);

/* How much the loss rises if the values of a column are shuffled among rows:
 * rise [columns of the table], NAN for those that are not values of x. */
int find_importance(const report *r, double *rise);
/* Sets order [columns] to the columns of x, from the most important; returns
 * how many there are. */
int order_columns(const report *r, const double *rise, int *order);
/* What the net looks at: the importance, or pictures of its weights. */
int report_input(FILE *f, const report *r, const double *rise);

/* The rows that are predicted worst; columns [n] are those to show. */
int report_mistakes(FILE *f, const report *r, const int *columns, int n);

#endif
