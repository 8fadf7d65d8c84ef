/* report_score.c -- how good a net is: in words, and in numbers. */
#include "html.h"
#include "report.h"

#include <math.h>
#include <string.h>

enum { IN_WORDS = 3 }; /* targets */

const char *report_class(const report *r, int k)
{
    static char number[16];

    if (gradus_class_name(r->graph, k))
        return gradus_class_name(r->graph, k);
    snprintf(number, sizeof number, "%d", k);
    return number;
}

const char *report_target(const report *r, int j)
{
    static char number[32];

    for (int k = 0; r->table && k < gradus_table_columns(r->table); k++)
        if (strcmp(gradus_column_use(r->table, k), "target") == 0 &&
            gradus_column_span(r->table, k, NULL) == j)
            return gradus_column_name(r->table, k);
    snprintf(number, sizeof number, "number %d", j + 1);
    return number;
}

report_figure report_figures(const report_part *p, int j)
{
    const size_t n = p->data->n, size = (size_t)p->score->size;
    const gradus_real *y = p->score->y + j, *t = p->data->targets + j;
    double sum = 0, squares = 0, off = 0, off2 = 0, naive = 0;

    for (size_t i = 0; i < n; i++)
        sum += t[i * size];
    const double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double d = t[i * size] - mean, e = (double)y[i * size] -
                                                 t[i * size];
        squares += d * d;
        naive += fabs(d);
        off += fabs(e);
        off2 += e * e;
    }
    return (report_figure){
        .mae = off / (double)n, .rmse = sqrt(off2 / (double)n),
        .r2 = squares > 0 ? 1 - off2 / squares : NAN, .mean = mean,
        .spread = sqrt(squares / (double)n), .naive = naive / (double)n };
}

/* ---- in words ----------------------------------------------------------- */

/* How many rows are of class k. */
static size_t of_class(const score *s, int k)
{
    return s->each[k].support;
}

/* How many rows are predicted rightly. */
static size_t right(const score *s)
{
    size_t sum = 0;

    for (int k = 0; k < s->classes; k++)
        sum += s->confusion[k * s->classes + k];
    return sum;
}

static int most_frequent(const score *s)
{
    int best = 0;

    for (int k = 1; k < s->classes; k++)
        best = of_class(s, k) > of_class(s, best) ? k : best;
    return best;
}

/* A share in per cent, with as many digits as the number of rows allows. */
static void write_share(FILE *f, double share, size_t n)
{
    fprintf(f, "%.*f&nbsp;%%", n < 1000 ? 1 : 2, 100 * share);
}

/* How much the share among other rows may differ by chance: Wilson's interval
 * of 95 %. */
static void write_chance(FILE *f, const score *s)
{
    const double n = (double)s->n, z = 1.96, p = (double)right(s) / n;
    const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) *
                        sqrt(p * (1 - p) / n + z * z / (4 * n * n));

    fprintf(f, "<p class=\"soft\">Other rows of the kind would give "
            "another share, by chance alone: the 95&nbsp;%% confidence "
            "interval is %.1f to %.1f&nbsp;%%.</p>\n",
            100 * fmax(0, middle - half), 100 * fmin(1, middle + half));
}

static const char *not_seen(const report_part *p)
{
    return p->unseen ? " that it had not seen" : "";
}

static void say_classes(FILE *f, const report *r, const report_part *p)
{
    const score *s = p->score;
    const int common = most_frequent(s);
    const double naive = (double)of_class(s, common) / (double)s->n;

    fputs("<p class=\"big\">", f);
    write_share(f, s->accuracy, s->n);
    fprintf(f, "</p>\n<p>of %s %s%s are predicted rightly: %s.</p>\n"
            "<p>Always answering “<bdi>%s</bdi>”, the most frequent class, "
            "would be right for ", grouped(s->n), escaped(p->name),
            not_seen(p), grouped(right(s)), escaped(report_class(r, common)));
    write_share(f, naive, s->n);
    fprintf(f, ".%s</p>\n", s->accuracy <= naive
                                ? " So the net is no better than that."
                                : "");
    write_chance(f, s);
}

static void say_numbers(FILE *f, const report *r, const report_part *p)
{
    for (int j = 0; j < p->score->size && j < IN_WORDS; j++) {
        const report_figure v = report_figures(p, j);
        fprintf(f, "<p class=\"big\">± %s</p>\n<p>is how far predictions of "
                "“<bdi>%s</bdi>” are off on average, on %s %s%s.</p>\n"
                "<p>The values have a mean of %s and a spread (standard "
                "deviation) of %s. Always predicting the mean would be off by "
                "%s on average.%s</p>\n",
                measured(v.mae), escaped(report_target(r, j)),
                grouped(p->data->n), escaped(p->name), not_seen(p),
                measured(v.mean), measured(v.spread), measured(v.naive),
                v.mae >= v.naive ? " So the net is no better than that." : "");
    }
    if (p->score->size > IN_WORDS)
        fprintf(f, "<p>The table below has the other numbers to predict.</p>"
                "\n");
}

/* What has to be known to judge the score. */
static void say_caution(FILE *f, const report *r)
{
    if (r->test.data)
        fprintf(f, "<p class=\"soft\">These %s were looked at once, after the "
                "training. All that follows is of the %s %s, by which the "
                "best epoch was chosen.</p>\n", escaped(r->test.name),
                grouped(r->shown.data->n), escaped(r->shown.name));
    else if (r->chosen)
        fputs("<p class=\"soft\">The epoch that did best on these rows was "
              "kept, so the score is slightly too good; with --test DATA, "
              "other rows are looked at once.</p>\n", f);
    else if (r->trained_on)
        fputs("<p class=\"soft\">The net was trained on this file, so it has "
              "seen most of these rows; it will do less well on others."
              "</p>\n", f);
}

/* ---- in numbers --------------------------------------------------------- */

/* Writes a figure: with so many digits after the point, 0 if it is a count; if
 * digits is below 0, or it is large, about four in all. */
static void write_cell(FILE *f, double v, int digits, const char *unit)
{
    if (digits < 0 || !isfinite(v) || (digits && fabs(v) >= 1000))
        fprintf(f, "<td>%s</td>", measured(v));
    else if (!digits)
        fprintf(f, "<td>%s</td>", grouped((size_t)v));
    else
        fprintf(f, "<td>%.*f%s</td>", digits, v, unit);
}

/* A figure of the rows that are shown and, unless that is NULL, of a test. */
static void write_figure(FILE *f, const char *name, int digits,
                         const char *unit, double shown, const double *test)
{
    fprintf(f, "<tr><th scope=\"row\">%s</th>", name);
    write_cell(f, shown, digits, unit);
    if (test)
        write_cell(f, *test, digits, unit);
    fputs("</tr>\n", f);
}

static void write_class_figures(FILE *f, const score *s, const score *t)
{
    const double percent = t ? 100 * t->accuracy : 0;

    write_figure(f, "Accuracy", 2, " %", 100 * s->accuracy,
                 t ? &percent : NULL);
    write_figure(f, "F1, mean of the classes", 3, "", s->macro.f1,
                 t ? &t->macro.f1 : NULL);
    if (s->classes == 2)
        write_figure(f, "Area under the ROC curve", 3, "", s->auc,
                     t ? &t->auc : NULL);
}

static void write_number_figures(FILE *f, const score *s, const score *t)
{
    const double r2 = s->alike ? NAN : s->errors.r2,
                 r2_test = !t || t->alike ? NAN : t->errors.r2;

    write_figure(f, "Mean absolute error", -1, "", s->errors.mae,
                 t ? &t->errors.mae : NULL);
    write_figure(f, "Root mean square error", -1, "", s->errors.rmse,
                 t ? &t->errors.rmse : NULL);
    write_figure(f, "R² (1 is perfect, 0 is no better than the mean)", 3, "",
                 r2, t ? &r2_test : NULL);
}

static void write_figures(FILE *f, const report *r)
{
    const score *s = r->shown.score, *t = r->test.data ? r->test.score : NULL;
    const double rows = t ? (double)t->n : 0;

    table_begin(f, "The score in numbers");
    table_head(f, (const char *const[]){ "Measure", r->shown.name,
                                         t ? r->test.name : NULL, NULL });
    write_figure(f, "Rows", 0, "", (double)s->n, t ? &rows : NULL);
    if (s->classes)
        write_class_figures(f, s, t);
    else
        write_number_figures(f, s, t);
    write_figure(f, "Loss, which training makes small", 4, "", s->loss,
                 t ? &t->loss : NULL);
    table_end(f);
}

int report_headline(FILE *f, const report *r)
{
    const report_part *p = r->test.data ? &r->test : &r->shown;

    fputs("<section class=\"score\" aria-label=\"Score\">\n", f);
    if (p->score->classes)
        say_classes(f, r, p);
    else
        say_numbers(f, r, p);
    say_caution(f, r);
    fputs("</section>\n", f);
    write_figures(f, r);
    return 0;
}
