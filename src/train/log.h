/* log.h -- a CSV file that gets a line for each epoch. */
#ifndef GRADUS_LOG_H
#define GRADUS_LOG_H

#include "gradus.h"

typedef struct {
    const char *path; /* borrowed; NULL: no log */
    int fd;
} gradus_log;

/* Makes the file, or sees that it is such a log.  0, or non-zero with a
 * message and nothing to close. */
int gradus_log_open(gradus_log *l, const char *path);
int gradus_log_write(gradus_log *l, uint64_t epoch, double learning_rate,
                     const gradus_epoch *e);
void gradus_log_close(gradus_log *l);

#endif
