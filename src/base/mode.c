/* mode.c -- puts the calling thread into the default floating-point mode for
 * a while. */
#include "base/mode.h"

/* Is this the default mode already?  The C library takes 0.2 microseconds to
 * find out and restore a mode, which is much for a small net, so this asks the
 * processor where it can be asked.  Bits 0 to 5 of an x86 processor's register
 * say what has happened so far, and the others are the mode. */
static bool is_default(void)
{
#ifdef __SSE2__
    return (__builtin_ia32_stmxcsr() & ~0x3fu) == 0x1f80;
#else
    return false;
#endif
}

void gradus_mode_enter(gradus_mode *m)
{
    m->changed = !is_default();
    if (!m->changed)
        return;
    fegetenv(&m->before);
    fesetenv(FE_DFL_ENV);
}

void gradus_mode_leave(const gradus_mode *m)
{
    if (m->changed)
        fesetenv(&m->before);
}
