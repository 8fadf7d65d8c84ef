/* ranks.c -- mnist-train-mpi is mnist-train with this file: the processes that
 * mpirun has started train one net together. */
#include "ranks.h"

#include "common.h"
#include "gradus_mpi.h"

#include <stdlib.h>

static gradus_communicator *ranks;
static double seconds = 300; /* the deadline */

/* Has an mpirun started several processes that MPI does not know of?  That of
 * another MPI has, and Slurm's srun may. */
static int others_are_lost(void)
{
    static const char *const counts[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE",
                                          "SLURM_STEP_NUM_TASKS" };
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const char *count = getenv(counts[i]);
        if (ranks->size == 1 && count && atoi(count) > 1) {
            complain("%s processes were started, but MPI finds only this one; "
                     "start them with the mpirun of the MPI that the program "
                     "was built with, or with srun --mpi=pmix", count);
            return 1;
        }
    }
    return 0;
}

/* GRADUS_DEADLINE in the environment is the seconds after which a rank that
 * does not answer is taken to be lost. */
gradus_communicator *ranks_start(void)
{
    const char *deadline = getenv("GRADUS_DEADLINE");

    if (deadline)
        seconds = real_number("GRADUS_DEADLINE", deadline, 1e9);
    if (seconds == 0)
        usage_error("GRADUS_DEADLINE 0: must be more than 0, or no rank has "
                    "time to answer");
    ranks = gradus_mpi_start(seconds);
    if (!ranks) {
        complain("MPI does not start; is the program started by mpirun?");
        exit(1);
    }
    if (others_are_lost())
        exit(gradus_mpi_finish(1));
    if (ranks->rank > 0) { /* rank 0 speaks for all */
        if (!freopen("/dev/null", "w", stdout))
            complain("rank %d: cannot silence stdout", ranks->rank);
        keep_complaints();
    }
    return ranks;
}

enum { PATIENCE = 5 }; /* seconds after an error */

/* Where all ranks fail, it is for one reason, which rank 0 has said. */
int ranks_finish(int status)
{
    if (!gradus_mpi_meet(status ? PATIENCE : seconds)) {
        complain("this was rank %d of %d%s%s; it now ends the others",
                 ranks->rank, ranks->size, status ? "" : ": ",
                 status ? "" : ranks->why);
        release_complaints();
    }
    return gradus_mpi_finish(status);
}
