/* allocations.h -- counts the library's allocations, and lets one fail.
 *
 * The tests are linked with -Wl,--wrap=malloc and so on, which sends the calls
 * of all that is linked statically, the library, the tests and perhaps Check,
 * through allocations.c.  So nothing is to be asserted while one may fail.
 * Threads that are started count as allocations too, and so do files in memory,
 * once where they are opened and once where they are closed. */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

/* Counts from 0 again; the k-th from now fails (0: none), and with for_ever
 * all after it too. */
void allocations_fail(int k, int for_ever);

int allocations_made(void); /* since then, the failed ones included          */
int allocations_live(void); /* blocks allocated less blocks freed, ever      */

#endif
