/* atomic.c -- writes a file so that it appears whole or not at all.
 *
 * A temporary file beside the target is written, synced to disk and renamed
 * to the target; then the folder is synced.  If the path is a symbolic
 * link, the link stays and the file that it leads to is replaced; a link
 * that leads nowhere is itself replaced.  The new file gets the permissions
 * of the old one, or, if there is none, those that the umask leaves.
 * Whatever is not a regular file (a device, say) is refused, not replaced. */
#include "io/io.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Syncs a file to disk; calls fsync again if a signal interrupted it. */
static int sync_file(int fd)
{
    while (fsync(fd))
        if (errno != EINTR)
            return -1;
    return 0;
}

/* Opens the target's folder.  This is done before the rename, so that after
 * it nothing but the fsync of the folder can still fail. */
static int open_directory(gradus_atomic *a)
{
    char path[PATH_MAX];

    strcpy(path, a->target); /* dirname cuts it */
    a->directory = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return a->directory < 0
               ? gradus_error_errno("its folder cannot be opened") : 0;
}

/* Makes the temporary file.  O_EXCL ensures that no other thread or program
 * gets the same name; names of files that a killed program has left behind
 * are skipped. */
static int open_temporary(gradus_atomic *a)
{
    int i = 0;

    do {
        snprintf(a->temporary, sizeof a->temporary, "%s.%ld-%d.tmp", a->target,
                 (long)getpid(), i);
        a->fd = open(a->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                     0666);
    } while (a->fd < 0 && errno == EEXIST && ++i < 1000);
    if (a->fd >= 0)
        return 0;
    a->temporary[0] = 0;
    return gradus_error_errno("no temporary file can be made beside it");
}

/* The permissions are set before anything is written, so that the contents
 * of a file which only its owner may read are never readable by others. */
int gradus_atomic_open(gradus_atomic *a, const char *path)
{
    struct stat old;

    *a = (gradus_atomic){ .fd = -1, .directory = -1 };
    bool exists = realpath(path, a->target) && stat(a->target, &old) == 0;
    if (!exists && (errno != ENOENT || strlen(path) >= sizeof a->target))
        return gradus_error_errno("cannot be saved");
    if (!exists)
        strcpy(a->target, path);
    else if (!S_ISREG(old.st_mode))
        return gradus_error_set("not a regular file, so not replaced");
    if (open_directory(a) || open_temporary(a))
        return -1;
    if (exists && fchmod(a->fd, old.st_mode & 0777))
        return gradus_error_errno("the permissions cannot be kept");
    return 0;
}

/* One call of pwrite may write fewer bytes, or be interrupted by a signal,
 * hence the loop. */
int gradus_atomic_write(gradus_atomic *a, const void *bytes, size_t n)
{
    a->crc = crc32(a->crc, bytes, (uInt)n);
    for (const char *p = bytes, *end = p + n; p < end;) {
        ssize_t put = pwrite(a->fd, p, (size_t)(end - p), a->at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return gradus_error_errno("cannot be written");
        p += put;
        a->at += put;
    }
    return 0;
}

/* After the rename the new file is in place, so the message of the one
 * error that may follow has to say so.  EINVAL means that folders cannot be
 * synced there. */
int gradus_atomic_commit(gradus_atomic *a)
{
    int fd = a->fd;

    if (sync_file(fd))
        return gradus_error_errno("cannot be synced to disk");
    a->fd = -1; /* close closes it even if it fails */
    if (close(fd))
        return gradus_error_errno("cannot be closed");
    if (rename(a->temporary, a->target))
        return gradus_error_errno("cannot be renamed from its temporary name");
    a->temporary[0] = 0;
    if (sync_file(a->directory) && errno != EINVAL)
        return gradus_error_errno("saved, but a crash of the machine may undo "
                                  "that, as its folder cannot be synced");
    return 0;
}

void gradus_atomic_close(gradus_atomic *a)
{
    if (a->fd >= 0)
        close(a->fd);
    if (*a->temporary)
        unlink(a->temporary);
    if (a->directory >= 0)
        close(a->directory);
}

/* The last version gets its second name by a link, so that the path is never
 * without a file.  If it has that name already, as no new version could be
 * written since, there is nothing to do.  The oldest version is given up. */
int gradus_keep_older(const char *path, int keep)
{
    char from[PATH_MAX + 16], to[PATH_MAX + 16];
    struct stat last, older;

    if (keep < 2 || stat(path, &last))
        return 0;
    snprintf(to, sizeof to, "%s.1", path);
    if (stat(to, &older) == 0 && older.st_ino == last.st_ino)
        return 0;
    for (int k = keep - 1; k > 1; k--) {
        snprintf(from, sizeof from, "%s.%d", path, k - 1);
        snprintf(to, sizeof to, "%s.%d", path, k);
        if (rename(from, to) && errno != ENOENT)
            return gradus_error_errno(to);
    }
    snprintf(to, sizeof to, "%s.1", path);
    if ((unlink(to) && errno != ENOENT) || link(path, to))
        return gradus_error_errno(to);
    return 0;
}
