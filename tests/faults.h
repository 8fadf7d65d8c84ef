/* faults.h -- lets one system call fail.
 *
 * The tests are linked with -Wl,--wrap=open and so on for read, write, pwrite,
 * fsync, fchmod, close and rename: calls of the library and of the tests then
 * come to faults.c, which passes them on or has them fail. */
#ifndef FAULTS_H
#define FAULTS_H

extern struct fault {
    int left;         /* calls up to the one that fails; 0: none does        */
    int error;        /* with this errno                                     */
    int one_byte;     /* non-zero: read, write and pwrite move one byte      */
    const char *seen; /* the name of the call that failed, or NULL           */
} fault;

/* The k-th call from now fails. */
void fault_at(int k, int error);

#endif
