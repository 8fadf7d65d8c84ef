/* mode.h -- puts the calling thread into the default floating-point mode for
 * a while: it rounds to nearest, keeps subnormal numbers, and traps
 * nothing. */
#ifndef GRADUS_MODE_H
#define GRADUS_MODE_H

#include <fenv.h>
#include <stdbool.h>

/* The mode of a caller, which leave restores. */
typedef struct {
    bool changed; /* the mode was another than the default */
    fenv_t before; /* what it was, if it was another */
} gradus_mode;

/* Pairs of calls may be nested. */
void gradus_mode_enter(gradus_mode *m);
void gradus_mode_leave(const gradus_mode *m);

#endif
