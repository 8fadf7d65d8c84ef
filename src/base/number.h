/* number.h -- reads a number from text. */
#ifndef GRADUS_NUMBER_H
#define GRADUS_NUMBER_H

#include <stddef.h>

/* All of text[0..n-1] as [+-]digits[.digits][e[+-]digits] and nothing else: 0,
 * or non-zero where it is not that.  *v is infinite where the number is too
 * large for a double.
 *
 * text[n] must exist and must not go on with the number, as a separator, a
 * quote or a final NUL does not.  The decimal point is the locale's: call this
 * in the C locale, between gradus_c_locale_enter and _leave. */
int gradus_number_parse(const char *text, size_t n, double *v);

#endif
