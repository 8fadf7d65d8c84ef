/* test_pool.c -- the pool of threads, which divide the items of a job among
 * them. */
#define _POSIX_C_SOURCE 200809L
#include "allocations.h"
#include "tests.h"

#include "base/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

enum { MOST = 1000 };

/* How often each item was run.  Items write to places of their own, without
 * atomics, and what they wrote must be there when the run returns. */
typedef struct {
    int times[MOST];
} tally;

static void tick(void *arg, int item, int worker)
{
    ((tally *)arg)->times[item] += worker >= 0 && worker < MOST;
}

/* Runs a job of this many items.  Returns whether each of them was run exactly
 * once, and no other. */
static int once_each(gradus_pool *p, int items)
{
    tally t = { { 0 } };

    gradus_pool_run(p, tick, &t, items);
    for (int i = 0; i < MOST; i++)
        if (t.times[i] != (i < items))
            return 0;
    return 1;
}

static gradus_pool *pool(int threads)
{
    gradus_pool *p = gradus_pool_new(threads);

    ck_assert_msg(p != NULL, "%s", gradus_error());
    return p;
}

static void sleep_ms(int ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

EACH_TEST(.timeout = 120)

TEST(every_item_of_a_job_is_run_once)
{
    for (int threads = 1; threads <= 8; threads++) {
        gradus_pool *p = pool(threads);
        for (int items = 0; items <= MOST; items += 1 + items / 16)
            ck_assert_msg(once_each(p, items), "%d threads, %d items: an item "
                          "was not run exactly once", threads, items);
        ck_assert_msg(once_each(p, MOST), "%d threads, %d items: an item was "
                      "not run exactly once", threads, MOST);
        gradus_pool_free(p);
    }
}

TEST(thousands_of_short_runs_in_a_row_are_each_complete)
{
    gradus_pool *p = pool(3);
    tally t = { { 0 } };

    for (int run = 0; run < 20000; run++) {
        gradus_pool_run(p, tick, &t, 2 + run % 4);
        ck_assert_int_eq(t.times[0], run + 1);
        ck_assert_int_eq(t.times[1], run + 1);
    }
    ck_assert_int_eq(t.times[2], 15000);
    ck_assert_int_eq(t.times[3], 10000);
    ck_assert_int_eq(t.times[4], 5000);
    gradus_pool_free(p);
}

TEST(more_threads_than_processors_do_the_work_too)
{
    gradus_pool *p = pool(4 * gradus_pool_processors() + 1);

    for (int run = 0; run < 500; run++)
        ck_assert_msg(once_each(p, 1 + run), "%d items: an item was not run "
                      "exactly once", 1 + run);
    gradus_pool_free(p);
}

TEST(sleeping_threads_wake_up_for_a_job)
{
    gradus_pool *p = pool(2);

    for (int run = 0; run < 20; run++) {
        sleep_ms(3); /* much longer than they spin */
        ck_assert(once_each(p, 50));
    }
    gradus_pool_free(p);
}

static void sleep_on_the_first(void *arg, int item, int worker)
{
    if (item == 0)
        sleep_ms(5);
    tick(arg, item, worker);
}

TEST(a_run_returns_only_after_its_slowest_item)
{
    gradus_pool *p = pool(4);

    for (int run = 0; run < 10; run++) {
        tally t = { { 0 } };
        gradus_pool_run(p, sleep_on_the_first, &t, 8);
        for (int i = 0; i < 8; i++)
            ck_assert_int_eq(t.times[i], 1);
    }
    gradus_pool_free(p);
}

typedef struct {
    pthread_t caller;
    pthread_barrier_t all_here;
    atomic_int workers; /* how many threads beside the caller came */
    atomic_int workers_with_signals;
    atomic_int numbers; /* one bit for each worker that came */
} meeting;

static void meet(void *arg, int item, int worker)
{
    meeting *m = arg;
    sigset_t mask;

    (void)item;
    m->numbers |= 1 << worker;
    pthread_barrier_wait(&m->all_here);
    if (pthread_equal(pthread_self(), m->caller))
        return;
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    m->workers++;
    m->workers_with_signals += !sigismember(&mask, SIGINT);
}

/* Each item waits for all others, so each needs a thread of its own. */
TEST(all_threads_work_at_once_and_workers_take_no_signals)
{
    meeting m = { .caller = pthread_self() };
    gradus_pool *p = pool(4);

    pthread_barrier_init(&m.all_here, NULL, 4);
    gradus_pool_run(p, meet, &m, 4);
    ck_assert_int_eq(m.workers, 3);
    ck_assert_int_eq(m.workers_with_signals, 0);
    ck_assert_int_eq(m.numbers, 15);
    pthread_barrier_destroy(&m.all_here);
    gradus_pool_free(p);
}

static void *use_a_pool(void *failures)
{
    gradus_pool *p = gradus_pool_new(2);

    for (int run = 0; p && run < 500; run++)
        if (!once_each(p, 100))
            ++*(atomic_int *)failures;
    gradus_pool_free(p);
    return NULL;
}

TEST(pools_of_several_callers_do_not_disturb_each_other)
{
    pthread_t caller[3];
    atomic_int failures = 0;

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            pthread_create(&caller[i], NULL, use_a_pool, &failures), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(caller[i], NULL);
    ck_assert_int_eq(failures, 0);
}

TEST(a_pool_can_be_freed_before_it_has_worked)
{
    for (int i = 0; i < 100; i++)
        gradus_pool_free(pool(1 + i % 8));
    gradus_pool_free(NULL);
}

TEST(a_thread_that_cannot_be_started_is_an_error_that_says_what_to_do)
{
    allocations_fail(2, 1); /* the pool's memory, then the first thread */
    gradus_pool *p = gradus_pool_new(3);
    allocations_fail(0, 0);
    ck_assert_ptr_null(p);
    assert_error("cannot start 3 threads: Resource temporarily unavailable; "
                 "ask for fewer, or raise the limits of processes and memory");
}
