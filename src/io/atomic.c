/* atomic.c -- writes a file so that it appears whole or not at all.
 *
 * A temporary file beside the target is written, synced to disk and renamed
 * to the target; then the folder is synced.  While it is written it is locked,
 * so one that is not locked was left behind by a program that was killed: it
 * is stale, and removed.
 *
 * If the path is a symbolic link, the link stays and the file that it leads to
 * is replaced; a link that leads nowhere is itself replaced.  The new file
 * gets the permissions of the old one, or, if there is none, those that the
 * umask leaves.  Whatever is not a regular file (a device, say) is refused,
 * not replaced. */
#include "io/io.h"

#include "base/error.h"
#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
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

/* Is the open file the one at the path?  It may have been removed. */
static bool is_at(int fd, const char *path)
{
    struct stat a, b;

    return !fstat(fd, &a) && !lstat(path, &b) && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* Removes the file at the path if it is stale: nobody has locked it.  A writer
 * that has made its file, and not locked it yet, notices. */
static bool remove_stale(const char *path)
{
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool removed = fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB) &&
                   is_at(fd, path) && !unlink(path);

    if (fd >= 0)
        close(fd);
    return removed;
}

/* Removes the stale files with numbers above `number`, which writers at the
 * same time have left, until four numbers in a row have none. */
static void remove_higher(const gradus_atomic *a, int number)
{
    char path[sizeof a->temporary];

    for (int without = 0; without < 4;) {
        sprintf(path, "%s.gradus-%d.tmp", a->target, ++number);
        without = remove_stale(path) ? 0 : without + 1;
    }
}

/* Makes the temporary file.  O_EXCL ensures that no other thread or program
 * gets the same file, and its lock, which ends with the program, that nobody
 * takes it for stale.  Each number is tried twice, as the first try may remove
 * a stale file.  Where files cannot be locked, none is ever taken for stale.
 * The number of a file that was kept is not used again. */
static int open_temporary(gradus_atomic *a)
{
    for (int i = 0; i < 2000; errno = EEXIST, i++) {
        sprintf(a->kept, "%s.gradus-%d.kept", a->target, i / 2);
        sprintf(a->temporary, "%s.gradus-%d.tmp", a->target, i / 2);
        if (access(a->kept, F_OK) == 0)
            continue;
        a->fd = open(a->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                     0666);
        if (a->fd < 0 && errno != EEXIST)
            break;
        if (a->fd < 0)
            remove_stale(a->temporary);
        else if ((!flock(a->fd, LOCK_EX | LOCK_NB) || errno != EWOULDBLOCK) &&
                 is_at(a->fd, a->temporary))
            return remove_higher(a, i / 2), 0;
        else
            close(a->fd);
        a->fd = -1;
    }
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
    if (!exists && (errno != ENOENT || !*path ||
                    strlen(path) >= sizeof a->target))
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

int gradus_atomic_write(gradus_atomic *a, const void *bytes, size_t n)
{
    a->crc = crc32(a->crc, bytes, (uInt)n);
    if (gradus_write(a->fd, bytes, n, a->at))
        return gradus_error_errno("cannot be written");
    a->at += (off_t)n;
    return 0;
}

/* Keeps the new file, which cannot be renamed to its target, under a name that
 * no later save takes for stale.  Always returns -1. */
static int keep(gradus_atomic *a)
{
    const char *why = strerror(errno), *name = a->temporary;

    if (rename(name, a->kept) == 0)
        name = a->kept;
    gradus_error_set("cannot be renamed from its temporary name: %s; all of "
                     "it is in %s", why, name);
    a->temporary[0] = 0;
    return -1;
}

/* After the rename the new file is in place, so the message of the one
 * error that may follow has to say so.  EINVAL means that folders cannot be
 * synced there. */
int gradus_atomic_commit(gradus_atomic *a, bool trial)
{
    if (sync_file(a->fd))
        return gradus_error_errno("cannot be synced to disk");
    if (trial)
        return 0;
    if (rename(a->temporary, a->target))
        return keep(a);
    a->temporary[0] = 0;
    if (sync_file(a->directory) && errno != EINVAL)
        return gradus_error_errno("saved, but a crash of the machine may undo "
                                  "that, as its folder cannot be synced");
    return 0;
}

/* The file is closed last, as its lock ends with that.  What could not be
 * written was an error of fsync, so close has none to report. */
void gradus_atomic_close(gradus_atomic *a)
{
    if (*a->temporary)
        unlink(a->temporary);
    if (a->fd >= 0)
        close(a->fd);
    if (a->directory >= 0)
        close(a->directory);
}

/* The last version gets its second name by a link, so that the path is never
 * without a file.  If it has that name already, as no new version could be
 * written since, there is nothing to do.  The oldest version is given up. */
int gradus_keep_older(const char *path, int versions)
{
    char from[PATH_MAX + 16], to[PATH_MAX + 16];
    struct stat last, older;

    if (versions < 2 || stat(path, &last))
        return 0;
    snprintf(to, sizeof to, "%s.1", path);
    if (stat(to, &older) == 0 && older.st_ino == last.st_ino)
        return 0;
    for (int k = versions - 1; k > 1; k--) {
        snprintf(from, sizeof from, "%s.%d", path, k - 1);
        snprintf(to, sizeof to, "%s.%d", path, k);
        if (rename(from, to) && errno != ENOENT)
            return gradus_error_errno(to);
    }
    snprintf(to, sizeof to, "%s.1", path);
    if ((unlink(to) && errno != ENOENT) ||
        linkat(AT_FDCWD, path, AT_FDCWD, to, AT_SYMLINK_FOLLOW))
        return gradus_error_errno(to);
    return 0;
}
