/* json.h -- parses JSON that may have been made to do harm. */
#ifndef GRADUS_JSON_H
#define GRADUS_JSON_H

#include <jansson.h>

/* Parses text, whose byte text[length] must be 0.  The text must be one
 * array or object in UTF-8, with no key twice in an object, no NUL and at
 * most 262,144 values.  Returns the tree, which the caller releases with
 * json_decref; otherwise NULL, with a message that begins with `what`.
 * flags are json_loadb's. */
json_t *gradus_json_parse(const char *what, const char *text, size_t length,
                          size_t flags);

#endif
