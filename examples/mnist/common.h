/* common.h -- what mnist-train and mnist-predict share. */
#ifndef COMMON_H
#define COMMON_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* The name that messages begin with; each program defines its own. */
extern const char program[];

/* "mnist-train: ..." and a newline, on stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, then where to find help; exits with status 2. */
_Noreturn void usage_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The value of a flag: a whole number in min..max, or a number of at least 0
 * and below `below`.  Anything else, trailing junk too, is a usage_error. */
uint64_t whole_number(const char *flag, const char *text, uint64_t min,
                      uint64_t max);
double real_number(const char *flag, const char *text, double below);

/* May this stream have colours?  Only a terminal, and not under NO_COLOR. */
int may_colour(FILE *f);
int is_terminal(FILE *f);

/* Takes the locale's character set (and nothing else of it: a comma must not
 * get into numbers).  Non-zero if that is UTF-8. */
int use_utf8(void);

/* Prints the object on stdout and frees it.  It is NULL where it could not be
 * made: then, and where it cannot be printed, non-zero with a message. */
int print_json(json_t *object);

/* To be called last: non-zero, with a message, unless all that was printed has
 * arrived (a full disk and a closed pipe show only here). */
int finish_stdout(void);

#endif
