/* doctor_answers.c -- whether the inputs say anything about the answers: after
 * some steps, do the net's predictions of other rows go with their answers?
 *
 * With predictions y and answers t this is the correlation
 *
 *     sum of cov(y_k, t_k) / sqrt(sum of var(y_k) * sum of var(t_k))
 *
 * over classes k, where y_k is a probability, and t_k 1 or 0 (Gorodkin 2004,
 * for y of 1 and 0, too).  It is 1 where all is right and near 0 where nothing
 * is; how large the loss is does not matter, and the net may be badly scaled.
 * Of targets it is the highest of their Pearson correlations. */
#include "doctor_answers.h"
#include "common.h"
#include "doctor_batches.h"
#include "doctor_columns.h"
#include "model.h"

#include <math.h>
#include <stdlib.h>

enum {
    BATCH = 32,     /* rows at most */
    LEAST_ROWS = 20 /* of fewer, chance decides */
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

/* Of n unrelated rows, the correlation is within 3 / sqrt(n) of 0 in all but a
 * few cases in a thousand. */
static const double CHANCE = 3;

/* ---- the correlation ------------------------------------------------- */

/* Sums over rows of (y - mean of y) (t - mean of t), and of their squares. */
typedef struct {
    double yt, yy, tt;
} moments;

static double answer(const gradus_dataset *d, size_t i, size_t k)
{
    return d->targets ? (double)d->targets[i * (size_t)d->target_size + k]
                      : d->labels[i] == (int)k;
}

/* Those of column k of the predictions y [d->n,size]. */
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

/* The rows of d, each with the answer of the row before or after it; all of it
 * belongs to d. */
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

/* Would the net learn if each row had the answer of a neighbour? */
static int learns_shifted(patient *p, gradus_real *start, int after)
{
    const gradus_dataset rows = shift_answers(p->whole, after);
    gradus_dataset train = { .n = 0 }, valid = { .n = 0 };
    double r, loss;

    if (divide_rows(&rows, p->ignored, &train, &valid) ||
        learn(p, &train, &valid, start, &r, &loss))
        r = NAN;
    const int learns = r > fmax(RELATED, CHANCE / sqrt((double)valid.n));
    free_rows(&train);
    free_rows(&valid);
    return learns;
}

/* A number that is far out may decide the correlation by itself. */
static void judge(patient *p, gradus_real *start)
{
    if (p->valid.n < LEAST_ROWS || !(p->correlation < RELATED) ||
        has(p, &outliers))
        return;
    for (int after = 0; after < 2; after++)
        if (learns_shifted(p, start, after)) {
            found(p, &shifted_rows, "the net learns if each row gets the "
                  "answer of the one %s it, but not as the rows are",
                  after ? "after" : "before");
            return;
        }
    found(p, &unrelated, "after %d steps, the predictions of rows that were "
          "not trained on have a correlation of %.2f with the answers",
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
