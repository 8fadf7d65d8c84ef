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
#include "io/io.h"

#include "base/bytes.h"
#include "base/error.h"
#include "graph/graph.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Neither JSON nor a reader has a use for NaN and infinity. */
static int check_finite(const gradus_node *n)
{
    for (const gradus_attr *a = n->attr; a; a = a->next)
        for (int i = 0; i < a->count; i++)
            if (!isfinite(a->value[i]))
                return gradus_error_set("not saved: %s: %s is %g", n->name,
                                        a->name, a->value[i]);
    for (int j = 0; j < n->n_params; j++)
        for (size_t i = 0; i < n->param[j].size; i++)
            if (!isfinite(n->param[j].w[i]))
                return gradus_error_set("not saved: value %zu of %s.%s is %g",
                                        i, n->name, n->param[j].name,
                                        (double)n->param[j].w[i]);
    return 0;
}

static char *classes_text(const gradus_graph *g)
{
    const char *const *names = (const char *const *)g->class_name;

    return gradus_json_text("the list of classes",
                            cJSON_CreateStringArray(names, g->class_count));
}

static cJSON *metadata(const gradus_graph *g, const char *architecture,
                       const char *classes)
{
    cJSON *json = cJSON_CreateObject();
    char seed[32];

    snprintf(seed, sizeof seed, "%" PRIu64, g->seed);
    if (cJSON_AddStringToObject(json, "gradus.checksum", "00000000") &&
        cJSON_AddStringToObject(json, "gradus.version", "1") &&
        cJSON_AddStringToObject(json, "gradus.seed", seed) &&
        cJSON_AddStringToObject(json, "gradus.architecture", architecture) &&
        (!classes || cJSON_AddStringToObject(json, "gradus.classes", classes)))
        return json;
    cJSON_Delete(json);
    return NULL;
}

static int put_tensor(cJSON *header, const gradus_node *n,
                      const gradus_param *p, double *end)
{
    char name[GRADUS_TENSOR_NAME];
    double at[] = { *end, *end + (double)p->size * sizeof(gradus_real) };
    const char *dtype = sizeof(gradus_real) == 4 ? "F32" : "F64";

    gradus_tensor_name(n, p, name);
    *end = at[1];
    cJSON *json = cJSON_AddObjectToObject(header, name);
    cJSON *shape = cJSON_CreateIntArray(p->shape, p->rank);
    return gradus_json_put(json, "shape", shape) &&
           gradus_json_put(json, "dtype", cJSON_CreateString(dtype)) &&
           gradus_json_put(json, "data_offsets",
                           cJSON_CreateDoubleArray(at, 2));
}

static cJSON *header_json(const gradus_graph *g, const char *architecture,
                          const char *classes)
{
    cJSON *header = cJSON_CreateObject();
    int ok = gradus_json_put(header, "__metadata__",
                             metadata(g, architecture, classes));
    double end = 0;

    for (int i = 0; i < g->count; i++)
        for (int j = 0; j < g->node[i]->n_params; j++)
            ok = ok &&
                 put_tensor(header, g->node[i], &g->node[i]->param[j], &end);
    if (ok)
        return header;
    cJSON_Delete(header);
    return NULL;
}

static char *header_text(const gradus_graph *g)
{
    char *architecture = gradus_architecture_text(g), *classes = NULL;
    char *text = NULL;

    if (architecture && (!g->class_count || (classes = classes_text(g))))
        text = gradus_json_text("the header",
                                header_json(g, architecture, classes));
    cJSON_free(architecture);
    cJSON_free(classes);
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

/* The whole file; spaces fill the header up, so that values lie aligned. */
static int emit_file(sink *s, const gradus_graph *g, const char *header)
{
    size_t n = strlen(header), spaces = (8 - n % 8) % 8;
    unsigned char length[8];

    gradus_put_little_endian(n + spaces, length, sizeof length);
    if (emit(s, length, sizeof length) || emit(s, header, n) ||
        emit(s, "       ", spaces))
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
    cJSON_free(header);
    return error ? gradus_error_prefix("%s", path) : 0;
}
