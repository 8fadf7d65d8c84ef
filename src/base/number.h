/* number.h -- reads a number from text. */
#ifndef GRADUS_NUMBER_H
#define GRADUS_NUMBER_H

#include <stddef.h>

/* Reads all of text[0..n-1] as [+-]digits[.digits][e[+-]digits] into *v.
 * Returns 0, or non-zero if the text is anything else.  *v is infinite if the
 * number is too large for a double.
 *
 * text[n] must exist and must not continue the number: a separator, a quote
 * or a final NUL will do.  strtod expects the decimal point of the locale,
 * so call this in the C locale, between gradus_c_locale_enter and
 * gradus_c_locale_leave. */
int gradus_number_parse(const char *text, size_t n, double *v);

#endif
