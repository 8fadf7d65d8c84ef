/* source.c -- reading a regular file, plain or gzip, to its very end. */
#define _POSIX_C_SOURCE 200809L
#include "data/data.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deflate makes at most 258 bytes of 2 bits (RFC 1951). */
enum { DEFLATE_RATIO = 1032 };

static int fail(const gradus_source *s, int error)
{
    return gradus_error_set("%s: %s", s->path, strerror(error));
}

static int check_regular(gradus_source *s)
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

static int start_gzip(gradus_source *s)
{
    static const unsigned char magic[2] = {0x1f, 0x8b};
    unsigned char head[2];
    ssize_t n = pread(s->fd, head, 2, 0);
    if (n < 0)
        return fail(s, errno);
    if (n < 2 || memcmp(head, magic, 2) != 0)
        return 0;
    if (inflateInit2(&s->z, 16 + MAX_WBITS) != Z_OK) /* 16: gzip only */
        return gradus_error_set("%s: out of memory", s->path);
    s->gzip = s->between = 1;
    s->limit = s->size < UINT64_MAX / DEFLATE_RATIO ? s->size * DEFLATE_RATIO
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
    if (check_regular(s) || start_gzip(s)) {
        close(s->fd);
        return -1;
    }
    return 0;
}

/* Up to n bytes as they are on disk, fewer only at the end of the file. */
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

/* The same for what is in the gzip file, one or more members long. */
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
        s->between = 0;
        uInt room = n - *done < UINT_MAX ? (uInt)(n - *done) : UINT_MAX;
        s->z.next_out = to + *done;
        s->z.avail_out = room;
        int status = inflate(&s->z, Z_NO_FLUSH);
        *done += room - s->z.avail_out;
        if (status == Z_STREAM_END) {
            inflateReset(&s->z);
            s->between = 1;
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

void gradus_source_close(gradus_source *s)
{
    if (s->gzip)
        inflateEnd(&s->z);
    close(s->fd);
}
