/* main.c -- gradus: trains nets on tables and images, and uses them, from the
 * command line.  It is built on the public headers alone. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "openblas.h"
#include "twin.h"

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
    "  doctor DATA          say why a net does not learn from DATA\n"
    "  info MODEL           print what is in a model file\n"
    "  explain MODEL DATA ROW\n"
    "                       print what a net computes of a row, forward and back\n"
    "  check MODEL DATA     compare the gradients of a net with differences\n"
    "  replay FILE          print where a failed step went wrong\n"
    "\n"
    "gradus help COMMAND, or gradus COMMAND --help, explains a command;\n"
    "--version prints the version of the library.\n"
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
    { "doctor", command_doctor },
    { "info", command_info },
    { "explain", command_explain },
    { "check", command_check },
    { "replay", command_replay },
};

static int print_version(void)
{
    printf("gradus %s\n", gradus_version());
    return finish_stdout();
}

/* Is one of the arguments of a command --version? */
static int asks_for_version(char **argv)
{
    for (; *argv && strcmp(*argv, "--") != 0; argv++)
        if (strcmp(*argv, "--version") == 0)
            return 1;
    return 0;
}

/* Runs the command whose name and arguments these are. */
static int run(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[0], commands[i].name) != 0)
            continue;
        if (asks_for_version(argv))
            return print_version();
        int status = commands[i].run(argc, argv);
        return finish_stdout() ? 1 : status;
    }
    usage_error("got the command '%s'; must be one that --help lists",
                argv[0]);
}

int main(int argc, char **argv)
{
    remember_name(argv[0]);
    openblas_may_hang();
    signal(SIGPIPE, SIG_IGN); /* finish_stdout notices a closed pipe */
    if (argc < 2)
        usage_error("got no command; must be one, such as train DATA");
    const char *first = argv[1];
    if (strcmp(first, "--version") == 0)
        return print_version();
    if (strcmp(first, "help") == 0 && argc > 3)
        usage_error("help: got %d arguments; must be one COMMAND, or none",
                    argc - 2);
    if (strcmp(first, "help") == 0 && argc == 3)
        return run(2, (char *[]){ argv[2], "--help", NULL });
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0 ||
        strcmp(first, "help") == 0) {
        fputs(help, stdout);
        return finish_stdout();
    }
    return run(argc - 1, argv + 1);
}
