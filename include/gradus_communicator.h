/* gradus_communicator.h -- lets several processes train one graph together.
 *
 * Each process is a rank, 0 to size - 1, and has the whole graph and all data.
 * It computes some of each batch's pieces of 128 rows and updates some of the
 * parameters; then the ranks send each other the results.  A communicator only
 * carries these bytes, so what it is made of decides nothing but the speed.
 * After gradus_forward and gradus_backward, every rank has all values and
 * gradients, and after any step all parameters; but after gradus_train_step it
 * has only the values of its own rows, and the gradients of the parameters
 * that it updates.  gradus_mpi.h has a communicator for MPI; docs/cluster.md
 * says how to use it, and what is promised.
 */
#ifndef GRADUS_COMMUNICATOR_H
#define GRADUS_COMMUNICATOR_H

#include "gradus.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes that are sent to a rank, or that come from it. */
typedef struct {
    int rank;
    void *data;
    size_t bytes;
} gradus_message;

/* All fields are 0 at first, but for those that the maker sets. */
struct gradus_communicator {
    int rank, size; /* the number of this process, and of all */

    /* Sends out[0..n_out-1], which are not changed, and receives
     * in[0..n_in-1]; returns when all has been sent and received.  No message
     * is empty, and none is to or from this rank itself.  The messages between
     * two ranks are received in the order in which they are sent, and have as
     * many bytes there as here, or the ranks do not compute the same.  All
     * ranks call it the same number of times; a rank may have nothing to send
     * or receive.  Returns 0, or non-zero if anything fails or takes too long;
     * then `why` says in words which rank is to blame, and it is not called
     * again: end the process, as what is still under way may be written
     * to. */
    int (*exchange)(gradus_communicator *c, const gradus_message *out,
                    int n_out, const gradus_message *in, int n_in);
    char why[512];
    const char *program; /* a text that must be the same on all ranks, such as
                            a hash of the program; or NULL */

    /* The library counts: what this rank has sent, and the time that it spent
     * in exchange. */
    uint64_t bytes_sent;
    double seconds;
};

#ifdef __cplusplus
}
#endif
#endif
