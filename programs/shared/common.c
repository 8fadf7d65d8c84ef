/* common.c -- what mnist-train, mnist-predict and mnist-speedrun share. */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* The number of bytes of the character that s begins with; 0 if it is a
 * control character, some of which have two bytes, or not UTF-8: jansson
 * decides. */
static size_t character(const char *s)
{
    int control = (unsigned char)*s < ' ' || *s == 0x7f ||
                  (memcmp(s, "\xc2", 1) == 0 && (unsigned char)s[1] < 0xa0);
    for (size_t n = 1; n <= 4 && n <= strlen(s) && !control; n++) {
        json_t *json = json_stringn(s, n);
        json_decref(json);
        if (json)
            return n;
    }
    return 0;
}

const char *printable(const char *text)
{
    static char *kept[4];
    static int next;
    char *to = malloc(4 * strlen(text) + 1);
    if (!to)
        return "(out of memory)";
    next = (next + 1) % 4;
    free(kept[next]);
    kept[next] = to;
    for (size_t n; *text; text += n ? n : 1) {
        n = character(text);
        to += n ? sprintf(to, "%.*s", (int)n, text)
                : sprintf(to, "\\x%02x", (unsigned char)*text);
    }
    *to = '\0';
    return kept[next];
}

/* Where messages are kept; NULL: they are printed. */
static FILE *kept_complaints;
static char *kept_text;
static size_t kept_size;

void keep_complaints(void)
{
    kept_complaints = open_memstream(&kept_text, &kept_size);
}

void release_complaints(void)
{
    if (!kept_complaints)
        return;
    fclose(kept_complaints);
    kept_complaints = NULL;
    fputs(kept_text, stderr);
    free(kept_text);
}

static void say(const char *format, va_list ap)
{
    char text[4096];
    vsnprintf(text, sizeof text, format, ap);
    fprintf(kept_complaints ? kept_complaints : stderr, "%s: %s\n", program,
            printable(text));
}

void complain(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(format, ap);
    va_end(ap);
}

int next_option(int argc, char **argv, const char *letters,
                const struct option *options)
{
    char *name = argv[0];

    argv[0] = (char *)program;
    int c = getopt_long(argc, argv, letters, options, NULL);
    argv[0] = name;
    return c;
}

_Noreturn void wrong_option(void)
{
    fprintf(stderr, "%s: --help lists the options\n", program);
    exit(2);
}

_Noreturn void usage_error(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    say(format, ap);
    va_end(ap);
    wrong_option();
}

uint64_t whole_number(const char *option, const char *text, uint64_t min,
                      uint64_t max)
{
    errno = 0;
    uint64_t n = strtoull(text, NULL, 10);
    int digits_only = *text && text[strspn(text, "0123456789")] == '\0';
    if (!digits_only || errno || n < min || n > max)
        usage_error("%s '%s': must be a whole number from %" PRIu64
                    " to %" PRIu64, option, text, min, max);
    return n;
}

int whole_int(const char *option, const char *text, int min, int max)
{
    return (int)whole_number(option, text, (uint64_t)min, (uint64_t)max);
}

double real_number(const char *option, const char *text, double below)
{
    char *end;
    double x = strtod(text, &end);
    int plain = *text && text[strspn(text, "0123456789.eE+-")] == '\0';
    if (!plain || *end || !(x >= 0 && x < below))
        usage_error("%s '%s': must be a number of at least 0 and below %g",
                    option, text, below);
    return x;
}

const char *path(const char *option, const char *text, const char *what)
{
    if (!*text)
        usage_error("%s '': the path is empty; must name %s", option, what);
    return text;
}

/* The last part of a path. */
static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Sets *st to the folder that the path is in, or with `up`, to the one above
 * that.  Returns non-zero if there is none. */
static int stat_folder(const char *path, const char *up, struct stat *st)
{
    char folder[4096];
    const int n = snprintf(folder, sizeof folder, "%.*s./%s",
                           (int)(name_of(path) - path), path, up);

    return n >= (int)sizeof folder || stat(folder, st);
}

static int is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

int is_one_file(const char *a, const char *b)
{
    struct stat of_a, of_b;
    const int no_a = stat(a, &of_a), no_b = stat(b, &of_b);

    if (no_a && no_b)
        return strcmp(a, b) == 0 ||
               (strcmp(name_of(a), name_of(b)) == 0 &&
                !stat_folder(a, "", &of_a) && !stat_folder(b, "", &of_b) &&
                is_same(&of_a, &of_b));
    return strcmp(a, b) == 0 || (!no_a && !no_b && S_ISREG(of_a.st_mode) &&
                                 is_same(&of_a, &of_b));
}

/* Does the text end with one of these? */
static int ends_with(const char *text, const char *const *ends)
{
    for (; *ends; ends++)
        if (strlen(text) >= strlen(*ends) &&
            strcasecmp(text + strlen(text) - strlen(*ends), *ends) == 0)
            return 1;
    return 0;
}

/* Is the path that of data within a folder: a file in MNIST's format, or an
 * image in the folder of its class? */
static int is_data_of(const char *path, const char *folder)
{
    static const char *const idx[] = { "-ubyte", "-ubyte.gz", NULL },
                      *const image[] = { ".png", ".jpg", ".jpeg", NULL };
    struct stat of_folder, of_path;

    return !stat(folder, &of_folder) && S_ISDIR(of_folder.st_mode) &&
           ((ends_with(path, idx) && !stat_folder(path, "", &of_path) &&
             is_same(&of_path, &of_folder)) ||
            (ends_with(path, image) && !stat_folder(path, "..", &of_path) &&
             is_same(&of_path, &of_folder)));
}

void refuse_one_file(const char *a, const char *file_a, const char *b,
                     const char *file_b)
{
    if (!file_a || !file_b)
        return;
    if (is_one_file(file_a, file_b))
        usage_error("%s '%s' and %s '%s' are one file; must be two files", a,
                    file_a, b, file_b);
    if (is_data_of(file_a, file_b))
        usage_error("%s '%s' is one of the files of %s '%s'; must be another "
                    "file", a, file_a, b, file_b);
}

gradus_dataset *load_part(const char *folder, const char *part)
{
    struct stat st;
    int missing = stat(folder, &st) != 0;
    if (missing || !S_ISDIR(st.st_mode)) {
        complain("'%s': %s; must be the folder of the four IDX files; "
                 "data/fetch.sh gets MNIST, Debian's package "
                 "dataset-fashion-mnist has Fashion-MNIST, and --data DIR "
                 "names another folder", folder,
                 missing ? strerror(errno) : "not a folder");
        return NULL;
    }
    gradus_dataset *d = gradus_load_mnist(folder, part);
    if (!d)
        complain("%s; --data DIR names another folder", gradus_error());
    return d;
}

int is_terminal(FILE *f)
{
    const char *term = getenv("TERM");
    return isatty(fileno(f)) && term && strcmp(term, "dumb") != 0;
}

int may_colour(FILE *f)
{
    const char *no = getenv("NO_COLOR");
    return is_terminal(f) && !(no && *no);
}

int use_utf8(void)
{
    setlocale(LC_CTYPE, "");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

json_t *json_number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

json_t *json_text(const char *text)
{
    return text ? json_string(printable(text)) : json_null();
}

int print_json(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (text)
        puts(text);
    else
        complain("no JSON was printed: a name is not valid UTF-8, or memory "
                 "ran out");
    free(text);
    json_decref(object);
    return text ? 0 : 1;
}

int finish_stdout(void)
{
    int failed = ferror(stdout);
    if (!fclose(stdout) && !failed)
        return 0;
    complain("standard output could not be written: %s", strerror(errno));
    return 1;
}
