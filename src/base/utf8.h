/* utf8.h -- tells UTF-8 from other bytes. */
#ifndef GRADUS_UTF8_H
#define GRADUS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the character that s, which is not empty, begins with (RFC 3629).
 * Returns how many bytes it has, from 1 to 4, and sets *c; or 0 if these bytes
 * are not UTF-8. */
size_t gradus_utf8(const char *s, uint32_t *c);

/* Is all of the text UTF-8? */
bool gradus_is_utf8(const char *text);

#endif
