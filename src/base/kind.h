/* kind.h -- tells from its first bytes what kind of file a file is, so that a
 * message about a wrong one can name it. */
#ifndef GRADUS_KIND_H
#define GRADUS_KIND_H

#include <stddef.h>

enum { GRADUS_KIND_HEAD = 64 }; /* first bytes that are enough to tell */

/* Returns what a file that begins with the n bytes of head is, with its
 * article, such as "a PNG image"; NULL if they are of no kind known here.  An
 * IDX file is one, and a CSV file is not, since any text may be one. */
const char *gradus_file_kind(const unsigned char *head, size_t n);

#endif
