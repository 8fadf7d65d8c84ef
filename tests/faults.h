/* faults.h -- makes one system call fail.
 *
 * The tests are linked with -Wl,--wrap=open, and likewise for read, write,
 * pwrite, fsync, fchmod, close, rename and flock.  So when the library or a
 * test calls one of these, the call goes to faults.c, which passes it on or
 * makes it fail. */
#ifndef FAULTS_H
#define FAULTS_H

extern struct fault {
    int left;         /* the call that fails is this many calls away; 0: none
                         fails */
    int error;        /* the errno of the call that fails */
    int one_byte;     /* non-zero: read, write and pwrite move one byte */
    const char *seen; /* the name of the call that failed, or NULL */
    void (*before_flock)(void); /* called once, before the next flock */
} fault;

/* Makes the k-th call from now fail, with this errno. */
void fault_at(int k, int error);

#endif
