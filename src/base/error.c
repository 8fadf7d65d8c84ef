/* error.c -- the calling thread's last message. */
#include "base/error.h"

#include "gradus.h"

#include <stdarg.h>
#include <stdio.h>

static _Thread_local char message[512];

const char *gradus_error(void)
{
    return message;
}

int gradus_error_set(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return -1;
}
