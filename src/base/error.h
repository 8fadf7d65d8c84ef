/* error.h -- sets the calling thread's last error message, for all of src/. */
#ifndef GRADUS_ERROR_H
#define GRADUS_ERROR_H

#include <stdarg.h>

enum { GRADUS_ERROR_ROOM = 1024 }; /* bytes of a message, with the final 0 */

/* Sets the message that gradus_error() returns.  Always returns -1, so that
 * functions can return it.  Control characters, and bytes that are not UTF-8,
 * are shown as \x1b.  If the message is too long, its front is cut, and "..."
 * put there: a place, such as the path of a file, stands in front, and what
 * is wrong with it stands at the end.  The message before may be an argument,
 * to put such a place before it: "%s: %s", path, gradus_error(). */
__attribute__((format(printf, 1, 2)))
int gradus_error_set(const char *format, ...);
int gradus_error_setv(const char *format, va_list args);

/* Sets the message "what: " and what errno means.  Always returns -1. */
int gradus_error_errno(const char *what);

/* Sets the message "out of memory for " and what the memory was for: a format,
 * which must be a literal, and its arguments.  Its value is -1.  These first
 * words are not cut. */
#define GRADUS_NO_MEMORY "out of memory for "
#define gradus_no_memory(...) gradus_error_set(GRADUS_NO_MEMORY __VA_ARGS__)

#endif
