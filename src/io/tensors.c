/* tensors.c -- pairs the parameters of a graph with the tensors of a file. */
#include "io/io.h"

#include "base/error.h"
#include "graph/graph.h"

#include <stdlib.h>
#include <string.h>

/* Reads a tensor's entry in the header to *t, whose name and size are set.
 * `wanted` is the shape that it must have, or NULL if it may have any; a count
 * that is passed over is one whole number.  Here the length of the data is
 * compared with the shape, and in gradus_safetensors_read their place with
 * those of the others. */
static int read_entry(gradus_safetensors *f, gradus_tensor *t, json_t *entry,
                      const char *wanted)
{
    char given[64] = "";
    const char *dtype;
    json_t *shape;
    json_error_t error;

    if (json_unpack_ex(entry, &error, JSON_STRICT, "{s:s, s:o, s:[I, I]}",
                       "dtype", &dtype, "shape", &shape, "data_offsets",
                       &t->begin, &t->end))
        return gradus_error_set("tensor %s: %s; must have a dtype, a shape, "
                                "data_offsets [begin, end] and nothing else",
                                t->name, error.text);
    json_dumpb(shape, given, sizeof given - 1, JSON_COMPACT | JSON_ENCODE_ANY);
    if (wanted && strcmp(given, wanted) != 0)
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
 * none serves two parameters, and those that serve none are left. */
static int read_tensor(gradus_safetensors *f, const char *name, size_t size,
                       const char *shape)
{
    gradus_tensor *t = &f->tensor[f->count++];

    t->to = f->values;
    t->size = size;
    f->values += size;
    snprintf(t->name, sizeof t->name, "%s", name);
    json_t *entry = json_object_get(f->header, name);
    if (!entry)
        return gradus_error_set("tensor %s %s is missing", name, shape);
    if (read_entry(f, t, entry, shape))
        return -1;
    json_object_del(f->header, name);
    return 0;
}

/* Finds the tensors of n's parameters. */
static int read_params(gradus_safetensors *f, const gradus_node *n)
{
    char name[128], shape[64];

    for (int j = 0; j < n->n_params; j++) {
        const gradus_param *p = &n->param[j];
        snprintf(name, sizeof name, "%s.%s", n->name, p->name);
        gradus_shape_text("", p->rank, p->shape, shape);
        if (read_tensor(f, name, p->size, shape))
            return -1;
    }
    return 0;
}

/* Passes over what the graph does not need: the arrays of a checkpoint, and
 * the number of batches that PyTorch's batch normalisation has seen. */
static int pass_over(gradus_safetensors *f, const char *name, json_t *entry)
{
    static const char tracked[] = ".num_batches_tracked";
    size_t n = strlen(name), end = sizeof tracked - 1;
    gradus_tensor *t = &f->tensor[f->count++];
    bool count = n > end && strcmp(name + n - end, tracked) == 0;

    if (!count && !(f->own && strncmp(name, "gradus:", 7) == 0))
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
