/* load.c -- reads a graph, or only its parameters, from a model file (save.c).
 *
 * Parameters can also be read from files of other programs, which have none
 * of our metadata.  Such a file must hold exactly the graph's tensors: one
 * that the graph lacks means that the file belongs to another network, or
 * else its owner should remove that tensor on purpose. */
#include "io/io.h"

#include "base/error.h"
#include "graph/graph.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Reads the names of the classes from a list of strings, and gives them to
 * the graph. */
static int read_classes(gradus_graph *g, const json_t *json)
{
    size_t n = json_array_size(json);

    if (!json_is_array(json))
        return gradus_error_set("gradus.classes must be a list of names");
    const char **name = calloc(n + 1, sizeof *name);
    if (!name)
        return gradus_no_memory("%zu names of classes", n);
    for (size_t i = 0; i < n; i++)
        name[i] = json_string_value(json_array_get(json, i));
    int error = gradus_set_class_names(g, (int)n, name);
    free(name);
    return error;
}

/* Parses the JSON that the metadata hold for `key`, and lets `read` add
 * what it describes to g.  Whole numbers are parsed as doubles too, since
 * an integer cannot be -0. */
static int read_part(gradus_graph *g, const gradus_safetensors *f,
                     const char *key,
                     int (*read)(gradus_graph *g, const json_t *json))
{
    const char *text = gradus_safetensors_string(f, key);

    if (!text)
        return gradus_error_set("%s is missing", key);
    json_t *json = gradus_json_parse(key, text, strlen(text),
                                     JSON_DECODE_INT_AS_REAL);
    int error = !json || read(g, json);
    json_decref(json);
    return error;
}

/* Reads the seed from decimal text.  It must be written as save.c writes
 * it, with no sign and no leading zeros, and be below 2^64, so that a graph
 * that is loaded is saved to the same bytes. */
static int read_seed(const char *text, uint64_t *seed)
{
    char again[32];

    if (!text)
        return gradus_error_set("gradus.seed is missing");
    *seed = strtoull(text, NULL, 10);
    snprintf(again, sizeof again, "%" PRIu64, *seed);
    if (strcmp(text, again) != 0)
        return gradus_error_set("gradus.seed is \"%.32s\"; must be a whole "
                                "number of 64 bits", text);
    return 0;
}

/* Builds the graph that the file's metadata describe.  Returns it, not
 * compiled yet, or NULL with a message. */
static gradus_graph *read_graph(const gradus_safetensors *f)
{
    const char *version = gradus_safetensors_string(f, "gradus.version");
    const char *classes = gradus_safetensors_string(f, "gradus.classes");
    uint64_t seed = 0;

    if (!f->own) {
        gradus_error_set("holds no architecture, as gradus did not write it: "
                         "build the graph and call gradus_load_parameters");
        return NULL;
    }
    if (!version || strcmp(version, "1") != 0) {
        gradus_error_set("gradus.version is %.16s; must be 1",
                         version ? version : "missing");
        return NULL;
    }
    if (read_seed(gradus_safetensors_string(f, "gradus.seed"), &seed))
        return NULL;
    gradus_graph *g = gradus_graph_new(seed);
    if (g &&
        (read_part(g, f, "gradus.architecture", gradus_architecture_read) ||
         (classes && read_part(g, f, "gradus.classes", read_classes)))) {
        gradus_graph_free(g);
        return NULL;
    }
    return g;
}

/* Prints p's shape to text as jansson prints a list: "[128,784]". */
static void print_shape(const gradus_param *p, char text[64])
{
    int n = 0;

    for (int k = 0; k < p->rank; k++)
        n += sprintf(text + n, "%c%d", k ? ',' : '[', p->shape[k]);
    strcpy(text + n, "]");
}

/* Returns the tensor called `name`, or NULL.  The tensors of most files are
 * in the order of the graph, so the search begins behind the tensor found
 * before, at index *next, and wraps round. */
static gradus_tensor *find(const gradus_safetensors *f, const char *name,
                           int *next)
{
    for (int i = 0; i < f->count; i++) {
        int at = (*next + i) % f->count;
        if (strcmp(f->tensor[at].name, name) == 0) {
            *next = at + 1;
            return &f->tensor[at];
        }
    }
    return NULL;
}

/* Finds the tensor of parameter p of node n, compares their shapes, and
 * pairs them. */
static int match_param(const gradus_safetensors *f, const gradus_node *n,
                       const gradus_param *p, int *next)
{
    char name[GRADUS_TENSOR_NAME], wanted[64], given[64];

    gradus_tensor_name(n, p, name);
    print_shape(p, wanted);
    gradus_tensor *t = find(f, name, next);
    if (!t)
        return gradus_error_set("tensor %s %s is missing", name, wanted);
    size_t length = json_dumpb(t->shape, given, 63, JSON_COMPACT);
    if (length < 1 || length > 63)
        length = (size_t)sprintf(given, "of many axes");
    given[length] = 0;
    if (strcmp(given, wanted) != 0)
        return gradus_error_set("tensor %s is %s in the file, %s in the graph",
                                name, given, wanted);
    t->param = p;
    return 0;
}

/* Pairs the tensors of the file with the parameters of the graph, one to
 * one.  A parameter without a tensor is an error, as is a tensor without a
 * parameter. */
static int match(const gradus_safetensors *f, const gradus_graph *g)
{
    int next = 0;

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++)
            if (match_param(f, g->node[i], &g->node[i]->param[j], &next))
                return -1;
    for (int t = 0; t < f->count; t++)
        if (!f->tensor[t].param)
            return gradus_error_set("tensor %.64s is not a parameter of "
                                    "the graph", f->tensor[t].name);
    return 0;
}

/* The file's shapes are compared with the graph's (match) before compiling
 * allocates memory, so a small file cannot claim memory for more values
 * than it contains. */
gradus_graph *gradus_load(const char *path, int max_batch, int threads)
{
    gradus_safetensors f;
    gradus_graph *g = NULL;

    if (!path) {
        gradus_error_set("gradus_load: the path is NULL");
        return NULL;
    }
    if (gradus_safetensors_open(&f, path) == 0)
        g = read_graph(&f);
    if (g && (match(&f, g) || gradus_compile_plan(g, max_batch, threads) ||
              gradus_safetensors_read(&f, g->theta, g->theta))) {
        gradus_graph_free(g);
        g = NULL;
    }
    gradus_safetensors_close(&f);
    if (!g)
        gradus_error_set("%.255s: %s", path, gradus_error());
    return g;
}

int gradus_load_parameters(gradus_graph *g, const char *path)
{
    gradus_safetensors f;
    gradus_real *theta = NULL;

    if (!g || !path)
        return gradus_error_set("gradus_load_parameters: the %s is NULL",
                                g ? "path" : "graph");
    if (!g->max_batch)
        return gradus_error_set("gradus_load_parameters: the graph is not "
                                "compiled yet; call gradus_compile first");
    /* The values go to a block of their own first, so that an error among
     * them leaves the graph as it was. */
    int error = gradus_safetensors_open(&f, path) || match(&f, g);
    if (!error) {
        theta = malloc(g->parameters * sizeof *theta + 1);
        error = theta ? gradus_safetensors_read(&f, g->theta, theta)
                      : gradus_no_memory("the parameters");
    }
    if (!error) {
        memcpy(g->theta, theta, g->parameters * sizeof *theta);
        g->gradients_old = g->params_changed = true;
    }
    free(theta);
    gradus_safetensors_close(&f);
    return error ? gradus_error_set("%.255s: %s", path, gradus_error()) : 0;
}
