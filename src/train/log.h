/* log.h -- a CSV file that gets a line for each epoch. */
#ifndef GRADUS_LOG_H
#define GRADUS_LOG_H

#include "gradus.h"

typedef struct {
    const char *path; /* borrowed; NULL: nothing is logged */
    int fd;           /* open for appending, or -1 */
} gradus_log;

/* Creates the file, or opens one that is such a log.  0, or -1 with a message
 * and nothing to close. */
int gradus_log_open(gradus_log *l, const char *path);

/* Appends the line of an epoch, which counts from 1 over all calls of fit; a
 * NaN becomes an empty field. */
int gradus_log_write(gradus_log *l, uint64_t epoch, double learning_rate,
                     const gradus_epoch *e);

void gradus_log_close(gradus_log *l); /* one that is not open will do */

#endif
