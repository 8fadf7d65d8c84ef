/* tensors.c -- pairs the parameters of a graph with the tensors of a file, and
 * reports which have none on the other side. */
#include "io/io.h"

#include "base/error.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

/* Writes the shape in the header, which may be NULL or no list, as JSON in
 * ASCII. */
static const char *shape_text(const json_t *shape, char text[64])
{
    memset(text, 0, 64);
    json_dumpb(shape, text, 63,
               JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    return text;
}

/* Reads a tensor's entry in the header to *t, whose name and size are set.
 * `wanted` is the shape that it must have, or NULL if it may have any; a count
 * that is passed over is one whole number.  Here the length of the data is
 * compared with the shape, and in gradus_safetensors_read their place with
 * those of the others. */
static int read_entry(gradus_safetensors *f, gradus_tensor *t, json_t *entry,
                      const char *wanted)
{
    char given[64];
    const char *dtype;
    json_t *shape;
    json_error_t error;

    if (json_unpack_ex(entry, &error, JSON_STRICT, "{s:s, s:o, s:[I, I]}",
                       "dtype", &dtype, "shape", &shape, "data_offsets",
                       &t->begin, &t->end))
        return gradus_error_set("tensor %s: %s; must have a dtype, a shape, "
                                "data_offsets [begin, end] and nothing else",
                                t->name, error.text);
    if (wanted && strcmp(shape_text(shape, given), wanted) != 0)
        return gradus_error_set("tensor %s is %s in the file, %s in the graph",
                                t->name, given, wanted);
    t->width = t->size && strcmp(dtype, "F32") == 0 ? 4 : 8;
    if (wanted && t->width == 8 && strcmp(dtype, t->size ? "F64" : "I64") != 0)
        return gradus_error_set("tensor %s has dtype %.16s; must be %s",
                                t->name, dtype,
                                t->size ? "F32 or F64" : "I64");
    json_int_t bytes = (json_int_t)(t->size ? t->size : 1) * t->width;
    if (!wanted && t->begin >= 0 && t->begin <= t->end && t->end <= f->size)
        bytes = t->end - t->begin;
    if (t->begin < 0 || t->end < 0 || t->end - t->begin != bytes)
        return gradus_error_set("tensor %s: its shape needs %lld bytes, but "
                                "its data_offsets are [%lld,%lld]", t->name,
                                bytes, t->begin, t->end);
    f->needed += bytes;
    return 0;
}

/* Finds a tensor of this name.  Its entry is taken out of the header, so that
 * none serves two parameters, and those that serve none are left; if
 * f->matching is set, so are those of another shape. */
static int read_tensor(gradus_safetensors *f, const char *name, size_t size,
                       const char *shape)
{
    json_t *entry = json_object_get(f->header, name);
    size_t to = f->values;
    char given[64];

    f->values += size;
    if (f->matching && strcmp(shape_text(json_object_get(entry, "shape"),
                                         given), shape) != 0)
        return 0;
    if (!entry)
        return gradus_error_set("tensor %s %s is missing", name, shape);
    gradus_tensor *t = &f->tensor[f->count++];
    t->to = to;
    t->size = size;
    snprintf(t->name, sizeof t->name, "%s", name);
    if (read_entry(f, t, entry, shape))
        return -1;
    json_object_del(f->header, name);
    f->matched++;
    return 0;
}

/* The name of p, a parameter of n, in files: such as dense1.weight. */
static const char *param_name(const gradus_node *n, const gradus_param *p,
                              char name[128])
{
    snprintf(name, 128, "%s.%s", n->name, p->name);
    return name;
}

/* Finds the tensors of n's parameters. */
static int read_params(gradus_safetensors *f, const gradus_node *n)
{
    char name[128], shape[64];

    for (int j = 0; j < n->n_params; j++) {
        const gradus_param *p = &n->param[j];
        gradus_shape_text("", p->rank, p->shape, shape);
        if (read_tensor(f, param_name(n, p, name), p->size, shape))
            return -1;
    }
    return 0;
}

/* Is this how many batches PyTorch's batch normalisation has seen? */
static bool is_count(const char *name)
{
    static const char tracked[] = ".num_batches_tracked";
    size_t n = strlen(name), end = sizeof tracked - 1;

    return n > end && strcmp(name + n - end, tracked) == 0;
}

/* Is this an array of a checkpoint? */
static bool is_array(const gradus_safetensors *f, const char *name)
{
    return f->own && strncmp(name, "gradus:", 7) == 0;
}

/* Passes over what the graph does not need. */
static int pass_over(gradus_safetensors *f, const char *name, json_t *entry)
{
    gradus_tensor *t = &f->tensor[f->count++];
    bool count = is_count(name);

    if (!count && !is_array(f, name) && !f->matching)
        return gradus_error_set("tensor %.64s is not a parameter of the "
                                "graph", name);
    snprintf(t->name, sizeof t->name, "%s", name);
    return read_entry(f, t, entry, count ? "[]" : NULL);
}

int gradus_safetensors_match(gradus_safetensors *f, const gradus_graph *g,
                             int arrays)
{
    const char *name;
    json_t *value;
    char array[32], shape[32];

    /* Each tensor takes an entry of the header; the last may find none. */
    f->tensor = calloc(json_object_size(f->header) + 1, sizeof *f->tensor);
    if (!f->tensor)
        return gradus_no_memory("the list of tensors");
    for (int i = 0; i < g->count; i++)
        if (read_params(f, g->node[i]))
            return -1;
    snprintf(shape, sizeof shape, "[%zu]", g->parameters);
    for (int i = 0; i < arrays; i++) {
        snprintf(array, sizeof array, GRADUS_ARRAY_NAME, i);
        if (read_tensor(f, array, g->parameters, shape))
            return -1;
    }
    json_object_foreach(f->header, name, value)
        if (value != f->metadata && pass_over(f, name, value))
            return -1;
    if (f->needed != f->size)
        return gradus_error_set("cut short or damaged: the tensors need %lld "
                                "bytes of data, but the file has %lld",
                                f->needed, f->size);
    return 0;
}

/* ---- the report --------------------------------------------------------- */

/* Has a tensor been read to value number `to`? */
static bool is_read(const gradus_safetensors *f, size_t to)
{
    for (const gradus_tensor *t = f->tensor; t < f->tensor + f->count; t++)
        if (t->size && t->to == to)
            return true;
    return false;
}

/* Prints a line for the parameter p of n, whose values begin at number
 * `to`. */
static void report_param(const gradus_safetensors *f, const gradus_node *n,
                         const gradus_param *p, size_t to, FILE *out)
{
    char name[128], shape[64], given[64];
    json_t *entry = json_object_get(f->header, param_name(n, p, name));

    gradus_shape_text("", p->rank, p->shape, shape);
    if (is_read(f, to))
        fprintf(out, "%s loaded\n", name);
    else if (!entry)
        fprintf(out, "%s: not in the file: kept as it was\n", name);
    else
        fprintf(out, "%s: got %s in the file; must be %s: kept as it was\n",
                name, shape_text(json_object_get(entry, "shape"), given),
                shape);
    json_object_del(f->header, name);
}

/* A name that only the file has may hold any character, so its line is shown
 * as error messages are. */
int gradus_safetensors_report(const gradus_safetensors *f,
                              const gradus_graph *g, FILE *out)
{
    const char *name;
    json_t *value;
    size_t to = 0;

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            const gradus_param *p = &g->node[i]->param[j];
            report_param(f, g->node[i], p, to, out);
            to += p->size;
        }
    json_object_foreach(f->header, name, value)
        if (value != f->metadata && !is_count(name) && !is_array(f, name)) {
            gradus_error_set("in the file alone: %s", name);
            fprintf(out, "%s\n", gradus_error());
        }
    if (fflush(out) || ferror(out))
        return gradus_error_set("the report cannot be written");
    return 0;
}
