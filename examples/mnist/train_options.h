/* train_options.h -- what the command line asks mnist-train to do. */
#ifndef TRAIN_OPTIONS_H
#define TRAIN_OPTIONS_H

#include <stdint.h>

enum { MAX_HIDDEN = 16 };

enum net { NET_MLP, NET_LENET, NET_CONVNET, NET_RESIDUAL };
enum optim { SGD, ADAM, ADAMW, RMSPROP };
enum schedule { LINEAR, CONSTANT, STEP, COSINE, ONE_CYCLE };

typedef struct {
    const char *data, *save, *checkpoint; /* NULL if not given */
    int every;              /* batches between two checkpoints, or 0 */
    double every_seconds;   /* or seconds, or 0 */
    int keep, resume;       /* how many checkpoints; 0 or 1 */
    int hidden[MAX_HIDDEN]; /* [layers], the units of each hidden layer */
    int layers;             /* hidden layers of the mlp */
    enum net net;
    enum optim optim;
    enum schedule schedule;
    int augment, flip, json; /* 0 or 1 */
    int epochs, batch, threads;
    double lr, momentum, weight_decay, dropout;
    uint64_t seed;
} settings;

/* Returns what the command line says, and the defaults for the rest.  Exits
 * with status 2 and a message if it is wrong, and with 0 after --help. */
settings parse_options(int argc, char **argv);

#endif
