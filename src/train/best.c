/* best.c -- early stopping (Prechelt 1998), and a copy of the parameters of
 * the epoch with the lowest validation loss.
 *
 * Patience compares each epoch's loss not with the lowest one so far but with
 * a mark, which is the loss of the last epoch that counted as progress:
 *   loss < mark - min_delta:  mark = loss, waited = 0;  else waited += 1
 * Several improvements, each too small to count, thus count together. */
#include "train/train.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Checks the options patience, min_delta and restore_best. */
static int check_options(const gradus_fit_options *o)
{
    if (o->patience < 0)
        return gradus_error_set("gradus_fit: patience is %d; must be at least "
                                "0", o->patience);
    if (!(o->min_delta >= 0 && isfinite(o->min_delta)))
        return gradus_error_set("gradus_fit: min_delta is %g; must be finite "
                                "and at least 0", o->min_delta);
    if ((o->patience || o->restore_best) && !o->validation)
        return gradus_error_set("gradus_fit: %s needs validation data",
                                o->patience ? "patience" : "restore_best");
    return 0;
}

int gradus_best_start(gradus_best *b, const gradus_graph *g,
                      const gradus_fit_options *o)
{
    *b = (gradus_best){ .epoch = -1, .loss = INFINITY, .mark = INFINITY };
    if (check_options(o))
        return -1;
    if (!o->restore_best)
        return 0;
    b->theta = malloc(g->parameters * sizeof *b->theta);
    if (!b->theta)
        return gradus_no_memory("a copy of %zu parameters", g->parameters);
    /* A checkpoint may be written before an epoch is the best. */
    memcpy(b->theta, g->theta, g->parameters * sizeof *b->theta);
    return 0;
}

bool gradus_best_note(gradus_best *b, const gradus_graph *g,
                      const gradus_fit_options *o, int epoch, double loss)
{
    if (loss < b->loss) { /* false for a NaN */
        b->loss = loss;
        b->epoch = epoch;
        if (b->theta)
            memcpy(b->theta, g->theta, g->parameters * sizeof *b->theta);
    }
    b->waited++;
    if (loss < b->mark - o->min_delta) {
        b->mark = loss;
        b->waited = 0;
    }
    return o->patience && b->waited >= o->patience;
}

void gradus_best_end(gradus_best *b, gradus_graph *g,
                     const gradus_fit_options *o)
{
    if (b->theta && b->epoch >= 0) {
        memcpy(g->theta, b->theta, g->parameters * sizeof *b->theta);
        g->params_changed = true; /* the batch at hand and its gradients */
        g->gradients_old = true;  /* were computed with other parameters */
    }
    free(b->theta);
    if (o->best_epoch)
        *o->best_epoch = b->epoch;
}
