/* options.c -- flags, clock and memory of the measuring programs. */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
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

const char *bench_digits(const char *text, int *n)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    *n = (int)value;
    return *text < '0' || *text > '9' || errno || value > INT_MAX ? NULL : end;
}

long bench_whole(const char *flag, const char *text, long least, long most)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || n < least || n > most)
        bench_fail("%s: got '%s'; must be a whole number from %ld to %ld",
                   flag, text, least, most);
    return n;
}

double bench_real(const char *flag, const char *text, double least,
                  double most)
{
    char *end;
    double x = strtod(text, &end);
    if (!*text || text[strspn(text, "0123456789.eE+-")] || *end ||
        !(x >= least && x <= most))
        bench_fail("%s: got '%s'; must be a number from %g to %g", flag, text,
                   least, most);
    return x;
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

/* Reads sizes, such as those of 784-128-10, or of cnn-8-16. */
static void parse_sizes(bench_net *n, const char *text, int cnn)
{
    const char *at = text + (cnn ? strlen("cnn-") : 0);
    do {
        int size = 0;
        at = bench_digits(at, &size);
        if (n->count == MAX_LAYERS || !at || size < 1 || (*at && *at != '-'))
            bench_fail("--net: got '%s'; must be up to %d sizes, from 1 to "
                       "%d, like 784-128-10 or cnn-8-16, or the words that "
                       "bench/nets.py lists", text, MAX_LAYERS, INT_MAX);
        put(n, cnn ? " conv%dk5 relu max2" : n->count == 0 ? "%d"
                : n->count == 1 ? " dense%d" : " relu dense%d", size);
        n->width[n->count++] = size;
    } while (*at++);
    if (n->count < 2 || (cnn && n->count > 2))
        bench_fail("--net: got '%s'; must be %s", text, cnn
                   ? "two sizes behind cnn-" : "at least two sizes, like "
                   "784-10, or the words that bench/nets.py lists");
}

static bench_net parse_net(const char *text)
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
    if (cnn)
        put(&n, "1x28x28", 0);
    parse_sizes(&n, text, cnn);
    if (cnn) {
        put(&n, " dense%d", 10);
        n.count = 0;
    }
    return n;
}

static const char *parse_blas(const char *name)
{
    if (strcmp(name, "openblas") && strcmp(name, "blis") &&
        strcmp(name, "onednn"))
        bench_fail("--blas: got '%s'; must be openblas, blis or onednn", name);
    return name;
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

/* Takes the flag of this letter, and its value. */
static void take(options *o, int letter, const char *value)
{
    switch (letter) {
    case 'n': o->net = parse_net(value); break;
    case 'b': o->batch = (int)bench_whole("--batch", value, 1, INT_MAX); break;
    case 't': o->threads = (int)bench_whole("--threads", value, 1, 1024);
        break;
    case 's': o->seconds = bench_real("--seconds", value, 1e-6, 1e6); break;
    case 'c': o->calls = bench_whole("--calls", value, 0, MAX_CALLS); break;
    case 'e': o->epochs = (int)bench_whole("--epochs", value, 1, 100000);
        break;
    case 'm': o->samples = (size_t)bench_whole("--samples", value, 0, INT_MAX);
        break;
    case 'l': o->learning_rate = bench_real("--lr", value, 0, 1000); break;
    case 'o': o->momentum = bench_real("--momentum", value, 0, 1); break;
    case 'd': o->data = value; break;
    case 'w': o->weights = value; break;
    case 'a': o->blas = parse_blas(value); break;
    case 'f': o->forward_only = 1; break;
    case 'u': o->turns = 1; break;
    default: exit(2); /* getopt has said what was wrong */
    }
}

int bench_main(int argc, char **argv, const bench_command *commands)
{
    options o = { .net = parse_net("784-128-10"), .batch = 64, .threads = 1,
                  .epochs = 1, .seconds = 1, .learning_rate = 0.01,
                  .momentum = 0.9, .data = "data/mnist",
                  .blas = "openblas" };
    for (int c; (c = getopt_long(argc, argv, "", flags, NULL)) != -1;)
        if (c == 'h')
            help(commands);
        else
            take(&o, c, optarg);
    find(commands, argc - optind, argv + optind)->run(&o);
    return 0;
}
