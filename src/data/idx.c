/* idx.c -- loads files in the IDX format, which MNIST has, plain or gzip.
 *
 *   0, 0, type (8: u8), rank; `rank` sizes, big-endian, 4 bytes each; values
 *
 * An array of rank 1 is labels [n], of rank 2 rows [n,size], or labels [n,1],
 * and of rank 3 images [n,height,width]. */
#define _POSIX_C_SOURCE 200809L
#include "data/data.h"

#include "base/bytes.h"
#include "base/error.h"
#include "base/kind.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads the first four bytes.  Most files that are not IDX are refused here;
 * what kind they are is told from these, or from more of a plain file.
 * Returns the number of axes, 1 to 3, or -1 with a message. */
static int read_rank(gradus_source *s)
{
    unsigned char m[GRADUS_KIND_HEAD];

    if (gradus_source_read(s, m, 4))
        return -1;
    ssize_t n = s->gzip ? 4 : pread(s->fd, m, sizeof m, 0);
    bool zeros = m[0] == 0 && m[1] == 0;
    const char *kind = zeros && m[2] == 8
                           ? NULL : gradus_file_kind(m, n > 4 ? (size_t)n : 4);
    if (!zeros || kind)
        return gradus_error_set("%s: not an IDX file%s%s: it starts with %02x "
                                "%02x %02x %02x; must start with 00 00 08",
                                s->path, kind ? ", but " : "",
                                kind ? kind : "", m[0], m[1], m[2], m[3]);
    if (m[2] != 8)
        return gradus_error_set("%s: its values are of type 0x%02x; must be "
                                "0x08, unsigned bytes", s->path, m[2]);
    if (m[3] < 1 || m[3] > 3)
        return gradus_error_set("%s: has rank %d; must be 1 (labels), 2 "
                                "(rows) or 3 (images)", s->path, m[3]);
    return m[3];
}

/* Reads and checks a header, and sets shape to [n,height,width], with 1 for
 * the axes that are missing.  Images in place of labels are refused, and the
 * other way round.  Each size must be at least 1, and a file of this length
 * must be allowed to hold all the values that the header claims, so that a
 * small file cannot ask for much memory.  Returns the number of axes, or -1
 * with a message. */
static int read_header(gradus_source *s, bool labels, int shape[3])
{
    int rank = read_rank(s);

    for (int i = 0; i < 3; i++) {
        unsigned char b[4] = { 0, 0, 0, 1 };
        if (rank < 0 || (i < rank && gradus_source_read(s, b, sizeof b)))
            return -1;
        uint32_t size = gradus_big_endian(b);
        if (size < 1 || size > INT_MAX)
            return gradus_error_set("%s: size %d in its header is %lu; must "
                                    "be 1..%d", s->path, i,
                                    (unsigned long)size, INT_MAX);
        shape[i] = (int)size;
    }
    uint64_t values = (uint64_t)shape[1] * (uint64_t)shape[2]; /* of a row */
    if (labels ? rank == 3 || values > 1 : rank == 1)
        return gradus_error_set("%s: holds %s where %s belong; swap the two "
                                "files?", s->path,
                                labels ? "images" : "labels",
                                labels ? "labels" : "images");
    if (values > INT_MAX ||
        values * (uint64_t)shape[0] > gradus_source_most(s))
        return gradus_error_set("%s: cut short or damaged: %d x %d x %d "
                                "values do not fit in its %llu bytes%s",
                                s->path, shape[0], shape[1], shape[2],
                                (unsigned long long)s->size,
                                s->gzip ? ", which may unpack to 100 times as "
                                          "many, or 16 MiB; unpack it "
                                          "yourself if it is whole" : "");
    return rank;
}

/* Reads the labels, which are bytes in the file, to the end of their array,
 * and widens them from its beginning on: the i-th is then never written over
 * before it is read.  Raises the number of classes to the largest + 1. */
static int read_labels(gradus_source *s, gradus_loaded *l)
{
    size_t n = l->d.n;
    uint8_t *u8 = (uint8_t *)l->labels + (sizeof *l->labels - 1) * n;

    if (gradus_source_read(s, u8, n))
        return -1;
    for (size_t i = 0; i < n; i++) {
        l->labels[i] = u8[i];
        if (l->labels[i] >= l->d.classes)
            l->d.classes = l->labels[i] + 1;
    }
    return 0;
}

/* Loads the two open files.  Pixels are read straight into the dataset. */
static gradus_dataset *load(gradus_source *images, gradus_source *labels)
{
    int shape[3], n[3], rank = read_header(images, false, shape);

    if (rank < 0 || read_header(labels, true, n) < 0)
        return NULL;
    if (shape[0] != n[0])
        return gradus_error_set("%s: holds %d images, but %s holds %d labels",
                                images->path, shape[0], labels->path, n[0]),
               NULL;
    gradus_dataset like = { .n = (size_t)shape[0], .positions = 1,
                            .size = shape[1] * shape[2] };
    if (rank == 3) {
        like.channels = 1;
        like.height = shape[1];
        like.width = shape[2];
    }
    gradus_loaded *l = gradus_loaded_new(images->path, &like, false, false);
    if (!l)
        return NULL;
    if (gradus_source_read(images, l->pixels, like.n * (size_t)like.size) ||
        gradus_source_end(images) || read_labels(labels, l) ||
        gradus_source_end(labels))
        return gradus_dataset_free(&l->d), NULL;
    return &l->d;
}

gradus_dataset *gradus_load_idx(const char *images, const char *labels)
{
    gradus_source x, t;
    gradus_dataset *d = NULL;

    if (!images || !labels)
        return gradus_error_set("gradus_load_idx: the path of the %s is NULL",
                                images ? "labels" : "images"), NULL;
    if (gradus_source_open(&x, images))
        return NULL;
    if (gradus_source_open(&t, labels) == 0) {
        d = load(&x, &t);
        gradus_source_close(&t);
    }
    gradus_source_close(&x);
    return d;
}

/* For scandir: is this likely to be an IDX file? */
static int is_idx(const struct dirent *e)
{
    return strstr(e->d_name, "ubyte") != NULL;
}

/* Sets the message that the folder has no file of this name, and which it has
 * instead.  Always returns -1. */
static int missing(const char *dir, const char *name)
{
    char there[200] = "";
    struct dirent **entry = NULL;
    int n = scandir(dir, &entry, is_idx, alphasort);

    for (int i = 0; i < n; free(entry[i++]))
        if (strlen(there) + strlen(entry[i]->d_name) + 3 < sizeof there)
            strcat(strcat(there, i ? ", " : ""), entry[i]->d_name);
    free(entry);
    if (n > 0)
        return gradus_error_set("%s: has neither %s nor %s.gz, but %s; if one "
                                "of these is that file, rename it", dir, name,
                                name, there);
    return gradus_error_set("%s/%s, %s/%s.gz: %s (data/fetch.sh gets MNIST)",
                            dir, name, dir, name,
                            strerror(n ? errno : ENOENT));
}

/* Sets path to that of <dir>/<part>-<kind>-ubyte, the first that is there of
 * this name, the same with .gz at its end, and both with a dot in place of the
 * second dash.  Returns non-zero, with a message, if none is. */
static int find(char path[GRADUS_PATH_ROOM], const char *dir, const char *part,
                const char *kind)
{
    char name[64];
    size_t dash = strlen(part) + strlen("-images");

    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s-%s-ubyte%s", part, kind,
                 i % 2 ? ".gz" : "");
        name[dash] = "-."[i / 2];
        if (gradus_path_join(path, dir, name))
            return -1;
        if (access(path, F_OK) == 0)
            return 0;
    }
    snprintf(name, sizeof name, "%s-%s-ubyte", part, kind);
    return missing(dir, name);
}

gradus_dataset *gradus_load_mnist(const char *dir, const char *part)
{
    char images[GRADUS_PATH_ROOM], labels[GRADUS_PATH_ROOM];

    if (!dir)
        return gradus_error_set("gradus_load_mnist: dir is NULL"), NULL;
    if (!part || (strcmp(part, "train") && strcmp(part, "t10k")))
        return gradus_error_set("gradus_load_mnist: part is %s; must be train "
                                "or t10k", part ? part : "NULL"), NULL;
    if (find(images, dir, part, "images-idx3") ||
        find(labels, dir, part, "labels-idx1"))
        return NULL;
    return gradus_load_idx(images, labels);
}
