/* error.c -- keeps the last error message of each thread; and the library's
 * version. */
#define _POSIX_C_SOURCE 200809L
#include "base/error.h"
#include "base/utf8.h"

#include "gradus.h"

#include <errno.h>
#include <string.h>

enum {
    ROOM = GRADUS_ERROR_ROOM,
    SHOWN = 5 /* bytes of a character as it is shown, with the final 0 */
};

/* The last message of the calling thread; "" if there has been no error. */
static _Thread_local char message[ROOM];

const char *gradus_error(void)
{
    return message;
}

const char *gradus_version(void)
{
    return GRADUS_VERSION;
}

/* Writes the character that s begins with as a message shows it: as it is, or,
 * if it is a control character or not UTF-8, its first byte as a number.
 * Terminals obey the control characters from U+0080 to U+009F, too.  Returns
 * how many bytes of s are shown. */
static size_t show(const char *s, char shown[SHOWN])
{
    uint32_t c;
    const size_t n = gradus_utf8(s, &c);

    if (n == 0 || c < ' ' || (c >= 0x7f && c < 0xa0))
        return sprintf(shown, "\\x%02x", (unsigned char)*s), 1;
    snprintf(shown, SHOWN, "%.*s", (int)n, s);
    return n;
}

/* The text is printed beside the old message first, which may be one of the
 * arguments.  `left` counts the bytes, as they are shown, from text[i] on. */
int gradus_error_setv(const char *format, va_list args)
{
    const char memory[] = GRADUS_NO_MEMORY;
    size_t kept = strncmp(format, memory, strlen(memory)) ? 0 : strlen(memory);
    char text[16 * ROOM], shown[SHOWN], *to = message;
    size_t left = 0, i;

    if (vsnprintf(text, sizeof text, format, args) >= (int)sizeof text)
        strcpy(text, "a path or a name of thousands of bytes is too long");
    for (char *nan = text; (nan = strstr(nan, " is -nan"));) /* its sign */
        memmove(nan + 4, nan + 5, strlen(nan + 4));
    for (i = 0; text[i]; left += strlen(shown))
        i += show(text + i, shown);
    bool cut = left >= ROOM;
    *to = '\0';
    for (i = 0; text[i]; left -= strlen(shown)) {
        if (i == kept && cut)
            to = stpcpy(to, "...");
        i += show(text + i, shown);
        if (!cut || i <= kept || left < (size_t)(message + ROOM - to))
            to = stpcpy(to, shown);
    }
    return -1;
}

int gradus_error_set(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    gradus_error_setv(format, args);
    va_end(args);
    return -1;
}

int gradus_error_errno(const char *what)
{
    return gradus_error_set("%s: %s", what, strerror(errno));
}
