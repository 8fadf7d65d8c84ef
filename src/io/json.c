/* json.c -- prints JSON, and compares it. */
#include "io/io.h"

#include "base/error.h"
#include "base/locale.h"

#include <stdlib.h>
#include <string.h>

/* The text is printed to a stream in memory, whose buffer grows by itself.
 * It is parsed as a test: names of a layer of the caller's own may not be
 * UTF-8, or be used twice. */
char *gradus_json_print(const char *what, gradus_printer *print,
                        const gradus_contents *c)
{
    char *text = NULL;
    size_t length;
    gradus_c_locale locale;

    if (gradus_c_locale_enter(&locale))
        return NULL;
    FILE *f = open_memstream(&text, &length);
    int error = f ? print(f, c) : 0, full = !f || ferror(f);
    if (f)
        full |= fclose(f) != 0;
    gradus_c_locale_leave(&locale);
    if (full || !text)
        error = gradus_no_memory("%s", what);
    json_t *json = error ? NULL : gradus_json_parse(what, text, length, 0);
    if (!json) {
        free(text);
        text = NULL;
    }
    json_decref(json);
    return text;
}

void gradus_print_string(FILE *f, const char *before, const char *text)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";

    fprintf(f, "%s\"", before);
    for (; *text; text++) {
        const char *at = strchr(escaped, *text);
        if (at)
            fprintf(f, "\\%c", letters[at - escaped]);
        else if ((unsigned char)*text < ' ')
            fprintf(f, "\\u%04x", *text);
        else
            putc(*text, f);
    }
    putc('"', f);
}

void gradus_print_number(FILE *f, const char *before, double v)
{
    char text[32];
    int digits = 15;

    do
        snprintf(text, sizeof text, "%.*g", digits++, v);
    while (digits <= 17 && strtod(text, NULL) != v);
    fprintf(f, "%s%s", before, text);
}

/* Descends to the first part of the two that differs: an element of "node" is
 * called by its name, "node dense1", or else by its number, "node 3", and its
 * member "op" "node dense1 op". */
int gradus_json_compare(const char *name, json_t *here, json_t *there)
{
    char part[256];
    const char *key;
    json_t *value;
    size_t i;

    if (json_equal(here, there))
        return 0;
    if (json_is_object(here) && json_is_object(there))
        for (int side = 0; side < 2; side++) /* members of either */
            json_object_foreach(side ? there : here, key, value)
            {
                snprintf(part, sizeof part, "%s%s%s", name, *name ? " " : "",
                         key);
                if (gradus_json_compare(part, json_object_get(here, key),
                                        json_object_get(there, key)))
                    return -1;
            }
    if (json_is_array(here) && json_is_array(there))
        json_array_foreach(here, i, value)
        {
            const char *called =
                json_string_value(json_object_get(value, "name"));
            if (called)
                snprintf(part, sizeof part, "%s %s", name, called);
            else
                snprintf(part, sizeof part, "%s %zu", name, i);
            if (gradus_json_compare(part, value, json_array_get(there, i)))
                return -1;
        }
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    char *a = json_dumps(here, flags | JSON_REAL_PRECISION(9));
    char *b = json_dumps(there, flags | JSON_REAL_PRECISION(9));
    if (a && b && strcmp(a, b) == 0) { /* they differ further behind */
        free(a);
        free(b);
        a = json_dumps(here, flags);
        b = json_dumps(there, flags);
    }
    gradus_error_set("%s is %.99s here, %.99s in the file; must be the same "
                     "to go on with that training",
                     *name ? name : "the training", a ? a : "missing",
                     b ? b : "missing");
    free(a);
    free(b);
    return -1;
}
