/* metrics.c -- measures how good predictions are, from arrays of them and of
 * what is true; the letters stand for counts of samples.
 *
 *   precision = hits / predicted     hits: predicted to be of the class, and
 *   recall    = hits / support             of it; support: of it
 *   F1        = 2 precision recall / (precision + recall)
 *             = 2 hits / (predicted + support)
 *
 *   AUC  = P(score of a positive > that of a negative) + P(they are equal)/2
 *
 *   MAE  = mean |y - t|,    RMSE = sqrt(mean (y - t)^2)
 *   R2   = 1 - sum (y - t)^2 / sum (t - mean t)^2
 *
 * All sums are doubles. */
#include "gradus.h"

#include "base/error.h"
#include "base/mode.h"

#include <math.h>
#include <stdlib.h>

/* ---- arrays y and t [n,size] -------------------------------------------- */

static int refuse(const char *who, size_t i, int size, const char *name,
                  gradus_real got, const char *must)
{
    return gradus_error_set("%s: row %zu, column %zu: %s is %g; must be %s",
                            who, i / (size_t)size, i % (size_t)size, name,
                            (double)got, must);
}

/* Refuses y that are not finite, and t that are not finite or, if they are
 * yes or no, not 0 or 1. */
static int check(const char *who, size_t n, int size, const gradus_real *y,
                 const gradus_real *t, bool yes_no)
{
    if (!y || !t)
        return gradus_error_set("%s: %s is NULL", who, y ? "t" : "y");
    if (n < 1 || size < 1)
        return gradus_error_set("%s: got %zu rows of %d columns; must be at "
                                "least 1 of 1", who, n, size);
    for (size_t i = 0; i < n * (size_t)size; i++) {
        if (!isfinite(y[i]))
            return refuse(who, i, size, "y", y[i], "finite");
        if (yes_no && t[i] != 0 && t[i] != 1)
            return refuse(who, i, size, "t", t[i], "0 or 1");
        if (!isfinite(t[i]))
            return refuse(who, i, size, "t", t[i], "finite");
    }
    return 0;
}

/* ---- precision, recall and F1 ------------------------------------------- */

/* The sums over the classes so far. */
typedef struct {
    gradus_class_metrics *each; /* the caller's, or NULL */
    int classes;                /* how many were added */
    gradus_class_metrics plain, weighted; /* sums of 1 and support times m */
} class_sums;

/* 0 / 0 is 0. */
static double ratio(double a, double b)
{
    return b > 0 ? a / b : 0;
}

static void add(gradus_class_metrics *sum, gradus_class_metrics m,
                double weight)
{
    sum->precision += weight * m.precision;
    sum->recall += weight * m.recall;
    sum->f1 += weight * m.f1;
    sum->support += m.support;
}

static void add_class(class_sums *s, size_t hits, size_t predicted,
                      size_t support)
{
    const double h = (double)hits, p = (double)predicted, n = (double)support;
    gradus_class_metrics m = { .precision = ratio(h, p),
                               .recall = ratio(h, n),
                               .f1 = ratio(2 * h, p + n),
                               .support = support };

    if (s->each)
        s->each[s->classes] = m;
    s->classes++;
    add(&s->plain, m, 1);
    add(&s->weighted, m, n);
}

static gradus_class_metrics mean(gradus_class_metrics sum, double weights)
{
    sum.precision = ratio(sum.precision, weights);
    sum.recall = ratio(sum.recall, weights);
    sum.f1 = ratio(sum.f1, weights);
    return sum;
}

static void read_means(const class_sums *s, gradus_class_metrics *macro,
                       gradus_class_metrics *weighted)
{
    if (macro)
        *macro = mean(s->plain, s->classes);
    if (weighted)
        *weighted = mean(s->weighted, (double)s->weighted.support);
}

int gradus_classification_metrics(int classes, const size_t *confusion,
                                  gradus_class_metrics *each,
                                  gradus_class_metrics *macro,
                                  gradus_class_metrics *weighted)
{
    const size_t K = classes > 0 ? (size_t)classes : 0;
    class_sums s = { .each = each };
    gradus_mode mode;

    if (!confusion)
        return gradus_error_set("gradus_classification_metrics: the confusion "
                                "matrix is NULL");
    if (K < 1)
        return gradus_error_set("gradus_classification_metrics: classes is "
                                "%d; must be at least 1", classes);
    gradus_mode_enter(&mode);
    for (size_t k = 0; k < K; k++) {
        size_t predicted = 0, support = 0;
        for (size_t j = 0; j < K; j++) {
            predicted += confusion[j * K + k];
            support += confusion[k * K + j];
        }
        add_class(&s, confusion[k * K + k], predicted, support);
    }
    read_means(&s, macro, weighted);
    gradus_mode_leave(&mode);
    return 0;
}

/* Adds the label whose column begins at y and t. */
static void add_column(class_sums *s, size_t n, size_t size,
                       const gradus_real *y, const gradus_real *t,
                       gradus_real threshold)
{
    size_t hits = 0, predicted = 0, support = 0;

    for (size_t i = 0; i < n * size; i += size) {
        const bool yes = y[i] > threshold;
        hits += yes && t[i] == 1;
        predicted += yes;
        support += t[i] == 1;
    }
    add_class(s, hits, predicted, support);
}

/* The fraction of the rows whose labels are all right. */
static double exact_rows(size_t n, size_t size, const gradus_real *y,
                         const gradus_real *t, gradus_real threshold)
{
    size_t exact = 0;

    for (size_t i = 0; i < n; i++, y += size, t += size) {
        size_t k = 0;
        while (k < size && (y[k] > threshold) == (t[k] == 1))
            k++;
        exact += k == size;
    }
    return (double)exact / (double)n;
}

int gradus_multilabel_metrics(size_t n, int size, const gradus_real *y,
                              const gradus_real *t, double threshold,
                              gradus_class_metrics *each,
                              gradus_class_metrics *macro,
                              gradus_class_metrics *weighted, double *exact)
{
    static const char who[] = "gradus_multilabel_metrics";
    class_sums s = { .each = each };
    gradus_mode mode;

    gradus_mode_enter(&mode);
    int status = check(who, n, size, y, t, true);
    if (!status && !(threshold >= 0 && threshold < 1))
        status = gradus_error_set("%s: the threshold is %g; must be at least "
                                  "0 and below 1", who, threshold);
    if (!status) {
        gradus_real limit = (gradus_real)(threshold > 0 ? threshold : 0.5);
        for (int k = 0; k < size; k++)
            add_column(&s, n, (size_t)size, y + k, t + k, limit);
        read_means(&s, macro, weighted);
        if (exact)
            *exact = exact_rows(n, (size_t)size, y, t, limit);
    }
    gradus_mode_leave(&mode);
    return status;
}

/* ---- the area under the ROC curve --------------------------------------- */

typedef struct {
    gradus_real score;
    int32_t label;
} scored;

static int by_score(const void *a, const void *b)
{
    const gradus_real x = ((const scored *)a)->score;
    const gradus_real y = ((const scored *)b)->score;

    return (x > y) - (x < y);
}

/* Counts the pairs of a positive and a negative sample, among samples in the
 * order of their scores, and those whose positive one has the higher score. */
static double area(const scored *s, size_t n)
{
    double positives = 0, negatives = 0; /* samples before the i-th */
    double higher = 0;                   /* pairs; equal ones count half */

    for (size_t i = 0; i < n;) {
        const gradus_real score = s[i].score;
        double p = 0, q = 0; /* positives and negatives with this score */
        for (; i < n && s[i].score == score; i++)
            *(s[i].label ? &p : &q) += 1;
        higher += p * (negatives + q / 2);
        positives += p, negatives += q;
    }
    return higher / (positives * negatives);
}

/* Copies the samples to s [n], and refuses those that are not valid. */
static int take_scores(scored *s, size_t n, const gradus_real *score,
                       size_t stride, const int32_t *labels)
{
    size_t positives = 0;

    for (size_t i = 0; i < n; i++) {
        s[i] = (scored){ score[i * stride], labels[i] };
        if (isnan(s[i].score))
            return gradus_error_set("gradus_roc_auc: sample %zu: the score is "
                                    "nan; must be a number", i);
        if (labels[i] != 0 && labels[i] != 1)
            return gradus_error_set("gradus_roc_auc: sample %zu: label is %d; "
                                    "must be 0 or 1", i, (int)labels[i]);
        positives += labels[i] == 1;
    }
    if (positives == 0 || positives == n)
        return gradus_error_set("gradus_roc_auc: %zu of %zu labels are 1; "
                                "must be some, but not all", positives, n);
    return 0;
}

int gradus_roc_auc(size_t n, const gradus_real *score, size_t stride,
                   const int32_t *labels, double *auc)
{
    gradus_mode mode;

    if (!score || !labels || !auc)
        return gradus_error_set("gradus_roc_auc: the scores, the labels or "
                                "auc is NULL");
    if (n < 2 || stride < 1)
        return gradus_error_set("gradus_roc_auc: got %zu samples with a "
                                "stride of %zu; must be at least 2 with 1",
                                n, stride);
    scored *s = calloc(n, sizeof *s);
    if (!s)
        return gradus_no_memory("the order of %zu scores", n);
    gradus_mode_enter(&mode);
    int status = take_scores(s, n, score, stride, labels);
    if (!status) {
        qsort(s, n, sizeof *s, by_score);
        *auc = area(s, n);
    }
    gradus_mode_leave(&mode);
    free(s);
    return status;
}

/* ---- errors of numbers -------------------------------------------------- */

/* Adds the errors of the column that begins at y and t.  Targets are taken
 * relative to the first, so that equal ones have no spread, not even one by
 * rounding, and that large ones lose no digits in the sum. */
static void add_errors(gradus_regression_errors *sum, size_t n, size_t size,
                       const gradus_real *y, const gradus_real *t)
{
    const double first = (double)t[0], rows = (double)n;
    double absolute = 0, squares = 0, centre = 0, total = 0;

    for (size_t i = 0; i < n * size; i += size) {
        double d = (double)y[i] - (double)t[i];
        absolute += fabs(d);
        squares += d * d;
        centre += (double)t[i] - first;
    }
    centre /= rows; /* mean t - first */
    for (size_t i = 0; i < n * size; i += size) {
        double d = (double)t[i] - first - centre;
        total += d * d; /* sum (t - mean t)^2 */
    }
    sum->mae += absolute / rows;
    sum->rmse += sqrt(squares / rows);
    sum->r2 += total > 0 ? 1 - squares / total : absolute == 0;
}

int gradus_regression_metrics(size_t n, int size, const gradus_real *y,
                              const gradus_real *t,
                              gradus_regression_errors *errors)
{
    static const char who[] = "gradus_regression_metrics";
    gradus_regression_errors sum = { 0 };
    gradus_mode mode;

    if (!errors)
        return gradus_error_set("%s: the errors are NULL", who);
    gradus_mode_enter(&mode);
    int status = check(who, n, size, y, t, false);
    if (!status) {
        for (int k = 0; k < size; k++)
            add_errors(&sum, n, (size_t)size, y + k, t + k);
        *errors = (gradus_regression_errors){ .mae = sum.mae / size,
                                              .rmse = sum.rmse / size,
                                              .r2 = sum.r2 / size };
        if (n < 2)
            errors->r2 = NAN;
    }
    gradus_mode_leave(&mode);
    return status;
}
