/* source.c -- opens the data that a command is given. */
#define _DEFAULT_SOURCE
#include "source.h"

#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void take_columns(const char *option, char *text,
                  const char *list[MAX_COLUMNS + 1])
{
    int n = 0;

    while (list[n])
        n++;
    for (char *one; (one = strsep(&text, ","));) {
        if (!*one)
            usage_error("%s: the name of a column is missing; must be names "
                        "with single commas between", option);
        if (n == MAX_COLUMNS)
            usage_error("%s: got more than %d columns", option, MAX_COLUMNS);
        list[n++] = one;
    }
}

void take_size(const char *text, source_options *o)
{
    char end;

    if (sscanf(text, "%dx%d%c", &o->height, &o->width, &end) != 2 ||
        o->height < 1 || o->width < 1 || o->height > 4096 || o->width > 4096)
        usage_error("--size '%s': must be height and width in pixels, such as "
                    "32x32, of at most 4096", text);
    o->sized = 1;
}

int is_idx_folder(const char *folder)
{
    static const char *const names[] = {
        "train-images-idx3-ubyte", "train-images-idx3-ubyte.gz",
        "train-images.idx3-ubyte", "train-images.idx3-ubyte.gz" };
    char path[4096];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (!access(path, F_OK))
            return 1;
    }
    return 0;
}

/* Sets *kind to the kind of data that the path leads to. */
static int find_kind(const char *path, source_kind *kind)
{
    struct stat st;

    if (stat(path, &st)) {
        complain("%s: %s; must be a CSV file, a folder with a folder of images "
                 "for each class, or one of files in MNIST's format", path,
                 strerror(errno));
        return -1;
    }
    *kind = !S_ISDIR(st.st_mode)  ? SOURCE_TABLE
            : is_idx_folder(path) ? SOURCE_IDX
                                  : SOURCE_FOLDER;
    return 0;
}

/* Refuses an option that is for another kind of data. */
static int refuse_unsuited(const source *s, const source_options *o)
{
    const char *table = o->label        ? "--label"
                        : o->targets[0] ? "--target"
                        : o->group      ? "--group"
                        : o->ignore[0]  ? "--ignore"
                        : o->missing    ? "--missing"
                        : o->indicators ? "--indicators"
                        : o->no_header  ? "--no-header"
                                        : NULL;
    const char *folder = o->sized ? "--size" : o->grey ? "--grey" : NULL;

    if (s->kind != SOURCE_TABLE && table)
        complain("%s: is a folder, and %s is for tables; must be a CSV file, "
                 "or leave the option out", s->path, table);
    else if (s->kind != SOURCE_FOLDER && folder)
        complain("%s: has no images to resize, and %s is for folders of PNG "
                 "and JPEG files; leave the option out", s->path, folder);
    else
        return 0;
    return -1;
}

/* What to do about an error in data, in terms of the options, as the library's
 * words for them are those of C. */
static const char *advice(const char *error)
{
    return strstr(error, "is a target") || strstr(error, "make it a target")
               ? " (here: --label COLUMN for classes, --target COLUMN for "
                 "numbers, --ignore A,B and --missing mean)"
           : strstr(error, "with ignore")
               ? " (here: --ignore A,B and --missing mean; gradus data shows "
                 "the columns)"
           : strstr(error, "GRADUS_CSV_NO_HEADER")
               ? " (here: --no-header, if the first row is data)"
           : strstr(error, "GRADUS_CSV_HEADER")
               ? " (here: remove the #, if it belongs to a name)"
           : strstr(error, "has no column") ? "; gradus data shows the columns"
           : strstr(error, "a sep= line")
               ? " (here: gradus finds the separator itself)"
               : "";
}

/* Says what went wrong when data were opened. */
static void explain(void)
{
    complain("%s%s", gradus_error(), advice(gradus_error()));
}

void print_units(FILE *to, const gradus_table *t)
{
    for (int k = 0; k < gradus_table_columns(t); k++)
        if (gradus_column_has_unit(t, k))
            fprintf(to, "\"%s\" has numbers with a unit, such as \"%s\": "
                    "each text is a category of its own; without the unit, "
                    "the column would be one number\n",
                    printable(gradus_column_name(t, k)),
                    printable(gradus_column_category(t, k, 0)));
}

void print_columns(FILE *to, const gradus_table *t)
{
    const int n = gradus_table_columns(t);

    fprintf(to, "%d column%s:", n, n == 1 ? "" : "s");
    for (int k = 0; k < n; k++)
        fprintf(to, "%s %s", k ? "," : "", printable(gradus_column_name(t, k)));
    fputc('\n', to);
}

/* The table with whatever columns can be used, or NULL. */
static gradus_table *tolerant_table(const char *path, const source_options *o)
{
    return gradus_table_new(path, &(gradus_table_options){
        .label = o->label, .targets = o->targets, .ignore = o->ignore,
        .tolerant = true, .missing = GRADUS_MISSING_MEAN, .header =
        o->no_header ? GRADUS_CSV_NO_HEADER : GRADUS_CSV_NAMES });
}

/* Says that a table needs a label or a target, and which columns there are. */
static int refuse_unlabelled(const char *path, const source_options *o)
{
    gradus_table *t = tolerant_table(path, o);

    if (!t) {
        explain();
        return -1;
    }
    complain("%s: must be told what to predict: --label COLUMN for classes, "
             "or --target COLUMN for numbers", path);
    print_columns(stderr, t);
    gradus_table_free(t);
    return -1;
}

static int open_table(source *s, const source_options *o)
{
    s->table = gradus_table_new(s->path, &(gradus_table_options){
        .label = o->label, .targets = o->targets, .ignore = o->ignore,
        .missing = o->missing, .indicators = o->indicators,
        .header = o->no_header ? GRADUS_CSV_NO_HEADER : GRADUS_CSV_NAMES });
    if (s->table)
        s->data = gradus_table_load(s->table, s->path, 0);
    return s->data ? 0 : -1;
}

/* Opens the data of a kind that is known.  The message is in gradus_error. */
static int open_kind(source *s, const source_options *o,
                     const gradus_image_folder_options *classes)
{
    switch (s->kind) {
    case SOURCE_TABLE:
        return open_table(s, o);
    case SOURCE_FOLDER:
        s->data = gradus_load_image_folder(s->path, o->grey ? 1 : 3, o->height,
                                           o->width, classes);
        return s->data ? 0 : -1;
    default:
        s->data = gradus_load_mnist(s->path, "train");
        s->test = s->data ? gradus_load_mnist(s->path, "t10k") : NULL;
        return s->test ? 0 : -1;
    }
}

int open_source(source *s, const char *path, const source_options *o)
{
    *s = (source){ .path = path };
    if (find_kind(path, &s->kind) || refuse_unsuited(s, o))
        return -1;
    if (s->kind == SOURCE_TABLE && !o->label && !o->targets[0])
        return refuse_unlabelled(path, o);
    if (!open_kind(s, o, NULL))
        return 0;
    explain();
    return -1;
}

int look_at_source(source *s, const char *path, const source_options *o)
{
    *s = (source){ .path = path };
    if (find_kind(path, &s->kind) || refuse_unsuited(s, o))
        return -1;
    if (s->kind == SOURCE_TABLE) {
        s->table = tolerant_table(path, o);
        s->data = s->table ? gradus_table_load(s->table, path, 0) : NULL;
    } else {
        open_kind(s, o, NULL);
    }
    if (s->data && (s->kind != SOURCE_IDX || s->test))
        return 0;
    explain();
    return -1;
}

/* ---- data for a model --------------------------------------------------- */

/* Says so if the model takes other kinds of data. */
static int refuse_kind(const source *s, const model *m)
{
    const int table = s->kind == SOURCE_TABLE;

    if (table && !m->table && m->height)
        complain("%s: is no folder, but %s takes images of %d x %d pixels; "
                 "must be a folder with a folder of images for each class, or "
                 "one of files in MNIST's format", s->path, m->path,
                 m->height, m->width);
    else if (table && !m->table)
        complain("%s: is no folder, but %s takes rows of %d bytes; must be a "
                 "folder of files in MNIST's format", s->path, m->path,
                 m->size);
    else if (!table && m->table)
        complain("%s: is a folder, but %s takes the rows of a table; must be "
                 "a CSV file", s->path, m->path);
    else
        return 0;
    return -1;
}

/* Says so if the rows of d are not of the model's size. */
static int refuse_size(const source *s, const model *m,
                       const gradus_dataset *d)
{
    if (d->size == m->size && d->channels == m->channels &&
        d->height == m->height && d->width == m->width)
        return 0;
    if (d->height && m->height)
        complain("%s: has images of %d x %d x %d; must be %d x %d x %d "
                 "(channels, height, width), as %s takes", s->path,
                 d->channels, d->height, d->width, m->channels, m->height,
                 m->width, m->path);
    else
        complain("%s: has rows of %d values; must be of %d, as %s takes",
                 s->path, d->size, m->size, m->path);
    return -1;
}

/* Copies standard input to a file without a name, which is gone when it is
 * closed, and sets path to one that leads to it.  Returns NULL, with a
 * message, if that fails. */
static FILE *copy_stdin(char path[32])
{
    FILE *copy = tmpfile();
    char block[65536];
    size_t n;

    while (copy && (n = fread(block, 1, sizeof block, stdin)) > 0)
        if (fwrite(block, 1, n, copy) < n)
            break;
    if (!copy || ferror(stdin) || fflush(copy) || ferror(copy)) {
        complain("standard input cannot be copied to a temporary file: %s",
                 strerror(errno));
        if (copy)
            fclose(copy);
        return NULL;
    }
    rewind(copy);
    snprintf(path, 32, "/dev/fd/%d", fileno(copy));
    return copy;
}

/* Loads the rows for a table from standard input. */
static gradus_dataset *load_stdin(const gradus_table *t)
{
    char path[32];
    FILE *copy = copy_stdin(path);

    if (!copy)
        return NULL;
    gradus_dataset *d = gradus_table_load(t, path, 0);
    const char *error = gradus_error();
    if (!d && strncmp(error, path, strlen(path)) == 0)
        complain("standard input%s", error + strlen(path));
    else if (!d)
        complain("%s", error);
    fclose(copy);
    return d;
}

/* Loads images of the model's shape, whose folders have its class names. */
static int load_images(source *s, const model *m)
{
    const int n = gradus_class_count(m->graph);
    const char **names = calloc((size_t)n + 1, sizeof *names);
    const source_options o = { .grey = m->channels == 1,
                               .height = m->height, .width = m->width };
    int status = -1;

    for (int k = 0; names && k < n; k++)
        names[k] = gradus_class_name(m->graph, k);
    if (!names)
        complain("out of memory");
    else if (s->kind == SOURCE_FOLDER && !m->height)
        complain("%s: is a folder of images, but %s takes rows of %d bytes; "
                 "must be a folder of files in MNIST's format", s->path,
                 m->path, m->size);
    else if (open_kind(s, &o, &(gradus_image_folder_options){
                 .class_names = n ? names : NULL, .classes = n }))
        complain("%s", gradus_error());
    else
        status = refuse_size(s, m, s->data) ||
                 (s->test && refuse_size(s, m, s->test)) ? -1 : 0;
    free(names);
    return status;
}

int open_source_for(source *s, const char *path, const model *m)
{
    const int from_stdin = m->table && strcmp(path, "-") == 0;

    *s = (source){ .path = path, .kind = SOURCE_TABLE };
    if ((!from_stdin && find_kind(path, &s->kind)) || refuse_kind(s, m))
        return -1;
    if (s->kind != SOURCE_TABLE)
        return load_images(s, m);
    s->data = from_stdin ? load_stdin(m->table)
                         : gradus_table_load(m->table, path, 0);
    if (!s->data && !from_stdin)
        complain("%s", gradus_error());
    return s->data ? refuse_size(s, m, s->data) : -1;
}

void close_source(source *s)
{
    gradus_dataset_free(s->data);
    gradus_dataset_free(s->test);
    gradus_table_free(s->table);
}
