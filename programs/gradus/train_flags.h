/* train_flags.h -- what the command line asks `gradus train` or `gradus
 * doctor` to do. */
#ifndef TRAIN_FLAGS_H
#define TRAIN_FLAGS_H

#include "source.h"
#include "training.h"

typedef struct {
    settings s;           /* of the training; -1 or 0 where not given */
    int net_given;        /* 0 or 1 */
    source_options of;    /* of the data */
    const char *from;     /* a model to go on from, or NULL */
    const char *model;    /* of doctor: to be looked at in place of a new net,
                             or NULL */
    const char *report;   /* a page of HTML about the net, or NULL */
    const char *valid, *test; /* other data, or NULL */
    double fraction;      /* of the rows that validate, where valid is NULL */
    int patience;         /* epochs; -1 where not given */
} train_flags;

/* Returns what the command line says.  Exits with status 2 and a message if it
 * is wrong, and with 0 after --help. */
train_flags parse_train(int argc, char **argv);

/* The same of `gradus doctor`, which has a --model, too; --help prints the
 * text. */
train_flags parse_doctor(int argc, char **argv, const char *text);

#endif
