/* test_softmax_ce_long.c -- softmax_ce compared with the long way: a softmax
 * without a shift, the loss as the log of its probabilities, and the gradient
 * as its Jacobian times -t/y, all in double.  Then softmax_ce is compared with
 * central differences, and gets planted bugs. */
#include "probe.h"
#include "softmax_head.h"
#include "tests.h"

#include <math.h>

enum { B = 20, K = 3, S = 4, IGNORED = 7 }; /* B rows: two slices */

static const struct {
    int rank, shape[3], last_axis, positions;
} layout[] = {
    { 1, { K }, 0, 1 },       { 2, { K, S }, 0, S },
    { 3, { K, 2, 2 }, 0, S }, { 2, { S, K }, 1, S },
    { 3, { 2, 2, K }, 1, S },
};

enum { LAYOUTS = sizeof layout / sizeof *layout };

static const double class_weight[K] = { 0.5, 2, 1.25 };

/* The case that is tested: its layout, its options and its data. */
static struct {
    int layout, positions;
    int soft; /* non-zero: it has targets instead of labels */
    gradus_softmax_ce_options o;
    gradus_real z[B * K * S], t[B * K * S], w[B];
    int32_t label[B * S];
    softmax_head h;
} c;

/* `which` chooses the options: one of 3 reductions, smoothing or not, class
 * weights or not, row weights or not; and labels, labels of which some are
 * ignored, or targets that do not sum to 1. */
enum { CASES = 3 * 2 * 2 * 2 * 3 };

static void set_case(int l, int which)
{
    int labels = which / 24; /* 0: labels, 1: some ignored, 2: targets */

    c.layout = l;
    c.positions = layout[l].positions;
    c.soft = labels == 2;
    c.o = (gradus_softmax_ce_options){
        .reduction = (gradus_reduction)(which % 3),
        .label_smoothing = which / 3 % 2 && !c.soft ? 0.3 : 0,
        .class_weight = which / 6 % 2 ? class_weight : NULL,
        .use_ignore_label = labels == 1, .ignore_label = IGNORED,
        .last_axis = layout[l].last_axis,
    };
    probe_fill(c.z, B * K * S, 1);
    probe_fill(c.t, B * K * S, 2);
    probe_fill(c.w, B, 3);
    for (int i = 0; i < B * K * S; i++) {
        c.z[i] *= 4;
        c.t[i] = c.t[i] < 0 ? 0 : c.t[i]; /* some 0, and sums that are not 1 */
    }
    for (int i = 0; i < B; i++)
        c.w[i] = i == 3 ? 0 : 1 + c.w[i];
    for (int i = 0; i < B * S; i++)
        c.label[i] = labels == 1 && i % 4 == 2 ? IGNORED : i * 5 / 3 % K;
}

static void make_head(int which)
{
    int l = c.layout, weighted = which / 12 % 2;

    c.h = new_head(layout[l].rank, layout[l].shape, c.soft ? 0 : c.positions,
                   weighted, c.o);
    gradus_set_loss_weight(c.h.loss, 0.7);
    if (weighted)
        gradus_feed(c.h.w, c.w, B);
    else
        for (int i = 0; i < B; i++)
            c.w[i] = 1;
}

static void run_case(void)
{
    if (c.soft)
        run_targets(&c.h, c.z, c.t, B);
    else
        run_labels(&c.h, c.z, c.label, B);
}

/* Where row i, position s and class k are in z, y and dz. */
static size_t at(int i, int s, int k)
{
    int in_row = c.o.last_axis ? s * K + k : k * c.positions + s;
    return (size_t)(i * K * c.positions + in_row);
}

/* Computes t_k (S5) with all its weights (S6), and adds to D what the position
 * contributes to the divisor (S7). */
static void targets(int i, int s, double t[K], double *D)
{
    int label = c.label[i * c.positions + s];
    double eps = c.o.label_smoothing;

    if (!c.soft && c.o.use_ignore_label && label == IGNORED) {
        memset(t, 0, K * sizeof *t);
        return;
    }
    for (int k = 0; k < K; k++) {
        t[k] = eps / K;
        if (c.soft)
            t[k] = c.t[at(i, s, k)];
        else if (k == label)
            t[k] = 1 - eps + eps / K;
        t[k] *= c.w[i] * (c.o.class_weight ? class_weight[k] : 1);
    }
    if (c.soft || !c.o.class_weight)
        *D += c.w[i];
    else
        *D += c.w[i] * class_weight[label];
}

/* Computes one position the long way: y without the shift of (S1), the loss
 * without the lse of (S3), and dz by the Jacobian instead of (S4).  The loss
 * and dz are not yet divided by D. */
static double long_way(int i, int s, double y[K], double dz[K], double *D)
{
    double t[K], sum = 0, loss = 0;

    targets(i, s, t, D);
    for (int k = 0; k < K; k++)
        sum += exp(c.z[at(i, s, k)]);
    for (int k = 0; k < K; k++) {
        y[k] = exp(c.z[at(i, s, k)]) / sum;
        loss -= t[k] * log(y[k]);
    }
    for (int j = 0; j < K; j++) {
        dz[j] = 0;
        for (int k = 0; k < K; k++) /* dL/dy_k dy_k/dz_j */
            dz[j] += -t[k] / y[k] * y[k] * ((j == k) - y[j]);
    }
    return loss;
}

/* Compares what softmax_ce has computed with the long way. */
static void compare(void)
{
    static double y[B * S * K], dz[B * S * K];
    double D = 0, loss = 0;

    for (int i = 0; i < B; i++)
        for (int s = 0; s < c.positions; s++) {
            double y_k[K], dz_k[K];
            loss += long_way(i, s, y_k, dz_k, &D);
            for (int k = 0; k < K; k++) {
                y[at(i, s, k)] = y_k[k];
                dz[at(i, s, k)] = dz_k[k];
            }
        }
    D = c.o.reduction == GRADUS_REDUCE_SUM          ? 1
        : c.o.reduction == GRADUS_REDUCE_MEAN_BATCH ? B
                                                    : D;
    for (int i = 0; i < B * K * c.positions; i++)
        dz[i] *= 0.7 / D;
    assert_near(c.h.loss->y, y, (size_t)(B * K * c.positions), rounding() / 4);
    assert_near(c.h.z->dy, dz, (size_t)(B * K * c.positions), rounding());
    ck_assert_double_eq_tol(gradus_loss(c.h.g), 0.7 * loss / D,
                            rounding() * (1 + loss / D));
}

/* Runs case i: there are CASES in each layout. */
static void begin_case(int i)
{
    set_case(i / CASES, i % CASES);
    make_head(i % CASES);
    run_case();
}

LOOP_TEST(all_options_give_what_the_long_way_gives, LAYOUTS * CASES)
{
    begin_case(_i);
    compare();
    gradus_graph_free(c.h.g);
}

#ifdef GRADUS_DOUBLE

LOOP_TEST(gradients_of_all_options_equal_central_differences, LAYOUTS * CASES)
{
    begin_case(_i);
    double d = probe_gradients(c.h.g, B);
    ck_assert_msg(d <= 1, "the gradient of %s is off by %g times what is "
                  "allowed", probe_worst(), d);
    gradus_graph_free(c.h.g);
}

/* ---- planted bugs ---------------------------------------------------- */

static const gradus_op *right;

/* Leaves out 1/D. */
static void undivided(gradus_node *n, gradus_part p)
{
    gradus_as_loss(n)->divisor = 1;
    right->backward(n, p);
}

/* Computes dz = y - t, which is wrong if t does not sum to 1. */
static void y_minus_t(gradus_node *n, gradus_part p)
{
    for (int i = p.row * n->size; i < (p.row + p.rows) * n->size; i++)
        n->in[0]->dy[i] += gradus_as_loss(n)->weight *
                           (n->y[i] - n->in[1]->y[i]) /
                           gradus_as_loss(n)->divisor;
}

/* Leaves out the -1 of the label: dz = y sum(t). */
static void without_target(gradus_node *n, gradus_part p)
{
    for (int i = p.row * n->size; i < (p.row + p.rows) * n->size; i++)
        n->in[0]->dy[i] +=
            gradus_as_loss(n)->weight * n->y[i] / gradus_as_loss(n)->divisor;
}

static void without_weight(gradus_node *n, gradus_part p)
{
    double weight = gradus_as_loss(n)->weight;

    gradus_as_loss(n)->weight = 1;
    right->backward(n, p);
    gradus_as_loss(n)->weight = weight;
}

/* Gives ignored rows a gradient. */
static void not_ignoring(gradus_node *n, gradus_part p)
{
    gradus_as_loss(n)->use_ignore_label = 0;
    right->backward(n, p);
    gradus_as_loss(n)->use_ignore_label = 1;
}

/* Takes the positions of a class for the classes of a position. */
static void transposed(gradus_node *n, gradus_part p)
{
    int step = gradus_as_loss(n)->class_step;

    gradus_as_loss(n)->class_step = gradus_as_loss(n)->position_step;
    gradus_as_loss(n)->position_step = step;
    right->backward(n, p);
    gradus_as_loss(n)->position_step = gradus_as_loss(n)->class_step;
    gradus_as_loss(n)->class_step = step;
}

static const struct {
    void (*backward)(gradus_node *, gradus_part);
    int layout, which;
} bug[] = {
    { undivided, 0, 0 },      { y_minus_t, 0, 48 },
    { without_target, 0, 0 }, { without_weight, 0, 0 },
    { not_ignoring, 1, 27 },  { transposed, 4, 0 },
};

LOOP_TEST(planted_bugs_in_softmax_ce_are_caught, COUNT(bug))
{
    set_case(bug[_i].layout, bug[_i].which);
    make_head(bug[_i].which);
    run_case();
    gradus_op wrong = *c.h.loss->op;
    right = c.h.loss->op;
    wrong.backward = bug[_i].backward;
    probe_assert_caught(c.h.loss, &wrong, B);
    gradus_graph_free(c.h.g);
}

#endif
