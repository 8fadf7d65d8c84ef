/* source.c -- reads a regular file, plain or gzip, to its very end.
 *
 * Whatever is not a regular file is refused, because its size says nothing
 * about its contents and because reading from a pipe may never end. gzip
 * files are unpacked by zlib as they are read. */
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

/* Sets a message with the path and what the errno `error` means.  Returns
 * -1. */
static int fail(const gradus_source *s, int error)
{
    return gradus_error_set("%s: %s", s->path, strerror(error));
}

/* Sets the size of the open file.  Anything but a regular file is an error. */
static int take_size(gradus_source *s)
{
    struct stat st;

    if (fstat(s->fd, &st))
        return fail(s, errno);
    if (S_ISDIR(st.st_mode))
        return fail(s, EISDIR);
    if (!S_ISREG(st.st_mode))
        return gradus_error_set("%s: not a regular file", s->path);
    s->size = s->limit = (uint64_t)st.st_size;
    return 0;
}

/* Prepares zlib if the file begins with the two bytes of a gzip file (RFC
 * 1952), and raises the limit to the most bytes that such a file can unpack
 * to. */
static int start_gzip(gradus_source *s)
{
    static const unsigned char magic[2] = { 0x1f, 0x8b };
    unsigned char head[2];
    ssize_t n = pread(s->fd, head, 2, 0);

    if (n < 0)
        return fail(s, errno);
    if (n < 2 || memcmp(head, magic, 2) != 0)
        return 0;
    if (inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) /* 16: gzip only */
        return gradus_no_memory("unpacking %s", s->path);
    s->gzip = s->between = true;
    s->limit = s->size < UINT64_MAX / GRADUS_DEFLATE_RATIO
                   ? s->size * GRADUS_DEFLATE_RATIO
                   : UINT64_MAX;
    return 0;
}

int gradus_source_open(gradus_source *s, const char *path)
{
    memset(s, 0, sizeof *s);
    s->path = path;
    /* O_NONBLOCK: opening a pipe would otherwise wait for its writer. */
    s->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (s->fd < 0)
        return fail(s, errno);
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

/* Reads n bytes as they are on disk, or fewer at the end of the file, and
 * sets *done to their number. */
static int read_disk(gradus_source *s, unsigned char *to, size_t n,
                     size_t *done)
{
    for (*done = 0; *done < n;) {
        ssize_t k = read(s->fd, to + *done, n - *done);
        if (k == 0)
            break;
        if (k > 0)
            *done += (size_t)k;
        else if (errno != EINTR)
            return fail(s, errno);
    }
    return 0;
}

/* The same for the unpacked contents of a gzip file, which may consist of
 * several members, one after the other.  The file must not end inside a
 * member. */
static int read_gzip(gradus_source *s, unsigned char *to, size_t n,
                     size_t *done)
{
    for (*done = 0; *done < n;) {
        if (s->z.avail_in == 0) {
            size_t k;
            if (read_disk(s, s->in, sizeof s->in, &k))
                return -1;
            if (k == 0 && s->between)
                break;
            if (k == 0)
                return gradus_error_set("%s: gzip data cut short", s->path);
            s->z.next_in = s->in;
            s->z.avail_in = (uInt)k;
        }
        s->between = false;
        uInt room = n - *done < UINT_MAX ? (uInt)(n - *done) : UINT_MAX;
        s->z.next_out = to + *done;
        s->z.avail_out = room;
        int status = inflate(&s->z, Z_NO_FLUSH);
        *done += room - s->z.avail_out;
        if (status == Z_STREAM_END) {
            inflateReset(&s->z);
            s->between = true;
        } else if (status != Z_OK) {
            return gradus_error_set("%s: gzip data damaged: %s", s->path,
                                    s->z.msg ? s->z.msg : zError(status));
        }
    }
    return 0;
}

int gradus_source_some(gradus_source *s, void *to, size_t n, size_t *done)
{
    return s->gzip ? read_gzip(s, to, n, done) : read_disk(s, to, n, done);
}

int gradus_source_read(gradus_source *s, void *to, size_t n)
{
    size_t done;

    if (gradus_source_some(s, to, n, &done))
        return -1;
    if (done < n)
        return gradus_error_set("%s: cut short: %zu bytes are missing",
                                s->path, n - done);
    return 0;
}

/* For a plain file the block is as large as the file and one byte more, so
 * the first read already leaves room and nothing has to grow.  For a gzip
 * file, whose unpacked length is not known, the block doubles when it is
 * full. */
char *gradus_source_all(gradus_source *s, size_t most, size_t *n)
{
    size_t room = s->gzip ? 1 << 16 : (size_t)s->size + 1, done;
    char *bytes = NULL;

    for (*n = 0;; room *= 2) {
        if (s->size > most || *n > most) {
            gradus_error_set("%s: larger than %zu bytes", s->path, most);
            break;
        }
        char *more = realloc(bytes, room);
        if (!more) {
            gradus_no_memory("the contents of %s", s->path);
            break;
        }
        bytes = more;
        if (gradus_source_some(s, bytes + *n, room - *n, &done))
            break;
        *n += done;
        if (*n < room && *n <= most) {
            bytes[*n] = '\0';
            return bytes;
        }
    }
    free(bytes);
    return NULL;
}

/* Asks for one more byte, which must not be there.  This is enough to check
 * a gzip file too, since zlib compares the checksum when it comes to the
 * end of a member. */
int gradus_source_end(gradus_source *s)
{
    char more;
    size_t done;

    if (gradus_source_some(s, &more, 1, &done))
        return -1;
    if (done > 0)
        return gradus_error_set("%s: there is data after its end", s->path);
    return 0;
}
