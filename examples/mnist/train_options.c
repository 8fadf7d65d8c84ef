/* train_options.c -- reads the command line of mnist-train. */
#define _DEFAULT_SOURCE
#include "train_options.h"

#include "common.h"

#include <stdlib.h>
#include <string.h>

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
    "  --replay FILE     keep a step that fails, as numbers may overflow, in\n"
    "                    FILE: gradus replay FILE shows where it went wrong\n"
    "  --log FILE        write a line for each epoch to FILE, as CSV\n"
    "  --json            print one JSON object on stdout, and nothing else\n"
    "  --help            print this\n"
    "\n"
    "Ctrl-C, SIGTERM and SIGHUP end training after the present batch, and\n"
    "save the model if --save is given, and the checkpoint; a second signal\n"
    "ends the program at once.\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line,\n"
    "130 (Ctrl-C), 143 (SIGTERM) or 129 (SIGHUP) if a signal stopped it.\n";

static const struct option options[] = {
    {"data", required_argument, NULL, 'd'},
    {"log", required_argument, NULL, 'O'},
    TRAINING_OPTIONS,
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

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
    for (int c; (c = next_option(argc, argv, "", options)) != -1;)
        switch (c) {
        case 'd': s.data = path("--data", optarg, "a folder"); break;
        case 'O': s.log = optarg; break;
        case 'h':
            fputs(help, stdout);
            exit(finish_stdout());
        default:
            if (!take_option(&s, c, optarg))
                wrong_option();
        }
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
