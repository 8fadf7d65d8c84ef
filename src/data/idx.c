/* idx.c -- loads files in the IDX format, which MNIST has, plain or gzip.
 *
 *   0, 0, type (8: u8), rank; `rank` sizes, big-endian, 4 bytes each; values
 *
 * An array of rank 1 is labels [n], of rank 2 rows [n,size], and of rank 3
 * images [n,height,width]. */
#define _POSIX_C_SOURCE 200809L
#include "data/data.h"

#include "base/bytes.h"
#include "base/error.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* What a file's header says, once it is checked. */
typedef struct {
    int rank;          /* the number of axes, 1 to 3 */
    uint32_t shape[3]; /* [n,height,width]; 1 for the axes that are missing */
    uint64_t values;   /* values in a sample, at most INT_MAX */
} header;

/* Reads the first four bytes, and sets *rank.  Most files that are not IDX
 * are refused here. */
static int read_magic(gradus_source *s, int *rank)
{
    unsigned char m[4];

    if (gradus_source_read(s, m, sizeof m))
        return -1;
    if (m[0] != 0 || m[1] != 0)
        return gradus_error_set("%s: not an IDX file: it starts with %02x "
                                "%02x %02x %02x; must start with 00 00 08",
                                s->path, m[0], m[1], m[2], m[3]);
    if (m[2] != 8)
        return gradus_error_set("%s: its values are of type 0x%02x; must be "
                                "0x08, unsigned bytes", s->path, m[2]);
    *rank = m[3];
    return 0;
}

/* Reads and checks a header.  Each size must be at least 1, and a file of
 * this length must be able to hold all the values that the header claims,
 * so that a small file cannot ask for much memory. */
static int read_header(gradus_source *s, header *h)
{
    if (read_magic(s, &h->rank))
        return -1;
    if (h->rank < 1 || h->rank > 3)
        return gradus_error_set("%s: has rank %d; must be 1 (labels), 2 "
                                "(rows) or 3 (images)", s->path, h->rank);
    for (int i = 0; i < 3; i++) {
        unsigned char b[4] = { 0, 0, 0, 1 };
        if (i < h->rank && gradus_source_read(s, b, sizeof b))
            return -1;
        h->shape[i] = gradus_big_endian(b);
        if (h->shape[i] < 1 || h->shape[i] > INT_MAX)
            return gradus_error_set("%s: size %d in its header is %lu; must "
                                    "be 1..%d", s->path, i,
                                    (unsigned long)h->shape[i], INT_MAX);
    }
    h->values = (uint64_t)h->shape[1] * h->shape[2];
    uint64_t ratio = s->gzip ? GRADUS_DEFLATE_RATIO : 1;
    if (h->values > INT_MAX || h->values * h->shape[0] / ratio > s->size)
        return gradus_error_set("%s: cut short or damaged: %lu x %lu x %lu "
                                "values do not fit in its %llu bytes",
                                s->path, (unsigned long)h->shape[0],
                                (unsigned long)h->shape[1],
                                (unsigned long)h->shape[2],
                                (unsigned long long)s->size);
    return 0;
}

/* Reads both headers and checks that they belong together.  *h becomes that
 * of the images. */
static int read_headers(gradus_source *images, gradus_source *labels,
                        header *h)
{
    header t;

    if (read_header(images, h) || read_header(labels, &t))
        return -1;
    if (h->rank == 1)
        return gradus_error_set("%s: holds labels where images belong%s",
                                images->path,
                                t.rank > 1 ? "; swap the two files" : "");
    if (t.rank > 1)
        return gradus_error_set("%s: holds images where labels belong",
                                labels->path);
    if (h->shape[0] != t.shape[0])
        return gradus_error_set("%s: holds %lu images, but %s holds %lu "
                                "labels", images->path,
                                (unsigned long)h->shape[0], labels->path,
                                (unsigned long)t.shape[0]);
    return 0;
}

/* Reads n labels, bytes in the file, to labels [n], and raises *classes to
 * the largest + 1. */
static int read_labels(gradus_source *s, int32_t *labels, size_t n,
                       int *classes)
{
    unsigned char u8[4096];

    for (size_t from = 0; from < n; from += sizeof u8) {
        size_t k = n - from < sizeof u8 ? n - from : sizeof u8;
        if (gradus_source_read(s, u8, k))
            return -1;
        for (size_t i = 0; i < k; i++) {
            labels[from + i] = u8[i];
            if (u8[i] >= *classes)
                *classes = u8[i] + 1;
        }
    }
    return 0;
}

/* Loads the two open files.  Pixels are read straight into the dataset. */
static gradus_dataset *load(gradus_source *images, gradus_source *labels)
{
    header h;

    if (read_headers(images, labels, &h))
        return NULL;
    size_t n = h.shape[0], values = (size_t)h.values;
    gradus_dataset like = { .n = n, .size = (int)h.values, .positions = 1 };
    if (h.rank == 3) {
        like.channels = 1;
        like.height = (int)h.shape[1];
        like.width = (int)h.shape[2];
    }
    gradus_loaded *l = gradus_loaded_new(images->path, &like, false, false);
    if (!l)
        return NULL;
    if (gradus_source_read(images, l->pixels, n * values) ||
        gradus_source_end(images) ||
        read_labels(labels, l->labels, n, &l->d.classes) ||
        gradus_source_end(labels)) {
        gradus_dataset_free(&l->d);
        return NULL;
    }
    return &l->d;
}

gradus_dataset *gradus_load_idx(const char *images, const char *labels)
{
    gradus_source x, t;
    gradus_dataset *d = NULL;

    if (!images || !labels) {
        gradus_error_set("gradus_load_idx: the path of the %s is NULL",
                         images ? "labels" : "images");
        return NULL;
    }
    if (gradus_source_open(&x, images))
        return NULL;
    if (gradus_source_open(&t, labels) == 0) {
        d = load(&x, &t);
        gradus_source_close(&t);
    }
    gradus_source_close(&x);
    return d;
}

/* Sets path to <dir>/<part>-<kind>-ubyte, with .gz at its end if only that
 * file exists.  Returns non-zero, with a message, if neither does. */
static int find(char path[GRADUS_PATH_ROOM], const char *dir, const char *part,
                const char *kind)
{
    char name[64];

    for (int gz = 0; gz < 2; gz++) {
        snprintf(name, sizeof name, "%s-%s-ubyte%s", part, kind,
                 gz ? ".gz" : "");
        if (gradus_path_join(path, dir, name))
            return -1;
        if (access(path, F_OK) == 0)
            return 0;
    }
    return gradus_error_set("%.*s, %s: %s (data/fetch.sh gets MNIST)",
                            (int)(strlen(path) - 3), path, path,
                            strerror(errno));
}

gradus_dataset *gradus_load_mnist(const char *dir, const char *part)
{
    char images[GRADUS_PATH_ROOM], labels[GRADUS_PATH_ROOM];

    if (!dir) {
        gradus_error_set("gradus_load_mnist: dir is NULL");
        return NULL;
    }
    if (!part || (strcmp(part, "train") && strcmp(part, "t10k"))) {
        gradus_error_set("gradus_load_mnist: part is %s; must be train or "
                         "t10k", part ? part : "NULL");
        return NULL;
    }
    if (find(images, dir, part, "images-idx3") ||
        find(labels, dir, part, "labels-idx1"))
        return NULL;
    return gradus_load_idx(images, labels);
}
