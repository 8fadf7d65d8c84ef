/* allocations.h -- counts the library's allocations, and makes chosen ones
 * fail.
 *
 * The tests are linked with -Wl,--wrap=malloc and so on.  So every call from
 * code that is linked statically (the library, the tests, and Check if its
 * static version is used) goes through allocations.c.  Check allocates memory
 * too, so a test must not assert anything while an allocation may fail.
 * Starting a thread counts as an allocation.  A file in memory counts twice:
 * once when it is opened and once when it is closed. */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

/* Restarts the count at 0.  The k-th allocation from now fails, and if
 * for_ever is non-zero, so do all after it.  With a k of 0 none fails. */
void allocations_fail(int k, int for_ever);

/* The number of allocations since allocations_fail was called, including those
 * that failed. */
int allocations_made(void);
/* The number of allocations made since the program started and not freed. */
int allocations_live(void);

/* The bytes that are allocated at present, and the most that were at once
 * since this was last called.  What the C library allocates and others free is
 * missing in them, so only differences mean something. */
long allocations_bytes(void);
long allocations_peak(void);

#endif
