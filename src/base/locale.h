/* locale.h -- the C locale for a while, in the calling thread alone. */
#ifndef GRADUS_LOCALE_H
#define GRADUS_LOCALE_H

#include <locale.h> /* locale_t, which needs _POSIX_C_SOURCE 200809L */

/* From enter to leave the calling thread is in the C locale, where printf and
 * strtod write and read a decimal point.  Other threads stay where they are.
 */
typedef struct {
    locale_t c, before; /* c is freed, `before` set again, by leave */
} gradus_c_locale;

/* Returns 0, or non-zero with a message and nothing to leave. */
int gradus_c_locale_enter(gradus_c_locale *l);
void gradus_c_locale_leave(gradus_c_locale *l);

#endif
