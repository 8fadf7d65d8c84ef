/* charts.h -- charts within a page of HTML, as SVG.  Lines and marks differ in
 * dashes and shape, too, not in colour alone. */
#ifndef CHARTS_H
#define CHARTS_H

#include <stdio.h>

typedef struct {
    const char *name;
    const double *y; /* [n]; where one is not finite, there is a gap */
} chart_line;

/* Lines over x, the numbers of two epochs or more.  The epoch `mark` is
 * labelled "best", unless that is 0.  There are at most two lines. */
void chart_lines(FILE *f, const char *title, const char *x_name,
                 const double *x, int n, const chart_line *lines, int count,
                 double mark);

/* Points, and the diagonal where y is x. */
void chart_points(FILE *f, const char *title, const char *x_name,
                  const char *y_name, const double *x, const double *y, int n);

/* How often v is within each of some ranges. */
void chart_histogram(FILE *f, const char *title, const char *x_name,
                     const double *v, size_t n);

#endif
