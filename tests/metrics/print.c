/* print.c -- print-metrics: computes the metrics of random predictions, and
 * prints both as JSON, a line for each case, for compare.py to compute again
 * with scikit-learn.
 *
 * In some cases only one of the classes, labels or targets occurs, and most
 * scores are rounded so that several are equal. */
#include <gradus.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CASES = 60, ROWS = 300, COLUMNS = 6 };

/* The data of a case: the first n rows. */
static gradus_real y[ROWS * COLUMNS], t[ROWS * COLUMNS];
static int32_t labels[ROWS], predicted[ROWS];
static gradus_random r;

static void check(int status)
{
    if (!status)
        return;
    fprintf(stderr, "print-metrics: %s\n", gradus_error());
    exit(1);
}

static int below(int n)
{
    return (int)gradus_random_below(&r, (uint32_t)n);
}

static void print_reals(const char *name, size_t n, const gradus_real *a)
{
    printf(", \"%s\": [", name);
    for (size_t i = 0; i < n; i++)
        printf("%s%.17g", i ? ", " : "", (double)a[i]);
    printf("]");
}

static void print_integers(const char *name, size_t n, const int32_t *a)
{
    printf(", \"%s\": [", name);
    for (size_t i = 0; i < n; i++)
        printf("%s%d", i ? ", " : "", (int)a[i]);
    printf("]");
}

static void print_classes(const char *name, size_t n,
                          const gradus_class_metrics *m)
{
    printf(", \"%s\": [", name);
    for (size_t i = 0; i < n; i++)
        printf("%s[%.17g, %.17g, %.17g, %zu]", i ? ", " : "", m[i].precision,
               m[i].recall, m[i].f1, m[i].support);
    printf("]");
}

/* Metrics of each class, then the plain and the weighted mean. */
static void print_all(int classes, const gradus_class_metrics *each)
{
    print_classes("each", (size_t)classes, each);
    print_classes("macro", 1, each + classes);
    print_classes("weighted", 1, each + classes + 1);
}

/* Of K classes, of which labels take the first `some` and predictions the
 * first `others`. */
static void classification(size_t n, int K)
{
    size_t confusion[COLUMNS * COLUMNS] = { 0 };
    gradus_class_metrics m[COLUMNS + 2];
    const int some = 1 + below(K), others = 1 + below(K);

    for (size_t i = 0; i < n; i++) {
        labels[i] = below(some);
        predicted[i] = below(3) ? labels[i] : below(others);
        confusion[labels[i] * K + predicted[i]]++;
    }
    check(gradus_classification_metrics(K, confusion, m, m + K, m + K + 1));
    printf("{\"kind\": \"classification\", \"size\": %d", K);
    print_integers("t", n, labels);
    print_integers("y", n, predicted);
    print_all(K, m);
    printf("}\n");
}

static void multilabel(size_t n, int size)
{
    const double threshold = below(2) ? 0 : gradus_random_uniform(&r);
    gradus_class_metrics m[COLUMNS + 2];
    double exact;

    for (size_t i = 0; i < n * (size_t)size; i++) {
        t[i] = below(4) == 0 && i % (size_t)size != 1; /* 1 never occurs */
        y[i] = (gradus_real)(t[i] * 0.3 + 0.7 * gradus_random_uniform(&r));
    }
    check(gradus_multilabel_metrics(n, size, y, t, threshold, m, m + size,
                                    m + size + 1, &exact));
    printf("{\"kind\": \"multilabel\", \"size\": %d, \"threshold\": %.17g, "
           "\"exact\": %.17g", size, threshold, exact);
    print_reals("t", n * (size_t)size, t);
    print_reals("y", n * (size_t)size, y);
    print_all(size, m);
    printf("}\n");
}

/* The scores are column 1 of y [n,size]. */
static void roc_auc(size_t n, int size)
{
    const double grid = pow(10, below(4));
    double auc;

    for (size_t i = 0; i < n; i++) {
        labels[i] = i < 2 ? (int32_t)i : below(3) == 0;
        y[i * (size_t)size + 1] = (gradus_real)(
            floor((labels[i] + gradus_random_normal(&r)) * grid) / grid);
    }
    check(gradus_roc_auc(n, y + 1, (size_t)size, labels, &auc));
    printf("{\"kind\": \"roc_auc\", \"size\": %d, \"auc\": %.17g", size, auc);
    print_integers("t", n, labels);
    print_reals("y", n * (size_t)size, y);
    printf("}\n");
}

/* Targets have an offset that is up to 1000 times as large as their spread; in
 * some cases those of column 1 are all equal. */
static void regression(size_t n, int size)
{
    const double offset = pow(10, below(4));
    const bool equal = below(2), right = below(2);
    gradus_regression_errors e;

    for (size_t i = 0; i < n * (size_t)size; i++) {
        bool one = equal && i % (size_t)size == 1;
        double noise = gradus_random_normal(&r);
        t[i] = (gradus_real)(one ? 0.25 : offset + gradus_random_normal(&r));
        y[i] = one && right ? t[i] : t[i] + (gradus_real)noise;
    }
    check(gradus_regression_metrics(n, size, y, t, &e));
    printf("{\"kind\": \"regression\", \"size\": %d, \"mae\": %.17g, "
           "\"rmse\": %.17g, \"r2\": %.17g", size, e.mae, e.rmse, e.r2);
    print_reals("t", n * (size_t)size, t);
    print_reals("y", n * (size_t)size, y);
    printf("}\n");
}

int main(void)
{
    for (int i = 0; i < CASES; i++) {
        gradus_random_init(&r, 1, 0, (uint64_t)i);
        size_t n = 2 + (size_t)below(i < CASES / 2 ? 8 : ROWS - 1);
        classification(n, 1 + below(COLUMNS));
        multilabel(n, 2 + below(COLUMNS - 1));
        roc_auc(n, 2 + below(COLUMNS - 1));
        regression(n, 1 + below(COLUMNS));
    }
    return 0;
}
