/* save.c -- writes model files; safetensors.c has their format.
 *
 * The metadata are strings, in this order:
 *
 *   gradus.checksum      the CRC-32 of the file with eight zeros in its place
 *   gradus.version       "1"
 *   gradus.seed          decimal (many readers' JSON numbers have 53 bits)
 *   gradus.architecture  JSON, see architecture.c
 *   gradus.classes       JSON, the list of names, if there are any
 *
 * The tensors are the parameters in the order of the nodes, with names like
 * dense1.weight.  The file is written next to its target and then renamed,
 * so that the target is never half written (atomic.c). */
#include "io/io.h"

#include "base/bytes.h"
#include "base/error.h"
#include "graph/graph.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Prints the names of the classes as a list of strings. */
static int print_classes(FILE *f, const gradus_graph *g)
{
    for (int i = 0; i < g->class_count; i++)
        gradus_print_string(f, i ? "," : "[", g->class_name[i]);
    putc(']', f);
    return 0;
}

/* Prints an entry of the metadata: the key, and a string that contains the
 * JSON which `print` prints. */
static int print_part(FILE *f, const gradus_graph *g, const char *key,
                      gradus_printer *print)
{
    char *text = gradus_json_print(key, print, g);

    if (!text)
        return -1;
    gradus_print_string(f, ",", key);
    gradus_print_string(f, ":", text);
    free(text);
    return 0;
}

/* Prints the header's entry for parameter p of node n.  Its values lie in the
 * data as they lie in theta. */
static void print_tensor(FILE *f, const gradus_node *n, const gradus_param *p)
{
    char name[128], shape[64];
    size_t begin = (size_t)(p->w - n->graph->theta);

    snprintf(name, sizeof name, "%s.%s", n->name, p->name);
    gradus_shape_text("", p->rank, p->shape, shape);
    gradus_print_string(f, ",", name);
    fprintf(f, ":{\"shape\":%s,\"dtype\":\"F%zu\","
            "\"data_offsets\":[%zu,%zu]}", shape, 8 * sizeof *p->w,
            begin * sizeof *p->w, (begin + p->size) * sizeof *p->w);
}

/* Prints the header, with zeros in place of the checksum.  Spaces at the
 * end make its length a multiple of 8, so that the values are aligned in
 * the file. */
static int print_header(FILE *f, const gradus_graph *g)
{
    fprintf(f, GRADUS_BEFORE_CHECKSUM "00000000\",\"gradus.version\":\"1\","
            "\"gradus.seed\":\"%ju\"", (uintmax_t)g->seed);
    if (print_part(f, g, "gradus.architecture", gradus_architecture_print) ||
        (g->class_count && print_part(f, g, "gradus.classes", print_classes)))
        return -1;
    putc('}', f);
    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++)
            print_tensor(f, g->node[i], &g->node[i]->param[j]);
    putc('}', f);
    fprintf(f, "%*s", (int)((8 - ftell(f) % 8) % 8), "");
    return 0;
}

/* Appends the values of parameter p, little-endian.  NaN and infinity are
 * not saved, since reading such a file would fail. */
static int put_values(gradus_atomic *a, const gradus_node *n,
                      const gradus_param *p)
{
    unsigned char bytes[8192];
    size_t room = sizeof bytes / sizeof *p->w, count;

    for (size_t i = 0; i < p->size; i += count) {
        const gradus_real *w = p->w + i;
        count = room < p->size - i ? room : p->size - i;
        for (size_t k = 0; k < count; k++) {
            if (!isfinite(w[k]))
                return gradus_error_set("%s.%s[%zu] is %g; must be finite",
                                        n->name, p->name, i + k, (double)w[k]);
            gradus_little_endian(bytes + k * sizeof *w, &w[k], sizeof *w);
        }
        if (gradus_atomic_write(a, bytes, count * sizeof *w))
            return -1;
    }
    return 0;
}

/* Writes the whole file: length of the header, header, values.  Then the
 * checksum of all that replaces its zeros in the header. */
static int put_file(gradus_atomic *a, const gradus_graph *g,
                    const char *header)
{
    uint64_t n = strlen(header);
    unsigned char length[8];
    char digits[16];

    gradus_little_endian(length, &n, sizeof length);
    if (gradus_atomic_write(a, length, sizeof length) ||
        gradus_atomic_write(a, header, n))
        return -1;
    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++)
            if (put_values(a, g->node[i], &g->node[i]->param[j]))
                return -1;
    snprintf(digits, sizeof digits, "%08lx", a->crc);
    a->at = 8 + sizeof GRADUS_BEFORE_CHECKSUM - 1;
    return gradus_atomic_write(a, digits, 8);
}

/* Writes the file beside path, and moves it to path if all went well. */
static int write_file(const gradus_graph *g, const char *header,
                      const char *path)
{
    gradus_atomic a;
    int error = gradus_atomic_open(&a, path) || put_file(&a, g, header) ||
                gradus_atomic_commit(&a);

    gradus_atomic_close(&a);
    return error;
}

int gradus_save(const gradus_graph *g, const char *path)
{
    if (gradus_need_compiled(g, "gradus_save"))
        return -1;
    if (!path)
        return gradus_error_set("gradus_save: the path is NULL");
    char *header = gradus_json_print("the header", print_header, g);
    int error = !header || write_file(g, header, path);
    free(header);
    return error ? gradus_error_set("%.255s: %s", path, gradus_error()) : 0;
}
