/* main.c -- checks one exercise.  run.sh links this program with the learner's
 * file in place of the library's own, and calls it:
 *
 *   checker NUMBER [SECONDS]
 *
 * It exits with 0 if all is right, 1 if something is wrong, 2 if nothing could
 * be checked, and 3 if the learner's function has not come to an end after so
 * many seconds (5) of processor time.  On stderr, a line "case: .." says what
 * is computed next, so that it is known if the function ends the program. */
#define _DEFAULT_SOURCE
#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static void (*const check[])(sheet *s) = {
    check_dense_gradient, check_dense_backward, check_relu, check_softmax_ce,
    check_softmax, check_smoothing, check_momentum, check_adam, check_dropout,
    check_maxpool, check_conv, check_batchnorm, check_layernorm,
    check_embedding, check_clip, check_shares,
};

enum { CHECKS = sizeof check / sizeof *check };

static const char *the_case_now = "before the first case";

void begin_case(const char *when)
{
    the_case_now = when;
    fprintf(stderr, "case: %s\n", when);
}

const char *the_case(void)
{
    return the_case_now;
}

void give_up(const char *why)
{
    printf("nothing could be checked: %s\n", why);
    exit(2);
}

static void too_long(int signal)
{
    (void)signal;
    _exit(3);
}

int main(int argc, char **argv)
{
    static sheet s;
    const int number = argc > 1 ? atoi(argv[1]) : 0;
    const int seconds = argc > 2 ? atoi(argv[2]) : 5;

    if (number < 1 || number > CHECKS || seconds < 1) {
        fprintf(stderr, "usage: checker NUMBER [SECONDS]; the number must be "
                        "1 to %d\n", CHECKS);
        return 2;
    }
    signal(SIGPROF, too_long);
    setitimer(ITIMER_PROF, &(struct itimerval){ .it_value.tv_sec = seconds },
              NULL);
    check[number - 1](&s);
    setitimer(ITIMER_PROF, &(struct itimerval){ { 0 }, { 0 } }, NULL);
    return report(&s) ? 1 : 0;
}
