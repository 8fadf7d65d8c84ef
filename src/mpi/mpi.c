/* mpi.c -- a communicator of the processes that mpirun has started.
 *
 * MPI only copies bytes here: all messages are sent and received at the same
 * time, until all have arrived or the deadline has passed.  Then it is known
 * which ranks have not answered. */
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

/* One request that is under way: the rank that it is sent to or expected from,
 * and how many bytes are expected; -1 if it is sent. */
typedef struct {
    int rank, expected;
} pending;

static struct {
    gradus_communicator c;
    MPI_Comm comm;
    double deadline;
    MPI_Request *request; /* [room]; count of them have begun */
    MPI_Status *status;   /* [room] */
    pending *pending;     /* [room] */
    int count, room;
    int waits;        /* so far: the tag of the messages until the next */
    int error;        /* MPI's first, or MPI_SUCCESS, which is 0 */
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

/* ---- messages ----------------------------------------------------------- */

/* Makes room for one more request.  Returns false, and says why, if there is
 * no memory. */
static bool make_room(void)
{
    if (world.count < world.room)
        return true;
    const size_t n = 2 * (size_t)world.room + 64;
    MPI_Request *request = realloc(world.request, n * sizeof *request);
    if (request)
        world.request = request;
    MPI_Status *status = request ? realloc(world.status, n * sizeof *status)
                                 : NULL;
    if (status)
        world.status = status;
    pending *expected = status ? realloc(world.pending, n * sizeof *expected)
                               : NULL;
    if (!expected) {
        snprintf(world.c.why, sizeof world.c.why, "rank %d is out of memory "
                 "for %zu messages", world.c.rank, n);
        return false;
    }
    world.pending = expected;
    world.room = (int)n;
    return true;
}

/* Begins to send or to receive a message, a chunk at a time. */
static void begin(char *data, size_t bytes, int rank, bool send)
{
    const int tag = world.waits % TAGS;

    for (int chunk; bytes > 0 && !world.error && make_room();
         data += chunk, bytes -= (size_t)chunk) {
        MPI_Request *request = &world.request[world.count];
        chunk = bytes < CHUNK ? (int)bytes : CHUNK;
        world.error = send ? MPI_Isend(data, chunk, MPI_BYTE, rank, tag,
                                       world.comm, request)
                           : MPI_Irecv(data, chunk, MPI_BYTE, rank, tag,
                                       world.comm, request);
        world.pending[world.count++] = (pending){ rank, send ? -1 : chunk };
    }
}

static void mpi_send(gradus_communicator *c, int to, const void *data,
                     size_t bytes)
{
    (void)c;
    begin((char *)data, bytes, to, true);
}

static void mpi_receive(gradus_communicator *c, int from, void *data,
                        size_t bytes)
{
    (void)c;
    begin(data, bytes, from, false);
}

/* Says which ranks have not answered. */
static void name_missing(gradus_communicator *c)
{
    size_t n = 0;

    for (int r = 0; r < c->size; r++) {
        bool missing = false;
        for (int i = 0; i < world.count; i++)
            missing |= world.pending[i].rank == r &&
                       world.request[i] != MPI_REQUEST_NULL;
        if (missing && n < sizeof c->why)
            n += (size_t)snprintf(c->why + n, sizeof c->why - n, "%s%d",
                                  n ? ", " : "rank ", r);
    }
    if (n < sizeof c->why)
        snprintf(c->why + n, sizeof c->why - n, " did not answer for %g s, so "
                 "rank %d gives up: it has stopped, is too slow or cut off, "
                 "or does not make the same calls; go on from the last "
                 "checkpoint", world.deadline, c->rank);
}

/* Has as much arrived as was expected?  MPI itself refuses only more, and then
 * only says which request has failed. */
static void check_sizes(gradus_communicator *c)
{
    const bool more = world.error == MPI_ERR_IN_STATUS;

    if (world.error && !more)
        return;
    for (int i = 0; i < world.count && !*c->why; i++) {
        const pending *p = &world.pending[i];
        const MPI_Status *s = &world.status[i];
        int bytes;
        if (more && s->MPI_ERROR != MPI_SUCCESS &&
            s->MPI_ERROR != MPI_ERR_PENDING)
            snprintf(c->why, sizeof c->why, "rank %d has sent more bytes than "
                     "rank %d expects, or is lost; must compute the same",
                     p->rank, c->rank);
        else if (!more && p->expected >= 0 &&
                 !MPI_Get_count(s, MPI_BYTE, &bytes) && bytes != p->expected)
            snprintf(c->why, sizeof c->why, "rank %d has sent %d bytes, but "
                     "rank %d expects %d; must compute the same", p->rank,
                     bytes, c->rank, p->expected);
    }
}

/* Waits for all requests.  Sets world.error, or says why, if that fails. */
static void wait_for_all(gradus_communicator *c)
{
    const double begun = MPI_Wtime();
    double waited = 0, last = begun;
    int done = 0;

    while (!done && !world.error) {
        world.error = MPI_Testall(world.count, world.request, &done,
                                  world.status);
        if (done || world.error)
            break;
        if (waited > world.deadline) {
            for (int i = 0; i < world.count; i++)
                MPI_Test(&world.request[i], &done, &world.status[i]);
            name_missing(c);
            return;
        }
        give_way(begun);
        double now = MPI_Wtime();
        waited += now - last < GAP ? now - last : 0;
        last = now;
    }
    check_sizes(c);
}

static int mpi_wait(gradus_communicator *c)
{
    int length;

    if (!world.error && !*c->why)
        wait_for_all(c);
    if (world.error && !*c->why) {
        char text[MPI_MAX_ERROR_STRING];
        MPI_Error_string(world.error, text, &length);
        snprintf(c->why, sizeof c->why, "MPI: %.480s", text);
    }
    world.waits++;
    world.count = 0;
    return *c->why ? -1 : 0;
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
    world.c.send = mpi_send;
    world.c.receive = mpi_receive;
    world.c.wait = mpi_wait;
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
    free(world.request);
    free(world.status);
    free(world.pending);
    return status;
}
