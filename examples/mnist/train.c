/* train.c -- mnist-train: a net learns to read digits. */
#define _DEFAULT_SOURCE
#include "common.h"
#include "gradus.h"
#include "nets.h"
#include "openblas.h"
#include "progress.h"
#include "ranks.h"
#include "stop.h"
#include "train_options.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

const char program[] = "mnist-train";

enum { MAX_CLASSES = 256 }; /* labels are bytes */

/* The processes that train this net together, or NULL. */
static gradus_communicator *ranks;

/* ---- Before training ---- */

/* Returns the folder to train from where --data is not given. */
static const char *default_data(void)
{
    if (!access("data/mnist/train-images-idx3-ubyte", F_OK) ||
        !access("data/mnist/train-images-idx3-ubyte.gz", F_OK) ||
        access("data/sample", F_OK))
        return "data/mnist";
    complain("data/mnist is not there, so this trains on the small sample in "
             "data/sample, and the net will read digits less well; "
             "data/fetch.sh gets the whole of MNIST");
    return "data/sample";
}

/* Can the model be saved where --save says?  It is better to know before an
 * hour of training than after it. */
static int can_save(const settings *s, const gradus_graph *g)
{
    if (!s->save || !gradus_try_save(g, s->save))
        return 1;
    complain("--save: nothing is trained, as the model could not be saved: %s",
             gradus_error());
    return 0;
}

/* Returns the compiled graph, from the images to the loss, or NULL with a
 * message in gradus_error. */
static gradus_graph *build(const settings *s, const gradus_dataset *d,
                           int classes)
{
    char text[MAX_CLASSES][12];
    const char *names[MAX_CLASSES];
    for (int k = 0; k < classes; k++) {
        snprintf(text[k], sizeof text[k], "%d", k);
        names[k] = text[k];
    }
    gradus_graph *g = gradus_graph_new(s->seed);
    gradus_node *h = d->height
                         ? gradus_image(g, d->channels, d->height, d->width)
                         : gradus_input(g, d->size);      /* [B,1,28,28] */
    gradus_node *label = gradus_labels(g, 1);             /* [B]         */
    gradus_augment_options change = {0};
    if (s->augment)
        change = (gradus_augment_options){.shift = 1.5, .rotate = 10,
                                       .scale = 0.1, .elastic = 20,
                                       .sigma = 4};
    change.flip = s->flip;
    if (s->augment || s->flip)
        gradus_augment(h, &change);
    gradus_softmax_ce(net_logits(s, h, classes), label, NULL); /* [B,10] */
    if (!(ranks && gradus_set_communicator(g, ranks)) &&
        !gradus_compile(g, s->batch, s->threads) &&
        !gradus_set_class_names(g, classes, names))
        return g;
    gradus_graph_free(g);
    return NULL;
}

/* What to do about an error of gradus_compile, in terms of the options. */
static const char *advice(const char *error)
{
    return strstr(error, "a smaller max_batch") ? "; --batch sets it"
           : strstr(error, "cannot start")      ? "; --threads 1 starts none"
                                                : "";
}

/* ---- Training ---- */

typedef struct {
    const settings *set;
    progress shown;
    int begun; /* a batch has been trained on */
    int whole; /* the last epoch is over */
} run;

static double learning_rate(uint64_t step, uint64_t steps, void *user)
{
    run *r = user;
    return learning_rate_of(step, steps, (void *)r->set);
}

/* gradus_fit calls this after each batch and each epoch; it stops if this
 * returns non-zero. */
static int between(const gradus_progress *p, void *user)
{
    run *r = user;
    if (!r->begun && r->set->resume && p->epoch + p->batch > 1)
        complain("%s: going on in epoch %d, after %d of %d batches",
                 r->set->checkpoint, p->epoch + 1, p->batch - !p->epoch_done,
                 p->batches);
    r->begun = 1;
    r->whole = p->epoch_done && p->epoch + 1 == p->epochs;
    if (!ranks || ranks->rank == 0)
        progress_show(&r->shown, p);
    return stop_signal();
}

/* Warns of ranks that have nothing to compute.  A batch is cut into pieces of
 * 128 rows, of which each rank takes the same power of two. */
static void warn_of_idle_ranks(const settings *s)
{
    const int n = ranks ? ranks->size : 1;
    int rows = 128;
    while ((long long)rows * n < s->batch)
        rows *= 2;
    const int busy = (s->batch + rows - 1) / rows;
    if (busy < n)
        complain("each rank takes %d rows of a --batch of %d, so %d of %d "
                 "ranks only wait%s; take a --batch of %d, or fewer ranks",
                 rows < s->batch ? rows : s->batch, s->batch, n - busy, n,
                 rows == 128 ? " (up to 128 rows are not divided)" : "",
                 rows * n);
}

/* Was there an error when the training had ended? */
static int late;

/* Was the training stopped?  A signal may have reached another rank. */
static int stopped;

/* Trains, and sets *all to the samples and seconds of all epochs together and
 * to the training loss of the last. */
static int train(const settings *s, gradus_graph *g, const gradus_dataset *d,
                 int utf8, gradus_epoch *all)
{
    gradus_epoch *history = calloc((size_t)s->epochs, sizeof *history);
    gradus_optimiser *o = optimiser_of(s, g);
    run r = {.set = s};
    gradus_fit_options how = {.epochs = s->epochs, .callback = between,
                              .learning_rate = learning_rate,
                              .user = &r, .history = history,
                              .log = s->log,
                              .checkpoint = s->checkpoint,
                              .checkpoint_batches = s->every,
                              .checkpoint_seconds = s->every_seconds,
                              .checkpoint_keep = s->keep,
                              .resume = s->resume,
                              .replay = s->replay};
    if (s->resume && access(s->checkpoint, F_OK))
        complain("%s: there is no such file; a new training begins",
                 s->checkpoint);
    progress_start(&r.shown, utf8);
    int failed = !history || !o ? -1 : gradus_fit(o, d, &how);
    progress_clear(&r.shown);
    if (failed)
        complain("%s", history ? gradus_error() : "out of memory");
    else if (!r.begun)
        complain("%s: this training has ended already; more --epochs would "
                 "go on with it", s->checkpoint);
    stopped = r.begun && !r.whole;
    late = failed > 0; /* the net is trained all the same */
    failed = failed < 0;
    for (int e = 0; !failed && e < s->epochs && history[e].samples; e++) {
        all->samples += history[e].samples;
        all->seconds += history[e].seconds;
        all->train_loss = history[e].train_loss;
    }
    gradus_optimiser_free(o);
    free(history);
    return failed;
}

/* ---- The report ---- */

/* Prints the three largest entries off the diagonal of confusion
 * [classes,classes], such as "4 read as 9, 12 times". */
static void print_confusions(const size_t *confusion, int classes)
{
    char seen[MAX_CLASSES * MAX_CLASSES] = {0};
    const char *before = "most often confused: ";
    for (int turn = 0; turn < 3; turn++) {
        int worst = -1;
        for (int i = 0; i < classes * classes; i++)
            if (i / classes != i % classes && confusion[i] && !seen[i] &&
                (worst < 0 || confusion[i] > confusion[worst]))
                worst = i;
        if (worst < 0)
            break;
        printf("%s%d read as %d, %zu times", before, worst / classes,
               worst % classes, confusion[worst]);
        seen[worst] = 1;
        before = "; ";
    }
    puts(*before == ';' ? "" : "nothing was confused");
}

static int report_text(const settings *s, const gradus_epoch *all,
                       const gradus_metrics *m, const size_t *confusion,
                       int classes)
{
    printf("test accuracy %.2f %%: %zu images that it never trained on, "
           "loss %.4f\n", 100 * m->accuracy, m->counted, m->loss);
    print_confusions(confusion, classes);
    printf("trained on %zu images in %.2f s", all->samples, all->seconds);
    if (ranks)
        printf(" by %d rank%s", ranks->size, ranks->size > 1 ? "s" : "");
    putchar('\n');
    if (s->save)
        printf("saved in %s\n", printable(s->save));
    else if (!s->checkpoint)
        puts("the net is not kept; --save FILE keeps it");
    return 0;
}

static int report_json(const settings *s, const gradus_graph *g,
                       const gradus_dataset *trained_on,
                       const gradus_epoch *all, const gradus_metrics *m)
{
    char seed[24], hash[24];
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    snprintf(seed, sizeof seed, "%" PRIu64, s->seed);
    snprintf(hash, sizeof hash, "%016" PRIx64, gradus_parameters_hash(g));

    /* The seed is a string, as it may need more than json_int_t's 63 bits. */
    json_t *json = json_pack(
        "{s:o, s:I, s:I, s:I, s:i, s:i, s:i, s:s, s:f, s:f, s:f, s:f, s:s,"
        " s:f, s:I}",
        "data", json_text(s->data), "train_samples", (json_int_t)trained_on->n,
        "test_samples", (json_int_t)m->counted,
        "parameters", (json_int_t)gradus_parameter_count(g),
        "epochs", s->epochs, "batch", s->batch, "threads", gradus_threads(g),
        "seed", seed, "train_seconds", all->seconds,
        "train_loss", all->train_loss, "test_loss", m->loss,
        "test_accuracy", m->accuracy, "weights_hash", hash,
        "samples_per_second", (double)all->samples / all->seconds,
        "peak_rss_kb", (json_int_t)usage.ru_maxrss);
    if (json && ranks) {
        json_object_set_new(json, "ranks", json_integer(ranks->size));
        json_object_set_new(json, "bytes_sent",
                            json_integer((json_int_t)ranks->bytes_sent));
        json_object_set_new(json, "exchange_seconds",
                            json_real(ranks->seconds));
    }
    return print_json(json);
}

/* The only use of the test images is here, once, when training is over. */
static int test(const settings *s, gradus_graph *g,
                const gradus_dataset *trained_on, const gradus_dataset *d,
                const gradus_epoch *all, int classes)
{
    size_t *confusion = calloc((size_t)(classes * classes), sizeof *confusion);
    gradus_metrics m = { 0 };
    int failed = 1;
    if (!confusion)
        complain("out of memory");
    else if (gradus_evaluate(g, d, &(gradus_evaluate_options){
                                       .confusion = confusion }, &m))
        complain("%s: %s", s->data, gradus_error());
    else if (s->json)
        failed = report_json(s, g, trained_on, all, &m);
    else
        failed = report_text(s, all, &m, confusion, classes);
    free(confusion);
    return failed;
}

/* ---- All of it ---- */

/* Trains, saves and tests.  It saves the model before the test, so that
 * nothing that happens there can lose it. */
static int work(const settings *s, const char *command,
                const gradus_dataset *training, const gradus_dataset *testing,
                int utf8)
{
    int classes = training->classes > testing->classes ? training->classes
                                                       : testing->classes;
    gradus_epoch all = {0};
    gradus_graph *g = build(s, training, classes);
    int failed = !g || note_training(g, s, command, training->n);
    if (failed)
        complain("%s%s", gradus_error(), advice(gradus_error()));
    else if (!(failed = !openblas_has_room(gradus_threads(g)))) {
        warn_of_few_steps(s, training->n);
        warn_of_idle_ranks(s);
        failed = !can_save(s, g) || train(s, g, training, utf8, &all);
    }
    if (!failed && s->save && (failed = gradus_save(g, s->save)))
        complain("the model was not saved: %s", gradus_error());
    if (!failed && stopped)
        complain("stopped after %zu images%s%s%s%s%s", all.samples,
                 s->save ? ", saved in " : "", s->save ? s->save : "",
                 s->checkpoint ? "; to go on, give the same options and "
                                 "--resume" : "",
                 s->checkpoint ? " --checkpoint " : "",
                 s->checkpoint ? s->checkpoint : "");
    else if (!failed)
        failed = test(s, g, training, testing, &all, classes);
    gradus_graph_free(g);
    return failed || late;
}

int main(int argc, char **argv)
{
    openblas_may_hang();
    char *command = command_line(argc - 1, argv + 1);
    settings s = parse_options(argc, argv);
    int utf8 = use_utf8(), failed = 1;
    if (!s.data)
        s.data = default_data();
    refuse_overwriting(&s, NULL, (named_path[]){ { "--data", s.data },
                                                 { NULL, NULL } });
    ranks = ranks_start();
    catch_signals();
    if (!command)
        complain("out of memory");
    gradus_dataset *training = command ? load_part(s.data, "train") : NULL;
    gradus_dataset *testing = training ? load_part(s.data, "t10k") : NULL;
    if (testing && training->size != testing->size)
        complain("%s: training images have %d pixels and test images %d; must "
                 "have the same number", s.data, training->size,
                 testing->size);
    else if (testing && net_takes(&s, training))
        failed = work(&s, command, training, testing, utf8);
    free(command);
    gradus_dataset_free(training);
    gradus_dataset_free(testing);
    failed = finish_stdout() || failed;
    return ranks_finish(failed ? 1 : stop_signal() ? 128 + stop_signal() : 0);
}
