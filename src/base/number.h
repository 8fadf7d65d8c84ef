/* number.h -- numbers as text with a point, whatever the locale. */
#ifndef GRADUS_NUMBER_H
#define GRADUS_NUMBER_H

#include <locale.h> /* locale_t: wants _POSIX_C_SOURCE 200809L */
#include <stddef.h>

/* The calling thread counts in the C locale from enter to leave: cJSON, printf
 * and strtod all ask for the decimal point. */
typedef struct {
    locale_t c, before;
} gradus_c_locale;

/* 0, or non-zero with a message and nothing to leave. */
int gradus_c_locale_enter(gradus_c_locale *l);
void gradus_c_locale_leave(gradus_c_locale *l);

/* All of text[0..n-1] as [+-]digits[.digits][e[+-]digits], nothing else: 0, or
 * non-zero where it is not that.  *v is infinite where it is too large for a
 * double.  Within enter and leave. */
int gradus_number_parse(const char *text, size_t n, double *v);

#endif
