/* safetensors.c -- reading model files.
 *
 *   8 bytes  n, little-endian, at most 100,000,000
 *   n bytes  JSON: {"__metadata__": {string: string, ...},
 *                   name: {"dtype": "F32", "shape": [128,784],
 *                          "data_offsets": [begin, end]}, ...} and spaces
 *   the rest the values, little-endian; the tensors lie end to end
 *
 * Every byte order is read: values are put together from bytes.  The file is
 * read once, front to back, and what is allocated is bounded by what is there:
 * the header's text, its tree, and the parameters whose shapes fit. */
#define _POSIX_C_SOURCE 200809L
#include "io/io.h"

#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { MAX_HEADER = 100000000 };

void gradus_tensor_name(const gradus_node *n, const gradus_param *p,
                        char name[GRADUS_TENSOR_NAME])
{
    snprintf(name, GRADUS_TENSOR_NAME, "%s.%s", n->name, p->name);
}

/* The next n bytes of the file. */
static int take(gradus_safetensors *f, void *to, size_t n)
{
    for (char *p = to, *end = p + n; p < end;) {
        ssize_t got = read(f->fd, p, (size_t)(end - p));
        if (got > 0)
            p += got;
        else if (got == 0)
            return gradus_error_set("the file became shorter while it was "
                                    "read");
        else if (errno != EINTR)
            return gradus_error_set("%s", strerror(errno));
    }
    return 0;
}

/* cJSON's numbers are doubles, which count exactly to 2^53. */
static int get_count(const cJSON *json, uint64_t *count)
{
    double v = cJSON_IsNumber(json) ? json->valuedouble : -1;

    if (!(v >= 0 && v < 9007199254740992.0) || v != floor(v))
        return -1;
    *count = (uint64_t)v;
    return 0;
}

/* width times the shape's product, into bytes. */
static int get_bytes(const gradus_tensor *t, uint64_t *bytes)
{
    const cJSON *axis;

    *bytes = (uint64_t)t->width;
    cJSON_ArrayForEach(axis, t->shape)
    {
        uint64_t n;
        if (get_count(axis, &n) || (n && *bytes > UINT64_MAX / n))
            return -1;
        *bytes *= n;
    }
    return 0;
}

static int read_tensor_entry(const cJSON *json, gradus_tensor *t)
{
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(json, "dtype");
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(json, "data_offsets");
    uint64_t bytes;

    t->name = json->string;
    t->shape = cJSON_GetObjectItemCaseSensitive(json, "shape");
    if (!cJSON_IsString(dtype) || !cJSON_IsArray(t->shape) ||
        !cJSON_IsArray(at) || cJSON_GetArraySize(json) != 3)
        return gradus_error_set("tensor %.64s: dtype, shape and data_offsets "
                                "wanted, and nothing else", t->name);
    t->width = strcmp(dtype->valuestring, "F32") == 0   ? 4
               : strcmp(dtype->valuestring, "F64") == 0 ? 8
                                                        : 0;
    if (!t->width)
        return gradus_error_set("tensor %.64s has dtype %.16s, F32 or F64 "
                                "wanted", t->name, dtype->valuestring);
    if (get_bytes(t, &bytes))
        return gradus_error_set("tensor %.64s: the shape is no list of sizes, "
                                "or too large", t->name);
    if (cJSON_GetArraySize(at) != 2 || get_count(at->child, &t->begin) ||
        get_count(at->child->next, &t->end) || t->end < t->begin)
        return gradus_error_set("tensor %.64s: data_offsets are not where it "
                                "begins and ends", t->name);
    if (t->end - t->begin != bytes)
        return gradus_error_set("tensor %.64s: its shape needs %ju bytes, its "
                                "data_offsets give it %ju", t->name,
                                (uintmax_t)bytes,
                                (uintmax_t)(t->end - t->begin));
    return 0;
}

static int by_place(const void *a, const void *b)
{
    const gradus_tensor *s = a, *t = b;

    if (s->begin != t->begin)
        return s->begin < t->begin ? -1 : 1;
    return (s->end > t->end) - (s->end < t->end);
}

/* f.tensor, from the header; they fill the `size` bytes of data exactly. */
static int read_tensors(gradus_safetensors *f, uint64_t size)
{
    uint64_t at = 0;
    const cJSON *i;

    f->tensor = calloc((size_t)cJSON_GetArraySize(f->header) + 1,
                       sizeof *f->tensor);
    if (!f->tensor)
        return gradus_error_set("out of memory for the list of tensors");
    cJSON_ArrayForEach(i, f->header)
        if (i != f->metadata && read_tensor_entry(i, &f->tensor[f->count++]))
            return -1;
    qsort(f->tensor, (size_t)f->count, sizeof *f->tensor, by_place);
    for (int t = 0; t < f->count; at = f->tensor[t++].end)
        if (f->tensor[t].begin != at)
            return gradus_error_set("tensor %.64s begins at byte %ju of the "
                                    "data, where %ju wanted: %s",
                                    f->tensor[t].name,
                                    (uintmax_t)f->tensor[t].begin,
                                    (uintmax_t)at,
                                    f->tensor[t].begin < at ? "an overlap"
                                                            : "a hole");
    if (at != size)
        return gradus_error_set("the tensors need %ju bytes of data, the file "
                                "has %ju", (uintmax_t)at, (uintmax_t)size);
    return 0;
}

static int read_metadata(gradus_safetensors *f)
{
    const cJSON *i;

    f->metadata = cJSON_GetObjectItemCaseSensitive(f->header, "__metadata__");
    if (f->metadata && !cJSON_IsObject(f->metadata))
        return gradus_error_set("__metadata__ is no map of strings");
    cJSON_ArrayForEach(i, f->metadata)
    {
        if (!cJSON_IsString(i))
            return gradus_error_set("__metadata__: %.64s is no string",
                                    i->string);
        f->own |= strncmp(i->string, "gradus.", 7) == 0;
    }
    return 0;
}

/* Takes the checksum of an own file from its place and starts to sum. */
static int start_sum(gradus_safetensors *f, const unsigned char *length,
                     char *text, size_t n)
{
    size_t before = sizeof GRADUS_BEFORE_CHECKSUM - 1;
    char *digits = text + before;

    if (!f->own)
        return 0;
    if (n < before || memcmp(text, GRADUS_BEFORE_CHECKSUM, before) != 0 ||
        strspn(digits, "0123456789abcdef") != 8)
        return gradus_error_set("damaged: its checksum is not where gradus "
                                "puts it");
    f->wanted = strtoul(digits, NULL, 16);
    memset(digits, '0', 8);
    f->crc = crc32(crc32(0, length, 8), (unsigned char *)text, (uInt)n);
    return 0;
}

/* The header's n bytes, and `size` bytes of data after them. */
static int read_header(gradus_safetensors *f, const unsigned char *length,
                       size_t n, uint64_t size)
{
    char *text = malloc(n + 1);

    if (!text)
        return gradus_error_set("out of memory for a header of %zu bytes", n);
    int error = take(f, text, n);
    text[n] = 0;
    if (!error) {
        f->header = gradus_json_parse("the header", text, n);
        error = !f->header;
    }
    if (!error && (text[0] != '{' || !cJSON_IsObject(f->header)))
        error = gradus_error_set("the header is no JSON object");
    error = error || read_metadata(f) || start_sum(f, length, text, n) ||
            read_tensors(f, size);
    free(text);
    return error ? -1 : 0;
}

int gradus_safetensors_open(gradus_safetensors *f, const char *path)
{
    struct stat s;
    unsigned char length[8];

    *f = (gradus_safetensors){ 0 };
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* or FIFOs wait */
    if (f->fd < 0 || fstat(f->fd, &s))
        return gradus_error_set("%s", strerror(errno));
    if (!S_ISREG(s.st_mode))
        return gradus_error_set("not a regular file");
    if (s.st_size < 8)
        return gradus_error_set("%jd bytes, a safetensors file has more than "
                                "8", (intmax_t)s.st_size);
    if (take(f, length, 8))
        return -1;
    uint64_t n = gradus_little_endian(length, 8), rest = (uint64_t)s.st_size - 8;
    if (n > MAX_HEADER || n > rest)
        return gradus_error_set("not a safetensors file, or cut short: it "
                                "claims a header of %ju bytes, where %ju "
                                "follow and %d are allowed", (uintmax_t)n,
                                (uintmax_t)rest, MAX_HEADER);
    return read_header(f, length, (size_t)n, rest - n);
}

const char *gradus_safetensors_string(const gradus_safetensors *f,
                                      const char *key)
{
    return cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(f->metadata, key));
}

static double decode(const unsigned char *bytes, int width)
{
    uint64_t bits = gradus_little_endian(bytes, (size_t)width);
    uint32_t low = (uint32_t)bits;
    double d;
    float s;

    memcpy(&d, &bits, sizeof d);
    memcpy(&s, &low, sizeof s);
    return width == 4 ? (double)s : d;
}

/* The values of the tensor whose turn it is, to w. */
static int read_values(gradus_safetensors *f, const gradus_tensor *t,
                       gradus_real *w)
{
    double max = sizeof *w == sizeof(float) ? (double)FLT_MAX : DBL_MAX;
    unsigned char bytes[8192];
    size_t width = (size_t)t->width, room = sizeof bytes / width;
    size_t count = t->param->size, n;

    for (size_t i = 0; i < count; i += n) {
        n = room < count - i ? room : count - i;
        if (take(f, bytes, n * width))
            return -1;
        f->crc = crc32(f->crc, bytes, (uInt)(n * width));
        for (size_t k = 0; k < n; k++) {
            double v = decode(bytes + k * width, t->width);
            if (!(fabs(v) <= max))
                return gradus_error_set("tensor %.64s: value %zu is %g, where "
                                        "a finite one is wanted", t->name,
                                        i + k, v);
            w[i + k] = (gradus_real)v;
        }
    }
    return 0;
}

int gradus_safetensors_read(gradus_safetensors *f, gradus_real *theta)
{
    for (int i = 0; i < f->count; i++)
        if (read_values(f, &f->tensor[i], theta + f->tensor[i].param->offset))
            return -1;
    if (f->own && f->crc != f->wanted)
        return gradus_error_set("damaged: its checksum is %08lx, that of its "
                                "contents %08lx", f->wanted, f->crc);
    return 0;
}

void gradus_safetensors_close(gradus_safetensors *f)
{
    if (f->fd >= 0)
        close(f->fd);
    cJSON_Delete(f->header);
    free(f->tensor);
}
