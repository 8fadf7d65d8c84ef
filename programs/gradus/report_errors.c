/* report_errors.c -- where a net errs: which classes are confused, and how far
 * numbers are off. */
#include "charts.h"
#include "common.h"
#include "html.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>

enum {
    MATRIX = 20,   /* classes of a confusion matrix that is shown */
    PAIRS = 20,    /* of classes, where there are more */
    POINTS = 2000, /* of a chart */
    CHARTS = 8     /* targets that have charts */
};

/* ---- classes ------------------------------------------------------------ */

static void write_cell(FILE *f, const score *s, int k, int j)
{
    const size_t n = s->confusion[k * s->classes + j];
    const double share = (double)n / (double)s->each[k].support;

    if (n)
        fprintf(f, "<td class=\"%c\" style=\"--s:%.2f\">%s</td>",
                k == j ? 'y' : 'n',
                .06 + .34 * sqrt(share), grouped(n));
    else
        fputs("<td class=\"z\">0</td>", f);
}

static void write_matrix(FILE *f, const report *r)
{
    const score *s = r->shown.score;

    fputs("<p>Each line is a class, and each column what was predicted. Right "
          "predictions are bold, on the diagonal; the stronger a colour, the "
          "larger the share of the class.</p>\n"
          "<div class=\"wide matrix\" tabindex=\"0\" role=\"region\" "
          "aria-label=\"Confusion matrix\">\n<table>\n<caption>Confusion "
          "matrix</caption>\n<thead>\n<tr><th scope=\"col\">"
          "is ↓ predicted →</th>", f);
    for (int k = 0; k < s->classes; k++)
        fprintf(f, "<th scope=\"col\">%s</th>", escaped(report_class(r, k)));
    fputs("</tr>\n</thead>\n<tbody>\n", f);
    for (int k = 0; k < s->classes; k++) {
        fprintf(f, "<tr><th scope=\"row\">%s</th>",
                escaped(report_class(r, k)));
        for (int j = 0; j < s->classes; j++)
            write_cell(f, s, k, j);
        fputs("</tr>\n", f);
    }
    table_end(f);
}

/* Sets pair [PAIRS] to the largest entries off the diagonal; returns how many
 * there are. */
static int find_pairs(const score *s, size_t *pair)
{
    const size_t classes = (size_t)s->classes;
    int n = 0;

    for (size_t i = 0; i < classes * classes; i++) {
        int at = n;
        if (i / classes == i % classes || !s->confusion[i])
            continue;
        for (; at > 0 && s->confusion[pair[at - 1]] < s->confusion[i]; at--)
            if (at < PAIRS)
                pair[at] = pair[at - 1];
        if (at < PAIRS) {
            pair[at] = i;
            n += n < PAIRS;
        }
    }
    return n;
}

static void write_pairs(FILE *f, const report *r)
{
    const score *s = r->shown.score;
    size_t pair[PAIRS];
    const int n = find_pairs(s, pair);

    table_begin(f, "The classes that are confused most often");
    table_head(f, (const char *const[]){ "Is", "|Predicted", "How often",
                                         "Share of the class", NULL });
    for (int i = 0; i < n; i++) {
        const int k = (int)(pair[i] / (size_t)s->classes);
        const int j = (int)(pair[i] % (size_t)s->classes);
        const size_t m = s->confusion[pair[i]];
        fprintf(f, "<tr><th scope=\"row\">%s</th><td class=\"t\">%s</td><td>"
                "%s</td><td>%.1f&nbsp;%%</td></tr>\n",
                escaped(report_class(r, k)), escaped(report_class(r, j)),
                grouped(m), 100 * (double)m / (double)s->each[k].support);
    }
    table_end(f);
}

static void write_each(FILE *f, const report *r)
{
    const score *s = r->shown.score;

    fputs("<h3>Each class</h3>\n<p>Precision: of the rows predicted to be of "
          "the class, the share that is. Recall: of the rows of the class, "
          "the share that is found. F1: the harmonic mean of both.</p>\n", f);
    table_begin(f, "Score of each class");
    table_head(f, (const char *const[]){ "Class", "Rows", "Precision",
                                         "Recall", "F1", NULL });
    for (int k = 0; k < s->classes; k++)
        fprintf(f, "<tr><th scope=\"row\">%s</th><td>%s</td>"
                "<td>%.1f&nbsp;%%</td><td>%.1f&nbsp;%%</td><td>%.3f</td>"
                "</tr>\n", escaped(report_class(r, k)),
                grouped(s->each[k].support), 100 * s->each[k].precision,
                100 * s->each[k].recall, s->each[k].f1);
    table_end(f);
}

/* ---- numbers ------------------------------------------------------------ */

static void write_targets(FILE *f, const report *r)
{
    fputs("<p>“Of the mean” is the mean error of always predicting the mean."
          "</p>\n", f);
    table_begin(f, "Each number that is predicted, in its units");
    table_head(f, (const char *const[]){ "Number", "Mean error", "Of the mean",
                                         "Root mean square error", "Spread",
                                         "R²", NULL });
    for (int j = 0; j < r->shown.score->size; j++) {
        const report_figure v = report_figures(&r->shown, j);
        fprintf(f, "<tr><th scope=\"row\">%s</th><td>%s</td><td>%s</td>"
                "<td>%s</td><td>%s</td><td>%s</td></tr>\n",
                escaped(report_target(r, j)), measured(v.mae),
                measured(v.naive), measured(v.rmse), measured(v.spread),
                measured(v.r2));
    }
    table_end(f);
}

/* The charts of target j; e has room for all rows, x and y for POINTS. */
static void write_charts(FILE *f, const report *r, int j, double *e, double *x,
                         double *y)
{
    const size_t n = r->shown.data->n, size = (size_t)r->shown.score->size;
    const gradus_real *said = r->shown.score->y + j;
    const gradus_real *is = r->shown.data->targets + j;
    const int m = n < POINTS ? (int)n : POINTS;
    char title[256];

    for (size_t i = 0; i < n; i++)
        e[i] = (double)said[i * size] - is[i * size];
    for (int i = 0; i < m; i++) {
        const size_t row = (size_t)((double)i * (double)n / m) * size;
        x[i] = is[row];
        y[i] = said[row];
    }
    fputs("<div class=\"side\">\n", f);
    snprintf(title, sizeof title, "%.200s: predicted and true",
             printable(report_target(r, j)));
    chart_points(f, title, "true value", "predicted", x, y, m);
    snprintf(title, sizeof title, "%.200s: errors",
             printable(report_target(r, j)));
    chart_histogram(f, title, "predicted less true value", e, n);
    fputs("</div>\n", f);
}

static int write_all_charts(FILE *f, const report *r)
{
    const size_t n = r->shown.data->n;
    double *room = malloc((n + 2 * POINTS) * sizeof *room);

    for (int j = 0; room && j < r->shown.score->size && j < CHARTS; j++)
        write_charts(f, r, j, room, room + n, room + n + POINTS);
    if (!room)
        complain("out of memory");
    free(room);
    return !room;
}

int report_errors(FILE *f, const report *r)
{
    int failed = 0;

    fputs("<section>\n<h2>Where it errs</h2>\n", f);
    if (!r->shown.score->classes) {
        if (r->shown.score->size > 1)
            write_targets(f, r);
        failed = write_all_charts(f, r);
    } else {
        if (r->shown.score->classes <= MATRIX)
            write_matrix(f, r);
        else
            write_pairs(f, r);
        write_each(f, r);
    }
    fputs("</section>\n", f);
    return failed;
}
