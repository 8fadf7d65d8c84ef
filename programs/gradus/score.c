/* score.c -- how good a net's predictions of some data are. */
#include "score.h"

#include "common.h"
#include "model.h"

#include <math.h>
#include <stdlib.h>

/* Compares the predicted classes with the labels of d. */
static int score_classes(score *s, const gradus_dataset *d)
{
    for (size_t i = 0; i < s->n; i++)
        s->confusion[d->labels[i] * s->classes + score_class(s, i)]++;
    return gradus_classification_metrics(s->classes, s->confusion, s->each,
                                         &s->macro, NULL);
}

/* Two classes of which d has only one have no area. */
static void score_auc(score *s, const gradus_dataset *d)
{
    if (s->classes != 2 || gradus_roc_auc(s->n, s->y + 1, 2, d->labels,
                                          &s->auc))
        s->auc = NAN;
}

/* Does each row have one of the classes?  A loss may ignore other labels, but
 * there is no line for them in a confusion matrix. */
static int check_labels(const score *s, const gradus_dataset *d,
                        const char *where)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->labels[i] < 0 || d->labels[i] >= s->classes) {
            complain("%s: sample %zu has the label %d, which the net ignores; "
                     "must be 0 to %d: leave such samples out", where, i,
                     (int)d->labels[i], s->classes - 1);
            return -1;
        }
    return 0;
}

/* Has some target one number in all rows?  R2 says nothing of it. */
static int are_alike(const gradus_dataset *d)
{
    const size_t size = (size_t)d->target_size;

    for (size_t j = 0; j < size; j++) {
        size_t i = 1;
        while (i < d->n && d->targets[i * size + j] == d->targets[j])
            i++;
        if (i >= d->n)
            return 1;
    }
    return 0;
}

/* Makes room for the predictions and, of classes, for what is counted. */
static int make_room(score *s)
{
    const size_t K = (size_t)s->classes;

    s->y = malloc(s->n * (size_t)s->size * sizeof *s->y);
    s->confusion = calloc(K * K + 1, sizeof *s->confusion);
    s->each = calloc(K + 1, sizeof *s->each);
    if (s->y && s->confusion && s->each)
        return 0;
    complain("out of memory for %zu predictions", s->n);
    return -1;
}

int score_data(score *s, gradus_graph *g, const gradus_dataset *d,
               const char *where)
{
    const gradus_node *out = output_of(g);
    const int is_class = is_op(out, "softmax_ce");
    const int known = is_class ? d->labels != NULL : d->targets != NULL;
    const int size = gradus_node_size(out);
    gradus_metrics m = { .loss = NAN, .accuracy = NAN };

    *s = (score){ .n = d->n, .size = size, .classes = is_class ? size : 0,
                  .auc = NAN };
    if (make_room(s))
        return -1;
    /* gradus_evaluate checks the sizes of d, which gradus_infer cannot see */
    int failed = (known && gradus_evaluate(g, d, NULL, &m)) ||
                 predict_all(g, d, s->y) ||
                 (known && !is_class &&
                  gradus_regression_metrics(d->n, size, s->y, d->targets,
                                            &s->errors));
    if (failed) {
        complain("%s: %s", where, gradus_error());
        return -1;
    }
    s->loss = m.loss;
    s->accuracy = m.accuracy;
    s->alike = known && !is_class && are_alike(d);
    if (!known || !is_class)
        return 0;
    if (check_labels(s, d, where))
        return -1;
    score_auc(s, d);
    return score_classes(s, d);
}

void score_free(score *s)
{
    free(s->y);
    free(s->confusion);
    free(s->each);
}

int score_class(const score *s, size_t i)
{
    return best_class(s->y + i * (size_t)s->size, s->classes);
}

/* Prints how well numbers are predicted.  R2 may be far below 0, as its
 * divisor may be small. */
static void print_errors(FILE *to, const score *s)
{
    fprintf(to, "mean absolute error %.4g, root mean square error %.4g, ",
            s->errors.mae, s->errors.rmse);
    if (isnan(s->errors.r2))
        fputs("no R2", to);
    else if (s->alike)
        fputs("no R2, as a target is one number in all rows", to);
    else
        fprintf(to, s->errors.r2 > -1000 ? "R2 %.3f" : "R2 %.3g",
                s->errors.r2);
}

void score_print(FILE *to, const char *name, const score *s)
{
    if (s->classes) {
        fprintf(to, "%s: accuracy %.2f %% of %zu row%s, F1 %.3f", name,
                100 * s->accuracy, s->n, s->n == 1 ? "" : "s", s->macro.f1);
        if (!isnan(s->auc))
            fprintf(to, ", area under the ROC curve %.3f", s->auc);
    } else {
        fprintf(to, "%s: ", name);
        print_errors(to, s);
        fprintf(to, ", of %zu row%s", s->n, s->n == 1 ? "" : "s");
    }
    fprintf(to, s->loss < 1e6 ? ", loss %.4f\n" : ", loss %.4g\n", s->loss);
}

static json_t *classes_json(const score *s, const gradus_graph *g)
{
    json_t *classes = json_array();

    for (int k = 0; k < s->classes; k++)
        json_array_append_new(classes, json_pack(
            "{s:s, s:f, s:f, s:f, s:I}", "class", class_name(g, k),
            "precision", s->each[k].precision, "recall", s->each[k].recall,
            "f1", s->each[k].f1, "support", (json_int_t)s->each[k].support));
    return classes;
}

static json_t *confusion_json(const score *s)
{
    json_t *rows = json_array();

    for (int k = 0; k < s->classes; k++) {
        json_t *row = json_array();
        for (int j = 0; j < s->classes; j++)
            json_array_append_new(row, json_integer(
                (json_int_t)s->confusion[k * s->classes + j]));
        json_array_append_new(rows, row);
    }
    return rows;
}

json_t *score_json(const score *s, const gradus_graph *g)
{
    json_t *json = json_pack("{s:I, s:o}", "rows", (json_int_t)s->n, "loss",
                             json_number(s->loss));

    if (s->classes) {
        json_object_set_new(json, "accuracy", json_number(s->accuracy));
        json_object_set_new(json, "f1", json_real(s->macro.f1));
        json_object_set_new(json, "roc_auc", json_number(s->auc));
        json_object_set_new(json, "classes", classes_json(s, g));
        json_object_set_new(json, "confusion", confusion_json(s));
    } else {
        json_object_set_new(json, "mae", json_number(s->errors.mae));
        json_object_set_new(json, "rmse", json_number(s->errors.rmse));
        json_object_set_new(json, "r2", json_number(s->errors.r2));
    }
    return json;
}
