/* progress.h -- shows on stderr how training is getting on. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "gradus.h"

typedef struct {
    int live;            /* is stderr a terminal, for a bar that moves? */
    int colour, utf8;    /* may the bar have colours, and UTF-8 blocks? */
    int every;           /* print the line of every n-th epoch alone, and of the
                            last; 0: of each */
    double began, drawn; /* when training began, and when the bar was last
                            drawn, in seconds of a monotonic clock */
} progress;

/* Starts the clock. */
void progress_start(progress *s, int utf8);

/* To be called after each batch and each epoch.  After an epoch, it prints a
 * line that stays.  After a batch, it draws the bar if stderr is a terminal
 * and the last drawing is at least a tenth of a second old. */
void progress_show(progress *s, const gradus_progress *p);

/* Clears the bar's line, so that a message can be printed there. */
void progress_clear(const progress *s);

#endif
