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
    GAP = 1,             /* seconds; if more pass between two looks, this
                            process was stopped itself, and no more count */
    GOODBYE = 5          /* seconds that the other ranks have to end, too,
                            after an error */
};

/* One request that is under way, or that has ended and is MPI_REQUEST_NULL:
 * the rank that it is sent to or expected from, and how many bytes are
 * expected; -1 if it is sent. */
typedef struct {
    MPI_Request request;
    int rank, expected;
} pending;

static struct {
    gradus_communicator c;
    MPI_Comm comm;
    double deadline;
    pending *pending; /* [room]; count of them have begun */
    int count, room;
    int tag;          /* of the messages until the next wait has returned */
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

/* Makes room for one more request, or says that there is no memory. */
static void make_room(void)
{
    if (world.count < world.room)
        return;
    const size_t n = 2 * (size_t)world.room + 64;
    pending *more = realloc(world.pending, n * sizeof *more);
    if (!more) {
        snprintf(world.c.why, sizeof world.c.why, "rank %d is out of memory "
                 "for %zu messages", world.c.rank, n);
        return;
    }
    world.pending = more;
    world.room = (int)n;
}

/* Says, unless it has been said, what MPI makes of a message to or from a
 * rank; MPI itself refuses a message of more bytes than are expected. */
static void check(int error, int rank)
{
    char text[MPI_MAX_ERROR_STRING];
    int length;

    if (!error || *world.c.why)
        return;
    MPI_Error_string(error, text, &length);
    snprintf(world.c.why, sizeof world.c.why, "rank %d is lost, or has sent "
             "more bytes than rank %d expects; must compute the same; MPI: "
             "%.300s", rank, world.c.rank, text);
}

/* Begins to send or to receive a message, a chunk at a time. */
static void begin(char *data, size_t bytes, int rank, bool send)
{
    for (int chunk; bytes > 0; data += chunk, bytes -= (size_t)chunk) {
        make_room();
        if (*world.c.why)
            return;
        chunk = bytes < CHUNK ? (int)bytes : CHUNK;
        pending *p = &world.pending[world.count++];
        *p = (pending){ MPI_REQUEST_NULL, rank, send ? -1 : chunk };
        check(send ? MPI_Isend(data, chunk, MPI_BYTE, rank, world.tag,
                               world.comm, &p->request)
                   : MPI_Irecv(data, chunk, MPI_BYTE, rank, world.tag,
                               world.comm, &p->request), rank);
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

/* Has the request ended?  Says so if it has failed, or if less has arrived
 * than was expected. */
static bool has_ended(pending *p)
{
    MPI_Status s;
    int ended = 1, bytes;

    if (p->request == MPI_REQUEST_NULL)
        return true;
    check(MPI_Test(&p->request, &ended, &s), p->rank);
    if (!*world.c.why && ended && p->expected >= 0 &&
        !MPI_Get_count(&s, MPI_BYTE, &bytes) && bytes != p->expected)
        snprintf(world.c.why, sizeof world.c.why, "rank %d has sent %d bytes, "
                 "but rank %d expects %d; must compute the same", p->rank,
                 bytes, world.c.rank, p->expected);
    return ended;
}

/* Says which ranks have not answered, if there are any now. */
static void name_missing(gradus_communicator *c)
{
    size_t n = 0;

    for (int i = 0; i < world.count; i++)
        has_ended(&world.pending[i]);
    for (int r = 0; r < c->size && (!*c->why || n > 0); r++) {
        bool missing = false;
        for (int i = 0; i < world.count; i++)
            missing |= world.pending[i].rank == r &&
                       world.pending[i].request != MPI_REQUEST_NULL;
        if (missing && n < sizeof c->why)
            n += (size_t)snprintf(c->why + n, sizeof c->why - n, "%s%d",
                                  n ? ", " : "rank ", r);
    }
    if (n > 0 && n < sizeof c->why)
        snprintf(c->why + n, sizeof c->why - n, " did not answer for %g s, so "
                 "rank %d gives up: it has stopped, is too slow or cut off, "
                 "or does not make the same calls; go on from the last "
                 "checkpoint", world.deadline, c->rank);
}

/* Returns non-zero if a request has failed, or has not ended in time. */
static int mpi_wait(gradus_communicator *c)
{
    const double begun = MPI_Wtime();
    double waited = 0, last = begun;

    for (int i = 0; i < world.count && !*c->why;) {
        if (has_ended(&world.pending[i])) {
            i++;
        } else if (waited > world.deadline) {
            name_missing(c);
        } else {
            give_way(begun);
            double now = MPI_Wtime();
            waited += fmin(now - last, GAP);
            last = now;
        }
    }
    world.tag = (world.tag + 1) % TAGS;
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
    const bool failed =
        MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) ||
        MPI_Comm_dup(MPI_COMM_WORLD, &world.comm);
    alarm(0);
    sigaction(SIGALRM, &before, NULL);
    if (failed)
        return NULL;
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
    free(world.pending);
    return status;
}
