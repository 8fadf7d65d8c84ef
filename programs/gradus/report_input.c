/* report_input.c -- what a net looks at: which columns of a table matter, and
 * the first weights of a net for images, as pictures. */
#include "common.h"
#include "html.h"
#include "model.h"
#include "pictures.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROWS = 1000, ROUNDS = 3,  /* for the importance of a column */
    BARS = 30, PICTURES = 64  /* that are shown */
};

/* ---- the importance of columns ------------------------------------------ */

static int is_input(const gradus_table *t, int k)
{
    const char *use = gradus_column_use(t, k);

    return strcmp(use, "number") == 0 || strcmp(use, "text") == 0;
}

/* Row i of m that are spread evenly over n. */
static size_t spread(size_t i, size_t m, size_t n)
{
    return (size_t)((double)i * (double)n / (double)m);
}

/* Copies m rows of d, evenly spread: to x, labels and targets. */
static void copy_rows(const gradus_dataset *d, size_t m, gradus_real *x,
                      int32_t *labels, gradus_real *targets)
{
    const size_t size = (size_t)d->size, wide = (size_t)d->target_size;

    for (size_t i = 0; i < m; i++) {
        const size_t from = spread(i, m, d->n);
        memcpy(x + i * size, d->x + from * size, size * sizeof *x);
        if (d->labels)
            labels[i] = d->labels[from];
        if (d->targets)
            memcpy(targets + i * wide, d->targets + from * wide,
                   wide * sizeof *targets);
    }
}

/* Swaps a[0..n-1] with b[0..n-1]. */
static void swap(gradus_real *a, gradus_real *b, int n)
{
    for (int i = 0; i < n; i++) {
        const gradus_real kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* Shuffles the values x[.,first..first+count-1] among the rows of d (Fisher,
 * Yates). */
static void shuffle(const gradus_dataset *d, gradus_real *x, int first,
                    int count, gradus_random *random)
{
    const size_t size = (size_t)d->size;

    for (size_t i = d->n - 1; i > 0; i--)
        swap(x + i * size + first,
             x + gradus_random_below(random, (uint32_t)i + 1) * size + first,
             count);
}

/* Sets *rise for column k; x are the values of d, and so again afterwards. */
static int try_column(const report *r, const gradus_dataset *d,
                      gradus_real *x, gradus_real *kept, int k, double base,
                      double *rise)
{
    const size_t bytes = d->n * (size_t)d->size * sizeof *x;
    int count, first = gradus_column_span(r->table, k, &count), failed = 0;

    *rise = 0;
    memcpy(kept, x, bytes);
    for (int i = 0; i < ROUNDS && !failed; i++) {
        gradus_random random;
        gradus_metrics m;
        gradus_random_init(&random, 1, (uint32_t)k, (uint64_t)i);
        shuffle(d, x, first, count, &random);
        failed = gradus_evaluate(r->graph, d, NULL, &m);
        *rise += failed ? 0 : (m.loss - base) / ROUNDS;
    }
    memcpy(x, kept, bytes);
    return failed;
}

/* The same for all columns. */
static int try_columns(const report *r, const gradus_dataset *d,
                       gradus_real *x, gradus_real *kept, double *rise)
{
    gradus_metrics base;
    int failed = gradus_evaluate(r->graph, d, NULL, &base);

    for (int k = 0; k < gradus_table_columns(r->table) && !failed; k++) {
        rise[k] = NAN;
        if (is_input(r->table, k))
            failed = try_column(r, d, x, kept, k, base.loss, &rise[k]);
    }
    return failed;
}

int find_importance(const report *r, double *rise)
{
    const gradus_dataset *all = r->shown.data;
    const size_t most = gradus_table_columns(r->table) > 300 ? ROWS / 5 : ROWS;
    const size_t m = all->n < most ? all->n : most;
    const size_t values = m * (size_t)all->size;
    gradus_real *x = calloc(2 * values + 1, sizeof *x);
    int32_t *labels = calloc(m, sizeof *labels);
    gradus_real *targets = calloc(m * (size_t)all->target_size + 1,
                                  sizeof *targets);
    const gradus_dataset d = {
        .n = m, .size = all->size, .x = x, .classes = all->classes,
        .labels = all->labels ? labels : NULL,
        .targets = all->targets ? targets : NULL,
        .target_size = all->target_size };
    int failed = 1;

    if (!x || !labels || !targets)
        complain("out of memory");
    else {
        copy_rows(all, m, x, labels, targets);
        if ((failed = try_columns(r, &d, x, x + values, rise)))
            complain("%s", gradus_error());
    }
    free(x);
    free(labels);
    free(targets);
    return failed;
}

int order_columns(const report *r, const double *rise, int *order)
{
    int n = 0;

    for (int k = 0; k < gradus_table_columns(r->table); k++) {
        int at = n;
        if (isnan(rise[k]))
            continue;
        for (; at > 0 && rise[order[at - 1]] < rise[k]; at--)
            order[at] = order[at - 1];
        order[at] = k;
        n++;
    }
    return n;
}

static void write_bar(FILE *f, const report *r, int k, double rise,
                      double most)
{
    const double part = most > 0 && rise > 0 ? 100 * rise / most : 0;

    fprintf(f, "<tr><th scope=\"row\">%s</th><td>%s</td><td class=\"b\">"
            "<span class=\"bar\" style=\"width:%.1f%%\"></span></td></tr>\n",
            escaped(gradus_column_name(r->table, k)), measured(rise), part);
}

static int report_importance(FILE *f, const report *r, const double *rise)
{
    int *order = calloc((size_t)gradus_table_columns(r->table) + 1,
                        sizeof *order);
    int n = order ? order_columns(r, rise, order) : 0;

    if (!order)
        complain("out of memory");
    if (n) {
        fprintf(f, "<section>\n<h2>Which columns matter</h2>\n<p>Where the "
                "values of a column are shuffled among the rows, so that they "
                "say nothing any more, the loss rises by this much. A column "
                "that the net does not need has about 0; of columns that say "
                "the same, each may seem needless.</p>\n"
                "<table class=\"bars\">\n<caption>Rise of the loss, which is "
                "%s, from the most important column%s</caption>\n"
                "<thead>\n<tr><th scope=\"col\">Column</th>"
                "<th scope=\"col\" class=\"t\" colspan=\"2\">Rise</th></tr>"
                "\n</thead>\n<tbody>\n",
                measured(r->shown.score->loss),
                n > BARS ? "; the others matter less" : "");
        for (int i = 0; i < n && i < BARS; i++)
            write_bar(f, r, order[i], rise[order[i]], rise[order[0]]);
        fputs("</tbody>\n</table>\n</section>\n", f);
    }
    free(order);
    return !order;
}

/* ---- pictures of weights ------------------------------------------------ */

/* The first dense layer or convolution, or NULL. */
static const gradus_node *first_layer(const gradus_graph *g)
{
    for (int i = 0; i < gradus_node_count(g); i++) {
        const gradus_node *n = gradus_node_at(g, i);
        if (is_op(n, "conv") || is_op(n, "dense"))
            return n;
    }
    return NULL;
}

/* The weights of the first layer, and the channels, height and width of each
 * unit's: NULL if they are no picture. */
static const gradus_param *first_weights(const report *r, int shape[3])
{
    const gradus_dataset *d = r->shown.data;
    const gradus_node *n = first_layer(r->graph);
    const gradus_param *p = n ? gradus_find_param(n, "weight") : NULL;

    if (!p)
        return NULL;
    shape[0] = is_op(n, "conv") ? p->shape[1] : d->channels;
    shape[1] = is_op(n, "conv") ? p->shape[2] : d->height;
    shape[2] = is_op(n, "conv") ? p->shape[3] : d->width;
    return (size_t)p->shape[0] * (size_t)shape[0] * (size_t)shape[1] *
                       (size_t)shape[2] == p->size ? p : NULL;
}

/* Makes grey of weights, so that 0 is in the middle. */
static void to_pixels(const gradus_real *w, int n, uint8_t *pixels)
{
    double most = 0;

    for (int i = 0; i < n; i++)
        most = fmax(most, fabs((double)w[i]));
    for (int i = 0; i < n; i++)
        pixels[i] = (uint8_t)(127.5 + (most > 0 ? 127 * w[i] / most : 0));
}

/* The pictures of the first `count` units, whose weights are p. */
static int write_units(FILE *f, const gradus_param *p, const int shape[3],
                       int count)
{
    const int n = shape[0] * shape[1] * shape[2];
    uint8_t *pixels = malloc((size_t)n);
    int failed = !pixels;

    for (int i = 0; i < count && !failed; i++) {
        char alt[64];
        snprintf(alt, sizeof alt, "Weights of unit %d", i + 1);
        to_pixels(p->w + (size_t)i * (size_t)n, n, pixels);
        fputs("<li>", f);
        failed = picture(f, pixels, shape[0], shape[1], shape[2], alt);
        fputs("</li>\n", f);
    }
    if (failed)
        complain("out of memory");
    free(pixels);
    return failed;
}

static int report_weights(FILE *f, const report *r)
{
    int shape[3];
    const gradus_param *p = first_weights(r, shape);

    if (!p)
        return 0;
    const int units = p->shape[0];
    const int count = units < PICTURES ? units : PICTURES;
    fprintf(f, "<section>\n<h2>What it looks for</h2>\n<p>The weights of the "
            "first layer: %s %d of %d. Where a weight is positive it is "
            "light, where it is negative dark, and mid grey is 0; each "
            "picture has a scale of its own.</p>\n"
            "<ul class=\"pictures small\" role=\"list\">\n",
            count < units ? "the first" : "all", count, units);
    int failed = write_units(f, p, shape, count);
    fputs("</ul>\n</section>\n", f);
    return failed;
}

int report_input(FILE *f, const report *r, const double *rise)
{
    if (r->table)
        return report_importance(f, r, rise);
    return r->shown.data->height ? report_weights(f, r) : 0;
}
