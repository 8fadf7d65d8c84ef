/* json.c -- JSON that may be hostile, and numbers that keep their bits.
 *
 * cJSON does the parsing.  What it lets through is refused here: keys that are
 * there twice (it would find the first, others the last), a NUL, written or
 * escaped (it would end the string there), text that is not UTF-8, text after
 * the value.  And its tree takes up to 40 times the memory of its text (64
 * bytes and malloc's own for each 1 of [1,1,1,...]), so the values are counted
 * before there is a tree. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include "base/error.h"
#include "base/locale.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Enough for the header of 4,000 tensors, and at most 5 MB of tree beside the
 * text of the strings. */
enum { MAX_VALUES = 32768 };

/* Bytes of the UTF-8 character at s, 0 if there is none (RFC 3629, 4). */
static size_t character(const unsigned char *s, size_t left)
{
    unsigned char c = s[0];
    size_t n = c < 0x80                ? 1
               : c >= 0xc2 && c < 0xe0 ? 2
               : c >= 0xe0 && c < 0xf0 ? 3
               : c >= 0xf0 && c < 0xf5 ? 4
                                       : 0;

    if (n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ||
        (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
        return 0; /* overlong, a surrogate, above U+10FFFF */
    return n;
}

int gradus_is_utf8(const char *text, size_t length)
{
    const unsigned char *s = (const unsigned char *)text;

    for (size_t i = 0, n; i < length; i += n) {
        n = character(s + i, length - i);
        if (n == 0)
            return 0;
    }
    return 1;
}

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* A value follows each comma and each bracket, and one stands alone, so text
 * has at most as many values as are counted here. */
static int check_values(const char *what, const char *text)
{
    int in_string = 0, values = 1;

    for (const char *p = text; *p; p++) {
        if (*p == '"')
            in_string = !in_string;
        else if (in_string && *p == '\\' && p[1])
            p++;
        else if (!in_string && (*p == ',' || *p == '[' || *p == '{'))
            values++;
    }
    if (values > MAX_VALUES)
        return gradus_error_set("%s holds more than %d values", what,
                                MAX_VALUES);
    return 0;
}

static int check_text(const char *what, const char *text, size_t length)
{
    int in_string = 0;

    if (!gradus_is_utf8(text, length))
        return gradus_error_set("%s is not UTF-8", what);
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if ((unsigned char)c < ' ' && (in_string || !is_space(c)))
            return gradus_error_set("%s: control character %d at byte %zu",
                                    what, c, i);
        if (c == '"') {
            in_string = !in_string;
        } else if (in_string && c == '\\') {
            if (strncmp(text + i, "\\u0000", 6) == 0)
                return gradus_error_set("%s: a NUL in a string at byte %zu",
                                        what, i);
            i += text[i + 1] == '"' || text[i + 1] == '\\';
        }
    }
    return check_values(what, text);
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* That no object has a key twice.  cJSON refuses to nest deeper than 1,000. */
static int check_keys(const char *what, const cJSON *json)
{
    size_t n = 0;

    for (const cJSON *i = json->child; i; i = i->next, n++)
        if (check_keys(what, i))
            return -1;
    if (n < 2 || !cJSON_IsObject(json))
        return 0;
    const char **key = malloc(n * sizeof *key);
    if (!key)
        return gradus_error_set("%s: out of memory", what);
    n = 0;
    for (const cJSON *i = json->child; i; i = i->next)
        key[n++] = i->string;
    qsort(key, n, sizeof *key, compare);
    int error = 0;
    for (size_t i = 1; i < n && !error; i++)
        if (strcmp(key[i - 1], key[i]) == 0)
            error = gradus_error_set("%s: the key \"%.64s\" is there twice",
                                     what, key[i]);
    free(key);
    return error;
}

/* cJSON notes where it stopped in a global of the process. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;

cJSON *gradus_json_parse(const char *what, const char *text, size_t length)
{
    const char *end = text;
    gradus_c_locale n;

    if (check_text(what, text, length) || gradus_c_locale_enter(&n))
        return NULL;
    pthread_mutex_lock(&parsing);
    cJSON *json = cJSON_ParseWithOpts(text, &end, 0);
    pthread_mutex_unlock(&parsing);
    gradus_c_locale_leave(&n);
    if (!json) {
        gradus_error_set("%s: no JSON at byte %td, or out of memory", what,
                         end - text);
        return NULL;
    }
    while (end < text + length && is_space(*end))
        end++;
    int error = check_keys(what, json);
    if (!error && end < text + length)
        error = gradus_error_set("%s: text after the JSON, at byte %td", what,
                                 end - text);
    if (error) {
        cJSON_Delete(json);
        return NULL;
    }
    return json;
}

char *gradus_json_print(const char *what, gradus_printer *print,
                        const gradus_graph *g)
{
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);
    int error = f ? print(f, g) : 0, full = !f || ferror(f);

    if (f)
        full |= fclose(f) != 0;
    if (full || !text)
        error = gradus_no_memory("%s", what);
    if (!error && check_values(what, text) == 0)
        return text;
    free(text);
    return NULL;
}

void gradus_print_string(FILE *f, const char *text)
{
    static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";

    putc('"', f);
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

void gradus_print_number(FILE *f, double v)
{
    char text[32];

    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    fputs(text, f);
}
