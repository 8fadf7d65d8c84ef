/* sigmoid_ce.c -- sigmoid and binary cross entropy, fused into one layer: each
 * value is the probability of a class of its own, so that a row can belong to
 * several classes or to none (multi-label classification).
 *
 *   e = exp(-|z|)
 *   y = sigmoid(z) = 1 / (1 + e) where z >= 0, e / (1 + e) elsewhere
 *   l(z, t) = -t log y - (1 - t) log(1 - y)
 *           = max(z, 0) - z t + log(1 + e)
 *   L = 1/D sum w_i c_k l(z_iks, t_iks)         over rows, classes, positions
 *   dz_iks += w_i c_k / D (y_iks - t_iks)
 *
 *   The logits z, the probabilities y and the targets t, from 0 to 1, are
 *   [B,K] or [B,K,..].  w_i is the weight of row i and c_k that of class k.
 *   D is size times the sum of the rows' weights, or B size, or 1, as the
 *   reduction says; size is the number of values in a row.
 *
 * No exponential overflows and no logarithm is taken of a rounded y, so the
 * loss and its gradient are accurate wherever z is finite.  docs/numbers.md
 * says more.
 */
#include "loss/loss.h"

#include <tgmath.h> /* exp of a gradus_real, float or double */

/* Returns y = sigmoid(z) by (F1), which is NaN where z is infinite, as 0 z is;
 * and sets *e to exp(-|z|). */
static gradus_real sigmoid(gradus_real z, gradus_real *e)
{
    *e = exp(-fabs(z));
    return (z < 0 ? *e : 1) / (1 + *e) + 0 * z;
}

/* y = sigmoid(z) for each number of z [n] and y [n]. */
static void sigmoids(const gradus_real *z, gradus_real *y, size_t n)
{
    gradus_real e;

    for (size_t s = 0; s < n; s++)
        y[s] = sigmoid(z[s], &e);
}

/* y = sigmoid(z) for each number of z [n] and y [n].  Returns the sum of
 * l(z, t) (F2) over them and t [n]; NaN if a target is not in [0,1]. */
static double cross_entropy(const gradus_real *z, const gradus_real *t,
                            gradus_real *y, int n)
{
    double sum = 0;
    int bad = 0;

    for (int s = 0; s < n; s++) {
        gradus_real e;
        y[s] = sigmoid(z[s], &e);
        bad |= !(t[s] >= 0 && t[s] <= 1);
        sum += (z[s] < 0 ? 0 : z[s]) - (double)z[s] * t[s] + log1p(e);
    }
    return bad ? NAN : sum;
}

/* A row is summed in pieces, within which the class weight is the same.  There
 * are K of them, one for each class, or a single one if classes have no
 * weights. */
static int pieces(const gradus_loss_node *l)
{
    return l->class_weight ? l->node.shape[0] : 1;
}

/* Computes y, and if it is wanted the loss of each row before it is divided by
 * D, w_i sum_{k,s} c_k l(z_iks, t_iks); targets are read only in that case. */
static void forward(gradus_node *n, gradus_part p)
{
    const gradus_loss_node *l = gradus_as_loss(n);
    const gradus_real *z = gradus_row(n->in[0]->y, p, n->size);
    gradus_real *y = gradus_row(n->y, p, n->size);
    int S = n->size / pieces(l);

    if (!l->loss) {
        sigmoids(z, y, gradus_count(p, n->size));
        return;
    }
    const gradus_real *t = gradus_row(n->in[1]->y, p, n->size);
    for (int i = p.row; i < p.row + p.rows; i++) {
        double loss = 0;
        for (int k = 0; k < pieces(l); k++, z += S, t += S, y += S)
            loss += gradus_loss_class_weight(l, k) *
                    cross_entropy(z, t, y, S);
        l->loss[i] = gradus_loss_row_weight(n, i) * loss;
    }
}

/* a is w_i c_k / D times the weight of this loss. */
static void backward(gradus_node *n, gradus_part p)
{
    const gradus_loss_node *l = gradus_as_loss(n);
    double scale = gradus_loss_scale(l);
    const gradus_real *y = gradus_row(n->y, p, n->size);
    const gradus_real *t = gradus_row(n->in[1]->y, p, n->size);
    gradus_real *dz = gradus_row(n->in[0]->dy, p, n->size);
    int S = n->size / pieces(l);

    for (int i = p.row; i < p.row + p.rows; i++)
        for (int k = 0; k < pieces(l); k++, y += S, t += S, dz += S) {
            double a = scale * gradus_loss_row_weight(n, i) *
                       gradus_loss_class_weight(l, k);
            for (int s = 0; s < S; s++)
                dz[s] += (gradus_real)a * (y[s] - t[s]); /* (F3) */
        }
}

/* Returns true, with a message, if the loss of the row is not finite because
 * a target is not in [0,1], or because of a logit. */
static bool diagnose(gradus_node *n, int row)
{
    const gradus_real *t = n->in[1]->y + (size_t)row * (size_t)n->size;

    for (int k = 0; k < n->size; k++)
        if (!(t[k] >= 0 && t[k] <= 1))
            return gradus_fail(n, "row %d: target %d is %g; must be 0 to 1",
                               row, k, (double)t[k]), true;
    return gradus_loss_diagnose(n, row);
}

static gradus_node *make(const gradus_saved *s)
{
    gradus_sigmoid_ce_options o = {
        .reduction = gradus_attr_int(s->attr, "reduction", 0),
        .row_weight = s->in[2],
    };

    return gradus_loss_saved_class_weight(
        gradus_sigmoid_ce(s->in[0], s->in[1], &o), s->attr);
}

static const gradus_loss_rule rule = { .divisor = gradus_loss_count_elements,
                                       .diagnose = diagnose };

const gradus_op gradus_sigmoid_ce_op = {
    .name = "sigmoid_ce", .forward = forward, .backward = backward,
    .make = make, .loss = &rule,
};

gradus_node *gradus_sigmoid_ce(gradus_node *z, gradus_node *t,
                               const gradus_sigmoid_ce_options *options)
{
    const gradus_sigmoid_ce_options o =
        options ? *options : (gradus_sigmoid_ce_options){ 0 };
    gradus_node *n =
        gradus_loss_new(&gradus_sigmoid_ce_op, sizeof(gradus_loss_node), z, t,
                        o.row_weight, o.reduction);

    return gradus_loss_set_class_weight(gradus_loss_of_elements(n),
                                        o.class_weight);
}
