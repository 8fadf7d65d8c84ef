/* train.c -- gradus train: from data to a net that is validated.
 *
 * The rows are divided into those to train on and those to validate with; what
 * the table's columns are scaled by is found in the former alone.  The net with
 * the lowest validation loss is kept, and may be saved. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "groups.h"
#include "nets.h"
#include "openblas.h"
#include "progress.h"
#include "report.h"
#include "score.h"
#include "source.h"
#include "stop.h"
#include "train_flags.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All that a training has; owned, but for the flags. */
typedef struct {
    const train_flags *flags;
    settings s;              /* with the defaults for these data */
    source data, valid_data, test_data;
    gradus_dataset *groups;  /* of the rows, or NULL */
    gradus_dataset train, valid; /* parts of data, or those it lends */
    gradus_graph *graph;
    char *command;           /* the command line */
    int best_epoch, epochs_done;
    gradus_epoch *history;   /* [s.epochs] */
    progress shown;
} training;

/* ---- data -------------------------------------------------------------- */

/* Divides the data into rows to train on and rows to validate with, unless
 * other data validate.  Of classes each has its part in both, unless rows
 * belong together. */
static int split(training *t)
{
    const train_flags *f = t->flags;
    const gradus_split_options how = {
        .stratified = t->data.data->labels && !t->groups,
        .groups = t->groups ? t->groups->labels : NULL };

    if (!f->valid)
        return gradus_split(t->data.data, f->fraction, t->s.seed, &how,
                            &t->train, &t->valid);
    t->train = *t->data.data;
    t->train.owned = NULL;
    return 0;
}

/* Opens data that validate or test, which have the columns or the classes of
 * the training data. */
static int open_other(const training *t, source *to, const char *path)
{
    const gradus_image_folder_options classes = {
        .class_names = t->data.data->class_names,
        .classes = t->data.data->classes };

    *to = (source){ .path = path };
    if (t->data.table)
        to->data = gradus_table_load(t->data.table, path, 0);
    else if (t->data.kind == SOURCE_FOLDER)
        to->data = gradus_load_image_folder(path, t->flags->of.grey ? 1 : 3,
                                            t->flags->of.height,
                                            t->flags->of.width, &classes);
    else
        to->data = gradus_load_mnist(path, "t10k");
    return to->data ? 0 : -1;
}

/* Refuses an option that is for images where the data are a table. */
static int refuse_unsuited(const training *t)
{
    const settings *s = &t->s;
    const char *option = s->net != NET_MLP ? "--net"
                         : s->augment      ? "--augment"
                         : s->flip         ? "--flip"
                                           : NULL;

    if (!t->data.table || !option)
        return 0;
    complain("%s: is a table, and %s%s%s is for images; must be %s", s->data,
             option, s->net != NET_MLP ? " " : "",
             s->net != NET_MLP ? net_name(s->net) : "",
             s->net != NET_MLP ? "--net mlp" : "left out");
    return -1;
}

static int open_all(training *t)
{
    const train_flags *f = t->flags;

    if (open_source(&t->data, f->s.data, &f->of) || refuse_unsuited(t))
        return -1;
    if (f->of.group && !(t->groups = load_groups(&t->data, &f->of)))
        return -1;
    if (split(t)) {
        complain("%s: --valid %g: %s", t->s.data, f->fraction,
                 gradus_error());
        return -1;
    }
    if ((f->valid && open_other(t, &t->valid_data, f->valid)) ||
        (f->test && open_other(t, &t->test_data, f->test)) ||
        (t->data.table && gradus_table_fit(t->data.table, &t->train))) {
        complain("%s", gradus_error());
        return -1;
    }
    if (f->valid) {
        t->valid = *t->valid_data.data;
        t->valid.owned = NULL;
    }
    if (!t->valid.labels && !t->valid.targets) {
        complain("%s: has no column to validate with", f->valid);
        return -1;
    }
    return 0;
}

/* The data to test with, or NULL. */
static const gradus_dataset *testing(const training *t)
{
    return t->test_data.data ? t->test_data.data : t->data.test;
}

/* ---- the net ------------------------------------------------------------ */

/* Sets what was not given, by the number of rows and the kind of data.  Those
 * for tables had the lowest validation losses of seventeen settings, on
 * average over scikit-learn's tables (bench/tables.py). */
static void set_defaults(training *t)
{
    settings *s = &t->s;
    const gradus_dataset *d = &t->train;
    const int table = t->data.table != NULL;
    const double lr[] = { 0.05, 0.002, 0.002, 0.002 };
    const double decay[] = { 2e-4, 0, table ? 0.5 : 0.01, 0 };

    if (!t->flags->net_given && !s->layers && d->height >= 12 &&
        d->width >= 12)
        s->net = NET_LENET;
    if (!s->layers)
        s->hidden[s->layers++] = 100;
    if (!s->batch)
        s->batch = d->n > 5000 ? 64 : 32;
    if (!s->epochs) {
        const double epochs = 3000. * s->batch / (double)d->n;
        s->epochs = epochs < 10 ? 10 : epochs > 300 ? 300 : (int)epochs;
    }
    s->lr = s->lr < 0 ? lr[s->optim] : s->lr;
    s->weight_decay = s->weight_decay < 0 ? decay[s->optim] : s->weight_decay;
    s->momentum = s->momentum < 0 ? (s->optim == SGD ? 0.9 : 0) : s->momentum;
    if (s->dropout < 0)
        s->dropout = s->net == NET_CONVNET ? 0.3 : table ? 0.2 : 0;
}

static int patience(const training *t)
{
    const int quarter = t->s.epochs / 4;

    return t->flags->patience >= 0 ? t->flags->patience
           : quarter > 10          ? quarter
                                   : 10;
}

static int augment(const settings *s, gradus_node *x)
{
    gradus_augment_options change = { .flip = s->flip };

    if (s->augment)
        change = (gradus_augment_options){ .shift = 1.5, .rotate = 10,
            .scale = 0.1, .elastic = 20, .sigma = 4, .flip = s->flip };
    return s->augment || s->flip ? gradus_augment(x, &change) : 0;
}

/* Builds and compiles the net for the data. */
static gradus_graph *build(const training *t)
{
    const settings *s = &t->s;
    const gradus_dataset *d = &t->train;
    gradus_graph *g = gradus_graph_new(s->seed);
    gradus_node *x = d->height
                         ? gradus_image(g, d->channels, d->height, d->width)
                         : gradus_input(g, d->size);
    gradus_node *target = d->labels ? gradus_labels(g, 1)
                                    : gradus_input(g, d->target_size);

    if (d->height)
        augment(s, x);
    if (t->data.table)
        gradus_set_table(x, d->labels ? NULL : target, t->data.table);
    gradus_node *y = net_logits(s, x, d->labels ? d->classes : d->target_size);
    if (d->labels)
        gradus_softmax_ce(y, target, NULL);
    else
        gradus_mse(y, target, NULL);
    if (!gradus_compile(g, s->batch, s->threads))
        return g;
    gradus_graph_free(g);
    return NULL;
}

/* The weights of another model, whose nodes must be the same. */
static int begin_with(training *t)
{
    return t->flags->from ? gradus_load_parameters(t->graph, t->flags->from)
                          : 0;
}

/* Says once what was assumed. */
static void say(const training *t)
{
    const settings *s = &t->s;
    const gradus_dataset *d = &t->train;
    FILE *to = stderr;

    fprintf(to, "%s: trains on %zu rows of %d values and validates with %zu",
            printable(s->data), d->n, d->size, t->valid.n);
    if (d->labels)
        fprintf(to, "; %d classes", d->classes);
    else
        fprintf(to, "; %d number%s to predict", d->target_size,
                d->target_size == 1 ? "" : "s");
    if (t->groups)
        fprintf(to, "\n\"%s\" is left out; each of its %d groups either "
                "trains or validates", printable(t->flags->of.group),
                t->groups->classes);
    fprintf(to, "\nnet %s", net_name(s->net));
    for (int i = 0; i < s->layers && s->net == NET_MLP; i++)
        fprintf(to, "%s%d", i ? "," : " ", s->hidden[i]);
    fprintf(to, " with %zu parameters; %s, learning rate %g (%s); batches of "
            "%d, at most %d epochs; seed %" PRIu64 "\n",
            gradus_parameter_count(t->graph), optim_name(s->optim), s->lr,
            schedule_name(s->schedule), s->batch, s->epochs, s->seed);
}

/* ---- training ------------------------------------------------------------ */

static double learning_rate(uint64_t step, uint64_t steps, void *user)
{
    training *t = user;

    return learning_rate_of(step, steps, &t->s);
}

static int between(const gradus_progress *p, void *user)
{
    training *t = user;

    progress_show(&t->shown, p);
    t->epochs_done = p->epoch + p->epoch_done;
    return stop_signal();
}

static int fit(training *t, int utf8)
{
    const settings *s = &t->s;
    gradus_optimiser *o = optimiser_of(s, t->graph);
    const gradus_fit_options how = {
        .epochs = s->epochs, .validation = &t->valid, .callback = between,
        .learning_rate = learning_rate, .user = t, .history = t->history,
        .patience = patience(t), .restore_best = true,
        .best_epoch = &t->best_epoch, .log = s->log,
        .checkpoint = s->checkpoint, .checkpoint_batches = s->every,
        .checkpoint_seconds = s->every_seconds, .checkpoint_keep = s->keep,
        .resume = s->resume, .replay = s->replay };

    progress_start(&t->shown, utf8);
    t->shown.every = (s->epochs + 19) / 20;
    int status = !o ? -1 : gradus_fit(o, &t->train, &how);
    progress_clear(&t->shown);
    if (status)
        complain("%s", gradus_error());
    gradus_optimiser_free(o);
    return status < 0 ? -1 : 0;
}

/* ---- the report ---------------------------------------------------------- */

static double seconds(const training *t)
{
    double sum = 0;

    for (int e = 0; e < t->s.epochs; e++)
        sum += t->history[e].samples ? t->history[e].seconds : 0;
    return sum;
}

/* The epochs of this training, with the learning rate at the end of each. */
static int epochs_of(const training *t, history *h)
{
    const size_t batch = (size_t)t->s.batch;
    const uint64_t steps = (t->train.n + batch - 1) / batch;
    int failed = 0;

    for (int e = 0; e < t->s.epochs && !failed; e++) {
        const gradus_epoch *p = &t->history[e];
        const double row[] = {
            e + 1, p->seconds,
            learning_rate_of(steps * ((uint64_t)e + 1) - 1,
                             steps * (uint64_t)t->s.epochs, (void *)&t->s),
            p->train_loss, p->train_accuracy, p->valid_loss,
            p->valid_accuracy };
        failed = p->samples ? history_add(h, row) : 0;
    }
    if (failed)
        complain("out of memory");
    return failed;
}

static size_t samples(const training *t)
{
    size_t sum = 0;

    for (int e = 0; e < t->s.epochs; e++)
        sum += t->history[e].samples;
    return sum;
}

/* Writes the page that --report asks for. */
static int write_report(const training *t, const score *valid,
                        const score *test)
{
    const int images = t->train.height > 0;
    report r = {
        .graph = t->graph, .table = t->data.table, .model = t->s.save,
        .data = t->s.data, .samples = samples(t), .chosen = 1,
        .shown = { .data = &t->valid, .score = valid, .unseen = 1,
                   .numbered = t->flags->valid != NULL,
                   .name = images ? "validation images" : "validation rows" },
        .test = { .data = testing(t), .score = test, .unseen = 1,
                  .name = images ? "test images" : "test rows" } };
    int failed = epochs_of(t, &r.history) ||
                 report_write(&r, t->flags->report);

    history_free(&r.history);
    return failed;
}

static int report_json(const training *t, const score *valid,
                       const score *test)
{
    char seed[24], hash[24];

    snprintf(seed, sizeof seed, "%" PRIu64, t->s.seed);
    snprintf(hash, sizeof hash, "%016" PRIx64,
             gradus_parameters_hash(t->graph));
    json_t *json = json_pack(
        "{s:s, s:I, s:I, s:i, s:i, s:f, s:s, s:s, s:o}", "data",
        printable(t->s.data), "train_rows", (json_int_t)t->train.n,
        "parameters", (json_int_t)gradus_parameter_count(t->graph),
        "epochs", t->epochs_done, "best_epoch", t->best_epoch + 1, "seconds",
        seconds(t), "seed", seed, "weights_hash", hash, "validation",
        score_json(valid, t->graph));
    if (json && test)
        json_object_set_new(json, "test", score_json(test, t->graph));
    return print_json(json);
}

static void print_scores(const training *t, const score *valid,
                         const score *test)
{
    printf("best epoch %d of %d, in %.2f s\n", t->best_epoch + 1,
           t->epochs_done, seconds(t));
    score_print(stdout, "validation", valid);
    if (test)
        score_print(stdout, "test", test);
    if (t->s.save)
        printf("saved in %s\n", printable(t->s.save));
    if (t->flags->report)
        printf("the report is in %s\n", printable(t->flags->report));
}

/* Scores the validation data and, once, the test data. */
static int tell(training *t)
{
    score valid = { 0 }, test = { 0 };
    const gradus_dataset *d = testing(t);
    const char *valid_path = t->flags->valid ? t->flags->valid : t->s.data;
    const char *test_path = t->flags->test ? t->flags->test : t->s.data;
    int failed = score_data(&valid, t->graph, &t->valid, valid_path) ||
                 (d && score_data(&test, t->graph, d, test_path));

    if (!failed && t->flags->report)
        failed = write_report(t, &valid, &test);
    if (!failed && t->s.json)
        failed = report_json(t, &valid, d ? &test : NULL);
    else if (!failed)
        print_scores(t, &valid, d ? &test : NULL);
    score_free(&valid);
    score_free(&test);
    return failed;
}

/* ---- all of it ------------------------------------------------------------- */

static int work(training *t)
{
    const int utf8 = use_utf8();

    if ((t->flags->report && report_try(t->flags->report)) || open_all(t))
        return 1;
    set_defaults(t);
    t->graph = build(t);
    t->history = calloc((size_t)t->s.epochs, sizeof *t->history);
    if (!t->graph || !t->history || begin_with(t) ||
        note_training(t->graph, &t->s, t->command, t->train.n) ||
        (t->s.save && gradus_try_save(t->graph, t->s.save))) {
        complain("%s", gradus_error());
        return 1;
    }
    if (!openblas_has_room(gradus_threads(t->graph)))
        return 1;
    say(t);
    if (fit(t, utf8))
        return 1;
    if (t->s.save && gradus_save(t->graph, t->s.save)) {
        complain("the model was not saved: %s", gradus_error());
        return 1;
    }
    return tell(t);
}

int command_train(int argc, char **argv)
{
    static train_flags flags; /* large: it lists columns */
    static training t;

    t.command = command_line(argc, argv);
    flags = parse_train(argc, argv);
    t.flags = &flags;
    t.s = flags.s;
    catch_signals();
    if (!t.command)
        complain("out of memory");
    int failed = !t.command || work(&t);
    free(t.command);
    gradus_graph_free(t.graph);
    free(t.history);
    gradus_dataset_free(t.groups);
    gradus_dataset_free(&t.train);
    gradus_dataset_free(&t.valid);
    close_source(&t.data);
    close_source(&t.valid_data);
    close_source(&t.test_data);
    return failed ? 1 : stop_signal() ? 128 + stop_signal() : 0;
}
