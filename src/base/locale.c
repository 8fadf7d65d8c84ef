/* locale.c -- switches the calling thread, and no other, to the C locale and
 * to the default floating-point mode for a while. */
#define _POSIX_C_SOURCE 200809L
#include "base/locale.h"

#include "base/error.h"

int gradus_c_locale_enter(gradus_c_locale *l)
{
    l->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (l->c == (locale_t)0)
        return gradus_no_memory("the C locale");
    l->before = uselocale(l->c);
    gradus_mode_enter(&l->mode);
    return 0;
}

void gradus_c_locale_leave(gradus_c_locale *l)
{
    gradus_mode_leave(&l->mode);
    uselocale(l->before);
    freelocale(l->c);
}
