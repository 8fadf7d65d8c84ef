/* write.c -- writes to a file without a signal.
 *
 * Whoever exceeds the limit for the size of a file gets SIGXFSZ, which by
 * default ends the process.  The signal is for the thread that writes, so it
 * is enough that this thread blocks it for that time and takes it if it has
 * come.  The handlers, which belong to the process, are left alone. */
#define _POSIX_C_SOURCE 200809L
#include "base/write.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

/* A signal that was pending before is not ours, and stays. */
int gradus_write(int fd, const void *bytes, size_t n, off_t at)
{
    sigset_t limit, before, pending;
    ssize_t k = 0;

    sigemptyset(&limit);
    sigaddset(&limit, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &limit, &before);
    sigpending(&pending);
    for (size_t i = 0; i < n && (k >= 0 || errno == EINTR);) {
        const char *p = (const char *)bytes + i;
        k = at < 0 ? write(fd, p, n - i) : pwrite(fd, p, n - i, at + (off_t)i);
        i += k > 0 ? (size_t)k : 0;
    }
    int error = errno;
    if (k < 0 && !sigismember(&pending, SIGXFSZ))
        sigtimedwait(&limit, NULL, &(struct timespec){ 0 });
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return k < 0 ? -1 : 0;
}
