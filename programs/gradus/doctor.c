/* doctor.c -- gradus doctor: says why a net does not learn, from its data, its
 * values and gradients, and its first steps. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "doctor.h"
#include "doctor_layers.h"
#include "openblas.h"
#include "rows.h"
#include "text.h"

#include "gradus_layer.h" /* the loss */

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: gradus doctor DATA [options of gradus train]\n"
    "       gradus doctor --model MODEL DATA [--json] [--threads N]\n"
    "Says why a net does not learn, or that nothing is wrong with it: the net\n"
    "that gradus train would make for DATA with these options, or MODEL, a\n"
    "file that gradus train or a program has saved.  DATA are as gradus train\n"
    "or, with --model, gradus evaluate takes them.\n"
    "\n"
    "It looks at\n"
    "  - the data: classes, copies and contradictions, columns that are empty,\n"
    "    constant, far out or too good to be true, images without a picture;\n"
    "  - the net before any step: how its nodes are put together, the scale of\n"
    "    its inputs, the first loss, values and gradients of each layer, dead\n"
    "    and saturated units, weights that are 0 or all the same;\n"
    "  - its first steps: whether it learns 8 rows by heart, whether the\n"
    "    learning rate suits it, and whether the inputs say anything about the\n"
    "    answers.\n"
    "Of each finding it prints what was seen, why that hurts, what to do, and\n"
    "which page explains it.  Columns are judged by at most 5,000 rows, evenly\n"
    "spread, the net by 512, and the steps are trained on at most 2,000 and\n"
    "held against at most 500 others, without --augment and --flip.  No file\n"
    "is written: MODEL stays as it is, and --save, --log, --report and\n"
    "--checkpoint do nothing.\n"
    "\n"
    "  --model MODEL   look at MODEL in place of a new net\n"
    "  --json          print one JSON object\n"
    "  -h, --help      print this; gradus train --help has the other options\n"
    "\n"
    "Exit status: 0 if nothing was found, 3 if something was, 1 on an error,\n"
    "2 for a wrong command line.\n";

enum { MODEL_BATCH = 32, WIDTH = 79, FOUND = 3 };

/* ---- findings -------------------------------------------------------- */

void found(patient *p, const disease *what, const char *format, ...)
{
    char text[2048];
    finding *more = realloc(p->found,
                            ((size_t)p->count + 1) * sizeof *more);
    va_list ap;

    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    if (more) {
        p->found = more;
        p->found[p->count] = (finding){ .what = what, .text = strdup(text) };
    }
    if (more && more[p->count].text)
        p->count++;
    else
        p->failed = 1;
}

int has(const patient *p, const disease *what)
{
    for (int i = 0; i < p->count; i++)
        if (p->found[i].what == what)
            return 1;
    return 0;
}

/* ---- what is printed ------------------------------------------------- */

/* Prints a text after a label, in lines that begin at the same column. */
static void print_wrapped(const char *label, const char *text)
{
    const int left = 8;
    int at = left;

    printf("   %-*s", left - 3, label);
    for (const char *word = text; *word;) {
        const int length = (int)strcspn(word, " ");
        if (at > left && at + 1 + length > WIDTH) {
            printf("\n%*s", left, "");
            at = left;
        }
        at += printf("%s%.*s", at > left ? " " : "", length, word);
        word += length + (word[length] == ' ');
    }
    putchar('\n');
}

static void print_finding(int number, const finding *f)
{
    printf("\n%d  %s\n", number, f->what->name);
    print_wrapped("seen", printable(f->text));
    print_wrapped("why", f->what->why);
    print_wrapped("do", f->what->remedy);
    print_wrapped("read", f->what->page);
}

static void print_losses(const patient *p)
{
    const losses *l = &p->loss;

    if (!isnan(l->first))
        printf("loss before any step %.4g; of a guess %.4g\n", l->first,
               l->guess);
    if (l->small_steps)
        printf("%d row%s to learn by heart: loss %.3g after %d steps of "
               "Adam\n", l->small_rows, l->small_rows == 1 ? "" : "s",
               l->small, l->small_steps);
    if (l->steps)
        printf("%d steps with the options given: loss %.4g to %.4g\n", l->steps,
               l->began, l->ended);
    if (isnan(l->other))
        return;
    printf("%zu other rows after %d steps: loss %.3g", p->valid.n,
           ANSWER_STEPS, l->other);
    if (!isnan(p->correlation))
        printf(", correlation with answers %.2f",
               fabs(p->correlation) < 0.005 ? 0 : p->correlation);
    putchar('\n');
}

/* Prints a line for each layer that has weights. */
static void print_layers(const patient *p)
{
    const gradus_node *n;

    printf("\n%-24s%10s%10s%10s%10s\n", "layer", "values", "zeros", "gradient",
           p->loss.steps ? "update" : "");
    for (int i = 0; (n = gradus_node_at(p->graph, i)); i++) {
        const layer_seen *s = seen_of(p, n);
        char name[80];
        if (!weight_of(n))
            continue;
        snprintf(name, sizeof name, "%s%s%s", gradus_node_name(n),
                 s == &p->seen[i] ? "" : " .. ",
                 s == &p->seen[i] ? "" : gradus_node_name(result_of(n)));
        printf("%-24s%10.3g%8.0f %%%10.2g", name, s->rms,
               100 * seen_of(p, relu_of(p->graph, n))->zeros, s->gradient);
        if (p->loss.steps)
            printf("%10.2g", p->seen[i].update);
        putchar('\n');
    }
    printf("(values, gradient: root mean squares; zeros: behind the ReLU%s)\n",
           p->loss.steps ? ";\nupdate: by what part of itself a step changes "
           "the weight" : "");
}

static void print_all(const patient *p, const train_flags *f)
{
    printf("%s: %zu rows; %s with %zu parameters\n", printable(f->s.data),
           p->whole->n, f->model ? printable(f->model) : "a net",
           gradus_parameter_count(p->graph));
    if (p->unlabelled)
        printf("%zu of the rows have the label %d, which the net ignores\n",
               p->unlabelled, *p->ignored);
    print_losses(p);
    if (p->seen)
        print_layers(p);
    for (int i = 0; i < p->count; i++)
        print_finding(i + 1, &p->found[i]);
    printf("\n%d finding%s\n", p->count, p->count == 1 ? "" : "s");
}

static json_t *findings_json(const patient *p)
{
    json_t *list = json_array();

    for (int i = 0; i < p->count; i++) {
        const finding *f = &p->found[i];
        json_array_append_new(list, json_pack(
            "{s:s, s:o, s:s, s:s, s:s}", "name", f->what->name, "text",
            json_text(f->text), "why", f->what->why, "remedy",
            f->what->remedy, "page", f->what->page));
    }
    return list;
}

static json_t *layers_json(const patient *p)
{
    const gradus_node *n;
    json_t *list = json_array();

    for (int i = 0; (n = gradus_node_at(p->graph, i)) && p->seen; i++)
        if (weight_of(n))
            json_array_append_new(list, json_pack(
                "{s:s, s:o, s:o, s:o, s:o}", "name", gradus_node_name(n),
                "values", json_number(seen_of(p, n)->rms), "zeros",
                json_number(seen_of(p, relu_of(p->graph, n))->zeros),
                "gradient", json_number(seen_of(p, n)->gradient), "update",
                json_number(p->loss.steps ? p->seen[i].update : NAN)));
    return list;
}

static int print_as_json(const patient *p, const train_flags *f)
{
    const losses *l = &p->loss;

    return print_json(json_pack(
        "{s:o, s:o, s:I, s:{s:o, s:o, s:o, s:o, s:o, s:o}, s:o, s:o, s:o}",
        "data", json_text(f->s.data), "model", json_text(f->model), "rows",
        (json_int_t)p->whole->n, "loss", "guess", json_number(l->guess),
        "first", json_number(l->first), "small", json_number(l->small),
        "began", json_number(l->began), "ended", json_number(l->ended),
        "other", json_number(l->other), "correlation",
        json_number(p->correlation),
        "layers", layers_json(p), "findings", findings_json(p)));
}

/* ---- what is looked at ----------------------------------------------- */

/* A net that gradus train would make, and its data. */
static int open_training(patient *p, const train_flags *f)
{
    if (open_setup(&p->of, f))
        return -1;
    p->whole = p->of.data.data;
    p->table = p->of.data.table;
    p->batch = p->of.s.batch;
    p->of.s.augment = p->of.s.flip = 0;
    p->graph = build_net(&p->of);
    if (!p->graph) {
        complain("%s", gradus_error());
        return -1;
    }
    if (!sample_rows(&p->of.train, TRAIN_ROWS, &p->train) &&
        !sample_rows(&p->of.valid, VALID_ROWS, &p->valid))
        return 0;
    complain("out of memory");
    return -1;
}

/* Finds the rows that the model ignores, and checks the labels of the others.
 * Their number must be at least 3: a fifth of 2 rows is none. */
static int count_rows(patient *p)
{
    const gradus_dataset *d = p->whole;
    const gradus_loss_node *l = gradus_as_loss(output_of(p->graph));
    const int ignores = p->m.classes && l && l->use_ignore_label;

    for (size_t i = 0; i < d->n && ignores; i++)
        p->unlabelled += d->labels[i] == l->ignore_label;
    p->ignored = ignores ? &l->ignore_label : NULL;
    if (d->n - p->unlabelled >= 3)
        return check_labels(&p->given, &p->m, d, 0, d->n);
    if (p->unlabelled)
        complain("%s: %zu of %zu rows have the label %d, which %s ignores; at "
                 "least 3 must have another one, as some are trained on and "
                 "others are not", p->given.path, p->unlabelled, d->n,
                 *p->ignored, p->m.path);
    else
        complain("%s: has %zu row%s; must have at least 3, as some are "
                 "trained on and others are not", p->given.path, d->n,
                 d->n == 1 ? "" : "s");
    return -1;
}

/* A model, and data for it. */
static int open_patient(patient *p, const train_flags *f)
{
    if (open_model(&p->m, f->model, f->s.threads) || understand_model(&p->m) ||
        open_source_for(&p->given, f->s.data, &p->m))
        return -1;
    p->graph = p->m.graph;
    p->whole = p->given.data;
    p->table = p->m.table;
    p->batch = gradus_max_batch(p->graph) < MODEL_BATCH
                   ? gradus_max_batch(p->graph) : MODEL_BATCH;
    if (p->m.classes ? !p->whole->labels : !p->whole->targets) {
        complain("%s: does not have the column that the net predicts; must "
                 "have it, so that the net can be trained for some steps",
                 f->s.data);
        return -1;
    }
    if (count_rows(p))
        return -1;
    if (!divide_rows(p->whole, p->ignored, &p->train, &p->valid))
        return 0;
    complain("%s: %s", f->s.data, gradus_error());
    return -1;
}

static int work(patient *p, const train_flags *f)
{
    if ((f->model ? open_patient(p, f) : open_training(p, f)) ||
        !openblas_has_room(gradus_threads(p->graph)))
        return 1;
    look_at_data(p);
    look_at_net(p);
    look_at_steps(p);
    if (p->failed) {
        complain("out of memory");
        return 1;
    }
    if (f->s.json && print_as_json(p, f))
        return 1;
    if (!f->s.json)
        print_all(p, f);
    return p->count ? FOUND : 0;
}

int command_doctor(int argc, char **argv)
{
    static train_flags flags; /* large: it lists columns */
    patient p = { .loss = { NAN, NAN, NAN, NAN, NAN, NAN, 0, 0, 0 },
                  .correlation = NAN };

    flags = parse_doctor(argc, argv, help);
    int status = work(&p, &flags);
    for (int i = 0; i < p.count; i++)
        free(p.found[i].text);
    free(p.found);
    free(p.seen);
    free_rows(&p.train);
    free_rows(&p.valid);
    if (p.graph != p.m.graph)
        gradus_graph_free(p.graph);
    close_setup(&p.of);
    close_source(&p.given);
    close_model(&p.m);
    return status;
}
