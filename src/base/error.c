/* error.c -- keeps the last error message of each thread; and the library's
 * version. */
#include "base/error.h"

#include "gradus.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ROOM = 512, PREFIX_ROOM = 256 }; /* bytes, with the final NUL */

/* The last message of the calling thread; "" if there has been no error.  A
 * message that is too long is cut. */
static _Thread_local char message[ROOM];

const char *gradus_error(void)
{
    return message;
}

const char *gradus_version(void)
{
    return GRADUS_VERSION;
}

int gradus_error_set(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(message, ROOM, format, args);
    va_end(args);
    return -1;
}

/* The message is copied first, as it cannot be printed onto itself. */
int gradus_error_prefix(const char *format, ...)
{
    char prefix[PREFIX_ROOM], what[ROOM];
    va_list args;

    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    memcpy(what, message, sizeof what);
    return gradus_error_set("%s: %s", prefix, what);
}

int gradus_no_memory(const char *format, ...)
{
    char what[PREFIX_ROOM];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return gradus_error_set("out of memory for %s", what);
}
