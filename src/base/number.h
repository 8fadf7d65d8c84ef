/* number.h -- reads a number from text. */
#ifndef GRADUS_NUMBER_H
#define GRADUS_NUMBER_H

#include <stddef.h>

/* All of text[0..n-1] as [+-]digits[.digits][e[+-]digits], nothing else: 0, or
 * non-zero where it is not that.  *v is infinite where it is too large for a
 * double.  The decimal point is the locale's: call it in the C locale, between
 * gradus_c_locale_enter and _leave. */
int gradus_number_parse(const char *text, size_t n, double *v);

#endif
