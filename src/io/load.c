/* load.c -- reads a graph, only its parameters, or only those of them that
 * match, from a model file (save.c).
 *
 * Parameters can also be read from files of other programs, which have none
 * of our metadata.  Such a file must hold exactly the graph's tensors: one
 * that the graph lacks means that the file belongs to another network, or
 * else its owner should remove that tensor on purpose. */
#include "io/io.h"

#include "base/error.h"
#include "graph/graph.h"

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
    return error ? gradus_error_set("gradus.classes: %s", gradus_error()) : 0;
}

/* Parses `text`, which the metadata hold for `key`, and lets `read` add what
 * it describes to g.  Whole numbers are parsed as doubles too, since an
 * integer cannot be -0. */
static int read_part(gradus_graph *g, const char *key, const char *text,
                     int (*read)(gradus_graph *g, const json_t *json))
{
    json_t *json = gradus_json_parse(key, text, strlen(text),
                                     JSON_DECODE_INT_AS_REAL);
    int error = !json || read(g, json);

    json_decref(json);
    return error;
}

/* Gives g the texts of the metadata that are the caller's, and the table. */
static int read_notes(gradus_graph *g, json_t *metadata)
{
    const char *key;
    json_t *value;

    json_object_foreach(metadata, key, value)
        if ((strncmp(key, "gradus.", 7) != 0 ||
             strcmp(key, "gradus.table") == 0) &&
            gradus_set_note(g, key, json_string_value(value)))
            return -1;
    return 0;
}

/* The number must be written as save.c writes it, with no sign and no leading
 * zeros, so that a graph that is loaded is saved to the same bytes. */
int gradus_read_count(const json_t *metadata, const char *key, uint64_t *count)
{
    const char *text = json_string_value(json_object_get(metadata, key));
    char again[32];

    *count = text ? strtoull(text, NULL, 10) : 0;
    snprintf(again, sizeof again, "%ju", (uintmax_t)*count);
    if (text && strcmp(text, again) != 0)
        return gradus_error_set("%s is \"%.32s\"; must be a whole number of "
                                "64 bits", key, text);
    return 0;
}

int gradus_read_counts(gradus_graph *g, const json_t *metadata)
{
    uint64_t passes, epochs;

    if (gradus_read_count(metadata, "gradus.passes", &passes) ||
        gradus_read_count(metadata, "gradus.epochs", &epochs))
        return -1;
    g->passes = passes;
    g->epochs = epochs;
    return 0;
}

int gradus_load_graph(const gradus_safetensors *f, gradus_graph **g)
{
    const char *version, *seed_text, *nodes, *classes = NULL;
    json_error_t error;
    uint64_t seed;

    if (!f->own)
        return gradus_error_set("holds no architecture, as gradus did not "
                                "write it: build the graph and call "
                                "gradus_load_parameters");
    if (json_unpack_ex(f->metadata, &error, 0, "{s:s, s:s, s:s, s?s}",
                       "gradus.version", &version, "gradus.seed", &seed_text,
                       "gradus.architecture", &nodes, "gradus.classes",
                       &classes))
        return gradus_error_set("__metadata__: %s", error.text);
    if (strcmp(version, "1") != 0)
        return gradus_error_set("gradus.version is %.16s; must be 1 (a later "
                                "gradus may read it)", version);
    if (gradus_read_count(f->metadata, "gradus.seed", &seed))
        return -1;
    *g = gradus_graph_new(seed);
    return !*g || gradus_read_counts(*g, f->metadata) ||
           read_notes(*g, f->metadata) ||
           read_part(*g, "gradus.architecture", nodes,
                     gradus_architecture_read) ||
           (classes && read_part(*g, "gradus.classes", classes, read_classes));
}

/* The most bytes that a graph loaded from f may take: see
 * gradus_load_options. */
static size_t most_bytes(const gradus_safetensors *f,
                         const gradus_load_options *options)
{
    size_t extra = options && options->max_bytes ? options->max_bytes
                                                 : (size_t)1 << 30;

    return (uintmax_t)f->size < (SIZE_MAX - extra) / 4
               ? extra + 4 * (size_t)f->size : SIZE_MAX;
}

/* The file's shapes are compared with the graph's before compiling
 * allocates memory, so a small file cannot claim memory for more parameters
 * than it contains; and how much the nodes' values may take is limited. */
int gradus_load_compile(gradus_safetensors *f, gradus_graph *g, int max_batch,
                        int threads, const gradus_load_options *options)
{
    return gradus_safetensors_match(f, g, 0) ||
           gradus_compile_plan(g, max_batch, threads,
                               most_bytes(f, options)) ||
           gradus_safetensors_read(f, g->theta);
}

gradus_graph *gradus_load(const char *path, int max_batch, int threads,
                          const gradus_load_options *options)
{
    gradus_safetensors f;
    gradus_graph *g = NULL;

    if (!path)
        return gradus_error_set("gradus_load: the path is NULL"), NULL;
    if (gradus_safetensors_open(&f, path) || gradus_load_graph(&f, &g) ||
        gradus_load_compile(&f, g, max_batch, threads, options)) {
        gradus_error_set("%s: %s", path, gradus_error());
        gradus_graph_free(g);
        g = NULL;
    }
    gradus_safetensors_close(&f);
    return g;
}

/* Reads all parameters of g to theta [parameters]. */
static int read_all(gradus_safetensors *f, gradus_graph *g, gradus_real *theta)
{
    return gradus_safetensors_match(f, g, 0) ||
           gradus_safetensors_read(f, theta) ||
           (f->own && gradus_read_counts(g, f->metadata));
}

/* Reads those parameters to theta that the file has in the same shape; the
 * others are there as they are in g. */
static int read_matching(gradus_safetensors *f, gradus_graph *g,
                         gradus_real *theta, FILE *report)
{
    f->matching = true;
    memcpy(theta, g->theta, g->parameters * sizeof *theta);
    if (gradus_safetensors_match(f, g, 0) ||
        gradus_safetensors_read(f, theta) ||
        (report && gradus_safetensors_report(f, g, report)))
        return -1;
    return f->matched ? 0
                      : gradus_error_set("holds no parameter of the graph in "
                                         "the same shape; give the nodes the "
                                         "names that they have in the file "
                                         "(gradus_set_name)");
}

/* The values go to a block of their own first, so that an error among them
 * leaves the graph as it was.  Returns how many parameters were loaded. */
static int load(const char *function, gradus_graph *g, const char *path,
                bool matching, FILE *report)
{
    gradus_safetensors f;

    if (gradus_need_compiled(g, function))
        return -1;
    if (!path)
        return gradus_error_set("%s: the path is NULL", function);
    gradus_real *theta = malloc(g->parameters * sizeof *theta + 1);
    if (!theta)
        return gradus_no_memory("the parameters of %s", path);
    int error = gradus_safetensors_open(&f, path) ||
                (matching ? read_matching(&f, g, theta, report)
                          : read_all(&f, g, theta));
    if (error) {
        gradus_error_set("%s: %s", path, gradus_error());
    } else {
        memcpy(g->theta, theta, g->parameters * sizeof *theta);
        g->gradients_old = g->params_changed = true;
    }
    free(theta);
    gradus_safetensors_close(&f);
    return error ? -1 : f.matched;
}

int gradus_load_parameters(gradus_graph *g, const char *path)
{
    return load("gradus_load_parameters", g, path, false, NULL) < 0 ? -1 : 0;
}

int gradus_load_matching(gradus_graph *g, const char *path, FILE *report)
{
    return load("gradus_load_matching", g, path, true, report);
}
