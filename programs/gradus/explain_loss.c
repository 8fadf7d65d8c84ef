/* explain_loss.c -- prints the loss of a batch, and how it and its gradient
 * come about; docs/softmax.md has the equations with an S. */
#include "explain.h"

#include "common.h"
#include "equations.h"
#include "text.h"

#include <math.h>

enum {
    NAME = 18,   /* columns for a name */
    CLASSES = 20 /* classes that are shown */
};

/* Number k of row i of the loss's operand, or of its gradient. */
static double operand_at(const gradus_real *v, const gradus_loss_node *l,
                         int i, int k)
{
    return v[(size_t)i * (size_t)l->node.size + (size_t)k];
}

/* How wrong y_k is, for the order of the classes. */
static double wrongness(const gradus_loss_node *l, int k)
{
    return fabs(l->node.y[k] - target_of(l, 0, k));
}

/* Is k among the CLASSES most wrong of all? */
static int is_shown(const gradus_loss_node *l, int k)
{
    int before = 0;

    for (int j = 0; j < l->node.size && l->node.size > CLASSES; j++)
        before += wrongness(l, j) > wrongness(l, k) ||
                  (wrongness(l, j) == wrongness(l, k) && j < k);
    return before < CLASSES;
}

/* The sum of t_k, 1 where it is a distribution without weights. */
static double target_sum(const gradus_loss_node *l, int i)
{
    double sum = 0;

    for (int k = 0; k < l->node.size; k++)
        sum += target_of(l, i, k);
    return l->classes ? sum : 1;
}

static void print_output(const explanation *e, int k)
{
    const gradus_loss_node *l = loss_of(e);
    const gradus_node *z = l->node.in[0];
    const double y = l->node.y[k], t = target_of(l, 0, k);
    const gradus_attr *a = l->node.in[1]->attr;
    const double *centre = gradus_attr_values(a, "centre", NULL);
    const double *scale = gradus_attr_values(a, "scale", NULL);

    fputs("  ", stdout);
    print_cell(stdout, l->classes ? class_name(e->m.graph, k)
                                  : target_name(&e->m, k), NAME, 0);
    printf(" %11.5g", operand_at(z->y, l, 0, k));
    if (l->classes)
        printf(" %11.5g", y);
    printf(" %11.5g %11.5g %11.5g", t, y * target_sum(l, 0) - t,
           operand_at(z->dy, l, 0, k));
    if (scale)
        printf(" %11.5g", y * scale[k] + centre[k]);
    putchar('\n');
}

/* lse(z) = m + log sum_j exp(z_j - m), with m = max_j z_j */
static double log_sum_exp(const gradus_loss_node *l)
{
    const gradus_real *z = l->node.in[0]->y;
    double m = z[0];

    for (int k = 1; k < l->node.size; k++)
        m = z[k] > m ? z[k] : m;
    double sum = exp(z[0] - m);
    for (int k = 1; k < l->node.size; k++)
        sum += exp(z[k] - m);
    return m + log(sum);
}

/* How the targets of classes come about, if they are not simply 0 and 1. */
static void print_targets(const gradus_loss_node *l)
{
    const double eps = gradus_attr_double(l->node.attr, "label_smoothing", 0);

    if (eps > 0)
        printf("  t_k = (1 - eps) [k is the label] + eps / K,  eps = %g  "
               "(S5)\n", eps);
    if (l->class_weight)
        printf("  t_k is multiplied by the weight of its class  (S6)\n");
}

/* How the loss of classes and its gradient come about. */
static void print_cross_entropy(const explanation *e)
{
    const gradus_loss_node *l = loss_of(e);

    print_targets(l);
    if (e->rows == 1)
        printf("  lse(z) = log sum_k exp(z_k) = %.6g  (S2)\n", log_sum_exp(l));
    printf("  L = 1/D sum t_k (lse(z) - z_k) = %.6g,  D = %g  (S3) (S7)\n",
           gradus_loss(e->g), divisor_of(l));
    printf("  dL/dz_k = (y_k%s - t_k) / D  (S4)\n",
           l->class_weight ? " sum_j t_j" : "");
}

static void print_regression(const explanation *e)
{
    const gradus_loss_node *l = loss_of(e);
    const gradus_node *t = l->node.in[1];
    const equation *back = equation_of(gradus_node_op(&l->node),
                                       EQUATION_BACK);

    printf("  L = %.6g,  D = %g\n", gradus_loss(e->g), divisor_of(l));
    if (back)
        printf("  %s\n", back->text);
    if (gradus_attr_values(t->attr, "scale", NULL))
        printf("  y and t are standardised, (v - mean) / std%s\n",
               e->rows == 1 ? "; v is what the net predicts" : "");
}

static void print_outputs(const explanation *e)
{
    const gradus_loss_node *l = loss_of(e);
    int left = 0;

    printf("  %-*s %11s", NAME, l->classes ? "class" : "target",
           l->classes ? "z" : "y");
    printf(l->classes ? " %11s" : "%s", l->classes ? "y" : "");
    printf(" %11s %11s %11s", "t", "y - t", l->classes ? "dL/dz" : "dL/dy");
    if (gradus_attr_values(l->node.in[1]->attr, "scale", NULL))
        printf(" %11s", "v");
    putchar('\n');
    for (int k = 0; k < l->node.size; k++)
        if (is_shown(l, k))
            print_output(e, k);
        else
            left++;
    if (left)
        printf("  and %d more, of which y is nearer to t\n", left);
}

static void print_batch_row(const explanation *e, int i)
{
    const gradus_loss_node *l = loss_of(e);
    const gradus_real *y = l->node.y + (size_t)i * (size_t)l->node.size;

    printf("  %8zu  ", e->first + (size_t)i);
    if (l->classes) {
        const int t = e->d->labels[e->first + (size_t)i];
        print_cell(stdout, class_name(e->m.graph, t), NAME, 0);
        putchar(' ');
        print_cell(stdout, class_name(e->m.graph, best_class(y, l->classes)),
                   NAME, 0);
        printf(" %11.5g", (double)y[t]);
    }
    printf(" %11.5g\n", l->loss[i]);
}

/* The rows of a batch, and what each adds to the loss. */
static void print_batch(const explanation *e)
{
    printf("  %8s  ", "row");
    if (loss_of(e)->classes)
        printf("%-*s %-*s %11s", NAME, "true", NAME, "predicted",
               "y of true");
    printf(" %11s\n", "loss");
    for (int i = 0; i < e->rows; i++)
        print_batch_row(e, i);
}

double loss_gradient(const gradus_loss_node *l, int i, int k)
{
    const double y = operand_at(l->node.y, l, i, k), t = target_of(l, i, k);
    const double delta = gradus_attr_double(l->node.attr, "delta", 1);

    if (l->classes)
        return (y * target_sum(l, i) - t) / divisor_of(l);
    if (is_op(&l->node, "huber"))
        return fmax(-delta, fmin(delta, y - t)) / divisor_of(l);
    return 2 * (y - t) / divisor_of(l);
}

/* (y_k - t_k) / D, first in letters, behind text of that width, and then in
 * numbers. */
static void print_difference(const gradus_loss_node *l, int i, int k,
                             int width)
{
    const double y = operand_at(l->node.y, l, i, k), t = target_of(l, i, k);
    const double delta = gradus_attr_double(l->node.attr, "delta", 1);

    if (l->class_weight)
        printf("(y_%d sum_j t_j - t_%d) / D  (S4)\n%*s(%.6g * %.6g - %.6g)",
               k, k, width, "= ", y, target_sum(l, i), t);
    else if (l->classes)
        printf("(y_%d - t_%d) / D  (S4)\n%*s(%.6g - %.6g)", k, k, width,
               "= ", y, t);
    else if (is_op(&l->node, "huber"))
        printf("max(-delta, min(delta, y_%d - t_%d)) / D\n"
               "%*smax(-%g, min(%g, %.6g - %.6g))", k, k, width, "= ",
               delta, delta, y, t);
    else
        printf("2 (y_%d - t_%d) / D\n%*s2 (%.6g - %.6g)", k, k, width, "= ",
               y, t);
    printf(" / %g", divisor_of(l));
}

void print_loss_gradient(const explanation *e, int i, int k)
{
    const gradus_loss_node *l = loss_of(e);
    const gradus_node *z = l->node.in[0];
    char at[64];

    index_text(z->rank, z->shape, (size_t)k, at);
    const int width = printf("in row %zu, dy%s = ", e->first + (size_t)i, at);
    print_difference(l, i, k, width);
    if (l->weight != 1)
        printf(", times the weight %g of the loss", l->weight);
    putchar('\n');
}

void print_loss_legend(const explanation *e, int i)
{
    const gradus_loss_node *l = loss_of(e);

    printf("  y is the value of %s, t the target", gradus_node_name(&l->node));
    if (l->classes)
        printf(" of the label %s",
               printable(class_name(e->m.graph,
                                    e->d->labels[e->first + (size_t)i])));
    printf(";\n  the loss is divided by D%s\n", l->classes ? "  (S7)" : "");
    if (l->classes)
        print_targets(l);
}

void print_loss(const explanation *e)
{
    printf("\nthe loss, %s\n", gradus_node_op(output_of(e->g)));
    if (e->rows > 1)
        print_batch(e);
    else
        print_outputs(e);
    if (loss_of(e)->classes)
        print_cross_entropy(e);
    else
        print_regression(e);
}
