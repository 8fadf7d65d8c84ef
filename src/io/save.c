/* save.c -- writing model files: see safetensors.c for the format.
 *
 * The metadata, all strings, in this order:
 *
 *   gradus.checksum      CRC-32 of the file, its own digits taken as zeros
 *   gradus.version       "1"
 *   gradus.seed          decimal (a JSON number is too small for 64 bits)
 *   gradus.architecture  JSON: architecture.c
 *   gradus.classes       JSON: the names, where there are any
 *
 * The tensors are the parameters, in node order, named dense1.weight. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/locale.h"
#include "graph/graph.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Readers have no use for NaN and infinity. */
static int check_finite(const gradus_node *n)
{
    for (int j = 0; j < n->n_params; j++)
        for (size_t i = 0; i < n->param[j].size; i++)
            if (!isfinite(n->param[j].w[i]))
                return gradus_error_set("not saved: value %zu of %s.%s is %g",
                                        i, n->name, n->param[j].name,
                                        (double)n->param[j].w[i]);
    return 0;
}

static int print_classes(FILE *f, const gradus_graph *g)
{
    for (int i = 0; i < g->class_count; i++) {
        putc(i ? ',' : '[', f);
        gradus_print_string(f, g->class_name[i]);
    }
    putc(']', f);
    return 0;
}

/* An entry of the metadata: JSON, as a string. */
static int print_part(FILE *f, const gradus_graph *g, const char *key,
                      gradus_printer *print)
{
    char *text = gradus_json_print(key, print, g);

    if (!text)
        return -1;
    fprintf(f, ",\"%s\":", key);
    gradus_print_string(f, text);
    free(text);
    return 0;
}

/* p's entry; its values lie from byte `at` of the data. */
static void print_tensor(FILE *f, const gradus_node *n, const gradus_param *p,
                         size_t at)
{
    char name[GRADUS_TENSOR_NAME];

    gradus_tensor_name(n, p, name);
    putc(',', f);
    gradus_print_string(f, name);
    fputs(":{\"shape\":", f);
    for (int k = 0; k < p->rank; k++)
        fprintf(f, "%c%d", k ? ',' : '[', p->shape[k]);
    fprintf(f, "],\"dtype\":\"F%zu\",\"data_offsets\":[%zu,%zu]}",
            8 * sizeof *p->w, at, at + p->size * sizeof *p->w);
}

/* Zeros stand in for the checksum.  Spaces at the end make the length a
 * multiple of 8, so that the values lie aligned in the file. */
static int print_header(FILE *f, const gradus_graph *g)
{
    size_t at = 0;

    fprintf(f, GRADUS_BEFORE_CHECKSUM "00000000\",\"gradus.version\":\"1\","
            "\"gradus.seed\":\"%" PRIu64 "\"", g->seed);
    if (print_part(f, g, "gradus.architecture", gradus_architecture_print) ||
        (g->class_count && print_part(f, g, "gradus.classes", print_classes)))
        return -1;
    putc('}', f);
    for (int i = 0; i < g->count; i++) {
        const gradus_node *n = g->node[i];
        for (int j = 0; j < n->n_params; j++) {
            print_tensor(f, n, &n->param[j], at);
            at += n->param[j].size * sizeof(gradus_real);
        }
    }
    putc('}', f);
    fprintf(f, "%*s", (int)((8 - ftell(f) % 8) % 8), "");
    return 0;
}

/* Returns the header, which the caller frees, or NULL with a message.  Parsing
 * it finds the names that could not be loaded, not UTF-8 or used twice, which
 * a layer of the caller's own may have. */
static char *header_text(const gradus_graph *g)
{
    gradus_c_locale locale;
    json_t *json = NULL;

    if (gradus_c_locale_enter(&locale))
        return NULL;
    char *text = gradus_json_print("the header", print_header, g);
    gradus_c_locale_leave(&locale);
    if (text)
        json = gradus_json_parse("the header", text, strlen(text), 0);
    if (!json) {
        free(text);
        return NULL;
    }
    json_decref(json);
    return text;
}

/* Where bytes go: into the sum, and into the file unless that is NULL. */
typedef struct {
    unsigned long crc;
    gradus_atomic *file;
} sink;

static int emit(sink *s, const void *bytes, size_t n)
{
    s->crc = crc32(s->crc, bytes, (uInt)n);
    return s->file ? gradus_atomic_write(s->file, bytes, n) : 0;
}

static uint64_t bits(const gradus_real *v)
{
    uint64_t wide = 0;
    uint32_t narrow;

    if (sizeof *v == sizeof wide) {
        memcpy(&wide, v, sizeof *v);
        return wide;
    }
    memcpy(&narrow, v, sizeof narrow);
    return narrow;
}

static int emit_values(sink *s, const gradus_real *w, size_t count)
{
    unsigned char bytes[8192];
    size_t room = sizeof bytes / sizeof *w, n;

    for (size_t i = 0; i < count; i += n) {
        n = room < count - i ? room : count - i;
        for (size_t k = 0; k < n; k++)
            gradus_put_little_endian(bits(&w[i + k]), bytes + k * sizeof *w,
                                     sizeof *w);
        if (emit(s, bytes, n * sizeof *w))
            return -1;
    }
    return 0;
}

static int emit_file(sink *s, const gradus_graph *g, const char *header)
{
    size_t n = strlen(header);
    unsigned char length[8];

    gradus_put_little_endian(n, length, sizeof length);
    if (emit(s, length, sizeof length) || emit(s, header, n))
        return -1;
    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++)
            if (emit_values(s, g->node[i]->param[j].w,
                            g->node[i]->param[j].size))
                return -1;
    return 0;
}

static void fill_checksum(const gradus_graph *g, char *header)
{
    sink s = { crc32(0, NULL, 0), NULL };
    char digits[16];

    emit_file(&s, g, header);
    snprintf(digits, sizeof digits, "%08lx", s.crc);
    memcpy(header + sizeof GRADUS_BEFORE_CHECKSUM - 1, digits, 8);
}

static int write_file(const gradus_graph *g, const char *header,
                      const char *path)
{
    gradus_atomic file;
    sink s = { 0, &file };
    int error = gradus_atomic_open(&file, path) || emit_file(&s, g, header) ||
                gradus_atomic_commit(&file);

    gradus_atomic_close(&file);
    return error;
}

int gradus_save(const gradus_graph *g, const char *path)
{
    if (!g || !path)
        return gradus_error_set("gradus_save: the %s is NULL",
                                g ? "path" : "graph");
    if (!g->max_batch)
        return gradus_error_set("gradus_save: the graph has no parameters "
                                "before gradus_compile");
    for (int i = 0; i < g->count; i++)
        if (check_finite(g->node[i]))
            return gradus_error_prefix("%s", path);
    char *header = header_text(g);
    if (!header)
        return gradus_error_prefix("%s", path);
    fill_checksum(g, header);
    int error = write_file(g, header, path);
    free(header);
    return error ? gradus_error_prefix("%s", path) : 0;
}
