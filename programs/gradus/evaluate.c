/* evaluate.c -- gradus evaluate: how good a model is on data whose labels or
 * targets are known, and where it is most wrong. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "images.h"
#include "model.h"
#include "openblas.h"
#include "rows.h"
#include "score.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: gradus evaluate MODEL DATA [options]\n"
    "Compares what MODEL, a file of gradus train --save, predicts with what\n"
    "is right: the label or the targets in DATA, a CSV file (or - for\n"
    "standard input), the folders in a folder of images, or the test images\n"
    "of a folder of files in MNIST's format.\n"
    "\n"
    "It prints the loss and the accuracy or the errors; of each class, its\n"
    "precision, recall, F1 and number of rows; which classes are taken for\n"
    "which others; and the worst mistakes: those rows in which a wrong\n"
    "class is the most probable, or of numbers the largest errors, compared\n"
    "with the mean absolute error of their target.\n"
    "\n"
    "  --worst N    how many of the worst mistakes to print (5).  Rows are\n"
    "               counted as in a spreadsheet: a header is row 1; in files\n"
    "               in MNIST's format, the first image is row 1.  (gradus\n"
    "               explain counts rows from 0)\n"
    "  --json       print one JSON object\n"
    "  -h, --help   print this\n"
    "\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line.\n";

static const struct option options[] = {
    {"worst", required_argument, NULL, 'w'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

enum {
    MOST_CLASSES = 20, /* in the table of classes taken for others, */
    WIDTH = 100,       /* which has about as many columns */
    NAME = 24          /* columns for a name elsewhere */
};

/* A wrong prediction. */
typedef struct {
    double badness;
    size_t row;
    int target; /* of numbers, which of them */
} mistake;

/* What is compared; owned. */
typedef struct {
    int worst, json;
    model m;
    source s;
    const gradus_dataset *d; /* of s */
    score of;
    mistake *mistake;        /* [mistakes], the worst first */
    size_t mistakes;
    paths files;             /* of a folder of images, in the order of d */
} evaluation;

static void parse(evaluation *e, int argc, char **argv)
{
    for (int c; (c = next_option(argc, argv, "h", options)) != -1;)
        switch (c) {
        case 'w': e->worst = whole_int("--worst", optarg, 0, 1000000); break;
        case 'j': e->json = 1; break;
        case 'h':
            fputs(help, stdout);
            exit(finish_stdout());
        default: wrong_option();
        }
    if (argc - optind != 2)
        usage_error("evaluate: got %d argument%s; must be two: a MODEL that "
                    "gradus train has saved, and DATA", argc - optind,
                    argc - optind == 1 ? "" : "s");
}

/* ---- mistakes ----------------------------------------------------------- */

static int worst_first(const void *a, const void *b)
{
    const mistake *x = a, *y = b;

    if (x->badness != y->badness)
        return x->badness < y->badness ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Takes the rows in which a wrong class is the most probable. */
static void find_wrong_classes(evaluation *e)
{
    for (size_t i = 0; i < e->of.n; i++) {
        const int k = score_class(&e->of, i);
        if (k != e->d->labels[i])
            e->mistake[e->mistakes++] = (mistake){
                .badness = e->of.y[i * (size_t)e->of.size + (size_t)k],
                .row = i };
    }
}

/* Takes the errors of all numbers. */
static void find_errors(evaluation *e)
{
    const size_t size = (size_t)e->of.size;

    for (size_t j = 0; j < size; j++) {
        double sum = 0;
        for (size_t i = 0; i < e->of.n; i++) {
            const size_t at = i * size + j;
            const double error = fabs((double)e->of.y[at] - e->d->targets[at]);
            sum += error;
            e->mistake[e->mistakes++] = (mistake){
                .badness = error, .row = i, .target = (int)j };
        }
        for (size_t i = 0; i < e->of.n && sum > 0; i++)
            e->mistake[e->mistakes - 1 - i].badness *= (double)e->of.n / sum;
    }
}

static int find_mistakes(evaluation *e)
{
    e->mistake = calloc(e->of.n * (size_t)e->of.size, sizeof *e->mistake);
    if (!e->mistake) {
        complain("out of memory for the mistakes in %zu rows", e->of.n);
        return -1;
    }
    if (e->of.classes)
        find_wrong_classes(e);
    else
        find_errors(e);
    qsort(e->mistake, e->mistakes, sizeof *e->mistake, worst_first);
    if (e->mistakes > (size_t)e->worst)
        e->mistakes = (size_t)e->worst;
    return e->s.kind == SOURCE_FOLDER ? list_images(&e->files, e->s.path) : 0;
}

/* ---- printing ----------------------------------------------------------- */

static void print_classes(const evaluation *e)
{
    const gradus_graph *g = e->m.graph;
    int width = 5;

    for (int k = 0; k < e->of.classes; k++) {
        const int w = text_width(printable(class_name(g, k)));
        width = w > width ? w : width;
    }
    width = width < NAME ? width : NAME;
    printf("\n%-*s precision  recall      F1     rows\n", width, "class");
    for (int k = 0; k < e->of.classes; k++) {
        const gradus_class_metrics *c = &e->of.each[k];
        print_cell(stdout, class_name(g, k), width, 0);
        printf(" %9.3f %7.3f %7.3f %8zu\n", c->precision, c->recall, c->f1,
               c->support);
    }
}

/* How wide the columns of the confusion matrix are: as the longest name, if
 * that fits, but at least as the largest count. */
static int confusion_width(const evaluation *e)
{
    const int n = e->of.classes, most = WIDTH / (n + 1) - 1;
    int width = 4, digits = 1;

    for (int k = 0; k < n; k++) {
        const int w = text_width(printable(class_name(e->m.graph, k)));
        width = w > width ? w : width;
    }
    for (size_t rows = e->of.n; rows >= 10; rows /= 10)
        digits++;
    width = width < most ? width : most;
    return width > digits ? width : digits;
}

static void print_confusion(const evaluation *e)
{
    const int n = e->of.classes, width = confusion_width(e);

    if (n > MOST_CLASSES) {
        printf("\n--json has the table of which of the %d classes are taken "
               "for which others\n", n);
        return;
    }
    printf("\nrows of a class, and the columns that they are taken for\n");
    print_cell(stdout, "", width, 0);
    for (int j = 0; j < n; j++) {
        putchar(' ');
        print_cell(stdout, class_name(e->m.graph, j), width, 1);
    }
    for (int k = 0; k < n; k++) {
        putchar('\n');
        print_cell(stdout, class_name(e->m.graph, k), width, 0);
        for (int j = 0; j < n; j++)
            printf(" %*zu", width, e->of.confusion[k * n + j]);
    }
    putchar('\n');
}

/* Ends a line with the file of a row, if it has one. */
static void end_line(const evaluation *e, size_t row)
{
    if (row < e->files.n)
        printf("  %s", printable(e->files.path[row]));
    putchar('\n');
}

static void print_wrong_class(const evaluation *e, const mistake *w)
{
    const gradus_graph *g = e->m.graph;

    printf("%8zu  ", row_number(&e->m, w->row));
    print_cell(stdout, class_name(g, e->d->labels[w->row]), NAME, 0);
    putchar(' ');
    print_cell(stdout, class_name(g, score_class(&e->of, w->row)), NAME, 0);
    printf(" %11.4f", w->badness);
    end_line(e, w->row);
}

static void print_error(const evaluation *e, const mistake *w)
{
    const size_t at = w->row * (size_t)e->of.size + (size_t)w->target;
    const double is = e->d->targets[at], y = e->of.y[at];

    printf("%8zu  ", row_number(&e->m, w->row));
    print_cell(stdout, target_name(&e->m, w->target), NAME, 0);
    printf(" %12.6g %12.6g %12.6g\n", is, y, y - is);
}

static void print_worst(const evaluation *e)
{
    if (!e->mistakes)
        return;
    printf("\nthe worst mistakes\n");
    if (e->of.classes)
        printf("%8s  %-*s %-*s %11s\n", "row", NAME, "true", NAME, "predicted",
               "probability");
    else
        printf("%8s  %-*s %12s %12s %12s\n", "row", NAME, "target", "true",
               "predicted", "error");
    for (size_t i = 0; i < e->mistakes; i++)
        if (e->of.classes)
            print_wrong_class(e, &e->mistake[i]);
        else
            print_error(e, &e->mistake[i]);
    printf("\ngradus explain MODEL DATA %zu shows how the first of these comes "
           "about; it counts rows from 0\n", e->mistake[0].row);
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *mistake_json(const evaluation *e, const mistake *w)
{
    const gradus_graph *g = e->m.graph;
    const size_t at = w->row * (size_t)e->of.size + (size_t)w->target;
    json_t *json = json_pack("{s:I}", "row",
                             (json_int_t)row_number(&e->m, w->row));

    if (w->row < e->files.n)
        json_object_set_new(json, "file", json_text(e->files.path[w->row]));
    if (e->of.classes) {
        json_object_set_new(json, "true", json_string(
            class_name(g, e->d->labels[w->row])));
        json_object_set_new(json, "predicted", json_string(
            class_name(g, score_class(&e->of, w->row))));
        json_object_set_new(json, "probability", json_real(w->badness));
    } else {
        json_object_set_new(json, "target", json_string(
            target_name(&e->m, w->target)));
        json_object_set_new(json, "true", json_real(e->d->targets[at]));
        json_object_set_new(json, "predicted", json_real(e->of.y[at]));
    }
    return json;
}

static int print_as_json(const evaluation *e)
{
    json_t *json = score_json(&e->of, e->m.graph), *worst = json_array();

    for (size_t i = 0; i < e->mistakes; i++)
        json_array_append_new(worst, mistake_json(e, &e->mistake[i]));
    json_object_set_new(json, "worst", worst);
    return print_json(json);
}

/* ---- all of it ---------------------------------------------------------- */

/* Opens the data, which must say what is right. */
static int open_data(evaluation *e, const char *path)
{
    if (open_source_for(&e->s, path, &e->m))
        return -1;
    e->d = known_rows(&e->s, &e->m, NULL);
    return e->d ? 0 : -1;
}

static int evaluate(evaluation *e, const char *path, const char *data)
{
    if (open_model(&e->m, path, 0) || understand_model(&e->m) ||
        open_data(e, data) ||
        !openblas_has_room(gradus_threads(e->m.graph)))
        return -1;
    if (score_data(&e->of, e->m.graph, e->d, data) || find_mistakes(e))
        return -1;
    if (e->json)
        return print_as_json(e);
    score_print(stdout, printable(data), &e->of);
    if (e->of.classes) {
        print_classes(e);
        print_confusion(e);
    }
    print_worst(e);
    return 0;
}

int command_evaluate(int argc, char **argv)
{
    evaluation e = { .worst = 5 };

    parse(&e, argc, argv);
    int failed = evaluate(&e, argv[optind], argv[optind + 1]);
    free(e.mistake);
    free_paths(&e.files);
    score_free(&e.of);
    close_source(&e.s);
    close_model(&e.m);
    return failed ? 1 : 0;
}
