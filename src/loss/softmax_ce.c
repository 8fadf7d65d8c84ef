/* softmax_ce.c -- softmax and cross entropy, fused into one output layer.
 * Forward turns the logits z into probabilities y and, where it is asked for,
 * computes the loss of each row; backward adds the gradient to dz.
 *
 *   y_k = exp(z_k - m) / sum_j exp(z_j - m),    m = max_j z_j            (S1)
 *   lse(z) = m + log sum_j exp(z_j - m)                                  (S2)
 *   L = 1/D sum t_k (lse(z) - z_k)              over rows, positions, k  (S3)
 *   dz_k += (y_k sum_j t_j - t_k) / D           y - t where t sums to 1  (S4)
 *
 *   z and y are [B,K], or have K classes at each of S positions of a row.
 *   t is either a distribution of that shape, or is made from a label k with
 *   the label smoothing eps: t_j = (1 - eps) [j = k] + eps / K           (S5)
 *   With weights, t_j is multiplied by row_weight[i] class_weight[j].    (S6)
 *   D is the sum of the weights of all positions that count (which is
 *   row_weight[i] class_weight[k] for a label k, and row_weight[i] for a
 *   distribution), or B, or 1, as the reduction says.                    (S7)
 *
 * (S3) never takes the logarithm of a rounded probability and (S4) never
 * divides by a probability, so both are accurate wherever z is finite.
 * docs/softmax.md derives them.
 */
#include "kernels/softmax.h"
#include "loss/loss.h"

#include <math.h>
#include <string.h>

/* Nothing changes the fields after `loss` once the constructor has run. */
typedef struct {
    gradus_loss_node loss;
    double on, off; /* the terms 1 - eps and eps / K of (S5) */
} softmax_ce_node;

/* ---- targets ------------------------------------------------------------ */

/* The label at row i, position s; NULL if the targets are distributions. */
static const int32_t *label_at(const gradus_loss_node *l, int i, int s)
{
    const gradus_node *t = l->node.in[1];

    if (t->kind != GRADUS_KIND_LABELS)
        return NULL;
    return t->label + (size_t)i * (size_t)l->positions + s;
}

static bool is_ignored(const gradus_loss_node *l, int i, int s)
{
    return l->use_ignore_label && *label_at(l, i, s) == l->ignore_label;
}

/* The index of class k of row i, position s in z, y, dz and t. */
static size_t place(const gradus_loss_node *l, int i, int s, int k)
{
    return (size_t)i * (size_t)l->node.size +
           (size_t)s * (size_t)l->position_step +
           (size_t)k * (size_t)l->class_step;
}

/* t_k at row i, position s, before any weight multiplies it: from the label by
 * (S5), or the number that was fed. */
static double unweighted(const gradus_loss_node *l, int i, int s, int k)
{
    const softmax_ce_node *n = (const softmax_ce_node *)l;
    const int32_t *label = label_at(l, i, s);

    if (label)
        return n->off + (*label == k ? n->on : 0);
    return l->node.in[1]->y[place(l, i, s, k)];
}

/* t_k at row i, position s, times the weight of class k, see (S6). */
static double target(const gradus_loss_node *l, int i, int s, int k)
{
    return unweighted(l, i, s, k) * gradus_loss_class_weight(l, k);
}

/* D of the whole batch, see (S7).  The labels have been checked before: each
 * is ignored, or a valid index of class_weight. */
static double divisor(const gradus_node *n, gradus_part all)
{
    const gradus_loss_node *l = gradus_as_loss(n);
    double D = 0;

    for (int i = all.row; i < all.row + all.rows; i++)
        for (int s = 0; s < l->positions; s++) {
            const int32_t *label = label_at(l, i, s);
            if (is_ignored(l, i, s))
                continue;
            D += gradus_loss_row_weight(n, i) *
                 (label ? gradus_loss_class_weight(l, *label) : 1);
        }
    return gradus_loss_divisor(l, D, all.rows);
}

/* ---- forward, backward -------------------------------------------------- */

/* Returns sum_k t_k (lse(z) - z_k), the term of (S3) at row i, position s; NaN
 * if a target is negative.  m is the largest logit, and log_sum is
 * log sum_j exp(z_j - m), so that lse(z) = m + log_sum, which is (S2).
 * Differences of finite floats can overflow a float, but not a double. */
static double cross_entropy(const gradus_loss_node *l, int i, int s, double m,
                            double log_sum)
{
    const gradus_real *z = l->node.in[0]->y + place(l, i, s, 0);
    const int32_t *label = label_at(l, i, s);
    const bool one = label && ((const softmax_ce_node *)l)->off == 0;
    double loss = 0;

    for (int k = one ? *label : 0; k < (one ? *label + 1 : l->classes); k++) {
        double t = target(l, i, s, k);
        if (unweighted(l, i, s, k) < 0)
            return NAN;
        if (t != 0) /* 0 times the infinite cost of a masked class is NaN */
            loss += t * (log_sum + (m - z[k * l->class_step]));
    }
    return loss;
}

static void forward(gradus_node *n, gradus_part p)
{
    const gradus_loss_node *l = gradus_as_loss(n);

    for (int i = p.row; i < p.row + p.rows; i++) {
        double loss = 0;
        for (int s = 0; s < l->positions; s++) {
            size_t at = place(l, i, s, 0);
            gradus_real m;
            double log_sum = log(gradus_softmax_of(
                n->in[0]->y + at, n->y + at, l->classes, l->class_step, &m));
            if (!l->loss || isnan(log_sum))
                loss += log_sum;
            else if (!is_ignored(l, i, s))
                loss += gradus_loss_row_weight(n, i) *
                        cross_entropy(l, i, s, m, log_sum);
        }
        if (l->loss)
            l->loss[i] = loss;
    }
}

/* dz_k += a (y_k sum_j t_j - t_k) for all classes k at row i, position s: (S4)
 * with a in place of 1 / D.  Outside from .. end - 1, t_k is 0. */
static void add_gradient(const gradus_loss_node *l, int i, int s, double a)
{
    const gradus_real *y = l->node.y + place(l, i, s, 0);
    gradus_real *dz = l->node.in[0]->dy + place(l, i, s, 0);
    const int32_t *label = label_at(l, i, s);
    const bool one = label && ((const softmax_ce_node *)l)->off == 0;
    const int from = one ? *label : 0, end = one ? from + 1 : l->classes;
    const int step = l->class_step;
    double sum = 0;

    for (int k = from; k < end; k++)
        sum += target(l, i, s, k);
    for (int k = 0; k < from; k++)
        dz[k * step] += (gradus_real)(a * (y[k * step] * sum));
    for (int k = from; k < end; k++)
        dz[k * step] +=
            (gradus_real)(a * (y[k * step] * sum - target(l, i, s, k)));
    for (int k = end; k < l->classes; k++)
        dz[k * step] += (gradus_real)(a * (y[k * step] * sum));
}

static void backward(gradus_node *n, gradus_part p)
{
    const gradus_loss_node *l = gradus_as_loss(n);
    double scale = gradus_loss_scale(l);

    for (int i = p.row; i < p.row + p.rows; i++)
        for (int s = 0; s < l->positions; s++)
            if (!is_ignored(l, i, s))
                add_gradient(l, i, s, scale * gradus_loss_row_weight(n, i));
}

/* ---- diagnosis ---------------------------------------------------------- */

/* Returns true, with a message, if the loss at row i, position s is not finite
 * because of the logit or the target of class k. */
static bool diagnose_class(gradus_node *n, int i, int s, int k)
{
    const gradus_loss_node *l = gradus_as_loss(n);
    double z = n->in[0]->y[place(l, i, s, k)], t = unweighted(l, i, s, k);

    if (isnan(z) || z == INFINITY)
        return gradus_fail(n, "row %d: the logit of class %d is %g; must be "
                           "finite or -inf", i, k, z), true;
    if (is_ignored(l, i, s))
        return false;
    if (!(t >= 0 && isfinite(t)))
        return gradus_fail(n, "row %d: the target of class %d is %g; must be "
                           "finite and at least 0", i, k, t), true;
    if (z == -INFINITY && target(l, i, s, k) > 0)
        return gradus_fail(n, "row %d: class %d is masked (its logit is "
                           "-inf), so its target must be 0", i, k), true;
    return false;
}

/* If nothing is wrong with any class of a position, its y is NaN only where
 * all logits are -inf. */
static bool diagnose(gradus_node *n, int row)
{
    const gradus_loss_node *l = gradus_as_loss(n);

    for (int s = 0; s < l->positions; s++) {
        for (int k = 0; k < l->classes; k++)
            if (diagnose_class(n, row, s, k))
                return true;
        if (isnan(n->y[place(l, row, s, 0)]))
            return gradus_fail(n, "row %d: every logit is -inf; one must be "
                               "finite", row), true;
    }
    return false;
}

/* ---- constructor -------------------------------------------------------- */

static gradus_node *make(const gradus_saved *s)
{
    const gradus_attr *a = s->attr;
    gradus_softmax_ce_options o = {
        .reduction = gradus_attr_int(a, "reduction", 0),
        .label_smoothing = gradus_attr_double(a, "label_smoothing", 0),
        .last_axis = gradus_attr_int(a, "last_axis", 0),
        .row_weight = s->in[2],
        .use_ignore_label = gradus_attr_values(a, "ignore_label", &(int){ 0 }),
        .ignore_label = gradus_attr_int(a, "ignore_label", 0),
    };

    return gradus_loss_saved_class_weight(
        gradus_softmax_ce(s->in[0], s->in[1], &o), a);
}

static const gradus_loss_rule rule = { .divisor = divisor,
                                       .diagnose = diagnose };

const gradus_op gradus_softmax_ce_op = {
    .name = "softmax_ce", .forward = forward, .backward = backward,
    .make = make, .loss = &rule,
};

/* The classes are the last axis of z, or else the first; all other axes of z
 * together are the positions. */
static void set_axes(gradus_loss_node *l, bool last_axis)
{
    const gradus_node *z = l->node.in[0];

    l->classes = z->shape[last_axis ? z->rank - 1 : 0];
    l->positions = z->size / l->classes;
    l->class_step = last_axis ? 1 : l->positions;
    l->position_step = last_axis ? l->classes : 1;
}

/* Returns n if the targets are labels of as many positions as z has, or data
 * of the shape of z, or of one axis: no input has two. */
static gradus_node *check_target(gradus_node *n)
{
    const gradus_node *z = n->in[0], *t = n->in[1];
    int positions = gradus_as_loss(n)->positions;
    size_t bytes = (size_t)z->rank * sizeof *z->shape;

    if (t->kind == GRADUS_KIND_LABELS && t->size != positions)
        return gradus_fail(n, "positions of %s is %d; must be %d, as in %s "
                           "([B,K,S] has S positions, [B,K] has 1)", t->name,
                           t->size, positions, z->name);
    if (t->kind == GRADUS_KIND_LABELS)
        return n;
    if (t->kind != GRADUS_KIND_VALUES || t->wants_gradient)
        return gradus_fail(n, "the targets come from %s; must be labels, or "
                           "an input that wants no gradient", t->name);
    if (t->size != z->size ||
        (t->rank > 1 && (t->rank != z->rank ||
                         memcmp(t->shape, z->shape, bytes) != 0)))
        return gradus_fail(n, "the targets of %s (rank %d, %d a row) must "
                           "have the shape of the logits of %s (rank %d, %d a "
                           "row), or rank 1 and as many numbers", t->name,
                           t->rank, t->size, z->name, z->rank, z->size);
    return n;
}

static gradus_node *check_options(gradus_node *n,
                                  const gradus_softmax_ce_options *o)
{
    const gradus_node *z = n->in[0];
    bool labels = n->in[1]->kind == GRADUS_KIND_LABELS;
    double eps = o->label_smoothing;

    if (gradus_as_loss(n)->classes < 2 && z->kind != GRADUS_KIND_LABELS)
        return gradus_fail(n, "%s has 1 class, whose probability is always 1, "
                           "so that nothing can be learnt; take 2 classes, or "
                           "gradus_sigmoid_ce for yes or no", z->name);
    if (!(eps >= 0 && eps <= 1))
        return gradus_fail(n, "label_smoothing is %g; must be 0 to 1", eps);
    if ((eps > 0 || o->use_ignore_label) && !labels)
        return gradus_fail(n, "%s is set, but the targets are distributions; "
                           "it needs labels",
                           eps > 0 ? "label_smoothing" : "use_ignore_label");
    return n;
}

/* Sets the node's fields from the options, and records those options that are
 * not the defaults, in the order in which model files list them. */
static gradus_node *set_options(gradus_node *n,
                                const gradus_softmax_ce_options *o)
{
    softmax_ce_node *l = (softmax_ce_node *)n;

    l->on = 1 - o->label_smoothing;
    l->off = o->label_smoothing / l->loss.classes;
    l->loss.use_ignore_label = o->use_ignore_label;
    l->loss.ignore_label = o->ignore_label;
    if (o->label_smoothing > 0)
        n = gradus_set_attr(n, "label_smoothing", 1, &o->label_smoothing);
    if (o->use_ignore_label)
        n = gradus_set_attr(n, "ignore_label", 1,
                            &(double){ o->ignore_label });
    if (o->last_axis)
        n = gradus_set_attr(n, "last_axis", 1, &(double){ 1 });
    return gradus_loss_set_class_weight(n, o->class_weight);
}

gradus_node *gradus_softmax_ce(gradus_node *z, gradus_node *t,
                               const gradus_softmax_ce_options *options)
{
    const gradus_softmax_ce_options o =
        options ? *options : (gradus_softmax_ce_options){ 0 };
    gradus_node *n =
        gradus_loss_new(&gradus_softmax_ce_op, sizeof(softmax_ce_node), z, t,
                        o.row_weight, o.reduction);

    if (!n)
        return NULL;
    set_axes(gradus_as_loss(n), o.last_axis);
    if (!check_target(n) || !check_options(n, &o))
        return NULL;
    return set_options(n, &o);
}
