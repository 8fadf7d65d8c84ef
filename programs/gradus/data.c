/* data.c -- gradus data: what the loaders see in data, before any training. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "hashes.h"
#include "source.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: gradus data DATA [options]\n"
    "Prints what gradus train would see in DATA, a CSV file, a folder that\n"
    "has a folder of images for each class, or a folder of files in MNIST's\n"
    "format.\n"
    "\n"
    "Of a table: what each column is used for, or why it cannot be used;\n"
    "how many of its fields are empty; the least, mean and greatest number,\n"
    "or the number of categories and the most frequent ones; and which texts\n"
    "are numbers with a unit, such as 12 kg.  Of images: how many each class\n"
    "has, and the mean and the standard deviation of the pixels of each\n"
    "channel, which are 0 to 1.  Of both: how many rows are copies of\n"
    "others, in all that is used.\n"
    "\n"
    "  --label COLUMN, --target COLUMN, --ignore A,B,.., --no-header,\n"
    "  --size HxW, --grey\n"
    "               as gradus train has them\n"
    "  --json       print one JSON object, which has all categories\n"
    "  -h, --help   print this\n"
    "\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line.\n";

static const struct option options[] = {
    {"label", required_argument, NULL, 'L'},
    {"target", required_argument, NULL, 'T'},
    {"ignore", required_argument, NULL, 'I'},
    {"no-header", no_argument, NULL, 'N'},
    {"size", required_argument, NULL, 'Z'},
    {"grey", no_argument, NULL, 'G'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

enum {
    SHOWN = 5, /* categories of a column */
    NAME = 24  /* columns for the name of one */
};

/* Returns whether JSON is asked for. */
static int parse(source_options *o, int argc, char **argv)
{
    int json = 0;

    for (int c; (c = next_option(argc, argv, "h", options)) != -1;)
        switch (c) {
        case 'L': o->label = optarg; break;
        case 'T': take_columns("--target", optarg, o->targets); break;
        case 'I': take_columns("--ignore", optarg, o->ignore); break;
        case 'N': o->no_header = 1; break;
        case 'Z': take_size(optarg, o); break;
        case 'G': o->grey = 1; break;
        case 'j': json = 1; break;
        case 'h':
            fputs(help, stdout);
            exit(finish_stdout());
        default: wrong_option();
        }
    if (argc - optind != 1)
        usage_error("data: got %d arguments; must be one DATA: a CSV file or "
                    "a folder", argc - optind);
    if (o->label && o->targets[0])
        usage_error("--label and --target do not go together: a net learns "
                    "classes or numbers; leave one of them out");
    return json;
}

/* ---- what is counted ---------------------------------------------------- */

/* A class or a category. */
typedef struct {
    const char *name;
    size_t rows;
} group;

/* What stands in a column; the array is owned. */
typedef struct {
    size_t missing;
    double least, mean, greatest; /* of numbers; NAN where there are none */
    int groups;                   /* of a text or a label: */
    group *group;                 /* [groups], the most frequent first */
} column;

static int by_rows(const void *a, const void *b)
{
    const group *x = a, *y = b;

    if (x->rows != y->rows)
        return x->rows < y->rows ? 1 : -1;
    return strcmp(x->name, y->name);
}

/* Sees the numbers v [n], which are `step` apart. */
static column see_numbers(const gradus_real *v, size_t n, size_t step)
{
    column c = { .least = NAN, .mean = NAN, .greatest = NAN };
    double sum = 0;

    for (size_t i = 0; i < n; i++, v += step) {
        c.missing += isnan(*v);
        sum += isnan(*v) ? 0 : *v;
        c.least = fmin(c.least, *v);
        c.greatest = fmax(c.greatest, *v);
    }
    if (c.missing < n)
        c.mean = sum / (double)(n - c.missing);
    return c;
}

/* Sees the categories of column k of a table, in d.  Those of a text are
 * values of x that are 0, 1 or missing. */
static column see_groups(const gradus_table *t, int k, const gradus_dataset *d)
{
    const char *name;
    const int first = gradus_column_span(t, k, NULL);
    const int is_text = strcmp(gradus_column_use(t, k), "text") == 0;
    column c = { .groups = 0 };

    while (gradus_column_category(t, k, c.groups))
        c.groups++;
    c.group = calloc((size_t)c.groups + 1, sizeof *c.group);
    for (int g = 0; c.group && (name = gradus_column_category(t, k, g)); g++) {
        c.group[g].name = name;
        for (size_t i = 0; i < d->n; i++)
            if (is_text)
                c.group[g].rows +=
                    d->x[i * (size_t)d->size + (size_t)(first + g)] == 1;
            else
                c.group[g].rows += d->labels[i] == g;
    }
    for (size_t i = 0; i < d->n && is_text; i++)
        c.missing += isnan(d->x[i * (size_t)d->size + (size_t)first]) != 0;
    if (c.group)
        qsort(c.group, (size_t)c.groups, sizeof *c.group, by_rows);
    return c;
}

static column see_column(const gradus_table *t, int k, const gradus_dataset *d)
{
    const char *use = gradus_column_use(t, k);
    const size_t first = (size_t)gradus_column_span(t, k, NULL);

    if (strcmp(use, "number") == 0)
        return see_numbers(d->x + first, d->n, (size_t)d->size);
    if (strcmp(use, "target") == 0)
        return see_numbers(d->targets + first, d->n, (size_t)d->target_size);
    if (strcmp(use, "ignored") == 0)
        return (column){ .least = NAN };
    return see_groups(t, k, d);
}

/* Returns how many rows are the same as one before them. */
static size_t copies(const gradus_dataset *d)
{
    row_hash *all = hash_rows(d);
    size_t count = 0;

    for (size_t i = 1; all && i < d->n; i++)
        count += all[i].input == all[i - 1].input &&
                 all[i].answer == all[i - 1].answer;
    free(all);
    return count;
}

/* ---- a table ------------------------------------------------------------ */

static void print_column(const gradus_table *t, int k, int width,
                         const column *c)
{
    const char *fault = gradus_column_fault(t, k);

    print_cell(stdout, gradus_column_name(t, k), width, 0);
    if (fault) {
        printf("  cannot be used: %s\n", printable(fault));
        return;
    }
    printf("  %-8s %8zu  ", gradus_column_use(t, k), c->missing);
    if (!isnan(c->least) && !c->group)
        printf("%.6g to %.6g, mean %.6g", c->least, c->greatest, c->mean);
    if (c->group)
        printf("%d different:", c->groups);
    for (int i = 0; i < c->groups && i < SHOWN && c->group; i++)
        printf("%s %s (%zu)", i ? "," : "", printable(c->group[i].name),
               c->group[i].rows);
    printf("%s\n", c->groups > SHOWN ? ", .." : "");
}

static void print_table(const source *s)
{
    const int n = gradus_table_columns(s->table);
    int width = 6;

    for (int k = 0; k < n; k++) {
        const int w =
            text_width(printable(gradus_column_name(s->table, k)));
        width = w > width ? w : width;
    }
    printf("%s: %zu rows, %d column%s\n", printable(s->path), s->data->n, n,
           n == 1 ? "" : "s");
    print_cell(stdout, "column", width, 0);
    printf("  %-8s %8s\n", "use", "empty");
    for (int k = 0; k < n; k++) {
        column c = see_column(s->table, k, s->data);
        print_column(s->table, k, width, &c);
        free(c.group);
    }
    print_units(stdout, s->table);
    if (s->data->size || s->data->labels || s->data->targets)
        printf("duplicate rows: %zu (in the columns that are used)\n",
               copies(s->data));
}

static json_t *groups_json(const group *g, int n)
{
    json_t *list = json_array();

    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:o, s:I}", "name",
                                              json_text(g[i].name), "rows",
                                              (json_int_t)g[i].rows));
    return list;
}

static json_t *column_json(const gradus_table *t, int k, const column *c)
{
    const char *fault = gradus_column_fault(t, k),
               *use = gradus_column_use(t, k);
    json_t *json = json_pack("{s:o, s:s}", "name",
                             json_text(gradus_column_name(t, k)), "use", use);

    if (fault)
        json_object_set_new(json, "fault", json_text(fault));
    else if (strcmp(use, "ignored") != 0)
        json_object_set_new(json, "empty",
                            json_integer((json_int_t)c->missing));
    if (gradus_column_has_unit(t, k))
        json_object_set_new(json, "has_unit", json_true());
    if (c->group)
        json_object_set_new(json, "categories",
                            groups_json(c->group, c->groups));
    else if (!isnan(c->least)) {
        json_object_set_new(json, "min", json_real(c->least));
        json_object_set_new(json, "mean", json_real(c->mean));
        json_object_set_new(json, "max", json_real(c->greatest));
    }
    return json;
}

static json_t *table_json(const source *s)
{
    json_t *columns = json_array();

    for (int k = 0; k < gradus_table_columns(s->table); k++) {
        column c = see_column(s->table, k, s->data);
        json_array_append_new(columns, column_json(s->table, k, &c));
        free(c.group);
    }
    return json_pack("{s:I, s:o, s:I}", "rows", (json_int_t)s->data->n,
                     "columns", columns, "duplicates",
                     (json_int_t)copies(s->data));
}

/* ---- images ------------------------------------------------------------- */

/* Sets the mean and the standard deviation of the pixels of channel c, whose
 * values are divided by 255. */
static void see_channel(const gradus_dataset *d, int c, double *mean,
                        double *std)
{
    const size_t channels = (size_t)d->channels,
                 size = (size_t)d->size / channels;
    double count[256] = { 0 }, sum = 0, squares = 0;
    const double n = (double)d->n * (double)size;

    for (size_t i = 0; i < d->n; i++)
        for (size_t j = 0; j < size; j++)
            count[d->pixels[(i * channels + (size_t)c) * size + j]]++;
    for (int v = 0; v < 256; v++)
        sum += count[v] * v / 255;
    *mean = sum / n;
    for (int v = 0; v < 256; v++)
        squares += count[v] * (v / 255. - *mean) * (v / 255. - *mean);
    *std = sqrt(squares / n);
}

/* How many images each class has, in the order of the classes.  name [K][16]
 * has room for numbers.  Returns NULL if memory runs out. */
static group *see_classes(const gradus_dataset *d, char (*name)[16])
{
    group *g = calloc((size_t)d->classes + 1, sizeof *g);

    for (int k = 0; g && k < d->classes; k++) {
        snprintf(name[k], sizeof name[k], "%d", k);
        g[k].name = d->class_names ? d->class_names[k] : name[k];
    }
    for (size_t i = 0; g && i < d->n; i++)
        g[d->labels[i]].rows++;
    return g;
}

static void print_images(const char *what, const gradus_dataset *d,
                         const group *g)
{
    if (d->height)
        printf("%s: %zu images of %d channel%s, %d x %d pixels (height, "
               "width), %d classes\n", what, d->n, d->channels,
               d->channels == 1 ? "" : "s", d->height, d->width, d->classes);
    else
        printf("%s: %zu rows of %d bytes, %d classes\n", what, d->n, d->size,
               d->classes);
    print_cell(stdout, "class", NAME, 0);
    printf(" %8s\n", "rows");
    for (int k = 0; k < d->classes; k++) {
        print_cell(stdout, g[k].name, NAME, 0);
        printf(" %8zu\n", g[k].rows);
    }
    for (int c = 0; c < d->channels; c++) {
        double mean, std;
        see_channel(d, c, &mean, &std);
        printf("channel %d: mean %.4f, standard deviation %.4f\n", c, mean,
               std);
    }
    printf("duplicate rows: %zu (with the same class)\n", copies(d));
}

static json_t *images_json(const gradus_dataset *d, const group *g)
{
    json_t *channels = json_array();

    for (int c = 0; c < d->channels; c++) {
        double mean, std;
        see_channel(d, c, &mean, &std);
        json_array_append_new(channels, json_pack("{s:f, s:f}", "mean", mean,
                                                  "std", std));
    }
    return json_pack("{s:I, s:i, s:i, s:o, s:o, s:I}", "images",
                     (json_int_t)d->n, "height", d->height, "width", d->width,
                     "channels", channels, "classes",
                     groups_json(g, d->classes), "duplicates",
                     (json_int_t)copies(d));
}

/* Prints a dataset of images or, if `to` is not NULL, adds it there. */
static int show_images(const char *what, const gradus_dataset *d, json_t *to)
{
    char (*name)[16] = calloc((size_t)d->classes + 1, sizeof *name);
    group *g = name ? see_classes(d, name) : NULL;

    if (!g)
        complain("out of memory for %d classes", d->classes);
    else if (to)
        json_object_set_new(to, what, images_json(d, g));
    else
        print_images(what, d, g);
    free(name);
    free(g);
    return g ? 0 : -1;
}

/* ---- all of it ---------------------------------------------------------- */

static int show(const source *s, int as_json)
{
    json_t *json = NULL;
    int failed = 0;

    if (s->kind == SOURCE_TABLE && !as_json)
        print_table(s);
    else if (s->kind == SOURCE_TABLE)
        json = table_json(s);
    else {
        json = as_json ? json_object() : NULL;
        failed = show_images(s->test ? "train" : "all", s->data, json) ||
                 (s->test && show_images("test", s->test, json));
    }
    return as_json && !failed ? print_json(json) : failed;
}

int command_data(int argc, char **argv)
{
    static source_options o = { .height = 32, .width = 32 }; /* large */
    source s;
    const int json = parse(&o, argc, argv);
    int failed = look_at_source(&s, argv[optind], &o) || show(&s, json);

    close_source(&s);
    return failed ? 1 : 0;
}
