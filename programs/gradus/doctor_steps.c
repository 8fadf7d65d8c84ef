/* doctor_steps.c -- what the first steps of a training show: whether the net
 * can learn a few rows by heart, and whether the learning rate suits it, as in
 * Karpathy, "A recipe for training neural networks" (2019). */
#include "common.h"
#include "doctor.h"
#include "doctor_answers.h"
#include "doctor_batches.h"
#include "doctor_layers.h"

#include <math.h>
#include <stdlib.h>

enum {
    SMALL_STEPS = 600, /* at most, in which a few rows are learnt by heart, */
    SMALL_LOOK = 10,   /* after each of which their loss is looked at */
    FIRST_STEPS = 60,  /* at most, with the options of the training; */
    ENDS = 10,         /* of so many of the first and of the last of these, the
                          losses are averaged */
};

/* ---- a few rows by heart --------------------------------------------- */

static const disease cannot_overfit = {
    "cannot-overfit",
    "a net that cannot learn a few rows by heart will not learn many: "
    "something blocks the gradient, or keeps the output from what is wanted",
    "look at the other findings; then try the net without dropout and with "
    "fewer layers, and check the gradients of layers of your own "
    "(gradus_check_gradients)",
    "docs/backprop.md" };

/* The loss of the few rows, in losses of a guess.  A softmax of a softmax gets
 * to 0.45 (two classes) or more. */
static const double LEARNT = 0.3;

/* The loss of a guess for a few rows, whose targets may be farther apart than
 * those of all. */
static double guess_of_small(const patient *p, const gradus_dataset *small)
{
    double ratio = 0;

    for (int j = 0; small->targets && j < small->target_size; j++) {
        const double all = variance(&p->train, (size_t)j);
        ratio += all > 0 ? variance(small, (size_t)j) / all : 0;
    }
    return guess_of(p, (int)small->n) *
           (small->targets ? fmax(1, ratio / small->target_size) : 1);
}

static int learn_small(patient *p, const gradus_dataset *small,
                       gradus_optimiser *o)
{
    const double guess = guess_of_small(p, small), enough = LEARNT * guess;
    gradus_metrics m = { .loss = INFINITY };
    batches b = { 0 };
    int failed = !o || begin_batches(&b, p, small, SMALL_ROWS);

    for (int i = 0; i < SMALL_STEPS && !failed && !(m.loss < enough); i++) {
        failed = next_step(&b, o);
        if (!failed && (i + 1) % SMALL_LOOK == 0) {
            failed = gradus_evaluate(p->graph, small, NULL, &m);
            p->loss.small_steps = i + 1;
        }
    }
    free(b.index);
    p->loss.small_rows = (int)small->n;
    p->loss.small = m.loss;
    if (!failed && !(m.loss < enough))
        found(p, &cannot_overfit, "after %d steps of Adam on %zu rows, their "
              "loss is still %.3g; that of a guess is %.3g",
              p->loss.small_steps, small->n, m.loss, guess);
    return failed;
}

/* ---- the options of the training ------------------------------------- */

static const disease rate_too_high = {
    "learning-rate-too-high",
    "each step goes past the minimum, farther than the one before",
    "divide the learning rate (--lr) by 10 until the loss falls",
    "docs/optimisers.md" };

static const disease rate_too_low = {
    "learning-rate-too-low",
    "the weights hardly move, and so does the loss",
    "multiply the learning rate (--lr) by 10 for as long as the loss falls",
    "docs/optimisers.md" };

/* The largest loss of the first steps over the first one, or over that of a
 * guess if that is larger.  A loss that falls from the first step on has 1. */
static const double DIVERGED = 3;

/* |change of a weight| / |weight| in a step.  About 1e-3 is usual (Karpathy's
 * notes of the course CS231n, "Neural networks, part 3"); Adam begins with the
 * learning rate over He's weights, some 0.05. */
static const double LARGE_UPDATE = 0.5, SMALL_UPDATE = 1e-4;

/* By how much the loss falls at least, in losses of a guess: more than the
 * means of ENDS batches differ by chance. */
static const double HARDLY = 0.1;

/* Sets the updates of all layers from the weights before a step, kept, and
 * returns the largest. */
static double see_updates(patient *p, const gradus_real *kept)
{
    const gradus_node *n;
    const gradus_param *w;
    double largest = 0;

    for (int i = 0; (n = gradus_node_at(p->graph, i)); i++)
        for (int j = 0; (w = gradus_param_at(n, j)); kept += w->size, j++) {
            double change = 0, weight = 0;
            for (size_t k = 0; k < w->size && w == weight_of(n); k++) {
                const double d = (double)w->w[k] - kept[k];
                change += d * d;
                weight += (double)kept[k] * kept[k];
            }
            if (w == weight_of(n) && weight > 0)
                p->seen[i].update = sqrt(change / weight);
            largest = fmax(largest, p->seen[i].update);
        }
    return largest;
}

/* What is seen of the first steps. */
typedef struct {
    double last, early;     /* losses: of the step before; mean of the first */
    double high;            /* the largest loss that two steps in a row had */
    double update, largest; /* of the last step, and of all */
} pace;

static void judge_rate(patient *p, const pace *s)
{
    const losses *l = &p->loss;

    if (s->high > DIVERGED * fmax(l->began, l->guess))
        found(p, &rate_too_high, "the loss begins at %.4g and is %.4g within "
              "%d steps, with the learning rate %g", l->began, s->high,
              l->steps, p->of.s.lr);
    else if (s->update > LARGE_UPDATE)
        found(p, &rate_too_high, "after %d steps with the learning rate %g, "
              "one step changes a weight matrix by %.2g times its size; about "
              "0.001 is usual", l->steps, p->of.s.lr, s->update);
    else if (s->early > l->guess / 2 && s->largest < SMALL_UPDATE &&
             s->early - l->ended < HARDLY * l->guess)
        found(p, &rate_too_low, "in the first of %d steps with the learning "
              "rate %g the loss is %.4g on average, in the last %.4g; a step "
              "changes a weight matrix by %.1g times its size, and about "
              "0.001 is usual", l->steps, p->of.s.lr, s->early, l->ended,
              s->largest);
}

/* Takes step number i of n, at its learning rate; kept gets the weights before
 * it. */
static int take_step(patient *p, gradus_optimiser *o, batches *b, int i, int n,
                     gradus_real *kept, pace *s)
{
    const int ends = n < ENDS ? n : ENDS;

    copy_weights(p->graph, kept, 0);
    if (next_step(b, o))
        return -1;
    const double loss = gradus_loss(p->graph);
    p->loss.began = i ? p->loss.began : loss;
    p->loss.ended += i < n - ends ? 0 : loss / ends;
    s->early += i < ends ? loss / ends : 0;
    s->high = i ? fmax(s->high, fmin(s->last, loss)) : 0;
    s->last = loss;
    s->update = see_updates(p, kept);
    s->largest = fmax(s->largest, s->update);
    return 0;
}

/* Takes the first steps of the training that the options ask for.  kept has
 * room for the weights. */
static int try_options(patient *p, gradus_optimiser *o, gradus_real *kept)
{
    settings *s = &p->of.s;
    const uint64_t all = (p->of.train.n + (size_t)s->batch - 1) /
                         (size_t)s->batch * (uint64_t)s->epochs;
    const int n = all < FIRST_STEPS ? (int)all : FIRST_STEPS;
    batches b = { 0 };
    pace seen = { .last = 0 };
    int failed = !o || begin_batches(&b, p, &p->train, p->batch), i = 0;

    p->loss.ended = 0;
    for (; i < n && !failed; i += !failed) {
        gradus_set_learning_rate(o, learning_rate_of((uint64_t)i, all, s));
        failed = take_step(p, o, &b, i, n, kept, &seen);
    }
    free(b.index);
    p->loss.steps = i;
    if (failed && i)
        found(p, &rate_too_high, "step %d with the learning rate %g fails: %s",
              i + 1, s->lr, gradus_error());
    else if (!failed)
        judge_rate(p, &seen);
    return failed && !i;
}

/* ---- all of it ------------------------------------------------------- */

static int try_small(patient *p, gradus_real *start)
{
    const int most = p->batch < SMALL_ROWS ? p->batch : SMALL_ROWS;
    gradus_dataset small = { .n = 0 };
    gradus_optimiser *o = steady(p);
    int failed = 0;

    if (spread_rows(&p->train, most, &small))
        p->failed = 1;
    else
        failed = learn_small(p, &small, o);
    gradus_optimiser_free(o);
    free_rows(&small);
    copy_weights(p->graph, start, 1);
    return failed;
}

static int try_training(patient *p, gradus_real *start)
{
    const size_t size = copy_weights(p->graph, NULL, 0);
    gradus_real *kept = calloc(size + 1, sizeof *kept);
    gradus_optimiser *o = optimiser_of(&p->of.s, p->graph);
    int failed = 0;

    if (kept)
        failed = try_options(p, o, kept);
    else
        p->failed = 1;
    gradus_optimiser_free(o);
    free(kept);
    copy_weights(p->graph, start, 1);
    return failed;
}

void look_at_steps(patient *p)
{
    const size_t size = copy_weights(p->graph, NULL, 0);
    gradus_real *start = malloc((size + 1) * sizeof *start);

    p->failed |= !start;
    if (p->failed || has(p, &step_fails)) {
        free(start);
        return;
    }
    copy_weights(p->graph, start, 0);
    int failed = try_small(p, start);
    if (!failed && p->of.flags)
        failed = try_training(p, start);
    if (!failed && !has(p, &cannot_overfit))
        failed = look_at_answers(p, start);
    if (failed && !p->failed)
        found(p, &step_fails, "%s", gradus_error());
    free(start);
}
