/* train_flags.c -- what mnist-train was asked to do. */
#define _DEFAULT_SOURCE
#include "train_flags.h"

#include "common.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char *const net_names[] = {"mlp", "lenet", "convnet", "residual",
                                        NULL};
static const char *const optim_names[] = {"sgd", "adam", "adamw", "rmsprop",
                                          NULL};
static const char *const schedule_names[] = {"linear", "constant", "step",
                                             "cosine", "one-cycle", NULL};

static const char help[] =
    "usage: mnist-train [flags]\n"
    "Trains a net on the images of IDX files, then tests it.\n"
    "\n"
    "  --data DIR        folder of the four IDX files, plain or .gz, by the\n"
    "                    usual names (data/mnist; without it, data/sample)\n"
    "  --net NAME        mlp, lenet, convnet or residual (mlp)\n"
    "  --hidden N,N,...  of the mlp: units of each hidden layer (128)\n"
    "  --augment         change the training images at random: shift, rotation,\n"
    "                    scale, elastic distortion\n"
    "  --flip            mirror half of them: clothes may be, digits not\n"
    "  --dropout F       the part of the hidden units left out of each step\n"
    "                    (convnet 0.3, others 0)\n"
    "  --epochs N        times through the training images (10)\n"
    "  --batch N         images a step (64)\n"
    "  --optim NAME      sgd, adam, adamw or rmsprop (sgd)\n"
    "  --lr F            highest learning rate (sgd 0.08, with convolutions\n"
    "                    0.05; others 0.001)\n"
    "  --schedule NAME   how it changes with every step: linear, from F down\n"
    "                    to 0; constant; step, to a tenth after half of the\n"
    "                    steps and again after three quarters; cosine;\n"
    "                    one-cycle (linear)\n"
    "  --momentum F      of sgd and rmsprop (sgd 0.9, rmsprop 0)\n"
    "  --weight-decay F  (sgd 0.0002, adamw 0.01, others 0)\n"
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
            usage_error("--hidden: got more than %d layers; must be 1 to %d",
                        MAX_HIDDEN, MAX_HIDDEN);
        s->hidden[s->layers++] = whole_int("--hidden", one, 1, 65536);
    }
}

/* The number of value in a list that ends with NULL. */
static int one_of(const char *flag, const char *value,
                  const char *const *names)
{
    char all[128] = "";
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0)
            return i;
        strcat(strcat(all, i ? ", " : ""), names[i]);
    }
    usage_error("%s '%s': must be one of %s", flag, value, all);
}

static const struct option flags[] = {
    {"net", required_argument, NULL, 'n'},
    {"optim", required_argument, NULL, 'p'},
    {"schedule", required_argument, NULL, 'c'},
    {"augment", no_argument, NULL, 'a'},
    {"flip", no_argument, NULL, 'f'},
    {"dropout", required_argument, NULL, 'r'},
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
    case 'a': s->augment = 1; break;
    case 'f': s->flip = 1; break;
    case 'r': s->dropout = real_number("--dropout", value, 1); break;
    case 'n': s->net = (enum net)one_of("--net", value, net_names); break;
    case 'p':
        s->optim = (enum optim)one_of("--optim", value, optim_names);
        break;
    case 'c':
        s->schedule = (enum schedule)one_of("--schedule", value,
                                            schedule_names);
        break;
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
        usage_error("nothing was trained");
    }
}

/* What was not given. */
static void set_defaults(settings *s)
{
    const double lr[] = {s->net == NET_MLP ? 0.08 : 0.05, 1e-3, 1e-3, 1e-3};
    const double decay[] = {2e-4, 0, 0.01, 0};
    if (s->lr < 0)
        s->lr = lr[s->optim];
    if (s->weight_decay < 0)
        s->weight_decay = decay[s->optim];
    if (s->dropout < 0)
        s->dropout = s->net == NET_CONVNET ? 0.3 : 0;
    if (s->momentum < 0)
        s->momentum = s->optim == SGD ? 0.9 : 0;
}

settings parse_flags(int argc, char **argv)
{
    settings s = {.hidden = {128}, .layers = 1, .epochs = 10, .batch = 64,
                  .lr = -1, .momentum = -1, .weight_decay = -1, .dropout = -1,
                  .seed = 1};
    for (int c; (c = getopt_long(argc, argv, "", flags, NULL)) != -1;)
        take(&s, c, optarg);
    if (optind < argc)
        usage_error("got the argument '%s'; takes none, only flags",
                    argv[optind]);
    if (s.lr == 0)
        usage_error("--lr 0: must be more than 0, or nothing is learnt");
    if (s.optim == ADAMW && s.weight_decay == 0)
        s.optim = ADAM; /* what it is without */
    if (s.momentum > 0 && (s.optim == ADAM || s.optim == ADAMW))
        usage_error("--momentum: adam and adamw take none; choose --optim sgd");
    set_defaults(&s);
    return s;
}
