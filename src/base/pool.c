/* pool.c -- threads that share the items of a job among them.
 *
 * Each thread has a range of the items, the same one whenever the number of
 * items is the same, so what it touched in one job is still in its cache in
 * the next.  A thread that has finished its own range takes items from the
 * others ("work stealing").  The ticket of a range holds its next item and its
 * end.  Both are changed in one atomic exchange, so a thread that raises a
 * ticket gets an item of the present job, however late it woke.  The caller
 * waits for items to be done, not for threads: a worker whose core is busy
 * with something else delays nobody.
 *
 * A thread that waits first spins for some microseconds, since the next
 * phase of a training step mostly comes that soon, and then sleeps.  A
 * thread about to sleep raises its flag before it looks for work a last
 * time, and a thread that changes the state looks at the flag afterwards:
 * with sequentially consistent atomics, at least one of the two sees what
 * the other did. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "base/pool.h"

#include "base/error.h"

#include <fenv.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Between two calls of gradus_pool_run no ticket has an item left, so the
 * workers wait, spinning or asleep.  Only then do job, arg and items
 * change. */
struct gradus_pool {
    void (*job)(void *arg, int item, int worker);
    void *arg;
    int items;       /* of the present job */
    atomic_int done; /* those for which the job has returned */

    int spins; /* how often a thread looks again before it sleeps */
    pthread_mutex_t lock;
    pthread_cond_t wake, finished;
    atomic_int sleepers; /* workers asleep, or about to be */
    atomic_int waiting;  /* the caller is asleep, or about to be */
    int quit;            /* the pool ends; read and set under lock */

    int threads, started; /* started: workers, threads - 1 in the end */
    pid_t maker; /* the process that has the workers: a child of it has none */
    struct member {
        atomic_uint_fast64_t ticket; /* end << 32 | next */
        gradus_pool *pool;
        pthread_t thread;
        char apart[64]; /* keeps tickets in cache lines of their own */
    } member[]; /* [threads], the first of which is the caller */
};

/* Takes the next item of the range of m.  Returns -1 if none is left. */
static int take(struct member *m)
{
    uint_fast64_t t = atomic_load(&m->ticket);

    while ((uint32_t)t < t >> 32)
        if (atomic_compare_exchange_weak(&m->ticket, &t, t + 1))
            return (int)(uint32_t)t;
    return -1;
}

/* Is an item left in any range? */
static int has_items(gradus_pool *p)
{
    for (int i = 0; i < p->threads; i++) {
        uint_fast64_t t = atomic_load(&p->member[i].ticket);
        if ((uint32_t)t < t >> 32)
            return 1;
    }
    return 0;
}

/* Tells the processor that this is a loop that waits. */
static void pause_a_little(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#endif
}

/* Counts an item as done, and wakes the caller if it was the last.  items
 * is read first: once the last item is counted, the caller may start
 * another job. */
static void finish_one(gradus_pool *p)
{
    int items = p->items;

    if (atomic_fetch_add(&p->done, 1) + 1 == items &&
        atomic_load(&p->waiting)) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_signal(&p->finished);
        pthread_mutex_unlock(&p->lock);
    }
}

/* Calls the job for items until there is none left to take, first in its
 * own range and then in those of the others. */
static void work(struct member *me)
{
    gradus_pool *p = me->pool;
    int own = (int)(me - p->member);

    for (int i = 0; i < p->threads; i++) {
        struct member *m = &p->member[(own + i) % p->threads];
        for (int item; (item = take(m)) >= 0;) {
            p->job(p->arg, item, own);
            finish_one(p);
        }
    }
}

/* Sleeps until there are items, and then returns 1, or until the pool ends,
 * and then returns 0. */
static int sleep_for_items(gradus_pool *p)
{
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleepers, 1);
    while (!has_items(p) && !p->quit)
        pthread_cond_wait(&p->wake, &p->lock);
    atomic_fetch_sub(&p->sleepers, 1);
    int go_on = !p->quit;
    pthread_mutex_unlock(&p->lock);
    return go_on;
}

/* What a worker thread runs: it works, spins, and sleeps, until the pool
 * ends.  It would otherwise have the floating-point mode of its maker. */
static void *worker(void *arg)
{
    gradus_pool *p = ((struct member *)arg)->pool;

    fesetenv(FE_DFL_ENV);
    do {
        work(arg);
        for (int i = 0; i < p->spins && !has_items(p); i++)
            pause_a_little();
    } while (has_items(p) || sleep_for_items(p));
    return NULL;
}

/* Waits until all items are done: the caller's part of every job. */
static void wait_until_done(gradus_pool *p, int items)
{
    for (int i = 0; i <= p->spins; i++) {
        if (atomic_load(&p->done) == items)
            return;
        pause_a_little();
    }
    pthread_mutex_lock(&p->lock);
    atomic_store(&p->waiting, 1);
    while (atomic_load(&p->done) < items)
        pthread_cond_wait(&p->finished, &p->lock);
    atomic_store(&p->waiting, 0);
    pthread_mutex_unlock(&p->lock);
}

/* Divides the items evenly into one range for each thread.  As soon as the
 * first range is set, other threads may be at work on it. */
static void deal(gradus_pool *p, int items)
{
    uint_fast64_t threads = (uint_fast64_t)p->threads, from = 0;

    for (uint_fast64_t i = 0; i < threads; i++) {
        uint_fast64_t end = (uint_fast64_t)items * (i + 1) / threads;
        atomic_store(&p->member[i].ticket, end << 32 | from);
        from = end;
    }
}

/* A job of one item, or in a pool of one thread, needs no other thread.  Where
 * there is none, in a child made by fork, the caller takes the items of all
 * ranges, and keeps off the lock, which a worker may have held at that
 * moment. */
void gradus_pool_run(gradus_pool *p,
                     void (*job)(void *arg, int item, int worker), void *arg,
                     int items)
{
    if (p->threads == 1 || items <= 1) {
        for (int i = 0; i < items; i++)
            job(arg, i, 0);
        return;
    }
    p->job = job;
    p->arg = arg;
    p->items = items;
    atomic_store(&p->done, 0);
    deal(p, items);
    if (atomic_load(&p->sleepers) && p->maker == getpid()) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->lock);
    }
    work(&p->member[0]);
    wait_until_done(p, items);
}

int gradus_pool_processors(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
#endif
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

/* Starts the workers.  They take no signals: those are for the threads of
 * the program.  Returns an errno, or 0 if all is well. */
static int start_workers(gradus_pool *p)
{
    sigset_t all, before;
    int e = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (!e && p->started < p->threads - 1) {
        struct member *m = &p->member[p->started + 1];
        e = pthread_create(&m->thread, NULL, worker, m);
        p->started += !e;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return e;
}

void gradus_pool_free(gradus_pool *p)
{
    if (p && p->maker == getpid()) {
        pthread_mutex_lock(&p->lock);
        p->quit = 1;
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->lock);
        for (int i = 1; i <= p->started; i++)
            pthread_join(p->member[i].thread, NULL);
        pthread_cond_destroy(&p->finished);
        pthread_cond_destroy(&p->wake);
        pthread_mutex_destroy(&p->lock);
    }
    free(p);
}

gradus_pool *gradus_pool_new(int threads)
{
    gradus_pool *p =
        calloc(1, sizeof *p + (size_t)threads * sizeof *p->member);
    if (!p)
        return gradus_no_memory("%d threads", threads), NULL;
    p->threads = threads;
    p->maker = getpid();
    for (int i = 0; i < threads; i++)
        p->member[i].pool = p;
    /* About 50 microseconds; 0 if spinning would take a core from a worker. */
    p->spins = threads <= gradus_pool_processors() ? 2000 : 0;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->finished, NULL);
    int e = start_workers(p);
    if (!e)
        return p;
    gradus_pool_free(p);
    return gradus_error_set("cannot start %d threads: %s; ask for fewer, or "
                            "raise the limits of processes and memory "
                            "(ulimit -u, ulimit -v)", threads,
                            strerror(e)), NULL;
}
