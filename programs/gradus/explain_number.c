/* explain_number.c -- prints where one number of a gradient comes from, as
 * tables of at most 80 columns. */
#include "explain.h"

#include "equations.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    PLACE = 14, /* columns for indices, */
    TERMS = 16  /* and terms that are shown */
};

/* Prints "[3,17]", with blanks after it. */
static void print_place(int rank, const int *shape, size_t at)
{
    char text[64];

    index_text(rank, shape, at, text);
    printf("  %-*s", PLACE, text);
}

/* ---- the terms of one node's dy ----------------------------------------- */

/* Terms of the same `of`, the largest first. */
typedef struct {
    const term *term;
    size_t n;
} group;

static double product(const term *t)
{
    return t->dy * t->x;
}

/* Has x a meaning?  A bias has the factor 1. */
static int has_x(const derivation *d, const term *t)
{
    return !d->param || t->from;
}

static void print_term(const explanation *e, const term *t)
{
    const gradus_node *n = t->of, *x = t->from;

    printf("%8zu", e->first + (size_t)t->row);
    print_place(n->rank, n->shape, t->at);
    printf(" %11.5g", t->dy);
    if (t->weight)
        print_place(t->weight->rank, t->weight->shape, t->from_at);
    else if (x)
        print_place(x->rank, x->shape, t->from_at);
    if (has_x(&e->of, t))
        printf(" %11.5g %11.5g", t->x, product(t));
    putchar('\n');
}

/* What dy and x are in the table of terms. */
static void print_legend(const derivation *d, const term *t)
{
    const gradus_node *x = t->from;
    const char *name = t->weight ? "W" : d->param ? "x" : "slope";

    printf("dy is the gradient of %s", gradus_node_name(t->of));
    if (t->weight)
        printf(", W its weight");
    else if (!d->param)
        printf(", slope the derivative of its value");
    else if (x == t->of)
        printf(", x its x^");
    else if (x)
        printf(", x the value of %s", gradus_node_name(x));
    printf("\n\n%8s  %-*s %11s", "row", PLACE, "at", "dy");
    if (x || t->weight)
        printf("  %-*s", PLACE, "at");
    if (has_x(d, t))
        printf(" %11s %*s %s", name, 10 - (int)strlen(name), "dy", name);
    putchar('\n');
}

static void print_terms(const explanation *e, group g)
{
    size_t n = 0; /* those before the first 0 */
    double rest = 0;

    while (n < g.n && product(&g.term[n]) != 0)
        n++;
    for (size_t i = 0; i < n; i++)
        if (i < TERMS)
            print_term(e, &g.term[i]);
        else
            rest += product(&g.term[i]);
    if (n > TERMS)
        printf("%8s  and %zu smaller term%s, together %.5g\n", "", n - TERMS,
               n == TERMS + 1 ? "" : "s", rest);
    if (n < g.n)
        printf("%8s  and %zu term%s of 0\n", "", g.n - n,
               g.n == n + 1 ? "" : "s");
}

/* Says where the dy of the first term comes from. */
static void print_next(const explanation *e, const term *t)
{
    const gradus_node *n = t->of;
    char at[64], row[32] = "";

    if (n == loss_of(e)->node.in[0]) {
        print_loss_gradient(e, t->row, (int)t->at);
        return;
    }
    if (e->rows > 1)
        snprintf(row, sizeof row, "%zu:", e->first + (size_t)t->row);
    index_text(n->rank, n->shape, t->at, at);
    printf("--at %s%s:%.*s says where the first dy comes from\n", row,
           gradus_node_name(n), (int)strcspn(at + 1, "]"), at + 1);
}

static void print_group(const explanation *e, group g)
{
    const derivation *d = &e->of;
    const gradus_node *n = g.term->of;
    const equation *q = equation_of(gradus_node_op(n), d->param
                                                           ? d->param->name
                                                           : EQUATION_BACK);

    if (n->op->loss) {
        print_loss_gradient(e, g.term->row, (int)g.term->at);
        print_loss_legend(e, g.term->row);
        return;
    }
    if (q)
        printf("%s%s%s%s\n", q->text,
               d->param ? ", summed over the rows" : "", *q->tags ? "  " : "",
               q->tags);
    print_legend(d, g.term);
    print_terms(e, g);
    print_next(e, g.term);
}

/* ---- all of them -------------------------------------------------------- */

static void print_sums(const derivation *d)
{
    char terms[32];

    snprintf(terms, sizeof terms, "%zu term%s, sum", d->n,
             d->n == 1 ? "" : "s");
    printf("\n%-22s %16.9g\n", terms, d->sum);
    printf("%-22s %16.9g  off by %.1e\n", "gradient by backward", d->gradient,
           fabs(d->gradient - d->sum));
    printf("%-22s %16.9g  off by %.1e\n", "numeric derivative", d->numeric,
           fabs(d->gradient - d->numeric));
    if (fabs(d->left - d->right) >
        1e-6 + 1e-4 * fmax(fabs(d->left), fabs(d->right)))
        printf("The loss has a corner here, as at the 0 of a ReLU: its "
               "derivative is %.5g\non the left and %.5g on the right.\n",
               d->left, d->right);
}

/* Which number it is, and its value. */
static void print_name(const explanation *e)
{
    const derivation *d = &e->of;
    const gradus_node *n = d->node;
    char at[64];

    printf("\n%s", gradus_node_name(n));
    if (d->param) {
        index_text(d->param->rank, d->param->shape, d->entry, at);
        printf(".%s%s", d->param->name, at);
    } else {
        index_text(n->rank, n->shape, d->entry, at);
        printf("%s in row %zu", at, e->first + (size_t)d->row);
    }
    printf(" is %.6g\n", (double)*number_of(d));
}

void print_number(const explanation *e)
{
    const derivation *d = &e->of;

    print_title(e);
    print_name(e);
    for (size_t i = 0, n; i < d->n; i += n) {
        for (n = 1; i + n < d->n && d->term[i + n].of == d->term[i].of; n++)
            ;
        if (i == 0 && n < d->n)
            printf("several nodes use it, whose gradients add up  (B1)\n");
        if (!d->param && n < d->n)
            putchar('\n');
        print_group(e, (group){ d->term + i, n });
    }
    print_sums(d);
}
