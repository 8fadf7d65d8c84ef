/* ranks.h -- the processes that train a net together.  ranks.c is for a
 * program that trains alone; examples/mpi/ranks.c is for MPI. */
#ifndef RANKS_H
#define RANKS_H

#include "gradus_communicator.h"

/* Returns the communicator of all processes; NULL if this one is alone. */
gradus_communicator *ranks_start(void);

/* To be called last.  Returns the exit status, or ends the program. */
int ranks_finish(int status);

#endif
