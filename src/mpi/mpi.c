/* mpi.c -- a communicator of the processes that mpirun has started.
 *
 * MPI only copies bytes here: all messages are sent and received at the same
 * time, without waiting for any of them, until all have arrived or the
 * deadline has passed.  Then it is known which ranks have not answered. */
#define _XOPEN_SOURCE 700
#include "gradus_mpi.h"

#include <inttypes.h>
#include <math.h>
#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK = 1 << 30,     /* bytes that are sent at a time, as MPI counts them
                            in an int */
    TAGS = 1 << 14,      /* every MPI allows these */
    GAP = 1,             /* seconds in which this process was stopped itself,
                            rather than waiting */
    GOODBYE = 5          /* seconds that the other ranks have to end, too,
                            after an error */
};

static struct {
    gradus_communicator c;
    MPI_Comm comm;
    double deadline;
    int calls;        /* of exchange, so far: the tag of its messages */
    char program[24]; /* what c.program points to */
    bool met;         /* all ranks have come to their end */
} world;

/* Lets other processes run while this one waits.  After a hundredth of a
 * second, it sleeps between two looks. */
static void give_way(double begun)
{
    if (MPI_Wtime() - begun < 0.01)
        sched_yield();
    else
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
}

/* ---- exchange ----------------------------------------------------------- */

/* One request that is under way: the rank that it is sent to or expected from,
 * and how many bytes are expected; -1 if it is sent. */
typedef struct {
    int rank, expected;
} pending;

/* All of an exchange. */
typedef struct {
    MPI_Request *request; /* [count] */
    MPI_Status *status;   /* [count] */
    pending *pending;     /* [count] */
    int count;
} requests;

static int count_chunks(const gradus_message *m, int n)
{
    size_t count = 0;

    for (int i = 0; i < n; i++)
        count += (m[i].bytes - 1) / CHUNK + 1;
    return (int)count;
}

/* Begins to send or to receive a message.  Returns MPI's error, or success. */
static int begin(requests *all, const gradus_message *m, bool send)
{
    const int tag = world.calls % TAGS;
    int error = MPI_SUCCESS, bytes;

    for (size_t at = 0; at < m->bytes && !error; at += (size_t)bytes) {
        char *data = (char *)m->data + at;
        MPI_Request *request = &all->request[all->count];
        bytes = m->bytes - at < CHUNK ? (int)(m->bytes - at) : CHUNK;
        error = send ? MPI_Isend(data, bytes, MPI_BYTE, m->rank, tag,
                                 world.comm, request)
                     : MPI_Irecv(data, bytes, MPI_BYTE, m->rank, tag,
                                 world.comm, request);
        all->pending[all->count++] = (pending){ m->rank, send ? -1 : bytes };
    }
    return error;
}

/* Says which ranks have not answered.  Always returns -1. */
static int name_missing(gradus_communicator *c, const requests *all)
{
    size_t n = 0;

    for (int r = 0; r < c->size; r++) {
        bool missing = false;
        for (int i = 0; i < all->count; i++)
            missing |= all->pending[i].rank == r &&
                       all->request[i] != MPI_REQUEST_NULL;
        if (missing && n < sizeof c->why)
            n += (size_t)snprintf(c->why + n, sizeof c->why - n, "%s%d",
                                  n ? ", " : "rank ", r);
    }
    if (n < sizeof c->why)
        snprintf(c->why + n, sizeof c->why - n, " did not answer for %g s, so "
                 "rank %d gives up: it has stopped, is too slow, or is cut "
                 "off; go on from the last checkpoint", world.deadline,
                 c->rank);
    return -1;
}

/* Has as much arrived as was expected?  MPI itself refuses only more, and then
 * only says which request has failed. */
static int check_sizes(gradus_communicator *c, const requests *all, int error)
{
    for (int i = 0; i < all->count && error == MPI_ERR_IN_STATUS; i++)
        if (all->status[i].MPI_ERROR != MPI_SUCCESS &&
            all->status[i].MPI_ERROR != MPI_ERR_PENDING) {
            snprintf(c->why, sizeof c->why, "rank %d has sent more bytes than "
                     "rank %d expects, or is lost; must compute the same",
                     all->pending[i].rank, c->rank);
            return -1;
        }
    for (int i = 0; i < all->count && !error; i++) {
        const pending *e = &all->pending[i];
        int bytes;
        if (e->expected < 0 ||
            MPI_Get_count(&all->status[i], MPI_BYTE, &bytes) ||
            bytes == e->expected)
            continue;
        snprintf(c->why, sizeof c->why, "rank %d has sent %d bytes, but rank "
                 "%d expects %d; must compute the same", e->rank, bytes,
                 c->rank, e->expected);
        return -1;
    }
    return 0;
}

/* Waits for all requests.  Returns 0, or -1 and says why; *error is MPI's. */
static int wait_for_all(gradus_communicator *c, requests *all, int *error)
{
    const double begun = MPI_Wtime();
    double waited = 0, last = begun;
    int done = 0;

    while (!done && !*error) {
        *error = MPI_Testall(all->count, all->request, &done, all->status);
        if (done || *error)
            break;
        if (waited > world.deadline) {
            for (int i = 0; i < all->count; i++)
                MPI_Test(&all->request[i], &done, &all->status[i]);
            return name_missing(c, all);
        }
        give_way(begun);
        double now = MPI_Wtime();
        waited += now - last < GAP ? now - last : 0;
        last = now;
    }
    return check_sizes(c, all, *error) || *error ? -1 : 0;
}

static int exchange(gradus_communicator *c, const gradus_message *out,
                    int n_out, const gradus_message *in, int n_in)
{
    const size_t most =
        (size_t)(count_chunks(out, n_out) + count_chunks(in, n_in)) + 1;
    requests all = { malloc(most * sizeof(MPI_Request)),
                     malloc(most * sizeof(MPI_Status)),
                     malloc(most * sizeof(pending)), 0 };
    int error = MPI_SUCCESS, status = -1, length;

    if (all.request && all.status && all.pending) {
        for (int i = 0; i < n_in && !error; i++)
            error = begin(&all, &in[i], false);
        for (int i = 0; i < n_out && !error; i++)
            error = begin(&all, &out[i], true);
        status = wait_for_all(c, &all, &error);
    } else {
        snprintf(c->why, sizeof c->why, "out of memory for %zu messages",
                 most);
    }
    if (error != MPI_SUCCESS && !*c->why) {
        char text[MPI_MAX_ERROR_STRING];
        MPI_Error_string(error, text, &length);
        snprintf(c->why, sizeof c->why, "MPI: %.480s", text);
        status = -1;
    }
    world.calls++;
    free(all.request); /* MPI has its own copies of those under way */
    free(all.status);
    free(all.pending);
    return status;
}

/* ---- life --------------------------------------------------------------- */

/* Sets the text to a hash (FNV-1a) of this program, where the system shows it
 * as a file; else it stays "". */
static void hash_program(char text[24])
{
    uint64_t h = 0xcbf29ce484222325;
    FILE *f = fopen("/proc/self/exe", "rb");
    int byte;

    if (!f)
        return;
    while ((byte = getc(f)) != EOF)
        h = (h ^ (unsigned char)byte) * 0x100000001b3;
    fclose(f);
    snprintf(text, 24, "%016" PRIx64, h);
}

static void give_up(int number)
{
    static const char text[] = "gradus: MPI has not started: not all ranks "
                               "have come to it before the deadline\n";

    (void)number;
    if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
        _exit(2);
    _exit(1);
}

/* MPI_Init waits for all ranks, for ever: an alarm ends that. */
gradus_communicator *gradus_mpi_start(double deadline)
{
    const struct sigaction end = { .sa_handler = give_up };
    struct sigaction before;
    int level;

    world.deadline = deadline > 0 ? deadline : 300;
    sigaction(SIGALRM, &end, &before);
    alarm((unsigned)fmin(world.deadline, 1e6) + 1);
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) ||
        MPI_Comm_dup(MPI_COMM_WORLD, &world.comm))
        return NULL;
    alarm(0);
    sigaction(SIGALRM, &before, NULL);
    MPI_Comm_set_errhandler(world.comm, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(MPI_COMM_SELF, MPI_ERRORS_RETURN); /* MPICH's */
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(world.comm, &world.c.rank);
    MPI_Comm_size(world.comm, &world.c.size);
    world.c.exchange = exchange;
    hash_program(world.program);
    world.c.program = world.program;
    return &world.c;
}

bool gradus_mpi_meet(double seconds)
{
    const double begun = MPI_Wtime();
    MPI_Request request;
    int come = 0;

    if (world.met || *world.c.why || MPI_Ibarrier(world.comm, &request))
        return world.met;
    while (!come && MPI_Wtime() - begun < seconds) {
        if (MPI_Test(&request, &come, MPI_STATUS_IGNORE))
            return false;
        give_way(begun);
    }
    world.met = come;
    if (!come)
        snprintf(world.c.why, sizeof world.c.why, "the other ranks do not "
                 "end");
    return come;
}

int gradus_mpi_finish(int status)
{
    if (!world.c.size) /* MPI has not started */
        return status;
    if (!gradus_mpi_meet(status ? GOODBYE : world.deadline)) {
        /* What was printed last is on its way through mpirun, which may drop
         * it when it hears of the abort. */
        nanosleep(&(struct timespec){ .tv_nsec = 500000000 }, NULL);
        MPI_Abort(MPI_COMM_WORLD, status ? status : 1);
    }
    MPI_Comm_free(&world.comm);
    MPI_Finalize();
    return status;
}
