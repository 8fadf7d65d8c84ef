/* soak.c -- trains, stops, resumes, saves, loads, trains on and frees graphs
 * for a long time, and fails if the process grows.
 *
 *     build/soak MINUTES
 *
 * In two of three rounds an allocation or a system call fails somewhere, once
 * or for ever.  After each round the model's file must load, and no temporary
 * file may be left.  The first tenth of the time is a warm-up, in which OpenBLAS
 * and the C library take the memory that they keep. */
#define _DEFAULT_SOURCE
#include "allocations.h"
#include "faults.h"

#include <dirent.h>
#include <errno.h>
#include <gradus.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 60, SIZE = 2 * 6 * 6, CLASSES = 3, BATCH = 16 };
enum { MOST_GROWTH_KIB = 4096 };

static char folder[] = "/tmp/gradus-soak-XXXXXX";
static char model[64], table[64], point[64];

static void fail(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void fail(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fputs("soak: ", stderr);
    vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- what may not grow ---- */

typedef struct {
    long resident; /* KiB */
    int descriptors, threads, allocations;
} usage;

/* Counts the entries of a folder, but for . and .. */
static int entries(const char *path)
{
    DIR *d = opendir(path);
    int n = -2;
    if (!d)
        fail("%s: %s", path, strerror(errno));
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static usage measure(void)
{
    usage u = {.descriptors = entries("/proc/self/fd"),
               .threads = entries("/proc/self/task"),
               .allocations = allocations_live()};
    malloc_trim(0);
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*s %ld", &u.resident) != 1)
        fail("/proc/self/statm cannot be read");
    fclose(f);
    u.resident *= sysconf(_SC_PAGESIZE) / 1024;
    return u;
}

static void print(const char *when, usage u, long rounds, long faults)
{
    printf("%s: %ld rounds, %ld faults; %ld KiB resident, %d descriptors, "
           "%d threads, %d allocations\n", when, rounds, faults, u.resident,
           u.descriptors, u.threads, u.allocations);
    fflush(stdout);
}

static void compare(usage before, usage after)
{
    if (after.resident > before.resident + MOST_GROWTH_KIB)
        fail("resident memory grew from %ld to %ld KiB; at most %d KiB more "
             "are allowed", before.resident, after.resident, MOST_GROWTH_KIB);
    if (after.descriptors > before.descriptors)
        fail("the open descriptors grew from %d to %d", before.descriptors,
             after.descriptors);
    if (after.threads > before.threads)
        fail("the threads grew from %d to %d", before.threads, after.threads);
    if (after.allocations > before.allocations)
        fail("allocations that were not freed grew from %d to %d",
             before.allocations, after.allocations);
}

/* ---- a round ---- */

static gradus_real x[ROWS * SIZE];
static int32_t labels[ROWS];

/* Small graphs of three kinds, on one to three threads. */
static gradus_graph *new_graph(unsigned round)
{
    const gradus_conv2d_options same = {.padding = 1};
    gradus_graph *g = gradus_graph_new(round);
    gradus_node *h = gradus_image(g, 2, 6, 6), *t = gradus_labels(g, 1);
    switch (round % 3) {
    case 0: h = gradus_relu(gradus_dense(h, 40)); break;
    case 1:
        h = gradus_batchnorm(gradus_conv2d(h, 6, 3, &same));
        h = gradus_maxpool2d(gradus_relu(h), 2, NULL);
        break;
    default:
        h = gradus_dropout(gradus_gelu(gradus_dense(h, 24)), 0.3);
        h = gradus_layernorm(h);
    }
    gradus_softmax_ce(gradus_dense(h, CLASSES), t, NULL);
    if (!gradus_compile(g, BATCH, 1 + (int)(round / 3 % 3)))
        return g;
    gradus_graph_free(g);
    return NULL;
}

static int stop_in_the_second_epoch(const gradus_progress *p, void *user)
{
    (void)user;
    return p->epoch == 1 && p->batch == 2;
}

/* Trains for two epochs, with the table as a log, but stops before the end and
 * goes on from the checkpoint. */
static int train(gradus_graph *g, unsigned round)
{
    gradus_dataset all = {.n = ROWS, .size = SIZE, .channels = 2, .height = 6,
                          .width = 6, .x = x, .labels = labels};
    gradus_dataset part, held;
    if (gradus_split(&all, 0.2, round, NULL, &part, &held))
        return -1;
    gradus_optimiser *o = round % 2 ? gradus_adam(g, NULL)
                                    : gradus_sgd(g, NULL);
    gradus_fit_options how = {.epochs = 2, .validation = &held,
                              .restore_best = true, .log = table,
                              .checkpoint = point, .checkpoint_keep = 2,
                              .callback = stop_in_the_second_epoch};
    int failed = !o || gradus_fit(o, &part, &how);
    how.callback = NULL;
    how.resume = true;
    failed = failed || gradus_fit(o, &part, &how);
    gradus_optimiser_free(o);
    gradus_dataset_free(&part);
    gradus_dataset_free(&held);
    return failed;
}

static int infer(const gradus_graph *g)
{
    gradus_workspace *w = gradus_workspace_new(g, BATCH);
    int failed = !w || !gradus_infer(w, x, BATCH);
    gradus_workspace_free(w);
    return failed;
}

/* Takes a new training's files away. */
static void forget(void)
{
    char older[80];

    snprintf(older, sizeof older, "%s.1", point);
    remove(older);
    remove(point);
    remove(table);
}

/* Trains a new graph and saves it, loads it and trains on from there.  Returns
 * non-zero with a message if anything failed. */
static int work(unsigned round)
{
    gradus_graph *g = new_graph(round);
    int failed = !g || train(g, round) || gradus_save(g, model);
    gradus_graph *again = failed ? NULL : gradus_load(model, BATCH, 2, NULL);
    failed = failed || !again;
    if (!failed && gradus_parameters_hash(g) != gradus_parameters_hash(again))
        fail("round %u: the loaded graph is not the saved one", round);
    gradus_graph_free(g);
    forget();
    failed = failed || train(again, round) || infer(again) ||
             gradus_save(again, model);
    gradus_graph_free(again);
    return failed;
}

/* Removes all files but the model. */
static void clear(unsigned round)
{
    DIR *d = opendir(folder);
    char path[512];

    if (!d)
        fail("%s: %s", folder, strerror(errno));
    for (const struct dirent *e; (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (strstr(path, ".tmp"))
            fail("round %u: %s is left", round, path);
        if (*e->d_name != '.' && strcmp(path, model) != 0)
            remove(path);
    }
    closedir(d);
}

/* How many allocations and system calls the last round without a fault made:
 * a fault comes at one of so many. */
static int allocations = 1, calls = 1;

enum { NEVER = 1 << 30 };

/* Does a round with or without a fault.  Returns whether there was one. */
static int one_round(unsigned round, gradus_random *r)
{
    static const int errors[] = {ENOSPC, EIO, EINTR, EMFILE, EACCES};
    /* The first round has none: it makes the model. */
    unsigned kind = round ? gradus_random_below(r, 3) : 0;
    int count = kind == 1 ? allocations : calls;
    int k = 1 + (int)gradus_random_below(r, (uint32_t)count);
    int for_ever = gradus_random_below(r, 4) == 0;
    allocations_fail(kind == 1 ? k : 0, for_ever);
    fault_at(kind == 2 ? k : NEVER, errors[gradus_random_below(r, 5)]);
    int failed = work(round);
    int made = kind == 1 ? allocations_made() >= k : fault.seen != NULL;
    if (kind == 0) {
        allocations = allocations_made();
        calls = NEVER - fault.left;
    }
    allocations_fail(0, 0);
    fault_at(0, 0);
    if (failed && !made)
        fail("round %u has no fault, but failed: %s", round, gradus_error());
    clear(round);
    gradus_graph *g = gradus_load(model, BATCH, 1, NULL);
    if (!g)
        fail("round %u: the model does not load: %s", round, gradus_error());
    gradus_graph_free(g);
    return kind && made;
}

int main(int argc, char **argv)
{
    double minutes = argc > 1 ? atof(argv[1]) : 0;
    if (!(minutes > 0))
        fail("got no number of minutes; type build/soak MINUTES");
    if (!mkdtemp(folder))
        fail("%s: %s", folder, strerror(errno));
    snprintf(model, sizeof model, "%s/model", folder);
    snprintf(table, sizeof table, "%s/log.csv", folder);
    snprintf(point, sizeof point, "%s/checkpoint", folder);
    gradus_random r;
    gradus_random_init(&r, 1, 0, 0);
    for (int i = 0; i < ROWS * SIZE; i++)
        x[i] = (gradus_real)gradus_random_normal(&r);
    for (int i = 0; i < ROWS; i++)
        labels[i] = (int32_t)gradus_random_below(&r, CLASSES);

    double start = now(), said = start, end = start + 60 * minutes;
    usage before = {0};
    long faults = 0;
    unsigned round = 0;
    for (double t = start; t < end || !before.threads; t = now(), round++) {
        faults += one_round(round, &r);
        if (!before.threads && t > start + 6 * minutes && round > 50)
            print("warm", before = measure(), round + 1, faults);
        if (before.threads && t > said + 60) {
            usage u = measure();
            print("so far", u, round + 1, faults);
            compare(before, u);
            said = t;
        }
    }
    usage after = measure();
    print("end", after, round, faults);
    remove(model);
    rmdir(folder);
    if (!faults)
        fail("no fault was made");
    compare(before, after);
    return 0;
}
