/* options.c -- checks the options of gradus_fit, but for those of early
 * stopping (best.c), and fills in the defaults. */
#define _XOPEN_SOURCE 700
#include "train/train.h"

#include "base/error.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KEPT = 1000 }; /* checkpoints */

/* Sets real to the path without links and dots; its last part need not be
 * there yet. */
static void resolve(const char *path, char real[PATH_MAX])
{
    char folder[PATH_MAX], name[PATH_MAX];

    snprintf(folder, sizeof folder, "%s", path);
    snprintf(name, sizeof name, "%s", path);
    if (realpath(path, real))
        return;
    if (!realpath(dirname(folder), real))
        *real = 0;
    size_t n = strlen(real);
    snprintf(real + n, PATH_MAX - n, "/%s", basename(name));
}

/* May writing to these two paths, which may be NULL, change the same file?
 * Then sets a message.  The first has `versions`, the later ones with numbers
 * behind it. */
static int compare_paths(const char *path, int versions, const char *other)
{
    char a[PATH_MAX], b[PATH_MAX];

    if (!path || !other)
        return 0;
    resolve(path, a);
    resolve(other, b);
    size_t n = strlen(a);
    if (strncmp(a, b, n) != 0 ||
        (b[n] && !(b[n] == '.' && atoi(b + n + 1) > 0 &&
                   atoi(b + n + 1) < versions)))
        return 0;
    return gradus_error_set("gradus_fit: checkpoint, log and replay must be "
                            "different files; %s and %s are one, or a version "
                            "of it", path, other);
}

/* Checks the options of checkpoints, and that no two options name the same
 * file. */
static int check_files(const gradus_fit_options *o)
{
    if (o->checkpoint_batches < 0)
        return gradus_error_set("gradus_fit: checkpoint_batches is %d; must "
                                "be at least 0", o->checkpoint_batches);
    if (o->checkpoint_keep < 0 || o->checkpoint_keep > MOST_KEPT)
        return gradus_error_set("gradus_fit: checkpoint_keep is %d; must be "
                                "0 to %d", o->checkpoint_keep, MOST_KEPT);
    if (!(o->checkpoint_seconds >= 0))
        return gradus_error_set("gradus_fit: checkpoint_seconds is %g; must "
                                "be at least 0", o->checkpoint_seconds);
    if (compare_paths(o->checkpoint, o->checkpoint_keep, o->replay) ||
        compare_paths(o->checkpoint, o->checkpoint_keep, o->log) ||
        compare_paths(o->log, 0, o->replay))
        return -1;
    if (!o->checkpoint && (o->checkpoint_batches || o->checkpoint_seconds ||
                           o->checkpoint_keep || o->resume))
        return gradus_error_set("gradus_fit: checkpoint is NULL; must be a "
                                "path, as other options of checkpoints are "
                                "set");
    return 0;
}

int gradus_settle_options(gradus_fit_options *o, int max_batch)
{
    if (o->best_epoch)
        *o->best_epoch = -1;
    if (o->epochs < 0)
        return gradus_error_set("gradus_fit: epochs is %d; must be at least 1",
                                o->epochs);
    if (o->batch < 0 || o->batch > max_batch)
        return gradus_error_set("gradus_fit: batch is %d; must be 1 to %d, "
                                "the max_batch that the graph is compiled for",
                                o->batch, max_batch);
    if (o->epochs == 0)
        o->epochs = 1;
    if (o->batch == 0)
        o->batch = max_batch;
    if (o->history) /* an epoch that is not run keeps samples == 0 */
        memset(o->history, 0, (size_t)o->epochs * sizeof *o->history);
    return check_files(o);
}
