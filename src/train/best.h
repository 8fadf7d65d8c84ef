/* best.h -- finds the epoch with the lowest validation loss, while fit trains,
 * and when to stop. */
#ifndef GRADUS_BEST_H
#define GRADUS_BEST_H

#include "gradus.h"

#include <stdbool.h>

/* Losses are those of the whole validation data, as gradus_evaluate gives
 * them. */
typedef struct {
    int epoch;   /* the best so far, from 0; -1: none was validated yet */
    double loss; /* of that epoch, the lowest so far; at first infinite */
    double mark; /* a loss: patience counts an epoch as progress if its loss is
                    lower than this by more than min_delta */
    int waited;  /* epochs since the last progress */
    gradus_real *theta; /* [parameters], those of the best epoch, if they are
                           to be restored; else NULL */
} gradus_best;

/* Checks the options that it is about, and allocates.  0, or -1 with a message
 * and nothing to free. */
int gradus_best_start(gradus_best *b, const gradus_graph *g,
                      const gradus_fit_options *o);

/* Notes an epoch's validation loss; the parameters are those at hand.  True
 * when patience has run out. */
bool gradus_best_note(gradus_best *b, const gradus_graph *g,
                      const gradus_fit_options *o, int epoch, double loss);

/* Restores the best epoch's parameters where they are wanted and there are
 * any, answers o->best_epoch, and frees. */
void gradus_best_end(gradus_best *b, gradus_graph *g,
                     const gradus_fit_options *o);

#endif
