/* train_flags.h -- what mnist-train was asked to do. */
#ifndef TRAIN_FLAGS_H
#define TRAIN_FLAGS_H

#include <stdint.h>

enum { MAX_HIDDEN = 16 };

enum net { NET_MLP, NET_LENET, NET_CONVNET, NET_RESIDUAL };
enum optim { SGD, ADAM, ADAMW, RMSPROP };
enum schedule { LINEAR, CONSTANT, STEP, COSINE, ONE_CYCLE };

typedef struct {
    const char *data, *save; /* NULL: not given */
    int hidden[MAX_HIDDEN], layers;
    enum net net;
    enum optim optim;
    enum schedule schedule;
    int augment, flip;
    int epochs, batch, threads, json;
    double lr, momentum, weight_decay, dropout;
    uint64_t seed;
} settings;

/* Exits with status 2 and a message if the flags are wrong, 0 after --help. */
settings parse_flags(int argc, char **argv);

#endif
