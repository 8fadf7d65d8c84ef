/* softmax_ce.c -- softmax and cross entropy, fused into one output layer.
 *
 *   y_k = exp(z_k - m) / sum_j exp(z_j - m),    m = max_j z_j            (S1)
 *   lse(z) = m + log sum_j exp(z_j - m)                                  (S2)
 *   L = 1/D sum t_k (lse(z) - z_k)              over rows, positions, k  (S3)
 *   dz_k += (y_k sum_j t_j - t_k) / D           y - t where t sums to 1  (S4)
 *
 *   z, y [B,K], or K at each of S positions; t a distribution of that shape,
 *   or made of a label k: t_j = (1 - eps) [j = k] + eps / K              (S5)
 *   with weights: t_j is multiplied by row_weight[i] class_weight[j]     (S6)
 *   D: the weights of the rows that count (of a label: row_weight[i]
 *   class_weight[k]), or B, or 1                                         (S7)
 *
 * (S3) never takes the log of a rounded probability and (S4) never divides by
 * one: both are exact wherever z is finite.  docs/softmax.md derives them.
 */
#include "loss/loss.h"

#include <math.h>
#include <string.h>
#include <tgmath.h> /* exp of a gradus_real, float or double */

typedef struct {
    gradus_node node;
    double on, off;             /* 1 - eps and eps / K of (S5) */
    const double *class_weight; /* [K] of the node's settings, or NULL */
} softmax_ce;

static double class_weight(const softmax_ce *l, int k)
{
    return l->class_weight ? l->class_weight[k] : 1;
}

/* The label at row i, position s; NULL where t is a distribution. */
static const int32_t *label_at(const gradus_node *n, int i, int s)
{
    const gradus_node *t = n->in[1];
    if (t->kind != GRADUS_LABELS)
        return NULL;
    return t->label + (size_t)i * n->positions + s;
}

static int is_ignored(const gradus_node *n, const int32_t *label)
{
    return label && n->use_ignore_label && *label == n->ignore_label;
}

/* Where class 0 of row i, position s lies in z, y and t. */
static size_t at(const gradus_node *n, int i, int s)
{
    return (size_t)i * n->size + (size_t)s * n->position_step;
}

/* t_k of row i, position s, without the class's weight: (S5) or as fed. */
static double unweighted(const softmax_ce *l, int i, int s, int k)
{
    const gradus_node *n = &l->node;
    const int32_t *label = label_at(n, i, s);

    if (label)
        return l->off + (*label == k ? l->on : 0);
    return n->in[1]->y[at(n, i, s) + (size_t)k * n->class_step];
}

static double target(const softmax_ce *l, int i, int s, int k)
{
    return unweighted(l, i, s, k) * class_weight(l, k);
}

/* Sums D (S7) over the whole batch; the labels have been checked. */
static int prepare(gradus_node *n, gradus_rows r)
{
    const softmax_ce *l = (const softmax_ce *)n;
    double D = 0;

    for (int i = r.from; i < r.from + r.n; i++)
        for (int s = 0; s < n->positions; s++) {
            const int32_t *label = label_at(n, i, s);
            if (is_ignored(n, label))
                continue;
            D += gradus_loss_row_weight(n, i) *
                 (label ? class_weight(l, *label) : 1);
        }
    gradus_loss_divide(n, D, r.n);
    return 0;
}

/* y = softmax(z) at one position, (S1); returns log sum_j exp(z_j - m). */
static double softmax(const gradus_real *z, gradus_real *y, int K, int step,
                      gradus_real *max)
{
    gradus_real m = z[0];
    double sum = 0;

    for (int k = 1; k < K; k++)
        m = z[k * step] > m ? z[k * step] : m;
    for (int k = 0; k < K; k++)
        sum += y[k * step] = exp(z[k * step] - m);
    gradus_real scale = (gradus_real)(1 / sum);
    for (int k = 0; k < K; k++)
        y[k * step] *= scale;
    *max = m;
    return log(sum);
}

/* sum_k t_k (lse(z) - z_k), (S3).  Differences of finite floats can overflow a
 * float, but not a double. */
static double cross_entropy(const softmax_ce *l, int i, int s,
                            const gradus_real *z, double m, double log_sum)
{
    const gradus_node *n = &l->node;
    double loss = 0;

    for (int k = 0; k < n->classes; k++) {
        double t = target(l, i, s, k);
        if (unweighted(l, i, s, k) < 0)
            return NAN;
        if (t != 0) /* a masked class, z = -inf, costs only if aimed at */
            loss += t * (log_sum + (m - z[k * n->class_step]));
    }
    return loss;
}

static void forward(gradus_node *n, gradus_rows r)
{
    const softmax_ce *l = (const softmax_ce *)n;

    for (int i = r.from; i < r.from + r.n; i++) {
        double loss = 0;
        for (int s = 0; s < n->positions; s++) {
            const gradus_real *z = n->in[0]->y + at(n, i, s);
            gradus_real m;
            double log_sum =
                softmax(z, n->y + at(n, i, s), n->classes, n->class_step, &m);
            if (!n->loss || isnan(log_sum))
                loss += log_sum;
            else if (!is_ignored(n, label_at(n, i, s)))
                loss += gradus_loss_row_weight(n, i) *
                        cross_entropy(l, i, s, z, m, log_sum);
        }
        if (n->loss)
            n->loss[i] = loss;
    }
}

static void backward(gradus_node *n, gradus_rows r)
{
    const softmax_ce *l = (const softmax_ce *)n;
    double scale = n->weight / (n->divisor > 0 ? n->divisor : 1);
    int step = n->class_step;

    for (int i = r.from; i < r.from + r.n; i++)
        for (int s = 0; s < n->positions; s++) {
            const gradus_real *y = n->y + at(n, i, s);
            gradus_real *dz = n->in[0]->dy + at(n, i, s);
            double a = scale * gradus_loss_row_weight(n, i), sum = 0;
            if (is_ignored(n, label_at(n, i, s)))
                continue;
            for (int k = 0; k < n->classes; k++)
                sum += target(l, i, s, k);
            /* dz += (y sum t - t) / D (S4) */
            for (int k = 0; k < n->classes; k++)
                dz[k * step] += (gradus_real)(
                    a * (y[k * step] * sum - target(l, i, s, k)));
        }
}

/* Why the loss at one position of a row is not finite. */
static int diagnose_position(gradus_node *n, int i, int s)
{
    const softmax_ce *l = (const softmax_ce *)n;
    const gradus_real *z = n->in[0]->y + at(n, i, s);
    int masked = 0;

    for (int k = 0; k < n->classes; k++) {
        double v = z[k * n->class_step];
        if (isnan(v) || v == INFINITY)
            return gradus_fail(n, "row %d: the logit of class %d is %g", i, k,
                               v), 1;
        masked += v == -INFINITY;
        if (is_ignored(n, label_at(n, i, s)))
            continue;
        double t = unweighted(l, i, s, k);
        if (!(t >= 0 && isfinite(t)))
            return gradus_fail(n, "row %d: the target of class %d is %g, "
                               "finite and at least 0 wanted", i, k, t), 1;
        if (v == -INFINITY && target(l, i, s, k) > 0)
            return gradus_fail(n, "row %d: class %d is masked (its logit is "
                               "-inf) and is the target", i, k), 1;
    }
    if (masked == n->classes)
        return gradus_fail(n, "row %d: every logit is -inf", i), 1;
    return 0;
}

static int diagnose(gradus_node *n, int row)
{
    for (int s = 0; s < n->positions; s++)
        if (diagnose_position(n, row, s))
            return 1;
    return 0;
}

static gradus_node *make(gradus_graph *g, gradus_node *const *in, int n_in,
                         const gradus_attr *a)
{
    int weights, ignores;
    gradus_softmax_ce_options o = {
        .reduction = (gradus_reduction)gradus_attr_int(a, "reduction", 0),
        .label_smoothing = gradus_attr_double(a, "label_smoothing", 0),
        .last_axis = gradus_attr_int(a, "last_axis", 0),
        .class_weight = gradus_attr_values(a, "class_weight", &weights),
        .row_weight = n_in > 2 ? in[2] : NULL,
        .ignore_label = gradus_attr_int(a, "ignore_label", 0),
    };

    (void)g;
    gradus_attr_values(a, "ignore_label", &ignores);
    o.use_ignore_label = ignores > 0;
    if (n_in < 2)
        return gradus_fail(NULL, "softmax_ce: %d operands, logits and targets "
                           "wanted", n_in);
    const gradus_node *z = in[0];
    int K = z->shape[o.last_axis ? z->rank - 1 : 0];
    if (o.class_weight && weights != K)
        return gradus_fail(NULL, "softmax_ce: %d class weights for %d classes",
                           weights, K);
    return gradus_softmax_ce(in[0], in[1], &o);
}

const gradus_op gradus_softmax_ce_op = {
    .name = "softmax_ce", .prepare = prepare, .forward = forward,
    .backward = backward, .diagnose = diagnose, .make = make,
};

/* Which of z's axes are the classes, and what the others amount to. */
static void set_axes(gradus_node *n, int last_axis)
{
    const gradus_node *z = n->in[0];

    n->classes = z->shape[last_axis ? z->rank - 1 : 0];
    n->positions = n->size / n->classes;
    n->class_step = last_axis ? 1 : n->positions;
    n->position_step = last_axis ? n->classes : 1;
}

static gradus_node *check_target(gradus_node *n, const gradus_node *t)
{
    const gradus_node *z = n->in[0];
    int labels = t->kind == GRADUS_LABELS;

    if ((!labels && t->kind != GRADUS_VALUES) || t->wants_gradient)
        return gradus_fail(n, "targets come from a labels or input node that "
                           "wants no gradient, not from %s", t->name);
    if (labels && t->size != n->positions)
        return gradus_fail(n, "%d labels a sample, but the logits of %s have "
                           "%d positions: [B,K,S] has S, [B,K] has 1",
                           t->size, z->name, n->positions);
    if (!labels && (t->rank != z->rank ||
                    memcmp(t->shape, z->shape,
                           (size_t)z->rank * sizeof *z->shape) != 0))
        return gradus_fail(n, "targets of %d values do not have the shape of "
                           "the logits, %d", t->size, z->size);
    return n;
}

static gradus_node *check_options(gradus_node *n,
                                  const gradus_softmax_ce_options *o)
{
    double eps = o->label_smoothing;

    if (!(eps >= 0 && eps <= 1))
        return gradus_fail(n, "label smoothing %g, 0 to 1 wanted", eps);
    if (eps > 0 && (n->classes < 2 || n->in[1]->kind != GRADUS_LABELS))
        return gradus_fail(n, "label smoothing wants labels and at least 2 "
                           "classes, not %d", n->classes);
    if (o->use_ignore_label && n->in[1]->kind != GRADUS_LABELS)
        return gradus_fail(n, "ignore_label wants labels, not distributions");
    return n;
}

/* Notes the options that are not the defaults; the order is that of model
 * files. */
static gradus_node *note_options(gradus_node *n,
                                 const gradus_softmax_ce_options *o)
{
    softmax_ce *l = (softmax_ce *)n;
    int count;

    n = gradus_loss_reduce(n, o->reduction);
    if (o->label_smoothing > 0)
        n = gradus_set_attr(n, "label_smoothing", 1, &o->label_smoothing);
    if (o->use_ignore_label)
        n = gradus_set_attr(n, "ignore_label", 1,
                            &(double){ o->ignore_label });
    if (o->last_axis)
        n = gradus_set_attr(n, "last_axis", 1, &(double){ 1 });
    if (!n || !gradus_loss_class_weight(n, n->classes, o->class_weight))
        return NULL;
    n->use_ignore_label = o->use_ignore_label;
    n->ignore_label = o->ignore_label;
    l->on = 1 - o->label_smoothing;
    l->off = o->label_smoothing / n->classes;
    l->class_weight = gradus_attr_values(n->attr, "class_weight", &count);
    return n;
}

gradus_node *gradus_softmax_ce(gradus_node *z, gradus_node *t,
                               const gradus_softmax_ce_options *options)
{
    gradus_softmax_ce_options o = { 0 };
    if (options)
        o = *options;
    gradus_node *n = gradus_loss_new(&gradus_softmax_ce_op, sizeof(softmax_ce),
                                     z, t, o.row_weight);
    if (!n)
        return NULL;
    set_axes(n, o.last_axis);
    if (!check_target(n, t) || !check_options(n, &o))
        return NULL;
    return note_options(n, &o);
}
