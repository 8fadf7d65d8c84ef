/* gradus_communicator.h -- lets several processes train one graph together.
 *
 * Each process is a rank, 0 to size - 1, and has the whole graph and all data.
 * It computes some of each batch's pieces of 128 rows and updates some of the
 * parameters; then the ranks send each other the results.  A communicator only
 * carries these bytes, so what it is made of decides nothing but the speed.
 * After gradus_forward and gradus_backward, every rank has all values and
 * gradients, and after any step all parameters; but after gradus_train_step,
 * gradus_fit and gradus_evaluate it has only the values of its own rows and
 * the gradients of the parameters that it updates.  gradus_mpi.h has a
 * communicator for MPI; docs/cluster.md says how to use it, and what is
 * promised.
 */
#ifndef GRADUS_COMMUNICATOR_H
#define GRADUS_COMMUNICATOR_H

#include "gradus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All fields are 0 at first, but for those that the maker sets. */
struct gradus_communicator {
    int rank, size; /* the number of this process, and of all */

    /* Begins to send a message to another rank, or to receive one: `bytes`
     * bytes, at least 1.  Until `wait` has returned, data must stay where it
     * is, and what is sent must not change.  The messages from one rank to
     * another are received in the order in which they are sent; one that has
     * another number of bytes there than here is an error of `wait`, as the
     * ranks do not compute the same.  If they fail they set `why`, and no
     * function is called after that. */
    void (*send)(gradus_communicator *c, int to, const void *data,
                 size_t bytes);
    void (*receive)(gradus_communicator *c, int from, void *data,
                    size_t bytes);

    /* Waits until all of these have been sent and received.  All ranks call it
     * the same number of times; a rank may have begun nothing.  Returns 0, or
     * non-zero if anything has failed or takes too long; then `why` says in
     * words which rank is to blame, and no function is called again: end the
     * process, as what is still under way may be written to. */
    int (*wait)(gradus_communicator *c);
    char why[512];
    const char *program; /* a text that must be the same on all ranks, such as
                            a hash of the program; or NULL */

    /* The library counts: what this rank has sent, and the time that it has
     * waited. */
    uint64_t bytes_sent;
    double seconds;
};

#ifdef __cplusplus
}
#endif
#endif
