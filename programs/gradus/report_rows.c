/* report_rows.c -- the rows that a net predicts worst: pictures, or the values
 * of the table's columns. */
#include "common.h"
#include "html.h"
#include "pictures.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    IMAGES = 24, ROWS = 12, /* that are shown */
    PAPER = 6               /* columns that are printed */
};

static double probability(const report *r, size_t i, int k)
{
    const score *s = r->shown.score;

    return s->y[i * (size_t)s->size + (size_t)k];
}

/* The sum of the absolute errors of row i, each divided by the spread of its
 * target. */
static double error_of(const report *r, size_t i, const double *spread)
{
    const size_t size = (size_t)r->shown.score->size;
    const gradus_real *y = r->shown.score->y + i * size;
    const gradus_real *t = r->shown.data->targets + i * size;
    double sum = 0;

    for (size_t j = 0; j < size; j++)
        sum += fabs((double)y[j] - t[j]) / (spread[j] > 0 ? spread[j] : 1);
    return sum;
}

/* How bad the prediction of row i is: of a wrong class, one plus by how much
 * it is more probable than the right one; 0 where the class is right. */
static double badness(const report *r, size_t i, const double *spread)
{
    const int truth = r->shown.score->classes ? r->shown.data->labels[i] : 0;

    if (!r->shown.score->classes)
        return error_of(r, i, spread);
    return score_class(r->shown.score, i) == truth
               ? 0 : 1 + probability(r, i, score_class(r->shown.score, i)) -
                         probability(r, i, truth);
}

/* Sets worst [most] to the rows that are predicted worst, the worst first;
 * returns how many there are. */
static int rank(const report *r, size_t *worst, int most, const double *spread)
{
    double bad[IMAGES];
    int n = 0;

    for (size_t i = 0; i < r->shown.data->n; i++) {
        const double b = badness(r, i, spread);
        int at = n < most ? n : most;
        if (!(b > 0))
            continue;
        for (; at > 0 && bad[at - 1] < b; at--)
            if (at < most) {
                bad[at] = bad[at - 1];
                worst[at] = worst[at - 1];
            }
        if (at < most) {
            bad[at] = b;
            worst[at] = i;
            n += n < most;
        }
    }
    return n;
}

/* The same; -1, with a message, if memory is short. */
static int find_worst(const report *r, size_t *worst, int most)
{
    const int targets = r->shown.score->classes ? 0 : r->shown.score->size;
    double *spread = calloc((size_t)targets + 1, sizeof *spread);

    if (!spread) {
        complain("out of memory");
        return -1;
    }
    for (int j = 0; j < targets; j++)
        spread[j] = report_figures(&r->shown, j).spread;
    int n = rank(r, worst, most, spread);
    free(spread);
    return n;
}

/* ---- images ------------------------------------------------------------- */

static int write_image(FILE *f, const report *r, size_t i)
{
    const gradus_dataset *d = r->shown.data;
    const int truth = d->labels[i], said = score_class(r->shown.score, i);
    char alt[512];

    snprintf(alt, sizeof alt, "Image of %.200s, taken for %.200s",
             printable(report_class(r, truth)),
             printable(report_class(r, said)));
    fputs("<li>", f);
    int failed = picture(f, d->pixels + i * (size_t)d->size, d->channels,
                         d->height, d->width, alt);
    fprintf(f, "said <strong><bdi>%s</bdi></strong> (%.1f&nbsp;%%)<br>",
            escaped(report_class(r, said)), 100 * probability(r, i, said));
    fprintf(f, "is <strong><bdi>%s</bdi></strong> (%.1f&nbsp;%%)",
            escaped(report_class(r, truth)), 100 * probability(r, i, truth));
    if (r->shown.numbered)
        fprintf(f, "<br><span class=\"soft\">no. %s</span>", grouped(i + 1));
    fputs("</li>\n", f);
    return failed;
}

static int write_images(FILE *f, const report *r, const size_t *worst, int n)
{
    int failed = 0;

    fputs("<ul class=\"pictures\" role=\"list\">\n", f);
    for (int i = 0; i < n && !failed; i++)
        failed = write_image(f, r, worst[i]);
    fputs("</ul>\n", f);
    if (failed)
        complain("out of memory");
    return failed;
}

/* ---- rows of a table ---------------------------------------------------- */

/* The field of column k, from the values x of a row: a number, or the category
 * whose value is 1. */
static const char *field(const gradus_table *t, int k, const gradus_real *x)
{
    int count, first = gradus_column_span(t, k, &count);

    if (strcmp(gradus_column_use(t, k), "number") == 0)
        return exact((double)x[first]);
    for (int i = 0; i < count; i++)
        if (x[first + i] == 1 && gradus_column_category(t, k, i))
            return escaped(gradus_column_category(t, k, i));
    return "–";
}

/* The class of column k, the c-th that is shown: texts are aligned at the
 * left, and what has no room on paper is on the screen alone. */
static const char *align(const gradus_table *t, int k, int c)
{
    const int text = strcmp(gradus_column_use(t, k), "text") == 0;

    return c < PAPER ? text ? " class=\"t\"" : ""
           : text    ? " class=\"t screen\"" : " class=\"screen\"";
}

static void write_names(FILE *f, const report *r, const int *columns, int n)
{
    fputs("<thead>\n<tr>", f);
    if (r->shown.numbered)
        fputs("<th scope=\"col\">Row</th>", f);
    if (r->shown.score->classes)
        fputs("<th scope=\"col\" class=\"t\">Predicted</th>"
              "<th scope=\"col\" class=\"t\">Is</th>", f);
    for (int j = 0; j < r->shown.score->size && !r->shown.score->classes; j++)
        fprintf(f, "<th scope=\"col\">%s: predicted</th>"
                "<th scope=\"col\">is</th><th scope=\"col\">error</th>",
                escaped(report_target(r, j)));
    for (int c = 0; c < n; c++)
        fprintf(f, "<th scope=\"col\"%s>%s</th>",
                align(r->table, columns[c], c),
                escaped(gradus_column_name(r->table, columns[c])));
    fputs("</tr>\n</thead>\n<tbody>\n", f);
}

static void write_classes(FILE *f, const report *r, size_t i)
{
    const int truth = r->shown.data->labels[i];
    const int said = score_class(r->shown.score, i);

    fprintf(f, "<td class=\"t\"><bdi>%s</bdi> (%.1f&nbsp;%%)</td>"
            "<td class=\"t\"><bdi>%s</bdi> (%.1f&nbsp;%%)</td>",
            escaped(report_class(r, said)), 100 * probability(r, i, said),
            escaped(report_class(r, truth)), 100 * probability(r, i, truth));
}

static void write_numbers(FILE *f, const report *r, size_t i)
{
    const score *s = r->shown.score;

    for (int j = 0; j < s->size; j++) {
        const size_t at = i * (size_t)s->size + (size_t)j;
        const double y = s->y[at], t = r->shown.data->targets[at];
        fprintf(f, "<td>%s</td><td>%s</td><td>%s%s</td>", measured(y),
                exact(t), y > t ? "+" : "", measured(y - t));
    }
}

static void write_row(FILE *f, const report *r, size_t i, const int *columns,
                      int n)
{
    const gradus_real *x = r->shown.data->x +
                           i * (size_t)r->shown.data->size;

    fputs("<tr>", f);
    if (r->shown.numbered)
        fprintf(f, "<th scope=\"row\">%s</th>", grouped(i + 1));
    if (r->shown.score->classes)
        write_classes(f, r, i);
    else
        write_numbers(f, r, i);
    for (int c = 0; c < n; c++)
        fprintf(f, "<td%s>%s</td>", align(r->table, columns[c], c),
                field(r->table, columns[c], x));
    fputs("</tr>\n", f);
}

static void write_rows(FILE *f, const report *r, const size_t *worst, int m,
                       const int *columns, int n)
{
    if (n > PAPER)
        fprintf(f, "<p class=\"paper\">On paper, the table has the first %d "
                "of these columns; on a screen it has %d.</p>\n", PAPER, n);
    table_begin(f, "The worst rows, with their values");
    write_names(f, r, columns, n);
    for (int i = 0; i < m; i++)
        write_row(f, r, worst[i], columns, n);
    table_end(f);
}

int report_mistakes(FILE *f, const report *r, const int *columns, int n)
{
    const int images = r->shown.data->pixels && r->shown.data->height &&
                       r->shown.score->classes;
    const char *order = " The columns are in the order of how much they "
                        "matter.";
    size_t worst[IMAGES];
    int failed = 0, m = find_worst(r, worst, images ? IMAGES : ROWS);

    if ((!images && !r->table) || m < 0)
        return m < 0;
    fputs("<section>\n<h2>The worst mistakes</h2>\n", f);
    if (!m)
        fprintf(f, "<p>There are none among the %s %s.</p>\n",
                grouped(r->shown.data->n), r->shown.name);
    else if (r->shown.score->classes)
        fprintf(f, "<p>Of the %s %s, these are predicted wrongly with the "
                "greatest confidence. Brackets hold the probability that "
                "the net gives to a class.%s</p>\n", grouped(r->shown.data->n),
                r->shown.name, images ? "" : order);
    else
        fprintf(f, "<p>Of the %s %s, predictions of these are furthest off."
                "%s</p>\n", grouped(r->shown.data->n), r->shown.name, order);
    if (m && images)
        failed = write_images(f, r, worst, m);
    else if (m)
        write_rows(f, r, worst, m, columns, n);
    fputs("</section>\n", f);
    return failed;
}
