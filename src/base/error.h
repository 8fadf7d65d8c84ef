/* error.h -- sets the calling thread's last error message, for all of src/. */
#ifndef GRADUS_ERROR_H
#define GRADUS_ERROR_H

/* Sets the message that gradus_error() returns.  Always returns -1, so that
 * functions can return it.  The message before may be an argument, to put a
 * place such as the path of a file before it: "%s: %s", path,
 * gradus_error(). */
__attribute__((format(printf, 1, 2)))
int gradus_error_set(const char *format, ...);

/* Sets the message "what: " and what errno means.  Always returns -1. */
int gradus_error_errno(const char *what);

/* Sets the message "out of memory for " and what the memory was for: a format,
 * which must be a literal, and its arguments.  Its value is -1. */
#define gradus_no_memory(...)                                                 \
    gradus_error_set("out of memory for " __VA_ARGS__)

#endif
