/* train_flags.c -- what mnist-train was asked to do. */
#define _DEFAULT_SOURCE
#include "train_flags.h"

#include "common.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: mnist-train [flags]\n"
    "Trains a dense net on the images of IDX files, then tests it.\n"
    "\n"
    "  --data DIR        folder of the four IDX files, plain or .gz, by the\n"
    "                    usual names (data/mnist; without it, data/sample)\n"
    "  --hidden N,N,...  units of each hidden layer (128)\n"
    "  --epochs N        times through the training images (10)\n"
    "  --batch N         images a step (64)\n"
    "  --lr F            learning rate of the first epoch (0.08); it falls\n"
    "                    by equal steps, to F/epochs in the last\n"
    "  --momentum F      (0.9)\n"
    "  --weight-decay F  L2 penalty (0.0002)\n"
    "  --threads N       0: as many as there are cores (0); whatever it is,\n"
    "                    the weights come out the same\n"
    "  --seed N          decides first weights and order of images (1)\n"
    "  --save FILE       write the model there, as safetensors\n"
    "  --json            print one JSON object on stdout, and nothing else\n"
    "  --help            print this\n"
    "\n"
    "Ctrl-C ends training after the batch at hand, and the model is saved if\n"
    "--save is given; a second Ctrl-C ends the program at once.\n"
    "Exit status: 0, 1 on error, 2 for wrong flags, 130 or 143 if stopped.\n";

static int whole_int(const char *flag, const char *text, int min, int max)
{
    return (int)whole_number(flag, text, (uint64_t)min, (uint64_t)max);
}

/* "512,256" */
static void parse_hidden(settings *s, char *text)
{
    s->layers = 0;
    for (char *one; (one = strsep(&text, ","));) {
        if (s->layers == MAX_HIDDEN)
            usage_error("--hidden: at most %d layers", MAX_HIDDEN);
        s->hidden[s->layers++] = whole_int("--hidden", one, 1, 65536);
    }
}

static const struct option flags[] = {
    {"data", required_argument, NULL, 'd'},
    {"hidden", required_argument, NULL, 'u'},
    {"epochs", required_argument, NULL, 'e'},
    {"batch", required_argument, NULL, 'b'},
    {"lr", required_argument, NULL, 'l'},
    {"momentum", required_argument, NULL, 'm'},
    {"weight-decay", required_argument, NULL, 'w'},
    {"threads", required_argument, NULL, 't'},
    {"seed", required_argument, NULL, 's'},
    {"save", required_argument, NULL, 'o'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

/* One flag, by its letter in `flags`, and its value. */
static void take(settings *s, int letter, char *value)
{
    switch (letter) {
    case 'd': s->data = value; break;
    case 'o': s->save = value; break;
    case 'j': s->json = 1; break;
    case 'u': parse_hidden(s, value); break;
    case 'e': s->epochs = whole_int("--epochs", value, 1, 100000); break;
    case 'b': s->batch = whole_int("--batch", value, 1, 65536); break;
    case 't': s->threads = whole_int("--threads", value, 0, 256); break;
    case 's': s->seed = whole_number("--seed", value, 0, UINT64_MAX); break;
    case 'l': s->lr = real_number("--lr", value, 1000); break;
    case 'm': s->momentum = real_number("--momentum", value, 1); break;
    case 'w': s->weight_decay = real_number("--weight-decay", value, 1); break;
    case 'h':
        fputs(help, stdout);
        exit(finish_stdout());
    default: /* getopt has said what was wrong */
        usage_error("nothing was done");
    }
}

settings parse_flags(int argc, char **argv)
{
    settings s = {.hidden = {128}, .layers = 1, .epochs = 10, .batch = 64,
                  .lr = 0.08, .momentum = 0.9, .weight_decay = 2e-4,
                  .seed = 1};
    for (int c; (c = getopt_long(argc, argv, "", flags, NULL)) != -1;)
        take(&s, c, optarg);
    if (optind < argc)
        usage_error("'%s' is no flag", argv[optind]);
    if (s.lr == 0)
        usage_error("--lr 0: must be more than 0, or nothing is learnt");
    return s;
}
