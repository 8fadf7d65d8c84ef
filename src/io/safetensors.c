/* safetensors.c -- reads model files in the format safetensors:
 *
 *   8 bytes  n, little-endian, at most 100,000,000
 *   n bytes  JSON: {"__metadata__": {string: string, ...},
 *                   name: {"dtype": "F32", "shape": [128,784],
 *                          "data_offsets": [begin, end]}, ...} and spaces
 *   the rest the values, little-endian; the tensors lie end to end
 *
 * Values are put together from bytes, so the machine's byte order does not
 * matter.  The file is read once, from front to back.  The memory that reading
 * takes is bounded by what the file really contains: the header's text, its
 * tree (see json.c), and the parameters whose shapes match.  What compile
 * takes for the nodes' values, [max_batch,size], has a limit of its own (see
 * load.c). */
#include "io/io.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/kind.h"

#include <errno.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Reads the next n bytes of the file; fewer are an error.  One call of read
 * may return fewer than are there, or be interrupted by a signal, hence the
 * loop. */
static int take(gradus_safetensors *f, void *to, size_t n)
{
    for (char *p = to, *end = p + n; p < end;) {
        ssize_t got = read(f->fd, p, (size_t)(end - p));
        if (got > 0)
            p += got;
        else if (got == 0)
            return gradus_error_set("the file ends too early");
        else if (errno != EINTR)
            return gradus_error_set("%s", strerror(errno));
    }
    return 0;
}

/* Sets f.metadata and f.own.  A file is taken for ours if any key begins
 * with "gradus.", not only that of the checksum: if damage changed one key,
 * the others still demand a checksum. */
static int read_metadata(gradus_safetensors *f)
{
    const char *key;
    json_t *value;

    f->metadata = json_object_get(f->header, "__metadata__");
    if (f->metadata && !json_is_object(f->metadata))
        return gradus_error_set("__metadata__ must be an object");
    json_object_foreach(f->metadata, key, value)
    {
        if (!json_is_string(value))
            return gradus_error_set("__metadata__: %.64s must be a string",
                                    key);
        f->own |= strncmp(key, "gradus.", 7) == 0;
    }
    return 0;
}

/* In a file that gradus wrote, moves the checksum from the header's text to
 * f.wanted, leaving zeros in its place, and starts f.crc with what has been
 * read so far: the 8 bytes of length, and the text [n]. */
static int start_sum(gradus_safetensors *f, char *text, size_t n)
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
    f->crc = crc32(f->crc, (unsigned char *)text, (uInt)n);
    return 0;
}

/* Checks the header, text[n], and fills in f. */
static int read_header(gradus_safetensors *f, char *text, size_t n)
{
    text[n] = 0;
    f->header = gradus_json_parse("the header", text, n, 0);
    return !f->header || read_metadata(f) || start_sum(f, text, n);
}

/* Refuses what is no safetensors file, whose ninth byte, the first of its
 * header, is {.  The first eight bytes of another file might even seem to be
 * the length of a header. */
static int check_kind(const gradus_safetensors *f)
{
    unsigned char head[GRADUS_KIND_HEAD];
    ssize_t n = pread(f->fd, head, sizeof head, 0);
    const char *kind = n > 8 ? gradus_file_kind(head, (size_t)n) : NULL;

    return n > 8 && head[8] != '{'
               ? gradus_error_set("is %s; must be a safetensors file",
                                  kind ? kind : "of another kind") : 0;
}

/* O_NONBLOCK keeps open from waiting for a writer if path is a FIFO, which
 * is refused further down. */
int gradus_safetensors_open(gradus_safetensors *f, const char *path)
{
    struct stat s;
    unsigned char length[8];
    uint64_t n;

    *f = (gradus_safetensors){ 0 };
    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (f->fd < 0 || fstat(f->fd, &s))
        return gradus_error_set("%s", strerror(errno));
    if (!S_ISREG(s.st_mode))
        return gradus_error_set("not a regular file");
    if (check_kind(f) || take(f, length, 8))
        return -1;
    f->crc = crc32(0, length, 8);
    gradus_little_endian(&n, length, 8);
    f->size = s.st_size - 8;
    if (n > GRADUS_MAX_HEADER || (json_int_t)n > f->size)
        return gradus_error_set("cut short or damaged: its header has %ju "
                                "bytes, but %lld follow, and at most %d are "
                                "allowed", (uintmax_t)n, f->size,
                                GRADUS_MAX_HEADER);
    f->size -= (json_int_t)n;
    char *text = malloc(n + 1);
    if (!text)
        return gradus_no_memory("a header of %ju bytes", (uintmax_t)n);
    int error = take(f, text, n) || read_header(f, text, n);
    free(text);
    return error;
}

/* Returns the number of IEEE 754 in bytes[width]: a float if width is 4, a
 * double if it is 8. */
static double decode(const unsigned char *bytes, size_t width)
{
    float s;
    double d;

    if (width == sizeof s) {
        gradus_little_endian(&s, bytes, sizeof s);
        return (double)s;
    }
    gradus_little_endian(&d, bytes, sizeof d);
    return d;
}

/* Converts bytes, the values first .. first + n - 1 of t, to w.  It is an
 * error if a value is not finite or if a double is too large for a float;
 * rounding a double to a float is not. */
static int convert(const gradus_tensor *t, const unsigned char *bytes,
                   size_t first, size_t n, gradus_real *w)
{
    double max = sizeof *w == sizeof(float) ? (double)FLT_MAX : DBL_MAX;
    size_t width = (size_t)t->width;

    for (size_t k = 0; k < n; k++) {
        double v = decode(bytes + k * width, width);
        if (!(fabs(v) <= max))
            return gradus_error_set("tensor %s: value %zu is %g; must be "
                                    "finite and at most %g", t->name,
                                    first + k, v, max);
        w[k] = (gradus_real)v;
    }
    return 0;
}

/* Reads the values of t, which begin at the next byte of the file, to w
 * [t.size]; or only sums up its bytes, if it is passed over. */
static int read_values(gradus_safetensors *f, const gradus_tensor *t,
                       gradus_real *w)
{
    unsigned char bytes[8192];
    size_t width = t->size ? (size_t)t->width : 1;
    size_t room = sizeof bytes / width, n;
    size_t count = (size_t)(t->end - t->begin) / width;

    for (size_t i = 0; i < count; i += n) {
        n = room < count - i ? room : count - i;
        if (take(f, bytes, n * width))
            return -1;
        f->crc = crc32(f->crc, bytes, (uInt)(n * width));
        if (t->size && convert(t, bytes, i, n, w + i))
            return -1;
    }
    return 0;
}

/* Compares two tensors by where they lie, for qsort.  One that is empty, and
 * is passed over, comes before the one that begins at the same byte. */
static int by_place(const void *a, const void *b)
{
    const gradus_tensor *s = a, *t = b;
    json_int_t apart = s->begin != t->begin ? s->begin - t->begin
                                            : s->end - t->end;

    return (apart > 0) - (apart < 0);
}

/* As the tensors have as many bytes as the file and begin where the one before
 * ends, each byte belongs to one value, and the file is read straight on from
 * the header to its end. */
int gradus_safetensors_read(gradus_safetensors *f, gradus_real *to)
{
    json_int_t at = 0; /* where the tensors so far end */

    qsort(f->tensor, (size_t)f->count, sizeof *f->tensor, by_place);
    for (const gradus_tensor *t = f->tensor; t < f->tensor + f->count; t++) {
        if (t->begin != at)
            return gradus_error_set("tensor %s begins at byte %lld of the "
                                    "data; must begin at byte %lld", t->name,
                                    t->begin, at);
        if (read_values(f, t, to + t->to))
            return -1;
        at = t->end;
    }
    if (f->own && f->crc != f->wanted)
        return gradus_error_set("damaged: its checksum is %08lx, but that of "
                                "its contents is %08lx", f->wanted, f->crc);
    return 0;
}

void gradus_safetensors_close(gradus_safetensors *f)
{
    if (f->fd >= 0)
        close(f->fd);
    json_decref(f->header);
    free(f->tensor);
}
