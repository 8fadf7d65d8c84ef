/* history.h -- the epochs of a training, as its log has them. */
#ifndef HISTORY_H
#define HISTORY_H

#include "gradus.h"

/* In the order of the log's columns. */
enum {
    EPOCH, SECONDS, RATE, TRAIN_LOSS, TRAIN_ACCURACY, VALID_LOSS,
    VALID_ACCURACY, FIELDS
};

typedef struct {
    int n;            /* epochs */
    double *v[FIELDS]; /* each [n], owned; NAN where it is not known */
} history;

/* Adds an epoch.  Returns 0, or -1 if memory is short. */
int history_add(history *h, const double row[FIELDS]);

/* Reads the log that gradus_fit has written; of several trainings, the last.
 * Returns 0, or -1 with a message on stderr. */
int history_read(history *h, const char *path);

void history_free(history *h);

/* The sum of the seconds of all epochs. */
double history_seconds(const history *h);

/* Which epoch, from 0, has the lowest validation loss; -1 if none has one. */
int history_best(const history *h);

/* Is this known of any epoch? */
int history_has(const history *h, int field);

#endif
