/* progress.h -- shows on stderr how training gets on. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "gradus.h"

typedef struct {
    int live;         /* a bar that moves; else one plain line an epoch */
    int colour, utf8; /* what the bar is drawn with                     */
    double began, drawn; /* seconds                                     */
} progress;

/* From now on time is counted. */
void progress_start(progress *s, int utf8);

/* To be called after each batch and each epoch.  Between two drawings, a tenth
 * of a second apart, it only reads the clock. */
void progress_show(progress *s, const gradus_progress *p);

/* Takes the bar away, for another message to be printed. */
void progress_clear(const progress *s);

#endif
