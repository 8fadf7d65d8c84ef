/* locale.c -- switches the calling thread, and no other, to the C locale
 * for a while. */
#define _POSIX_C_SOURCE 200809L
#include "base/locale.h"

#include "base/error.h"

int gradus_c_locale_enter(gradus_c_locale *l)
{
    l->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (l->c == (locale_t)0)
        return gradus_no_memory("the C locale");
    l->before = uselocale(l->c);
    return 0;
}

void gradus_c_locale_leave(gradus_c_locale *l)
{
    uselocale(l->before);
    freelocale(l->c);
}
