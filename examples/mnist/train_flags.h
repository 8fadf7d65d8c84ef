/* train_flags.h -- what mnist-train was asked to do. */
#ifndef TRAIN_FLAGS_H
#define TRAIN_FLAGS_H

#include <stdint.h>

enum { MAX_HIDDEN = 16 };

typedef struct {
    const char *data, *save; /* NULL: not given */
    int hidden[MAX_HIDDEN], layers;
    int epochs, batch, threads, json;
    double lr, momentum, weight_decay;
    uint64_t seed;
} settings;

/* Exits with status 2 and a message if the flags are wrong, 0 after --help. */
settings parse_flags(int argc, char **argv);

#endif
