/* replay.c -- gradus replay: shows where the numbers of a failed training step
 * went wrong. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "openblas.h"

#include <stdlib.h>

static const char help[] =
    "usage: gradus replay FILE\n"
    "Runs a training step that has failed once more, from FILE, which gradus\n"
    "train --replay has written, or a program with gradus_fit_options.replay.\n"
    "It prints the largest value of each node; the first that is inf or nan\n"
    "shows where the numbers went wrong.\n"
    "\n"
    "  -h, --help   print this\n"
    "\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line.\n";

static const struct option options[] = {
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

int command_replay(int argc, char **argv)
{
    for (int c; (c = next_option(argc, argv, "h", options)) != -1;) {
        if (c != 'h')
            wrong_option();
        fputs(help, stdout);
        exit(finish_stdout());
    }
    if (argc - optind != 1)
        usage_error("replay: got %d arguments; must be one FILE",
                    argc - optind);
    if (!openblas_has_room(1))
        return 1;
    if (!gradus_replay(argv[optind], stdout))
        return 0;
    complain("%s", gradus_error());
    return 1;
}
