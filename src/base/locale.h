/* locale.h -- switches the calling thread, and no other, to the C locale and
 * to the default floating-point mode for a while. */
#ifndef GRADUS_LOCALE_H
#define GRADUS_LOCALE_H

#include "base/mode.h"

#include <locale.h> /* locale_t, which needs _POSIX_C_SOURCE 200809L */

/* From enter to leave the calling thread is in the C locale, where the
 * decimal point that printf writes and strtod reads is a point, and rounds to
 * nearest, as both do.  Other threads keep their locale. */
typedef struct {
    locale_t c, before; /* leave frees c and restores `before` */
    gradus_mode mode;   /* likewise restored */
} gradus_c_locale;

/* Enters the C locale.  Returns 0, or non-zero with a message, and then
 * there is nothing to leave. */
int gradus_c_locale_enter(gradus_c_locale *l);
void gradus_c_locale_leave(gradus_c_locale *l);

#endif
