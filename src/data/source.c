/* source.c -- reads a regular file, plain or gzip, to its very end.
 *
 * Whatever is not a regular file is refused, because its size says nothing
 * about its contents and because reading from a pipe may never end.  Files
 * of gzip are unpacked by zlib as they are read. */
#define _POSIX_C_SOURCE 200809L
#include "data/data.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int gradus_path_join(char path[GRADUS_PATH_ROOM], const char *dir,
                     const char *name)
{
    int n = snprintf(path, GRADUS_PATH_ROOM, "%s/%s", dir, name);

    if (n < 0 || n >= GRADUS_PATH_ROOM)
        return gradus_error_set("%.200s...: path too long", dir);
    return 0;
}

/* Sets the size of the open file.  Anything but a regular file is an error:
 * a folder is one as soon as it is read. */
static int take_size(gradus_source *s)
{
    struct stat st;

    if (fstat(s->fd, &st))
        return gradus_error_errno(s->path);
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return gradus_error_set("%s: not a regular file", s->path);
    s->size = (uint64_t)st.st_size;
    return 0;
}

/* Reads the first two bytes of the file, which must not be empty, and prepares
 * zlib if they are those of a gzip file (RFC 1952). */
static int start_gzip(gradus_source *s)
{
    unsigned char head[2];
    ssize_t n = pread(s->fd, head, 2, 0);

    if (n < 0)
        return gradus_error_errno(s->path);
    if (n == 0)
        return gradus_error_set("%s: empty file", s->path);
    s->gzip = n == 2 && memcmp(head, "\x1f\x8b", 2) == 0;
    if (s->gzip && inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) /* 16: gzip */
        return gradus_no_memory("unpacking %s", s->path);
    return 0;
}

int gradus_source_open(gradus_source *s, const char *path)
{
    *s = (gradus_source){ .path = path };
    /* O_NONBLOCK: opening a pipe would otherwise wait for its writer. */
    s->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (s->fd < 0)
        return gradus_error_errno(path);
    if (take_size(s) || start_gzip(s)) {
        close(s->fd);
        return -1;
    }
    return 0;
}

void gradus_source_close(gradus_source *s)
{
    if (s->gzip)
        inflateEnd(&s->z);
    close(s->fd);
}

/* Reads n bytes as they are on disk, or fewer at the end of the file.
 * Returns their number, or -1 with a message. */
static ssize_t read_disk(gradus_source *s, unsigned char *to, size_t n)
{
    size_t done = 0;

    while (done < n) {
        ssize_t k = read(s->fd, to + done, n - done);
        if (k == 0)
            break;
        if (k > 0)
            done += (size_t)k;
        else if (errno != EINTR)
            return gradus_error_errno(s->path);
    }
    return (ssize_t)done;
}

/* Sets the message that the gzip data is cut short or damaged; or, where zlib
 * did not get past the two bytes with which a further member begins, that it
 * is no member.  Always returns -1. */
static int gzip_fault(const gradus_source *s, const char *fault,
                      const char *why)
{
    if (s->ended && s->z.total_in <= 2)
        return gradus_error_set("%s: there is data, such as padding, after "
                                "the end of its gzip data; must be cut off",
                                s->path);
    return gradus_error_set("%s: gzip data %s%s", s->path, fault, why);
}

/* The same for the unpacked contents of a gzip file, which may consist of
 * several members, one after the other.  The file must not end inside a
 * member, of which zlib then has read some bytes. */
static ssize_t read_gzip(gradus_source *s, unsigned char *to, size_t n)
{
    size_t left;

    s->z.next_out = to;
    while ((left = n - (size_t)(s->z.next_out - to)) > 0) {
        if (s->z.avail_in == 0) {
            ssize_t k = read_disk(s, s->in, sizeof s->in);
            if (k < 0)
                return -1;
            if (k == 0 && s->z.total_in == 0)
                break;
            if (k == 0)
                return gzip_fault(s, "cut short", "");
            s->z.next_in = s->in;
            s->z.avail_in = (uInt)k;
        }
        s->z.avail_out = left < UINT_MAX ? (uInt)left : UINT_MAX;
        int status = inflate(&s->z, Z_NO_FLUSH);
        if (status == Z_STREAM_END) {
            s->ended = true;
            inflateReset(&s->z); /* total_in is 0 again */
        } else if (status != Z_OK)
            return gzip_fault(s, "damaged: ",
                              s->z.msg ? s->z.msg : zError(status));
    }
    return (ssize_t)(n - left);
}

size_t gradus_source_most(const gradus_source *s)
{
    uint64_t most = s->gzip ? s->size * GRADUS_GZIP_RATIO : s->size;

    if (s->gzip && most < GRADUS_GZIP_LEAST)
        most = GRADUS_GZIP_LEAST;
    return most < SIZE_MAX / 2 ? (size_t)most : SIZE_MAX / 2;
}

static ssize_t read_some(gradus_source *s, void *to, size_t n)
{
    return s->gzip ? read_gzip(s, to, n) : read_disk(s, to, n);
}

int gradus_source_read(gradus_source *s, void *to, size_t n)
{
    ssize_t done = read_some(s, to, n);

    if (done < 0)
        return -1;
    if ((size_t)done < n)
        return gradus_error_set("%s: cut short by %zu byte%s", s->path,
                                n - (size_t)done,
                                n - (size_t)done == 1 ? "" : "s");
    return 0;
}

/* Reads everything that is left, and sets *n to its length in bytes.
 *
 * For a plain file the block is as large as the file and one byte more, so
 * the first read already leaves room and nothing has to grow.  For a gzip
 * file, whose unpacked length is not known, the block doubles when it is
 * full, and in the end gives back what it does not need. */
static char *read_all(gradus_source *s, size_t most, const char *option,
                      size_t *n)
{
    size_t room = s->gzip ? 1 << 16 : (size_t)s->size + 1;
    char *bytes = NULL;

    for (*n = 0;; room *= 2) {
        if ((!s->gzip && s->size > most) || *n > most) {
            gradus_error_set("%s: larger than %zu bytes%s%s%s", s->path, most,
                             s->gzip ? " when unpacked" : "",
                             option ? "; to allow more, set " : "",
                             option ? option : "");
            break;
        }
        char *more = realloc(bytes, room);
        if (!more) {
            gradus_no_memory("the contents of %s", s->path);
            break;
        }
        bytes = more;
        ssize_t k = read_some(s, bytes + *n, room - *n);
        if (k < 0)
            break;
        *n += (size_t)k;
        if (*n < room && *n <= most) {
            bytes[*n] = '\0';
            char *less = s->gzip ? realloc(bytes, *n + 1) : NULL;
            return less ? less : bytes;
        }
    }
    free(bytes);
    return NULL;
}

void *gradus_source_contents(const char *path, size_t most,
                             const char *option, size_t *n)
{
    gradus_source s;
    char *bytes = NULL;

    if (gradus_source_open(&s, path))
        return NULL;
    if (s.gzip && !option)
        gradus_error_set("%s: is a gzip file; must be unpacked", path);
    else
        bytes = read_all(&s, most ? most : gradus_source_most(&s), option, n);
    gradus_source_close(&s);
    return bytes;
}

/* Asks for one more byte, which must not be there.  This is enough to check
 * a gzip file too, since zlib compares the checksum when it comes to the
 * end of a member. */
int gradus_source_end(gradus_source *s)
{
    char more;
    ssize_t done = read_some(s, &more, 1);

    if (done > 0)
        return gradus_error_set("%s: there is data after its end", s->path);
    return (int)done;
}
