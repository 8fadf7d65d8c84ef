/* json.c -- parses JSON that may have been made to do harm.
 *
 * jansson does the parsing.  It refuses text that is not UTF-8, a NUL, written
 * or escaped, and text after the value; with a flag, also a key that occurs
 * twice in an object.  Two things it leaves to us:
 *
 * Its tree takes up to a hundred times the memory of its text ({} takes 232
 * bytes), so the values are counted before there is a tree.
 *
 * It does not notice when its buffer for a string or a number cannot grow:
 * it then drops characters or reads beyond the end.  So we first check that
 * as much memory as it can need is free.  (Another thread may still take
 * it.) */
#include "base/json.h"

#include "base/error.h"
#include "base/mode.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_VALUES = 1 << 18, /* enough for the header of 25,000 tensors, and for
                             an input of 65,536 standardised values */
    MOST = 256,           /* bytes of a value in the tree; "0":"" takes 176,
                             the most found */
    SPARE = 1 << 23       /* bytes that are looked for in any case: glibc then
                             maps large blocks, and what is freed is free */
};

/* Counts the values in text, without parsing it.  Each value but the outermost
 * follows a comma or a bracket outside strings, so there are at most as many
 * as are counted here. */
static size_t count_values(const char *text)
{
    int in_string = 0;
    size_t values = 1;

    for (const char *p = text; *p; p++) {
        if (*p == '"')
            in_string = !in_string;
        else if (in_string && *p == '\\' && p[1])
            p++;
        else if (!in_string && (*p == ',' || *p == '[' || *p == '{'))
            values++;
    }
    return values;
}

json_t *gradus_json_parse(const char *what, const char *text, size_t length,
                          size_t flags)
{
    json_error_t error = { .text = "" };
    const size_t values = count_values(text);

    if (values > MAX_VALUES)
        return gradus_error_set("%s holds more than %d values", what,
                                MAX_VALUES), NULL;
    /* While it moves to a block of twice its size, the buffer needs three
     * times its size; later there are the larger block and the string in
     * the tree.  The pointer is volatile, since compilers remove an
     * allocation that nobody uses. */
    void *volatile spare = malloc(3 * length + MOST * values + SPARE);
    bool enough = spare != NULL;
    free(spare);
    flags |= JSON_REJECT_DUPLICATES;
    gradus_mode mode;
    gradus_mode_enter(&mode); /* numbers are rounded as they are read */
    json_t *json = enough ? json_loadb(text, length, flags, &error) : NULL;
    gradus_mode_leave(&mode);
    if (!json && *error.text)
        gradus_error_set("%s, byte %d: %s", what, error.position, error.text);
    else if (!json)
        gradus_no_memory("the values of %s", what);
    return json;
}
