/* softmax.c -- exercises 04 to 06: softmax and cross entropy.
 *
 *   y_k = exp(z_k - m) / sum_j exp(z_j - m),    m = max_j z_j            (S1)
 *   lse(z) = m + log sum_j exp(z_j - m)                                  (S2)
 *   L = sum t_k (lse(z) - z_k)                                           (S3)
 *   dz_k += (y_k sum_j t_j - t_k) / D                                    (S4)
 *   t_j = (1 - eps) [j = k] + eps / K                                    (S5)
 *
 *   z, y, t [B,K,S]: K classes at each of S positions of a row
 */
#include "check.h"

#include <math.h>

/* The shape of the logits. */
typedef struct {
    int B, K, S;
    size_t n;
} shape;

static shape shape_of(int B, int K, int S)
{
    return (shape){ B, K, S, (size_t)B * (size_t)K * (size_t)S };
}

/* Where is class k at row i, position s? */
static size_t place(shape h, int i, int s, int k)
{
    return ((size_t)i * (size_t)h.K + (size_t)k) * (size_t)h.S + (size_t)s;
}

/* A loss over logits of this shape, with labels or targets. */
static gradus_node *loss_of(shape h, bool labels,
                            const gradus_softmax_ce_options *options)
{
    gradus_graph *g = must(gradus_graph_new(1));
    gradus_node *z = h.S > 1 ? gradus_image(g, h.K, 1, h.S)
                             : gradus_input(g, h.K);
    gradus_node *t = labels ? gradus_labels(g, h.S) : gradus_input(g, h.K);
    gradus_node *n = must(gradus_softmax_ce(z, t, options));

    gradus_as_loss(n)->divisor = h.B;
    return n;
}

/* Feeds random labels, and returns the targets [B,K,S] that they stand for. */
static double *set_labels(gradus_node *n, shape h, uint64_t seed)
{
    static int32_t label[16]; /* at most 16 in any case */
    double *t = zeros(h.n);
    gradus_random random;

    gradus_random_init(&random, seed, 0, 0);
    for (int i = 0; i < h.B * h.S; i++) {
        label[i] = (int32_t)gradus_random_below(&random, (uint32_t)h.K);
        t[place(h, i / h.S, i % h.S, label[i])] = 1;
    }
    n->in[1]->label = label;
    return t;
}

/* ---- 04: dz ---------------------------------------------------------- */

enum { DZ_RIGHT, NOT_DIVIDED, NO_TARGET, NO_Y, SETS, NEXT_CLASS, JACOBIAN,
       BY_Y, NO_SUM, RUNNING_SUM, ONLY_TRUE, NO_STEP, DZ_MISTAKES };

static const mistake of_dz[] = {
    [NOT_DIVIDED] = { "not-divided",
        "the factor a, which is 1 / D, is missing.  The loss is divided by D, "
        "so its gradient is, too." },
    [NO_TARGET] = { "no-target",
        "the target is not subtracted.  Every logit would be pushed down by "
        "its own y_k, and nothing would pull the true class up." },
    [NO_Y] = { "no-probability",
        "y_k is missing.  That is the derivative of -t_k z_k alone; lse(z) "
        "depends on every z_k, too, and adds y_k." },
    [SETS] = { "overwrites",
        "dz is set, and what was there is lost.  Another loss may have "
        "written to the same dz before: +=." },
    [NEXT_CLASS] = { "off-by-one-class",
        "the target of class k + 1 is subtracted at class k.  Classes count "
        "from 0, as the labels do." },
    [JACOBIAN] = { "sigmoid-derivative",
        "y (1 - y) is a factor too many.  The division by y in the loss has "
        "cancelled it; with it, a net that is very wrong learns nothing." },
    [BY_Y] = { "gradient-of-y",
        "-t_k / y_k is the gradient of the probability y_k.  dz is that of "
        "the logit: multiplied by the derivatives of softmax, it becomes "
        "y_k sum_j t_j - t_k, and the division has cancelled." },
    [NO_SUM] = { "no-sum-of-targets",
        "y_k stands alone, and has to be multiplied by the sum of all t_j.  "
        "With labels that is 1, but here are targets with weights." },
    [RUNNING_SUM] = { "sum-up-to-k",
        "y_k is multiplied by the sum of the t_j up to k.  The sum has to be "
        "complete before the first dz: add up all targets in a loop of their "
        "own." },
    [ONLY_TRUE] = { "only-true-class",
        "only the true class gets a gradient.  The logits of the others have "
        "to go down, so theirs is above 0: each gets its y_k." },
    [NO_STEP] = { "step-ignored",
        "class k is not at k, but at k * step: in an image, the numbers of "
        "one class at all positions lie side by side." },
};

/* What is added to dz of one class: (y sum - t) a, for the sum of all targets,
 * or of those up to this class. */
static double dz_of(int how, double a, double y, double t, double sum,
                    double sum_to_here)
{
    const double p = how == NO_SUM        ? y
                     : how == RUNNING_SUM ? y * sum_to_here
                                          : y * sum;
    const double d = (how == NO_Y ? 0 : p) - (how == NO_TARGET ? 0 : t);

    return (how == NOT_DIVIDED ? 1 : a) * (how == JACOBIAN ? d * y * (1 - y)
                                           : how == BY_Y   ? -t / y
                                                           : d);
}

static void add_dz(int how, shape h, const double *y, const double *t,
                   double *dz)
{
    for (int i = 0; i < h.B; i++)
        for (int s = 0; s < h.S; s++) {
            double sum = 0, sum_to_here = 0;
            for (int k = 0; k < h.K; k++)
                sum += t[place(h, i, s, k)];
            for (int k = 0; k < h.K; k++) {
                size_t at = place(h, i, s, how == NO_STEP ? 0 : k) +
                            (how == NO_STEP ? (size_t)k : 0);
                int of = k + (how == NEXT_CLASS);
                double own = of < h.K ? t[place(h, i, s, of)] : 0;
                sum_to_here += own;
                if (how == ONLY_TRUE && own == 0)
                    continue;
                dz[at] = (how == SETS ? 0 : dz[at]) +
                         dz_of(how, 1. / h.B, y[at], own, sum, sum_to_here);
            }
        }
}

static void try_dz(sheet *s, gradus_node *n, shape h, const double *t,
                   const char *when)
{
    double *before = numbers(h.n, 3);

    begin_case(when);
    n->y = zeros(h.n);
    for (size_t i = 0; i < h.n; i++)
        n->y[i] = (double)(i * 7 % 11 + 1) / 32;
    n->in[0]->dy = copy_of(before, h.n);
    n->op->backward(n, part_of(n, 0, h.B));
    array *dz = record(s, "dz", h.S > 1 ? 3 : 2, (int[]){ h.B, h.K, h.S },
                       before, n->in[0]->dy, true);
    for (int k = 0; k < s->mistakes; k++)
        add_dz(k, h, n->y, t, dz->answer[k]);
}

/* The targets that are fed are 0 for class 0, and there is one row more of
 * them, so that class K, if one asks for it, has a target of 0. */
void check_softmax_ce(sheet *s)
{
    const shape rows = shape_of(5, 4, 1), image = shape_of(2, 3, 4);
    gradus_node *n = loss_of(rows, true, NULL);

    s->mistake = of_dz;
    s->mistakes = DZ_MISTAKES;
    try_dz(s, n, rows, set_labels(n, rows, 1), "5 rows with labels");
    n = loss_of(image, true, NULL);
    try_dz(s, n, image, set_labels(n, image, 2),
           "2 rows of 4 positions, with labels");
    n = loss_of(rows, false, NULL);
    double *t = zeros(rows.n + 4);
    for (size_t i = 0; i < rows.n; i++)
        t[i] = i % 4 ? (double)(i * 5 % 7) / 8 : 0;
    n->in[1]->y = t;
    try_dz(s, n, rows, t, "5 rows whose targets do not add up to 1");
}

/* ---- 05: y and the sum ------------------------------------------------ */

enum { Y_RIGHT, NOT_SHIFTED, SHIFT_UNUSED, NOT_NORMALISED, LOGARITHM,
       SUM_OF_Y, MINIMUM, Y_NO_STEP, Y_MISTAKES };

static const mistake of_y[] = {
    [NOT_SHIFTED] = { "not-shifted",
        "the largest logit is not subtracted before exp, so the sum gets "
        "infinite, and y 0; where exp(1000) is infinite, too, y is NaN." },
    [SHIFT_UNUSED] = { "shift-unused",
        "*max is the largest logit, but exp is not taken of z - max: the sum "
        "is that of exp(z), and the loss adds the maximum once more." },
    [NOT_NORMALISED] = { "not-normalised",
        "y is exp(z - m), and is not divided by the sum: the numbers of a row "
        "do not add up to 1." },
    [LOGARITHM] = { "logarithm",
        "the logarithm of the sum is returned.  The caller takes it itself: "
        "return the sum." },
    [SUM_OF_Y] = { "sum-of-y",
        "the sum is returned that is left after the division, and that is "
        "always 1.  Return the sum by which you have divided." },
    [MINIMUM] = { "minimum",
        "the smallest logit is subtracted, and must be the largest: no "
        "exponent may be above 0, or exp overflows." },
    [Y_NO_STEP] = { "step-ignored",
        "class k is not at k, but at k * step: in an image, the numbers of "
        "one class at all positions lie side by side." },
};

/* Sets y, and adds to loss [B]. */
static void softmax(int how, shape h, const double *z, const double *t,
                    double *y, double *loss)
{
    for (int i = 0; i < h.B; i++)
        for (int s = 0; s < h.S; s++) {
            const size_t from = place(h, i, s, 0);
            const size_t step = how == Y_NO_STEP ? 1 : (size_t)h.S;
            double m = z[from], sum = 0;
            for (int k = 0; k < h.K; k++) {
                double v = z[from + (size_t)k * step];
                m = how == MINIMUM ? fmin(m, v) : fmax(m, v);
            }
            bool none = how == NOT_SHIFTED || how == SHIFT_UNUSED;
            for (int k = 0; k < h.K; k++) {
                size_t at = from + (size_t)k * step;
                y[at] = exp(z[at] - (none ? 0 : m));
                sum += y[at];
            }
            for (int k = 0; k < h.K && how != NOT_NORMALISED; k++)
                y[from + (size_t)k * step] /= sum;
            m = how == NOT_SHIFTED ? 0 : m;
            sum = how == LOGARITHM ? log(sum) : how == SUM_OF_Y ? 1 : sum;
            for (int k = 0; k < h.K; k++)
                if (t[place(h, i, s, k)] == 1)
                    loss[i] += log(sum) + (m - z[place(h, i, s, k)]);
        }
}

static void try_softmax(sheet *s, shape h, double *z, uint64_t seed,
                        const char *when)
{
    gradus_node *n = loss_of(h, true, NULL);
    const double *t = set_labels(n, h, seed);

    begin_case(when);
    n->in[0]->y = z;
    n->y = zeros(h.n);
    gradus_as_loss(n)->loss = zeros((size_t)h.B);
    n->op->forward(n, part_of(n, 0, h.B));
    array *y = record(s, "y", h.S > 1 ? 3 : 2, (int[]){ h.B, h.K, h.S },
                      zeros(h.n), n->y, false);
    array *loss = record(s, "loss", 1, (int[]){ h.B }, zeros((size_t)h.B),
                         gradus_as_loss(n)->loss, false);
    for (int k = 0; k < s->mistakes; k++)
        softmax(k, h, z, t, y->answer[k], loss->answer[k]);
}

/* exp(709.5) is finite, but the sum of a row of such numbers is infinite, and
 * y 0 and not NaN: that tells which logit has been subtracted. */
void check_softmax(sheet *s)
{
    const shape image = shape_of(2, 3, 4);

    s->mistake = of_y;
    s->mistakes = Y_MISTAKES;
    try_softmax(s, shape_of(3, 4, 1), numbers(12, 1), 1, "3 rows, 4 classes");
    try_softmax(s, shape_of(2, 4, 1),
                copy_of((double[]){ 709, 709.5, 709, 709.25, -300, 409, 409.5,
                                    409 }, 8),
                4, "logits whose exponentials have an infinite sum");
    try_softmax(s, shape_of(2, 3, 1),
                copy_of((double[]){ 1000, -1000, 0, -9900, -10000, -9950 }, 6),
                2, "logits of 1000 and -10000");
    try_softmax(s, image, numbers(image.n, 2), 3,
                "2 rows of 4 positions, a step of 4");
}

/* ---- 06: label smoothing ---------------------------------------------- */

enum { T_RIGHT, TRUE_WITHOUT, K_MINUS_1, SWAPPED, NOT_SMOOTHED, UNIFORM, ONE,
       T_NEXT_CLASS, T_CLASS_BEFORE, T_MISTAKES };

static const mistake of_t[] = {
    [TRUE_WITHOUT] = { "true-class-too-low",
        "the true class gets 1 - eps alone.  eps / K goes to every class, to "
        "the true one, too, or the targets do not add up to 1." },
    [K_MINUS_1] = { "k-minus-1",
        "eps is divided among the K - 1 other classes.  Here it is divided "
        "among all K (as in PyTorch), and n->off is that part." },
    [SWAPPED] = { "swapped",
        "the label's class gets what belongs to the others, and the other way "
        "round." },
    [NOT_SMOOTHED] = { "not-smoothed",
        "the targets are 1 and 0.  n->on and n->off are what they become with "
        "the label smoothing." },
    [UNIFORM] = { "label-ignored",
        "every class gets eps / K, and the label is not looked at." },
    [ONE] = { "true-class-too-high",
        "the true class gets 1 and its part of eps besides.  What is given to "
        "all classes has to be taken from it: n->on is 1 - eps." },
    [T_NEXT_CLASS] = { "off-by-one-class",
        "the class before the label's gets its target.  Classes count from 0, "
        "as the labels do." },
    [T_CLASS_BEFORE] = { "off-by-one-class",
        "the class after the label's gets its target.  Classes count from 0, "
        "as the labels do." },
};

/* t of the class k, for a label that is it, or is not it. */
static double smooth(int how, int K, double eps, bool is_label)
{
    const double on = 1 - eps, off = eps / K;

    switch (how) {
    case TRUE_WITHOUT: return is_label ? on : off;
    case K_MINUS_1:    return is_label ? on : eps / (K - 1);
    case SWAPPED:      return is_label ? off : off + on;
    case NOT_SMOOTHED: return is_label;
    case UNIFORM:      return off;
    case ONE:          return off + is_label;
    default:           return off + (is_label ? on : 0);
    }
}

/* As y is 0 here and the loss is not divided, dz is -t. */
static void try_smoothing(sheet *s, gradus_node *n, shape h, const double *t,
                          double eps, const char *when)
{
    double *got = zeros(h.n);

    begin_case(when);
    gradus_as_loss(n)->divisor = 1;
    n->y = zeros(h.n);
    n->in[0]->dy = zeros(h.n);
    n->op->backward(n, part_of(n, 0, h.B));
    for (size_t i = 0; i < h.n; i++)
        got[i] = -n->in[0]->dy[i];
    array *a = record(s, "t", 2, (int[]){ h.B, h.K }, zeros(h.n), got, false);
    for (int how = 0; how < s->mistakes; how++)
        for (int i = 0; i < h.B; i++)
            for (int k = 0; k < h.K; k++) {
                int other =
                    k + (how == T_NEXT_CLASS) - (how == T_CLASS_BEFORE);
                bool in = other >= 0 && other < h.K;
                size_t at = place(h, i, 0, k);
                a->answer[how][at] =
                    eps < 0 ? t[at]
                            : smooth(how, h.K, eps,
                                     in && t[place(h, i, 0, other)] == 1);
            }
}

void check_smoothing(sheet *s)
{
    const shape rows = shape_of(5, 4, 1);
    const gradus_softmax_ce_options a_fifth = { .label_smoothing = 0.2 };
    gradus_node *n = loss_of(rows, true, &a_fifth);

    s->mistake = of_t;
    s->mistakes = T_MISTAKES;
    try_smoothing(s, n, rows, set_labels(n, rows, 1), 0.2,
                  "4 classes, eps = 0.2");
    n = loss_of(rows, false, NULL);
    n->in[1]->y = numbers(rows.n, 2);
    try_smoothing(s, n, rows, n->in[1]->y, -1,
                  "targets that are fed as they are");
}
