/* error.h -- sets the calling thread's last error message, for all of src/. */
#ifndef GRADUS_ERROR_H
#define GRADUS_ERROR_H

#ifdef __GNUC__ /* lets the compiler compare arguments with the format */
#define GRADUS_PRINTF __attribute__((format(printf, 1, 2)))
#else
#define GRADUS_PRINTF
#endif

/* Sets the message that gradus_error() returns.  Always returns -1, so that
 * functions can return it. */
int gradus_error_set(const char *format, ...) GRADUS_PRINTF;

/* Puts a place, such as the path of a file or the epoch, and ": " before
 * the message that is set.  Always returns -1. */
int gradus_error_prefix(const char *format, ...) GRADUS_PRINTF;

/* Sets the message "out of memory for " and what the memory was for.
 * Always returns -1. */
int gradus_no_memory(const char *format, ...) GRADUS_PRINTF;

#endif
