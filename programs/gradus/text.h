/* text.h -- texts in tables for people, and in CSV for programs. */
#ifndef TEXT_H
#define TEXT_H

#include <stdio.h>

/* How many characters the text has, in UTF-8. */
int text_width(const char *text);

/* Prints a text in `width` columns, with blanks after it, or before it if
 * `right` is 1.  It is made printable, and cut if it is longer. */
void print_cell(FILE *to, const char *text, int width, int right);

/* Prints two texts as one field of a CSV file, in quotes where those are
 * needed (RFC 4180).  Control characters reach a file, but no terminal. */
void print_field(FILE *to, const char *text, const char *more);

/* "[3,17]": the indices of number `at` of an array of this shape, of rank 1 to
 * 4. */
void index_text(int rank, const int *shape, size_t at, char text[64]);

#endif
