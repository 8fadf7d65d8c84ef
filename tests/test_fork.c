/* test_fork.c -- a child made by fork has the graph of its parent, but not the
 * graph's threads. */
#define _POSIX_C_SOURCE 200809L
#include "nets.h"
#include "tests.h"

#include "base/pool.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void sleep_ms(int ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

/* Begins a child, which an alarm ends if it hangs.  Returns 0 in the child. */
static pid_t begin_child(void)
{
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(20);
    }
    return child;
}

/* Did the child end by itself, and well? */
static void end_child(pid_t child)
{
    int status;

    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(!WIFSIGNALED(status), "the child ended by signal %d",
                  WTERMSIG(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

EACH_TEST(.timeout = 120)

static void count(void *sum, int item, int worker)
{
    *(atomic_int *)sum += item + 1000 * (worker != 0);
}

/* The workers spin when the fork comes, or sleep, or are about to: each case
 * by its pause. */
LOOP_TEST(a_pool_works_in_a_child_without_its_threads, 40)
{
    gradus_pool *p = gradus_pool_new(1 + _i % 4);
    atomic_int sum = 0;

    ck_assert_ptr_nonnull(p);
    gradus_pool_run(p, count, &sum, 100);
    if (_i % 3)
        sleep_ms(_i % 3 * 5);
    pid_t child = begin_child();
    if (child == 0) {
        for (int run = 0; run < 50; run++) {
            sum = 0;
            gradus_pool_run(p, count, &sum, 100);
            if (sum != 99 * 100 / 2)
                _exit(1);
        }
        gradus_pool_free(p);
        _exit(0);
    }
    end_child(child);
    gradus_pool_run(p, count, &sum, 100);
    gradus_pool_free(p);
}

/* Frees the parent's graph at once, or uses it first in every way. */
static void work_in_child(net *n, gradus_optimiser *o, gradus_dataset *d,
                          uint64_t wanted, int way)
{
    gradus_metrics m;
    gradus_workspace *w = NULL;
    bool good = true;

    if (way > 0)
        good = gradus_fit(o, d, &(gradus_fit_options){ .epochs = 2 }) == 0 &&
               gradus_parameters_hash(n->g) == wanted;
    if (way > 1) {
        w = gradus_workspace_new(n->g, 8);
        good = good && gradus_evaluate(n->g, d, NULL, &m) == 0 && w &&
               gradus_infer(w, d->x, 8) != NULL;
    }
    gradus_workspace_free(w);
    gradus_optimiser_free(o);
    net_free(n);
    _exit(good ? 0 : 1);
}

/* The parent then does the same with its threads, and gets the same bits. */
LOOP_TEST(a_child_uses_and_frees_the_graph_of_its_parent, 12)
{
    net n = net_new(3, (const int[]){ 5, 32, 4 }, 64, 1 + _i / 3);
    gradus_dataset d = data_new(4, 300, 5, 4);
    gradus_optimiser *o = gradus_sgd(n.g, NULL);
    const gradus_fit_options two = { .epochs = 2 };

    /* What two more epochs make of it, computed in a graph of its own. */
    net same = net_new(3, (const int[]){ 5, 32, 4 }, 64, 1);
    gradus_optimiser *also = gradus_sgd(same.g, NULL);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(gradus_fit(also, &d, &two), 0);
    uint64_t wanted = gradus_parameters_hash(same.g);

    ck_assert_int_eq(gradus_fit(o, &d, &two), 0);
    pid_t child = begin_child();
    if (child == 0)
        work_in_child(&n, o, &d, wanted, _i % 3);
    end_child(child);
    ck_assert_int_eq(gradus_fit(o, &d, &two), 0);
    ck_assert(gradus_parameters_hash(n.g) == wanted);
    gradus_optimiser_free(o);
    gradus_optimiser_free(also);
    net_free(&n);
    net_free(&same);
    data_free(&d);
}
