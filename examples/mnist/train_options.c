/* train_options.c -- reads the command line of mnist-train. */
#define _DEFAULT_SOURCE
#include "train_options.h"

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
    "usage: mnist-train [options]\n"
    "Trains a net on the images of IDX files, then tests it.  Brackets hold\n"
    "the defaults.\n"
    "\n"
    "  --data DIR        the folder of the four IDX files, plain or .gz, by\n"
    "                    their usual names (data/mnist if it is there, else\n"
    "                    data/sample)\n"
    "  --net NAME        mlp, lenet, convnet or residual (mlp)\n"
    "  --hidden N,N,...  units of each hidden layer of the mlp (128); an error\n"
    "                    with another net\n"
    "  --augment         shift, turn, scale and distort the training images\n"
    "                    at random\n"
    "  --flip            mirror half of the training images: right for\n"
    "                    clothes, wrong for digits\n"
    "  --dropout F       the fraction of the hidden units left out at random\n"
    "                    in training (convnet 0.3, others 0)\n"
    "  --epochs N        how often the net sees every training image (10)\n"
    "  --batch N         images per step (64)\n"
    "  --optim NAME      the optimiser: sgd, adam, adamw or rmsprop (sgd)\n"
    "  --lr F            the highest learning rate (sgd 0.08, or 0.05 with\n"
    "                    convolutions; others 0.001)\n"
    "  --schedule NAME   how the learning rate changes (linear):\n"
    "                      linear     falls evenly from F to 0\n"
    "                      constant   stays at F\n"
    "                      step       falls to F/10 after half of the steps,\n"
    "                                 and to F/100 after three quarters\n"
    "                      cosine     falls from F to 0 along a cosine\n"
    "                      one-cycle  rises to F, then falls almost to 0; it\n"
    "                                 needs 3 steps or more\n"
    "  --momentum F      momentum of sgd and rmsprop (sgd 0.9, rmsprop 0); an\n"
    "                    error with adam and adamw\n"
    "  --weight-decay F  how strongly weights are pulled towards 0 (sgd\n"
    "                    0.0002, adamw 0.01, others 0)\n"
    "  --threads N       how many threads compute, where 0 is one for each\n"
    "                    core (0); the weights are the same with any number\n"
    "  --seed N          decides every random choice, such as the first\n"
    "                    weights and the order of the images (1)\n"
    "  --save FILE       write the model to FILE, in the safetensors format\n"
    "  --checkpoint FILE write all that training needs to go on to FILE, while\n"
    "                    it trains; an error if FILE is there, unless --resume\n"
    "  --every N or Ns   how often: after N batches, or N seconds, as in 300s\n"
    "                    (after each epoch)\n"
    "  --keep N          keep the last N checkpoints, as FILE, FILE.1, .. (1)\n"
    "  --resume          go on from the checkpoint, to the same weights as if\n"
    "                    the training had never been cut off; or begin, if\n"
    "                    there is no FILE\n"
    "  --json            print one JSON object on stdout, and nothing else\n"
    "  --help            print this\n"
    "\n"
    "Ctrl-C, SIGTERM and SIGHUP end training after the present batch, and\n"
    "save the model if --save is given, and the checkpoint; a second signal\n"
    "ends the program at once.\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line,\n"
    "130 (Ctrl-C), 143 (SIGTERM) or 129 (SIGHUP) if a signal stopped it.\n";

/* Reads the number of units of each hidden layer, such as "512,256". */
static void parse_hidden(settings *s, char *text)
{
    s->layers = 0;
    for (char *one; (one = strsep(&text, ","));) {
        if (s->layers == MAX_HIDDEN)
            usage_error("--hidden: got more than %d layers; must be 1 to %d",
                        MAX_HIDDEN, MAX_HIDDEN);
        if (!*one)
            usage_error("--hidden: a number of units is missing; must be "
                        "whole numbers with single commas between, such as "
                        "256,128");
        s->hidden[s->layers++] = whole_int("--hidden", one, 1, 65536);
    }
}

/* Reads how often a checkpoint is written: "100" batches or "300s". */
static void parse_every(settings *s, char *text)
{
    size_t n = strlen(text), digits = strspn(text, "0123456789");
    if (!digits || (digits < n && strcmp(text + digits, "s") != 0))
        usage_error("--every '%s': must be a number of batches, or of seconds,"
                    " as in 300s", text);
    s->every = 0;
    s->every_seconds = 0;
    if (n && text[n - 1] == 's') {
        text[n - 1] = '\0';
        s->every_seconds = whole_int("--every (in seconds)", text, 1, 10000000);
    } else {
        s->every = whole_int("--every", text, 1, 1000000000);
    }
}

/* Returns the index of value in a list that ends with NULL. */
static int one_of(const char *option, const char *value,
                  const char *const *names)
{
    char all[128] = "";
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], value) == 0)
            return i;
        strcat(strcat(all, i ? ", " : ""), names[i]);
    }
    usage_error("%s '%s': must be one of %s", option, value, all);
}

static const struct option options[] = {
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
    {"checkpoint", required_argument, NULL, 'k'},
    {"every", required_argument, NULL, 'y'},
    {"keep", required_argument, NULL, 'K'},
    {"resume", no_argument, NULL, 'R'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

/* Takes one option, by its letter in `options`, and its value. */
static void take(settings *s, int letter, char *value)
{
    switch (letter) {
    case 'd': s->data = value; break;
    case 'o': s->save = value; break;
    case 'k': s->checkpoint = value; break;
    case 'y': parse_every(s, value); break;
    case 'K': s->keep = whole_int("--keep", value, 1, 1000); break;
    case 'R': s->resume = 1; break;
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
    default: wrong_option();
    }
}

/* Refuses an option that another one leaves without any effect.  To be called
 * before set_defaults, while it can be seen which were given. */
static void refuse_pairs(const settings *s)
{
    if (!s->checkpoint && (s->every || s->every_seconds || s->keep ||
                           s->resume))
        usage_error("--%s needs --checkpoint FILE, which is not given",
                    s->resume ? "resume" : s->keep ? "keep" : "every");
    if (s->save && s->checkpoint && strcmp(s->save, s->checkpoint) == 0)
        usage_error("--save and --checkpoint are both '%s'; must be two "
                    "files", s->save);
    if (s->layers && s->net != NET_MLP)
        usage_error("--hidden and --net %s do not go together: only the mlp "
                    "has hidden layers to choose; leave one of them out",
                    net_names[s->net]);
    if (s->momentum >= 0 && (s->optim == ADAM || s->optim == ADAMW))
        usage_error("--momentum and --optim %s do not go together: adam and "
                    "adamw have no momentum to set; leave one of them out, or "
                    "take --optim rmsprop", optim_names[s->optim]);
}

/* Sets the options that were not given to their defaults. */
static void set_defaults(settings *s)
{
    const double lr[] = {s->net == NET_MLP ? 0.08 : 0.05, 1e-3, 1e-3, 1e-3};
    const double decay[] = {2e-4, 0, 0.01, 0};
    if (!s->layers)
        s->hidden[s->layers++] = 128;
    if (s->lr < 0)
        s->lr = lr[s->optim];
    if (s->weight_decay < 0)
        s->weight_decay = decay[s->optim];
    if (s->dropout < 0)
        s->dropout = s->net == NET_CONVNET ? 0.3 : 0;
    if (s->momentum < 0)
        s->momentum = s->optim == SGD ? 0.9 : 0;
}

settings parse_options(int argc, char **argv)
{
    settings s = {.epochs = 10, .batch = 64, .lr = -1, .momentum = -1,
                  .weight_decay = -1, .dropout = -1, .seed = 1};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        take(&s, c, optarg);
    if (optind < argc)
        usage_error("got the argument '%s'; takes only options, which begin "
                    "with --", argv[optind]);
    if (s.lr == 0)
        usage_error("--lr 0: must be more than 0, or nothing is learnt");
    refuse_pairs(&s);
    if (s.optim == ADAMW && s.weight_decay == 0)
        s.optim = ADAM; /* AdamW without weight decay is Adam */
    set_defaults(&s);
    return s;
}
