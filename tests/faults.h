/* faults.h -- makes one system call fail.
 *
 * The tests are linked with -Wl,--wrap=open, and likewise for read, write,
 * pwrite, fsync, fchmod, close, rename, flock, linkat and unlink.  So when the
 * library or a test calls one of these, the call goes to faults.c, which
 * passes it on, or makes it fail (but for flock and unlink). */
#ifndef FAULTS_H
#define FAULTS_H

#include <stddef.h>

/* A call that changes files, as it is passed on. */
typedef struct {
    const char *name;      /* "open" only where that has made the file */
    int fd;                /* of the file, or -1 */
    const char *path, *to; /* paths, or NULL */
    const void *bytes;     /* [n], written from byte `at` on */
    size_t n;
    long at;
} fault_call;

extern struct fault {
    int left;         /* the call that fails is this many calls away; 0: none
                         fails */
    int error;        /* the errno of the call that fails */
    int one_byte;     /* non-zero: read, write and pwrite move one byte */
    const char *seen; /* the name of the call that failed, or NULL */
    void (*before_flock)(void); /* called once, before the next flock */
    void (*note)(const fault_call *call); /* called for each call that has
                         changed files and was passed on, if not NULL */
} fault;

/* Makes the k-th call from now fail, with this errno. */
void fault_at(int k, int error);

#endif
