/* common.h -- what the programs share: messages, options, JSON. */
#ifndef COMMON_H
#define COMMON_H

#include "gradus.h"

#include <getopt.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

/* The name that messages begin with; each program defines its own. */
extern const char program[];

/* Returns the text with control characters, and bytes that are not UTF-8,
 * shown as \x1b, so that it can be printed on a terminal or as JSON.  It is
 * valid for the next three calls. */
const char *printable(const char *text);

/* Prints the program's name, the message and a newline on stderr; the message
 * is made printable. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From here on, messages are kept and not printed; or those that were kept are
 * printed.  For processes of which only one is to speak. */
void keep_complaints(void);
void release_complaints(void);

/* Does the same for a wrong command line, adds that --help lists the options,
 * and exits with status 2. */
_Noreturn void usage_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The same as getopt_long, but its messages, too, begin with the program's
 * name, and not with that of a command or with a path. */
int next_option(int argc, char **argv, const char *letters,
                const struct option *options);

/* To be called when next_option has printed what is wrong with an option: adds
 * that --help lists the options, and exits with status 2. */
_Noreturn void wrong_option(void);

/* Returns the value of an option: a whole number from min to max, or a number
 * of at least 0 and below `below`.  Any other text is a usage_error, and so is
 * a number with something behind it. */
uint64_t whole_number(const char *option, const char *text, uint64_t min,
                      uint64_t max);
int whole_int(const char *option, const char *text, int min, int max);
double real_number(const char *option, const char *text, double below);

/* Returns the value of an option that names a file or a folder, `what`.  An
 * empty one is a usage_error. */
const char *path(const char *option, const char *text, const char *what);

/* Do two paths lead to one file, which need not be there yet?  A device, such
 * as /dev/null, is one only if they are the same text. */
int is_one_file(const char *a, const char *b);

/* Refuses two arguments, called a and b, that lead to one file, of which a is
 * written: what the other one needs would be lost.  If b is a folder of data,
 * a may be none of its files: an image of a class, or one in MNIST's format.
 * Either file may be NULL. */
void refuse_one_file(const char *a, const char *file_a, const char *b,
                     const char *file_b);

/* Loads a part of a data set, "train" or "t10k", from the folder of the four
 * IDX files.  Returns NULL, with a message on stderr, if that fails. */
gradus_dataset *load_part(const char *folder, const char *part);

/* Is the stream a terminal that understands escape sequences? */
int is_terminal(FILE *f);
/* May colours be printed?  They may on a terminal, unless the environment
 * variable NO_COLOR is set. */
int may_colour(FILE *f);

/* Sets the character set to the locale's, and leaves the rest of the locale
 * alone, so that no number is printed with a decimal comma.  Returns non-zero
 * if the character set is UTF-8. */
int use_utf8(void);

/* v, or null if it is infinite or NaN, for which JSON has no number. */
json_t *json_number(double v);

/* The text as printable() returns it, or null if it is NULL.  It is copied at
 * once, so that other calls of printable() may follow. */
json_t *json_text(const char *text);

/* Prints the object on stdout and frees it.  Returns 0, or non-zero with a
 * message if it cannot be printed, or is NULL because it could not be made. */
int print_json(json_t *object);

/* To be called last.  Returns 0 if all that was printed on stdout has arrived,
 * else non-zero with a message: a full disk and a closed pipe are noticed only
 * when the stream is closed. */
int finish_stdout(void);

#endif
