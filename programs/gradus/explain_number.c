/* explain_number.c -- prints where one number of a gradient comes from, as a
 * table of at most 80 columns. */
#include "explain.h"

#include "equations.h"
#include "text.h"

#include <math.h>
#include <stdio.h>

enum {
    PLACE = 14, /* columns for indices, */
    TERMS = 16  /* and terms that are shown */
};

static void print_term(const explanation *e, const term *t)
{
    const gradus_node *n = e->of.node;
    char at[64];

    index_text(n->rank, n->shape, t->at, at);
    printf("%8zu  %-*s %11.5g", e->first + (size_t)t->row, PLACE, at, t->dy);
    if (t->from) {
        index_text(t->from->rank, t->from->shape, t->from_at, at);
        printf("  %-*s %11.5g %11.5g", PLACE, at, t->x, t->dy * t->x);
    }
    putchar('\n');
}

static void print_terms(const explanation *e)
{
    const derivation *d = &e->of;
    size_t n = 0; /* those before the first 0, as the largest come first */
    double rest = 0;

    while (n < d->n && d->term[n].dy * d->term[n].x != 0)
        n++;
    for (size_t i = 0; i < n; i++)
        if (i < TERMS)
            print_term(e, &d->term[i]);
        else
            rest += d->term[i].dy * d->term[i].x;
    if (n > TERMS)
        printf("%8s  and %zu smaller term%s, together %.5g\n", "", n - TERMS,
               n == TERMS + 1 ? "" : "s", rest);
    if (n < d->n)
        printf("%8s  and %zu term%s of 0\n", "", d->n - n,
               d->n == n + 1 ? "" : "s");
}

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
}

/* What dy and x are in the table of terms. */
static void print_legend(const derivation *d)
{
    const gradus_node *x = d->n ? d->term[0].from : NULL;

    printf("dy is the gradient of %s", gradus_node_name(d->node));
    if (x == d->node)
        printf(", x its x^");
    else if (x)
        printf(", x the value of %s", gradus_node_name(x));
    printf("\n\n%8s  %-*s %11s", "row", PLACE, "at", "dy");
    if (x)
        printf("  %-*s %11s %11s", PLACE, "at", "x", "dy x");
    putchar('\n');
}

void print_entry(const explanation *e)
{
    const derivation *d = &e->of;
    const equation *q = equation_of(gradus_node_op(d->node), d->param->name);
    char at[64];

    print_title(e);
    index_text(d->param->rank, d->param->shape, d->entry, at);
    printf("\n%s.%s%s is %.6g\n", gradus_node_name(d->node), d->param->name,
           at, (double)d->param->w[d->entry]);
    if (q)
        printf("%s, summed over the rows%s%s\n", q->text,
               *q->tags ? "  " : "", q->tags);
    print_legend(d);
    print_terms(e);
    if (d->n && d->node == loss_of(e)->node.in[0])
        print_loss_gradient(e, d->term->row, (int)d->term->at);
    print_sums(d);
    if (fabs(d->left - d->right) >
        1e-6 + 1e-4 * fmax(fabs(d->left), fabs(d->right)))
        printf("The loss has a corner here, as at the 0 of a ReLU: its "
               "derivative is %.5g\non the left and %.5g on the right.\n",
               d->left, d->right);
}
