/* atomic.c -- a file appears whole or not at all.
 *
 * A temporary file beside the target is written, synced and renamed over it;
 * then the folder is synced.  A symbolic link stays and the file it leads to
 * is replaced; one that leads nowhere is itself replaced.  The new file has
 * the old one's permissions, else those that the umask leaves.  What is not a
 * regular file (a device, say) is refused, not replaced. */
#define _XOPEN_SOURCE 700
#include "io/io.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const char *what)
{
    return gradus_error_set("%s: %s", what, strerror(errno));
}

static int sync_file(int fd)
{
    int status;

    do
        status = fsync(fd);
    while (status && errno == EINTR);
    return status;
}

/* Opened now, so that nothing but its fsync is left to fail after rename. */
static int open_directory(gradus_atomic *a)
{
    const char *slash = strrchr(a->target, '/');
    char *name = strdup(slash ? a->target : ".");

    if (!name)
        return failed("cannot be saved");
    if (slash)
        name[slash - a->target + 1] = 0;
    a->directory = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = a->directory < 0 ? failed("its folder cannot be opened") : 0;
    free(name);
    return error;
}

/* O_EXCL makes the name ours alone, whatever other threads and programs do;
 * files that a killed program left behind are passed over. */
static int open_temporary(gradus_atomic *a)
{
    size_t room = strlen(a->target) + 64;
    char *name = malloc(room);

    if (!name)
        return failed("cannot be saved");
    for (int i = 0; i < 1000; i++) {
        snprintf(name, room, "%s.%ld-%d.tmp", a->target, (long)getpid(), i);
        a->fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (a->fd >= 0 || errno != EEXIST)
            break;
    }
    if (a->fd < 0) {
        int error = failed("no temporary file can be made beside it");
        free(name);
        return error;
    }
    a->temporary = name;
    return 0;
}

int gradus_atomic_open(gradus_atomic *a, const char *path)
{
    char resolved[PATH_MAX];
    struct stat old;

    *a = (gradus_atomic){ .fd = -1, .directory = -1 };
    int exists = realpath(path, resolved) != NULL;
    if (exists || errno == ENOENT)
        a->target = strdup(exists ? resolved : path);
    if (!a->target || (exists && stat(a->target, &old)))
        return failed("cannot be saved");
    if (exists && !S_ISREG(old.st_mode))
        return gradus_error_set("not a regular file, so not replaced");
    if (open_directory(a) || open_temporary(a))
        return -1;
    if (exists && fchmod(a->fd, old.st_mode & 0777))
        return failed("the permissions cannot be kept");
    return 0;
}

int gradus_atomic_write(gradus_atomic *a, const void *bytes, size_t n,
                        off_t at)
{
    const char *from = bytes;

    for (size_t done = 0; done < n;) {
        ssize_t put = pwrite(a->fd, from + done, n - done, at + (off_t)done);
        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            return failed("cannot be written");
    }
    return 0;
}

int gradus_atomic_commit(gradus_atomic *a)
{
    int fd = a->fd;

    if (sync_file(fd))
        return failed("cannot be synced to disk");
    a->fd = -1; /* closed even where close fails */
    if (close(fd))
        return failed("cannot be closed");
    if (rename(a->temporary, a->target))
        return failed("cannot be renamed from its temporary name");
    free(a->temporary);
    a->temporary = NULL;
    if (sync_file(a->directory) && errno != EINVAL) /* EINVAL: no such thing */
        return failed("saved, but a crash of the machine may undo that, as "
                      "its folder cannot be synced");
    return 0;
}

void gradus_atomic_close(gradus_atomic *a)
{
    if (a->fd >= 0)
        close(a->fd);
    if (a->temporary)
        unlink(a->temporary);
    if (a->directory >= 0)
        close(a->directory);
    free(a->temporary);
    free(a->target);
}
