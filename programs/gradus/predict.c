/* predict.c -- gradus predict: what a model says of new rows or images. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "images.h"
#include "model.h"
#include "openblas.h"
#include "source.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: gradus predict MODEL DATA [options]\n"
    "       gradus predict MODEL IMAGE.. [options]\n"
    "Says what MODEL, a file of gradus train --save, predicts.\n"
    "\n"
    "If MODEL was trained on a table, DATA is a CSV file, or - for standard\n"
    "input.  It has the same columns, in any order; those of the label and\n"
    "of the targets are not read, and may be missing.  Of classes, there is\n"
    "a line for each row:\n"
    "    predicted,probability\n"
    "and of numbers, one with the columns of the targets, in their units.\n"
    "\n"
    "If MODEL was trained on images, each IMAGE is a PNG or JPEG file or a\n"
    "folder of such files or of folders of them, or DATA is a folder of\n"
    "files in MNIST's format, of which the test images are read:\n"
    "    file,predicted,probability\n"
    "An image that cannot be read is left out, and the exit status is then\n"
    "1.\n"
    "\n"
    "  --proba      add the probability of each class\n"
    "  --json       print one JSON object: {\"predictions\": [{\"predicted\": ..,\n"
    "               \"probability\": ..}, ..]}; with --proba, there are\n"
    "               \"classes\" and, in their order, \"probabilities\"\n"
    "  --out FILE   write to FILE, not to standard output\n"
    "  -h, --help   print this\n"
    "\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line.\n";

static const struct option options[] = {
    {"proba", no_argument, NULL, 'p'},
    {"json", no_argument, NULL, 'j'},
    {"out", required_argument, NULL, 'o'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

enum { BATCH = 256 }; /* images in memory at once */

/* Predictions, owned, and what is asked of them. */
typedef struct {
    int proba, json;     /* 0 or 1 */
    const char *out;     /* a file, or NULL */
    model m;
    paths files;         /* of images; the first n are those predicted */
    size_t n;
    gradus_real *y;      /* [n,outputs] */
} predictions;

/* ---- the command line --------------------------------------------------- */

static void parse(predictions *p, int argc, char **argv)
{
    for (int c; (c = next_option(argc, argv, "h", options)) != -1;)
        switch (c) {
        case 'p': p->proba = 1; break;
        case 'j': p->json = 1; break;
        case 'o': p->out = optarg; break;
        case 'h':
            fputs(help, stdout);
            exit(finish_stdout());
        default: wrong_option();
        }
    if (argc - optind < 2)
        usage_error("predict: got %s; must be a MODEL that gradus train has "
                    "saved, and DATA or at least one IMAGE",
                    argc > optind ? "a MODEL and no DATA" : "no MODEL");
    for (int i = optind; i < argc; i++)
        refuse_one_file("--out", p->out, i == optind ? "MODEL" : "DATA",
                        argv[i]);
}

/* ---- predicting --------------------------------------------------------- */

/* Makes room for the predictions of n rows. */
static int make_room(predictions *p, size_t n)
{
    p->y = calloc(n + 1, (size_t)p->m.outputs * sizeof *p->y);
    if (!p->y)
        complain("out of memory for %zu predictions", n);
    return p->y ? 0 : -1;
}

/* Opens the data; of a table, without the columns of what is right, in which
 * anything may stand. */
static int open_questions(source *s, const char *path, const model *m)
{
    model blind = *m;

    if (m->table && !(blind.table = gradus_get_table(m->graph))) {
        complain("%s: %s", m->path, gradus_error());
        return -1;
    }
    gradus_table_ignore_answers(blind.table);
    int failed = open_source_for(s, path, &blind);
    gradus_table_free(blind.table);
    return failed;
}

/* Predicts the rows of a table, or the test images of files in MNIST's
 * format. */
static int predict_data(predictions *p, const char *path)
{
    source s = { 0 };
    int failed = open_questions(&s, path, &p->m);

    if (!failed) {
        const gradus_dataset *d = s.test ? s.test : s.data;
        failed = make_room(p, d->n);
        if (!failed && predict_all(p->m.graph, d, p->y)) {
            complain("%s: %s", path, gradus_error());
            failed = 1;
        }
        p->n = failed ? 0 : d->n;
    }
    close_source(&s);
    return failed;
}

/* Reads up to BATCH of the files from *next on, moves *next past them, and
 * keeps the paths of those that could be read.  Returns how many these are. */
static int read_batch(predictions *p, size_t *next, uint8_t *pixels)
{
    const model *m = &p->m;
    int rows = 0;

    for (; *next < p->files.n && rows < BATCH; ++*next) {
        char *path = p->files.path[*next];
        if (gradus_load_image(path, m->channels, m->height, m->width,
                              pixels + (size_t)rows * (size_t)m->size)) {
            complain("%s; %s takes images", gradus_error(), m->path);
            continue;
        }
        p->files.path[*next] = p->files.path[p->n + (size_t)rows];
        p->files.path[p->n + (size_t)rows++] = path;
    }
    return rows;
}

/* Predicts all files that can be read.  Returns non-zero, with a message, if
 * there are others. */
static int predict_files(predictions *p)
{
    const size_t outputs = (size_t)p->m.outputs;
    uint8_t *pixels = malloc(BATCH * (size_t)p->m.size);
    int failed = make_room(p, p->files.n) || !pixels;

    for (size_t next = 0; !failed && next < p->files.n;) {
        const int rows = read_batch(p, &next, pixels);
        const gradus_dataset d = { .n = (size_t)rows, .size = p->m.size,
                                   .pixels = pixels };
        failed = predict_all(p->m.graph, &d, p->y + p->n * outputs);
        if (failed)
            complain("%s", gradus_error());
        else
            p->n += (size_t)rows;
    }
    free(pixels);
    return failed || p->n < p->files.n;
}

static int predict_images(predictions *p, int count, char **path)
{
    for (int i = 0; i < count; i++)
        if (list_images(&p->files, path[i]))
            return -1;
    return predict_files(p);
}

static int predict_any(predictions *p, int count, char **path)
{
    if (p->m.table && count > 1)
        usage_error("predict: got %d files, but %s takes the rows of a table; "
                    "must be one CSV file, or - for standard input", count,
                    p->m.path);
    const int one = p->m.table || !p->m.height ||
                    (count == 1 && is_idx_folder(path[0]));
    return one ? predict_data(p, path[0]) : predict_images(p, count, path);
}

/* ---- printing ----------------------------------------------------------- */

/* The names of the columns. */
static void print_names(const predictions *p)
{
    const model *m = &p->m;

    if (p->files.n)
        fputs("file,", stdout);
    if (m->classes)
        fputs("predicted,probability", stdout);
    for (int k = 0; m->classes && p->proba && k < m->classes; k++) {
        putchar(',');
        print_field(stdout, "probability of ", class_name(m->graph, k));
    }
    for (int j = 0; !m->classes && j < m->outputs; j++) {
        fputs(j ? "," : "", stdout);
        print_field(stdout, target_name(m, j), "");
    }
    putchar('\n');
}

static void print_row(const predictions *p, size_t i)
{
    const model *m = &p->m;
    const gradus_real *y = p->y + i * (size_t)m->outputs;

    if (p->files.n) {
        print_field(stdout, p->files.path[i], "");
        putchar(',');
    }
    if (m->classes) {
        const int best = best_class(y, m->classes);
        print_field(stdout, class_name(m->graph, best), "");
        printf(",%.7g", (double)y[best]);
    }
    for (int k = 0; (!m->classes || p->proba) && k < m->outputs; k++)
        printf("%s%.7g", m->classes || k ? "," : "", (double)y[k]);
    putchar('\n');
}

static json_t *row_json(const predictions *p, size_t i)
{
    const model *m = &p->m;
    const gradus_real *y = p->y + i * (size_t)m->outputs;
    json_t *row = json_object();

    if (p->files.n)
        json_object_set_new(row, "file", json_text(p->files.path[i]));
    for (int j = 0; !m->classes && j < m->outputs; j++)
        json_object_set_new(row, target_name(m, j), json_real(y[j]));
    if (!m->classes)
        return row;
    const int best = best_class(y, m->classes);
    json_object_set_new(row, "predicted",
                        json_string(class_name(m->graph, best)));
    json_object_set_new(row, "probability", json_real(y[best]));
    if (p->proba) {
        json_t *all = json_array();
        for (int k = 0; k < m->classes; k++)
            json_array_append_new(all, json_real(y[k]));
        json_object_set_new(row, "probabilities", all);
    }
    return row;
}

static int print_as_json(const predictions *p)
{
    json_t *rows = json_array(), *classes = json_array();

    for (size_t i = 0; i < p->n; i++)
        json_array_append_new(rows, row_json(p, i));
    for (int k = 0; k < p->m.classes; k++)
        json_array_append_new(classes,
                              json_string(class_name(p->m.graph, k)));
    json_t *json = json_pack("{s:o}", "predictions", rows);
    if (p->m.classes && p->proba)
        json_object_set(json, "classes", classes);
    json_decref(classes);
    return print_json(json);
}

static int print_all(const predictions *p)
{
    if (p->out && !freopen(p->out, "w", stdout)) {
        complain("%s: %s", p->out, strerror(errno));
        return -1;
    }
    if (p->json)
        return print_as_json(p);
    print_names(p);
    for (size_t i = 0; i < p->n; i++)
        print_row(p, i);
    return 0;
}

/* What could be read is printed, even where something could not. */
int command_predict(int argc, char **argv)
{
    predictions p = { 0 };

    parse(&p, argc, argv);
    int failed = open_model(&p.m, argv[optind], 1) || understand_model(&p.m);
    if (!failed && p.proba && !p.m.classes)
        usage_error("--proba: %s predicts numbers, which have no probability; "
                    "leave it out", p.m.path);
    failed = failed || !openblas_has_room(1) ||
             predict_any(&p, argc - optind - 1, argv + optind + 1);
    if (p.n && print_all(&p))
        failed = 1;
    free(p.y);
    free_paths(&p.files);
    close_model(&p.m);
    return failed ? 1 : 0;
}
