/* source.c -- opens the data that a command is given. */
#define _DEFAULT_SOURCE
#include "source.h"

#include "common.h"

#include <errno.h>
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
}

/* Does the folder have a file of training images in MNIST's format? */
static int has_idx(const char *folder)
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
    *kind = !S_ISDIR(st.st_mode) ? SOURCE_TABLE
            : has_idx(path)      ? SOURCE_IDX
                                 : SOURCE_FOLDER;
    return 0;
}

void print_columns(FILE *to, const gradus_table *t)
{
    const int n = gradus_table_columns(t);

    fprintf(to, "%d column%s:", n, n == 1 ? "" : "s");
    for (int k = 0; k < n; k++)
        fprintf(to, "%s %s", k ? "," : "", printable(gradus_column_name(t, k)));
    fputc('\n', to);
}

/* Says that a table needs a label or a target, and which columns there are. */
static int refuse_unlabelled(const char *path, const source_options *o)
{
    gradus_table *t = gradus_table_new(path, &(gradus_table_options){
        .tolerant = true, .missing = GRADUS_MISSING_MEAN, .header =
        o->no_header ? GRADUS_CSV_NO_HEADER : GRADUS_CSV_NAMES });

    if (!t) {
        complain("%s", gradus_error());
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
    if (find_kind(path, &s->kind))
        return -1;
    if (s->kind == SOURCE_TABLE && !o->label && !o->targets[0])
        return refuse_unlabelled(path, o);
    if (!open_kind(s, o, NULL))
        return 0;
    complain("%s", gradus_error());
    return -1;
}

int open_source_for(source *s, const char *path, const gradus_graph *g)
{
    const gradus_node *x = gradus_node_at(g, 0);
    int shape[GRADUS_MAX_RANK], n = gradus_class_count(g);
    int rank = gradus_node_shape(x, shape), status = -1;
    const char **names = calloc((size_t)n + 1, sizeof *names);

    *s = (source){ .path = path };
    for (int k = 0; names && k < n; k++)
        names[k] = gradus_class_name(g, k);
    if (!names)
        complain("out of memory");
    else if (find_kind(path, &s->kind))
        ;
    else if (s->kind == SOURCE_TABLE) {
        s->table = gradus_get_table(g);
        s->data = s->table ? gradus_table_load(s->table, path, 0) : NULL;
        status = s->data ? 0 : -1;
    } else {
        const source_options o = {
            .grey = rank < 3 || shape[0] == 1,
            .height = rank == 3 ? shape[1] : 28,
            .width = rank == 3 ? shape[2] : 28 };
        status = open_kind(s, &o, &(gradus_image_folder_options){
                                      .class_names = n ? names : NULL,
                                      .classes = n });
    }
    if (status && names && (s->kind != SOURCE_TABLE || !s->data))
        complain("%s", gradus_error());
    free(names);
    return status;
}

void close_source(source *s)
{
    gradus_dataset_free(s->data);
    gradus_dataset_free(s->test);
    gradus_table_free(s->table);
}
