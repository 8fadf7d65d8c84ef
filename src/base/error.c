/* error.c -- keeps the last error message of each thread; and the library's
 * version. */
#include "base/error.h"

#include "gradus.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum { ROOM = 512 }; /* bytes, with the final NUL */

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

/* The text is printed beside the old message first, which may be one of the
 * arguments. */
int gradus_error_set(const char *format, ...)
{
    char text[ROOM];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (char *nan = text; (nan = strstr(nan, " is -nan"));) /* its sign */
        memmove(nan + 4, nan + 5, strlen(nan + 4));
    strcpy(message, text);
    return -1;
}

int gradus_error_errno(const char *what)
{
    return gradus_error_set("%s: %s", what, strerror(errno));
}
