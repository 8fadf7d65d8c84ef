/* save.c -- writes model files; safetensors.c has their format.
 *
 * The metadata are strings, in this order:
 *
 *   gradus.checksum      the CRC-32 of the file with eight zeros in its place
 *   gradus.version       "1"
 *   gradus.seed          decimal (many readers' JSON numbers have 53 bits)
 *   gradus.passes        decimal, the number of backward passes, unless 0
 *   gradus.epochs        decimal, the number of epochs, unless 0
 *   gradus.architecture  JSON, see architecture.c
 *   gradus.classes       JSON, the list of names, if there are any
 *   gradus.table         JSON, see table/saved.c, if there is a table
 *   others               what gradus_set_metadata set; these and the table
 *                        stand in the order in which they were set first
 *   gradus.checkpoint    JSON, see checkpoint.c, in a checkpoint
 *   gradus.replay        JSON, see train/replay.c, in a replay file
 *
 * The tensors are the parameters in the order of the nodes, with names like
 * dense1.weight, and then the arrays of a checkpoint.  The file is written
 * next to its target and then renamed, so that the target is never half
 * written (atomic.c). */
#include "io/io.h"

#include "base/bytes.h"
#include "base/error.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fails if the names are not as many as the classes, since they may be set
 * after compile. */
int gradus_classes_print(FILE *f, const gradus_contents *c)
{
    const gradus_graph *g = c->graph;

    if (gradus_check_class_count(g))
        return -1;
    for (int i = 0; i < g->class_count; i++)
        gradus_print_string(f, i ? "," : "[", g->class_name[i]);
    putc(']', f);
    return 0;
}

/* Prints an entry of the metadata: the key, and a string that contains the
 * JSON which `print` prints. */
static int print_part(FILE *f, const gradus_contents *c, const char *key,
                      gradus_printer *print)
{
    char *text = gradus_json_print(key, print, c);

    if (!text)
        return -1;
    gradus_print_string(f, ",", key);
    gradus_print_string(f, ":", text);
    free(text);
    return 0;
}

/* Prints the header's entry for a tensor of `size` values, of which the first
 * is number `first` of all. */
static void print_tensor(FILE *f, const char *name, const char *shape,
                         size_t first, size_t size)
{
    const size_t width = sizeof(gradus_real);

    gradus_print_string(f, ",", name);
    fprintf(f, ":{\"shape\":%s,\"dtype\":\"F%zu\","
            "\"data_offsets\":[%zu,%zu]}", shape, 8 * width, first * width,
            (first + size) * width);
}

/* Prints the entries of the parameters, whose values lie in the data as they
 * lie in theta, and of the arrays, which follow them. */
static void print_tensors(FILE *f, const gradus_contents *c)
{
    const gradus_graph *g = c->graph;
    char name[128], shape[64];

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            const gradus_param *p = &g->node[i]->param[j];
            snprintf(name, sizeof name, "%s.%s", g->node[i]->name, p->name);
            gradus_shape_text("", p->rank, p->shape, shape);
            print_tensor(f, name, shape, (size_t)(p->w - g->theta), p->size);
        }
    snprintf(shape, sizeof shape, "[%zu]", g->parameters);
    for (int i = 0; i < c->arrays; i++) {
        snprintf(name, sizeof name, GRADUS_ARRAY_NAME, i);
        print_tensor(f, name, shape, (size_t)(i + 1) * g->parameters,
                     g->parameters);
    }
}

/* Prints an entry of the metadata for a count, unless it is 0. */
static void print_count(FILE *f, const char *key, uint64_t count)
{
    if (count)
        fprintf(f, ",\"%s\":\"%ju\"", key, (uintmax_t)count);
}

/* Prints the header, with zeros in place of the checksum.  Spaces at the
 * end make its length a multiple of 8, so that the values are aligned in
 * the file. */
static int print_header(FILE *f, const gradus_contents *c)
{
    const gradus_graph *g = c->graph;

    fprintf(f, GRADUS_BEFORE_CHECKSUM "00000000\",\"gradus.version\":\"1\","
            "\"gradus.seed\":\"%ju\"", (uintmax_t)g->seed);
    print_count(f, "gradus.passes", g->passes);
    print_count(f, "gradus.epochs", g->epochs);
    if (print_part(f, c, "gradus.architecture", gradus_architecture_print) ||
        (g->class_count &&
         print_part(f, c, "gradus.classes", gradus_classes_print)))
        return -1;
    for (const gradus_note *n = g->notes; n; n = n->next) {
        gradus_print_string(f, ",", n->key);
        gradus_print_string(f, ":", n->text);
    }
    if (c->key) {
        gradus_print_string(f, ",", c->key);
        gradus_print_string(f, ":", c->text);
    }
    putc('}', f);
    print_tensors(f, c);
    putc('}', f);
    fprintf(f, "%*s", (int)((8 - ftell(f) % 8) % 8), "");
    return 0;
}

/* Appends the values [size] of the tensor node.param, little-endian.  NaN and
 * infinity are not saved, since reading such a file would fail. */
static int put_values(gradus_atomic *a, const char *node, const char *param,
                      const gradus_real *w, size_t size)
{
    unsigned char bytes[8192];
    size_t room = sizeof bytes / sizeof *w, count;

    for (size_t i = 0; i < size; i += count) {
        count = room < size - i ? room : size - i;
        for (size_t k = 0; k < count; k++) {
            if (!isfinite(w[i + k]))
                return gradus_error_set("%s.%s[%zu] is %g; must be finite",
                                        node, param, i + k, (double)w[i + k]);
            gradus_little_endian(bytes + k * sizeof *w, &w[i + k], sizeof *w);
        }
        if (gradus_atomic_write(a, bytes, count * sizeof *w))
            return -1;
    }
    return 0;
}

/* Appends the values of all parameters, and then the arrays. */
static int put_tensors(gradus_atomic *a, const gradus_contents *c)
{
    const gradus_graph *g = c->graph;

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++) {
            const gradus_param *p = &g->node[i]->param[j];
            if (put_values(a, g->node[i]->name, p->name, p->w, p->size))
                return -1;
        }
    for (int i = 0; i < c->arrays; i++)
        if (put_values(a, "the optimiser", "state", c->array[i],
                       g->parameters))
            return -1;
    return 0;
}

/* Writes the whole file: length of the header, header, values.  Then the
 * checksum of all that replaces its zeros in the header. */
static int put_file(gradus_atomic *a, const gradus_contents *c,
                    const char *header)
{
    uint64_t n = strlen(header);
    unsigned char length[8];
    char digits[16];

    if (n > GRADUS_MAX_HEADER)
        return gradus_error_set("its header would have %ju bytes; must be at "
                                "most %d", (uintmax_t)n, GRADUS_MAX_HEADER);
    gradus_little_endian(length, &n, sizeof length);
    if (gradus_atomic_write(a, length, sizeof length) ||
        gradus_atomic_write(a, header, n) || put_tensors(a, c))
        return -1;
    snprintf(digits, sizeof digits, "%08lx", a->crc);
    a->at = 8 + sizeof GRADUS_BEFORE_CHECKSUM - 1;
    return gradus_atomic_write(a, digits, 8);
}

/* Writes the file beside path, and moves it to path if all went well, unless
 * it is only a trial. */
static int put_file_at(const gradus_contents *c, const char *header,
                       const char *path)
{
    gradus_atomic a;
    int error = gradus_atomic_open(&a, path) || put_file(&a, c, header) ||
                gradus_atomic_commit(&a, c->trial);

    gradus_atomic_close(&a);
    return error;
}

int gradus_write_file(const gradus_contents *c, const char *path)
{
    char *header = gradus_json_print("the header", print_header, c);
    int error = !header || put_file_at(c, header, path);

    free(header);
    return error ? gradus_error_set("%s: %s", path, gradus_error()) : 0;
}

static int save(const gradus_graph *g, const char *path, bool trial,
                const char *function)
{
    if (gradus_need_compiled(g, function))
        return -1;
    if (!path)
        return gradus_error_set("%s: the path is NULL", function);
    if (*g->ranks->why) /* the parameters may be half sent */
        return gradus_error_set("%s: %s", function, g->ranks->why);
    if (g->ranks->rank > 0)
        return 0;
    return gradus_write_file(&(gradus_contents){ .graph = g, .trial = trial },
                             path);
}

int gradus_save(const gradus_graph *g, const char *path)
{
    return save(g, path, false, "gradus_save");
}

int gradus_try_save(const gradus_graph *g, const char *path)
{
    return save(g, path, true, "gradus_try_save");
}
