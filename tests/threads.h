/* threads.h -- ranks that are threads of one process: a communicator for
 * tests. */
#ifndef THREADS_H
#define THREADS_H

#include "gradus_communicator.h"

enum { MOST_RANKS = 7 };

/* Calls body(c, arg) in `size` threads at once, each with a communicator of
 * its own, and returns when all calls have returned.  Check's assertions must
 * not be used in body.  If deadline is above 0, an exchange fails when a
 * message does not come for so many seconds. */
void threads_run(int size, double deadline,
                 void (*body)(gradus_communicator *c, void *arg), void *arg);

#endif
