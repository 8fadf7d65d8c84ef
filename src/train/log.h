/* log.h -- writes a CSV file with a line for each epoch. */
#ifndef GRADUS_LOG_H
#define GRADUS_LOG_H

#include "gradus.h"

/* A log that is being written, or none.  The path is the caller's string; the
 * log owns the file descriptor. */
typedef struct {
    const char *path; /* NULL if nothing is to be logged */
    int fd;           /* open for appending, or -1 */
} gradus_log;

/* Creates the file of this name, or opens it for appending if it is such a log
 * already; if path is NULL, later calls write nothing.  Returns 0, or -1 with
 * a message and nothing to close. */
int gradus_log_open(gradus_log *l, const char *path);

/* Appends the line of an epoch, whose number `epoch` counts from 1 over all
 * calls of gradus_fit for the graph.  A NaN becomes an empty field.  Returns
 * 0, or -1 with a message. */
int gradus_log_write(gradus_log *l, uint64_t epoch, double learning_rate,
                     const gradus_epoch *e);

/* Closes the file; does nothing if it is not open. */
void gradus_log_close(gradus_log *l);

#endif
