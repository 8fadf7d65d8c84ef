/* gradus_mpi.h -- a communicator of the processes that mpirun has started, for
 * gradus_set_communicator.  It is in a library of its own, libgradus-mpi,
 * which `make mpi` builds; docs/cluster.md shows its use.
 */
#ifndef GRADUS_MPI_H
#define GRADUS_MPI_H

#include "gradus_communicator.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Starts MPI, and returns the communicator of all processes, or NULL if MPI
 * does not start.  The library owns it.  To be called once, by the thread that
 * will train.  A rank that keeps another waiting for `deadline` seconds
 * (0: 300) is taken to be lost. */
gradus_communicator *gradus_mpi_start(double deadline);

/* Do all ranks call this function within so many seconds, at the end of their
 * work?  If not, some have not come, or a wait has failed; this rank should
 * say what it knows before gradus_mpi_finish ends all. */
bool gradus_mpi_meet(double seconds);

/* Ends MPI, with the exit status of this process, once all ranks have come.
 * If one was lost, or if the status is not 0 and the others do not end within
 * some seconds, it ends all processes.  To be called last, as it may not
 * return.  Returns the status. */
int gradus_mpi_finish(int status);

#ifdef __cplusplus
}
#endif
#endif
