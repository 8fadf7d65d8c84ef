/* stop.c -- signals: the first ends the training after the present batch, the
 * second ends the program at once. */
#define _DEFAULT_SOURCE
#include "stop.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t came;

static void on_signal(int number)
{
    if (came)
        _exit(128 + number);
    came = number;
}

void catch_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction before;
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    if (!sigaction(SIGHUP, NULL, &before) && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &a, NULL); /* nohup has it ignored */
    signal(SIGPIPE, SIG_IGN); /* finish_stdout notices a closed pipe */
    signal(SIGXFSZ, SIG_IGN); /* gradus_save reports a file that is too big */
}

int stop_signal(void)
{
    return came;
}
