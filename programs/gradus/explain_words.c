/* explain_words.c -- prints a step of a net, as tables of at most 80 columns:
 * the value and the gradient of each node, and the equations. */
#include "explain.h"

#include "dot.h"
#include "equations.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

enum {
    NAME = 16, SHAPE = 16, /* columns for a name and a shape, */
    ENTRY = 38             /* and for a name with indices */
};

static void print_heads(void)
{
    printf("  %-*s %-*s %10s %10s %10s %7s\n", NAME, "", SHAPE, "shape",
           "min", "mean", "max", "zeros");
}

static void print_spread(const char *name, const char *shape, const spread *s)
{
    fputs("  ", stdout);
    print_cell(stdout, name, NAME, 0);
    putchar(' ');
    print_cell(stdout, shape, SHAPE, 0);
    printf(" %10.4g %10.4g %10.4g %5.0f %%\n", s->min, s->mean, s->max,
           100 * s->zeros);
}

static void print_up(const explanation *e)
{
    printf("\nup: y, the value of each node\n");
    print_heads();
    for (int i = 0; i < gradus_node_count(e->g); i++) {
        const gradus_node *n = gradus_node_at(e->g, i);
        char shape[64];
        spread s;
        shape_text(n, shape);
        if (value_spread(e, n, &s))
            print_spread(gradus_node_name(n), shape, &s);
    }
}

static void print_parameters(const gradus_node *n)
{
    const gradus_param *p;

    for (int j = 0; (p = gradus_param_at(n, j)); j++) {
        const spread s = spread_of(p->dw, p->size);
        char name[64], shape[64] = "";
        snprintf(name, sizeof name, "  .%s", p->name);
        for (int k = 0; k < p->rank; k++)
            snprintf(shape + strlen(shape), sizeof shape - strlen(shape),
                     "%s%d", k ? " x " : "", p->shape[k]);
        if (!p->buffer)
            print_spread(name, shape, &s);
    }
}

static void print_down(const explanation *e)
{
    printf("\ndown: dL/dy, the gradient of each node; below it, those of its "
           "parameters\n");
    print_heads();
    for (int i = gradus_node_count(e->g) - 1; i >= 0; i--) {
        const gradus_node *n = gradus_node_at(e->g, i);
        char shape[64];
        spread s;
        shape_text(n, shape);
        if (gradient_spread(e, n, &s))
            print_spread(gradus_node_name(n), shape, &s);
        print_parameters(n);
    }
}

/* "--weight dense1.weight:3,17" */
static void entry_text(const gradus_node *n, const gradus_param *p, size_t at,
                       char text[128])
{
    char index[64];

    index_text(p->rank, p->shape, at, index);
    snprintf(text, 128, "--weight %s.%s:%.*s", gradus_node_name(n), p->name,
             (int)strlen(index) - 2, index + 1);
}

/* "--at 7:dense1:3", for number `at` of the values of all rows. */
static void value_text(const explanation *e, const gradus_node *n, size_t at,
                       char text[128])
{
    const size_t size = (size_t)n->size;
    char index[64], row[32] = "";

    index_text(n->rank, n->shape, at % size, index);
    if (e->rows > 1)
        snprintf(row, sizeof row, "%zu:", e->first + at / size);
    snprintf(text, 128, "--at %s%s:%.*s", row, gradus_node_name(n),
             (int)strlen(index) - 2, index + 1);
}

/* Where the smallest and the largest number of each gradient are. */
static void print_places(const explanation *e)
{
    const gradus_param *p;
    char min[128], max[128];
    spread of_value;

    printf("\nwhere they are, as the option that says how the number comes "
           "about\n  %-*s %s\n", ENTRY, "min", "max");
    for (int i = gradus_node_count(e->g) - 1; i >= 0; i--) {
        const gradus_node *n = gradus_node_at(e->g, i);
        if (gradient_spread(e, n, &of_value)) {
            value_text(e, n, of_value.min_at, min);
            value_text(e, n, of_value.max_at, max);
            printf("  %-*s %s\n", ENTRY, min, max);
        }
        for (int j = 0; (p = gradus_param_at(n, j)); j++) {
            const spread s = spread_of(p->dw, p->size);
            entry_text(n, p, s.min_at, min);
            entry_text(n, p, s.max_at, max);
            if (!p->buffer)
                printf("  %-*s %s\n", ENTRY, min, max);
        }
    }
}

/* Has an earlier node the op of node i? */
static int is_repeated(const gradus_graph *g, int i)
{
    for (int j = 0; j < i; j++)
        if (gradus_node_at(g, j)->op == gradus_node_at(g, i)->op)
            return 1;
    return 0;
}

static void print_equations(const explanation *e)
{
    static const char *const of[] = { EQUATION_VALUE, EQUATION_BACK, "weight",
                                      "bias" };

    printf("\nthe equations, of one row\n");
    for (int i = 0; i < gradus_node_count(e->g); i++) {
        const gradus_node *n = gradus_node_at(e->g, i);
        for (int k = 0; k < 4 && !is_repeated(e->g, i); k++) {
            const equation *q = equation_of(gradus_node_op(n), of[k]);
            if (q && (k < 2 || gradus_find_param(n, of[k])))
                printf("  %-11s %s%s%s\n", k ? "" : gradus_node_op(n), q->text,
                       *q->tags ? "  " : "", q->tags);
        }
    }
}

void print_step(const explanation *e)
{
    print_row(e);
    print_loss(e);
    print_up(e);
    print_down(e);
    print_places(e);
    print_equations(e);
}
