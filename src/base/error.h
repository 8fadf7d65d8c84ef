/* error.h -- the calling thread's last message, for all of src/. */
#ifndef GRADUS_ERROR_H
#define GRADUS_ERROR_H

#ifdef __GNUC__ /* lets the compiler compare arguments with the format */
#define GRADUS_PRINTF __attribute__((format(printf, 1, 2)))
#else
#define GRADUS_PRINTF
#endif

/* Sets what gradus_error() returns.  Always -1, for functions to return. */
int gradus_error_set(const char *format, ...) GRADUS_PRINTF;

/* Puts a place and ": " before the message that is set: a file's path, say, or
 * the epoch.  Always -1. */
int gradus_error_prefix(const char *format, ...) GRADUS_PRINTF;

/* Sets "out of memory for " and what the memory was for.  Always -1. */
int gradus_no_memory(const char *format, ...) GRADUS_PRINTF;

#endif
