/* best.h -- keeps track, while gradus_fit trains, of the epoch with the lowest
 * validation loss, and decides when to stop early. */
#ifndef GRADUS_BEST_H
#define GRADUS_BEST_H

#include "gradus.h"

#include <stdbool.h>

/* What is known after each validated epoch of one call of gradus_fit.  A loss
 * is that of the whole validation data, as gradus_evaluate computes it. */
typedef struct {
    int epoch;   /* the best epoch so far, from 0; -1 if there is none */
    double loss; /* the loss of that epoch, the lowest so far; at first
                    infinite */
    double mark; /* a loss: patience counts an epoch as progress if its loss is
                    lower than this by more than min_delta; at first
                    infinite */
    int waited;  /* epochs since the last progress */
    gradus_real *theta; /* [parameters], owned: a copy of the best epoch's
                           parameters if they are to be restored; else NULL */
} gradus_best;

/* Checks the options of early stopping, and allocates theta if restore_best is
 * set.  Returns 0, or -1 with a message and nothing to free. */
int gradus_best_start(gradus_best *b, const gradus_graph *g,
                      const gradus_fit_options *o);

/* Notes the validation loss of an epoch, whose parameters are those that the
 * graph has now.  Returns true when patience has run out. */
bool gradus_best_note(gradus_best *b, const gradus_graph *g,
                      const gradus_fit_options *o, int epoch, double loss);

/* Restores the best epoch's parameters if restore_best is set and an epoch was
 * validated, sets *o->best_epoch if that is wanted, and frees theta. */
void gradus_best_end(gradus_best *b, gradus_graph *g,
                     const gradus_fit_options *o);

#endif
