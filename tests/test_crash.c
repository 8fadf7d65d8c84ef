/* test_crash.c -- the machine loses power while files are saved.
 *
 * All calls that change files are noted while a model, or the checkpoints of a
 * training, are saved.  They are then replayed up to each point, as a disk
 * would have them if power was lost there:
 *
 *   what happened in the folder (files made, renamed, linked, removed) up to
 *   its last sync is there; of what followed, the first so many calls are
 *   what was written to a file up to its last sync is there; what followed is
 *   lost, or torn, or there
 *
 * In every one of these folders there must be the file before or the new one,
 * whole. */
#include "model_files.h"

#include "faults.h"
#include "nets.h"

#include "graph/graph.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 512, FILES = 16, NAME = 64 };

/* ---- what was called ------------------------------------------------------*/

static struct {
    char kind;       /* the first letter of the call's name */
    ino_t node;      /* of open, pwrite and fsync; used again for a new file
                        when one is gone */
    int file;        /* the call that has made the file; -1: the folder */
    char path[NAME], to[NAME]; /* names in the folder */
    unsigned char *byte; /* [n], owned */
    size_t n, at;
} call[MOST];
static int calls;

static void copy_name(char to[NAME], const char *path)
{
    const char *slash = path ? strrchr(path, '/') : NULL;

    snprintf(to, NAME, "%s", slash ? slash + 1 : "");
}

static void note(const fault_call *c)
{
    struct stat st = { 0 };

    ck_assert_int_lt(calls, MOST);
    if (c->fd >= 0)
        fstat(c->fd, &st);
    call[calls].kind = *c->name;
    call[calls].node = st.st_ino;
    int made = calls; /* the last call that has made a file of this node */
    while (made >= 0 && (call[made].kind != 'o' ||
                         call[made].node != st.st_ino))
        made--;
    call[calls].file = made;
    copy_name(call[calls].path, c->path);
    copy_name(call[calls].to, c->to);
    call[calls].n = c->n;
    call[calls].at = (size_t)c->at;
    call[calls].byte = memcpy(malloc(c->n + 1), c->n ? c->bytes : "", c->n);
    calls++;
}

static void begin(void)
{
    files_begin();
    files_folder("live");
    files_folder("after");
    calls = 0;
}

static void end(void)
{
    fault.note = NULL;
    for (int i = 0; i < calls; i++)
        free(call[i].byte);
    files_end();
}

EACH_TEST(.begin = begin, .end = end, .timeout = 300)

/* ---- what a disk has after a crash ----------------------------------------*/

typedef struct {
    char name[NAME];
    int file;
} entry;

static entry folder[FILES];
static int entries;

static int find(const char *name)
{
    for (int i = 0; i < entries; i++)
        if (strcmp(folder[i].name, name) == 0)
            return i;
    return -1;
}

static void take_away(const char *name)
{
    int i = find(name);

    if (i >= 0)
        folder[i] = folder[--entries];
}

static void put(const char *name, int file)
{
    take_away(name);
    ck_assert_int_lt(entries, FILES);
    strcpy(folder[entries].name, name);
    folder[entries++].file = file;
}

/* Did call i change the folder?  If so, and if `apply` is set, does so. */
static bool changes_folder(int i, bool apply)
{
    int from = strchr("rl", call[i].kind) ? find(call[i].path) : -1;

    if (!strchr("orlu", call[i].kind))
        return false;
    if (!apply)
        return true;
    if (call[i].kind == 'o')
        put(call[i].path, call[i].file);
    else if (call[i].kind == 'u')
        take_away(call[i].path);
    else if (from >= 0) {
        put(call[i].to, folder[from].file);
        if (call[i].kind == 'r')
            take_away(call[i].path);
    }
    return true;
}

/* Was file synced between call i and call `end`? */
static bool synced(int file, int i, int end)
{
    for (; i < end; i++)
        if (call[i].kind == 'f' && call[i].file == file)
            return true;
    return false;
}

/* Makes the folder "after" what a crash after `end` calls leaves, if the first
 * `made` calls have reached the folder.  What was not synced is lost (0), torn
 * (1), or there (2). */
static void crash(int end, int made, int unsynced)
{
    entries = 0;
    for (int i = 0; i < made; i++)
        changes_folder(i, true);
    for (int e = 0; e < entries; e++) {
        unsigned char *byte = calloc(1, 1 << 16);
        size_t size = 0;
        for (int i = 0; i < end; i++) {
            if (call[i].kind != 'p' || call[i].file != folder[e].file)
                continue;
            size_t n = call[i].n;
            if (!synced(call[i].file, i, end))
                n = unsynced == 0 ? 0 : unsynced == 1 ? n / 2 : n;
            ck_assert_uint_le(call[i].at + n, 1 << 16);
            memcpy(byte + call[i].at, call[i].byte, n);
            size = call[i].at + n > size ? call[i].at + n : size;
        }
        char name[NAME];
        snprintf(name, sizeof name, "after/%.50s", folder[e].name);
        files_write(name, byte, size);
        free(byte);
    }
}

/* Removes what a crash has left. */
static void clean(void)
{
    static const char *const names[] = { "net", "net.1", "net.2" };
    char name[NAME];

    for (int i = 0; i < COUNT(names); i++) {
        snprintf(name, sizeof name, "after/%s", names[i]);
        unlink(files_path(name));
    }
    for (int e = 0; e < entries; e++) {
        snprintf(name, sizeof name, "after/%.50s", folder[e].name);
        unlink(files_path(name));
    }
}

/* Lets `look` see what each crash leaves; it is told after how many calls that
 * was.  Returns how many crashes there were. */
static int crash_everywhere(void (*look)(int end))
{
    int looks = 0, last = 0; /* the folder's last sync */

    for (int end = 0; end <= calls; end++) {
        if (end && call[end - 1].kind == 'f' && call[end - 1].file < 0)
            last = end;
        for (int made = last; made <= end; made++) {
            if (made > last && !changes_folder(made - 1, false))
                continue;
            for (int unsynced = 0; unsynced < 3; unsynced++, looks++) {
                crash(end, made, unsynced);
                look(end);
                clean();
            }
        }
    }
    return looks;
}

/* ---- models ---------------------------------------------------------------*/

static uint64_t hashes[3]; /* of the models in the order of their saves */
static int saved[4];       /* how many calls there were after so many saves */
static int seen[3];        /* how often each was found */

static void look_at_model(int end)
{
    gradus_graph *g = gradus_load(files_path("after/net"), 1, 1, NULL);
    uint64_t hash = g ? gradus_parameters_hash(g) : 0;
    int k = 0, least = 0;

    while (least < 3 && end >= saved[least + 1])
        least++; /* saves that were complete by then */
    gradus_graph_free(g);
    if (!g) {
        ck_assert_msg(access(files_path("after/net"), F_OK) != 0,
                      "after call %d: %s", end, gradus_error());
        ck_assert_int_eq(least, 0);
        return;
    }
    while (k < 3 && hashes[k] != hash)
        k++;
    ck_assert_int_lt(k, 3);
    ck_assert_int_ge(k + 1, least);
    seen[k]++;
}

TEST(a_crash_leaves_the_old_model_or_the_new_one)
{
    fault.note = note;
    for (int k = 0; k < 3; k++) {
        gradus_graph *g = small_net((uint64_t)k + 1);
        hashes[k] = gradus_parameters_hash(g);
        ck_assert_int_eq(gradus_save(g, files_path("live/net")), 0);
        saved[k + 1] = calls;
        gradus_graph_free(g);
    }
    fault.note = NULL;
    ck_assert_int_gt(crash_everywhere(look_at_model), 50);
    for (int k = 0; k < 3; k++)
        ck_assert_int_gt(seen[k], 0);
}

/* A save that did not sync its file would be found out. */
static int lost;

static void look_for_losses(int end)
{
    gradus_graph *g = gradus_load(files_path("after/net"), 1, 1, NULL);

    lost += !g && end && access(files_path("after/net"), F_OK) == 0;
    gradus_graph_free(g);
}

TEST(a_save_without_a_sync_would_be_found_out)
{
    gradus_graph *g = small_net(1);

    fault.note = note;
    ck_assert_int_eq(gradus_save(g, files_path("live/net")), 0);
    fault.note = NULL;
    for (int i = 0; i < calls; i++)
        if (call[i].kind == 'f')
            call[i].file = -2; /* as if the folder alone was synced */
    lost = 0;
    crash_everywhere(look_for_losses);
    ck_assert_int_gt(lost, 0);
    gradus_graph_free(g);
}

/* ---- checkpoints ----------------------------------------------------------*/

enum { SAMPLES = 40, BATCH = 8 };

static gradus_dataset data;
static uint64_t right; /* the hash of the parameters in the end */
static int first;      /* calls until the first checkpoint was complete */
static int resumed;

/* After how many calls so many backward passes were saved. */
static struct {
    int calls;
    uint64_t passes;
} complete[64];
static int completes;

/* Trains from the checkpoint at path, or from the beginning, and returns the
 * hash of the parameters. */
static uint64_t train(const char *path, int (*callback)(
                                            const gradus_progress *, void *))
{
    net n = net_new(3, (int[]){ 6, 5, 3 }, BATCH, 1);
    gradus_optimiser *o = gradus_adam(n.g, NULL);
    gradus_fit_options options = { .epochs = 2, .checkpoint = path,
                                   .checkpoint_batches = 3,
                                   .checkpoint_keep = 3, .resume = true,
                                   .callback = callback };

    ck_assert_msg(gradus_fit(o, &data, &options) == 0, "%s", gradus_error());
    uint64_t hash = gradus_parameters_hash(n.g);
    gradus_optimiser_free(o);
    net_free(&n);
    return hash;
}

static void look_at_checkpoints(int end)
{
    const char *path = files_path("after/net");
    bool there = access(path, F_OK) == 0;

    ck_assert(there || end < first);
    uint64_t least = 0;
    for (int i = 0; i < completes && complete[i].calls <= end; i++)
        least = complete[i].passes;
    for (int k = 0; k < 3; k++) { /* those that are kept are whole */
        char name[NAME];
        snprintf(name, sizeof name, k ? "after/net.%d" : "after/net", k);
        if (access(files_path(name), F_OK))
            continue;
        gradus_graph *g = gradus_load(files_path(name), 1, 1, NULL);
        ck_assert_msg(g != NULL, "after call %d: %s", end, gradus_error());
        ck_assert(k > 0 || g->passes >= least); /* the newest */
        gradus_graph_free(g);
    }
    ck_assert_uint_eq(train(path, NULL), right);
    resumed += there;
    for (int e = 0; e < entries; e++) /* what was left behind is gone */
        if (strstr(folder[e].name, ".tmp")) {
            char name[NAME];
            snprintf(name, sizeof name, "after/%.50s", folder[e].name);
            ck_assert_int_ne(access(files_path(name), F_OK), 0);
        }
}

/* After each batch, notes how many passes the checkpoint there has. */
static int note_passes(const gradus_progress *p, void *user)
{
    void (*noted)(const fault_call *c) = fault.note;

    (void)p, (void)user;
    fault.note = NULL;
    gradus_graph *g = gradus_load(files_path("live/net"), 1, 1, NULL);
    ck_assert_msg(g != NULL, "%s", gradus_error());
    if (!completes || g->passes > complete[completes - 1].passes) {
        ck_assert_int_lt(completes, 64);
        complete[completes].calls = calls;
        complete[completes++].passes = g->passes;
    }
    gradus_graph_free(g);
    fault.note = noted;
    return 0;
}

TEST(a_crash_never_costs_more_than_the_batches_since_the_last_checkpoint)
{
    data = data_new(1, SAMPLES, 6, 3);
    fault.note = note;
    completes = 0;
    right = train(files_path("live/net"), note_passes);
    fault.note = NULL;
    first = complete[0].calls;
    ck_assert_int_gt(completes, 3);
    ck_assert_int_gt(crash_everywhere(look_at_checkpoints), 100);
    ck_assert_int_gt(resumed, 50);
    data_free(&data);
}
