/* explain_row.c -- prints what the rows of a batch are: the image is drawn, or
 * the values of a table's columns are listed. */
#include "explain.h"

#include "common.h"
#include "draw.h"
#include "text.h"

#include <math.h>
#include <string.h>

enum {
    NAME = 18,    /* columns for a name */
    CLASSES = 20, /* classes that are listed below a picture, */
    VALUES = 30,  /* columns of a table that are shown, */
    DRAWN = 32    /* and pixels of a side that are drawn, at most */
};

void print_title(const explanation *e)
{
    printf("%s", printable(e->s.path));
    if (e->s.test)
        printf(" (%s)", e->d == e->s.test ? "t10k" : "train");
    if (e->rows > 1)
        printf(", rows %zu to %zu, counted from 0: a batch of %d\n", e->first,
               e->first + (size_t)e->rows - 1, e->rows);
    else
        printf(", row %zu, counted from 0", e->first);
    if (e->rows == 1 && e->first < e->files.n)
        printf(": %s\n", printable(e->files.path[e->first]));
    else if (e->rows == 1 && e->m.table)
        printf(": row %zu in a spreadsheet\n", row_number(&e->m, e->first));
    else if (e->rows == 1)
        putchar('\n');
}

/* "7 99.8 %": a class and its probability, beside line k of a picture. */
static void print_class(const explanation *e, int k)
{
    const double y = loss_of(e)->node.y[k];

    fputs("  ", stdout);
    print_cell(stdout, class_name(e->m.graph, k), 8, 1);
    printf(" %5.1f %%%s\n", 100 * y, e->d->labels[e->first] == k ? " <" : "");
}

/* Draws the one image of the batch. */
static void draw_image(const explanation *e)
{
    const gradus_dataset *d = e->d;
    const drawing image = {
        .pixels = d->pixels + e->first * (size_t)d->size,
        .channels = d->channels, .height = d->height, .width = d->width,
        .blocks = use_utf8() && may_colour(stdout) };

    if (d->height > DRAWN || d->width > DRAWN) {
        printf("%d x %d pixels, too many to draw here\n", d->height, d->width);
        return;
    }
    for (int i = 0; i < draw_lines(&image) || i < e->m.classes; i++) {
        if (i >= draw_lines(&image) && e->m.classes > CLASSES)
            break;
        draw_line(stdout, &image, i);
        if (i < e->m.classes)
            print_class(e, i);
        else
            putchar('\n');
    }
}

/* The category whose value of x is 1, or NULL. */
static const char *category_of(const explanation *e, int column,
                               const gradus_real *x, int count)
{
    for (int i = 0; i < count; i++)
        if (x[i] == 1 && gradus_column_category(e->m.table, column, i))
            return gradus_column_category(e->m.table, column, i);
    return NULL;
}

/* What column k holds in the row, and what becomes of it: y, the first of its
 * values that the net computes with. */
static void print_value(const explanation *e, int k)
{
    int count, at = gradus_column_span(e->m.table, k, &count);
    const gradus_real *x = e->d->x + e->first * (size_t)e->d->size + at;
    const char *category = category_of(e, k, x, count);

    fputs("  ", stdout);
    print_cell(stdout, gradus_column_name(e->m.table, k), NAME, 0);
    if (category)
        printf("  %s\n", printable(category));
    else if (isnan((double)*x))
        printf("  %-12s %12.4g\n", "missing",
               (double)gradus_node_at(e->g, 0)->y[at]);
    else
        printf("  %-12.6g %12.4g\n", (double)*x,
               (double)gradus_node_at(e->g, 0)->y[at]);
}

static void print_values(const explanation *e)
{
    int all = 0;

    printf("  %-*s  %-12s %12s\n", NAME, "column", "value", "standardised");
    for (int k = 0; k < gradus_table_columns(e->m.table); k++) {
        const char *use = gradus_column_use(e->m.table, k);
        if (strcmp(use, "number") != 0 && strcmp(use, "text") != 0)
            continue;
        if (all++ < VALUES)
            print_value(e, k);
    }
    if (all > VALUES)
        printf("  and %d more column%s\n", all - VALUES,
               all - VALUES == 1 ? "" : "s");
}

/* Says what is drawn at random in this step. */
static void print_random(const explanation *e)
{
    for (int i = 0; i < gradus_node_count(e->g); i++) {
        const gradus_node *n = gradus_node_at(e->g, i);
        if (is_op(n, "dropout"))
            printf("%s sets numbers to 0 at random, as in training\n",
                   gradus_node_name(n));
        if (gradus_attr_values(n->attr, "augment", NULL))
            printf("%s changes the image at random, as in training\n",
                   gradus_node_name(n));
    }
}

/* What is right, and what the net says. */
static void print_answer(const explanation *e)
{
    const gradus_real *y = loss_of(e)->node.y;
    const int t = e->d->labels[e->first], k = best_class(y, e->m.classes);

    printf("the label is %s", printable(class_name(e->m.graph, t)));
    printf("; the net says %s (%.2f %%)\n",
           printable(class_name(e->m.graph, k)), 100 * (double)y[k]);
}

void print_row(const explanation *e)
{
    print_title(e);
    if (e->rows == 1 && e->m.classes)
        print_answer(e);
    print_random(e);
    if (e->rows > 1)
        return;
    putchar('\n');
    if (e->m.table)
        print_values(e);
    else if (e->d->height && e->d->pixels)
        draw_image(e);
}
