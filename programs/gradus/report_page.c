/* report_page.c -- a page about a net: its title, the curves of the training,
 * the net and its columns, where it comes from, and all the other parts. */
#define _DEFAULT_SOURCE
#include "charts.h"
#include "common.h"
#include "html.h"
#include "report.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    COLUMNS = 20,      /* of a table that are shown with its worst rows */
    MOST_COLUMNS = 200 /* that are listed */
};

/* The last part of a path, in a new text. */
static char *last_part(const char *path)
{
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    size_t from = n;
    while (from > 0 && path[from - 1] != '/')
        from--;
    return strndup(path + from, n - from);
}

/* What the net predicts: the column of the label, or of the first target. */
static const char *goal(const report *r)
{
    const char *use;

    for (int k = 0; r->table && k < gradus_table_columns(r->table); k++) {
        use = gradus_column_use(r->table, k);
        if (strcmp(use, "label") == 0 || strcmp(use, "target") == 0)
            return gradus_column_name(r->table, k);
    }
    return r->table ? "numbers" : "classes";
}

static void write_title(char *to, size_t size, const report *r)
{
    char *name = last_part(r->data);
    const int more = r->shown.score->classes ? 0 : r->shown.score->size - 1;
    char others[32] = "";

    if (more)
        snprintf(others, sizeof others, " and %d other%s", more,
                 more > 1 ? "s" : "");
    if (r->table)
        snprintf(to, size, "%.200s%s, predicted from %.200s",
                 printable(goal(r)), others, printable(name ? name : ""));
    else
        snprintf(to, size, "The %d classes of %.200s, told apart",
                 r->shown.score->classes, printable(name ? name : ""));
    free(name);
}

static void write_head(FILE *f, const report *r, const char *title)
{
    const char *rows = gradus_metadata(r->graph, "rows");
    const double took = history_seconds(&r->history);

    fprintf(f, "<header>\n<p class=\"soft\">gradus report</p>\n<h1>%s</h1>\n"
            "<p>A neural network of %s parameters", escaped(title),
            grouped(gradus_parameter_count(r->graph)));
    if (rows)
        fprintf(f, ", trained on %s %s", grouped(strtoull(rows, NULL, 10)),
                r->shown.data->height ? "images" : "rows");
    if (r->history.n)
        fprintf(f, ", in %d epoch%s and %.*f seconds", r->history.n,
                r->history.n == 1 ? "" : "s", took < 100 ? 1 : 0, took);
    fputs(".</p>\n</header>\n", f);
}

/* A chart of a field of the training rows and, unless that is 0, one of the
 * validation rows; `percent` has room for twice the epochs if they are shares.
 */
static void write_curves(FILE *f, const report *r, const char *title,
                         int train, int valid, double *percent)
{
    const history *h = &r->history;
    chart_line lines[2];
    int n = 0;

    if (history_has(h, train))
        lines[n++] = (chart_line){ "training", h->v[train] };
    if (valid && history_has(h, valid))
        lines[n++] = (chart_line){ "validation", h->v[valid] };
    for (int k = 0; k < n && percent; k++, percent += h->n) {
        for (int e = 0; e < h->n; e++)
            percent[e] = 100 * lines[k].y[e];
        lines[k].y = percent;
    }
    if (n)
        chart_lines(f, title, "epoch", h->v[EPOCH], h->n, lines, n,
                    history_best(h) < 0 ? 0
                                        : h->v[EPOCH][history_best(h)]);
}

static void write_all_curves(FILE *f, const report *r, double *percent)
{
    const history *h = &r->history;

    fputs("<div class=\"side\">\n", f);
    write_curves(f, r, "Loss", TRAIN_LOSS, VALID_LOSS, NULL);
    write_curves(f, r, "Accuracy in %", TRAIN_ACCURACY, VALID_ACCURACY,
                 percent);
    if (history_has(h, RATE))
        chart_lines(f, "Learning rate", "epoch", h->v[EPOCH], h->n,
                    &(chart_line){ "learning rate", h->v[RATE] }, 1, 0);
    fputs("</div>\n<p class=\"soft\">The loss is what training makes small. "
          "That of the training data is measured while the net still learns, "
          "so it may be higher than that of the validation data.</p>\n", f);
}

/* How long an epoch took. */
static void say_times(FILE *f, const history *h)
{
    double low = HUGE_VAL, high = 0;

    for (int e = 0; e < h->n; e++) {
        low = fmin(low, h->v[SECONDS][e]);
        high = fmax(high, h->v[SECONDS][e]);
    }
    fprintf(f, "<p>An epoch, in which the net sees all training data once, "
            "took %s seconds on average (%s to %s).</p>\n",
            measured(history_seconds(h) / h->n), measured(low),
            measured(high));
}

static int report_training(FILE *f, const report *r)
{
    const history *h = &r->history;
    const int best = history_best(h);
    double *percent = calloc(2 * (size_t)h->n + 1, sizeof *percent);

    if (!percent)
        complain("out of memory");
    if (h->n && percent) {
        fputs("<section>\n<h2>How the training went</h2>\n", f);
        if (best >= 0)
            fprintf(f, "<p>Epoch %.0f of %.0f has the lowest loss on the "
                    "validation data.</p>\n", h->v[EPOCH][best],
                    h->v[EPOCH][h->n - 1]);
        say_times(f, h);
        if (h->n > 1)
            write_all_curves(f, r, percent);
        fputs("</section>\n", f);
    }
    free(percent);
    return !percent;
}

/* The shape of a node's value, such as 16 × 28 × 28. */
static void write_shape(FILE *f, const int *shape, int rank)
{
    fputs("<td>", f);
    for (int i = 0; i < rank; i++)
        fprintf(f, "%s%d", i ? " × " : "", shape[i]);
    fputs("</td>", f);
}

static void report_net(FILE *f, const report *r)
{
    fputs("<section>\n<h2>The net</h2>\n", f);
    table_begin(f, "Its nodes, in the order in which they are computed");
    table_head(f, (const char *const[]){ "Node", "|Kind", "Values of a row",
                                         "Parameters", NULL });
    for (int i = 0; i < gradus_node_count(r->graph); i++) {
        const gradus_node *n = gradus_node_at(r->graph, i);
        const gradus_param *p;
        int shape[GRADUS_MAX_RANK], rank = gradus_node_shape(n, shape);
        size_t parameters = 0;
        for (int j = 0; (p = gradus_param_at(n, j)); j++)
            parameters += p->size;
        fprintf(f, "<tr><th scope=\"row\">%s</th><td class=\"t\">%s</td>",
                escaped(gradus_node_name(n)), escaped(gradus_node_op(n)));
        write_shape(f, shape, rank);
        fprintf(f, "<td>%s</td></tr>\n", parameters ? grouped(parameters)
                                                    : "");
    }
    table_end(f);
    fputs("</section>\n", f);
}

/* How many categories a column has, and the first of them. */
static void write_categories(FILE *f, const gradus_table *t, int k)
{
    int n = 0;

    fputs("<td class=\"t\">", f);
    while (gradus_column_category(t, k, n))
        n++;
    for (int i = 0; i < n && i < 8; i++)
        fprintf(f, "%s<bdi>%s</bdi>", i ? ", " : "",
                escaped(gradus_column_category(t, k, i)));
    if (n > 8)
        fprintf(f, " and %s more", grouped((size_t)n - 8));
    fputs("</td>", f);
}

static void report_columns(FILE *f, const gradus_table *t)
{
    const int n = gradus_table_columns(t);

    fputs("<section>\n<h2>The columns of the table</h2>\n", f);
    table_begin(f, n > MOST_COLUMNS ? "The first columns, and their use"
                                    : "All columns, and their use");
    table_head(f, (const char *const[]){ "Column", "|Use", "|Categories",
                                         NULL });
    for (int k = 0; k < n && k < MOST_COLUMNS; k++) {
        fprintf(f, "<tr><th scope=\"row\">%s</th><td class=\"t\">%s</td>",
                escaped(gradus_column_name(t, k)),
                escaped(gradus_column_use(t, k)));
        write_categories(f, t, k);
        fputs("</tr>\n", f);
    }
    table_end(f);
    if (n > MOST_COLUMNS)
        fprintf(f, "<p>There are %s more.</p>\n",
                grouped((size_t)(n - MOST_COLUMNS)));
    fputs("</section>\n", f);
}

/* What a metadata key is called on the page. */
static const char *key_name(const char *key)
{
    static const char *const names[][2] = {
        { "command", "Command of the training" },
        { "data", "Trained on" }, { "rows", "Training rows" },
        { "gradus", "Trained with gradus version" }, { "seed", "Seed" } };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(key, names[i][0]) == 0)
            return names[i][1];
    return key;
}

static void report_origin(FILE *f, const report *r)
{
    const double took = history_seconds(&r->history);
    char text[64];
    const char *key;

    fputs("<section>\n<h2>How it was made</h2>\n", f);
    table_begin(f, "All that is needed to make this net again");
    fputs("<tbody>\n", f);
    for (int i = 0; (key = gradus_metadata_key(r->graph, i)); i++)
        if (strncmp(key, "gradus.", 7) != 0) /* the library's own */
            table_row(f, key_name(key), gradus_metadata(r->graph, key));
    table_row(f, "Model file", r->model);
    table_row(f, "Data of this page", r->data);
    snprintf(text, sizeof text, "%016" PRIx64,
             gradus_parameters_hash(r->graph));
    table_row(f, "Hash of the weights", text);
    if (r->history.n) {
        snprintf(text, sizeof text, "%.2f", took);
        table_row(f, "Seconds of training", text);
    }
    if (r->samples && took > 0) {
        snprintf(text, sizeof text, "%.0f", (double)r->samples / took);
        table_row(f, "Rows trained on per second", text);
    }
    table_row(f, "This page was made with gradus version", gradus_version());
    table_end(f);
    fputs("</section>\n", f);
}

/* ---- the page ----------------------------------------------------------- */

static int write_parts(FILE *f, const report *r)
{
    const int n = r->table ? gradus_table_columns(r->table) : 0;
    double *rise = calloc((size_t)n + 1, sizeof *rise);
    int *order = calloc((size_t)n + 1, sizeof *order), shown = 0, failed;

    failed = !rise || !order;
    if (failed)
        complain("out of memory");
    else if (n && !(failed = find_importance(r, rise)))
        shown = order_columns(r, rise, order);
    failed = failed || report_headline(f, r) || report_training(f, r) ||
             report_errors(f, r) ||
             report_mistakes(f, r, order, shown < COLUMNS ? shown : COLUMNS) ||
             report_input(f, r, rise);
    free(rise);
    free(order);
    return failed;
}

int report_page(FILE *f, const report *r)
{
    char title[512];

    write_title(title, sizeof title, r);
    html_head(f, title);
    write_head(f, r, title);
    if (write_parts(f, r))
        return -1;
    report_net(f, r);
    if (r->table)
        report_columns(f, r->table);
    report_origin(f, r);
    html_tail(f);
    return 0;
}
