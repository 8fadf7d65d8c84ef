/* faults.c -- makes one system call fail. */
#define _POSIX_C_SOURCE 200809L
#include "faults.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(sizeof(off_t) == 8,
               "compile with -D_FILE_OFFSET_BITS=64, for files above 2 GiB");

struct fault fault;

/* Counts one more call, of this name.  Returns non-zero if it must fail. */
static int fails(const char *call)
{
    if (fault.left == 0 || --fault.left > 0)
        return 0;
    fault.seen = call;
    errno = fault.error;
    return 1;
}

/* Notes a call that has not failed, which its status tells. */
static void note(long status, fault_call call)
{
    if (fault.note && status >= 0)
        fault.note(&call);
}

int __real_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __real_pwrite(int fd, const void *bytes, size_t n, off_t at);
ssize_t __real_read(int fd, void *bytes, size_t n);
int __real_fsync(int fd);
int __real_fchmod(int fd, mode_t mode);
int __real_close(int fd);
int __real_rename(const char *from, const char *to);
int __real_flock(int fd, int operation);
int __real_linkat(int from_dir, const char *from, int to_dir, const char *to,
                  int flags);
int __real_unlink(const char *path);
int __wrap_open(const char *path, int flags, ...);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n, off_t at);
ssize_t __wrap_read(int fd, void *bytes, size_t n);
int __wrap_fsync(int fd);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_close(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_flock(int fd, int operation);
int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to,
                  int flags);
int __wrap_unlink(const char *path);

int __wrap_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    int mode = flags & O_CREAT ? va_arg(args, int) : 0;
    va_end(args);
    if (fails("open"))
        return -1;
    int fd = __real_open(path, flags, mode);
    if (flags & O_EXCL)
        note(fd, (fault_call){ .name = "open", .fd = fd, .path = path });
    return fd;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    if (fault.one_byte && n > 1)
        n = 1;
    return fails("write") ? -1 : __real_write(fd, bytes, n);
}

ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    if (fault.one_byte && n > 1)
        n = 1;
    if (fails("pwrite"))
        return -1;
    ssize_t k = __real_pwrite(fd, bytes, n, at);
    note(k, (fault_call){ .name = "pwrite", .fd = fd, .bytes = bytes,
                          .n = (size_t)k, .at = at });
    return k;
}

ssize_t __wrap_read(int fd, void *bytes, size_t n)
{
    if (fault.one_byte && n > 1)
        n = 1;
    return fails("read") ? -1 : __real_read(fd, bytes, n);
}

int __wrap_fsync(int fd)
{
    if (fails("fsync"))
        return -1;
    int status = __real_fsync(fd);
    note(status, (fault_call){ .name = "fsync", .fd = fd });
    return status;
}

int __wrap_fchmod(int fd, mode_t mode)
{
    return fails("fchmod") ? -1 : __real_fchmod(fd, mode);
}

int __wrap_close(int fd)
{
    int status = __real_close(fd);

    return fails("close") ? -1 : status;
}

int __wrap_rename(const char *from, const char *to)
{
    if (fails("rename"))
        return -1;
    int status = __real_rename(from, to);
    note(status, (fault_call){ .name = "rename", .fd = -1, .path = from,
                               .to = to });
    return status;
}

int __wrap_linkat(int from_dir, const char *from, int to_dir, const char *to,
                  int flags)
{
    if (fails("linkat"))
        return -1;
    int status = __real_linkat(from_dir, from, to_dir, to, flags);
    note(status, (fault_call){ .name = "linkat", .fd = -1, .path = from,
                               .to = to });
    return status;
}

int __wrap_unlink(const char *path)
{
    int status = __real_unlink(path);

    note(status, (fault_call){ .name = "unlink", .fd = -1, .path = path });
    return status;
}

int __wrap_flock(int fd, int operation)
{
    void (*before)(void) = fault.before_flock;

    if (before) { /* threads may come here at once, but then it is NULL */
        fault.before_flock = NULL;
        before();
    }
    return __real_flock(fd, operation);
}

/* The names that the C library gives to open and pwrite where files may be
 * larger than 2 GiB. */
int __wrap_open64(const char *path, int flags, ...)
    __attribute__((alias("__wrap_open")));
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t n, off_t at)
    __attribute__((alias("__wrap_pwrite")));

void fault_at(int k, int error)
{
    fault.left = k;
    fault.error = error;
    fault.seen = NULL;
}
