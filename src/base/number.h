/* number.h -- reads a number from text. */
#ifndef GRADUS_NUMBER_H
#define GRADUS_NUMBER_H

/* Reads all of the text as [+-]digits[.digits][e[+-]digits] into *v.  Returns
 * 0, or non-zero if the text is anything else.  *v is infinite if the number
 * is too large for a double.
 *
 * strtod expects the decimal point of the locale, so call this in the C
 * locale, between gradus_c_locale_enter and gradus_c_locale_leave. */
int gradus_number_parse(const char *text, double *v);

#endif
