/* best.h -- the epoch with the lowest validation loss, while fit trains. */
#ifndef GRADUS_BEST_H
#define GRADUS_BEST_H

#include "gradus.h"

typedef struct {
    int epoch;          /* from 0; -1: none was validated yet            */
    double loss;        /* of that epoch                                 */
    double mark;        /* the loss that patience wants to see undercut  */
    int waited;         /* epochs in a row that did not                  */
    gradus_real *theta; /* parameters of that epoch; NULL: not wanted    */
} gradus_best;

/* Checks the options that it is about, and takes its memory.  0, or non-zero
 * with a message and nothing to end. */
int gradus_best_start(gradus_best *b, const gradus_graph *g,
                      const gradus_fit_options *o);

/* An epoch's validation loss, by the parameters at hand.  Non-zero when
 * patience has run out. */
int gradus_best_note(gradus_best *b, const gradus_graph *g,
                     const gradus_fit_options *o, int epoch, double loss);

/* Restores the parameters, if wanted and there are any; answers; frees. */
void gradus_best_end(gradus_best *b, gradus_graph *g,
                     const gradus_fit_options *o);

#endif
