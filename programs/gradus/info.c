/* info.c -- gradus info: what is in a model file. */
#define _DEFAULT_SOURCE
#include "command.h"
#include "common.h"
#include "dot.h"
#include "model.h"
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: gradus info MODEL [options]\n"
    "Prints what is in MODEL, a file of gradus train --save: the nodes of\n"
    "the net, the names of the classes, the columns of the table that it\n"
    "was trained on, how it was trained, and the hash of its weights, which\n"
    "two models share if they are the same to the last bit.\n"
    "\n"
    "  --dot        print the net as a graph for Graphviz:\n"
    "                   gradus info MODEL --dot | dot -Tsvg > net.svg\n"
    "  --json       print one JSON object\n"
    "  -h, --help   print this\n"
    "\n"
    "Exit status: 0 on success, 1 on an error, 2 for a wrong command line.\n";

static const struct option options[] = {
    {"dot", no_argument, NULL, 'd'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

enum { WORDS, DOT, JSON };

/* Returns the form that is asked for. */
static int parse(int argc, char **argv)
{
    int form = WORDS;

    for (int c; (c = next_option(argc, argv, "h", options)) != -1;) {
        if (c == 'h') {
            fputs(help, stdout);
            exit(finish_stdout());
        }
        if (c != 'd' && c != 'j')
            wrong_option();
        if (form != WORDS && form != (c == 'd' ? DOT : JSON))
            usage_error("--dot and --json do not go together; leave one of "
                        "them out");
        form = c == 'd' ? DOT : JSON;
    }
    if (argc - optind != 1)
        usage_error("info: got %d arguments; must be one, a MODEL that gradus "
                    "train has saved", argc - optind);
    return form;
}

/* Metadata of the library itself are printed in other ways. */
static int is_shown(const char *key)
{
    return strncmp(key, "gradus.", 7) != 0;
}

/* ---- words -------------------------------------------------------------- */

static void print_classes(const gradus_graph *g)
{
    const int n = gradus_class_count(g);

    if (n)
        printf("\n%d classes:", n);
    for (int k = 0; k < n; k++)
        printf("%s %s", k ? "," : "", printable(gradus_class_name(g, k)));
    fputs(n ? "\n" : "", stdout);
}

/* What the column is, and its categories. */
static void print_column(const gradus_table *t, int k, int width)
{
    const char *one;

    print_cell(stdout, gradus_column_name(t, k), width, 0);
    printf("  %-8s", gradus_column_use(t, k));
    for (int i = 0; (one = gradus_column_category(t, k, i)); i++)
        printf("%s %s", i ? "," : "", printable(one));
    putchar('\n');
}

static void print_table(const gradus_table *t)
{
    const int n = gradus_table_columns(t);
    int width = 0;

    for (int k = 0; k < n; k++) {
        const int w = text_width(printable(gradus_column_name(t, k)));
        width = w > width ? w : width;
    }
    if (n)
        printf("\n%d column%s of a table\n", n, n == 1 ? "" : "s");
    for (int k = 0; k < n; k++)
        print_column(t, k, width);
}

static void print_metadata(const gradus_graph *g)
{
    const char *key;

    putchar('\n');
    for (int i = 0; (key = gradus_metadata_key(g, i)); i++)
        if (is_shown(key))
            printf("%s: %s\n", printable(key),
                   printable(gradus_metadata(g, key)));
    printf("hash of the weights: %016" PRIx64 "\n", gradus_parameters_hash(g));
}

static int print_words(const gradus_graph *g, const gradus_table *t)
{
    if (gradus_summary(g, stdout))
        return -1; /* finish_stdout says why */
    print_classes(g);
    print_table(t);
    print_metadata(g);
    return 0;
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *node_json(const gradus_node *n)
{
    int shape[GRADUS_MAX_RANK], rank = gradus_node_shape(n, shape);
    json_t *axes = json_array(), *inputs = json_array();

    for (int i = 0; i < rank; i++)
        json_array_append_new(axes, json_integer(shape[i]));
    for (int j = 0; j < n->n_in; j++)
        json_array_append_new(inputs,
                              json_string(gradus_node_name(n->in[j])));
    return json_pack("{s:s, s:s, s:o, s:o, s:I}", "name", gradus_node_name(n),
                     "op", gradus_node_op(n), "operands", inputs, "shape",
                     axes, "parameters", (json_int_t)parameters_of(n));
}

static json_t *column_json(const gradus_table *t, int k)
{
    json_t *categories = json_array();
    const char *one;

    for (int i = 0; (one = gradus_column_category(t, k, i)); i++)
        json_array_append_new(categories, json_string(one));
    return json_pack("{s:s, s:s, s:o}", "name", gradus_column_name(t, k),
                     "use", gradus_column_use(t, k), "categories", categories);
}

static int print_as_json(const gradus_graph *g, const gradus_table *t)
{
    json_t *nodes = json_array(), *classes = json_array(),
           *columns = json_array(), *metadata = json_object();
    const char *key;
    char hash[24];

    for (int i = 0; i < gradus_node_count(g); i++)
        json_array_append_new(nodes, node_json(gradus_node_at(g, i)));
    for (int k = 0; k < gradus_class_count(g); k++)
        json_array_append_new(classes, json_string(gradus_class_name(g, k)));
    for (int k = 0; k < gradus_table_columns(t); k++)
        json_array_append_new(columns, column_json(t, k));
    for (int i = 0; (key = gradus_metadata_key(g, i)); i++)
        if (is_shown(key))
            json_object_set_new(metadata, key,
                                json_string(gradus_metadata(g, key)));
    snprintf(hash, sizeof hash, "%016" PRIx64, gradus_parameters_hash(g));
    return print_json(json_pack(
        "{s:o, s:I, s:s, s:o, s:o, s:o}", "nodes", nodes, "parameters",
        (json_int_t)gradus_parameter_count(g), "weights_hash", hash,
        "classes", classes, "columns", columns, "metadata", metadata));
}

int command_info(int argc, char **argv)
{
    const int form = parse(argc, argv);
    model m;
    int failed = open_model(&m, argv[optind], 1);

    if (!failed && gradus_metadata(m.graph, "gradus.table")) {
        m.table = gradus_get_table(m.graph);
        failed = !m.table;
        if (failed)
            complain("%s: %s", m.path, gradus_error());
    }
    if (!failed && form == DOT)
        print_dot(m.graph, NULL);
    else if (!failed)
        failed = form == JSON ? print_as_json(m.graph, m.table)
                              : print_words(m.graph, m.table);
    close_model(&m);
    return failed ? 1 : 0;
}
