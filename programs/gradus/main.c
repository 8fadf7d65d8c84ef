/* main.c -- gradus: trains nets on tables and images, and uses them, from the
 * command line.  It is built on the public headers alone. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "openblas.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

const char program[] = "gradus";

static const char help[] =
    "usage: gradus COMMAND [arguments]\n"
    "Trains neural networks on tables (CSV), folders of images and files in\n"
    "MNIST's format, and uses them.\n"
    "\n"
    "  data DATA            print what is in DATA: columns, classes, gaps\n"
    "  train DATA           train a net on DATA, and validate it\n"
    "  predict MODEL DATA   print what MODEL predicts of rows or images\n"
    "  evaluate MODEL DATA  compare that with what is right\n"
    "  report MODEL DATA    make a page of HTML about a net and how good it is\n"
    "  info MODEL           print what is in a model file\n"
    "  replay FILE          print where a failed step went wrong\n"
    "\n"
    "gradus COMMAND --help explains a command; gradus --version prints the\n"
    "version of the library.\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line,\n"
    "130 (Ctrl-C), 143 (SIGTERM) or 129 (SIGHUP) if a signal stopped it.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "data", command_data },
    { "train", command_train },
    { "predict", command_predict },
    { "evaluate", command_evaluate },
    { "report", command_report },
    { "info", command_info },
    { "replay", command_replay },
};

int main(int argc, char **argv)
{
    openblas_may_hang();
    signal(SIGPIPE, SIG_IGN); /* finish_stdout notices a closed pipe */
    if (argc < 2)
        usage_error("got no command; must be one, such as train DATA");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        fputs(help, stdout);
        return finish_stdout();
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("gradus %s\n", gradus_version());
        return finish_stdout();
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            int status = commands[i].run(argc - 1, argv + 1);
            return finish_stdout() ? 1 : status;
        }
    usage_error("got the command '%s'; must be one that --help lists",
                argv[1]);
}
