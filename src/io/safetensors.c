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

/* width times the shape's product, into bytes. */
static int get_bytes(const gradus_tensor *t, uint64_t *bytes)
{
    *bytes = (uint64_t)t->width;
    for (size_t k = 0; k < json_array_size(t->shape); k++) {
        const json_t *axis = json_array_get(t->shape, k);
        json_int_t n = json_integer_value(axis);
        if (!json_is_integer(axis) || n < 0 ||
            (n && *bytes > UINT64_MAX / (uint64_t)n))
            return -1;
        *bytes *= (uint64_t)n;
    }
    return 0;
}

static int read_tensor_entry(const char *name, json_t *json, gradus_tensor *t)
{
    const char *dtype;
    json_int_t begin, end;
    json_error_t error;
    json_t *shape;
    uint64_t bytes;

    if (json_unpack_ex(json, &error, JSON_STRICT, "{s:s, s:o, s:[I, I]}",
                       "dtype", &dtype, "shape", &shape, "data_offsets",
                       &begin, &end))
        return gradus_error_set("tensor %.64s: %s; must have a dtype, a shape "
                                "and data_offsets [begin, end], and nothing "
                                "else", name, error.text);
    *t = (gradus_tensor){ .name = name, .shape = shape,
                          .width = strcmp(dtype, "F32") == 0   ? 4
                                   : strcmp(dtype, "F64") == 0 ? 8
                                                               : 0,
                          .begin = (uint64_t)begin, .end = (uint64_t)end };
    if (!t->width)
        return gradus_error_set("tensor %.64s has dtype %.16s, F32 or F64 "
                                "wanted", name, dtype);
    if (!json_is_array(shape) || get_bytes(t, &bytes))
        return gradus_error_set("tensor %.64s: the shape is no list of sizes, "
                                "or too large", name);
    if (begin < 0 || end < begin)
        return gradus_error_set("tensor %.64s: data_offsets are not where it "
                                "begins and ends", name);
    if (t->end - t->begin != bytes)
        return gradus_error_set("tensor %.64s: its shape needs %ju bytes, its "
                                "data_offsets give it %ju", name,
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
    const char *name;
    json_t *value;
    uint64_t at = 0;

    f->tensor = calloc(json_object_size(f->header) + 1, sizeof *f->tensor);
    if (!f->tensor)
        return gradus_no_memory("the list of tensors");
    json_object_foreach(f->header, name, value)
        if (value != f->metadata &&
            read_tensor_entry(name, value, &f->tensor[f->count++]))
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
    const char *key;
    json_t *value;

    f->metadata = json_object_get(f->header, "__metadata__");
    if (f->metadata && !json_is_object(f->metadata))
        return gradus_error_set("__metadata__ is no map of strings");
    json_object_foreach(f->metadata, key, value)
    {
        if (!json_is_string(value))
            return gradus_error_set("__metadata__: %.64s is no string", key);
        f->own |= strncmp(key, "gradus.", 7) == 0;
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
        return gradus_no_memory("a header of %zu bytes", n);
    int error = take(f, text, n);
    text[n] = 0;
    if (!error) {
        f->header = gradus_json_parse("the header", text, n, 0);
        error = !f->header;
    }
    if (!error && (text[0] != '{' || !json_is_object(f->header)))
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
    uint64_t n = gradus_little_endian(length, 8);
    uint64_t rest = (uint64_t)s.st_size - 8;
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
    return json_string_value(json_object_get(f->metadata, key));
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
    json_decref(f->header);
    free(f->tensor);
}
