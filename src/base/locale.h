/* locale.h -- the C locale for a while, in the calling thread alone. */
#ifndef GRADUS_LOCALE_H
#define GRADUS_LOCALE_H

#include <locale.h> /* locale_t: wants _POSIX_C_SOURCE 200809L */

/* The calling thread counts in the C locale from enter to leave: printf and
 * strtod ask the locale for the decimal point. */
typedef struct {
    locale_t c, before;
} gradus_c_locale;

/* 0, or non-zero with a message and nothing to leave. */
int gradus_c_locale_enter(gradus_c_locale *l);
void gradus_c_locale_leave(gradus_c_locale *l);

#endif
