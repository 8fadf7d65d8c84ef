/* options.c -- flags, clock and memory of the measuring programs. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void bench_fail(const char *format, ...)
{
    va_list values;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    exit(1);
}

double bench_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

long bench_peak_kb(void)
{
    char line[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %ld", &kb) == 1)
            break;
    if (f)
        fclose(f);
    return kb;
}

int bench_next_turn(const options *o, int turn)
{
    int c;
    if (!o->turns)
        return turn == 0;
    fflush(stdout);
    while ((c = getchar()) != EOF && c != '\n') {
    }
    return c != EOF;
}

/* Appends to the net's text. */
static void put(bench_net *n, const char *format, int value)
{
    size_t length = strlen(n->text);
    if (snprintf(n->text + length, MAX_TEXT - length, format, value) >=
        (int)(MAX_TEXT - length))
        bench_fail("the text of --net would have %d characters or more",
                   MAX_TEXT);
}

static bench_net parse_net(char *text)
{
    bench_net n = { .text = "" };
    int cnn = strncmp(text, "cnn-", 4) == 0;
    if (strchr(text, ' ')) {
        if (strlen(text) >= MAX_TEXT)
            bench_fail("--net has %zu characters; must have fewer than %d",
                       strlen(text), MAX_TEXT);
        strcpy(n.text, text);
        return n;
    }
    if (cnn) {
        put(&n, "1x28x28", 0);
        text += 4;
    }
    for (char *one; (one = strsep(&text, "-"));) {
        if (n.count == MAX_LAYERS || atoi(one) < 1)
            bench_fail("--net: got %s as size %d; there must be at most %d, "
                       "each of at least 1", one, n.count + 1, MAX_LAYERS);
        put(&n, cnn ? " conv%dk5 relu max2" : n.count == 0 ? "%d"
                : n.count == 1 ? " dense%d" : " relu dense%d", atoi(one));
        n.width[n.count++] = atoi(one);
    }
    if (n.count < 2 || (cnn && n.count > 2))
        bench_fail("--net has %d sizes; must be like 784-128-10 or cnn-8-16, "
                   "or the words that bench/nets.py lists", n.count);
    if (cnn) {
        put(&n, " dense%d", 10);
        n.count = 0;
    }
    return n;
}

static const struct option flags[] = {
    { "net", required_argument, NULL, 'n' },
    { "batch", required_argument, NULL, 'b' },
    { "threads", required_argument, NULL, 't' },
    { "seconds", required_argument, NULL, 's' },
    { "calls", required_argument, NULL, 'c' },
    { "epochs", required_argument, NULL, 'e' },
    { "samples", required_argument, NULL, 'm' },
    { "lr", required_argument, NULL, 'l' },
    { "momentum", required_argument, NULL, 'o' },
    { "data", required_argument, NULL, 'd' },
    { "weights", required_argument, NULL, 'w' },
    { "blas", required_argument, NULL, 'a' },
    { "forward", no_argument, NULL, 'f' },
    { "turns", no_argument, NULL, 'u' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};

static const char flags_help[] =
    "Flags, with their defaults in brackets; not every command heeds all:\n"
    "  --net NET       sizes, such as 784-128-10 or cnn-8-16, or a shape and\n"
    "                  words, which bench/nets.py explains (784-128-10)\n"
    "  --batch N       rows of a batch (64)\n"
    "  --threads N     threads that compute (1)\n"
    "  --seconds S     how long to measure, after a fifth of that to warm\n"
    "                  up (1)\n"
    "  --calls N       calls of inference to measure, however long they\n"
    "                  take; 0 is as many as there are in --seconds (0)\n"
    "  --epochs N      epochs of check (1)\n"
    "  --samples N     rows of the training data to use; 0 is all (0)\n"
    "  --lr X          learning rate (0.01)\n"
    "  --momentum X    momentum (0.9)\n"
    "  --data DIR      the folder of the four IDX files (data/mnist)\n"
    "  --weights FILE  where check saves the weights before it trains\n"
    "  --blas NAME     openblas, blis or onednn, for gemm (openblas)\n"
    "  --forward       only what inference takes, for gemm and oneDNN\n"
    "  --turns         measure once for each line read from stdin\n"
    "  --help          print this\n";

/* Prints the commands and the flags, and ends the program. */
static _Noreturn void help(const bench_command *commands)
{
    printf("usage: %s [flags] COMMAND\n"
           "Measures, and prints a line of JSON.  Commands:\n",
           program_invocation_short_name);
    for (const bench_command *c = commands; c->name; c++)
        printf("  %-14s  %s\n", c->name, c->does);
    printf("\n%s", flags_help);
    exit(0);
}

/* Writes the names of the commands, such as "start, check or gemm". */
static void list(const bench_command *commands, char text[MAX_TEXT])
{
    int at = 0;
    for (const bench_command *c = commands; c->name; c++)
        at += snprintf(text + at, MAX_TEXT - (size_t)at, "%s%s", c == commands
                       ? "" : c[1].name ? ", " : " or ", c->name);
}

/* Ends the program if there is not one word, the name of a command. */
static const bench_command *
find(const bench_command *commands, int words, char **word)
{
    char names[MAX_TEXT];
    list(commands, names);
    if (words != 1)
        bench_fail("got %d words after the flags; must be one, the command: "
                   "%s; --help says more", words, names);
    for (const bench_command *c = commands; c->name; c++)
        if (strcmp(*word, c->name) == 0)
            return c;
    bench_fail("got the command %s; must be %s; --help says more", *word,
               names);
}

int bench_main(int argc, char **argv, const bench_command *commands)
{
    char usual[] = "784-128-10";
    options o = { .net = parse_net(usual), .batch = 64, .threads = 1,
                  .epochs = 1, .seconds = 1, .learning_rate = 0.01,
                  .momentum = 0.9, .data = "data/mnist",
                  .blas = "openblas" };
    for (int c; (c = getopt_long(argc, argv, "", flags, NULL)) != -1;)
        switch (c) {
        case 'n': o.net = parse_net(optarg); break;
        case 'b': o.batch = atoi(optarg); break;
        case 't': o.threads = atoi(optarg); break;
        case 's': o.seconds = atof(optarg); break;
        case 'c': o.calls = atol(optarg); break;
        case 'e': o.epochs = atoi(optarg); break;
        case 'm': o.samples = (size_t)atol(optarg); break;
        case 'l': o.learning_rate = atof(optarg); break;
        case 'o': o.momentum = atof(optarg); break;
        case 'd': o.data = optarg; break;
        case 'w': o.weights = optarg; break;
        case 'a': o.blas = optarg; break;
        case 'f': o.forward_only = 1; break;
        case 'u': o.turns = 1; break;
        case 'h': help(commands);
        default: exit(2); /* getopt has said what was wrong */
        }
    const bench_command *command =
        find(commands, argc - optind, argv + optind);
    if (o.batch < 1 || o.threads < 1 || o.epochs < 1 || !(o.seconds > 0) ||
        o.calls < 0)
        bench_fail("got --batch %d, --threads %d, --epochs %d, --seconds %g "
                   "and --calls %ld; the first four must be above 0, and the "
                   "last not negative", o.batch, o.threads, o.epochs,
                   o.seconds, o.calls);
    command->run(&o);
    return 0;
}
