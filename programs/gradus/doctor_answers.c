/* doctor_answers.c -- whether the inputs say anything about the answers: after
 * some steps, do the net's predictions of other rows go with their answers?
 *
 * With predictions y and answers t this is the correlation
 *
 *     sum of cov(y_k, t_k) / sqrt(sum of var(y_k) * sum of var(t_k))
 *
 * over the classes k, where t_k is 1 for the right class and else 0 (Gorodkin
 * 2004 defines it for y_k of 1 or 0; here y_k is a probability).  It is 1 where
 * all is right and near 0 where nothing is.  How large the loss is does not
 * matter, so the net may still be badly scaled.  Of several targets, it is the
 * highest of their Pearson correlations. */
#include "doctor_answers.h"
#include "common.h"
#include "doctor_batches.h"
#include "doctor_columns.h"
#include "doctor_copies.h"
#include "model.h"

#include <math.h>
#include <stdlib.h>

enum {
    BATCH = 32,       /* rows at most */
    LEAST_ROWS = 50,  /* to judge by: of fewer, chance decides */
    LEAST_OTHER = 10, /* of them, rows that are not of the largest class */
    CLASS_ROWS = 5    /* to train on, for each class on average */
};

static const disease unrelated = {
    "answers-unrelated",
    "there is nothing to learn, or not by this net: the inputs may belong to "
    "the answers of other rows",
    "check how inputs and answers were put together: was one of them sorted "
    "or shuffled without the other?",
    "docs/doctor.md" };

static const disease shifted_rows = {
    "shifted-rows",
    "each input has the answer of a neighbouring row",
    "look for a header that was read as data, or for a row that is missing, "
    "among the inputs or among the answers alone",
    "docs/doctor.md" };

/* The correlation from which on answers belong to their inputs: predictions
 * then explain a twenty-fifth of the variance. */
static const double RELATED = 0.2;

/* Of n independent rows with unrelated answers, the correlation is above
 * 3 / sqrt(n) once in some hundred cases. */
static double chance(size_t n)
{
    return 3 / sqrt((double)n);
}

/* ---- the correlation ------------------------------------------------- */

/* Numbers are equal if their variance is below this part of their mean squared:
 * neighbouring floats differ by 1e-7 of themselves. */
static const double EQUAL = 1e-20;

/* Sums over rows of (y - mean of y) (t - mean of t), and of their squares. */
typedef struct {
    double yt, yy, tt;
} moments;

static double answer(const gradus_dataset *d, size_t i, size_t k)
{
    return d->targets ? (double)d->targets[i * (size_t)d->target_size + k]
                      : d->labels[i] == (int)k;
}

/* Those of column k of the predictions y [d->n,size].  Numbers that are all the
 * same have squares of 0, whatever rounding has made of their mean. */
static moments moments_of(const gradus_dataset *d, const gradus_real *y,
                          size_t size, size_t k)
{
    const double n = (double)d->n;
    double y_mean = 0, t_mean = 0;
    moments m = { 0 };

    for (size_t i = 0; i < d->n; i++) {
        y_mean += (double)y[i * size + k] / n;
        t_mean += answer(d, i, k) / n;
    }
    for (size_t i = 0; i < d->n; i++) {
        const double a = (double)y[i * size + k] - y_mean;
        const double b = answer(d, i, k) - t_mean;
        m.yt += a * b;
        m.yy += a * a;
        m.tt += b * b;
    }
    if (m.yy <= EQUAL * n * y_mean * y_mean)
        m.yy = m.yt = 0;
    if (m.tt <= EQUAL * n * t_mean * t_mean)
        m.tt = m.yt = 0;
    return m;
}

/* NAN where all predictions or all answers are the same. */
static double correlation(const gradus_dataset *d, const gradus_real *y,
                          size_t size)
{
    moments sum = { 0 };
    double highest = NAN;

    for (size_t k = 0; k < size; k++) {
        const moments m = moments_of(d, y, size, k);
        highest = fmax(highest, m.yt / sqrt(m.yy * m.tt));
        sum.yt += m.yt;
        sum.yy += m.yy;
        sum.tt += m.tt;
    }
    return d->targets ? highest : sum.yt / sqrt(sum.yy * sum.tt);
}

/* ---- steps ----------------------------------------------------------- */

/* Sets *r to the correlation for the rows valid, and *loss to their loss, after
 * some steps on d from the weights `start` on. */
static int learn(patient *p, const gradus_dataset *d,
                 const gradus_dataset *valid, gradus_real *start, double *r,
                 double *loss)
{
    const size_t size = (size_t)gradus_node_size(output_of(p->graph));
    gradus_real *y = malloc((valid->n * size + 1) * sizeof *y);
    gradus_optimiser *o = steady(p);
    gradus_metrics m = { .loss = NAN };
    batches b = { 0 };

    p->failed |= !y;
    copy_weights(p->graph, start, 1);
    int failed = !y || !o ||
                 begin_batches(&b, p, d, p->batch < BATCH ? p->batch : BATCH);
    for (int i = 0; i < ANSWER_STEPS && !failed; i++)
        failed = next_step(&b, o);
    failed = failed || gradus_evaluate(p->graph, valid, NULL, &m) ||
             predict_all(p->graph, valid, y);
    *r = failed ? NAN : correlation(valid, y, size);
    *loss = m.loss;
    free(y);
    free(b.index);
    gradus_optimiser_free(o);
    copy_weights(p->graph, start, 1);
    return failed ? -1 : 0;
}

/* The rows of d but one, each with the answer of the row before it or, if
 * `after` is 1, of the row after it.  What it points at belongs to d. */
static gradus_dataset shift_answers(const gradus_dataset *d, int after)
{
    gradus_dataset to = *d;
    const size_t size = (size_t)d->size, targets = (size_t)d->target_size;

    to.n--;
    to.owned = NULL;
    if (d->x)
        to.x += after ? 0 : size;
    if (d->pixels)
        to.pixels += after ? 0 : size;
    if (d->labels)
        to.labels += after;
    if (d->targets)
        to.targets += after ? targets : 0;
    return to;
}

/* Would the net learn if each row had the answer of a neighbour?  It would, too,
 * where rows are sorted by their answers, but not better than as they are. */
static int learns_shifted(patient *p, gradus_real *start, int after)
{
    const gradus_dataset rows = shift_answers(p->whole, after);
    gradus_dataset train = { .n = 0 }, valid = { .n = 0 };
    double r, loss;

    if (divide_rows(&rows, p->ignored, &train, &valid) ||
        learn(p, &train, &valid, start, &r, &loss))
        r = NAN;
    const int learns = r > RELATED && r > p->correlation + chance(valid.n);
    free_rows(&train);
    free_rows(&valid);
    return learns;
}

/* How many of the rows of d do not have the most frequent label; none if memory
 * runs out. */
static size_t not_of_largest(patient *p, const gradus_dataset *d, int classes)
{
    size_t *rows = calloc((size_t)classes + 1, sizeof *rows), most = 0;

    p->failed |= !rows;
    for (size_t i = 0; rows && i < d->n; i++) {
        const size_t count = ++rows[d->labels[i]];
        most = count > most ? count : most;
    }
    free(rows);
    return p->failed ? 0 : d->n - most;
}

/* Are there rows enough to judge by?  A number that is far out may decide the
 * correlation by itself, though. */
static int can_judge(patient *p)
{
    const int classes = p->valid.labels
        ? gradus_node_size(output_of(p->graph)) : 0;

    return p->valid.n >= LEAST_ROWS && !has(p, &outliers) &&
           p->train.n >= (size_t)CLASS_ROWS * (size_t)classes &&
           (!classes || not_of_largest(p, &p->valid, classes) >= LEAST_OTHER);
}

/* Rows that are divided by groups, or of which others validate, are not tried
 * with shifted answers: these would be divided in another way.  Nor are
 * copies, which a net learns by heart. */
static int can_shift(const patient *p)
{
    return !p->of.groups && !(p->of.flags && p->of.flags->valid) &&
           !has(p, &duplicates) && !has(p, &contradictions);
}

static void judge(patient *p, gradus_real *start)
{
    if (!(p->correlation < fmin(RELATED, chance(p->valid.n))) ||
        !can_judge(p))
        return;
    for (int after = 0; after < 2 && can_shift(p); after++)
        if (learns_shifted(p, start, after)) {
            found(p, &shifted_rows, "the net learns if each row gets the "
                  "answer of the one %s it, but not as the rows are",
                  after ? "after" : "before");
            return;
        }
    found(p, &unrelated, "after %d steps, the predictions of rows that were "
          "not trained on have a correlation of %.3f with their answers",
          ANSWER_STEPS, p->correlation);
}

int look_at_answers(patient *p, gradus_real *start)
{
    int failed = learn(p, &p->train, &p->valid, start, &p->correlation,
                       &p->loss.other);

    if (!failed)
        judge(p, start);
    return failed;
}
